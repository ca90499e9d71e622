"""`escalated_by: pagerduty`: one trigger to the team's key, and PagerDuty escalates from there."""

from dataclasses import replace
from datetime import timedelta

import pytest

from guardia.cli.incident_text import render_incident
from guardia.cli.replay_text import render_replay
from router.catalog.delegated import delegated_policy, list_delegated, list_services
from router.replay import replay, replay_as_json
from router.routing import PolicyId
from tests.fakes.pagerduty_webhooks import Subscription
from tests.router.making import NOON, minutes, notification_body
from tests.router.road import Road, firing, resolved

SERVICE = "pagerduty:plataforma"


@pytest.fixture
def delegating(road: Road) -> Road:
    """Return a road whose critical alerts are left to the service of `plataforma`."""
    catalog = road.worker.catalog
    routes = tuple(
        replace(route, policy=delegated_policy("plataforma")) if route.policy else route
        for route in catalog.routes
    )
    delegated = list_delegated(routes)
    services = {one.id: one for one in list_services(delegated)}
    road.worker.catalog = replace(
        catalog,
        routes=routes,
        policies={**catalog.policies, **{one.id: one for one in delegated}},
        roster=replace(catalog.roster, people=catalog.roster.people | services),
        names={**catalog.names, **{one.id: one.name for one in services.values()}},
    )
    return road


def triggers(road: Road) -> list[tuple[str, str]]:
    """Return whose keys were triggered, and how PagerDuty knows each of them."""
    events = road.fakes.pagerduty.accepted
    return [(one.person, one.dedup_key) for one in events if one.action == "trigger"]


async def test_a_critical_alert_is_one_trigger_to_the_teams_key_and_no_more(
    delegating: Road,
) -> None:
    await delegating.receive(firing())
    for _ in range(12):
        await delegating.pass_time(minutes(10))
        await delegating.receive(firing())

    assert triggers(delegating) == [("plataforma", f"test/1/last.1/{SERVICE}")]


async def test_acknowledge_and_resolve_go_to_the_teams_key(delegating: Road) -> None:
    await delegating.receive(firing())
    await delegating.acknowledge(1, "Engineer ana")
    await delegating.worker.turn()

    alert = delegating.fakes.pagerduty.alert_of("plataforma", f"test/1/last.1/{SERVICE}")
    assert alert is not None
    assert alert.state == "acknowledged"

    await delegating.receive(resolved())

    alert = delegating.fakes.pagerduty.alert_of("plataforma", f"test/1/last.1/{SERVICE}")
    assert alert is not None
    assert alert.state == "resolved"
    assert len(triggers(delegating)) == 1


async def test_everybody_reads_who_has_it_and_nobody_that_nobody_is_left(delegating: Road) -> None:
    await delegating.receive(firing())

    shown = await delegating.show(1)
    page, ended = (row for row in shown["timeline"] if row["kind"] in ("paged", "escalation_ended"))
    assert page["text"] == (
        "Page to PagerDuty service plataforma by pagerduty:"
        " The escalation is left to PagerDuty service plataforma."
    )
    assert ended["text"] == "PagerDuty escalates it from here."
    assert (
        shown["next"]["text"]
        == "It is left to PagerDuty, which escalates it: nobody else is paged."
    )
    notice = str(delegating.fakes.slack.messages[0].blocks)
    assert "Paged: PagerDuty service plataforma. PagerDuty escalates it from here." in notice
    told = notice + str(shown) + str(delegating.fakes.pagerduty.accepted)
    assert "obody is left" not in told
    assert "ast resort" not in told


async def test_the_commands_name_the_service_and_no_policy(delegating: Road) -> None:
    catalog = delegating.worker.catalog
    found = replay(notification_body(firing()), catalog, now=NOON)
    told = render_replay(replay_as_json(found, catalog, now=NOON))
    await delegating.receive(firing())

    shown = render_incident(await delegating.show(1))

    assert "PagerDuty service plataforma, as edition edition-1 of the catalog has it." in shown
    assert "It is left to PagerDuty, which escalates it: nobody else is paged." in shown
    assert "PagerDuty service plataforma, unless somebody acknowledges:" in told
    assert "olicy pagerduty:" not in shown + told


async def test_what_comes_next_says_who_is_paged_before_it_is(delegating: Road) -> None:
    delegating.fakes.pagerduty.fail_next(1, status=503)

    await delegating.receive(firing())

    assert "PagerDuty service plataforma" in str(await delegating.show(1))
    await delegating.pass_time(minutes(2))
    assert len(triggers(delegating)) == 1


