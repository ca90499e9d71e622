"""What a provider takes in a while, and that who is slow, limited or broken delays no other."""

import asyncio
from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path
from typing import Any, Self

import pytest
from sqlalchemy import update

from router.address import Address
from router.channels import slack
from router.channels.outcome import Outcome, Sent
from router.channels.registry import REGISTERED
from router.channels.smtp import Email
from router.message.model import MessageContext
from router.settings import Settings
from router.store.tables import timers
from router.worker.slots import ADDRESS_SLOTS, CHANNEL_SLOTS, Slots
from tests.databases import sqlite_database
from tests.router.making import minutes, notification_body
from tests.router.road import Fakes, HandClock, Road, firing, open_road, resolved

SECOND = timedelta(seconds=1)
AT_ONCE = slack.RATE.burst - slack.RATE.spared


async def receive_many(road: Road, count: int, **labels: str) -> None:
    """Take notifications of as many incidents, and decide; nothing is sent yet."""
    for number in range(count):
        name = f"service-{number}"
        alert = firing(service=name, **labels)
        await road.post(notification_body(alert, groupLabels={"service": name}, groupKey=name))
    while await road.worker.decide():
        pass


async def messages(road: Road, number: int, channel: str) -> list[dict[str, Any]]:
    return [one for one in (await road.show(number))["messages"] if one["channel"] == channel]


# Rates


async def test_a_storm_reaches_a_channel_at_the_pace_it_takes_and_nothing_is_overdue(
    road: Road,
) -> None:
    await receive_many(road, AT_ONCE + 3, severity="high")
    await road.worker.turn()
    assert len(road.fakes.slack.messages) == AT_ONCE
    assert len(road.fakes.smtp.mails) == AT_ONCE + 3, "another channel does not wait"
    assert await road.metric('guardia_overdue_seconds{queue="messages"}') == "0.0"

    counts: list[int] = []
    for _ in range(4):
        await road.worker.turn()
        assert await road.worker.next_due() is None or len(counts) < 3
        await road.pass_time(SECOND)
        counts.append(len(road.fakes.slack.messages))

    assert counts == [AT_ONCE + 1, AT_ONCE + 2, AT_ONCE + 3, AT_ONCE + 3]
    last = await messages(road, AT_ONCE + 3, "slack")
    assert [(one["state"], one["attempts"]) for one in last] == [("sent", 1)], "waiting is no try"


async def test_the_worker_knows_when_the_next_may_be_sent(road: Road) -> None:
    await receive_many(road, AT_ONCE + 1, severity="high")

    await road.worker.turn()
    assert await road.worker.next_due() == road.clock.now + SECOND


async def test_what_changes_while_a_notice_waits_is_told_by_the_one_message(road: Road) -> None:
    await receive_many(road, AT_ONCE + 1, severity="high")
    await road.worker.turn()

    number = AT_ONCE + 1
    await road.acknowledge(number, "Engineer ana")
    await road.worker.turn()
    await road.pass_time(SECOND)

    last = road.fakes.slack.messages[-1]
    assert (len(road.fakes.slack.messages), last.edits) == (number, 0)
    assert "acknowledged" in last.text


async def test_a_refusal_for_the_rate_spares_the_other_messages_of_that_address(
    road: Road,
) -> None:
    road.fakes.slack.limit_next(retry_after_seconds=45)
    await road.receive(firing(severity="high"))

    await road.pass_time(10 * SECOND)
    other = firing(severity="high", service="pagos")
    await road.receive(other, groupLabels={"service": "pagos"})
    await road.pass_time(34 * SECOND)
    assert len(road.fakes.slack.calls) == 1

    await road.pass_time(SECOND)
    assert {len(road.fakes.slack.messages), len(road.fakes.slack.calls) - 1} == {2}
    assert [one["attempts"] for one in await messages(road, 2, "slack")] == [1]


async def test_a_page_that_may_not_be_sent_yet_goes_to_the_next_address_in_time(
    road: Road,
) -> None:
    road.fakes.pagerduty.fail_next(None, status=429, headers={"Retry-After": "3600"})
    await road.receive(firing())
    await road.pass_time(5 * SECOND)
    await road.receive(firing(service="pagos"), groupLabels={"service": "pagos"})
    assert len(road.fakes.pagerduty.calls) == 1

    for _ in range(30):
        await road.pass_time(SECOND)

    waited = [one for one in await messages(road, 2, "pagerduty") if one["kind"] == "page"]
    assert [one["attempts"] for one in waited] == [0]
    assert [one["kind"] for one in await messages(road, 2, "email")] == ["page"]
    road.fakes.pagerduty.heal()
    await road.pass_time(minutes(1))
    assert road.woken() == ["ana", "ana"]


