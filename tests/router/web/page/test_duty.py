"""Whether somebody is on call, until when, and when they are next."""

from datetime import datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from router.oncall.model import PersonId, Rotation
from router.oncall.shifts import on_call, shifts
from router.web.page.duty import Duty, duty_of
from tests.router.making import NOON, person, roster, schedule, scheduled
from tests.router.oncall.strategies import instants, near_a_clock_change, rotations

PEOPLE = [person(name) for name in ("ana", "bea", "carla", "dina", "eva", "fina")]
WEEK = timedelta(days=7)


@given(rotation=rotations(), at=instants(), changes=st.booleans())
def test_exactly_who_is_on_call_is_told_so_and_until_the_turn_ends(
    rotation: Rotation, at: datetime, changes: bool
) -> None:
    at = near_a_clock_change(rotation.zone, at.year) if changes else at
    one = scheduled(rotation)
    all_of_them = roster(*PEOPLE, schedules=[one])
    shift = on_call(one, at)
    assert shift is not None
    duties = {who.id: duty_of(who.id, all_of_them, now=at) for who in PEOPLE}
    assert {who for who, duty in duties.items() if duty.current} == {shift.person}
    (turn,) = duties[shift.person].current
    assert (turn.starts_at, turn.ends_at) == (shift.starts_at, shift.ends_at)


@given(rotation=rotations(), at=instants(), changes=st.booleans())
def test_the_next_turn_is_the_first_that_begins_later(
    rotation: Rotation, at: datetime, changes: bool
) -> None:
    at = near_a_clock_change(rotation.zone, at.year) if changes else at
    one = scheduled(rotation)
    all_of_them = roster(*PEOPLE, schedules=[one])
    for who in PEOPLE:
        upcoming = duty_of(who.id, all_of_them, now=at).upcoming
        expected = [
            shift.starts_at
            for shift in shifts(one, at, at + timedelta(days=366))
            if shift.person == who.id and shift.starts_at > at
        ]
        assert (None if upcoming is None else upcoming.starts_at) == min(expected, default=None)


def test_several_schedules_are_all_told() -> None:
    both = [schedule("primary", "ana", "bea"), schedule("secondary", "ana", "carla")]
    duty = duty_of(PersonId("ana"), roster(*PEOPLE, schedules=both), now=NOON)
    assert [turn.schedule for turn in duty.current] == ["primary", "secondary"]


def test_nobody_of_the_catalog_has_no_duty() -> None:
    assert (
        duty_of(None, roster(*PEOPLE, schedules=[schedule("primary", "ana")]), now=NOON) == Duty()
    )


def test_who_is_awake_is_told_until_when() -> None:
    duty = duty_of(PersonId("ana"), roster(*PEOPLE), now=NOON, awake_until=NOON + WEEK)
    assert (duty.current, duty.upcoming, duty.awake_until) == ((), None, NOON + WEEK)
