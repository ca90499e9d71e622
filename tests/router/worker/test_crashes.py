"""What a death at each point of the road does to a page (G1, G2, G5, G6)."""

import asyncio
from datetime import timedelta
from pathlib import Path

import pytest

from router.worker.decisions import record_untaken
from router.worker.outbox import Outbox
from tests.router.making import minutes, notification_body
from tests.router.road import Fakes, HandClock, Road, firing, open_road, resolved


async def test_dying_after_the_200_loses_no_page(
    secrets_dir: Path, database_url: str, fakes: Fakes, clock: HandClock
) -> None:
    async with open_road(secrets_dir, database_url, fakes, clock) as road:
        assert (await road.post(notification_body(firing()))).status_code == 200

    async with open_road(secrets_dir, database_url, fakes, clock) as restarted:
        await restarted.worker.turn()

        assert restarted.woken() == ["ana"]


async def test_dying_between_the_decision_and_the_call_loses_no_page(
    secrets_dir: Path, database_url: str, fakes: Fakes, clock: HandClock
) -> None:
    async with open_road(secrets_dir, database_url, fakes, clock) as road:
        await road.post(notification_body(firing()))
        await road.worker.decide()

    async with open_road(secrets_dir, database_url, fakes, clock) as restarted:
        await restarted.worker.turn()

        assert restarted.woken() == ["ana"]


