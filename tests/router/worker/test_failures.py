"""When a provider, a secret or our own rules fail: kept, retried, seen, and nobody else waits."""

import asyncio
from dataclasses import replace
from datetime import timedelta

import pytest

from router.address import Address
from tests.router.making import minutes, notification_body, person, policy, roster, step
from tests.router.road import Road, firing, resolved

SECOND = timedelta(seconds=1)


async def test_a_page_is_retried_until_pagerduty_takes_it(road: Road) -> None:
    road.fakes.pagerduty.fail_next(3, status=503)
    await road.receive(firing())

    for seconds in (1, 2, 4):
        await road.pass_time(timedelta(seconds=seconds))

    assert len(road.fakes.pagerduty.calls) == 4
    assert road.woken() == ["ana"]
    assert (
        await road.metric(
            'guardia_message_attempts_total{channel="pagerduty",kind="page",outcome="provider_error"}'
        )
        == "3.0"
    )


async def test_pagerduty_out_of_reach_is_retried_from_the_outbox(road: Road) -> None:
    with road.fakes.pagerduty.refusing_connections():
        await road.receive(firing())
        assert road.woken() == []

    await road.pass_time(SECOND)

    assert road.woken() == ["ana"]


async def test_a_page_not_accepted_for_half_a_minute_also_goes_to_the_next_address(
    road: Road,
) -> None:
    road.fakes.pagerduty.fail_next(None, status=503)
    await road.receive(firing())
    assert not road.fakes.smtp.mails

    await road.pass_time(timedelta(seconds=31))
    await road.worker.turn()

    assert [mail.recipients for mail in road.fakes.smtp.mails] == [("ana@conecta360.example",)]
    road.fakes.pagerduty.heal()
    await road.pass_time(minutes(1))
    assert road.woken() == ["ana"]


async def test_nor_does_a_step_that_comes_sooner_keep_the_next_address_waiting(road: Road) -> None:
    (plataforma,) = road.worker.catalog.policies.values()
    quick = step(people=["ana"], wait=timedelta(seconds=20))
    again = replace(plataforma, steps=(quick,), repeat=2, last_resort=step(people=["ana"]))
    road.worker.catalog = replace(road.worker.catalog, policies={again.id: again})
    road.fakes.pagerduty.fail_next(None, status=503)
    await road.receive(firing())

    for _ in range(3):
        await road.pass_time(timedelta(seconds=10))

    assert [mail.recipients for mail in road.fakes.smtp.mails] == [("ana@conecta360.example",)]


async def test_a_provider_that_asks_for_an_hour_does_not_delay_the_next_address(
    road: Road,
) -> None:
    road.fakes.pagerduty.fail_next(1, status=429, headers={"Retry-After": "3600"})
    await road.receive(firing())
    await road.worker.turn()
    assert await road.worker.next_due() == road.clock.now + timedelta(seconds=30)

    await road.pass_time(timedelta(seconds=30))

    assert [mail.recipients for mail in road.fakes.smtp.mails] == [("ana@conecta360.example",)]
    await road.pass_time(timedelta(seconds=30))
    assert road.woken() == ["ana"]


async def test_an_attempt_that_hangs_does_not_delay_the_next_address(road: Road) -> None:
    gate = road.fakes.pagerduty.hold_next()
    await road.post(notification_body(firing()))
    turn = asyncio.create_task(road.worker.turn())
    await asyncio.to_thread(road.fakes.pagerduty.wait_for, lambda fake: fake.held == 1)

    road.clock.advance(timedelta(seconds=30))
    assert await road.worker.decide()
    assert not await road.worker.decide(), "asked for once"

    addresses = [
        one["address"] for one in (await road.show(1))["messages"] if one["kind"] == "page"
    ]
    assert addresses == ["ana", "ana@conecta360.example"]
    gate.open()
    await turn


