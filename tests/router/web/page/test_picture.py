"""The picture of a roster: each week is a row that turns and gaps fill, also when clocks change."""

from dataclasses import replace
from datetime import date, datetime, time, timedelta
from itertools import pairwise
from zoneinfo import ZoneInfo

from hypothesis import given
from hypothesis import strategies as st

from router.language import LANGUAGES, Reader
from router.oncall.model import Restriction, Rotation, Schedule
from router.oncall.shifts import on_call
from router.oncall.wall_clock import wall_instant
from router.web.page.picture import LABEL, WIDTH, Bar, Picture, draw_roster
from router.web.page.turn_view import ShownShift, rows_of
from tests.router.making import person, roster, rotation, scheduled
from tests.router.oncall.strategies import instants, near_a_clock_change, rotations

PEOPLE = roster(*(person(name) for name in ("ana", "bea", "carla", "dina", "eva", "fina")))
WEEKS = 3
OFFICE = Restriction(weekdays=frozenset({0, 1, 2, 3, 4}), since=time(8, 0), to=time(18, 0))
# Coordinates have one decimal.
PRECISION = 0.11


def drawn(schedule: Schedule, day: date, now: datetime) -> tuple[list[ShownShift], Picture]:
    midnights = [
        wall_instant(day + timedelta(days=7 * week), time(), schedule.zone)
        for week in range(WEEKS + 1)
    ]
    rows = rows_of(schedule, PEOPLE, midnights[0], midnights[-1])
    reader = Reader(zone=schedule.zone)
    return rows, draw_roster(rows, midnights, zone=schedule.zone, reader=reader, now=now)


def rows_of_bars(picture: Picture) -> list[list[Bar]]:
    tops = sorted({bar.y for bar in picture.bars})
    return [sorted((b for b in picture.bars if b.y == top), key=lambda b: b.x) for top in tops]


@given(rotation=rotations(), at=instants(), changes=st.booleans(), has_gaps=st.booleans())
def test_the_bars_of_a_week_tile_it(
    rotation: Rotation, at: datetime, changes: bool, has_gaps: bool
) -> None:
    at = near_a_clock_change(rotation.zone, at.year) if changes else at
    schedule = scheduled(rotation)
    if has_gaps:
        layer = replace(schedule.layers[0], only=(OFFICE,))
        schedule = replace(schedule, layers=(layer,))
    day = at.astimezone(schedule.zone).date()
    _, picture = drawn(schedule, day, at)

    weeks = rows_of_bars(picture)
    assert len(weeks) == WEEKS == len(picture.weeks)
    for bars in weeks:
        assert abs(bars[0].x - LABEL) <= PRECISION
        assert abs(bars[-1].x + bars[-1].width - WIDTH) <= 1
        for one, following in pairwise(bars):
            # A turn of minutes is drawn as wide as can be seen.
            assert -PRECISION <= one.x + one.width - following.x <= 1 + PRECISION


@given(rotation=rotations(), at=instants(), changes=st.booleans())
def test_where_now_is_stands_the_bar_of_who_is_on_call(
    rotation: Rotation, at: datetime, changes: bool
) -> None:
    at = near_a_clock_change(rotation.zone, at.year) if changes else at
    schedule = scheduled(rotation)
    day = at.astimezone(schedule.zone).date()
    rows, picture = drawn(schedule, day, at)
    has_it = on_call(schedule, at)
    assert has_it is not None
    assert picture.now is not None
    x, top = picture.now
    under = [
        bar
        for bar in picture.bars
        if bar.y == top + 4 and bar.x - PRECISION <= x <= bar.x + bar.width + PRECISION
    ]
    assert any(bar.title.startswith(f"Engineer {has_it.person}: ") for bar in under)
    (row,) = [row for row in rows if row.starts_at <= at < row.ends_at]
    assert row.name == f"Engineer {has_it.person}"


@given(rotation=rotations(), at=instants())
def test_each_bar_says_in_full_what_a_row_of_the_table_says(
    rotation: Rotation, at: datetime
) -> None:
    schedule = scheduled(rotation)
    rows, picture = drawn(schedule, at.astimezone(schedule.zone).date(), at)
    reader = Reader(zone=schedule.zone)
    told = {
        f"{row.name}: {reader.instant(row.starts_at)} – {reader.instant(row.ends_at)}"
        for row in rows
    }
    assert {bar.title for bar in picture.bars} == told


def test_a_week_with_a_clock_change_is_as_wide_as_any_other() -> None:
    madrid = ZoneInfo("Europe/Madrid")
    base = scheduled(replace(rotation("ana", "bea"), zone=madrid))
    for day in (date(2026, 3, 23), date(2026, 10, 19)):
        _, picture = drawn(base, day, datetime(2026, 1, 1, tzinfo=madrid))
        assert picture.now is None
        ends = {round(bars[-1].x + bars[-1].width) for bars in rows_of_bars(picture)}
        assert ends == {WIDTH}
        assert [week.text for week in picture.weeks][:2] == [
            f"{day:%d/%m}",
            f"{day + timedelta(days=7):%d/%m}",
        ]


def test_days_have_their_names_in_each_language_and_begin_where_the_picture_does() -> None:
    names = {}
    for language in LANGUAGES:
        schedule = scheduled(rotation("ana", "bea"))
        monday = wall_instant(date(2026, 11, 23), time(), schedule.zone)
        midnights = [monday, monday + timedelta(days=7)]
        rows = rows_of(schedule, PEOPLE, *midnights)
        reader = Reader(language=language, zone=schedule.zone)
        picture = draw_roster(rows, midnights, zone=schedule.zone, reader=reader, now=monday)
        names[language] = [name for _, name in picture.days]
        assert picture.days[0][0] == LABEL
        assert len(picture.days) == 7
    assert names["en"][0] == "Mon"
    assert names["es"][0] == "lun"
    assert len({tuple(one) for one in names.values()}) == 3