async def test_dying_within_the_decision_leaves_the_step_due(
    secrets_dir: Path,
    database_url: str,
    fakes: Fakes,
    clock: HandClock,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """The step, its messages and the next due time are one transaction: all or nothing."""

    def die(*_arguments: object, **_named: object) -> None:
        raise RuntimeError("dies before its messages are written")

    async with open_road(secrets_dir, database_url, fakes, clock) as road:
        await road.post(notification_body(firing()))
        with monkeypatch.context() as dying:
            dying.setattr(Outbox, "record_pages", die)
            await road.worker.decide()

    async with open_road(secrets_dir, database_url, fakes, clock) as restarted:
        await restarted.pass_time(timedelta(seconds=1))

        assert restarted.woken() == ["ana"]


async def test_dying_between_the_call_and_its_record_wakes_nobody_twice(
    secrets_dir: Path, database_url: str, fakes: Fakes, clock: HandClock
) -> None:
    answer = fakes.pagerduty.hold_next(processes=True)
    async with open_road(secrets_dir, database_url, fakes, clock) as road:
        await road.post(notification_body(firing()))
        dying = asyncio.create_task(road.worker.turn())
        await asyncio.to_thread(fakes.pagerduty.wait_for, lambda fake: fake.held == 1)
    dying.cancel()
    answer.open()

    async with open_road(secrets_dir, database_url, fakes, clock, name="next") as restarted:
        await restarted.worker.turn()
        assert len(fakes.pagerduty.calls) == 1, "the dead worker's lease still holds"

        await restarted.end_leases()

        assert [one.outcome for one in fakes.pagerduty.accepted] == ["opened", "joined"]
        assert restarted.woken() == ["ana"]


async def test_after_an_outage_of_hours_one_step_is_taken_and_the_others_keep_their_wait(
    secrets_dir: Path, database_url: str, fakes: Fakes, clock: HandClock
) -> None:
    async with open_road(secrets_dir, database_url, fakes, clock) as road:
        await road.receive(firing())

    clock.advance(timedelta(hours=5))
    async with open_road(secrets_dir, database_url, fakes, clock) as restarted:
        await restarted.worker.turn()
        assert restarted.woken() == ["ana", "ben"]

        await restarted.pass_time(minutes(14))
        assert restarted.woken() == ["ana", "ben"]


async def test_a_step_that_was_taken_after_all_does_not_bring_the_next_one_forward(
    road: Road,
) -> None:
    """Its error came after the commit: the connection was lost, or another replica took it."""
    started = road.clock()
    await road.receive(firing())

    await road.store.write(lambda tx: record_untaken(tx, 1, now=started))
    await road.pass_time(minutes(5))

    assert road.woken() == ["ana"]


async def test_a_restart_keeps_the_timer_of_the_next_step(
    secrets_dir: Path, database_url: str, fakes: Fakes, clock: HandClock
) -> None:
    async with open_road(secrets_dir, database_url, fakes, clock) as road:
        await road.receive(firing())

    async with open_road(secrets_dir, database_url, fakes, clock) as restarted:
        await restarted.pass_time(minutes(15))

        assert restarted.woken() == ["ana", "ben"]


async def test_a_restart_keeps_the_installation_and_so_the_keys(
    secrets_dir: Path, database_url: str, fakes: Fakes, clock: HandClock
) -> None:
    async with open_road(secrets_dir, database_url, fakes, clock) as road:
        first = road.store.installation
    async with open_road(secrets_dir, database_url, fakes, clock) as restarted:
        assert restarted.store.installation == first


@pytest.mark.parametrize("database_url", ["postgresql"], indirect=True)
async def test_two_replicas_page_each_step_once(
    secrets_dir: Path, database_url: str, fakes: Fakes, clock: HandClock
) -> None:
    async with (
        open_road(secrets_dir, database_url, fakes, clock, name="one") as one,
        open_road(secrets_dir, database_url, fakes, clock, name="two") as two,
    ):
        for service in ("casos", "derivacion", "portal"):
            body = notification_body(
                firing(service=service), groupLabels={"service": service}, groupKey=service
            )
            # Each Alertmanager peer posts to another replica.
            await asyncio.gather(one.post(body), two.post(body))
        await asyncio.gather(one.worker.turn(), two.worker.turn())
        clock.advance(timedelta(seconds=2))  # what collided is tried again
        await asyncio.gather(one.worker.turn(), two.worker.turn())

        assert len(await one.incidents()) == 3
        assert one.woken() == ["ana", "ana", "ana"]
        assert len(fakes.pagerduty.accepted) == 3

        clock.advance(minutes(15))
        for _ in range(6):  # Slack takes a few messages at once, then one a second
            await asyncio.gather(one.worker.turn(), two.worker.turn())
            clock.advance(timedelta(seconds=1))
        assert one.woken()[3:] == ["ben", "ben", "ben"]
        notices = [one for one in fakes.slack.messages if one.thread_ts is None]
        replies = [one.thread_ts for one in fakes.slack.messages if one.thread_ts is not None]
        assert len(notices) == 3
        assert sorted(replies) == sorted(one.ts for one in notices)


async def test_the_same_notification_from_every_peer_changes_nothing(road: Road) -> None:
    await road.receive(firing())
    before = await road.show(1)

    for _ in range(3):
        await road.receive(firing())
    await road.pass_time(minutes(4))
    await road.receive(firing())

    assert await road.show(1) | {"next": before["next"]} == before
    assert road.woken() == ["ana"]


async def test_a_firing_that_a_peer_delivers_after_the_resolve_opens_nothing(road: Road) -> None:
    await road.receive(firing())
    await road.receive(resolved())

    await road.receive(firing())

    assert [one["state"] for one in await road.incidents()] == ["resolved"]
    assert await road.metric('guardia_notifications_applied_total{outcome="repeated"}') == "1.0"


async def test_the_same_firing_long_after_the_end_is_live(road: Road) -> None:
    """Prometheus was away, its alert ran out, and it comes back with its old start."""
    await road.receive(firing())
    await road.receive(resolved())

    road.clock.advance(minutes(60))
    await road.receive(firing())

    assert road.woken() == ["ana", "ana"]


async def test_a_firing_with_its_old_start_soon_after_the_end_is_live(road: Road) -> None:
    """Two flushes after the first (1 min each in this catalog), no peer delivers it any more."""
    await road.receive(firing())
    road.clock.advance(minutes(1))
    await road.receive(resolved())

    road.clock.advance(minutes(2))
    await road.receive(firing())

    assert road.woken() == ["ana", "ana"]


async def test_a_firing_that_a_slow_peer_delivers_after_the_resolve_opens_nothing(
    road: Road,
) -> None:
    await road.receive(firing())
    road.clock.advance(minutes(1))
    await road.receive(resolved())

    road.clock.advance(minutes(1))
    await road.receive(firing())

    assert road.woken() == ["ana"]


async def test_the_repeat_interval_hours_later_is_harmless(road: Road) -> None:
    await road.receive(firing())
    await road.acknowledge(1, "Engineer ana")
    await road.worker.turn()
    await road.pass_time(minutes(1))
    before = await road.show(1)

    road.clock.advance(minutes(240))
    await road.receive(firing())

    assert await road.show(1) | {"next": before["next"]} == before
    assert road.woken() == ["ana"]