async def test_renamed_people_are_reached_by_the_policy_of_today(road: Road) -> None:
    await road.receive(firing())
    catalog = road.worker.catalog
    renamed = [
        person(new, addresses=[Address(channel="pagerduty", address=old)])
        for new, old in (("maria", "ana"), ("joao", "ben"))
    ]
    today = policy(step(people=["joao"]), last_resort=step(people=["maria"]))
    road.worker.catalog = replace(catalog, roster=roster(*renamed), policies={today.id: today})

    await road.pass_time(minutes(15))
    assert road.woken() == ["ana", "ben"]
    assert "policy plataforma of today begins" in str((await road.show(1))["timeline"])

    await road.pass_time(minutes(15))
    await road.pass_time(minutes(15))
    assert road.woken() == ["ana", "ben", "ana"]


async def test_a_policy_that_was_taken_out_of_the_catalog_runs_to_its_end(road: Road) -> None:
    await road.receive(firing())
    catalog = road.worker.catalog
    road.worker.take_up(replace(catalog, policies={}, routes=catalog.routes[-1:]))

    for _ in range(3):
        await road.pass_time(minutes(15))

    assert road.woken()[:2] == ["ana", "ben"]
    assert sorted(road.woken()[2:]) == ["ana", "ben"]


async def test_an_escalation_that_reaches_nobody_at_its_end_is_an_error(
    road: Road, caplog: pytest.LogCaptureFixture
) -> None:
    await road.receive(firing())
    road.worker.catalog = replace(road.worker.catalog, roster=roster())

    await road.pass_time(minutes(15))

    assert "its last resort reaches nobody" in caplog.text
    assert await road.metric('guardia_worker_failures_total{step="nobody_reached"}') == "1.0"


async def test_so_is_one_that_somebody_asked_for(
    road: Road, caplog: pytest.LogCaptureFixture
) -> None:
    await road.receive(firing())
    road.worker.catalog = replace(road.worker.catalog, roster=roster())

    await road.api("POST", "/api/incidents/1/escalate", json={"by": "Engineer ana"})

    assert "its last resort reaches nobody" in caplog.text
    assert await road.metric('guardia_worker_failures_total{step="nobody_reached"}') == "1.0"


async def test_a_corrected_address_is_used_for_a_page_that_fails(road: Road) -> None:
    secrets = road.settings.secrets_dir
    (secrets / "pagerduty-ana").rename(secrets / "pagerduty-ana-new")
    road.fakes.smtp.mailboxes = frozenset()
    catalog = road.worker.catalog
    only = policy(step(people=["ana"]), last_resort=step(people=["ana"]))
    road.worker.catalog = replace(catalog, policies={only.id: only})
    await road.receive(firing())
    assert road.woken() == []

    ana = person("ana", addresses=[Address(channel="pagerduty", address="ana-new")])
    road.worker.catalog = replace(road.worker.catalog, roster=roster(ana))
    await road.pass_time(minutes(1))
    await road.worker.turn()

    # By step 1, and by the last resort, which did not wait while no page went out.
    assert road.woken() == ["ana", "ana"]


async def test_a_missing_key_moves_to_the_next_address_at_once(road: Road) -> None:
    (road.settings.secrets_dir / "pagerduty-ana").unlink()

    await road.receive(firing())

    assert [mail.recipients for mail in road.fakes.smtp.mails] == [("ana@conecta360.example",)]
    assert "cannot read the secret" in str((await road.show(1))["timeline"])


async def test_when_nobody_of_a_step_accepts_the_next_step_does_not_wait(road: Road) -> None:
    (road.settings.secrets_dir / "pagerduty-ana").unlink()
    road.fakes.smtp.mailboxes = frozenset()

    await road.receive(firing())
    await road.worker.turn()

    assert road.woken() == ["ben"]


async def test_a_secret_put_right_is_used_without_a_restart(road: Road) -> None:
    key = road.settings.secrets_dir / "pagerduty-ana"
    right = key.read_text()
    key.write_text("f" * 32)
    await road.receive(firing())
    assert road.woken() == []

    key.write_text(right)
    await road.pass_time(minutes(1))

    assert road.woken() == ["ana"]


