"""What is acknowledged, over, silenced or given away, of what a digest tells."""

import asyncio
from collections import Counter
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

from guardia.label import fingerprint
from router.address import Address
from router.escalation.storm import DIGEST_WAIT, STORM_FROM, STORM_WITHIN
from router.oncall.model import PersonId
from tests.fakes.alertmanager import AlertmanagerFake
from tests.fakes.failures import Call
from tests.router.making import minutes, notification_body, policy, step
from tests.router.road import KEYS, Fakes, HandClock, Road, firing, open_road, resolved
from tests.router.storms import (
    SECOND,
    digest_goes_out,
    ends,
    fires,
    is_digest,
    numbers_in,
    once,
    states,
    texts,
    told,
    triggers,
)


def reach_by_slack(road: Road) -> None:
    catalog = road.worker.catalog
    ana = catalog.roster.people[PersonId("ana")]
    by_slack = replace(ana, addresses=(Address(channel="slack", address="U0ANA"),))
    people = {**catalog.roster.people, ana.id: by_slack}
    road.worker.catalog = replace(catalog, roster=replace(catalog.roster, people=people))


def both_at_once(road: Road) -> None:
    """Let the first step wake ana and ben, at PagerDuty alone."""
    catalog = road.worker.catalog
    people = {
        one.id: replace(one, addresses=one.addresses[:1]) for one in catalog.roster.people.values()
    }
    together = policy(step(people=["ana", "ben"]), last_resort=step(people=["ana", "ben"]))
    road.worker.catalog = replace(
        catalog,
        roster=replace(catalog.roster, people=people),
        policies={together.id: together},
    )


def is_for_ben(call: Call) -> bool:
    return KEYS["ben"].encode() in call.body


async def test_a_digest_is_acknowledged_once_all_of_it_is_and_resolved_once_all_is_over(
    road: Road,
) -> None:
    await fires(road, range(1, 9))
    await digest_goes_out(road)
    await road.pass_time(minutes(2))
    for number in range(1, 8):
        await road.acknowledge(number, "ana")
    await road.worker.turn()
    assert states(road) == ["acknowledged"] * STORM_FROM + ["triggered"]

    await road.acknowledge(8, "ben")
    await road.worker.turn()
    assert set(states(road)) == {"acknowledged"}

    await ends(road, range(1, 8))
    assert states(road) == ["resolved"] * STORM_FROM + ["acknowledged"]
    await ends(road, range(8, 9))

    assert set(states(road)) == {"resolved"}
    assert not road.fakes.pagerduty.dropped


async def test_the_end_of_its_first_incident_does_not_keep_a_digest_from_its_acknowledge(
    road: Road,
) -> None:
    """Both are rows of that incident: its own end supersedes only its own acknowledge."""
    await fires(road, range(1, 8))
    await digest_goes_out(road)
    await road.pass_time(minutes(2))
    road.fakes.pagerduty.fail_next(1, status=503)
    await road.acknowledge(6, "ana")
    await road.acknowledge(7, "ana")
    await road.worker.turn()
    await ends(road, range(6, 7))

    await road.pass_time(minutes(1))

    assert states(road)[-1] == "acknowledged"


async def test_a_digest_of_what_everybody_has_is_not_sent(road: Road) -> None:
    await fires(road, range(1, 8))
    await road.acknowledge(6, "ana")
    await ends(road, range(7, 8))

    await road.pass_time(minutes(2))

    assert told(road) == once(range(1, STORM_FROM + 1))
    assert "Digest to pagerduty ana not sent: acknowledged before it was accepted." in (
        await texts(road, 6)
    )


async def test_what_is_acknowledged_before_it_goes_out_comes_last_in_it(road: Road) -> None:
    await fires(road, range(1, 9))
    await road.acknowledge(6, "ben")

    await digest_goes_out(road)

    digest = triggers(road)[-1]
    assert numbers_in(digest) == [7, 8, 6]
    assert "2 left to acknowledge" in digest.event["payload"]["summary"]


