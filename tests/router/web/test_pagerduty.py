"""POST /webhook/pagerduty: who may, what counts, how often (G12); an answer there is one here."""

import asyncio
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import httpx
import pytest

from router.escalation.storm import STORM_FROM
from router.metrics import PROVIDER_EVENT_OUTCOMES
from router.store.audit import list_audit
from tests.fakes.pagerduty import Accepted
from tests.fakes.pagerduty_webhooks import Delivery, Subscription, signature
from tests.router.making import minutes
from tests.router.road import HandClock, Road, firing, open_road, resolved

ON_SQLITE = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
SECRET = "pagerduty-webhook"
OURS = "https://guardia.conecta360.example/ops/incidents/"  # what our links begin with


@pytest.fixture
def pagerduty(secrets_dir: Path, clock: HandClock) -> Subscription:
    """Return a subscription whose secret the router has."""
    (secrets_dir / SECRET).write_text("whsec\n")
    return Subscription(now=clock)


async def send(road: Road, delivery: Delivery, **headers: str) -> httpx.Response:
    """Deliver a webhook, and do what is due."""
    response = await road.client.post(
        "/webhook/pagerduty", content=delivery.body, headers=dict(delivery.headers) | headers
    )
    await road.worker.turn()
    return response


async def outcome(road: Road, delivery: Delivery) -> str:
    """Deliver a webhook that is accepted; return what became of it."""
    response = await send(road, delivery)
    assert response.status_code == 202, response.text
    return str(response.json()["outcome"])


async def paged(road: Road, pagerduty: Subscription) -> Accepted:
    """Page Ana, and have PagerDuty tell that its incident began."""
    await road.receive(firing())
    (page,) = road.fakes.pagerduty.accepted
    assert await outcome(road, pagerduty.tell(page, "incident.triggered")) == "unchanged"
    return page


async def rows(road: Road, kind: str, number: int = 1) -> list[str]:
    timeline = (await road.show(number))["timeline"]
    return [row["text"] for row in timeline if row["kind"] == kind]


async def counted(road: Road, name: str) -> str:
    labels = f'outcome="{name}",provider="pagerduty"'
    return await road.metric(f"guardia_provider_events_total{{{labels}}}")


# What people do there


async def test_an_acknowledge_on_the_phone_stops_paging_and_names_who(
    road: Road, pagerduty: Subscription
) -> None:
    page = await paged(road, pagerduty)

    took = pagerduty.tell(page, "incident.acknowledged", by="Ana María")
    assert await outcome(road, took) == "acknowledged"

    shown = await road.show(1)
    assert (shown["state"], shown["acknowledged_by"]) == ("acknowledged", "Ana María (PagerDuty)")
    await road.pass_time(minutes(60))
    assert road.woken() == ["ana"]
    assert await rows(road, "acknowledged") == [
        "Ana María (PagerDuty) acknowledged it: nobody else is paged."
    ]
    assert "acknowledged" in road.fakes.slack.messages[0].text
    (one,) = await road.store.read(lambda tx: list_audit(tx, limit=9))
    assert (one.entry.actor, one.entry.via) == ("Ana María (PagerDuty)", "pagerduty")


async def test_where_pagerduty_gives_our_key_no_other_event_is_needed(
    road: Road, pagerduty: Subscription
) -> None:
    await road.receive(firing())
    (page,) = road.fakes.pagerduty.accepted

    with_keys = replace(pagerduty, gives_keys=True)
    took = with_keys.tell(page, "incident.acknowledged", by="Ana")

    assert await outcome(road, took) == "acknowledged"


async def test_the_same_event_again_changes_nothing_and_another_is_one_more_row(
    road: Road, pagerduty: Subscription
) -> None:
    page = await paged(road, pagerduty)
    took = pagerduty.tell(page, "incident.acknowledged", by="Ana")
    await outcome(road, took)
    before = await road.show(1)

    await road.pass_time(minutes(1))
    assert await outcome(road, took) == "repeated"
    assert (await road.show(1))["timeline"] == before["timeline"]

    other = pagerduty.tell(page, "incident.acknowledged", by="Ben")
    assert await outcome(road, other) == "noted"
    assert (await rows(road, "acknowledged"))[-1].startswith("Ben (PagerDuty) acknowledged it too")
    assert (await road.show(1))["acknowledged_by"] == "Ana (PagerDuty)"


