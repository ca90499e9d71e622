"""The hours of a route: when its channels are told."""

from guardia.document import Pointer
from guardia.reading import Reading
from router.catalog.rotations import read_restrictions
from router.hours import Hours, is_always_open


def read_hours(reading: Reading, at: Pointer, *, wakes: bool) -> Hours | None:
    """Return the hours in the mapping at `at`; None when they are left out, or their zone is wrong.

    `wakes` says that the route also wakes people: then hours are a problem.
    """
    if reading.value(at) is None:
        return None
    zone = reading.zone(
        (*at, "zone"), why="the zone says when the wall clock shows the hours in which to tell"
    )
    only = read_restrictions(reading, (*at, "only"))
    if wakes:
        _problem(
            reading,
            at,
            "do these hours hold the pages too?",
            label="on a route that wakes people",
            why="hours only hold what is told to channels; read otherwise, a page would be missed",
            fix="move `channels` and `hours` to a route before this one, with `continue: true`",
        )
    elif only and is_always_open(only):
        _problem(
            reading,
            at,
            "these hours leave no minute of the week out",
            label="holds nothing back",
            why="hours that are always open look as if somebody could sleep",
            fix="remove `hours`, or write only those in which to tell",
        )
    return None if zone is None else Hours(zone=zone, only=only)


def _problem(
    reading: Reading, at: Pointer, message: str, *, label: str, why: str, fix: str
) -> None:
    reading.problem("hours-unclear", at, message, label=label, why=why, fix=fix, of_key=True)
