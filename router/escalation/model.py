"""Escalation policies, and where one incident stands in its own copy of a policy."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from router.address import Address
from router.incident.model import Event
from router.oncall.model import PersonId, ScheduleId
from router.routing import PolicyId


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """Who is paged at one step, and how long to wait for an answer before the next."""

    schedules: tuple[ScheduleId, ...]
    people: tuple[PersonId, ...]
    wait: timedelta


@dataclass(frozen=True, slots=True, kw_only=True)
class Policy:
    """Steps in order; `last_resort` comes after them, or when nobody else can be reached."""

    id: PolicyId
    steps: tuple[Step, ...]
    last_resort: Step


@dataclass(frozen=True, slots=True, kw_only=True)
class Escalation:
    """An incident's own copy of the policy and the next step due.

    The copy is taken when the escalation begins: an edit of the policy changes
    no running one, and `catalog_version` says which edition runs. It names
    people and schedules, which are looked up in today's catalog at each step.
    So a new address or override counts at once, and a step whose people are
    gone reaches nobody; when that holds for all that are left, the worker goes
    on with today's policy.
    `next_step == len(policy.steps)` is the last resort. `due_at` is None once
    the escalation has ended (acknowledged, resolved, or nobody left to page).
    """

    policy: Policy
    catalog_version: str
    next_step: int
    due_at: datetime | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Page:
    """One person to wake at one address.

    `step` is "1", "2", … or "last": part of the message's dedup key, so that a
    retry of this page joins the same PagerDuty alert and a later page never does.
    """

    person: PersonId
    address: Address
    step: str
    because: str  # which schedule, layer or override chose this person (G11)


@dataclass(frozen=True, slots=True, kw_only=True)
class Foreseen:
    """Whom an escalation pages next, and when, unless somebody acknowledges before."""

    people: tuple[PersonId, ...]  # never empty
    at: datetime  # UTC


@dataclass(frozen=True, slots=True, kw_only=True)
class Decision:
    """What is due now: pages, timeline rows, and the escalation that follows."""

    escalation: Escalation
    pages: tuple[Page, ...]
    events: tuple[Event, ...]
