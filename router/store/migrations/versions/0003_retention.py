"""0003 (pre): old incidents and rejected bodies are found without reading the young ones."""

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"


def upgrade() -> None:
    """Add the indexes."""
    op.create_index("ix_rejected_received", "rejected", ["received_at"])
    op.create_index(
        "ix_incidents_resolved",
        "incidents",
        ["resolved_at"],
        sqlite_where=sa.text("resolved_at IS NOT NULL"),
        postgresql_where=sa.text("resolved_at IS NOT NULL"),
    )
