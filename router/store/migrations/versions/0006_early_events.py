"""0006 (pre): what a provider told before anybody knew of which page it is, kept until then.

A release before this one writes and reads none of it: the new column may be NULL.
"""

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"


def upgrade() -> None:
    """Add the column, and the index of the few rows that have it."""
    op.add_column("provider_events", sa.Column("early", sa.JSON(), nullable=True))
    waits = sa.text("early IS NOT NULL")
    op.create_index(
        "ix_provider_events_early",
        "provider_events",
        ["received_at"],
        sqlite_where=waits,
        postgresql_where=waits,
    )
