"""Turns and gaps of a schedule as tables and the picture show them."""

from dataclasses import dataclass
from datetime import datetime

from router.oncall.model import Person, Roster, Schedule, Shift
from router.oncall.shifts import gaps, shifts


@dataclass(frozen=True, slots=True, kw_only=True)
class ShownShift:
    """A turn with who has it; `person` is None where nobody is on call."""

    person: Person | None
    name: str
    starts_at: datetime
    ends_at: datetime
    because: str


def rows_of(schedule: Schedule, roster: Roster, start: datetime, end: datetime) -> list[ShownShift]:
    """Return the turns of [start, end) and the gaps between them, in order."""
    turns = [shown_shift(one, roster) for one in shifts(schedule, start, end)]
    holes = [
        ShownShift(person=None, name="", starts_at=begins, ends_at=ends, because="")
        for begins, ends in gaps(schedule, start, end)
    ]
    found = [one for one in (*turns, *holes) if one is not None]
    return sorted(found, key=lambda one: one.starts_at)


def shown_shift(shift: Shift | None, roster: Roster) -> ShownShift | None:
    """Return a turn with its person's name; None for none."""
    if shift is None:
        return None
    return ShownShift(
        person=roster.people.get(shift.person),
        name=roster.name_of(shift.person),
        starts_at=shift.starts_at,
        ends_at=shift.ends_at,
        because=shift.because,
    )
