"""Whose turn it is in one rotation: computed from wall-clock handoffs, never stored."""

from calendar import monthrange
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from functools import lru_cache
from itertools import pairwise

from router.oncall.model import Days, PersonId, Rotation
from router.oncall.wall_clock import wall_instant


@dataclass(frozen=True, slots=True)
class Turn:
    """One person's turn; half-open, UTC instants."""

    person: PersonId
    starts_at: datetime
    ends_at: datetime


def turns(rotation: Rotation, start: datetime, end: datetime) -> Iterator[Turn]:
    """Yield every turn that touches [start, end), whole and in order.

    They tile time but for times in which nobody is in the rotation. A turn
    whose owner leaves in the middle of it passes to the next in the order. A
    turn inside a day that the zone skipped lasts no time, and is left out.
    """
    number = turn_at(rotation, start)
    starts_at = turn_start(rotation, number)
    while starts_at < end:
        ends_at = turn_start(rotation, number + 1)
        for turn in _parts(rotation, number, starts_at, ends_at):
            if turn.starts_at < end and start < turn.ends_at:
                yield turn
        number, starts_at = number + 1, ends_at


def turn_start(rotation: Rotation, turn: int) -> datetime:
    """Return the instant at which a turn begins; turn 0 is the first, -1 the one before."""
    return wall_instant(_first_day(rotation, turn), rotation.handoff, rotation.zone)


def turn_at(rotation: Rotation, at: datetime) -> int:
    """Return the number of the turn that covers `at`; negative before the rotation's first."""
    turn = _near(rotation, at.astimezone(rotation.zone).date())
    # The calendar day says it within one turn: the handoff is some hours into the day.
    while turn_start(rotation, turn) > at:
        turn -= 1
    while turn_start(rotation, turn + 1) <= at:
        turn += 1
    return turn


def _first_day(rotation: Rotation, turn: int) -> date:
    first = rotation.starts_on
    if isinstance(rotation.shift, Days):
        return first + timedelta(days=turn * rotation.shift.count)
    years, month = divmod(first.month - 1 + turn * rotation.shift.count, 12)
    year, month = first.year + years, month + 1
    return date(year, month, min(first.day, monthrange(year, month)[1]))


def _near(rotation: Rotation, day: date) -> int:
    first = rotation.starts_on
    if isinstance(rotation.shift, Days):
        return (day - first).days // rotation.shift.count
    return ((day.year - first.year) * 12 + day.month - first.month) // rotation.shift.count


@dataclass(frozen=True, slots=True)
class _Phase:
    """A time in which nobody joins or leaves: the members take turns in their order.

    `present` are places in the rotation's order; turn `turn` is that of `present[index]`.
    """

    starts_at: datetime | None  # None: since ever
    present: tuple[int, ...]
    turn: int
    index: int

    def holder(self, turn: int) -> int | None:
        """Return the place whose turn it is, or None while nobody is there."""
        if not self.present:
            return None
        return self.present[(self.index + turn - self.turn) % len(self.present)]


def _parts(
    rotation: Rotation, number: int, starts_at: datetime, ends_at: datetime
) -> Iterator[Turn]:
    """Yield one turn, cut where its owner leaves, and without times when nobody is there."""
    phases = _phases(rotation)
    changes = [
        phase.starts_at
        for phase in phases
        if phase.starts_at is not None and starts_at < phase.starts_at < ends_at
    ]
    owners: list[tuple[int | None, datetime]] = []
    for at in [starts_at, *changes] if starts_at < ends_at else []:
        holder = _phase_at(phases, at).holder(number)
        if not owners or owners[-1][0] != holder:
            owners.append((holder, at))
    for (holder, begins), (_, ends) in pairwise([*owners, (None, ends_at)]):
        if holder is not None:
            yield Turn(rotation.people[holder].person, begins, ends)


def _phase_at(phases: tuple[_Phase, ...], at: datetime) -> _Phase:
    begun = [phase for phase in phases if phase.starts_at is None or phase.starts_at <= at]
    return begun[-1]


@lru_cache(maxsize=1024)  # a rotation's members change seldom, and every question needs them
def _phases(rotation: Rotation) -> tuple[_Phase, ...]:
    """Return the times between two changes of the members, in order.

    Each looks only at what was before it: so a change never alters whose turn
    it was earlier. Up to turn 0 turns are counted by their number alone, so
    that turn 0 belongs to the first who is there.
    """
    days = {day for one in rotation.people for day in (one.joins_on, one.leaves_on) if day}
    instants = sorted({_instant(rotation, day) for day in days})
    phases = [_Phase(None, _present(rotation, None), 0, 0)]
    for at in instants:
        turn, present = turn_at(rotation, at), _present(rotation, at)
        if at <= turn_start(rotation, 0):
            phases.append(_Phase(at, present, 0, 0))
        else:
            phases.append(_following(phases[-1], at, present, rotation, turn=turn))
    return tuple(phases)


def _following(
    before: _Phase, at: datetime, present: tuple[int, ...], rotation: Rotation, *, turn: int
) -> _Phase:
    """Return the phase from `at` on, in the order of the one before."""
    if turn_start(rotation, turn) == at:  # a turn begins: it is that of the next in the order
        last = before.holder(turn - 1)
    else:
        last = before.holder(turn)
        if last in present:
            return _Phase(at, present, turn, present.index(last))
    if last is None:  # nobody was there to be followed
        return _Phase(at, present, 0, 0)
    later = [index for index, place in enumerate(present) if place > last]
    return _Phase(at, present, turn, later[0] if later else 0)


def _present(rotation: Rotation, at: datetime | None) -> tuple[int, ...]:
    """Return the places of those who are there at `at`, or who have always been."""
    return tuple(
        place
        for place, one in enumerate(rotation.people)
        if (one.joins_on is None or (at is not None and _instant(rotation, one.joins_on) <= at))
        and (one.leaves_on is None or at is None or at < _instant(rotation, one.leaves_on))
    )


def _instant(rotation: Rotation, day: date) -> datetime:
    return wall_instant(day, rotation.handoff, rotation.zone)
