"""The tables, as they are after the last migration."""

from typing import Any

from sqlalchemy import (
    JSON,
    BigInteger,
    Boolean,
    CheckConstraint,
    Column,
    ColumnElement,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    Table,
    Text,
    UniqueConstraint,
    and_,
    false,
    literal_column,
    true,
)

from router.intake.rejection import REJECTION_KEY
from router.store.column_types import Instant, Length, RowId, Words

metadata = MetaData(
    naming_convention={
        "pk": "pk_%(table_name)s",
        "fk": "fk_%(table_name)s_%(column_0_name)s",
        "uq": "uq_%(table_name)s_%(column_0_name)s",
        "ck": "ck_%(table_name)s_%(constraint_name)s",
    }
)


installation = Table(
    "installation",
    metadata,
    Column("singleton", Integer, primary_key=True, autoincrement=False),
    Column("id", Text, nullable=False),  # random; the first part of every dedup key
    Column("checks", BigInteger, nullable=False, server_default="0"),  # see Store.check_writing
    CheckConstraint("singleton = 1", name="one_row"),
)

notifications = Table(
    "notifications",
    metadata,
    Column("id", RowId, primary_key=True),
    Column("received_at", Instant, nullable=False),
    Column("content_key", Text, nullable=False),
    Column("body", LargeBinary, nullable=False),  # as received, for replay and for a later parser
    Column("state", Text, nullable=False),  # pending, applied, repeated
    Column("due_at", Instant, nullable=False),  # when to apply it, later after a failure
    Column("attempts", Integer, nullable=False, server_default="0"),
    Column("error", Words),  # of the last failed application
    CheckConstraint("state IN ('pending', 'applied', 'repeated')", name="state"),
    Index("ix_notifications_received", "received_at"),
)

rejected = Table(
    "rejected",
    metadata,
    Column("id", RowId, primary_key=True),
    Column("received_at", Instant, nullable=False),
    Column("body", LargeBinary, nullable=False),  # as received; the beginning when too large
    Column("reason", Words, nullable=False),
    Column("size_bytes", BigInteger),  # of the whole body; NULL in rows of the first schema
    Column("address", Words),
    Column("user_agent", Words),
    # That tells people of it. No foreign key: old incidents may be deleted, and NULL is untold.
    Column("incident_number", BigInteger),
    Index("ix_rejected_incident", "incident_number"),
    Index("ix_rejected_received", "received_at"),
)

incidents = Table(
    "incidents",
    metadata,
    Column("number", RowId, primary_key=True),
    Column("key", Words, nullable=False),
    Column("key_digest", Text, nullable=False),  # PostgreSQL indexes no text above 2.7 kB
    Column("state", Text, nullable=False),
    Column("severity", Text, nullable=False),
    Column("opened_at", Instant, nullable=False),
    Column("acknowledged_at", Instant),
    Column("acknowledged_by", Words),
    Column("resolved_at", Instant),
    Column("channels", JSON, nullable=False),  # who is informed: [[channel, address], …]
    Column("acknowledged_until", Instant),  # NULL: until it is over
    Column("closes_at", Instant),  # nothing fires, and its end is held back until then
    Column("revisit_at", Instant),  # the first of the two above, kept for the index
    Column("resolved_by", Words),  # NULL: by its alerts
    Column("reopened", Integer, nullable=False, server_default="0"),  # how many times
    Column("glance", JSON(none_as_null=True)),  # what a list shows of its alerts; NULL: read them
    CheckConstraint("state IN ('triggered', 'acknowledged', 'resolved')", name="state"),
    Index("ix_incidents_key", "key_digest", "number"),
    sqlite_autoincrement=True,  # a number is never given twice
)