# Who hangs


class StuckEmail(Email):
    """A mail server that answers when the test lets it."""

    def __init__(self) -> None:
        self.answers = asyncio.Event()
        self.crowded = asyncio.Event()
        self.under_way = 0

    @classmethod
    def open(cls, settings: Settings) -> Self:
        return cls()

    async def attempt(self, context: MessageContext) -> Outcome:
        self.under_way += 1
        if self.under_way == ADDRESS_SLOTS:
            self.crowded.set()
        await self.answers.wait()
        return Sent()


@pytest.fixture
def stuck(monkeypatch: pytest.MonkeyPatch) -> StuckEmail:
    channel = StuckEmail()
    monkeypatch.setitem(REGISTERED, "email", lambda _settings: channel)
    return channel


@pytest.fixture
async def stuck_road(
    stuck: StuckEmail, secrets_dir: Path, fakes: Fakes, clock: HandClock, tmp_path: Path
) -> AsyncIterator[Road]:
    async with open_road(secrets_dir, sqlite_database(tmp_path), fakes, clock) as road:
        yield road


async def test_an_address_that_hangs_takes_no_slot_of_another(
    stuck: StuckEmail, stuck_road: Road
) -> None:
    await receive_many(stuck_road, 20, severity="unknown to us")
    await stuck_road.post(notification_body(firing(severity="high", service="pagos")))
    while await stuck_road.worker.decide():
        pass

    turn = asyncio.create_task(stuck_road.worker.turn())
    slack_fake = stuck_road.fakes.slack
    await asyncio.to_thread(slack_fake.wait_for, lambda fake: len(fake.messages) == 1)
    await asyncio.wait_for(stuck.crowded.wait(), 60)

    assert stuck.under_way == ADDRESS_SLOTS
    stuck.answers.set()
    await turn
    assert stuck.under_way == 21


def test_an_address_has_some_slots_and_its_channel_has_more() -> None:
    slots = Slots()
    ana = Address(channel="email", address="ana")

    assert [slots.take(ana) for _ in range(ADDRESS_SLOTS + 1)] == [True] * ADDRESS_SLOTS + [False]
    assert slots.full().addresses == {ana}
    assert slots.take(Address(channel="email", address="ben"))
    planned = slots.copy()
    planned.free(ana)
    assert planned.take(ana)
    assert not slots.take(ana)


def test_a_channel_that_is_full_leaves_the_others_theirs() -> None:
    slots = Slots()
    people = (Address(channel="email", address=str(number)) for number in range(99))
    assert sum(slots.take(person) for person in people) == CHANNEL_SLOTS
    assert slots.full().channels == {"email"}
    assert slots.take(Address(channel="slack", address="#operaciones"))


# What is broken


class BrokenEmail(StuckEmail):
    async def attempt(self, context: MessageContext) -> Outcome:
        raise RuntimeError("an error of ours")


async def test_a_channel_that_raises_forever_is_seen_and_delays_no_other(
    monkeypatch: pytest.MonkeyPatch,
    secrets_dir: Path,
    fakes: Fakes,
    clock: HandClock,
    tmp_path: Path,
) -> None:
    monkeypatch.setitem(REGISTERED, "email", lambda _settings: BrokenEmail())
    async with open_road(secrets_dir, sqlite_database(tmp_path), fakes, clock) as road:
        await road.receive(firing(severity="high"))
        for _ in range(3):
            await road.pass_time(minutes(1))

        assert len(fakes.slack.messages) == 1
        row = 'guardia_message_attempts_total{channel="email",kind="notice",outcome="internal"}'
        assert await road.metric(row) == "4.0"
        (mail,) = await messages(road, 1, "email")
        assert (mail["state"], mail["reason"], mail["attempts"]) == ("pending", "internal", 4)
        assert "unforeseen RuntimeError" in str((await road.show(1))["timeline"])


