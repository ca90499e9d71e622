"""A roster of weeks as a picture: one row a week, one bar a turn."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import pairwise
from typing import Final
from zoneinfo import ZoneInfo

from router.language import Reader
from router.web.page.turn_view import ShownShift

WIDTH: Final = 700
ROW: Final = 46
LABEL: Final = 70  # room for the week's first day
COLOURS: Final = 3
LEAST_LETTERS: Final = 8  # of a name that is cut: fewer name nobody


@dataclass(frozen=True, slots=True, kw_only=True)
class Bar:
    """A part of a turn within one week; lengths in the picture's units."""

    x: float
    y: float
    width: float
    text: str  # the name, as far as it has room; empty in a gap
    title: str  # the whole of it
    kind: str  # a class of the style sheet


@dataclass(frozen=True, slots=True, kw_only=True)
class Week:
    """One row: its first day, and where it is."""

    text: str
    y: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Picture:
    """What the template writes as SVG. `now` is (x, y), or None when it is not shown."""

    width: int
    height: int
    bars: tuple[Bar, ...]
    weeks: tuple[Week, ...]
    days: tuple[tuple[float, str], ...]  # where each day of the week begins
    now: tuple[float, float] | None


def draw_roster(
    rows: Sequence[ShownShift],
    midnights: Sequence[datetime],
    *,
    zone: ZoneInfo,
    reader: Reader,
    now: datetime,
) -> Picture:
    """Return the picture of turns and gaps over weeks that begin at `midnights`, in order.

    A week in which the clocks change is drawn in real time, as wide as any other.
    """
    order = {name: index for index, name in enumerate(dict.fromkeys(one.name for one in rows))}
    bars, weeks, here = [], [], None
    for index, (begins, ends) in enumerate(pairwise(midnights)):
        top = 24.0 + index * ROW
        weeks.append(Week(text=f"{begins.astimezone(zone):%d/%m}", y=top + 24))
        for one in rows:
            first, last = max(one.starts_at, begins), min(one.ends_at, ends)
            if first < last:
                place = _x(first, begins, ends), _x(last, begins, ends), top
                bars.append(_bar(one, place, order, reader))
        if begins <= now < ends:
            here = (_x(now, begins, ends), top)
    week = midnights[0], midnights[1]
    names = [
        reader.weekday((midnights[0] + (week[1] - week[0]) / 7 * (day + 0.5)).astimezone(zone))
        for day in range(7)
    ]
    step = (WIDTH - LABEL) / 7
    return Picture(
        width=WIDTH,
        height=round(28 + ROW * len(weeks)),
        bars=tuple(bars),
        weeks=tuple(weeks),
        days=tuple((LABEL + day * step, name) for day, name in enumerate(names)),
        now=here,
    )


def _bar(
    one: ShownShift,
    place: tuple[float, float, float],
    order: dict[str, int],
    reader: Reader,
) -> Bar:
    left, right, top = place
    room = int((right - left) / 7.5)  # letters
    if one.person is None and not one.name:
        text, kind = "", "gap"
        title = reader.text("Nobody is on call")
    else:
        text = one.name if len(one.name) <= room else one.name[: max(room - 1, 0)] + "…"
        title, kind = one.name, f"turn turn-{order[one.name] % COLOURS + 1}"
    span = f"{reader.instant(one.starts_at)} – {reader.instant(one.ends_at)}"
    return Bar(
        x=round(left, 1),
        y=top + 4,
        width=round(max(right - left, 1), 1),
        text=text if room >= min(len(one.name), LEAST_LETTERS) else "",
        title=f"{title}: {span}",
        kind=kind,
    )


def _x(at: datetime, begins: datetime, ends: datetime) -> float:
    return LABEL + (WIDTH - LABEL) * ((at - begins) / (ends - begins))