async def test_a_digest_that_may_have_been_accepted_unseen_is_ended_too(road: Road) -> None:
    await fires(road, range(1, 7))
    road.fakes.pagerduty.fail_next(1, drops_connection=True, processes=True)
    await digest_goes_out(road)
    await road.pass_time(minutes(0))
    assert states(road)[-1] == "triggered"

    await road.acknowledge(6, "ana")
    await road.pass_time(minutes(2))

    assert states(road)[-1] == "acknowledged"


async def test_an_acknowledge_too_soon_for_the_provider_is_sent_once_more(road: Road) -> None:
    road.fakes.pagerduty.settles_after = 30 * SECOND
    await fires(road, range(1, 7))
    await digest_goes_out(road)
    await road.acknowledge(6, "ana")
    await road.worker.turn()
    assert states(road)[-1] == "triggered"

    await road.pass_time(minutes(1))

    assert states(road)[-1] == "acknowledged"


async def test_in_slack_a_digest_is_edited_once_nobody_has_to_be_woken_for_it(road: Road) -> None:
    reach_by_slack(road)
    await fires(road, range(1, 9))
    for _ in range(20):  # Slack takes a few messages at once, then one a second
        await road.pass_time(SECOND)
    sent = [one for one in road.fakes.slack.messages if "in one page" in one.text]
    assert [one.text for one in sent] == ["3 incidents in one page, the worst critical"]

    for number in range(6, 9):
        await road.acknowledge(number, "ana")
    for _ in range(20):
        await road.pass_time(SECOND)

    sent = [one for one in road.fakes.slack.messages if "in one page" in one.text]
    assert [one.text for one in sent] == ["3 incidents in one page, none left to acknowledge"]
    assert "#8 critical since" in str(sent[0].blocks)


async def test_an_acknowledge_while_it_is_sent_reaches_the_provider(road: Road) -> None:
    await fires(road, range(1, 7))
    answer = road.fakes.pagerduty.hold_next(processes=True)
    road.clock.advance(DIGEST_WAIT)
    sending = asyncio.create_task(road.worker.turn())
    await asyncio.to_thread(road.fakes.pagerduty.wait_for, lambda fake: fake.held == 1)
    await road.acknowledge(6, "ana")
    answer.open()
    await sending

    await road.pass_time(minutes(2))

    assert states(road)[-1] == "acknowledged"


async def test_what_was_given_to_somebody_else_keeps_no_digest_ringing(road: Road) -> None:
    await fires(road, range(1, 8))
    await digest_goes_out(road)
    await road.pass_time(minutes(2))
    await road.acknowledge(6, "ana")

    await road.api("POST", "/api/incidents/7/reassign", json={"by": "ana", "person": "ben"})
    await road.worker.turn()

    assert road.fakes.pagerduty.alerts[STORM_FROM].state == "acknowledged"
    assert road.woken()[-1] == "ben"


async def test_a_digest_with_nothing_left_in_it_is_not_sent(road: Road) -> None:
    await fires(road, range(1, 7))
    await road.api("POST", "/api/incidents/6/reassign", json={"by": "ana", "person": "ben"})

    await road.pass_time(minutes(2))

    assert road.woken() == ["ana"] * STORM_FROM + ["ben"]
    assert "Digest to pagerduty ana not sent: none of its incidents is left in it." in (
        await texts(road, 6)
    )


async def test_what_wakes_nobody_any_more_is_taken_out_and_is_paged_when_it_does_again(
    road: Road,
) -> None:
    await fires(road, range(1, 8))
    labels = {"service": "service-7"}
    milder = firing(**labels, severity="high", instance="b")
    await road.receive(milder, resolved(**labels), groupLabels=labels)
    assert "Page to pagerduty ana not sent: no alert that goes on wakes people." in (
        await texts(road, 7)
    )

    await digest_goes_out(road)
    assert told(road) == once(range(1, 7))

    await road.pass_time(minutes(20))
    await road.receive(firing(**labels), milder, groupLabels=labels)
    assert numbers_in(triggers(road)[-1]) == [7]


