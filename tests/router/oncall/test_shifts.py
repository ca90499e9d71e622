"""Who is on call by a schedule: layers over each other, restrictions, overrides, gaps."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, date, datetime, time, timedelta
from itertools import pairwise
from zoneinfo import ZoneInfo

from hypothesis import given
from hypothesis import strategies as st

from router.oncall.model import (
    Days,
    Layer,
    Override,
    PersonId,
    Restriction,
    Rotation,
    Schedule,
    ScheduleId,
    Shift,
)
from router.oncall.restrictions import open_spans
from router.oncall.shifts import gaps, on_call, shifts
from router.oncall.turns import turns
from tests.router.making import rotation, scheduled
from tests.router.oncall.strategies import (
    AUTUMN,
    FORTNIGHT,
    instants,
    override,
    overrides,
    restrictions,
    rotations,
)

HOUR = timedelta(hours=1)
MADRID = ZoneInfo("Europe/Madrid")
WORKDAYS = frozenset(range(5))


def layers() -> st.SearchStrategy[list[Layer]]:
    found = st.lists(st.tuples(rotations(), restrictions()), min_size=1, max_size=3)
    return found.map(
        lambda pairs: [
            Layer(name=f"layer-{number}", rotation=of, only=only)
            for number, (of, only) in enumerate(pairs)
        ]
    )


def schedule(of: Sequence[Layer], own: Sequence[Override] = ()) -> Schedule:
    return Schedule(
        id=ScheduleId("primary"),
        zone=of[0].rotation.zone,
        layers=tuple(of),
        overrides=tuple(own),
    )


@given(of=rotations(), at=instants())
def test_without_restrictions_somebody_is_on_call_at_every_instant_and_only_one(
    of: Rotation, at: datetime
) -> None:
    around = shifts(scheduled(of), at - FORTNIGHT, at + FORTNIGHT)
    assert all(a.ends_at == b.starts_at for a, b in pairwise(around))
    assert sum(shift.covers(at) for shift in around) == 1
    assert gaps(scheduled(of), at - FORTNIGHT, at + FORTNIGHT) == ()


@given(of=layers(), at=instants(), data=st.data())
def test_one_instant_and_a_calendar_agree_and_no_two_overlap(
    of: list[Layer], at: datetime, data: st.DataObject
) -> None:
    whole = schedule(of, data.draw(overrides(near=at)))
    calendar = shifts(whole, at - FORTNIGHT, at + FORTNIGHT)

    assert all(a.ends_at <= b.starts_at for a, b in pairwise(calendar))
    assert all(shift.starts_at < shift.ends_at for shift in calendar)
    for hours in (-100, 0, 77):
        instant = at + hours * HOUR
        found = [shift for shift in calendar if shift.covers(instant)]
        assert on_call(whole, instant) == (found[0] if found else None)
        assert any(a <= instant < b for a, b in gaps(whole, at - FORTNIGHT, at + FORTNIGHT)) == (
            not found
        )


@given(of=layers(), at=instants(), data=st.data())
def test_the_last_override_wins_then_the_last_layer_that_counts(
    of: list[Layer], at: datetime, data: st.DataObject
) -> None:
    own = data.draw(overrides(near=at))
    found = on_call(schedule(of, own), at)
    person = found and found.person

    current = [one for one in own if one.starts_at <= at < one.ends_at]
    if current:
        assert person == current[-1].person
        return
    for layer in reversed(of):
        zone = layer.rotation.zone
        if layer.only and not open_spans(layer.only, zone, at, at + at.resolution):
            continue
        (turn,) = turns(layer.rotation, at, at + at.resolution)
        assert found is not None
        assert (person, found.because) == (turn.person, f"layer {layer.name} of primary")
        return
    assert found is None


@given(of=rotations(), only=restrictions(), at=instants())
def test_a_restriction_cuts_turns_and_never_changes_whose_it_is(
    of: Rotation, only: tuple[Restriction, ...], at: datetime
) -> None:
    free, bound = (
        schedule([Layer(name=None, rotation=of)]),
        Layer(name=None, rotation=of, only=only),
    )
    start, end = at - FORTNIGHT, at + FORTNIGHT
    for shift in shifts(schedule([bound]), start, end):
        whole = on_call(free, shift.starts_at)
        assert whole is not None
        assert whole.person == shift.person
        assert whole.ends_at >= shift.ends_at


@given(own=overrides(near=AUTUMN), hours=st.integers(-200, 200))
def test_an_override_wins_exactly_inside_its_time(own: list[Override], hours: int) -> None:
    at = AUTUMN + hours * HOUR
    plain = scheduled(rotation("ana", "bea", zone="Europe/Madrid"))
    around = shifts(replace(plain, overrides=tuple(own)), at - FORTNIGHT, at + FORTNIGHT)

    assert all(a.ends_at == b.starts_at for a, b in pairwise(around))
    shift = next(shift for shift in around if shift.covers(at))
    current = [one for one in own if one.starts_at <= at < one.ends_at]
    if current:
        assert (shift.person, shift.because) == (current[-1].person, "override of primary")
    else:
        without = on_call(plain, at)
        assert without is not None
        assert (shift.person, shift.because) == (without.person, "rotation of primary")


def test_a_handoff_belongs_to_who_takes_over() -> None:
    weekly = scheduled(rotation("ana", "bea"))
    handoff = datetime(2026, 1, 12, 10, 0, tzinfo=UTC)  # Monday 09:00 in Cape Verde

    before = on_call(weekly, handoff - timedelta.resolution)
    after = on_call(weekly, handoff)

    assert before is not None
    assert after is not None
    assert (before.person, after.person) == ("ana", "bea")
    assert before.ends_at == after.starts_at == handoff


def test_an_override_across_a_clock_change_keeps_its_instants() -> None:
    swap = override("eva", AUTUMN - 5 * HOUR, 10)
    madrid = scheduled(rotation("ana", "bea", zone="Europe/Madrid"), overrides=[swap])

    shift = on_call(madrid, AUTUMN)

    assert shift is not None
    assert (shift.person, shift.starts_at, shift.ends_at) == ("eva", swap.starts_at, swap.ends_at)


def test_an_override_over_a_handoff_is_one_shift_and_shortens_both_neighbours() -> None:
    handoff = datetime(2026, 1, 12, 10, 0, tzinfo=UTC)
    own = [override("eva", handoff - 2 * HOUR, 4)]
    found = shifts(
        scheduled(rotation("ana", "bea"), overrides=own),
        handoff - timedelta(days=1),
        handoff + timedelta(days=1),
    )

    assert [shift.person for shift in found] == ["ana", "eva", "bea"]
    assert found[1].length == 4 * HOUR


def test_an_override_says_its_reason() -> None:
    swap = replace(override("eva", AUTUMN, 1), reason="swapped with ana")
    shift = on_call(scheduled(rotation("ana"), overrides=[swap]), AUTUMN)

    assert shift is not None
    assert shift.because == "override of primary: swapped with ana"


def test_a_rotation_without_people_has_nobody_on_call_but_by_an_override() -> None:
    assert on_call(scheduled(rotation()), AUTUMN) is None
    by_override = on_call(scheduled(rotation(), overrides=[override("eva", AUTUMN, 1)]), AUTUMN)
    assert by_override is not None


def test_an_empty_span_has_no_shifts() -> None:
    assert shifts(scheduled(rotation("ana")), AUTUMN, AUTUMN) == ()


def walls(found: Sequence[Shift], zone: ZoneInfo) -> list[tuple[str, str, str]]:
    return [
        (
            str(one.person),
            f"{one.starts_at.astimezone(zone):%a %d %H:%M}",
            f"{one.ends_at.astimezone(zone):%a %d %H:%M}",
        )
        for one in found
    ]


OFFICE = Restriction(weekdays=WORKDAYS, since=time(8, 0), to=time(18, 0))
FOLLOWED = scheduled(  # nights and weekends weekly; office hours daily
    rotation("ana", "bea", zone="Europe/Madrid"),
    rotation("carla", "dina", zone="Europe/Madrid", shift=Days(1)),
)


def office(*only: Restriction) -> Schedule:
    below, above = FOLLOWED.layers
    return replace(FOLLOWED, layers=(below, replace(above, only=only)))


def test_office_hours_over_a_rotation_around_the_clock() -> None:
    friday, monday = (datetime(2026, 1, day, 12, 0, tzinfo=UTC) for day in (9, 12))
    assert walls(shifts(office(OFFICE), friday, monday), MADRID) == [
        ("carla", "Fri 09 09:00", "Fri 09 18:00"),
        ("ana", "Fri 09 18:00", "Mon 12 08:00"),
        ("carla", "Mon 12 08:00", "Mon 12 09:00"),  # Sunday's turn lasts until the handoff
        ("dina", "Mon 12 09:00", "Mon 12 18:00"),
    ]


def test_hours_that_run_over_midnight_belong_to_the_day_on_which_they_begin() -> None:
    night = Restriction(weekdays=frozenset({4}), since=time(22, 0), to=time(6, 0))
    friday, sunday = (datetime(2026, 1, day, tzinfo=UTC) for day in (9, 11))
    found = [shift for shift in shifts(office(night), friday, sunday) if "layer-2" in shift.because]
    assert walls(found, MADRID) == [("carla", "Fri 09 22:00", "Sat 10 06:00")]


def test_days_that_follow_each_other_are_one_time() -> None:
    weekend = Restriction(weekdays=frozenset({5, 6}), since=time(), to=time())
    start, end = (datetime(2026, 1, day, tzinfo=UTC) for day in (8, 15))
    ((begins, ends),) = open_spans([weekend], MADRID, start, end)
    assert ends - begins == 48 * HOUR


def test_a_restriction_in_an_hour_that_is_skipped_begins_after_it_or_never() -> None:
    early = Restriction(weekdays=frozenset({6}), since=time(2, 15), to=time(2, 45))
    longer = replace(early, to=time(4, 0))
    start, end = (datetime(2026, 3, day, 12, tzinfo=UTC) for day in (28, 29))
    assert open_spans([early], MADRID, start, end) == ()
    ((begins, ends),) = open_spans([longer], MADRID, start, end)
    assert (begins.hour, ends.hour) == (1, 2)  # 03:00 and 04:00 in Madrid


def test_a_day_whose_midnight_comes_twice_begins_at_the_first() -> None:
    # St John's, 2006: at 00:01 on Sunday it was 23:01 on Saturday again.
    sunday = Restriction(weekdays=frozenset({6}), since=time(), to=time())
    start = datetime(2006, 10, 29, 2, 0, tzinfo=UTC)
    (span,) = open_spans([sunday], ZoneInfo("America/St_Johns"), start, start + HOUR)
    assert span == (start + timedelta(minutes=30), start + HOUR)


def test_gaps_are_where_no_layer_counts() -> None:
    alone = schedule([replace(FOLLOWED.layers[1], only=(OFFICE,))])
    start, end = (datetime(2026, 1, day, tzinfo=UTC) for day in (9, 13))
    found = gaps(alone, start, end)
    assert [(ends - begins) / HOUR for begins, ends in found] == [7, 62, 7]
    assert found[0][0] == start
    assert found[-1][1] == end


def test_a_shift_is_told_whole_however_short_the_question() -> None:
    monthly = scheduled(rotation("ana", "bea", shift=Days(28), starts_on=date(2026, 1, 5)))
    shift = on_call(monthly, datetime(2026, 1, 20, tzinfo=UTC))
    assert shift is not None
    assert shift.length == timedelta(days=28)
    assert shift.person == PersonId("ana")
