"""0005 (pre): who is signed in, what they did, what sentences were made of, what lists show.

A release before this one writes none of it: every new column may be NULL.
"""

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"


def upgrade() -> None:
    """Add the columns and the tables."""
    row_id = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
    op.add_column("events", sa.Column("phrase", sa.JSON(), nullable=True))
    op.add_column("messages", sa.Column("because_phrase", sa.JSON(), nullable=True))
    op.add_column("incidents", sa.Column("glance", sa.JSON(), nullable=True))
    _create_services()
    op.create_table(
        "sessions",
        sa.Column("digest", sa.Text(), nullable=False),
        sa.Column("person", sa.Text(), nullable=True),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("role", sa.Text(), nullable=False),
        sa.Column("via", sa.Text(), nullable=False),
        sa.Column("token_id", sa.BigInteger(), nullable=True),
        sa.Column("made_at", sa.BigInteger(), nullable=False),
        sa.Column("ends_at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("digest", name=op.f("pk_sessions")),
    )
    op.create_index("ix_sessions_ends", "sessions", ["ends_at"])
    op.create_table(
        "tokens",
        sa.Column("id", row_id, nullable=False),
        sa.Column("digest", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("role", sa.Text(), nullable=False),
        sa.Column("purpose", sa.Text(), nullable=False),
        sa.Column("made_at", sa.BigInteger(), nullable=False),
        sa.Column("made_by", sa.Text(), nullable=False),
        sa.Column("ends_at", sa.BigInteger(), nullable=True),
        sa.Column("used_at", sa.BigInteger(), nullable=True),
        sa.Column("ended_at", sa.BigInteger(), nullable=True),
        sa.Column("ended_by", sa.Text(), nullable=True),
        sa.CheckConstraint("purpose IN ('api', 'sign-in')", name=op.f("ck_tokens_purpose")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_tokens")),
        sa.UniqueConstraint("digest", name=op.f("uq_tokens_digest")),
        sqlite_autoincrement=True,
    )
    op.create_table(
        "audit",
        sa.Column("id", row_id, nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.Column("actor", sa.Text(), nullable=False),
        sa.Column("person", sa.Text(), nullable=True),
        sa.Column("via", sa.Text(), nullable=False),
        sa.Column("action", sa.Text(), nullable=False),
        sa.Column("incident_number", sa.BigInteger(), nullable=True),
        sa.Column("done", sa.Boolean(), nullable=False),
        sa.Column("detail", sa.Text(), nullable=False),
        sa.Column("address", sa.Text(), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_audit")),
    )
    op.create_index("ix_audit_at", "audit", ["at"])
    op.create_index("ix_audit_incident", "audit", ["incident_number"])
    op.create_table(
        "awake",
        sa.Column("person", sa.Text(), nullable=False),
        sa.Column("since", sa.BigInteger(), nullable=False),
        sa.Column("until", sa.BigInteger(), nullable=False),
        sa.Column("ring_at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("person", name=op.f("pk_awake")),
    )


# What PostgreSQL takes out of no JSON: NUL, and half a surrogate pair. Escaped backslashes go
# first, since what follows them is no escape.
_BACKSLASH = r"\\\\"
_BAD = r"\\u(0000|d[89a-f])"
_PAIR = r"\\ud[89ab][0-9a-f]{2}\\ud[c-f][0-9a-f]{2}"
_SERVICE = {
    "sqlite": "json_extract(labels, '$.service')",
    "postgresql": (
        f"CASE WHEN regexp_replace(regexp_replace(CAST(labels AS text), '{_BACKSLASH}', ' ', 'g'),"
        f" '{_PAIR}', '', 'g') !~ '{_BAD}'"
        " THEN labels ->> 'service' END"
    ),
}


def _create_services() -> None:
    """Name the services of the incidents that are there. Nobody can look for a longer name."""
    row_id = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
    op.create_table(
        "incident_services",
        sa.Column("incident_number", row_id, nullable=False),
        sa.Column("service", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(
            ["incident_number"],
            ["incidents.number"],
            name=op.f("fk_incident_services_incident_number"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("incident_number", "service", name=op.f("pk_incident_services")),
    )
    op.create_index(
        "ix_incident_services_service", "incident_services", ["service", "incident_number"]
    )
    service = _SERVICE[op.get_bind().dialect.name]
    op.execute(
        "INSERT INTO incident_services (incident_number, service)"  # noqa: S608  # constants
        " SELECT DISTINCT incident_number, service FROM"
        f" (SELECT incident_number, {service} AS service FROM alerts) AS known"
        " WHERE length(service) <= 200"
    )
