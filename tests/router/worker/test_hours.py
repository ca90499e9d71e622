"""What a route holds outside of its hours, and how it is told when they begin."""

import asyncio
from dataclasses import replace
from datetime import datetime, time, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from guardia.matcher import parse_matcher
from router.address import Address
from router.hours import Hours
from router.oncall.model import Restriction
from router.routing import Route
from router.worker import held
from tests.fakes.webhook import WebhookFake
from tests.router.making import NOON, alert_body, minutes, notification_body
from tests.router.road import BROADCAST, MAILBOX, Fakes, HandClock, Road, firing, open_road

OFFICE = Hours(
    zone=ZoneInfo("UTC"),
    only=(Restriction(weekdays=frozenset(range(5)), since=time(8, 0), to=time(18, 0)),),
)
NIGHT = timedelta(hours=8)  # after noon
MORNING = NOON + timedelta(hours=20)


def route(severity: str, *channels: Address, hours: Hours | None = OFFICE, **more: Any) -> Route:
    return Route(
        name=severity,
        matchers=(parse_matcher(f'severity="{severity}"'),),
        policy=None,
        channels=channels,
        hours=hours,
        **more,
    )


def with_hours(road: Road) -> Road:
    """Medium is told by day: to Slack and by mail. High is told at once, as on every road."""
    road.worker.catalog = replace(
        road.worker.catalog,
        routes=(route("medium", BROADCAST, MAILBOX), *road.worker.catalog.routes),
    )
    return road


@pytest.fixture
async def office(road: Road) -> Road:
    """At noon, within the hours."""
    return with_hours(road)


@pytest.fixture
async def night(office: Road) -> Road:
    await office.pass_time(NIGHT)
    return office


def body(status: str, service: str, severity: str, now: datetime) -> dict[str, Any]:
    alert = alert_body(status, service=service, severity=severity) | {"annotations": {}}
    if status == "resolved":
        return alert | {"endsAt": now.isoformat()}
    return alert | {"startsAt": now.isoformat()}


async def fires(road: Road, service: str, severity: str = "medium") -> None:
    alert = body("firing", service, severity, road.clock.now)
    await road.receive(alert, groupLabels={"service": service})


async def ends(road: Road, service: str, severity: str = "medium") -> None:
    alert = body("resolved", service, severity, road.clock.now)
    await road.receive(alert, groupLabels={"service": service})


async def until_morning(road: Road) -> None:
    road.clock.now = MORNING
    await road.worker.turn()


def posted(road: Road) -> list[str]:
    return [message.text for message in road.fakes.slack.messages]


def mailed(road: Road) -> list[str]:
    return [mail.subject for mail in road.fakes.smtp.mails]


async def notices(road: Road, number: int) -> list[tuple[str, str]]:
    """Return state and detail of an incident's messages to Slack."""
    shown = (await road.show(number))["messages"]
    return [(one["state"], one["detail"] or "") for one in shown if one["channel"] == "slack"]


async def timeline(road: Road, number: int) -> str:
    return "\n".join(row["text"] for row in (await road.show(number))["timeline"])


async def test_within_the_hours_a_channel_is_told_at_once(office: Road) -> None:
    await fires(office, "casos")

    assert len(posted(office)) == len(mailed(office)) == 1


async def test_at_night_nobody_is_told_before_the_morning(night: Road) -> None:
    await fires(night, "casos")
    for _ in range(11):
        await night.pass_time(minutes(60))
        assert posted(night) == mailed(night) == []

    await until_morning(night)

    # One alone is told as it always is.
    assert posted(night) == [
        "#1 medium: DatabaseDown on casos. Firing since 24 Nov 2026 20:00 UTC;"
        " nobody has acknowledged it yet."
    ]
    assert mailed(night) == ["[Guardia] #1 medium: DatabaseDown on casos"]
    assert "slack #operaciones is told at 2026-11-25 08:00 UTC" in await timeline(night, 1)


async def test_over_the_weekend_it_waits_for_monday(road: Road) -> None:
    office = with_hours(road)
    await office.pass_time(timedelta(days=3, hours=7))  # Friday, 19:00
    await fires(office, "casos")
    office.clock.now = NOON + timedelta(days=5, hours=19, minutes=59)  # Monday, 07:59
    await office.worker.turn()
    assert posted(office) == []

    await office.pass_time(minutes(1))

    assert len(posted(office)) == 1


