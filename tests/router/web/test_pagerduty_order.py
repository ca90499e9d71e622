"""What PagerDuty tells comes late, early or of what has changed since: what it was about counts."""

from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from router.escalation.storm import STORM_FROM
from router.routing import PolicyId
from tests.fakes.pagerduty import Accepted
from tests.fakes.pagerduty_webhooks import Subscription
from tests.router.making import minutes
from tests.router.road import HandClock, Road, firing, resolved
from tests.router.storms import SECOND, fires, is_digest
from tests.router.web.test_pagerduty import SECRET, outcome, paged, rows

BEN = {"by": "Engineer ben"}


@pytest.fixture
def pagerduty(secrets_dir: Path, clock: HandClock) -> Subscription:
    """Return a subscription whose secret the router has."""
    (secrets_dir / SECRET).write_text("whsec\n")
    return Subscription(now=clock)


@pytest.fixture
def waking(road: Road) -> Road:
    """Return a road on which high alerts wake people too."""
    catalog = road.worker.catalog
    routes = tuple(
        replace(route, policy=PolicyId("plataforma")) if route.name == "high" else route
        for route in catalog.routes
    )
    road.worker.catalog = replace(catalog, routes=routes)
    return road


async def escalate(road: Road) -> None:
    answer = await road.api("POST", "/api/incidents/1/escalate", json=BEN)
    assert answer.status_code == 200
    await road.worker.turn()


async def paged_for_high(road: Road, pagerduty: Subscription) -> Accepted:
    await road.receive(firing(severity="high"))
    (page,) = road.fakes.pagerduty.accepted
    assert await outcome(road, pagerduty.tell(page, "incident.triggered")) == "unchanged"
    return page


def state_there(road: Road, person: str) -> str:
    """Return how the last alert of somebody stands in PagerDuty."""
    return [one.state for one in road.fakes.pagerduty.alerts if one.person == person][-1]


# Late


@pytest.mark.parametrize("done", ["acknowledged", "resolved"])
async def test_an_answer_from_before_somebody_escalated_does_not_silence_the_next_one(
    road: Road, pagerduty: Subscription, done: str
) -> None:
    page = await paged(road, pagerduty)
    late = pagerduty.tell(page, f"incident.{done}", by="Ana")
    road.clock.advance(SECOND)
    await escalate(road)
    road.clock.advance(SECOND)

    assert await outcome(road, late) == "noted"

    assert (await road.show(1))["state"] == "triggered"
    assert state_there(road, "ben") == "triggered"
    assert (await rows(road, "provider"))[-1].startswith(f"Ana (PagerDuty) {done} an earlier page")
    await road.pass_time(minutes(15))
    assert sorted(road.woken()[2:]) == ["ana", "ben"]


@pytest.mark.parametrize("done", ["acknowledged", "resolved"])
async def test_an_answer_to_something_milder_does_not_silence_what_it_rose_to(
    waking: Road, pagerduty: Subscription, done: str
) -> None:
    page = await paged_for_high(waking, pagerduty)
    late = pagerduty.tell(page, f"incident.{done}", by="Ana")
    waking.clock.advance(30 * SECOND)
    await waking.receive(firing(severity="high"), firing())
    waking.clock.advance(2 * SECOND)

    assert await outcome(waking, late) == "noted"

    assert (await waking.show(1))["state"] == "triggered"
    assert "when it was less severe" in (await rows(waking, "provider"))[-1]
    await waking.pass_time(minutes(15))
    assert waking.woken() == ["ana", "ben"]
    after = pagerduty.tell(page, "incident.acknowledged", by="Ana")
    assert await outcome(waking, after) == "acknowledged"


async def test_a_resolve_from_before_another_alert_fired_does_not_end_that_one(
    road: Road, pagerduty: Subscription
) -> None:
    page = await paged(road, pagerduty)
    late = pagerduty.tell(page, "incident.resolved", by="Ana")
    took = pagerduty.tell(page, "incident.acknowledged", by="Ana")
    road.clock.advance(30 * SECOND)
    await road.receive(firing(), firing(alertname="DiskFull"))

    assert await outcome(road, late) == "noted"

    assert (await road.show(1))["state"] == "triggered"
    assert "before another alert of it fired" in (await rows(road, "provider"))[-1]
    # Whoever has an incident has what joins it, in whatever order that is told.
    assert await outcome(road, took) == "acknowledged"


