"""Who is on call by a schedule: layers over each other, overrides over them all."""

from bisect import bisect_right
from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from itertools import pairwise
from typing import Final

from router.oncall.model import Layer, Override, Schedule, ScheduleId, Shift
from router.oncall.restrictions import Span, open_spans
from router.oncall.turns import turns
from router.phrase import listed, phrase

# In which the next shift is looked for: mostly it is near, and a year takes a while to compute.
_AHEAD: Final = (timedelta(days=31), timedelta(days=366))


def on_call(schedule: Schedule, at: datetime) -> Shift | None:
    """Return the shift that covers `at`, or None when nobody is on call."""
    found = shifts(schedule, at, at + datetime.resolution)
    return found[0] if found else None


def shifts(schedule: Schedule, start: datetime, end: datetime) -> tuple[Shift, ...]:
    """Return every shift that touches [start, end), whole and in order; no two overlap.

    The last layer that has somebody wins. Overrides win over all layers; of
    two at one instant the one listed last wins. A time that no shift covers
    is a gap: nobody is on call.
    """
    if start >= end:
        return ()
    levels = _levels(schedule, start, end)
    touching = [one for level in levels for one in level]
    if not touching:
        return ()
    # What touches the question is asked for whole, and so is all that cuts it.
    first = min(start, *(shift.starts_at for shift in touching))
    last = max(end, *(shift.ends_at for shift in touching))
    found: list[Shift] = []
    for level in _levels(schedule, first, last):
        found = _lay_over(found, level)
    return tuple(shift for shift in found if shift.starts_at < end and start < shift.ends_at)


def following(schedule: Schedule, at: datetime) -> Shift | None:
    """Return the shift after the one that covers `at`, or the first after a gap.

    None when nobody is on call within a year of the end of the one before.
    """
    current = on_call(schedule, at)
    after = at if current is None else current.ends_at
    for ahead in _AHEAD:
        later = shifts(schedule, after, after + ahead)
        found = next((shift for shift in later if shift.starts_at >= after), None)
        if found is not None:
            return found
    return None


def gaps(schedule: Schedule, start: datetime, end: datetime) -> tuple[Span, ...]:
    """Return the spans of [start, end) in which nobody is on call, in order."""
    covered = [(one.starts_at, one.ends_at) for one in shifts(schedule, start, end)]
    return uncovered(covered, start, end)


def uncovered(spans: Sequence[Span], start: datetime, end: datetime) -> tuple[Span, ...]:
    """Return what none of the spans, in any order, covers of [start, end)."""
    found, reached = [], start
    for begins, ends in sorted(spans):
        if begins > reached:
            found.append((reached, min(begins, end)))
        reached = max(reached, ends)
        if reached >= end:
            return tuple(found)
    return (*found, (reached, end))


def _levels(schedule: Schedule, start: datetime, end: datetime) -> list[list[Shift]]:
    """Return what touches [start, end), from below: the layers in order, then each override."""
    layers = [list(_of_layer(schedule.id, layer, start, end)) for layer in schedule.layers]
    overrides = [
        [_of_override(schedule.id, override)]
        for override in schedule.overrides
        if max(start, override.starts_at) < min(end, override.ends_at)
    ]
    return [*layers, *overrides]


def _of_layer(
    schedule: ScheduleId, layer: Layer, start: datetime, end: datetime
) -> Iterator[Shift]:
    """Yield a layer's turns as its restrictions cut them; whose turn it is stays as it is."""
    name = phrase("rotation of {schedule}", schedule=schedule)
    if layer.name is not None:
        name = phrase("layer {layer} of {schedule}", layer=layer.name, schedule=schedule)
    for turn in turns(layer.rotation, start, end):
        spans: tuple[Span, ...] = ((turn.starts_at, turn.ends_at),)
        if layer.only:
            spans = open_spans(layer.only, layer.rotation.zone, turn.starts_at, turn.ends_at)
        for begins, ends in spans:
            if begins < end and start < ends:
                yield Shift(person=turn.person, starts_at=begins, ends_at=ends, because=name)


def _of_override(schedule: ScheduleId, override: Override) -> Shift:
    because = phrase("override of {schedule}", schedule=schedule)
    if override.number is not None:
        because = phrase(
            "override {number} of {schedule}, made at run time by {by}",
            number=override.number,
            schedule=schedule,
            by=override.made_by,
        )
    if override.reason:
        because = listed(because, override.reason, by=": ")
    return Shift(
        person=override.person,
        starts_at=override.starts_at,
        ends_at=override.ends_at,
        because=because,
    )


def _lay_over(below: list[Shift], above: list[Shift]) -> list[Shift]:
    """Return `above` and what it leaves of `below`; each is in order and does not overlap."""
    if not below or not above:
        return below or above
    ends = [shift.ends_at for shift in above]
    left = [piece for shift in below for piece in _left(shift, above, ends)]
    return sorted([*left, *above], key=lambda shift: shift.starts_at)


def _left(shift: Shift, above: list[Shift], ends: list[datetime]) -> Iterator[Shift]:
    """Yield the parts of one shift that nothing above covers."""
    cuts = []
    for index in range(bisect_right(ends, shift.starts_at), len(above)):
        if above[index].starts_at >= shift.ends_at:
            break
        cuts += [above[index].starts_at, above[index].ends_at]
    if not cuts:
        yield shift
        return
    bounds = [shift.starts_at, *cuts, shift.ends_at]
    for begins, stops in list(pairwise(bounds))[::2]:
        if begins < stops:
            yield replace(shift, starts_at=begins, ends_at=stops)