async def test_an_incident_that_cannot_be_read_holds_up_no_page_of_another(road: Road) -> None:
    await receive_many(road, 2)
    broken = update(timers).where(timers.c.incident_number == 1).values(policy={"not": "one"})
    await road.store.write(lambda tx: tx.execute(broken))

    await road.worker.turn()

    assert [page.dedup_key for page in road.fakes.pagerduty.pages] == ["test/2/1.1/ana"]
    row = 'guardia_message_attempts_total{channel="pagerduty",kind="page",outcome="internal"}'
    assert await road.metric(row) == "1.0"


# What is too old, and what came too early


async def test_information_that_fails_for_a_day_is_given_up_as_expired(road: Road) -> None:
    road.fakes.slack.fail_next(None, status=503)
    await road.receive(firing(severity="high"))
    await road.pass_time(timedelta(hours=23))
    assert [one["state"] for one in await messages(road, 1, "slack")] == ["pending"]

    await road.pass_time(timedelta(hours=1))

    (notice,) = await messages(road, 1, "slack")
    assert (notice["state"], notice["reason"]) == ("failed", "expired")
    assert "503" in str(notice["detail"]), "what it failed for stays known"
    assert "given up: older than a day" in str((await road.show(1))["timeline"])
    row = 'guardia_message_attempts_total{channel="slack",kind="notice",outcome="expired"}'
    assert await road.metric(row) == "1.0"


async def test_a_page_does_not_expire(road: Road) -> None:
    road.fakes.pagerduty.fail_next(None, status=503)
    await road.receive(firing())
    await road.pass_time(timedelta(days=3))

    road.fakes.pagerduty.heal()
    await road.pass_time(minutes(1))

    assert "test/1/1.1/ana" in {page.dedup_key for page in road.fakes.pagerduty.pages}


async def test_a_change_of_today_does_not_expire_with_yesterdays_notice(road: Road) -> None:
    road.fakes.slack.fail_next(None, status=503)
    await road.receive(firing(severity="high"))
    await road.pass_time(timedelta(hours=23))
    await road.acknowledge(1, "Engineer ana")
    await road.pass_time(timedelta(hours=2))

    road.fakes.slack.heal()
    await road.pass_time(minutes(1))

    assert "acknowledged" in road.fakes.slack.messages[0].text


async def test_a_resolve_that_pagerduty_drops_because_it_came_early_is_sent_again(
    road: Road,
) -> None:
    road.fakes.pagerduty.settles_after = timedelta(seconds=30)
    await road.receive(firing())
    await road.pass_time(SECOND)
    await road.receive(resolved())
    assert [alert.state for alert in road.fakes.pagerduty.alerts] == ["triggered"]

    await road.pass_time(minutes(1))

    assert [alert.state for alert in road.fakes.pagerduty.alerts] == ["resolved"]
    await road.pass_time(minutes(60))
    sent = [one.action for one in road.fakes.pagerduty.accepted]
    assert sent == ["trigger", "resolve", "resolve"]
    told = [row["text"] for row in (await road.show(1))["timeline"] if "Resolve to" in row["text"]]
    assert told == ["Resolve to pagerduty ana was accepted, and is sent once more in a minute."]


async def test_an_acknowledgement_that_came_early_is_sent_again_unless_it_is_over_by_then(
    road: Road,
) -> None:
    road.fakes.pagerduty.settles_after = timedelta(seconds=30)
    await road.receive(firing())
    await road.acknowledge(1, "Engineer ana")
    await road.worker.turn()
    await road.pass_time(minutes(1))
    assert [alert.state for alert in road.fakes.pagerduty.alerts] == ["acknowledged"]

    await road.receive(firing(service="pagos"), groupLabels={"service": "pagos"})
    await road.acknowledge(2, "Engineer ana")
    await road.worker.turn()
    await road.receive(resolved(service="pagos"), groupLabels={"service": "pagos"})
    await road.pass_time(minutes(1))

    sent = [one.action for one in road.fakes.pagerduty.accepted]
    assert sent[3:] == ["trigger", "acknowledge", "resolve", "resolve"]


async def test_the_end_of_a_page_of_some_time_ago_is_sent_once(road: Road) -> None:
    await road.receive(firing())
    await road.pass_time(minutes(1))
    await road.receive(resolved())
    await road.pass_time(minutes(60))

    assert [one.action for one in road.fakes.pagerduty.accepted] == ["trigger", "resolve"]
