"""What Alertmanager does not tell is found once a minute: silences, ends, alerts (G4)."""

from collections.abc import AsyncIterator, Iterator
from dataclasses import replace
from datetime import time, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from sqlalchemy import update

from guardia.label import fingerprint
from guardia.maintenance import Maintenance
from router.incident.mute import Announcements
from router.store.tables import incidents
from tests.fakes.alertmanager import AlertmanagerFake
from tests.router.making import NOON, minutes, policy, step
from tests.router.road import Fakes, HandClock, Road, firing, open_road, resolved


@pytest.fixture
def alertmanager(clock: HandClock) -> Iterator[AlertmanagerFake]:
    with AlertmanagerFake(now=clock).serving() as fake:
        yield fake


@pytest.fixture
def second(clock: HandClock) -> Iterator[AlertmanagerFake]:
    with AlertmanagerFake(now=clock).serving() as fake:
        yield fake


@pytest.fixture
async def road(
    secrets_dir: Path,
    database_url: str,
    fakes: Fakes,
    clock: HandClock,
    alertmanager: AlertmanagerFake,
) -> AsyncIterator[Road]:
    urls = [alertmanager.url]
    async with open_road(secrets_dir, database_url, fakes, clock, alertmanagers=urls) as opened:
        yield opened


@pytest.fixture
async def replica(
    secrets_dir: Path,
    database_url: str,
    fakes: Fakes,
    clock: HandClock,
    alertmanager: AlertmanagerFake,
) -> AsyncIterator[Road]:
    urls = [alertmanager.url]
    async with open_road(
        secrets_dir, database_url, fakes, clock, name="replica-2", alertmanagers=urls
    ) as opened:
        yield opened


@pytest.fixture
def peers(alertmanager: AlertmanagerFake, second: AlertmanagerFake) -> list[str]:
    return [alertmanager.url, second.url]


@pytest.fixture
async def cluster(
    secrets_dir: Path, database_url: str, fakes: Fakes, clock: HandClock, peers: list[str]
) -> AsyncIterator[Road]:
    urls = peers
    async with open_road(secrets_dir, database_url, fakes, clock, alertmanagers=urls) as opened:
        yield opened


def alert(**labels: str) -> dict[str, Any]:
    told = firing(**labels)
    return told | {"fingerprint": fingerprint(told["labels"])}


def silence(fake: AlertmanagerFake, *alerts: dict[str, Any]) -> None:
    until = NOON + timedelta(hours=3)
    fake.silence("s1", by="Engineer ana", until=until, comment="pool is being moved")
    fake.lists(*alerts, silenced_by=("s1",))


async def minute(road: Road, count: int = 1) -> None:
    """Let minutes pass one by one, each with its comparison."""
    for _ in range(count):
        road.clock.advance(minutes(1))
        await road.worker.reconcile()
        await road.worker.turn()


async def texts(road: Road, number: int = 1) -> str:
    return "\n".join(row["text"] for row in (await road.show(number))["timeline"])


async def test_a_silence_pauses_the_escalation_and_its_end_resumes_it(
    road: Road, alertmanager: AlertmanagerFake
) -> None:
    await road.receive(alert())
    await minute(road, 4)
    silence(alertmanager, alert())
    await minute(road)
    assert "silenced by Engineer ana until 2026-11-24 15:00 UTC (pool is being moved)" in (
        await texts(road)
    )

    await minute(road, 20)
    assert road.woken() == ["ana"]

    alertmanager.lists(alert())
    await minute(road, 10)  # it had waited for 5 of its 15 minutes
    assert road.woken() == ["ana"]
    await minute(road, 1)
    assert sorted(road.woken()) == ["ana", "ben"]
    assert "Not silenced or inhibited any more" in await texts(road)


async def test_an_inhibited_alert_names_the_alert_that_hides_it(
    road: Road, alertmanager: AlertmanagerFake
) -> None:
    await road.receive(alert())
    alertmanager.lists(alert(), inhibited_by=("feedc0de00000000",))

    await minute(road)

    assert "inhibited by feedc0de00000000" in await texts(road)
    assert (await road.show(1))["escalation"]["due_at"] is None


