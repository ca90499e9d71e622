"""0004 (pre): what people and Alertmanager tell an incident, overrides, heartbeats.

A release before this one writes none of it: every new column may be NULL or has a default.
"""

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"

_REVISITED = "revisit_at IS NOT NULL"
_CARRIED = "carried_by IS NOT NULL"
_HELD = "held_until IS NOT NULL"
_WAKES = "kind IN ('page', 'digest')"
_APPLIED = "state = 'applied'"
_REJECTIONS = "state = 'pending' AND content_key = 'rejected'"


def upgrade() -> None:
    """Add the columns and the tables."""
    for name in ("acknowledged_until", "closes_at", "revisit_at"):
        op.add_column("incidents", sa.Column(name, sa.BigInteger(), nullable=True))
    op.add_column("incidents", sa.Column("resolved_by", sa.Text(), nullable=True))
    reopened = sa.Column("reopened", sa.Integer(), server_default="0", nullable=False)
    op.add_column("incidents", reopened)
    op.create_index(
        "ix_incidents_revisit",
        "incidents",
        ["revisit_at"],
        sqlite_where=sa.text(_REVISITED),
        postgresql_where=sa.text(_REVISITED),
    )
    op.add_column("alerts", sa.Column("seen_at", sa.BigInteger(), nullable=True))
    stale: sa.Column[bool] = sa.Column(
        "stale", sa.Boolean(), server_default=sa.false(), nullable=False
    )
    op.add_column("alerts", stale)
    listed: sa.Column[bool] = sa.Column(
        "listed", sa.Boolean(), server_default=sa.false(), nullable=False
    )
    op.add_column("alerts", listed)
    op.add_column("alerts", sa.Column("suppressed_by", sa.Text(), nullable=True))
    op.add_column("timers", sa.Column("remaining", sa.BigInteger(), nullable=True))
    op.add_column("messages", sa.Column("carried_by", sa.BigInteger(), nullable=True))
    op.create_index(
        "ix_messages_carried",
        "messages",
        ["carried_by"],
        sqlite_where=sa.text(_CARRIED),
        postgresql_where=sa.text(_CARRIED),
    )
    op.add_column("messages", sa.Column("held_until", sa.BigInteger(), nullable=True))
    op.create_index(
        "ix_messages_held",
        "messages",
        ["held_until"],
        sqlite_where=sa.text(_HELD),
        postgresql_where=sa.text(_HELD),
    )
    op.create_index(
        "ix_messages_waking",
        "messages",
        ["channel", "address", "created_at"],
        sqlite_where=sa.text(_WAKES),
        postgresql_where=sa.text(_WAKES),
    )
    op.drop_index("ix_notifications_content", table_name="notifications")
    op.create_index(
        "ix_notifications_applied",
        "notifications",
        ["content_key", "received_at"],
        sqlite_where=sa.text(_APPLIED),
        postgresql_where=sa.text(_APPLIED),
    )
    op.create_index(
        "ix_notifications_rejections",
        "notifications",
        ["due_at"],
        sqlite_where=sa.text(_REJECTIONS),
        postgresql_where=sa.text(_REJECTIONS),
    )
    checks = sa.Column("checks", sa.BigInteger(), server_default="0", nullable=False)
    op.add_column("installation", checks)
    _create_overrides()
    op.create_table(
        "heartbeats",
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("watched_at", sa.BigInteger(), nullable=False),
        sa.Column("seen_at", sa.BigInteger(), nullable=True),
        sa.Column("missed_at", sa.BigInteger(), nullable=True),
        sa.Column("told_at", sa.BigInteger(), nullable=True),
        sa.PrimaryKeyConstraint("name", name=op.f("pk_heartbeats")),
    )
    op.create_table(
        "provider_events",
        sa.Column("provider", sa.Text(), nullable=False),
        sa.Column("event_id", sa.Text(), nullable=False),
        sa.Column("received_at", sa.BigInteger(), nullable=False),
        sa.Column("subject", sa.Text(), nullable=True),
        sa.Column("dedup_key", sa.Text(), nullable=True),
        sa.PrimaryKeyConstraint("provider", "event_id", name=op.f("pk_provider_events")),
    )
    op.create_index("ix_provider_events_subject", "provider_events", ["provider", "subject"])
    op.create_index("ix_provider_events_received", "provider_events", ["received_at"])
    _create_editions()


def _create_overrides() -> None:
    row_id = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
    op.create_table(
        "overrides",
        sa.Column("id", row_id, nullable=False),
        sa.Column("schedule", sa.Text(), nullable=False),
        sa.Column("person", sa.Text(), nullable=False),
        sa.Column("starts_at", sa.BigInteger(), nullable=False),
        sa.Column("ends_at", sa.BigInteger(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.Column("created_by", sa.Text(), nullable=False),
        sa.Column("cancelled_at", sa.BigInteger(), nullable=True),
        sa.Column("cancelled_by", sa.Text(), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_overrides")),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_overrides_ends", "overrides", ["ends_at"])


def _create_editions() -> None:
    row_id = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
    op.create_table(
        "editions",
        sa.Column("id", row_id, nullable=False),
        sa.Column("version", sa.Text(), nullable=False),
        sa.Column("files", sa.JSON(), nullable=False),
        sa.Column("taken_up_at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_editions")),
    )