async def test_what_waited_is_one_message_with_what_goes_on_first(night: Road) -> None:
    await fires(night, "login")
    await fires(night, "casos")
    await fires(night, "pagos")
    await night.pass_time(minutes(30))
    await ends(night, "login")

    await until_morning(night)

    assert posted(night) == ["3 incidents outside of hours, 2 still open"]
    assert mailed(night) == ["[Guardia] 3 incidents outside of hours, 2 still open"]
    lines = night.fakes.smtp.mails[0].text.splitlines()
    assert [line[:5] for line in lines if "#" in line] == ["  #2 ", "  #3 ", "  #1 "]
    assert "https://guardia.conecta360.example/ops/incidents/2" in night.fakes.smtp.mails[0].text
    assert await notices(night, 1) == [("dropped", "told with 2 others in the summary of #2")]
    assert "is told with 2 others in the summary of #2" in await timeline(night, 1)
    assert "Summary to slack #operaciones was accepted" in await timeline(night, 1)


async def test_a_summary_tells_how_things_stand_when_it_is_sent(night: Road) -> None:
    await fires(night, "login")
    await fires(night, "casos")
    night.fakes.slack.fail_next(1, status=503)
    await until_morning(night)
    await night.acknowledge(1, "ana")
    await ends(night, "casos")

    await night.pass_time(minutes(1))

    (summary,) = [one for one in night.fakes.slack.messages if one.text.startswith("2 ")]
    shown = "\n".join(str(block) for block in summary.blocks)
    assert summary.text == "2 incidents outside of hours, 1 still open"
    assert "acknowledged by Engineer ana" in shown


async def test_after_the_summary_an_incident_has_a_message_of_its_own(night: Road) -> None:
    await fires(night, "login")
    await fires(night, "casos")
    await until_morning(night)

    await night.acknowledge(1, "ana")
    await night.worker.turn()
    await ends(night, "login")

    summary, own = night.fakes.slack.messages
    assert (summary.edits, own.edits) == (0, 1)
    assert own.text.startswith("#1 resolved: DatabaseDown on login")
    assert mailed(night)[1:] == ["[Guardia] #1 resolved: DatabaseDown on login"]


async def test_what_slack_shows_already_is_edited_at_any_hour_and_no_mail_is_sent(
    office: Road,
) -> None:
    await fires(office, "casos")
    await office.pass_time(NIGHT)

    await ends(office, "casos")

    (message,) = office.fakes.slack.messages
    assert message.text.startswith("#1 resolved")
    assert mailed(office) == ["[Guardia] #1 medium: DatabaseDown on casos"]
    await until_morning(office)
    assert mailed(office)[1:] == ["[Guardia] #1 resolved: DatabaseDown on casos"]


async def test_a_rise_to_a_route_that_tells_at_once_is_told_at_once(night: Road) -> None:
    await fires(night, "casos")
    await fires(night, "pagos")

    await fires(night, "casos", "high")

    assert [text[:8] for text in posted(night)] == ["#1 high:"]
    assert len(mailed(night)) == 1
    await until_morning(night)
    assert [text[:10] for text in posted(night)] == ["#1 high: D", "#2 medium:"]


async def test_what_fell_back_to_milder_at_night_is_not_told_anew_before_morning(
    night: Road,
) -> None:
    await fires(night, "casos")
    await fires(night, "casos", "high")

    await ends(night, "casos", "high")
    await ends(night, "casos")

    assert [message.edits for message in night.fakes.slack.messages] == [2]
    assert len(mailed(night)) == 2  # the rise, and the end of what was told at once


async def test_another_alert_that_is_told_at_once_takes_the_first_one_along(night: Road) -> None:
    """The mailbox was held; there is no rise, and yet it has to know now."""
    night.worker.catalog = replace(
        night.worker.catalog,
        routes=(
            replace(
                route("medium", MAILBOX, hours=None), matchers=(parse_matcher('service="db"'),)
            ),
            *night.worker.catalog.routes,
        ),
    )
    medium = body("firing", "casos", "medium", night.clock.now)
    await night.receive(medium, groupLabels={"x": "y"})
    assert mailed(night) == []

    database = body("firing", "db", "medium", night.clock.now)
    await night.receive(medium, database, groupLabels={"x": "y"})

    assert len(mailed(night)) == 1


async def test_who_is_paged_is_paged_whatever_the_hours_of_channels_are(night: Road) -> None:
    by_day = route("critical", MAILBOX, continues=True)
    night.worker.catalog = replace(
        night.worker.catalog, routes=(by_day, *night.worker.catalog.routes)
    )

    await fires(night, "casos", "critical")

    assert night.woken() == ["ana"]
    assert len(posted(night)) == 1
    assert mailed(night) == []