async def test_an_answer_to_an_earlier_page_counts_once_the_clocks_cannot_differ_by_as_much(
    road: Road, pagerduty: Subscription
) -> None:
    page = await paged(road, pagerduty)
    road.clock.advance(SECOND)
    await escalate(road)
    at = road.clock.now
    near, later = (
        pagerduty.tell(page, "incident.acknowledged", by="Ana", at=at + after)
        for after in (3 * SECOND, 10 * SECOND)
    )
    road.clock.advance(15 * SECOND)

    assert await outcome(road, near) == "noted"
    assert (await road.show(1))["state"] == "triggered"
    assert await outcome(road, later) == "acknowledged"


async def test_an_answer_to_the_page_that_came_of_it_counts_whatever_the_clocks_say(
    road: Road, pagerduty: Subscription
) -> None:
    await paged(road, pagerduty)
    road.clock.advance(SECOND)
    await escalate(road)
    (page,) = (one for one in road.fakes.pagerduty.accepted if one.person == "ben")
    await outcome(road, pagerduty.tell(page, "incident.triggered"))
    behind = road.clock.now - timedelta(minutes=1)
    road.clock.advance(20 * SECOND)

    took = pagerduty.tell(page, "incident.acknowledged", by="Ben", at=behind)

    assert await outcome(road, took) == "acknowledged"


async def test_another_ones_late_acknowledgement_leaves_the_alarm_of_who_snoozed_it(
    road: Road, pagerduty: Subscription
) -> None:
    page = await paged(road, pagerduty)
    road.clock.advance(SECOND)
    late = pagerduty.tell(page, "incident.acknowledged", by="Ben")
    road.clock.advance(minutes(1))
    snooze = {"by": "Engineer ana", "for": "30m"}
    assert (await road.api("POST", "/api/incidents/1/snooze", json=snooze)).status_code == 200
    until = (await road.show(1))["acknowledged_until"]
    road.clock.advance(minutes(1))

    assert await outcome(road, late) == "noted"

    shown = await road.show(1)
    assert (shown["acknowledged_by"], shown["acknowledged_until"]) == ("Engineer ana", until)
    await road.pass_time(minutes(29))
    assert road.woken() == ["ana", "ana"]


# Early


@pytest.mark.parametrize("done", ["acknowledged", "resolved"])
async def test_an_answer_that_comes_before_what_says_of_which_page_it_is_counts_then(
    road: Road, pagerduty: Subscription, done: str
) -> None:
    await road.receive(firing())
    (page,) = road.fakes.pagerduty.accepted
    began = pagerduty.tell(page, "incident.triggered")
    early = pagerduty.tell(page, f"incident.{done}", by="Ana")
    assert await outcome(road, early) == "unknown"
    assert await outcome(road, early) == "unknown"  # told again meanwhile
    road.clock.advance(minutes(1))

    assert await outcome(road, began) == done

    shown = await road.show(1)
    assert shown["state"] == done
    assert await outcome(road, early) == "repeated"
    assert (await road.show(1))["timeline"] == shown["timeline"]
    await road.pass_time(minutes(30))
    assert road.woken() == ["ana"]


async def test_an_early_answer_is_also_one_that_is_late(
    road: Road, pagerduty: Subscription
) -> None:
    await road.receive(firing())
    (page,) = road.fakes.pagerduty.accepted
    began = pagerduty.tell(page, "incident.triggered")
    road.clock.advance(SECOND)
    await outcome(road, pagerduty.tell(page, "incident.acknowledged", by="Ana"))
    road.clock.advance(minutes(1))
    await escalate(road)

    assert await outcome(road, began) == "noted"

    assert (await road.show(1))["state"] == "triggered"


async def test_an_early_note_is_a_comment_and_an_early_echo_is_nothing(
    road: Road, pagerduty: Subscription
) -> None:
    await road.receive(firing())
    (page,) = road.fakes.pagerduty.accepted
    began = pagerduty.tell(page, "incident.triggered")
    for early in (
        pagerduty.note(page, "Restarted the pool.", by="Ana"),
        pagerduty.tell(page, "incident.acknowledged"),
    ):
        assert await outcome(road, early) == "unknown"

    assert await outcome(road, began) == "noted"

    assert await rows(road, "commented") == ["Ana (PagerDuty): Restarted the pool."]
    assert (await road.show(1))["state"] == "triggered"


