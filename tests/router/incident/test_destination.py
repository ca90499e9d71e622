"""When the channels of an incident may be told, and by which labels incidents are made."""

from dataclasses import replace
from datetime import datetime, time
from zoneinfo import ZoneInfo

from guardia.matcher import parse_matcher
from guardia.severity import Severity
from router.address import Address
from router.hours import Hours
from router.incident.destination import decide_incident_by, decide_notice_times
from router.incident.model import Incident
from router.oncall.model import Restriction
from router.routing import Route
from tests.router.making import NOON, incident, incident_alert, minutes

TEAM = Address(channel="slack", address="#operaciones")
MAILBOX = Address(channel="email", address="operaciones@conecta360.example")
NIGHT = NOON.replace(hour=23)
MORNING = datetime.fromisoformat("2026-11-25T08:00:00-01:00")


def office(until: int = 18, since: int = 8) -> Hours:
    hours = Restriction(weekdays=frozenset(range(5)), since=time(since), to=time(until))
    return Hours(zone=ZoneInfo("Atlantic/Cape_Verde"), only=(hours,))


def route(matcher: str, hours: Hours | None = None, *channels: Address) -> Route:
    return Route(
        name=matcher.partition("=")[2].strip('"'),
        matchers=(parse_matcher(matcher),),
        policy=None,
        channels=channels or (TEAM,),
        hours=hours,
    )


MEDIUM = route('severity="medium"', office())
HIGH = route('severity="high"')
LOW = route('severity="low"', None, MAILBOX)
DEFAULT = Route(name="default", matchers=(), policy=None, channels=(MAILBOX,))
ROUTES = (MEDIUM, HIGH, LOW, DEFAULT)


def times(about: Incident, *, now: datetime = NIGHT, routes: tuple[Route, ...] = ROUTES) -> object:
    return decide_notice_times(about, routes, now=now)


def test_outside_of_its_hours_a_channel_is_told_when_they_begin() -> None:
    about = incident(incident_alert(severity="medium"))

    assert times(about) == {TEAM: MORNING}
    assert times(about, now=NOON) == {}


def test_one_alert_whose_route_tells_at_once_is_enough() -> None:
    both = incident(incident_alert(severity="medium"), incident_alert(severity="high"))

    assert times(both) == {}


def test_of_several_hours_the_earliest_count() -> None:
    early = route('team="x"', office(since=6))
    both = incident(incident_alert(severity="medium"), incident_alert(team="x", severity="medium"))

    assert times(both, routes=(early, *ROUTES)) == {TEAM: MORNING - minutes(120)}


def test_what_ended_does_not_tell_at_night_what_goes_on_by_day() -> None:
    high, medium = incident_alert(severity="high"), incident_alert(severity="medium")

    fell = incident(replace(high, firing=False), medium)

    assert times(fell) == {TEAM: MORNING}


def test_a_channel_that_only_what_ended_leads_to_still_has_its_hours() -> None:
    medium, low = incident_alert(severity="medium"), incident_alert(severity="low")

    assert times(incident(replace(medium, firing=False), low)) == {TEAM: MORNING}
    assert times(incident(replace(medium, firing=False))) == {TEAM: MORNING}


def test_severities_of_others_have_the_hours_of_what_they_count_as() -> None:
    about = incident(incident_alert(severity="warning"))

    found = decide_notice_times(about, ROUTES, {"warning": Severity.MEDIUM}, now=NIGHT)

    assert found == {TEAM: MORNING}


def test_an_alerts_route_says_by_which_labels_its_incident_is_made() -> None:
    routes = (replace(MEDIUM, incident_by=("service",)), *ROUTES[1:])

    assert decide_incident_by({"severity": "medium"}, routes) == ("service",)
    assert decide_incident_by({"severity": "high"}, routes) == ()
    severities = {"warning": Severity.MEDIUM}
    assert decide_incident_by({"severity": "warning"}, routes, severities) == ("service",)