async def test_who_acknowledged_there_is_the_same_person_here_and_renews_it(
    road: Road, pagerduty: Subscription
) -> None:
    catalog = road.worker.catalog
    policies = {
        name: replace(one, acknowledge_timeout=timedelta(hours=2))
        for name, one in catalog.policies.items()
    }
    road.worker.catalog = replace(catalog, policies=policies)
    page = await paged(road, pagerduty)
    await outcome(road, pagerduty.tell(page, "incident.acknowledged", by="Engineer ana"))
    road.clock.advance(minutes(110))

    answer = await road.acknowledge(1, "Engineer ana")

    assert not answer.json()["already"]
    assert "was first" not in (await rows(road, "acknowledged"))[-1]
    await road.pass_time(minutes(15))
    assert road.woken() == ["ana"]


@pytest.mark.parametrize("database_url", ["postgresql"], indirect=True)
async def test_two_replicas_that_are_told_at_once_do_it_once(
    road: Road, pagerduty: Subscription
) -> None:
    page = await paged(road, pagerduty)
    events = [pagerduty.tell(page, "incident.acknowledged", by=f"Ana {n}") for n in range(20)]
    folder, database = road.settings.secrets_dir, road.settings.database
    async with open_road(folder, database, road.fakes, road.clock, name="replica-2") as other:
        posts = [
            one.client.post("/webhook/pagerduty", content=event.body, headers=event.headers)
            for event in events
            for one in (road, other)
        ]
        answers = await asyncio.gather(*posts)

    assert {answer.status_code for answer in answers} <= {202, 503}
    assert len(await rows(road, "acknowledged")) == len(events)
    again = [await outcome(road, event) for event in events]
    assert again == ["repeated"] * len(events)


async def test_resolved_there_by_a_person_is_resolved_by_hand_here(
    road: Road, pagerduty: Subscription
) -> None:
    page = await paged(road, pagerduty)

    assert await outcome(road, pagerduty.tell(page, "incident.resolved", by="Ana")) == "resolved"

    assert (await road.show(1))["state"] == "resolved"
    await road.pass_time(minutes(30))
    await road.receive(firing())
    assert [one["state"] for one in await road.incidents()] == ["resolved"]
    assert road.woken() == ["ana"]


async def test_an_acknowledge_that_comes_after_the_resolve_opens_nothing(
    road: Road, pagerduty: Subscription
) -> None:
    page = await paged(road, pagerduty)
    earlier = pagerduty.tell(page, "incident.acknowledged", by="Ana")
    await outcome(road, pagerduty.tell(page, "incident.resolved", by="Ana"))

    assert await outcome(road, earlier) == "noted"

    assert (await road.show(1))["state"] == "resolved"
    assert (await rows(road, "acknowledged")) == [
        "Ana (PagerDuty) acknowledged it after it was resolved."
    ]


async def test_our_own_acknowledge_and_resolve_come_back_and_change_nothing(
    road: Road, pagerduty: Subscription
) -> None:
    page = await paged(road, pagerduty)
    await road.acknowledge(1, "Engineer ben")
    await road.worker.turn()
    before = await road.show(1)
    assert await outcome(road, pagerduty.tell(page, "incident.acknowledged")) == "unchanged"
    assert (await road.show(1))["timeline"] == before["timeline"]

    await road.receive(resolved())
    before = await road.show(1)
    assert await outcome(road, pagerduty.tell(page, "incident.resolved")) == "unchanged"
    assert (await road.show(1))["timeline"] == before["timeline"]


async def test_the_end_of_a_page_that_was_given_to_another_ends_no_incident(
    road: Road, pagerduty: Subscription
) -> None:
    page = await paged(road, pagerduty)
    await road.api("POST", "/api/incidents/1/reassign", json={"by": "Ana", "person": "ben"})
    await road.worker.turn()

    assert await outcome(road, pagerduty.tell(page, "incident.resolved")) == "unchanged"

    assert (await road.show(1))["state"] == "triggered"
    assert await rows(road, "provider") == []


async def test_an_acknowledge_that_comes_hours_late_stops_no_new_escalation(
    road: Road, pagerduty: Subscription
) -> None:
    page = await paged(road, pagerduty)
    late = pagerduty.tell(page, "incident.acknowledged", by="Ana", at=road.clock.now)
    await road.api("POST", "/api/incidents/1/snooze", json={"by": "Ben", "for": "30m"})
    await road.pass_time(minutes(31))
    assert road.woken() == ["ana", "ana"]

    assert await outcome(road, late) == "noted"

    assert (await road.show(1))["state"] == "triggered"
    await road.pass_time(minutes(15))
    assert road.woken() == ["ana", "ana", "ben"]
    now = pagerduty.tell(page, "incident.acknowledged", by="Ana")
    assert await outcome(road, now) == "acknowledged"