async def test_one_alert_that_nothing_hides_keeps_the_escalation_going(
    road: Road, alertmanager: AlertmanagerFake
) -> None:
    shown, hidden = alert(), alert(instance="b")
    await road.receive(shown, hidden)
    silence(alertmanager, hidden)
    alertmanager.listed.append(
        alertmanager.listed[0].__class__(
            alert=shown, group_labels={"service": "casos"}, receiver="guardia"
        )
    )

    await minute(road, 15)

    assert sorted(road.woken()) == ["ana", "ben"]


async def test_a_resolve_that_a_silence_swallowed_is_found_after_a_while(
    road: Road, alertmanager: AlertmanagerFake
) -> None:
    await road.receive(alert())
    silence(alertmanager, alert())
    await minute(road)

    alertmanager.lists()
    await minute(road, 5)
    assert (await road.show(1))["state"] == "triggered"
    await minute(road)

    assert (await road.show(1))["state"] == "resolved"
    assert "Alertmanager does not list it any more" in await texts(road)
    resolved_page = road.fakes.pagerduty.alert_of("ana", "test/1/1.1/ana")
    assert resolved_page is not None
    assert resolved_page.state == "resolved"


async def test_an_alert_of_another_sender_is_not_taken_for_gone(
    road: Road, alertmanager: AlertmanagerFake
) -> None:
    await road.receive(alert())  # never listed here: Grafana's, or another cluster's

    await minute(road, 20)

    assert (await road.show(1))["state"] == "triggered"


async def test_an_alertmanager_that_was_just_started_has_lost_nothing_for_us(
    road: Road, alertmanager: AlertmanagerFake
) -> None:
    await road.receive(alert())
    alertmanager.lists(alert())
    await minute(road)

    alertmanager.lists()
    alertmanager.started_at = road.clock()
    await minute(road, 5)
    assert (await road.show(1))["state"] == "triggered"
    alertmanager.lists(alert())
    await minute(road, 20)

    assert (await road.show(1))["state"] == "triggered"


async def test_while_no_alertmanager_answers_nothing_is_gone_or_paused(
    road: Road, alertmanager: AlertmanagerFake
) -> None:
    await road.receive(alert())
    alertmanager.lists(alert())
    await minute(road)

    alertmanager.lists()
    alertmanager.fail_next(None, status=503)
    await minute(road, 20)

    assert (await road.show(1))["state"] == "triggered"
    assert sorted(road.woken()) == ["ana", "ben"]
    assert await road.metric('guardia_alertmanagers{state="silent"}') == "1.0"


async def test_what_one_peer_still_lists_is_not_gone(
    cluster: Road, alertmanager: AlertmanagerFake, second: AlertmanagerFake
) -> None:
    await cluster.receive(alert())
    alertmanager.lists(alert())
    second.lists(alert())
    await minute(cluster)

    alertmanager.lists()
    await minute(cluster, 10)

    assert (await cluster.show(1))["state"] == "triggered"


async def test_a_silence_that_one_peer_does_not_know_of_pauses_nothing(
    cluster: Road, alertmanager: AlertmanagerFake, second: AlertmanagerFake
) -> None:
    await cluster.receive(alert())
    silence(alertmanager, alert())
    second.lists(alert())

    await minute(cluster, 15)

    assert cluster.woken() == ["ana", "ben"]


async def test_an_alert_that_nobody_told_us_of_is_adopted_and_wakes_people(
    road: Road, alertmanager: AlertmanagerFake
) -> None:
    alertmanager.lists(alert())
    await minute(road, 2)
    assert road.woken() == []  # its notification may be on its way
    await minute(road)

    assert road.woken() == ["ana"]
    assert "found in Alertmanager" in await texts(road)