async def test_what_wakes_nobody_any_more_while_its_digest_is_sent_is_not_tried_again(
    road: Road,
) -> None:
    await fires(road, range(1, 7))
    answer = road.fakes.pagerduty.hold_next(processes=True)
    road.clock.advance(DIGEST_WAIT)
    sending = asyncio.create_task(road.worker.turn())
    await asyncio.to_thread(road.fakes.pagerduty.wait_for, lambda fake: fake.held == 1)
    labels = {"service": "service-6"}
    milder = firing(**labels, severity="high", instance="b")
    await road.post(notification_body(milder, resolved(**labels), groupLabels=labels))
    await road.worker.decide()
    answer.open()
    await sending
    await road.pass_time(minutes(2))
    assert states(road)[-1] == "resolved", "it was accepted, and nothing in it wakes anybody"

    await road.receive(firing(**labels), milder, groupLabels=labels)

    assert numbers_in(triggers(road)[-1]) == [6]
    assert not is_digest(triggers(road)[-1])


async def test_a_silence_takes_it_out_and_its_end_pages_by_itself(
    secrets_dir: Path, database_url: str, fakes: Fakes, clock: HandClock
) -> None:
    hidden = firing(service="service-7")
    hidden |= {"fingerprint": fingerprint(hidden["labels"])}
    with AlertmanagerFake(now=clock).serving() as alertmanager:
        peers = [alertmanager.url]
        async with open_road(secrets_dir, database_url, fakes, clock, alertmanagers=peers) as road:
            await fires(road, range(1, 8))
            until = clock.now + timedelta(hours=3)
            alertmanager.silence("s1", by="ana", until=until, comment="moved")
            alertmanager.lists(hidden, silenced_by=("s1",))
            await road.worker.reconcile()
            await road.worker.turn()
            await digest_goes_out(road)
            assert told(road) == once(range(1, 7))

            alertmanager.lists(hidden)
            for _ in range(3):
                road.clock.advance(minutes(1))
                await road.worker.reconcile()
                await road.worker.turn()

            assert told(road)[7] == 1
            assert not is_digest(triggers(road)[-1])


async def test_a_step_that_is_taken_again_wakes_nobody_twice_whom_a_digest_told(
    secrets_dir: Path, database_url: str, fakes: Fakes, clock: HandClock
) -> None:
    """Of two people of a step, one was told by a digest, and the other's page was still tried."""
    hidden = firing(service="service-7")
    hidden |= {"fingerprint": fingerprint(hidden["labels"])}
    with AlertmanagerFake(now=clock).serving() as alertmanager:
        peers = [alertmanager.url]
        async with open_road(secrets_dir, database_url, fakes, clock, alertmanagers=peers) as road:
            both_at_once(road)
            await fires(road, range(1, 7))
            await road.pass_time(DIGEST_WAIT)
            fakes.pagerduty.fail_next(None, status=503, when=is_for_ben)
            await road.pass_time(40 * SECOND)
            await fires(road, range(7, 8))
            await road.pass_time(STORM_WITHIN)
            until = clock.now + timedelta(hours=3)
            alertmanager.silence("s1", by="ana", until=until, comment="moved")
            alertmanager.lists(hidden, silenced_by=("s1",))
            await road.worker.reconcile()
            fakes.pagerduty.heal()
            alertmanager.lists(hidden)
            for _ in range(4):
                road.clock.advance(minutes(1))
                await road.worker.reconcile()
                await road.worker.turn()

            for person in ("ana", "ben"):
                of_person = [one for one in triggers(road) if one.person == person]
                counted = Counter(number for one in of_person for number in numbers_in(one))
                assert counted == once(range(1, 8)), person
