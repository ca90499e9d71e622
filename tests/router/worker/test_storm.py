"""Many incidents for one person within a minute: a few pages, and digests that lose none."""

import asyncio
import re
from collections import Counter
from dataclasses import dataclass, field, replace
from datetime import timedelta
from pathlib import Path
from random import Random
from typing import Any

import pytest

from guardia.label import fingerprint
from router.address import Address
from router.escalation.storm import DIGEST_WAIT, STORM_FROM, STORM_WITHIN
from router.oncall.model import PersonId
from router.worker import digests
from tests.fakes.alertmanager import AlertmanagerFake
from tests.fakes.failures import Call
from tests.fakes.pagerduty import Accepted
from tests.router.making import minutes, notification_body, policy, step
from tests.router.road import KEYS, Fakes, HandClock, Road, firing, open_road, resolved

SECOND = timedelta(seconds=1)


async def fires(road: Road, numbers: range, status: Any = firing) -> None:
    """Let one incident a number begin (or end): number 1 is the first incident, and so on."""
    for number in numbers:
        labels = {"service": f"service-{number}"}
        body = notification_body(status(**labels), groupLabels=labels)
        response = await road.post(body)
        assert response.status_code == 200, response.text
    await road.worker.turn()


async def ends(road: Road, numbers: range) -> None:
    await fires(road, numbers, status=resolved)


async def digest_goes_out(road: Road) -> None:
    await road.pass_time(DIGEST_WAIT)


def triggers(road: Road) -> list[Accepted]:
    return [one for one in road.fakes.pagerduty.accepted if one.outcome == "opened"]


def is_digest(one: Accepted) -> bool:
    return "/digest." in one.dedup_key


def numbers_in(one: Accepted) -> list[int]:
    """Return the incidents that a page of PagerDuty's tells."""
    details = one.event["payload"]["custom_details"]
    if "incidents" not in details:
        return [int(one.dedup_key.split("/")[1])]
    named = [line.split()[0] for line in details["incidents"]]
    named += re.findall(r"#\d+", details.get("also", ""))
    return [int(number.removeprefix("#")) for number in named]


def told(road: Road) -> Counter[int]:
    """Return how often each incident was told to somebody by a page that wakes."""
    return Counter(number for one in triggers(road) for number in numbers_in(one))


def once(numbers: range) -> Counter[int]:
    return Counter(numbers)


async def texts(road: Road, number: int) -> str:
    return "\n".join(row["text"] for row in (await road.show(number))["timeline"])


async def page_of(road: Road, number: int) -> dict[str, Any]:
    messages = (await road.show(number))["messages"]
    (page,) = [one for one in messages if one["kind"] == "page"]
    found: dict[str, Any] = page
    return found


def states(road: Road) -> list[str]:
    return [alert.state for alert in road.fakes.pagerduty.alerts]


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


async def test_of_a_hundred_incidents_five_wake_at_once_and_one_digest_tells_the_others(
    road: Road,
) -> None:
    await fires(road, range(1, 101))
    assert told(road) == once(range(1, STORM_FROM + 1))

    await digest_goes_out(road)

    assert road.woken() == ["ana"] * (STORM_FROM + 1)
    assert told(road) == once(range(1, 101))
    (digest,) = [one for one in triggers(road) if is_digest(one)]
    assert digest.event["payload"]["summary"].startswith(
        "95 incidents in one page, the worst critical: #6 critical: "
    )
    await road.pass_time(minutes(5))
    assert told(road) == once(range(1, 101)), "nothing is told twice"


async def test_what_comes_while_a_digest_waits_joins_it_and_the_next_one_is_a_minute_later(
    road: Road,
) -> None:
    await fires(road, range(1, 7))
    await road.pass_time(9 * SECOND)
    await fires(road, range(7, 9))
    await road.pass_time(1 * SECOND)
    await fires(road, range(9, 11))
    assert [numbers_in(one) for one in triggers(road) if is_digest(one)] == [[6, 7, 8]]

    await road.pass_time(STORM_WITHIN - SECOND)
    assert told(road) == once(range(1, 9))
    await road.pass_time(SECOND)

    assert [numbers_in(one) for one in triggers(road) if is_digest(one)] == [[6, 7, 8], [9, 10]]


async def test_after_a_quiet_minute_a_page_goes_by_itself_again(road: Road) -> None:
    await fires(road, range(1, 8))
    await road.pass_time(STORM_WITHIN)

    await fires(road, range(8, 9))

    assert told(road) == once(range(1, 9))
    assert not is_digest(triggers(road)[-1])


async def test_whom_a_digest_tells_of_an_incident_counts_as_paged(road: Road) -> None:
    await fires(road, range(1, 8))
    await digest_goes_out(road)
    await road.pass_time(minutes(1))

    assert any("#7 " in one.text for one in road.fakes.slack.messages)
    for message in road.fakes.slack.messages:
        assert "Paged: Engineer ana." in str(message.blocks)


async def test_those_that_a_person_asks_for_do_not_wait_for_others(road: Road) -> None:
    await fires(road, range(1, 8))

    given = await road.api(
        "POST", "/api/incidents/7/reassign", json={"by": "Engineer ben", "person": "ana"}
    )
    assert given.status_code == 200, given.text
    tested = await road.api("POST", "/api/people/ana/test-page", json={"by": "Engineer ben"})
    assert tested.status_code == 201, tested.text
    await road.worker.turn()

    assert sorted(numbers_in(one) for one in triggers(road)[STORM_FROM:]) == [[7], [8]]
    await digest_goes_out(road)
    assert numbers_in(triggers(road)[-1]) == [6], "what was given away is not told again"


# Ends


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


# Pauses


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


# Deaths and replicas


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


# Failures


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


# Whatever happens


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


# Explained


async def test_each_incident_says_what_became_of_the_digest_that_tells_it(road: Road) -> None:
    await fires(road, range(1, 9))
    waiting = await page_of(road, 8)
    assert (waiting["state"], waiting["detail"]) == ("dropped", "told with others in one page")
    assert [one["state"] for one in waiting["digest"]["messages"]] == ["pending"]

    await digest_goes_out(road)

    page = await page_of(road, 8)
    assert page["digest"]["other_incidents"] == [6, 7]
    assert [one["state"] for one in page["digest"]["messages"]] == ["sent"]
    assert page["digest"]["messages"][0]["dedup_key"].startswith("test/6/digest.1/")
    timeline = await texts(road, 8)
    assert "Page to pagerduty ana is told with others in one page at" in timeline
    assert "Digest to pagerduty ana was accepted." in timeline
    assert (await page_of(road, 1))["digest"] is None


async def test_an_escalation_in_a_storm_gathers_for_each_person(road: Road) -> None:
    await fires(road, range(1, 11))
    await digest_goes_out(road)

    await road.pass_time(minutes(15))
    await road.pass_time(DIGEST_WAIT)

    assert road.woken() == ["ana"] * 6 + ["ben"] * 6
    of_ben = [one for one in triggers(road) if one.person == "ben"]
    assert Counter(number for one in of_ben for number in numbers_in(one)) == once(range(1, 11))