async def test_the_notification_of_an_adopted_alert_changes_nothing(
    road: Road, alertmanager: AlertmanagerFake
) -> None:
    alertmanager.lists(alert())
    await minute(road, 4)

    await road.receive(alert())

    assert [one["number"] for one in await road.incidents()] == [1]
    assert road.woken() == ["ana"]


async def test_what_is_hidden_or_goes_to_another_receiver_is_not_adopted(
    road: Road, alertmanager: AlertmanagerFake
) -> None:
    silence(alertmanager, alert())
    await minute(road, 5)
    alertmanager.lists(alert(), receiver="team-database")
    await minute(road, 5)

    assert await road.incidents() == []


async def test_what_somebody_resolved_by_hand_is_not_adopted_at_once(
    road: Road, alertmanager: AlertmanagerFake
) -> None:
    await road.receive(alert())
    alertmanager.lists(alert())
    await road.api("POST", "/api/incidents/1/resolve", json={"by": "Engineer ana"})

    await minute(road, 20)
    assert len(await road.incidents()) == 1
    assert await road.metric('guardia_reconciled_total{finding="adopted"}') == "0.0"

    road.clock.advance(timedelta(hours=4))
    await minute(road, 4)
    assert [one["state"] for one in await road.incidents()] == ["triggered", "resolved"]


async def test_a_page_that_waits_to_be_sent_is_dropped_by_a_silence_and_asked_for_after_it(
    road: Road, alertmanager: AlertmanagerFake
) -> None:
    road.fakes.pagerduty.fail_next(None, status=500)
    await road.receive(alert())
    silence(alertmanager, alert())
    await minute(road)
    road.fakes.pagerduty.heal()
    await minute(road, 10)
    assert road.woken() == []

    alertmanager.lists(alert())
    await minute(road)

    assert road.woken() == ["ana"]


async def test_what_nothing_repeats_is_marked_stale_and_stays_open(road: Road) -> None:
    await road.receive(alert())
    road.clock.advance(timedelta(hours=8))
    await road.worker.reconcile()
    assert (await road.show(1))["alerts"][0]["stale"] is False

    road.clock.advance(timedelta(minutes=3))
    await road.worker.reconcile()

    shown = await road.show(1)
    assert shown["alerts"][0]["stale"] is True
    assert shown["state"] == "triggered"
    assert "Not heard of any more" in await texts(road)

    await road.receive(alert())
    assert (await road.show(1))["alerts"][0]["stale"] is False


async def test_what_is_repeated_is_never_stale(road: Road) -> None:
    await road.receive(alert())
    for _ in range(5):
        road.clock.advance(timedelta(hours=4))
        await road.receive(alert())
        await road.worker.reconcile()

    assert (await road.show(1))["alerts"][0]["stale"] is False


async def test_a_resolve_by_alertmanager_needs_no_reconciling(
    road: Road, alertmanager: AlertmanagerFake
) -> None:
    await road.receive(alert())
    alertmanager.lists(alert())
    await minute(road)
    await road.receive(resolved() | {"fingerprint": alert()["fingerprint"]})

    alertmanager.lists()
    await minute(road, 10)

    assert await road.metric('guardia_reconciled_total{finding="gone"}') == "0.0"
    assert [one["state"] for one in await road.incidents()] == ["resolved"]


async def test_a_silence_during_maintenance_does_not_outlast_both(
    road: Road, alertmanager: AlertmanagerFake
) -> None:
    one = Maintenance(
        name="pool-upgrade",
        services=(),
        environments=(),
        zone=ZoneInfo("UTC"),
        days=NOON.date(),
        begins=time(11, 0),
        lasts=timedelta(hours=1, minutes=20),
    )
    known = Announcements(announced=(one,))
    road.worker.catalog = replace(road.worker.catalog, maintenance=known)
    await road.receive(alert())
    silence(alertmanager, alert())
    await minute(road, 30)

    alertmanager.lists(alert())
    await minute(road, 2)

    assert road.woken() == ["ana"]