alerts = Table(
    "alerts",
    metadata,
    Column("incident_number", ForeignKey("incidents.number"), primary_key=True),
    Column("fingerprint", Text, primary_key=True),
    Column("labels", JSON, nullable=False),
    Column("annotations", JSON, nullable=False),
    Column("firing", Boolean, nullable=False),
    Column("starts_at", Instant, nullable=False),
    Column("ended_at", Instant),
    Column("generator_url", Words, nullable=False),
    Column("severity", Text, nullable=False),
    Column("in_open_incident", Boolean, nullable=False),  # of the incident, kept for the index
    Column("seen_at", Instant),  # when we last heard of it; NULL: never as firing
    Column("stale", Boolean, nullable=False, server_default=false()),
    Column("listed", Boolean, nullable=False, server_default=false()),  # by Alertmanager, once
    Column("suppressed_by", Words),  # the silence or the alert that hides it in Alertmanager
)

# The labels `service` of an incident's alerts, for whoever looks for one in all of history.
# They go with it: a release that knows nothing of them may delete it.
incident_services = Table(
    "incident_services",
    metadata,
    Column("incident_number", ForeignKey("incidents.number", ondelete="CASCADE"), primary_key=True),
    Column("service", Words, primary_key=True),
    Index("ix_incident_services_service", "service", "incident_number"),
)

timers = Table(
    "timers",
    metadata,
    Column("incident_number", ForeignKey("incidents.number"), primary_key=True),
    Column("due_at", Instant),  # NULL: the escalation has ended, or is paused
    Column("round", Integer, nullable=False),  # the how many-th escalation of this incident
    Column("next_step", Integer, nullable=False),
    Column("policy", JSON, nullable=False),  # the copy that runs, whatever the catalog says later
    Column("catalog_version", Text, nullable=False),
    Column("attempts", Integer, nullable=False, server_default="0"),  # failed decisions in a row
    Column("remaining", Length),  # how long a paused one still has to wait; NULL: it is not paused
)

messages = Table(
    "messages",
    metadata,
    Column("id", RowId, primary_key=True),
    Column("incident_number", ForeignKey("incidents.number"), nullable=False),
    Column("kind", Text, nullable=False),
    Column("urgency", Integer, nullable=False),  # 0 is sent first
    Column("channel", Text, nullable=False),
    Column("address", Words, nullable=False),
    Column("dedup_key", Words, nullable=False),
    Column("person", Text),
    Column("because", Words, nullable=False),
    Column("state", Text, nullable=False),
    Column("created_at", Instant, nullable=False),
    Column("due_at", Instant, nullable=False),  # stays as it was while leased: overdue is overdue
    Column("lease_token", Text),
    Column("leased_until", Instant),
    Column("attempts", Integer, nullable=False, server_default="0"),  # counted when claimed
    Column("revision", Integer, nullable=False, server_default="1"),  # of a notice edited in place
    Column("provider_id", Text),
    Column("ended_at", Instant),  # sent, given up or dropped
    Column("reason", Text),  # of the last failure
    Column("detail", Words),
    # The message that tells it together with others. No foreign key: old incidents are deleted.
    Column("carried_by", BigInteger),
    Column("held_until", Instant),  # when the hours of its routes begin; NULL: it is not held
    Column("because_phrase", JSON(none_as_null=True)),  # what `because` was made of
    CheckConstraint("state IN ('pending', 'sending', 'sent', 'failed', 'dropped')", name="state"),
    UniqueConstraint("dedup_key", "kind", "channel", "address"),
    Index("ix_messages_incident", "incident_number"),
)

events = Table(
    "events",
    metadata,
    Column("id", RowId, primary_key=True),
    Column("incident_number", ForeignKey("incidents.number"), nullable=False),
    Column("at", Instant, nullable=False),
    Column("kind", Text, nullable=False),
    Column("text", Words, nullable=False),
    Column("phrase", JSON(none_as_null=True)),  # what the text was made of; NULL: it is told as is
    Index("ix_events_incident", "incident_number", "id"),
)

