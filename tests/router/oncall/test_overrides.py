"""Overrides made at run time: who is on call with them, and what speaks against one."""

from dataclasses import replace
from datetime import UTC, datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from router.oncall.model import (
    Override,
    PersonId,
    Restriction,
    Role,
    Roster,
    Rotation,
    ScheduleId,
)
from router.oncall.overrides import (
    LATEST,
    MadeOverride,
    WantedOverride,
    find_obstacle,
    find_remark,
    list_gaps_left,
    list_warnings,
    with_overrides,
)
from router.oncall.shifts import following, on_call, shifts
from router.oncall.wall_clock import wall_instant
from tests.router.making import NOON, person, roster, rotation, schedule, scheduled
from tests.router.oncall.strategies import (
    AUTUMN,
    FORTNIGHT,
    instants,
    near_a_clock_change,
    override,
    overrides,
    rotations,
)

HOUR = timedelta(hours=1)
MADRID = ZoneInfo("Europe/Madrid")
SPRING = datetime(2026, 3, 29, 1, 0, tzinfo=UTC)  # clocks go forward in Madrid
PEOPLE = [person(name) for name in ("ana", "bea", "carla", "dina", "eva", "fina")]


def made(
    who: str, starts_at: datetime, hours: float, *, number: int = 1, **fields: Any
) -> MadeOverride:
    wanted: dict[str, Any] = {
        "schedule": ScheduleId("primary"),
        "ends_at": starts_at + hours * HOUR,
        "reason": "",
        "created_at": starts_at - 24 * HOUR,
        "created_by": "Engineer ben",
    }
    return MadeOverride(
        number=number, person=PersonId(who), starts_at=starts_at, **(wanted | fields)
    )


def several(*, near: datetime) -> st.SearchStrategy[list[MadeOverride]]:
    """Return overrides of eva and fina, some of them cancelled, in whatever order."""
    one = st.builds(
        made,
        st.sampled_from(["eva", "fina"]),
        st.integers(-400, 400).map(lambda hours: near + hours * HOUR),
        st.integers(1, 300),
        cancelled_at=st.none() | st.integers(-400, 400).map(lambda hours: near + hours * HOUR),
    )

    def numbered(found: list[MadeOverride]) -> list[MadeOverride]:
        return [replace(each, number=number) for number, each in enumerate(found, start=1)]

    return st.lists(one, max_size=5).map(numbered).flatmap(st.permutations)


def of_one(rotation_: Rotation, own: list[Override] | None = None) -> Roster:
    return roster(*PEOPLE, schedules=[scheduled(rotation_, overrides=own or [])])


def primary(of: Roster) -> Any:
    return of.schedules[ScheduleId("primary")]


@given(of=rotations(), at=instants(), data=st.data())
def test_inside_one_its_person_is_on_call_and_outside_nothing_changes(
    of: Rotation, at: datetime, data: st.DataObject
) -> None:
    plain = of_one(of, data.draw(overrides(near=at)))
    changes = data.draw(several(near=at))
    changed = with_overrides(plain, changes)

    for instant in (at, *(at + hours * HOUR for hours in data.draw(_hours()))):
        found, before = on_call(primary(changed), instant), on_call(primary(plain), instant)
        counting = [one for one in changes if one.starts_at <= instant < one.counts_until]
        if counting:
            last = max(counting, key=lambda one: one.number)
            assert found is not None
            assert found.person == last.person
            assert found.because == (
                f"override {last.number} of primary, made at run time by Engineer ben"
            )
        else:
            assert (found and (found.person, found.because)) == (
                before and (before.person, before.because)
            )


def _hours() -> st.SearchStrategy[list[int]]:
    return st.lists(st.integers(-500, 500), max_size=4)


@given(of=rotations(), year=st.integers(2000, 2040), data=st.data())
def test_over_a_clock_change_its_instants_stay_as_they_are(
    of: Rotation, year: int, data: st.DataObject
) -> None:
    change = near_a_clock_change(of.zone, year)
    starts_at = change - data.draw(st.integers(0, 48)) * HOUR
    swap = made("eva", starts_at, data.draw(st.integers(1, 72)))
    around = shifts(
        primary(with_overrides(of_one(of), [swap])), change - FORTNIGHT, change + FORTNIGHT
    )

    (only,) = [shift for shift in around if shift.person == "eva"]
    assert (only.starts_at, only.ends_at) == (swap.starts_at, swap.ends_at)
    assert sum((shift.length for shift in around), timedelta()) == (
        around[-1].ends_at - around[0].starts_at
    )


