"""People, layers and schedules as plain values."""

from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from enum import StrEnum
from typing import Final, NewType
from zoneinfo import ZoneInfo

from router.address import Address

PersonId = NewType("PersonId", str)
ScheduleId = NewType("ScheduleId", str)


# No id that a catalog may declare contains a colon.
_SERVICE: Final = "pagerduty:"


def service_id(key: str) -> PersonId:
    """Return the id by which a service of PagerDuty's is paged as if it were a person.

    `key` is the name of the secret with its routing key.
    """
    return PersonId(f"{_SERVICE}{key}")


def is_service(person: str) -> bool:
    """Say whether this is such a service: PagerDuty escalates there, and nobody comes after it."""
    return person.startswith(_SERVICE)


class Role(StrEnum):
    """What somebody may do; each may all that the one before may."""

    VIEWER = "viewer"  # look
    RESPONDER = "responder"  # answer incidents, make overrides, test their own notifications
    ADMINISTRATOR = "administrator"  # see what is rejected, reload, make tokens

    def may(self, needed: "Role") -> bool:
        """Say whether this role is enough where `needed` is."""
        order = list(Role)
        return order.index(self) >= order.index(needed)


@dataclass(frozen=True, slots=True, kw_only=True)
class Person:
    """Somebody who can be on call. `addresses` are in order of preference for pages.

    `sign_ins` are the names by which the organisation's sign-in knows them, in
    lower case; `slack` is the id of their account there.
    """

    id: PersonId
    name: str
    addresses: tuple[Address, ...]
    role: Role = Role.RESPONDER
    language: str | None = None  # None: the catalog's
    zone: ZoneInfo | None = None  # None: that of the first schedule they are in
    phone: str | None = None  # as colleagues dial it
    sign_ins: tuple[str, ...] = ()
    slack: str | None = None

    @property
    def may_answer(self) -> bool:
        """Say whether what they answer is taken: whom nothing is taken from, nobody may name."""
        return self.role.may(Role.RESPONDER)


@dataclass(frozen=True, slots=True)
class Days:
    """Turns of so many calendar days on the wall clock: 7 is weekly."""

    count: int


@dataclass(frozen=True, slots=True)
class Months:
    """Turns of so many calendar months.

    They begin on the same day of each month; where a month is too short for
    it, on the month's last day.
    """

    count: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Member:
    """One place in a rotation's order, from the handoff time of one day to that of another."""

    person: PersonId
    joins_on: date | None = None  # None: always been there
    leaves_on: date | None = None  # the first day without them; None: stays


@dataclass(frozen=True, slots=True, kw_only=True)
class Rotation:
    """People who take turns; each turn starts at the same wall-clock time in `zone`.

    Turn 0 belongs to the first of `people` who is there, and starts on
    `starts_on` at `handoff`. A turn over a clock change lasts an hour more or
    less in real time.
    """

    people: tuple[Member, ...]
    zone: ZoneInfo
    handoff: time  # wall clock in `zone`
    starts_on: date  # the handoff day of turn 0; earlier turns are counted backwards
    shift: Days | Months


@dataclass(frozen=True, slots=True, kw_only=True)
class Restriction:
    """Hours of the week on the wall clock. `to` at or before `since` is on the next day."""

    weekdays: frozenset[int]  # on which the hours begin; Monday is 0
    since: time
    to: time


@dataclass(frozen=True, slots=True, kw_only=True)
class Layer:
    """A rotation, and the only hours in which it counts; always, without any."""

    name: str | None  # None: the one rotation of its schedule
    rotation: Rotation
    only: tuple[Restriction, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Override:
    """Somebody takes over for a while; half-open, UTC instants.

    `number` and `made_by` are of those made at run time; the others stand in the catalog.
    """

    person: PersonId
    starts_at: datetime
    ends_at: datetime
    reason: str = ""
    number: int | None = None
    made_by: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Schedule:
    """Layers, of which the last that has somebody wins, and overrides that win over them all.

    `zone` is the one in which people are told its times. `gaps_intended` says
    that others are on call when nobody is by this one. `announce` is where
    colleagues are told of overrides; None: the catalog's routes say.
    """

    id: ScheduleId
    zone: ZoneInfo
    layers: tuple[Layer, ...]
    overrides: tuple[Override, ...] = ()
    gaps_intended: bool = False
    announce: tuple[Address, ...] | None = None

    @property
    def people(self) -> frozenset[PersonId]:
        """Return everybody who is on call by it at whatever time."""
        members = {one.person for layer in self.layers for one in layer.rotation.people}
        return frozenset(members | {override.person for override in self.overrides})


@dataclass(frozen=True, slots=True, kw_only=True)
class Shift:
    """One person's unbroken turn; half-open: a handoff belongs to who takes over."""

    person: PersonId
    starts_at: datetime  # UTC
    ends_at: datetime  # UTC, exclusive
    because: str  # layer or override that decided it, shown to people

    def covers(self, at: datetime) -> bool:
        """Say whether `at` lies in this shift."""
        return self.starts_at <= at < self.ends_at

    @property
    def length(self) -> timedelta:
        """Return the real time between start and end (both are UTC instants)."""
        return self.ends_at - self.starts_at


@dataclass(frozen=True, slots=True, kw_only=True)
class Roster:
    """All people and schedules of one catalog."""

    people: dict[PersonId, Person]
    schedules: dict[ScheduleId, Schedule]

    def name_of(self, person: PersonId) -> str:
        """Return a person's name as shown to colleagues; the id of one who has left."""
        known = self.people.get(person)
        return person if known is None else known.name