async def test_an_acknowledgement_drops_a_page_that_was_not_accepted(road: Road) -> None:
    road.fakes.pagerduty.fail_next(1, status=503)
    await road.receive(firing())

    await road.acknowledge(1, "Engineer ana")
    await road.pass_time(minutes(60))

    assert road.woken() == []
    page = next(one for one in (await road.show(1))["messages"] if one["kind"] == "page")
    assert page["state"] == "dropped"
    # The failed call may have been taken all the same, so PagerDuty is told.
    assert [one.action for one in road.fakes.pagerduty.accepted] == ["acknowledge"]


async def test_an_acknowledgement_while_the_page_is_on_its_way_reaches_pagerduty_after_it(
    road: Road,
) -> None:
    gate = road.fakes.pagerduty.hold_next()
    await road.post(notification_body(firing()))
    turn = asyncio.create_task(road.worker.turn())
    await asyncio.to_thread(road.fakes.pagerduty.wait_for, lambda fake: fake.held == 1)

    await road.acknowledge(1, "Engineer ana")
    gate.open()
    await turn
    await road.worker.turn()

    assert [one.outcome for one in road.fakes.pagerduty.accepted] == ["opened", "acknowledged"]


async def test_slack_decides_when_it_is_asked_again(road: Road) -> None:
    road.fakes.slack.limit_next(retry_after_seconds=45)
    await road.receive(firing())
    await road.pass_time(timedelta(seconds=44))
    assert road.fakes.slack.messages == ()

    await road.pass_time(SECOND)

    assert len(road.fakes.slack.messages) == 1


async def test_a_slack_outage_leaves_one_message_that_says_how_things_stand(road: Road) -> None:
    road.fakes.slack.fail_next(None, status=503)
    await road.receive(firing())
    await road.acknowledge(1, "Engineer ana")
    await road.worker.turn()
    await road.receive(resolved())
    road.fakes.slack.heal()

    await road.pass_time(minutes(1))

    assert len(road.fakes.slack.messages) == 1
    assert road.fakes.slack.messages[0].edits == 0


async def test_a_channel_that_does_not_exist_is_given_up_and_told(road: Road) -> None:
    road.fakes.slack.refuse_next("channel_not_found", None)
    await road.receive(firing())
    await road.pass_time(minutes(10))

    notice = next(one for one in (await road.show(1))["messages"] if one["channel"] == "slack")
    assert notice["state"] == "failed"
    assert notice["attempts"] == 1
    assert notice["reason"] == "address"


async def test_mail_with_a_full_disk_at_the_server_is_retried(road: Road) -> None:
    road.fakes.smtp.fail_next(1, stage="DATA", reply="452 4.3.1 Insufficient storage")
    await road.receive(firing(severity="high"))
    assert road.fakes.smtp.mails == ()

    await road.pass_time(SECOND)

    assert len(road.fakes.smtp.mails) == 1


async def test_a_notification_that_cannot_be_applied_is_kept_and_holds_up_no_other(
    road: Road,
) -> None:
    right = road.worker.catalog
    road.worker.catalog = replace(
        right, policies={}
    )  # critical leads to a policy that is not there
    await road.post(notification_body(firing()))
    await road.post(
        notification_body(firing(severity="high"), groupLabels={"service": "derivacion"})
    )
    await road.worker.turn()

    assert [one["severity"] for one in await road.incidents()] == ["high"]
    assert await road.metric('guardia_worker_failures_total{step="apply"}') == "1.0"
    assert await road.metric('guardia_waiting{queue="notifications"}') == "1.0"

    road.worker.catalog = right
    await road.pass_time(SECOND)

    assert road.woken() == ["ana"]
    assert await road.metric('guardia_waiting{queue="notifications"}') == "0.0"


async def test_the_turn_says_when_the_next_thing_is_due(road: Road) -> None:
    await road.worker.turn()
    assert await road.worker.next_due() is None

    await road.receive(firing())

    await road.worker.turn()
    assert await road.worker.next_due() == road.clock.now + minutes(15)


async def test_what_waits_too_long_shows_in_the_metrics(road: Road) -> None:
    road.fakes.pagerduty.fail_next(None, status=503)
    await road.receive(firing())
    road.clock.advance(minutes(5))

    assert float(await road.metric('guardia_overdue_seconds{queue="messages"}')) == 299.0
    assert await road.metric("guardia_open_incidents") == "1.0"