async def test_what_else_happens_there_is_on_the_timeline(
    road: Road, pagerduty: Subscription
) -> None:
    page = await paged(road, pagerduty)

    told = [
        pagerduty.tell(page, "incident.escalated"),
        pagerduty.tell(page, "incident.reassigned", by="Ben"),
        pagerduty.note(page, "Restarted the pool.\n<!channel>", by="Ana"),
        pagerduty.tell(page, "incident.unacknowledged"),
    ]
    assert [await outcome(road, one) for one in told] == ["noted"] * 4

    assert await rows(road, "provider") == [
        "Escalated in PagerDuty to ana.",
        "Reassigned in PagerDuty by Ben to ana.",
        "Not acknowledged any more in PagerDuty; here it stays triggered.",
    ]
    assert await rows(road, "commented") == ["Ana (PagerDuty): Restarted the pool. <!channel>"]
    assert (await road.show(1))["state"] == "triggered"


async def test_an_acknowledge_of_a_digest_is_one_of_each_incident_that_it_tells(
    road: Road, pagerduty: Subscription
) -> None:
    for number in range(STORM_FROM + 3):
        labels = {"service": f"service-{number}"}
        await road.receive(firing(**labels), groupLabels=labels)
    await road.pass_time(minutes(1))
    await road.pass_time(minutes(1))
    *_, digest = road.fakes.pagerduty.accepted
    assert "digest" in digest.dedup_key
    await outcome(road, pagerduty.tell(digest, "incident.triggered"))

    took = pagerduty.tell(digest, "incident.acknowledged", by="Ana")
    assert await outcome(road, took) == "acknowledged"
    assert await outcome(road, took) == "repeated"

    states = {one["number"]: one["state"] for one in await road.incidents()}
    told = range(STORM_FROM + 1, STORM_FROM + 4)
    assert [number for number, state in states.items() if state == "acknowledged"] == [
        *reversed(told)
    ]
    assert (await road.show(told[-1]))["acknowledged_by"] == "Ana (PagerDuty)"


async def test_a_test_page_shows_whether_answers_come_back(
    road: Road, pagerduty: Subscription
) -> None:
    await road.api("POST", "/api/people/ana/test-page", json={"by": "Engineer ana"})
    await road.worker.turn()
    page = road.fakes.pagerduty.accepted[0]
    await outcome(road, pagerduty.tell(page, "incident.triggered"))

    await outcome(road, pagerduty.tell(page, "incident.acknowledged", by="Ana"))

    assert (await rows(road, "acknowledged"))[0].startswith("Ana (PagerDuty) acknowledged it")


# What is not ours, or nothing


@pytest.mark.parametrize(
    "url",
    [
        *(f"{OURS}{number}" for number in ("2", "1/", "1?x", "01x", "9" * 30, "-1", "²", "")),
        "https://guardia.conecta360.example/incidents/1",
        "http://guardia.conecta360.example/ops/incidents/1",
        "/incidents/1",
        "1",
    ],
)
async def test_what_is_of_another_incident_is_taken_counted_and_changes_nothing(
    road: Road, pagerduty: Subscription, url: str
) -> None:
    await paged(road, pagerduty)
    before = await road.show(1)
    other = {"id": "QOTHER", "incident_key": "elsewhere/1/1.1/ana"}

    told = pagerduty.deliver(
        "incident.acknowledged",
        data=other,
        agent={"type": "user_reference", "summary": "Ana"},
        client={"name": "Guardia", "url": url},
    )

    assert await outcome(road, told) == "unknown"
    assert await road.show(1) == before
    assert await counted(road, "unknown") == "1.0"


async def test_our_link_on_an_incident_that_pagerduty_was_never_told_of_is_not_ours(
    road: Road, pagerduty: Subscription
) -> None:
    await road.receive(firing(severity="high"))

    told = pagerduty.deliver(
        "incident.triggered",
        data={"id": "QOTHER"},
        client={"url": f"{OURS}1"},
    )

    assert await outcome(road, told) == "unknown"


@ON_SQLITE
@pytest.mark.parametrize(
    "kind", ["pagey.ping", "incident.priority_updated", "service.updated", "incident.of.tomorrow"]
)
async def test_a_type_that_means_nothing_here_is_taken(
    road: Road, pagerduty: Subscription, kind: str
) -> None:
    assert await outcome(road, pagerduty.deliver(kind, data={"type": "ping"})) == "ignored"


@ON_SQLITE
@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"{",
        b'{"messages": []}',
        b'{"event": 7}',
        b"\xff",
        b'{"event": %s}' % (b"[" * 9000 + b"]" * 9000),
    ],
    ids=lambda body: body[:20].decode(errors="replace"),
)
async def test_what_is_signed_and_no_event_is_taken(
    road: Road, pagerduty: Subscription, body: bytes
) -> None:
    """After three refusals PagerDuty sends nothing for a day."""
    assert await outcome(road, pagerduty.sign(body)) == "unreadable"
    assert await counted(road, "unreadable") == "1.0"


# Who may


