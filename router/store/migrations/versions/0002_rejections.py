"""0002 (pre): rejections say who sent them, how large they were, and which incident tells of them.

What a release before this one writes has none of it: every new column may be NULL.
"""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"


def upgrade() -> None:
    """Add the columns."""
    op.add_column("rejected", sa.Column("size_bytes", sa.BigInteger(), nullable=True))
    op.add_column("rejected", sa.Column("address", sa.Text(), nullable=True))
    op.add_column("rejected", sa.Column("user_agent", sa.Text(), nullable=True))
    op.add_column("rejected", sa.Column("incident_number", sa.BigInteger(), nullable=True))
    op.create_index("ix_rejected_incident", "rejected", ["incident_number"])
