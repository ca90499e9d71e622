"""People, rotations and schedules as plain values."""

from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from typing import NewType
from zoneinfo import ZoneInfo

from router.address import Address

PersonId = NewType("PersonId", str)
ScheduleId = NewType("ScheduleId", str)


@dataclass(frozen=True, slots=True, kw_only=True)
class Person:
    """Somebody who can be on call. `addresses` are in order of preference for pages."""

    id: PersonId
    name: str
    addresses: tuple[Address, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Rotation:
    """People who take turns; each turn starts at the same wall-clock time in `zone`.

    Turn 0 belongs to `people[0]` and starts on `starts_on` at `handoff`; each
    turn lasts `days_per_shift` calendar days on the wall clock (7 for weekly),
    so a shift over a clock change lasts an hour more or less in real time.
    """

    people: tuple[PersonId, ...]
    zone: ZoneInfo
    handoff: time  # wall clock in `zone`
    starts_on: date  # the handoff day of turn 0; earlier turns are counted backwards
    days_per_shift: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Override:
    """Somebody takes over for a while; half-open, UTC instants."""

    person: PersonId
    starts_at: datetime
    ends_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Schedule:
    """A rotation and the overrides that win over it."""

    id: ScheduleId
    rotation: Rotation
    overrides: tuple[Override, ...] = ()


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