async def test_a_step_at_night_edits_the_notice_and_writes_no_reply(road: Road) -> None:
    by_day = route("critical", BROADCAST, continues=True)
    wakes = next(one for one in road.worker.catalog.routes if one.policy is not None)
    road.worker.catalog = replace(
        road.worker.catalog,
        routes=(by_day, replace(wakes, channels=()), *road.worker.catalog.routes),
    )
    await road.pass_time(timedelta(hours=5, minutes=55))  # 17:55
    await fires(road, "casos", "critical")

    await road.pass_time(minutes(15))

    (message,) = road.fakes.slack.messages  # a reply would be another
    assert road.woken() == ["ana", "ben"]
    assert message.edits == 1


async def test_a_receiver_of_ones_own_is_not_posted_to_at_night(
    office: Road, secrets_dir: Path
) -> None:
    """Each of its posts disturbs, unlike an edit."""
    bridge = Address(channel="webhook", address="bridge")
    office.worker.catalog = replace(
        office.worker.catalog, routes=(route("medium", bridge), *office.worker.catalog.routes)
    )
    with WebhookFake(key="k" * 32, now=office.clock).serving() as receiver:
        (secrets_dir / "webhook-bridge").write_text("k" * 32)
        (secrets_dir / "webhook-bridge.url").write_text(f"{receiver.url}/hook")
        for service in ("casos", "pagos"):
            await fires(office, service)
        await office.pass_time(NIGHT)

        for service in ("casos", "pagos"):
            await ends(office, service)
        assert [body["kind"] for body in receiver.taken] == ["notice", "notice"]
        await until_morning(office)

        summary = receiver.taken[-1]
        assert (summary["kind"], len(receiver.taken)) == ("summary", 3)
        assert [one["state"] for one in summary["incidents"]] == ["resolved", "resolved"]


async def test_many_are_one_message_and_counted(night: Road) -> None:
    for number in range(60):
        await fires(night, f"service-{number}")

    await until_morning(night)

    assert posted(night) == ["60 incidents outside of hours, 60 still open"]
    assert "+ 40 more" in night.fakes.smtp.mails[0].text


async def test_another_night_has_a_summary_of_its_own(night: Road) -> None:
    for service in ("casos", "pagos"):
        await fires(night, service)
    await until_morning(night)
    night.clock.now = MORNING + timedelta(hours=12)
    await night.worker.turn()
    for service in ("casos", "pagos"):
        await ends(night, service)
    assert len(posted(night)) == 1

    night.clock.now = MORNING + timedelta(days=1)
    await night.worker.turn()

    assert posted(night)[1:] == ["2 incidents outside of hours, all over"]
    assert len(mailed(night)) == 2


async def test_a_summary_that_is_given_up_is_told_in_each_timeline(night: Road) -> None:
    await fires(night, "casos")
    await fires(night, "pagos")
    night.fakes.slack.fail_next(1, status=200, body={"ok": False, "error": "is_archived"})

    await until_morning(night)

    for number in (1, 2):
        told = "Summary to slack #operaciones failed, given up: Slack answered 200: is_archived"
        assert told in await timeline(night, number)
    await night.acknowledge(1, "ana")
    await night.worker.turn()
    assert [text[:10] for text in posted(night)] == ["#1 medium,"]


async def test_it_is_known_beforehand_when_the_next_message_goes_out(night: Road) -> None:
    await night.post(
        notification_body(
            body("firing", "casos", "medium", night.clock.now), groupLabels={"a": "b"}
        )
    )

    await night.worker.turn()

    assert await night.worker.next_due() == MORNING


async def test_waiting_for_the_morning_is_not_overdue(night: Road) -> None:
    await fires(night, "casos")
    await night.pass_time(timedelta(hours=6))

    assert await night.metric('guardia_overdue_seconds{queue="messages"}') == "0.0"
    assert await night.metric('guardia_waiting{queue="messages"}') == "2.0"


async def test_a_held_notice_is_not_too_old_when_its_hours_begin(road: Road) -> None:
    """Over a long weekend it waits for more than a day, after which others are given up."""
    office = with_hours(road)
    await office.pass_time(timedelta(days=3, hours=7))
    await fires(office, "casos")
    office.fakes.slack.fail_next(1, status=503)
    office.clock.now = MORNING + timedelta(days=5)  # Monday
    await office.worker.turn()

    await office.pass_time(minutes(1))

    assert len(posted(office)) == 1


