"""Announced maintenance wakes nobody, and only for what it was announced for."""

from datetime import UTC, date, datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from hypothesis import assume, given
from hypothesis import strategies as st

from guardia.maintenance import Maintenance, Recurrence
from router.incident.model import EventKind
from router.incident.mute import Announcements, find_mute
from tests.router.making import MINUTE, NOON, incident, incident_alert

PRAIA = ZoneInfo("Atlantic/Cape_Verde")


def announced(**fields: Any) -> Maintenance:
    """Return the maintenance of casos in prod, 11:00 to 13:00 in Praia: 12:00 to 14:00 UTC."""
    wanted: dict[str, Any] = {
        "name": "pool-upgrade",
        "services": ("casos",),
        "environments": ("prod",),
        "zone": PRAIA,
        "days": date(2026, 11, 24),
        "begins": time(11, 0),
        "lasts": timedelta(hours=2),
    }
    return Maintenance(**(wanted | fields))


def known(*announcements: Maintenance) -> Announcements:
    return Announcements(announced=announcements, environment_label="environment")


CASOS = incident_alert(service="casos", environment="prod")


def test_nobody_is_woken_before_the_announced_end() -> None:
    mute = find_mute(incident(CASOS), known(announced()), now=NOON)

    assert mute is not None
    assert mute.until == NOON + timedelta(hours=2)
    assert mute.event.kind is EventKind.PAUSED
    assert "pool-upgrade" in mute.event.text
    assert "2026-11-24 14:00 UTC" in mute.event.text


def test_at_the_announced_end_people_are_woken() -> None:
    assert find_mute(incident(CASOS), known(announced()), now=NOON + timedelta(hours=2)) is None


def test_it_is_looked_at_every_minute_and_at_its_end() -> None:
    """It can be called off, and what it does not cover can join."""
    first = find_mute(incident(CASOS), known(announced()), now=NOON)
    last = find_mute(incident(CASOS), known(announced()), now=NOON + timedelta(minutes=119.5))

    assert first is not None
    assert first.asked_at == NOON + MINUTE
    assert last is not None
    assert last.asked_at == NOON + timedelta(hours=2)


def test_an_end_that_the_clocks_skip_is_when_they_do() -> None:
    """In Lisbon, on 28 March 2027, 01:00 is followed by 02:00."""
    skips = datetime(2027, 3, 28, 1, 0, tzinfo=UTC)
    one = announced(
        zone=ZoneInfo("Europe/Lisbon"),
        days=date(2027, 3, 28),
        begins=time(0, 0),
        lasts=timedelta(minutes=90),
    )

    ends = {one.ends_at(skips - minute * MINUTE) for minute in range(1, 60)}

    assert ends == {skips}
    assert not one.covers(skips)


def test_one_alert_that_is_not_covered_wakes_people() -> None:
    other = incident_alert(service="usuarios", environment="prod")

    assert find_mute(incident(CASOS, other), known(announced()), now=NOON) is None


def test_another_environment_is_not_covered() -> None:
    staging = incident_alert(service="casos", environment="staging")

    assert find_mute(incident(staging), known(announced()), now=NOON) is None


def test_an_alert_without_a_service_is_covered_only_by_what_is_announced_for_all() -> None:
    bare = incident(incident_alert(environment="prod"))

    assert find_mute(bare, known(announced()), now=NOON) is None
    assert find_mute(bare, known(announced(services=())), now=NOON) is not None


def test_of_two_announcements_the_first_end_is_asked_again() -> None:
    usuarios = incident_alert(service="usuarios", environment="prod")
    longer = announced(name="users", services=("usuarios",), lasts=timedelta(hours=5))

    mute = find_mute(incident(CASOS, usuarios), known(announced(), longer), now=NOON)

    assert mute is not None
    assert mute.until == NOON + timedelta(hours=2)


@given(
    at=st.integers(0, 365 * 24 * 60).map(lambda minute: NOON + minute * MINUTE),
    zone=st.sampled_from(["Europe/Lisbon", "America/New_York", "Australia/Lord_Howe", "UTC"]),
    begins=st.times(),
    lasts=st.timedeltas(timedelta(minutes=1), timedelta(days=2)),
)
def test_a_window_that_covers_an_instant_ends_after_it(
    at: datetime, zone: str, begins: time, lasts: timedelta
) -> None:
    whole = timedelta(minutes=lasts // timedelta(minutes=1))
    one = announced(
        zone=ZoneInfo(zone),
        days=Recurrence(weekday=None),
        begins=begins.replace(second=0, microsecond=0, tzinfo=None),
        lasts=whole,
    )
    assume(one.covers(at))

    ends_at = one.ends_at(at)

    assert ends_at > at
    assert ends_at - at <= whole + timedelta(hours=2)  # an hour the clocks show twice
