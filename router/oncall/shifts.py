"""Who is on call, computed from wall-clock handoffs and never stored.

A time-zone bug can only be in `handoff_instant`: everything else compares UTC
instants.
"""

from bisect import bisect_left
from datetime import UTC, date, datetime, time, timedelta
from itertools import pairwise
from zoneinfo import ZoneInfo

from router.oncall.model import Override, Rotation, Schedule, Shift


def on_call(schedule: Schedule, at: datetime) -> Shift | None:
    """Return the shift that covers `at`, or None when the rotation has nobody."""
    found = shifts(schedule, at, at + timedelta.resolution)
    return found[0] if found else None


def shifts(schedule: Schedule, start: datetime, end: datetime) -> tuple[Shift, ...]:
    """Return every shift that touches [start, end), whole and in order.

    They tile time: each ends where the next one starts. Overrides win over
    the rotation; of two overrides at one instant the one listed last wins.
    A rotation without people has no shifts.
    """
    if not schedule.rotation.people or start >= end:
        return ()
    touching = [o for o in schedule.overrides if o.starts_at < end and start < o.ends_at]
    turns = _turns(
        schedule,
        min([start, *(override.starts_at for override in touching)]),
        max([end, *(override.ends_at for override in touching)]),
    )
    pieces = _cut(turns, schedule)
    return tuple(shift for shift in pieces if shift.starts_at < end and start < shift.ends_at)


def handoff_instant(day: date, handoff: time, zone: ZoneInfo) -> datetime:
    """Return the UTC instant at which the wall clock of `zone` first shows `handoff` on `day`.

    Clocks set forward skip wall-clock times: then it is the first instant
    after the gap. Clocks set back show some times twice: then it is the
    first of the two. Source: PEP 495, "Local Time Disambiguation".
    """
    wall = datetime.combine(day, handoff.replace(fold=0, tzinfo=None))
    instant = wall.replace(tzinfo=zone).astimezone(UTC)
    if instant.astimezone(zone).replace(tzinfo=None) == wall:
        return instant
    # In a gap, fold=0 reads the wall time by the old offset and so lands after
    # the change; fold=1 reads it by the new offset and lands before.
    return _change_between(wall.replace(tzinfo=zone, fold=1).astimezone(UTC), instant, zone)


def _change_between(before: datetime, after: datetime, zone: ZoneInfo) -> datetime:
    """Return the first instant in (before, after] at which the offset differs from `before`'s."""
    old_offset = before.astimezone(zone).utcoffset()

    def has_changed(seconds: int) -> bool:
        at = before + timedelta(seconds=seconds)
        return at.astimezone(zone).utcoffset() != old_offset

    seconds = range(int((after - before).total_seconds()) + 1)  # zones change at whole seconds
    return before + timedelta(seconds=bisect_left(seconds, True, key=has_changed))


def _turn_start(rotation: Rotation, turn: int) -> datetime:
    day = rotation.starts_on + timedelta(days=turn * rotation.days_per_shift)
    return handoff_instant(day, rotation.handoff, rotation.zone)


def _turn_at(rotation: Rotation, at: datetime) -> int:
    """Return the number of the turn that covers `at`; negative before the rotation's first."""
    days = (at.astimezone(rotation.zone).date() - rotation.starts_on).days
    turn = days // rotation.days_per_shift
    # The calendar day says it within one turn: the handoff is some hours into the day.
    while _turn_start(rotation, turn) > at:
        turn -= 1
    while _turn_start(rotation, turn + 1) <= at:
        turn += 1
    return turn


def _turns(schedule: Schedule, start: datetime, end: datetime) -> list[Shift]:
    """Return the rotation's turns that touch [start, end), as if there were no overrides.

    A turn inside a day that the zone skipped lasts no time, and covers none.
    """
    rotation = schedule.rotation
    turns = []
    number = _turn_at(rotation, start)
    starts_at = _turn_start(rotation, number)
    while starts_at < end:
        ends_at = _turn_start(rotation, number + 1)
        turns.append(
            Shift(
                person=rotation.people[number % len(rotation.people)],
                starts_at=starts_at,
                ends_at=ends_at,
                because=f"rotation of {schedule.id}",
            )
        )
        number, starts_at = number + 1, ends_at
    return turns


def _cut(turns: list[Shift], schedule: Schedule) -> list[Shift]:
    """Return the turns with every override cut in; the parts of one override are joined."""
    pieces: list[tuple[object, Shift]] = []
    for starts_at, ends_at in pairwise(_boundaries(turns, schedule.overrides)):
        turn = next(turn for turn in turns if turn.covers(starts_at))
        override = _override_at(schedule.overrides, starts_at)
        source: object = turn if override is None else override
        if pieces and pieces[-1][0] is source:
            starts_at = pieces.pop()[1].starts_at  # noqa: PLW2901 - one piece grows
        piece = Shift(
            person=turn.person if override is None else override.person,
            starts_at=starts_at,
            ends_at=ends_at,
            because=turn.because if override is None else f"override of {schedule.id}",
        )
        pieces.append((source, piece))
    return [piece for _, piece in pieces]


def _boundaries(turns: list[Shift], overrides: tuple[Override, ...]) -> list[datetime]:
    first, last = turns[0].starts_at, turns[-1].ends_at
    instants = {first, last, *(turn.ends_at for turn in turns)}
    for override in overrides:
        instants |= {at for at in (override.starts_at, override.ends_at) if first < at < last}
    return sorted(instants)


def _override_at(overrides: tuple[Override, ...], at: datetime) -> Override | None:
    covering = [override for override in overrides if override.starts_at <= at < override.ends_at]
    return covering[-1] if covering else None