async def test_an_acknowledge_by_the_teams_person_in_pagerduty_is_one_here(
    delegating: Road,
) -> None:
    (delegating.settings.secrets_dir / "pagerduty-webhook").write_text("whsec")
    subscription = Subscription(now=delegating.clock)
    await delegating.receive(firing())
    (page,) = delegating.fakes.pagerduty.accepted

    for told in (
        subscription.tell(page, "incident.triggered"),
        subscription.tell(page, "incident.acknowledged", by="Cy"),
    ):
        answer = await delegating.client.post(
            "/webhook/pagerduty", content=told.body, headers=told.headers
        )
        assert answer.status_code == 202
    await delegating.worker.turn()

    assert (await delegating.show(1))["acknowledged_by"] == "Cy (PagerDuty)"
    assert "Acknowledged by Cy (PagerDuty)" in str(delegating.fakes.slack.messages[0].blocks)


async def test_what_fires_again_after_its_end_is_a_new_trigger(delegating: Road) -> None:
    await delegating.receive(firing())
    await delegating.receive(resolved())
    await delegating.pass_time(minutes(5))
    await delegating.receive(firing() | {"startsAt": "2026-11-24T12:05:00Z"})

    keys = [key for _, key in triggers(delegating)]
    assert keys == [f"test/1/last.1/{SERVICE}", f"test/1/last.2/{SERVICE}"]


async def test_what_pagerduty_does_not_accept_goes_to_the_default_routes_policy(
    delegating: Road,
) -> None:
    """A wrong key, or an outage of more than half a minute: somebody has to be woken (G7)."""
    catalog = delegating.worker.catalog
    *routes, default = catalog.routes
    waking = replace(default, policy=PolicyId("plataforma"))
    delegating.worker.catalog = replace(catalog, routes=(*routes, waking))
    delegating.fakes.pagerduty.fail_next(1, status=401)

    await delegating.receive(firing())
    await delegating.worker.turn()

    assert delegating.woken() == ["ana"]
    rows = (await delegating.show(1))["timeline"]
    assert any("PagerDuty has not accepted it" in row["text"] for row in rows)
    await delegating.pass_time(minutes(15))
    assert "ben" in delegating.woken()
    assert ("plataforma", f"test/1/last.1/{SERVICE}") in triggers(delegating)


async def test_whom_it_was_given_to_and_cannot_be_reached_is_followed_by_the_service(
    delegating: Road,
) -> None:
    """Not by the default route, which leads to people who have nothing to do with it."""
    catalog = delegating.worker.catalog
    *routes, default = catalog.routes
    waking = replace(default, policy=PolicyId("plataforma"))
    delegating.worker.catalog = replace(catalog, routes=(*routes, waking))
    await delegating.receive(firing())

    delegating.fakes.pagerduty.fail_next(1, status=401)  # a wrong key of Ben's
    with delegating.fakes.smtp.refusing_connections():
        given = {"by": "Engineer ana", "person": "ben"}
        await delegating.api("POST", "/api/incidents/1/reassign", json=given)
        for _ in range(5):
            await delegating.pass_time(timedelta(seconds=15))

    first, *others = delegating.woken()
    assert first == "plataforma"
    assert sorted(others) == ["ben", "plataforma"]  # whose page is tried on, and taken in the end
    rows = (await delegating.show(1))["timeline"]
    assert not [row for row in rows if "PagerDuty has not accepted it" in row["text"]]


async def test_where_the_service_fails_after_whom_it_was_given_to_the_default_route_begins(
    delegating: Road,
) -> None:
    catalog = delegating.worker.catalog
    *routes, default = catalog.routes
    waking = replace(default, policy=PolicyId("plataforma"))
    delegating.worker.catalog = replace(catalog, routes=(*routes, waking))
    await delegating.receive(firing())
    given = {"by": "Engineer ana", "person": "ben"}
    await delegating.api("POST", "/api/incidents/1/reassign", json=given)
    await delegating.worker.turn()
    assert delegating.woken() == ["plataforma", "ben"]

    delegating.fakes.pagerduty.fail_next(1, status=401)
    await delegating.pass_time(minutes(15))
    await delegating.worker.turn()

    assert delegating.woken()[2:] == ["ana"]
    for _ in range(4):
        await delegating.pass_time(minutes(1))
    assert delegating.woken().count("ana") == 1


async def test_without_such_a_policy_the_trigger_is_tried_on(delegating: Road) -> None:
    delegating.fakes.pagerduty.fail_next(3, status=503)

    await delegating.receive(firing())
    for _ in range(6):
        await delegating.pass_time(minutes(1))

    assert triggers(delegating) == [("plataforma", f"test/1/last.1/{SERVICE}")]