@pytest.mark.parametrize("night", [AUTUMN, SPRING])
def test_a_night_that_is_longer_or_shorter_by_the_clock_is_covered_whole(night: datetime) -> None:
    day = night.astimezone(MADRID).date()
    begins, ends = (wall_instant(day, time(hour, 0), MADRID) for hour in (1, 4))
    swap = made("eva", begins, (ends - begins) / HOUR)
    changed = with_overrides(of_one(rotation("ana", "bea", zone="Europe/Madrid")), [swap])

    assert (ends - begins) / HOUR == (4 if night == AUTUMN else 2)
    for half_hours in range(int((ends - begins) / HOUR * 2)):
        shift = on_call(primary(changed), begins + half_hours * HOUR / 2)
        assert shift is not None
        assert shift.person == "eva"
    for outside in (begins - timedelta.resolution, ends):
        shift = on_call(primary(changed), outside)
        assert shift is not None
        assert shift.person != "eva"


def test_it_wins_over_the_catalogs_and_the_later_of_two_wins() -> None:
    plain = of_one(rotation("ana"), [override("bea", NOON, 8)])
    changed = with_overrides(
        plain, [made("dina", NOON, 4, number=12), made("carla", NOON, 6, number=7)]
    )
    found = [str(shift.person) for shift in shifts(primary(changed), NOON, NOON + 9 * HOUR)]
    assert found == ["dina", "carla", "bea", "ana"]


def test_it_says_that_it_was_made_at_run_time_by_whom_and_why() -> None:
    swap = made("eva", NOON, 1, number=7, reason="ana is ill")
    shift = on_call(primary(with_overrides(of_one(rotation("ana")), [swap])), NOON)
    assert shift is not None
    assert shift.because == ("override 7 of primary, made at run time by Engineer ben: ana is ill")


@pytest.mark.parametrize(
    ("unknown", "remark"),
    [
        ({"schedule": ScheduleId("gone")}, "no schedule gone any more"),
        ({"person": PersonId("gone")}, "no person gone any more"),
    ],
)
def test_what_the_catalog_does_not_know_any_more_is_passed_over_and_remarked(
    unknown: dict[str, Any], remark: str
) -> None:
    plain = of_one(rotation("ana"))
    swap = replace(made("eva", NOON, 1), **unknown)

    assert with_overrides(plain, [swap]) == plain
    assert remark in (find_remark(plain, swap) or "")


def test_whoever_lost_their_address_is_remarked() -> None:
    without = roster(person("eva", addresses=[]), schedules=[schedule("primary", "ana")])
    assert find_remark(of_one(rotation("ana")), made("eva", NOON, 1)) is None
    assert find_remark(without, made("eva", NOON, 1)) == (
        "Engineer eva has no address for pages any more"
    )


def test_whoever_became_a_viewer_is_remarked() -> None:
    eva = replace(person("eva"), role=Role.VIEWER)
    viewing = roster(eva, schedules=[schedule("primary", "ana")])
    assert find_remark(viewing, made("eva", NOON, 1)) == (
        "Engineer eva is a viewer now, and could not answer"
    )


def test_what_was_on_call_until_it_was_cancelled_was_so() -> None:
    swap = made("eva", NOON, 8, cancelled_at=NOON + 2 * HOUR)
    changed = primary(with_overrides(of_one(rotation("ana")), [swap]))
    never = made("eva", NOON, 8, cancelled_at=NOON)

    found = shifts(changed, NOON, NOON + 3 * HOUR)
    assert [(str(one.person), one.starts_at) for one in found] == [
        ("eva", NOON),
        ("ana", NOON + 2 * HOUR),
    ]
    assert with_overrides(of_one(rotation("ana")), [never]) == of_one(rotation("ana"))


def wanted(**fields: Any) -> WantedOverride:
    usual: dict[str, Any] = {
        "schedule": ScheduleId("primary"),
        "person": PersonId("eva"),
        "starts_at": NOON + HOUR,
        "ends_at": NOON + 2 * HOUR,
        "reason": "",
        "by": "Engineer ben",
    }
    return WantedOverride(**(usual | fields))


@pytest.mark.parametrize(
    ("fields", "sentence"),
    [
        ({"schedule": ScheduleId("primry")}, "no such schedule. Did you mean primary?"),
        ({"schedule": ScheduleId("x" * 200)}, "no such schedule."),
        ({"person": PersonId("evva")}, "no such person. Did you mean eva?"),
        ({"person": PersonId("mute")}, "Engineer mute has no address for pages"),
        ({"person": PersonId("vera")}, "Engineer vera is a viewer and could not answer: choose"),
        ({"ends_at": NOON + HOUR}, "It must end after it begins."),
        ({"ends_at": NOON + HOUR / 2}, "It must end after it begins."),
        ({"starts_at": NOON - HOUR, "ends_at": NOON}, "It would end in the past"),
        ({"ends_at": NOON + LATEST + HOUR}, "It must end within two years"),
    ],
)
def test_what_cannot_be_meant_is_a_sentence(fields: dict[str, Any], sentence: str) -> None:
    vera = replace(person("vera"), role=Role.VIEWER)
    known = roster(
        *PEOPLE, person("mute", addresses=[]), vera, schedules=[schedule("primary", "ana", "bea")]
    )
    assert find_obstacle(known, wanted(), now=NOON) is None
    assert sentence in (find_obstacle(known, wanted(**fields), now=NOON) or "")