overrides = Table(
    "overrides",
    metadata,
    Column("id", RowId, primary_key=True),
    Column("schedule", Text, nullable=False),
    Column("person", Text, nullable=False),
    Column("starts_at", Instant, nullable=False),
    Column("ends_at", Instant, nullable=False),
    Column("reason", Words, nullable=False),
    Column("created_at", Instant, nullable=False),
    Column("created_by", Words, nullable=False),
    Column("cancelled_at", Instant),
    Column("cancelled_by", Words),
    Index("ix_overrides_ends", "ends_at"),
    sqlite_autoincrement=True,  # people are told its number: it is never given twice
)

heartbeats = Table(
    "heartbeats",
    metadata,
    Column("name", Text, primary_key=True),
    Column("watched_at", Instant, nullable=False),  # since when it is waited for
    Column("seen_at", Instant),  # NULL: it never came
    Column("missed_at", Instant),  # when it was found missing; NULL: it is not
    Column("told_at", Instant),  # when people were last told that it is missing
)

# What providers told us and is dealt with: told again, it changes nothing.
provider_events = Table(
    "provider_events",
    metadata,
    Column("provider", Text, primary_key=True),
    Column("event_id", Text, primary_key=True),
    Column("received_at", Instant, nullable=False),
    Column("subject", Text),  # what of the provider's it is about, by the provider's id
    Column("dedup_key", Text),  # of our page that this is. No foreign key: old ones are deleted
    Column("early", JSON(none_as_null=True)),  # all of it, while nobody knows of which page it is
    Index("ix_provider_events_subject", "provider", "subject"),
    Index("ix_provider_events_received", "received_at"),
)

# Whoever is signed in on the page. Of what a browser shows us, only a digest is kept.
sessions = Table(
    "sessions",
    metadata,
    Column("digest", Text, primary_key=True),
    Column("person", Text),  # of the catalog; NULL: by a token, which names nobody of it
    Column("name", Words, nullable=False),
    Column("role", Text, nullable=False),  # of who is not of the catalog; else the catalog says
    Column("via", Text, nullable=False),
    Column("token_id", BigInteger),  # that it was begun with: ending that ends it
    Column("made_at", Instant, nullable=False),
    Column("ends_at", Instant, nullable=False),
    Index("ix_sessions_ends", "ends_at"),
)

# Made by a command: of programs that call the API, or of somebody who signs in once.
tokens = Table(
    "tokens",
    metadata,
    Column("id", RowId, primary_key=True),
    Column("digest", Text, nullable=False, unique=True),
    Column("name", Words, nullable=False),
    Column("role", Text, nullable=False),
    Column("purpose", Text, nullable=False),  # api, sign-in
    Column("made_at", Instant, nullable=False),
    Column("made_by", Words, nullable=False),
    Column("ends_at", Instant),  # NULL: until somebody ends it
    Column("used_at", Instant),  # one for sign-in is used once
    Column("ended_at", Instant),
    Column("ended_by", Words),
    CheckConstraint("purpose IN ('api', 'sign-in')", name="purpose"),
    sqlite_autoincrement=True,  # people name it by its number: it is never given twice
)

# Who did what, from where, and what was refused.
audit = Table(
    "audit",
    metadata,
    Column("id", RowId, primary_key=True),
    Column("at", Instant, nullable=False),
    Column("actor", Words, nullable=False),  # the name as shown; what a stranger claimed to be
    Column("person", Text),  # of the catalog; NULL: none of it
    Column("via", Text, nullable=False),
    Column("action", Text, nullable=False),
    Column("incident_number", BigInteger),  # no foreign key: old incidents are deleted
    Column("done", Boolean, nullable=False),  # else it was refused
    Column("detail", Words, nullable=False),
    Column("address", Words),
    Index("ix_audit_at", "at"),
    Index("ix_audit_incident", "incident_number"),
)

# Who said that they are awake: until then, further pages do not ring.
awake = Table(
    "awake",
    metadata,
    Column("person", Text, primary_key=True),
    Column("since", Instant, nullable=False),
    Column("until", Instant, nullable=False),
    # When to ring for what nobody has: at the end, and later for what wakes nobody then.
    Column("ring_at", Instant, nullable=False),
)