async def test_what_was_resolved_by_hand_and_began_anew_unheard_is_adopted(
    road: Road, alertmanager: AlertmanagerFake
) -> None:
    await road.receive(alert())
    await road.api("POST", "/api/incidents/1/resolve", json={"by": "Engineer ana"})
    road.clock.advance(minutes(31))

    alertmanager.lists(alert() | {"startsAt": "2026-11-24T12:30:00Z"})
    await minute(road, 3)

    assert road.woken() == ["ana", "ana"]


async def test_what_alertmanager_tells_is_not_hidden_though_it_lists_nothing_any_more(
    road: Road, alertmanager: AlertmanagerFake
) -> None:
    await road.receive(alert())
    silence(alertmanager, alert())
    await minute(road)
    alertmanager.fail_next(None, status=503)
    await minute(road, 20)
    assert road.woken() == ["ana"]

    await road.receive(alert())
    await minute(road, 15)

    assert sorted(road.woken()) == ["ana", "ben"]


async def test_a_silence_that_nobody_can_confirm_any_more_hides_nothing(
    road: Road, alertmanager: AlertmanagerFake
) -> None:
    await road.receive(alert())
    silence(alertmanager, alert())
    await minute(road)
    alertmanager.fail_next(None, status=503)

    for _ in range(9):
        road.clock.advance(timedelta(hours=1))
        await road.worker.reconcile()
        await road.worker.turn()
    await road.pass_time(minutes(15))

    assert "ben" in road.woken()
    assert (await road.show(1))["alerts"][0]["stale"]


async def test_a_silence_that_ends_wakes_nobody_for_what_has_no_route_that_wakes(
    road: Road, alertmanager: AlertmanagerFake
) -> None:
    wakes, informs = alert(), alert(severity="high", instance="b")
    await road.receive(wakes, informs)
    silence(alertmanager, wakes, informs)
    await minute(road)

    over = resolved()
    await road.receive(over | {"fingerprint": fingerprint(over["labels"])}, informs)
    alertmanager.lists(informs)
    await minute(road, 30)

    assert road.woken() == ["ana"]


async def test_an_incident_that_cannot_be_read_keeps_no_other_from_being_compared(
    road: Road, alertmanager: AlertmanagerFake
) -> None:
    broken, sound = alert(), alert(service="usuarios")
    await road.receive(broken)
    await road.receive(sound, groupLabels={"service": "usuarios"})
    spoilt = update(incidents).where(incidents.c.number == 1).values(severity="odd")
    await road.store.write(lambda tx: tx.execute(spoilt))

    silence(alertmanager, broken, sound)
    road.clock.advance(minutes(1))
    await road.worker.reconcile()

    assert "silenced by Engineer ana" in await texts(road, 2)
    assert await road.metric('guardia_worker_failures_total{step="reconcile"}') == "1.0"


async def test_an_end_that_two_replicas_find_is_no_incident_of_its_own(
    road: Road, replica: Road, alertmanager: AlertmanagerFake
) -> None:
    await road.receive(alert())
    alertmanager.lists(alert())
    await minute(road)
    alertmanager.lists()

    for _ in range(7):
        road.clock.advance(timedelta(seconds=57))
        await replica.worker.reconcile()
        road.clock.advance(timedelta(seconds=3))
        await road.worker.reconcile()
    await road.worker.turn()

    assert [one["state"] for one in await road.incidents()] == ["resolved"]


async def test_what_is_found_is_told_once_while_it_waits_to_be_applied(
    road: Road, alertmanager: AlertmanagerFake
) -> None:
    alertmanager.lists(alert())

    for _ in range(4):
        road.clock.advance(minutes(1))
        await road.worker.reconcile()

    assert await road.metric('guardia_reconciled_total{finding="adopted"}') == "1.0"


async def test_the_unheard_end_of_a_whole_group_is_one_change(
    road: Road, alertmanager: AlertmanagerFake
) -> None:
    """One by one, the ends of ten thousand would take an hour in which nobody is paged."""
    group = [alert(instance=f"node-{number}") for number in range(5)]
    await road.receive(*group)
    alertmanager.lists(*group)
    await minute(road)
    alertmanager.lists()

    await minute(road, 7)

    rows = (await road.show(1))["timeline"]
    assert (await road.show(1))["state"] == "resolved"
    assert len([row for row in rows if row["kind"] == "alert_resolved"]) == 1


