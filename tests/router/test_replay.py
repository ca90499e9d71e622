"""What a notification would do: heartbeats, routes of their own incidents, hours, maintenance."""

from dataclasses import replace
from datetime import time, timedelta
from zoneinfo import ZoneInfo

import pytest

from guardia.maintenance import Maintenance
from guardia.matcher import parse_matcher
from router.catalog import OnCallCatalog
from router.hours import Hours
from router.incident.heartbeat import Heartbeat
from router.incident.mute import Announcements
from router.intake.notification import UnreadableNotification
from router.oncall.model import Restriction
from router.replay import replay, replay_as_json
from tests.router.making import NOON, alert_body, minutes, notification_body
from tests.router.road import BROADCAST, MAILBOX, on_call_catalog

CATALOG = on_call_catalog()


def with_route(catalog: OnCallCatalog, name: str, **changed: object) -> OnCallCatalog:
    routes = tuple(
        replace(route, **changed) if route.name == name else route  # type: ignore[arg-type]
        for route in catalog.routes
    )
    return replace(catalog, routes=routes)


def firing(**labels: str) -> dict[str, object]:
    return alert_body("firing", **{"severity": "critical"} | labels)


def test_a_heartbeat_is_named_and_is_in_no_incident() -> None:
    watchdog = Heartbeat(
        name="prometheus",
        matchers=(parse_matcher('alertname="Watchdog"'),),
        every=timedelta(minutes=5),
    )
    catalog = replace(CATALOG, heartbeats=(watchdog,))

    found = replay(notification_body(firing(alertname="Watchdog")), catalog, now=NOON)
    assert (found.heartbeats, found.incidents) == (("prometheus",), ())

    beside = replay(notification_body(firing(alertname="Watchdog"), firing()), catalog, now=NOON)
    (incident,) = (one.incident for one in beside.incidents)
    assert [alert.labels["alertname"] for alert in incident.firing] == ["DatabaseDown"]


def test_a_route_with_incidents_of_its_own_opens_one_for_each_value() -> None:
    body = notification_body(firing(pod="a"), firing(pod="b"))

    assert len(replay(body, CATALOG, now=NOON).incidents) == 1
    by_pod = with_route(CATALOG, "critical", incident_by=("pod",))
    assert len(replay(body, by_pod, now=NOON).incidents) == 2


def test_a_channel_outside_of_its_hours_is_told_when_they_begin() -> None:
    mornings = Restriction(weekdays=frozenset(range(7)), since=time(8), to=time(10))
    hours = Hours(zone=ZoneInfo("UTC"), only=(mornings,))
    catalog = with_route(CATALOG, "high", hours=hours)

    (found,) = replay(notification_body(firing(severity="high")), catalog, now=NOON).incidents

    tomorrow = NOON + timedelta(hours=20)
    assert found.channels == {MAILBOX: tomorrow, BROADCAST: tomorrow}


def test_announced_maintenance_holds_the_first_step_back() -> None:
    announced = Maintenance(
        name="upgrade",
        services=(),
        environments=(),
        zone=ZoneInfo("UTC"),
        days=NOON.date(),
        begins=time(11),
        lasts=timedelta(hours=2),
    )
    catalog = replace(CATALOG, maintenance=Announcements(announced=(announced,)))

    (found,) = replay(notification_body(firing()), catalog, now=NOON).incidents

    assert [one.at for one in found.steps] == [
        NOON + minutes(60),
        NOON + minutes(75),
        NOON + minutes(90),
    ]
    assert "Announced maintenance (upgrade)" in found.steps[0].remarks[0]


def test_as_json_it_has_each_step_with_people_and_reasons() -> None:
    found = replay(notification_body(firing()), CATALOG, now=NOON)
    (told,) = replay_as_json(found, CATALOG, now=NOON)["incidents"]

    assert (told["policy"], told["severity"], told["zone"]) == ("plataforma", "critical", None)
    assert told["channels"] == [
        {"channel": "slack", "address": "#operaciones", "at": NOON.isoformat()}
    ]
    assert [[page["name"] for page in step["pages"]] for step in told["steps"]] == [
        ["Engineer ana"],
        ["Engineer ben"],
        ["Engineer ana", "Engineer ben"],
    ]
    assert told["steps"][0]["pages"][0]["because"] == (
        "Step 1 of policy plataforma names Engineer ana."
    )


def test_a_body_that_the_router_refuses_is_refused() -> None:
    with pytest.raises(UnreadableNotification):
        replay(b"[]", CATALOG, now=NOON)
