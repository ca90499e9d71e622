"""Whether somebody is on call, until when, and when they are next."""

from dataclasses import dataclass
from datetime import datetime, time, timedelta
from typing import Any, Final

from sqlalchemy import Connection

from router.escalation.awake import AwakeRefused, awake_until
from router.language import Reader
from router.oncall.model import PersonId, Roster, ScheduleId
from router.oncall.shifts import on_call, shifts
from router.store.awake import find_awake_until

MORNING: Final = time(8, 0)  # until then somebody is awake, by their own clock
_AHEAD: Final = (timedelta(days=35), timedelta(days=366))


@dataclass(frozen=True, slots=True, kw_only=True)
class Turn:
    """One person's turn of one schedule, [starts_at, ends_at)."""

    schedule: ScheduleId
    starts_at: datetime
    ends_at: datetime
    because: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Duty:
    """A person's turns that run now, and the first that comes; `awake_until` as they said."""

    current: tuple[Turn, ...] = ()
    upcoming: Turn | None = None
    awake_until: datetime | None = None


def duty_of(
    person: PersonId | None, roster: Roster, *, now: datetime, awake_until: datetime | None = None
) -> Duty:
    """Return a person's duty; none for who is not of the catalog."""
    if person is None:
        return Duty()
    current = [
        Turn(
            schedule=schedule.id,
            starts_at=shift.starts_at,
            ends_at=shift.ends_at,
            because=shift.because,
        )
        for schedule in roster.schedules.values()
        if (shift := on_call(schedule, now)) is not None and shift.person == person
    ]
    coming = _next(person, roster, now=now)
    return Duty(current=tuple(current), upcoming=coming, awake_until=awake_until)


def find_duty(tx: Connection, person: PersonId | None, roster: Roster, *, now: datetime) -> Duty:
    """Return a person's duty, and until when they said that they are awake."""
    until = None if person is None else find_awake_until(tx, person, now=now)
    return duty_of(person, roster, now=now, awake_until=until)


def duty_values(duty: Duty, reader: Reader, *, now: datetime) -> dict[str, Any]:
    """Return what the card of a duty shows."""
    return {
        "duties": duty.current,
        "upcoming": duty.upcoming,
        "awake_until": duty.awake_until,
        "is_morning_near": _is_morning_near(reader, now=now),
        "morning": f"{MORNING:%H:%M}",
    }


def _is_morning_near(reader: Reader, *, now: datetime) -> bool:
    try:
        awake_until(MORNING, reader.zone, now=now)
    except AwakeRefused:
        return False
    return True


def _next(person: PersonId, roster: Roster, *, now: datetime) -> Turn | None:
    """Return the first turn that begins later; looked for nearby first."""
    for ahead in _AHEAD:
        found = [
            Turn(
                schedule=schedule.id,
                starts_at=shift.starts_at,
                ends_at=shift.ends_at,
                because=shift.because,
            )
            for schedule in roster.schedules.values()
            if person in schedule.people
            for shift in shifts(schedule, now, now + ahead)
            if shift.person == person and shift.starts_at > now
        ]
        if found:
            return min(found, key=lambda turn: turn.starts_at)
    return None
