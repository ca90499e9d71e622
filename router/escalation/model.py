"""Escalation policies, and where one incident stands in its own copy of a policy."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from router.address import Address
from router.incident.model import Event
from router.oncall.model import PersonId, ScheduleId
from router.routing import PolicyId


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """Who is paged at one step, and how long to wait for an answer before the next.

    `channels` are informed when it is taken. A step that names nothing else
    waits like any other: that is what it was written for.
    """

    schedules: tuple[ScheduleId, ...]
    people: tuple[PersonId, ...]
    wait: timedelta
    channels: tuple[Address, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Policy:
    """Steps in order, gone through `1 + repeat` times; `last_resort` comes after them.

    It comes sooner when nobody else can be reached. An acknowledgement ends
    after `acknowledge_timeout` unless the incident is over by then; None: never.
    One is `given` when a person chose it for an incident, and not its routes.
    """

    id: PolicyId
    steps: tuple[Step, ...]
    last_resort: Step
    repeat: int = 0
    acknowledge_timeout: timedelta | None = None
    given: bool = False

    @property
    def turns(self) -> int:
        """Return how many steps are taken before the last resort."""
        return len(self.steps) * (1 + self.repeat)

    def place(self, step: str) -> int:
        """Return where the step of a page comes: the first is 0, "last" is after all `turns`.

        The page of a test is of no step, and comes before them all: -1.
        """
        if step == "last":
            return self.turns
        return int(step) - 1 if step.isdecimal() else -1


@dataclass(frozen=True, slots=True, kw_only=True)
class Escalation:
    """An incident's own copy of the policy and the next step due.

    The copy is taken when the escalation begins: an edit of the policy changes
    no running one, and `catalog_version` says which edition runs. It names
    people and schedules, which are looked up in today's catalog at each step.
    So a new address or override counts at once, and a step whose people are
    gone reaches nobody; when that holds for all that are left, the worker goes
    on with today's policy.
    `next_step` counts through the repetitions; `policy.turns` is the last
    resort, and one more is nothing any more. `due_at` is None once the
    escalation has ended (acknowledged, resolved, or nobody left to page), and
    while it is paused: `remaining` is what it still had to wait then.
    """

    policy: Policy
    catalog_version: str
    next_step: int
    due_at: datetime | None
    remaining: timedelta | None = None


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
    is_quiet: bool = False  # in place of ringing somebody who is awake


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """Whom an escalation asked so far, by the step of their pages ("1", "2", … or "last").

    Without those whose page was dropped since: when its step is taken again,
    they are asked again, and nobody else is. `informed` are steps that were
    taken and only tell channels; known where steps are taken again.
    """

    people: Mapping[str, frozenset[PersonId]] = field(default_factory=dict)
    informed: frozenset[str] = frozenset()

    def last(self, policy: Policy) -> int:
        """Return the last step that was taken; -1 before the first."""
        return max(map(policy.place, {*self.people, *self.informed}), default=-1)


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
    channels: tuple[Address, ...] = ()  # to inform from now on