def test_one_that_has_begun_may_still_be_made() -> None:
    begun = wanted(starts_at=NOON - HOUR)
    assert find_obstacle(of_one(rotation("ana")), begun, now=NOON) is None


OFFICE = Restriction(
    weekdays=frozenset(range(7)),
    since=time(8, 0),
    to=time(18, 0),
)


def office_hours(*, gaps_intended: bool = False) -> Roster:
    """Return a schedule that has somebody from 08:00 to 18:00 UTC."""
    plain = scheduled(rotation("ana", zone="UTC"))
    layer = replace(plain.layers[0], only=(OFFICE,))
    return roster(*PEOPLE, schedules=[replace(plain, layers=(layer,), gaps_intended=gaps_intended)])


def warnings(of: Roster, swap: MadeOverride, *others: MadeOverride) -> tuple[str, ...]:
    every = [*others, swap]
    return list_warnings(with_overrides(of, every), swap, every)


def test_a_gap_that_it_leaves_is_said() -> None:
    evening = made("eva", NOON + 6 * HOUR, 2)
    late = made("eva", NOON + 8 * HOUR, 2)

    assert warnings(office_hours(), evening) == (
        "Nobody is on call by primary from Tue 2026-11-24 20:00 UTC to Wed 2026-11-25 08:00 UTC.",
    )
    assert warnings(office_hours(), late) == (
        "Nobody is on call by primary before it begins, Tue 2026-11-24 20:00 UTC.",
        "Nobody is on call by primary from Tue 2026-11-24 22:00 UTC to Wed 2026-11-25 08:00 UTC.",
    )
    assert warnings(office_hours(), late, evening) == (
        "Nobody is on call by primary from Tue 2026-11-24 22:00 UTC to Wed 2026-11-25 08:00 UTC.",
    )
    assert warnings(office_hours(gaps_intended=True), late) == ()
    assert warnings(of_one(rotation("ana")), late) == ()


def test_nobody_at_all_after_it_is_said() -> None:
    assert warnings(of_one(rotation()), made("eva", NOON, 1, created_at=NOON)) == (
        "Nobody is on call by primary after it, within a year.",
    )


def test_another_that_it_covers_is_said() -> None:
    before = made("fina", NOON + HOUR, 4, number=3)
    swap = made("eva", NOON, 2, number=4)
    plain = of_one(rotation("ana"))

    assert warnings(plain, swap, before) == (
        "It counts before override 3 (Engineer fina, made by Engineer ben,"
        " Tue 2026-11-24 12:00 Atlantic/Cape_Verde to Tue 2026-11-24 16:00 Atlantic/Cape_Verde)"
        " where the two overlap.",
    )
    touching = replace(before, starts_at=NOON + 2 * HOUR)
    cancelled = replace(before, cancelled_at=NOON + HOUR)
    elsewhere = replace(before, schedule=ScheduleId("secondary"))
    assert warnings(plain, swap, touching, cancelled, elsewhere) == ()


def test_one_of_the_catalog_that_it_covers_is_said() -> None:
    own = [override("bea", NOON + HOUR, 4), override("carla", NOON + 5 * HOUR, 1)]
    plain = of_one(rotation("ana"), own)

    assert warnings(plain, made("eva", NOON, 2)) == (
        "It counts before an override of the catalog (Engineer bea,"
        " Tue 2026-11-24 12:00 Atlantic/Cape_Verde to Tue 2026-11-24 16:00 Atlantic/Cape_Verde)"
        " where the two overlap.",
    )
    assert warnings(plain, made("eva", NOON, 1)) == ()


def test_a_gap_that_a_cancelled_one_leaves_is_said() -> None:
    cancelled = made("eva", NOON + 5 * HOUR, 3, cancelled_at=NOON + 7 * HOUR)
    with_it = with_overrides(office_hours(), [cancelled])
    now = NOON + 7 * HOUR

    assert list_gaps_left(with_it, cancelled, now=now) == (
        "Nobody is on call by primary from Tue 2026-11-24 19:00 UTC to Tue 2026-11-24 20:00 UTC.",
    )
    assert list_gaps_left(with_it, cancelled, now=cancelled.ends_at) == ()
    gone = replace(cancelled, schedule=ScheduleId("gone"))
    assert list_gaps_left(with_it, gone, now=now) == ()


def test_who_follows_is_the_next_shift_also_after_a_gap_and_far_away() -> None:
    office = primary(office_hours())
    for at in (NOON, NOON + 8 * HOUR):
        found = following(office, at)
        assert found is not None
        assert found.starts_at == datetime(2026, 11, 25, 8, tzinfo=UTC)
    far = primary(with_overrides(of_one(rotation()), [made("eva", NOON + 300 * 24 * HOUR, 1)]))
    found = following(far, NOON)
    assert found is not None
    assert found.person == "eva"
    assert following(primary(of_one(rotation())), NOON) is None
