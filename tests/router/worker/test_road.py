"""From a notification to people and back: what each provider received."""

from dataclasses import replace

from tests.router.making import minutes
from tests.router.road import Road, firing, resolved


async def test_a_critical_alert_wakes_the_first_person_at_once(road: Road) -> None:
    await road.receive(firing())

    assert road.woken() == ["ana"]
    page = road.fakes.pagerduty.pages[0]
    assert page.dedup_key == "test/1/1.1/ana"
    assert page.severity == "critical"
    assert [message.channel.name for message in road.fakes.slack.messages] == ["operaciones"]


async def test_without_an_answer_the_next_person_is_woken_and_then_the_last_resort(
    road: Road,
) -> None:
    await road.receive(firing())
    await road.pass_time(minutes(14))
    assert road.woken() == ["ana"]

    await road.pass_time(minutes(1))
    assert road.woken() == ["ana", "ben"]

    await road.pass_time(minutes(15))
    assert sorted(road.woken()[2:]) == ["ana", "ben"]  # at once, in any order
    assert len({page.dedup_key for page in road.fakes.pagerduty.pages}) == 4

    await road.pass_time(minutes(600))
    assert len(road.woken()) == 4


async def test_an_acknowledgement_stops_the_escalation_and_reaches_pagerduty(road: Road) -> None:
    await road.receive(firing())

    answer = await road.acknowledge(1, "Engineer ana")
    await road.pass_time(minutes(60))

    assert answer.json()["state"] == "acknowledged"
    assert answer.json()["acknowledged_by"] == "Engineer ana"
    assert road.woken() == ["ana"]
    alert = road.fakes.pagerduty.alert_of("ana", "test/1/1.1/ana")
    assert alert is not None
    assert alert.state == "acknowledged"


async def test_an_acknowledgement_after_two_pages_reaches_both(road: Road) -> None:
    await road.receive(firing())
    await road.pass_time(minutes(15))

    await road.acknowledge(1, "Engineer ben")
    await road.worker.turn()

    assert {alert.person: alert.state for alert in road.fakes.pagerduty.alerts} == {
        "ana": "acknowledged",
        "ben": "acknowledged",
    }


async def test_a_resolve_ends_everything_everywhere(road: Road) -> None:
    await road.receive(firing())
    await road.acknowledge(1, "Engineer ana")
    await road.worker.turn()

    road.clock.advance(minutes(30))
    await road.receive(resolved())
    await road.pass_time(minutes(60))

    assert (await road.show(1))["state"] == "resolved"
    assert [alert.state for alert in road.fakes.pagerduty.alerts] == ["resolved"]
    assert road.woken() == ["ana"]
    assert road.fakes.pagerduty.dropped == ()
    assert len(road.fakes.slack.messages) == 1
    assert "resolved" in road.fakes.slack.messages[0].text.lower()


async def test_a_slack_notice_is_edited_in_place(road: Road) -> None:
    await road.receive(firing())
    await road.acknowledge(1, "Engineer ana")
    await road.worker.turn()

    message = road.fakes.slack.messages[0]
    assert message.edits >= 1
    assert "Engineer ana" in str(message.blocks)


async def test_high_informs_by_mail_and_slack_and_wakes_nobody(road: Road) -> None:
    await road.receive(firing(severity="high"))
    await road.pass_time(minutes(60))
    await road.receive(resolved(severity="high"))

    assert road.woken() == []
    assert [mail.recipients for mail in road.fakes.smtp.mails] == [
        ("operaciones@conecta360.example",),
        ("operaciones@conecta360.example",),
    ]
    assert len({mail.message["Message-ID"] for mail in road.fakes.smtp.mails}) == 2
    assert len(road.fakes.slack.messages) == 1


async def test_a_rise_to_critical_wakes_and_keeps_the_channels(road: Road) -> None:
    await road.receive(firing(severity="high"))
    assert road.woken() == []

    await road.receive(firing(severity="high"), firing(severity="critical"))

    assert road.woken() == ["ana"]
    assert len(await road.incidents()) == 1
    assert len(road.fakes.smtp.mails) == 2


async def test_a_rise_after_an_acknowledgement_wakes_again_under_a_new_key(road: Road) -> None:
    """The old key would join the alert that PagerDuty holds as acknowledged, and wake nobody."""
    critical, *others = road.worker.catalog.routes
    every = replace(critical, name="every", matchers=())
    road.worker.catalog = replace(road.worker.catalog, routes=(critical, every, *others))
    await road.receive(firing(severity="high"))
    await road.acknowledge(1, "Engineer ana")
    await road.worker.turn()

    await road.receive(firing(severity="high"), firing(severity="critical"))

    keys = [page.dedup_key for page in road.fakes.pagerduty.pages]
    assert keys == ["test/1/1.1/ana", "test/1/1.2/ana"]


async def test_a_rise_does_not_send_a_running_escalation_back_to_its_first_step(
    road: Road,
) -> None:
    critical, *others = road.worker.catalog.routes
    every = replace(critical, name="every", matchers=())
    road.worker.catalog = replace(road.worker.catalog, routes=(critical, every, *others))
    await road.receive(firing(severity="high"))
    await road.pass_time(minutes(15))

    await road.receive(firing(severity="high"), firing(severity="critical"))

    assert road.woken() == ["ana", "ben"]


async def test_alerts_of_two_incidents_in_one_notification_each_stay_with_theirs(
    road: Road,
) -> None:
    """As after an edit of Alertmanager's grouping."""
    await road.receive(firing(instance="a"), groupLabels={"instance": "a"})
    await road.receive(firing(instance="b"), groupLabels={"instance": "b"})

    await road.receive(
        firing(instance="a"),
        resolved(instance="b"),
        firing(instance="c"),
        groupLabels={"service": "casos"},
    )

    assert [
        (one["number"], one["state"], one["alerts_total"]) for one in await road.incidents()
    ] == [
        (2, "resolved", 1),
        (1, "triggered", 2),
    ]


async def test_an_unknown_severity_takes_the_default_route(road: Road) -> None:
    await road.receive(firing(severity="page"))

    assert [mail.recipients for mail in road.fakes.smtp.mails] == [
        ("operaciones@conecta360.example",)
    ]
    assert "default" in str((await road.show(1))["timeline"])


async def test_what_fires_again_after_the_end_is_a_new_incident(road: Road) -> None:
    await road.receive(firing())
    await road.receive(resolved())
    again = firing() | {"startsAt": "2026-11-24T13:00:00Z"}

    await road.receive(again)

    assert [one["state"] for one in await road.incidents()] == ["triggered", "resolved"]
    assert road.woken() == ["ana", "ana"]


async def test_resolve_before_fire_is_recorded_and_not_paged(road: Road) -> None:
    await road.receive(resolved())

    assert [one["state"] for one in await road.incidents()] == ["resolved"]
    assert road.fakes.pagerduty.calls == ()
    assert road.fakes.slack.calls == ()


async def test_the_api_explains_the_page_and_what_comes_next(road: Road) -> None:
    await road.receive(firing())

    shown = await road.show(1)

    page = next(one for one in shown["messages"] if one["kind"] == "page")
    assert page["state"] == "sent"
    assert "Step 1 of policy plataforma" in page["because"]
    assert shown["escalation"] == {
        "policy": "plataforma",
        "catalog_version": "edition-1",
        "round": 1,
        "next_step": "2",
        "due_at": "2026-11-24T12:15:00+00:00",
    }
    kinds = [row["kind"] for row in shown["timeline"]]
    assert kinds[0] == "opened"
    assert {"routed", "paged", "message_sent"} <= set(kinds)