async def test_dying_before_the_morning_loses_nothing(
    secrets_dir: Path, database_url: str, fakes: Fakes, clock: HandClock
) -> None:
    async with open_road(secrets_dir, database_url, fakes, clock) as road:
        night = with_hours(road)
        await night.pass_time(NIGHT)
        for service in ("casos", "pagos"):
            await fires(night, service)

    async with open_road(secrets_dir, database_url, fakes, clock) as restarted:
        await until_morning(with_hours(restarted))

        assert posted(restarted) == ["2 incidents outside of hours, 2 still open"]


async def test_dying_before_the_summary_is_sent_loses_nothing(
    secrets_dir: Path, database_url: str, fakes: Fakes, clock: HandClock
) -> None:
    async with open_road(secrets_dir, database_url, fakes, clock) as road:
        night = with_hours(road)
        await night.pass_time(NIGHT)
        for service in ("casos", "pagos"):
            await fires(night, service)
        clock.now = MORNING
        await night.worker.decide()
        assert posted(night) == []

    async with open_road(secrets_dir, database_url, fakes, clock) as restarted:
        await with_hours(restarted).worker.turn()

        assert posted(restarted) == ["2 incidents outside of hours, 2 still open"]
        assert len(mailed(restarted)) == 1


async def test_dying_within_the_gathering_leaves_all_of_it_held(
    night: Road, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The summary and what it carries are one transaction: all or nothing."""
    for service in ("casos", "pagos"):
        await fires(night, service)

    def die(*_arguments: object, **_named: object) -> None:
        raise RuntimeError("dies before what is carried is ended")

    with monkeypatch.context() as dying:
        dying.setattr(held, "record_carried", die)
        await until_morning(night)
    assert posted(night) == []
    assert [state for state, _ in await notices(night, 1)] == ["pending"]
    failed = 'guardia_worker_failures_total{step="tell_held"}'
    assert await night.metric(failed) == "2.0"  # Slack and the mailbox

    await night.pass_time(minutes(1))

    assert posted(night) == ["2 incidents outside of hours, 2 still open"]
    assert len(mailed(night)) == 1


async def test_two_replicas_tell_one_summary(
    secrets_dir: Path, database_url: str, fakes: Fakes, clock: HandClock
) -> None:
    if database_url.startswith("sqlite"):
        pytest.skip("one process a file")
    async with (
        open_road(secrets_dir, database_url, fakes, clock, name="replica-1") as first,
        open_road(secrets_dir, database_url, fakes, clock, name="replica-2") as second,
    ):
        one, other = with_hours(first), with_hours(second)
        await one.pass_time(NIGHT)
        for service in ("casos", "pagos"):
            await fires(one, service)

        clock.now = MORNING
        await asyncio.gather(one.worker.turn(), other.worker.turn())

        assert posted(one) == ["2 incidents outside of hours, 2 still open"]
        assert len(mailed(one)) == 1


async def test_hours_that_the_catalog_drops_end_with_the_next_change(night: Road) -> None:
    await fires(night, "casos")
    night.worker.catalog = replace(
        night.worker.catalog,
        routes=(route("medium", BROADCAST, hours=None), *night.worker.catalog.routes[1:]),
    )

    await night.acknowledge(1, "ana")
    await night.worker.turn()

    assert [text[:24] for text in posted(night)] == ["#1 medium, acknowledged:"]


async def test_critical_of_another_route_is_not_held_by_medium(night: Road) -> None:
    await night.receive(firing(service="casos"))

    assert night.woken() == ["ana"]
    assert len(posted(night)) == 1


async def test_a_summary_whose_incidents_another_one_tells_by_now_tells_its_own(
    night: Road,
) -> None:
    """A day on which Slack takes nothing, and no message is given up yet."""
    for service in ("casos", "pagos"):
        await fires(night, service)
    night.fakes.slack.fail_next(None, status=503)
    await until_morning(night)
    night.clock.now = MORNING + timedelta(hours=12)
    await night.worker.turn()
    for service in ("casos", "pagos"):
        await ends(night, service)
    night.clock.now = MORNING + timedelta(hours=23, minutes=59)
    await night.worker.turn()
    night.fakes.slack.heal()

    for _ in range(3):
        await night.pass_time(minutes(1))

    assert sorted(posted(night)) == [
        "1 incident outside of hours, all over",
        "2 incidents outside of hours, all over",
    ]