@ON_SQLITE
async def test_what_is_not_signed_is_refused_and_only_that_it_came_is_kept(
    road: Road, pagerduty: Subscription
) -> None:
    page = await paged(road, pagerduty)
    took = pagerduty.tell(page, "incident.acknowledged", by="Ana")
    before = await road.show(1)

    changed = replace(took, body=took.body.replace(b"Ana", b"Eve"))
    nobody = {"X-PagerDuty-Signature": ""}
    another = {"X-PagerDuty-Signature": signature(took.body, "another secret")}
    for answer in (
        await send(road, changed),
        await send(road, took, **nobody),
        await send(road, took, **another),
        await road.client.post("/webhook/pagerduty", content=took.body),
    ):
        assert answer.status_code == 403
        assert answer.headers["content-type"] == "application/problem+json"

    assert await road.show(1) == before
    assert await counted(road, "unauthorized") == "4.0"
    entries = await road.store.read(lambda tx: list_audit(tx, limit=9))
    assert [(one.entry.via, one.entry.done) for one in entries] == [("pagerduty", False)] * 4
    assert (await road.api("GET", "/api/rejected")).json()["rejected"] == []
    assert await outcome(road, took) == "acknowledged"  # nothing of it was remembered


@ON_SQLITE
async def test_a_secret_is_replaced_without_a_restart_and_without_a_gap(
    road: Road, pagerduty: Subscription
) -> None:
    file, ping = road.settings.secrets_dir / SECRET, {"type": "ping"}
    both = replace(pagerduty, secrets=("whsec", "next"))
    after = replace(pagerduty, secrets=("next",))

    assert await outcome(road, both.deliver("pagey.ping", data=ping)) == "ignored"
    file.write_text("# until Monday\nwhsec\n\nnext\n")
    for sender in (pagerduty, both, after):
        assert await outcome(road, sender.deliver("pagey.ping", data=ping)) == "ignored"
    file.write_text("next\n")
    assert await outcome(road, after.deliver("pagey.ping", data=ping)) == "ignored"
    assert (await send(road, pagerduty.deliver("pagey.ping", data=ping))).status_code == 403


@ON_SQLITE
@pytest.mark.parametrize("content", [None, "", "# nothing yet\n"])
async def test_without_a_secret_it_is_503_so_that_pagerduty_tries_again(
    road: Road, pagerduty: Subscription, content: str | None
) -> None:
    file = road.settings.secrets_dir / SECRET
    file.unlink()
    if content is not None:
        file.write_text(content)

    answer = await send(road, pagerduty.deliver("pagey.ping", data={}))

    assert answer.status_code == 503
    assert await counted(road, "unavailable") == "1.0"


@ON_SQLITE
async def test_a_body_larger_than_pagerduty_sends_is_not_read_to_its_end(
    road: Road, pagerduty: Subscription
) -> None:
    answer = await send(road, pagerduty.sign(b" " * (256 * 1024 + 1)))

    assert answer.status_code == 413
    assert await counted(road, "too_large") == "1.0"


@ON_SQLITE
async def test_a_store_that_is_away_is_503_and_the_event_counts_when_it_comes_again(
    road: Road, pagerduty: Subscription, monkeypatch: pytest.MonkeyPatch
) -> None:
    page = await paged(road, pagerduty)
    took = pagerduty.tell(page, "incident.acknowledged", by="Ana")
    monkeypatch.setattr("router.web.webhooks.pagerduty.ANSWER_SECONDS", 0.0)

    answer = await send(road, took)

    assert answer.status_code == 503
    monkeypatch.undo()
    assert await outcome(road, took) in ("acknowledged", "repeated")
    assert (await road.show(1))["state"] == "acknowledged"


@ON_SQLITE
async def test_what_is_acknowledged_there_while_the_database_is_away_counts_once_it_is_back(
    road: Road, pagerduty: Subscription
) -> None:
    """So says the page that people see meanwhile: PagerDuty repeats what was answered with 5xx."""
    page = await paged(road, pagerduty)
    took = pagerduty.tell(page, "incident.acknowledged", by="Ana")
    road.store.close()

    away = await road.client.post(
        "/webhook/pagerduty", content=took.body, headers=dict(took.headers)
    )

    assert away.status_code == 503
    folder, database = road.settings.secrets_dir, road.settings.database
    async with open_road(folder, database, road.fakes, road.clock) as back:
        assert await outcome(back, took) == "acknowledged"
        assert (await back.show(1))["acknowledged_by"] == "Ana (PagerDuty)"


@ON_SQLITE
async def test_every_outcome_is_counted_from_zero(road: Road) -> None:
    assert {await counted(road, name) for name in PROVIDER_EVENT_OUTCOMES} == {"0.0"}
