"""Who is awake is told by what does not ring: once an incident, and never by the last resort."""

from collections.abc import Iterable
from dataclasses import replace
from datetime import UTC, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from router.address import Address
from router.escalation.awake import (
    LONGEST,
    Awake,
    AwakeRefused,
    awake_for,
    awake_until,
    quiet_first,
)
from router.escalation.decide import decide, start
from router.escalation.model import Escalation, Page
from router.escalation.outlook import Today, foresee_all
from router.incident.model import EventKind
from router.oncall.model import Person, PersonId, Roster
from tests.router.making import NOON, incident, minutes, person, policy, roster, step

ANA, BEN = PersonId("ana"), PersonId("ben")
HOUR = timedelta(hours=1)
CAPE_VERDE, LISBON = ZoneInfo("Atlantic/Cape_Verde"), ZoneInfo("Europe/Lisbon")


def at(channel: str, name: str = "ana") -> Address:
    return Address(channel=channel, address=name)


def utc(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


def team(*channels: str) -> Roster:
    """Return Ana with these addresses and Ben with a telephone."""
    return roster(person("ana", addresses=[at(one) for one in channels]), person("ben"))


def escalation(*, next_step: int = 0) -> Escalation:
    plataforma = policy(
        step(people=["ana"]), step(people=["ben", "ana"]), last_resort=step(people=["ana"])
    )
    return replace(start(plataforma, catalog_version="v", now=NOON), next_step=next_step)


def awake(*told: PersonId, until: datetime = NOON + HOUR) -> Awake:
    return Awake(until={ANA: until}, told=frozenset(told))


def told(pages: Iterable[Page]) -> list[tuple[str, str, bool]]:
    return [(page.person, page.address.channel, page.is_quiet) for page in pages]


def test_who_is_awake_is_told_by_what_does_not_ring_and_the_timeline_says_so() -> None:
    team_of_two = team("pagerduty", "webhook", "email", "slack")

    decision = decide(escalation(), incident(), team_of_two, now=NOON, awake=awake())

    assert told(decision.pages) == [("ana", "email", True)]
    (event,) = decision.events
    assert (event.kind, event.text) == (
        EventKind.PAGED,
        "Engineer ana is awake: told by email instead of a page."
        " Step 1 of policy plataforma names Engineer ana.",
    )


def test_the_next_step_comes_at_the_same_time_as_ever() -> None:
    quiet = decide(escalation(), incident(), team("pagerduty", "email"), now=NOON, awake=awake())
    ringing = decide(escalation(), incident(), team("pagerduty", "email"), now=NOON)

    assert quiet.escalation == ringing.escalation


@pytest.mark.parametrize(
    ("channels", "state", "expected"),
    [
        (["pagerduty", "email"], awake(until=NOON), ("ana", "pagerduty", False)),  # it has ended
        (["pagerduty", "email"], awake(ANA), ("ana", "pagerduty", False)),  # did not see it
        (["pagerduty", "email"], Awake(until={BEN: NOON + HOUR}), ("ana", "pagerduty", False)),
        (["pagerduty", "webhook"], awake(), ("ana", "pagerduty", False)),  # all that rings
        (["slack", "pagerduty"], awake(), ("ana", "slack", False)),  # as ever
        (["webhook", "slack"], awake(), ("ana", "slack", True)),
    ],
)
def test_who_is_rung_all_the_same(
    channels: list[str], state: Awake, expected: tuple[str, str, bool]
) -> None:
    decision = decide(escalation(), incident(), team(*channels), now=NOON, awake=state)
    assert told(decision.pages) == [expected]


def test_the_last_resort_rings_everybody() -> None:
    last = escalation(next_step=2)
    decision = decide(last, incident(), team("pagerduty", "email"), now=NOON, awake=awake())
    assert told(decision.pages) == [("ana", "pagerduty", False)]


def test_what_is_foreseen_rings_who_was_told_quietly_before() -> None:
    today = Today(
        roster=team("pagerduty", "email"), policy=None, awake=awake(until=NOON + 9 * HOUR)
    )

    steps = foresee_all(escalation(), incident(), today, now=NOON)

    assert [told(one.pages) for one in steps] == [
        [("ana", "email", True)],
        [("ben", "pagerduty", False), ("ana", "pagerduty", False)],
        [("ana", "pagerduty", False)],
    ]


@given(st.lists(st.sampled_from(["pagerduty", "email", "slack", "webhook"]), max_size=6))
def test_when_the_quiet_address_fails_all_others_are_tried(channels: list[str]) -> None:
    addresses = tuple(at(channel, str(number)) for number, channel in enumerate(channels))
    ordered = quiet_first(addresses)

    assert sorted(ordered, key=str) == sorted(addresses, key=str)
    quiet = Awake(until={ANA: NOON + HOUR}).address_for(
        Person(id=ANA, name="Engineer ana", addresses=addresses), now=NOON
    )
    assert quiet is None or ordered[0] == quiet


# For how long


def test_nobody_is_taken_to_be_awake_for_long() -> None:
    assert awake_for(LONGEST, now=NOON) == NOON + LONGEST
    for length in (timedelta(), -HOUR, LONGEST + timedelta(seconds=1)):
        with pytest.raises(AwakeRefused) as refused:
            awake_for(length, now=NOON)
        assert "12 h at most" in refused.value.reason


@pytest.mark.parametrize(
    ("now", "zone", "until"),
    [
        (utc("2026-11-24T04:10"), CAPE_VERDE, utc("2026-11-24T09:00")),  # at 03:10 by her clock
        (utc("2026-11-23T23:00"), CAPE_VERDE, utc("2026-11-24T09:00")),  # before her midnight
        # Clocks are set back at 02:00 in Lisbon: the night has an hour more.
        (utc("2026-10-24T22:00"), LISBON, utc("2026-10-25T08:00")),
    ],
)
def test_until_eight_is_by_the_persons_own_clock(
    now: datetime, zone: ZoneInfo, until: datetime
) -> None:
    assert awake_until(time(8), zone, now=now) == until


def test_an_hour_that_has_just_been_is_a_day_ahead_and_refused() -> None:
    with pytest.raises(AwakeRefused):
        awake_until(time(8), CAPE_VERDE, now=utc("2026-11-24T09:00"))
    before = utc("2026-11-24T08:59")
    assert awake_until(time(8), CAPE_VERDE, now=before) == before + minutes(1)