async def test_after_two_days_an_early_answer_is_forgotten(
    road: Road, pagerduty: Subscription
) -> None:
    await road.receive(firing())
    (page,) = road.fakes.pagerduty.accepted
    began = pagerduty.tell(page, "incident.triggered")
    await outcome(road, pagerduty.tell(page, "incident.acknowledged", by="Ana"))
    road.clock.advance(timedelta(days=2, seconds=1))

    assert await outcome(road, began) == "unchanged"

    assert (await road.show(1))["state"] == "triggered"


@pytest.mark.parametrize(
    ("done", "taken_back"),
    [
        ("acknowledged", "unacknowledged"),
        ("acknowledged", "reassigned"),
        ("resolved", "reopened"),
    ],
)
@pytest.mark.parametrize("is_told_first", ["answer", "end"])
async def test_an_early_answer_that_was_taken_back_there_stops_nothing(
    road: Road, pagerduty: Subscription, done: str, taken_back: str, is_told_first: str
) -> None:
    await road.receive(firing())
    (page,) = road.fakes.pagerduty.accepted
    began = pagerduty.tell(page, "incident.triggered")
    road.clock.advance(SECOND)
    answer = pagerduty.tell(page, f"incident.{done}", by="Ana")
    road.clock.advance(minutes(2))
    early = [answer, pagerduty.tell(page, f"incident.{taken_back}")]
    for one in early if is_told_first == "answer" else reversed(early):
        assert await outcome(road, one) == "unknown"
        road.clock.advance(SECOND)

    await outcome(road, began)

    assert (await road.show(1))["state"] == "triggered"
    await road.pass_time(minutes(15))
    assert road.woken() == ["ana", "ben"]
    assert sent(road) == ["trigger", "trigger"]


async def test_an_early_answer_after_an_earlier_one_was_taken_back_counts(
    road: Road, pagerduty: Subscription
) -> None:
    await road.receive(firing())
    (page,) = road.fakes.pagerduty.accepted
    began = pagerduty.tell(page, "incident.triggered")
    for kind in ("unacknowledged", "acknowledged"):
        road.clock.advance(SECOND)
        await outcome(road, pagerduty.tell(page, f"incident.{kind}", by="Ana"))

    assert await outcome(road, began) == "acknowledged"

    assert (await road.show(1))["state"] == "acknowledged"


# Rings again there


async def test_an_acknowledgement_that_waits_to_be_told_once_more_silences_no_new_ring(
    road: Road, pagerduty: Subscription
) -> None:
    page = await paged(road, pagerduty)
    await road.acknowledge(1, "Engineer ana")
    await road.worker.turn()
    assert sent(road) == ["trigger", "acknowledge"]
    road.clock.advance(20 * SECOND)
    again = pagerduty.tell(page, "incident.reassigned", by="Ana")
    await outcome(road, again)

    await road.pass_time(70 * SECOND)
    assert sent(road) == ["trigger", "acknowledge"]

    await road.acknowledge(1, "Engineer ben")
    await road.worker.turn()
    assert sent(road) == ["trigger", "acknowledge", "acknowledge"]


async def test_what_pagerduty_counts_as_acknowledged_no_more_is_acknowledged_there_again(
    road: Road, pagerduty: Subscription
) -> None:
    page = await paged(road, pagerduty)
    await road.acknowledge(1, "Engineer ben")
    await road.worker.turn()
    assert sent(road) == ["trigger", "acknowledge"]
    await road.pass_time(minutes(30))  # the same once more, should the first have come too early
    before = sent(road)
    assert await outcome(road, pagerduty.tell(page, "incident.unacknowledged")) == "noted"
    assert sent(road) == before  # it rings there by the clock that its people set

    await road.acknowledge(1, "Engineer ben")
    await road.worker.turn()

    assert sent(road) == [*before, "acknowledge"]
    await road.acknowledge(1, "Engineer ana")
    await road.worker.turn()
    assert sent(road) == [*before, "acknowledge"]  # nothing rings: there is nothing to tell
    await road.receive(resolved())
    assert state_there(road, "ana") == "resolved"


