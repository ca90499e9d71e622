"""No page of a storm is lost: deaths, replicas, providers that fail, and chance."""

import asyncio
import re
from collections import Counter
from dataclasses import dataclass, field, replace
from pathlib import Path
from random import Random

import pytest

from router.escalation.storm import DIGEST_WAIT, STORM_FROM, STORM_WITHIN
from router.oncall.model import PersonId
from router.worker import digests
from tests.router.making import minutes, notification_body
from tests.router.road import Fakes, HandClock, Road, firing, open_road
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


async def test_dying_before_a_digest_goes_out_loses_none_of_it(
    secrets_dir: Path, database_url: str, fakes: Fakes, clock: HandClock
) -> None:
    async with open_road(secrets_dir, database_url, fakes, clock) as road:
        await fires(road, range(1, 21))

    async with open_road(secrets_dir, database_url, fakes, clock) as restarted:
        await restarted.pass_time(minutes(60))

        assert once(range(1, 21)) - told(restarted) == Counter()


async def test_dying_while_a_page_joins_leaves_its_step_due(
    secrets_dir: Path,
    database_url: str,
    fakes: Fakes,
    clock: HandClock,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def die(*_arguments: object, **_named: object) -> None:
        raise RuntimeError("dies before the digest has it")

    async with open_road(secrets_dir, database_url, fakes, clock) as road:
        await fires(road, range(1, 7))
        with monkeypatch.context() as dying:
            dying.setattr(digests, "record_gathered", die)
            await fires(road, range(7, 9))

    async with open_road(secrets_dir, database_url, fakes, clock) as restarted:
        await restarted.pass_time(SECOND)
        await restarted.pass_time(DIGEST_WAIT)

        assert told(restarted) == once(range(1, 9))


async def test_what_comes_while_a_digest_is_sent_is_told_by_another(road: Road) -> None:
    """What joined it now would be told by nobody: its text is made already."""
    await fires(road, range(1, 7))
    answer = road.fakes.pagerduty.hold_next(processes=True)
    road.clock.advance(DIGEST_WAIT)
    sending = asyncio.create_task(road.worker.turn())
    await asyncio.to_thread(road.fakes.pagerduty.wait_for, lambda fake: fake.held == 1)
    labels = {"service": "service-7"}
    await road.post(notification_body(firing(**labels), groupLabels=labels))
    await road.worker.decide()
    answer.open()
    await sending

    await road.pass_time(STORM_WITHIN)

    assert told(road) == once(range(1, 8))


async def test_a_digest_that_was_tried_is_not_joined(road: Road) -> None:
    """PagerDuty may have taken it: who joins the same alert wakes nobody."""
    await fires(road, range(1, 7))
    road.fakes.pagerduty.fail_next(1, drops_connection=True, processes=True)
    await digest_goes_out(road)
    await fires(road, range(7, 8))

    await road.pass_time(STORM_WITHIN)

    assert told(road) == once(range(1, 8))


@pytest.mark.parametrize("database_url", ["postgresql"], indirect=True)
async def test_two_replicas_tell_each_incident_once_and_ring_as_rarely_as_one(
    secrets_dir: Path, database_url: str, fakes: Fakes, clock: HandClock
) -> None:
    async with (
        open_road(secrets_dir, database_url, fakes, clock, name="one") as one,
        open_road(secrets_dir, database_url, fakes, clock, name="two") as two,
    ):
        for number in range(1, 31):
            labels = {"service": f"service-{number}"}
            await (one, two)[number % 2].post(
                notification_body(firing(**labels), groupLabels=labels)
            )
        for _ in range(3):  # what collided is tried again
            await asyncio.gather(one.worker.turn(), two.worker.turn())
            clock.advance(SECOND)
        clock.advance(STORM_WITHIN)
        await asyncio.gather(one.worker.turn(), two.worker.turn())
        clock.advance(STORM_WITHIN)
        await asyncio.gather(one.worker.turn(), two.worker.turn())

        assert told(one) == once(range(1, 31))
        assert sum(not is_digest(page) for page in triggers(one)) == STORM_FROM
        assert sum(is_digest(page) for page in triggers(one)) <= 2


async def test_a_digest_that_is_not_accepted_goes_to_the_next_address_with_the_same_incidents(
    road: Road,
) -> None:
    road.fakes.pagerduty.fail_next(None, status=503)
    await fires(road, range(1, 9))
    await digest_goes_out(road)
    await road.pass_time(31 * SECOND)
    await road.worker.turn()

    mails = [mail for mail in road.fakes.smtp.mails if "in one page" in mail.subject]
    assert [mail.recipients for mail in mails] == [("ana@conecta360.example",)]
    assert mails[0].message["Importance"] == "high"
    assert re.findall(r"^  #(\d+)", mails[0].text, re.MULTILINE) == ["6", "7", "8"]

    road.fakes.pagerduty.heal()
    await road.pass_time(minutes(1))
    assert told(road) == once(range(1, 9))
    for number in range(1, 9):
        await road.acknowledge(number, "ana")
    await road.pass_time(minutes(2))
    assert set(states(road)) == {"acknowledged"}


async def test_a_digest_goes_elsewhere_by_the_clock_while_anything_in_it_wakes(
    road: Road,
) -> None:
    """Also when somebody has the incident that it began with."""
    await fires(road, range(1, 8))
    road.fakes.pagerduty.fail_next(None, status=429, headers={"Retry-After": "60"})
    await digest_goes_out(road)
    await road.acknowledge(6, "ben")

    await road.pass_time(31 * SECOND)

    mails = [mail for mail in road.fakes.smtp.mails if "in one page" in mail.subject]
    assert [re.findall(r"^  #(\d+)", mail.text, re.MULTILINE) for mail in mails] == [["7", "6"]]


async def test_the_next_step_of_each_does_not_wait_when_nobody_takes_their_digest(
    road: Road,
) -> None:
    catalog = road.worker.catalog
    ana = catalog.roster.people[PersonId("ana")]
    people = {**catalog.roster.people, ana.id: replace(ana, addresses=ana.addresses[:1])}
    road.worker.catalog = replace(catalog, roster=replace(catalog.roster, people=people))
    await fires(road, range(1, 9))
    road.fakes.pagerduty.fail_next(1, status=400, body={"errors": ["Invalid routing key"]})

    await digest_goes_out(road)
    await road.worker.turn()

    assert road.woken() == ["ana"] * STORM_FROM + ["ben"] * 3
    assert "No page of this step was accepted" in await texts(road, 8)


@pytest.mark.parametrize("seed", range(2))
async def test_whatever_happens_in_a_storm_what_goes_on_is_told_and_what_ends_is_ended(
    secrets_dir: Path, database_url: str, fakes: Fakes, clock: HandClock, seed: int
) -> None:
    storm = Storm(chance=Random(seed), fakes=fakes)  # noqa: S311  # not secret: to be repeated
    for life in range(3):
        async with open_road(secrets_dir, database_url, fakes, clock, name=str(life)) as road:
            if life:
                await road.end_leases()
            for _ in range(15):
                await storm.happens(road)
            if life == 2:
                fakes.pagerduty.heal()
                for _ in range(30):
                    await road.pass_time(10 * SECOND)
                await storm.holds(road)


@dataclass(slots=True, kw_only=True)
class Storm:
    """Incidents that begin and end, people who answer, and a PagerDuty that fails, by chance."""

    chance: Random
    fakes: Fakes
    begun: int = 0
    given_away: set[int] = field(default_factory=set)

    async def happens(self, road: Road) -> None:
        what = self.chance.choice([self.begin, self.begin, self.end, self.answer, self.fail])
        await what(road)
        await road.pass_time(self.chance.randrange(12) * SECOND)

    async def begin(self, road: Road) -> None:
        count = self.chance.randrange(1, 8)
        await fires(road, range(self.begun + 1, self.begun + count + 1))
        self.begun += count

    async def end(self, road: Road) -> None:
        if self.begun:
            number = self.chance.randrange(self.begun) + 1
            await ends(road, range(number, number + 1))

    async def answer(self, road: Road) -> None:
        for number in self.chance.sample(range(1, self.begun + 1), self.begun // 4):
            if self.chance.random() < 0.8:
                await road.acknowledge(number, "ana")
                continue
            path = f"/api/incidents/{number}/reassign"
            given = await road.api("POST", path, json={"by": "ana", "person": "ben"})
            if given.status_code == 200:
                self.given_away.add(number)

    async def fail(self, road: Road) -> None:
        count = self.chance.randrange(1, 6)
        if self.chance.random() < 0.5:
            self.fakes.pagerduty.fail_next(count, status=503)
        else:
            self.fakes.pagerduty.fail_next(count, drops_connection=True, processes=True)

    async def holds(self, road: Road) -> None:
        states = {one["number"]: one["state"] for one in await road.incidents()}
        assert len(states) == self.begun > 2 * STORM_FROM
        times = told(road)
        for number, state in states.items():
            if state == "triggered":
                assert times[number] >= 1, f"nobody is woken for {number}"
        for page in triggers(road):
            alert = self.fakes.pagerduty.alert_of(page.person, page.dedup_key)
            assert alert is not None
            of_page = {states[one] for one in numbers_in(page) if one not in self.given_away}
            if "triggered" in of_page:
                assert alert.state == "triggered"
            elif of_page == {"resolved"}:
                assert alert.state == "resolved"
            elif of_page:
                assert alert.state != "triggered"