# The catalog's files as they were in force, the last ones; ids tell their order.
editions = Table(
    "editions",
    metadata,
    Column("id", RowId, primary_key=True),
    Column("version", Text, nullable=False),
    Column("files", JSON, nullable=False),  # {path within the catalog: text}
    Column("taken_up_at", Instant, nullable=False),
)


# What is polled. Their indexes hold only the few rows that wait, so history never slows
# the polling; a database uses them only where a query says the same with the same
# constants, not with parameters.
NOTIFICATION_PENDING = notifications.c.state == literal_column("'pending'")
NOTIFICATION_APPLIED = notifications.c.state == literal_column("'applied'")
REJECTIONS_PENDING = and_(
    NOTIFICATION_PENDING, notifications.c.content_key == literal_column(f"'{REJECTION_KEY}'")
)
INCIDENT_OPEN = incidents.c.state != literal_column("'resolved'")
INCIDENT_REVISITED = incidents.c.revisit_at.is_not(None)
ALERT_IN_OPEN_INCIDENT = alerts.c.in_open_incident.is_(true())
TIMER_RUNNING = timers.c.due_at.is_not(None)
PROVIDER_EVENT_EARLY = provider_events.c.early.is_not(None)
MESSAGE_HELD = messages.c.held_until.is_not(None)
MESSAGE_WAKES = messages.c.kind.in_([literal_column("'page'"), literal_column("'digest'")])
MESSAGE_OPEN = messages.c.state.in_([literal_column("'pending'"), literal_column("'sending'")])


def _partial_index(
    name: str, *columns: Column[Any], where: ColumnElement[bool], unique: bool = False
) -> Index:
    return Index(name, *columns, unique=unique, sqlite_where=where, postgresql_where=where)


_partial_index(
    "ix_notifications_pending",
    notifications.c.due_at,
    notifications.c.id,
    where=NOTIFICATION_PENDING,
)
# At most one, which must be found in any backlog.
_partial_index("ix_notifications_rejections", notifications.c.due_at, where=REJECTIONS_PENDING)
# What copies are compared with. Not the copies themselves: in a flood there are thousands.
_partial_index(
    "ix_notifications_applied",
    notifications.c.content_key,
    notifications.c.received_at,
    where=NOTIFICATION_APPLIED,
)
# Two replicas that open the same incident at once: the second fails, tries again and joins.
_partial_index("ix_incidents_open_key", incidents.c.key_digest, where=INCIDENT_OPEN, unique=True)
_partial_index("ix_incidents_open", incidents.c.number, where=INCIDENT_OPEN)
_partial_index(
    "ix_incidents_resolved", incidents.c.resolved_at, where=incidents.c.resolved_at.is_not(None)
)
_partial_index("ix_incidents_revisit", incidents.c.revisit_at, where=INCIDENT_REVISITED)
_partial_index("ix_alerts_open", alerts.c.fingerprint, where=ALERT_IN_OPEN_INCIDENT, unique=True)
_partial_index("ix_timers_due", timers.c.due_at, where=TIMER_RUNNING)
_partial_index(
    "ix_provider_events_early", provider_events.c.received_at, where=PROVIDER_EVENT_EARLY
)
_partial_index("ix_messages_open", messages.c.urgency, messages.c.due_at, where=MESSAGE_OPEN)
_partial_index(
    "ix_messages_carried", messages.c.carried_by, where=messages.c.carried_by.is_not(None)
)
_partial_index("ix_messages_held", messages.c.held_until, where=MESSAGE_HELD)
# How many pages one address got lately: of all that it ever got, only those are read.
_partial_index(
    "ix_messages_waking",
    messages.c.channel,
    messages.c.address,
    messages.c.created_at,
    where=MESSAGE_WAKES,
)