async def test_who_was_given_what_is_silenced_is_paged_though_the_first_attempt_fails(
    road: Road, alertmanager: AlertmanagerFake
) -> None:
    await road.receive(alert())
    silence(alertmanager, alert())
    await minute(road)
    road.fakes.pagerduty.fail_next(1, status=503)
    given = {"by": "Engineer ana", "person": "ben"}
    await road.api("POST", "/api/incidents/1/reassign", json=given)
    await road.worker.turn()

    told = {"by": "Engineer ana", "text": "please look"}
    await road.api("POST", "/api/incidents/1/comment", json=told)
    await minute(road)

    assert sorted(road.woken()) == ["ana", "ben"]


@pytest.mark.parametrize("somebody_has_it", [False, True])
async def test_whose_time_of_being_awake_ends_in_a_silence_is_rung_when_the_silence_ends(
    road: Road, alertmanager: AlertmanagerFake, somebody_has_it: bool
) -> None:
    await say_awake(road, "5m")
    await road.receive(alert())
    silence(alertmanager, alert())
    await minute(road, 6)
    assert road.woken() == []

    if somebody_has_it:
        await road.acknowledge(1, "Engineer ben")
    alertmanager.lists(alert())
    await minute(road, 2)

    assert road.woken() == ([] if somebody_has_it else ["ana"])
    silence(alertmanager, alert())
    await minute(road, 1)
    alertmanager.lists(alert())
    await minute(road, 1)
    assert road.woken() == ([] if somebody_has_it else ["ana"]), "once"


async def test_a_page_at_the_end_of_being_awake_that_a_silence_drops_comes_after_it(
    road: Road, alertmanager: AlertmanagerFake
) -> None:
    await say_awake(road, "1h")
    await road.receive(alert())
    with road.fakes.pagerduty.refusing_connections():
        await road.api("POST", "/api/people/ana/awake/end", json={"by": "Engineer ana"})
        await road.worker.turn()
    silence(alertmanager, alert())
    await minute(road, 3)
    assert road.woken() == []

    alertmanager.lists(alert())
    await minute(road, 2)

    assert road.woken() == ["ana"]


@pytest.mark.parametrize("looks_late", [False, True])
async def test_who_is_rung_by_the_step_that_is_due_at_the_end_of_a_silence_is_rung_once(
    road: Road, alertmanager: AlertmanagerFake, looks_late: bool
) -> None:
    """She was told quietly by the first step, and the second one names her with somebody."""
    both = policy(step(people=["ana"]), step(people=["ana", "ben"]), last_resort=step(people=[]))
    catalog = road.worker.catalog
    road.worker.take_up(replace(catalog, policies=dict.fromkeys(catalog.policies, both)))
    await say_awake(road, "20m")
    await road.receive(alert())
    alertmanager.lists(alert())
    await minute(road, 14)
    silence(alertmanager, alert())
    await minute(road, 1 if looks_late else 7)
    road.clock.advance(minutes(6 if looks_late else 0))
    assert road.woken() == []

    alertmanager.lists(alert())
    await minute(road, 3)

    assert sorted(road.woken()) == ["ana", "ben"]


async def test_who_is_awake_still_is_not_rung_when_a_silence_ends(
    road: Road, alertmanager: AlertmanagerFake
) -> None:
    await say_awake(road, "1h")
    await road.receive(alert())
    silence(alertmanager, alert())
    await minute(road)
    assert "The escalation is paused" in await texts(road)

    alertmanager.lists(alert())
    await minute(road)

    assert "the escalation goes on" in await texts(road)
    assert road.woken() == []


async def say_awake(road: Road, length: str) -> None:
    asked = {"by": "Engineer ana", "for": length}
    answer = await road.api("POST", "/api/people/ana/awake", json=asked)
    assert answer.status_code == 200
