"""From a notification to people and back: what each provider received."""

from dataclasses import replace
from pathlib import Path

from router.address import Address
from router.oncall.model import PersonId
from tests.databases import sqlite_database
from tests.router.making import minutes
from tests.router.road import Fakes, HandClock, Road, firing, open_road, resolved


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


async def test_what_fires_again_long_after_the_end_is_a_new_incident(road: Road) -> None:
    await road.receive(firing())
    await road.receive(resolved())
    again = firing() | {"startsAt": "2026-11-24T13:00:00Z"}

    await road.pass_time(minutes(60))
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


async def test_the_slack_message_follows_the_escalation(road: Road) -> None:
    """Whoever reads the channel sees who was woken, and who is next if nobody answers."""
    await road.receive(firing())
    message = road.fakes.slack.messages[0]
    assert "Paged: Engineer ana. Next: Engineer ben at 24 Nov 2026 12:15 UTC" in str(message.blocks)

    await road.pass_time(minutes(15))
    message, second = road.fakes.slack.messages
    assert "Paged: Engineer ana, Engineer ben. Next: Engineer ana, Engineer ben at" in str(
        message.blocks
    )
    assert second.thread_ts == message.ts
    assert "Step 2 of policy plataforma names Engineer ben." in second.text

    await road.pass_time(minutes(15))
    assert "Nobody is left to page." in str(road.fakes.slack.messages[0].blocks)
    assert [one.thread_ts for one in road.fakes.slack.messages[1:]] == [message.ts] * 2
    assert "nobody is left to page" in road.fakes.slack.messages[2].text


async def test_a_page_as_a_direct_message_says_in_place_who_has_it(road: Road) -> None:
    """Whoever was woken first must not read, an hour later, that nobody has it."""
    ana = replace(
        road.worker.catalog.roster.people[PersonId("ana")],
        addresses=(Address(channel="slack", address="U0ANA"),),
    )
    people = {**road.worker.catalog.roster.people, ana.id: ana}
    everybody = replace(road.worker.catalog.roster, people=people)
    road.worker.catalog = replace(road.worker.catalog, roster=everybody)

    await road.receive(firing())
    direct = [one for one in road.fakes.slack.messages if one.channel.id == "D0ANA"]
    assert len(direct) == 1
    assert "Why you: Step 1 of policy plataforma names Engineer ana." in str(direct[0].blocks)

    await road.acknowledge(1, "Engineer ben")
    await road.worker.turn()
    await road.receive(resolved())

    (direct_now,) = (one for one in road.fakes.slack.messages if one.channel.id == "D0ANA")
    told = [version.text for version in direct_now.versions]
    assert ["critical, acknowledged:" in text for text in told] == [False, True, False]
    assert "resolved" in told[2]


async def test_every_message_links_to_the_incident_at_the_one_external_address(road: Road) -> None:
    await road.receive(firing())
    await road.receive(firing(severity="high", service="pagos"), groupLabels={"service": "pagos"})

    first = "https://guardia.conecta360.example/ops/incidents/1"
    assert road.fakes.pagerduty.accepted[0].event["client_url"] == f"{first}#1.1/ana"
    assert f"<{first}|Incident>" in str(road.fakes.slack.messages[0].blocks)
    assert "Incident: https://guardia.conecta360.example/ops/incidents/2" in (
        road.fakes.smtp.mails[0].text
    )


async def test_a_template_that_fails_is_counted_and_the_page_goes_out_in_our_words(
    secrets_dir: Path, fakes: Fakes, clock: HandClock, tmp_path: Path
) -> None:
    (secrets_dir / "templates" / "pagerduty.txt").write_text("{{ label.no_such_label }}")
    (secrets_dir / "templates" / "slack.txt").write_text("Own: {{ title }}")
    async with open_road(secrets_dir, sqlite_database(tmp_path), fakes, clock) as road:
        await road.receive(firing())

        assert fakes.pagerduty.pages[0].summary == "#1 critical: The database is down"
        assert "Own: The database is down" in str(fakes.slack.messages[0].blocks)
        failures = "guardia_template_failures_total{template="
        assert await road.metric(failures + '"pagerduty.txt"}') == "1.0"
        assert await road.metric(failures + '"slack.txt"}') == "0.0"
