"""Incidents by labels of the catalog's choice, in place of Alertmanager's group."""

from dataclasses import replace
from typing import Any

import pytest

from router.routing import Route
from tests.router.making import minutes
from tests.router.road import Road, firing, resolved

BY_INSTANCE = ("service", "instance")


def by(road: Road, *labels: str, of: str = "critical") -> Road:
    def changed(route: Route) -> Route:
        return replace(route, incident_by=labels) if route.name == of else route

    catalog = road.worker.catalog
    road.worker.catalog = replace(catalog, routes=tuple(map(changed, catalog.routes)))
    return road


@pytest.fixture
def by_instance(road: Road) -> Road:
    return by(road, *BY_INSTANCE)


def on(instance: str, **labels: str) -> dict[str, Any]:
    return firing(service="casos", instance=instance, **labels)


def over(instance: str) -> dict[str, Any]:
    return resolved(service="casos", instance=instance)


async def states(road: Road) -> list[tuple[int, str, int]]:
    """Return number, state and count of alerts of each incident, the oldest first."""
    found = [(one["number"], one["state"], one["alerts_total"]) for one in await road.incidents()]
    return sorted(found)


async def test_two_instances_of_one_notification_are_two_incidents(by_instance: Road) -> None:
    await by_instance.receive(on("a"), on("b"))

    assert await states(by_instance) == [(1, "triggered", 1), (2, "triggered", 1)]
    assert by_instance.woken() == ["ana", "ana"]


async def test_having_one_of_them_is_not_having_the_other(by_instance: Road) -> None:
    await by_instance.receive(on("a"), on("b"))
    await by_instance.acknowledge(1, "ana")

    await by_instance.pass_time(minutes(15))

    assert by_instance.woken() == ["ana", "ana", "ben"]


async def test_later_notifications_find_the_same_incidents(by_instance: Road) -> None:
    await by_instance.receive(on("a"), on("b"))
    await by_instance.pass_time(minutes(1))

    await by_instance.receive(on("a"), on("a", slo="latency"), over("b"))

    assert await states(by_instance) == [(1, "triggered", 2), (2, "resolved", 1)]


async def test_another_group_about_the_same_labels_joins_the_incident(by_instance: Road) -> None:
    await by_instance.receive(on("a"), groupLabels={"alertname": "DatabaseDown"})

    await by_instance.receive(
        on("a", alertname="DiskFull"), groupLabels={"alertname": "DiskFull"}, groupKey="other"
    )
    await by_instance.receive(on("a", alertname="Slow"), groupLabels={}, groupKey="none")

    assert await states(by_instance) == [(1, "triggered", 3)]
    assert by_instance.woken() == ["ana"]


async def test_what_an_open_incident_holds_stays_with_it_when_the_rule_changes(road: Road) -> None:
    await road.receive(on("a"), on("b"))
    by(road, *BY_INSTANCE)

    await road.receive(on("a"), on("b"))
    await road.receive(over("a"), over("b"))

    assert await states(road) == [(1, "resolved", 2)]
    await road.pass_time(minutes(60))
    again = {"startsAt": "2026-11-24T13:00:00Z"}
    await road.receive(on("a") | again, on("b") | again)
    assert [one[2] for one in await states(road)] == [2, 1, 1]


async def test_alerts_without_the_label_are_one_incident(by_instance: Road) -> None:
    await by_instance.receive(firing(service="casos", pod="x"), firing(service="casos", pod="y"))
    await by_instance.pass_time(minutes(1))
    await by_instance.receive(firing(service="casos", pod="z"), groupLabels={"pod": "z"})

    assert await states(by_instance) == [(1, "triggered", 3)]


async def test_names_of_labels_that_no_alert_has_are_fine(road: Road) -> None:
    await by(road, "nowhere").receive(on("a"), on("b"))

    assert await states(road) == [(1, "triggered", 2)]


async def test_alerts_of_other_routes_stay_in_their_group(by_instance: Road) -> None:
    high = [on(instance, severity="high") for instance in ("a", "b")]

    await by_instance.receive(*high, on("c"))

    assert await states(by_instance) == [(1, "triggered", 2), (2, "triggered", 1)]


async def test_labels_that_make_the_groups_own_key_open_one_incident(road: Road) -> None:
    """Two parts of one notification with one key: opened twice, it would never be applied."""
    by(road, "service")

    await road.receive(on("a"), on("b", severity="high"))

    assert await states(road) == [(1, "triggered", 2)]
    assert await road.metric('guardia_worker_failures_total{step="apply"}') == "0.0"


async def test_environments_are_kept_apart_whatever_the_labels_are(road: Road) -> None:
    await by(road, "service").receive(on("a", environment="dev"), on("a", environment="prod"))

    assert len(await states(road)) == 2


async def test_two_alerts_that_differ_only_in_their_fingerprints_are_one_incident(
    road: Road,
) -> None:
    """No Alertmanager sends such; a second incident of the same key could never be stored."""
    one, other = firing() | {"fingerprint": "aa"}, firing() | {"fingerprint": "bb"}

    await road.receive(one, other, groupLabels={})

    assert len(await road.incidents()) == 1
    assert road.woken() == ["ana"]