async def test_of_two_pages_of_a_step_the_one_that_rings_again_is_told(
    road: Road, pagerduty: Subscription
) -> None:
    await road.receive(firing())
    await road.pass_time(minutes(15))
    await road.pass_time(minutes(15))
    *_, first, second = road.fakes.pagerduty.accepted
    assert {first.person, second.person} == {"ana", "ben"}
    for page in (first, second):
        await outcome(road, pagerduty.tell(page, "incident.triggered"))
    await road.acknowledge(1, "Engineer ben")
    await road.pass_time(minutes(2))
    before = len(road.fakes.pagerduty.accepted)
    await outcome(road, pagerduty.tell(first, "incident.unacknowledged"))

    await road.acknowledge(1, "Engineer ben")
    await road.worker.turn()

    (again,) = road.fakes.pagerduty.accepted[before:]
    assert (again.action, again.dedup_key) == ("acknowledge", first.dedup_key)


async def test_an_answer_by_a_link_of_an_earlier_release_is_one_to_the_last_page(
    road: Road, pagerduty: Subscription
) -> None:
    await road.receive(firing())
    (page,) = road.fakes.pagerduty.accepted
    plain = {"client_url": str(page.event["client_url"]).partition("#")[0]}
    earlier = replace(page, event={**page.event, **plain})
    await outcome(road, pagerduty.tell(earlier, "incident.triggered"))

    took = pagerduty.tell(earlier, "incident.acknowledged", by="Ana")

    assert await outcome(road, took) == "acknowledged"


def sent(road: Road) -> list[str]:
    return [one.action for one in road.fakes.pagerduty.accepted]


# Digests


async def digest_of(road: Road, pagerduty: Subscription) -> Accepted:
    """Let three incidents more begin than wake by themselves; return the digest that tells them."""
    await fires(road, range(1, STORM_FROM + 4))
    await road.pass_time(minutes(1))
    await road.pass_time(minutes(1))
    (digest,) = (one for one in road.fakes.pagerduty.accepted if is_digest(one))
    assert await outcome(road, pagerduty.tell(digest, "incident.triggered")) == "unchanged"
    return digest


async def test_resolving_a_digest_there_takes_what_it_tells_and_ends_no_incident(
    road: Road, pagerduty: Subscription
) -> None:
    """One swipe on the phone: nobody has looked at each of them."""
    digest = await digest_of(road, pagerduty)
    over, *going_on = range(STORM_FROM + 1, STORM_FROM + 4)
    await fires(road, range(over, over + 1), status=resolved)

    swiped = pagerduty.tell(digest, "incident.resolved", by="Ana")
    assert await outcome(road, swiped) == "acknowledged"

    for number in going_on:
        shown = await road.show(number)
        assert (shown["state"], shown["acknowledged_by"]) == ("acknowledged", "Ana (PagerDuty)")
        (told,) = await rows(road, "provider", number)
        assert told.startswith("Ana (PagerDuty) resolved there the page that tells several")
    assert await rows(road, "acknowledged", over) + await rows(road, "provider", over) == []
    woken = road.woken()
    await road.pass_time(minutes(15))
    # Ben is woken for the first five, which Ana has not got.
    assert road.woken()[len(woken) :] == ["ben"] * STORM_FROM


async def test_resolving_a_digest_there_ends_no_snooze_of_what_it_tells(
    road: Road, pagerduty: Subscription
) -> None:
    digest = await digest_of(road, pagerduty)
    snoozed = STORM_FROM + 1
    snooze = {"by": "Ana", "for": "30m"}
    await road.api("POST", f"/api/incidents/{snoozed}/snooze", json=snooze)
    before = await road.show(snoozed)
    road.clock.advance(SECOND)

    await outcome(road, pagerduty.tell(digest, "incident.resolved", by="Ana"))

    after = await road.show(snoozed)
    assert before["acknowledged_until"] is not None
    for field in ("state", "acknowledged_by", "acknowledged_until"):
        assert after[field] == before[field]


async def test_a_digest_of_which_nothing_is_left_answers_for_nothing(
    road: Road, pagerduty: Subscription
) -> None:
    digest = await digest_of(road, pagerduty)
    numbers = range(STORM_FROM + 1, STORM_FROM + 4)
    for number in numbers:
        given = {"by": "Engineer ana", "person": "ben"}
        await road.api("POST", f"/api/incidents/{number}/reassign", json=given)
    await road.worker.turn()

    took = pagerduty.tell(digest, "incident.acknowledged", by="Ana")
    assert await outcome(road, took) == "unchanged"

    assert {(await road.show(number))["state"] for number in numbers} == {"triggered"}
