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
from tests.router.making import NOON, minutes, alert_body
from tests.router.road import Fakes, HandClock, Road, firing, open_road, resolved


@pytest.fixture
def alertmanager(clock: HandClock) -> Iterator[AlertmanagerFake]:
    with AlertmanagerFake(now=clock).serving() as fake:
        yield fake


@pytest.fixture
async def road(secrets_dir, database_url, fakes, clock, alertmanager) -> AsyncIterator[Road]:
    async with open_road(secrets_dir, database_url, fakes, clock, alertmanagers=[alertmanager.url]) as opened:
        yield opened


def alert(status="firing", **labels):
    told = (firing if status == "firing" else resolved)(**labels)
    return told | {"fingerprint": fingerprint(told["labels"])}


def silence(fake, *alerts):
    fake.silence("s1", by="Engineer ana", until=NOON + timedelta(hours=3), comment="x")
    fake.lists(*alerts, silenced_by=("s1",))


async def minute(road, count=1):
    for _ in range(count):
        road.clock.advance(minutes(1))
        await road.worker.reconcile()
        await road.worker.turn()


async def say(road, what, number=1, **body):
    r = await road.api("POST", f"/api/incidents/{number}/{what}", json={"by": "Engineer ana"} | body)
    await road.worker.turn()
    return r


def announce(road):
    one = Maintenance(name="pool-upgrade", services=("casos",), environments=(), zone=ZoneInfo("UTC"),
                      days=NOON.date(), begins=time(11, 0), lasts=timedelta(hours=3))
    road.worker.catalog = replace(road.worker.catalog, maintenance=Announcements(announced=(one,)))


async def texts(road, number=1):
    return "\n".join(f"{r['kind']}: {r['text']}" for r in (await road.show(number))["timeline"])


async def test_mute_withdrawn(road):
    announce(road)
    await road.receive(firing(service="casos"))
    road.worker.catalog = replace(road.worker.catalog, maintenance=Announcements())
    await road.pass_time(minutes(1))
    await road.pass_time(minutes(1))
    assert road.woken() == ["ana"]


async def test_mute_uncovered_joins(road):
    announce(road)
    await road.receive(firing(service="casos"))
    await road.receive(firing(service="casos"), firing(service="usuarios"))
    await road.pass_time(minutes(1))
    await road.pass_time(minutes(1))
    assert road.woken() == ["ana"]


async def test_mute_uncovered_remains(road):
    announce(road)
    await road.receive(firing(service="casos"))
    await road.receive(firing(service="casos"), firing(service="usuarios", severity="high"))
    assert road.woken() == []


async def test_mute_then_silence(road, alertmanager):
    announce(road)
    await road.receive(alert(service="casos"))
    silence(alertmanager, alert(service="casos"))
    await minute(road, 150)
    alertmanager.lists(alert(service="casos"))
    await minute(road, 3)
    assert road.woken() == ["ana"]


async def test_closed_begins_anew_adopted(road, alertmanager):
    await road.receive(alert())
    await say(road, "resolve")
    again = alert() | {"startsAt": "2026-11-24T12:30:00Z"}
    road.clock.advance(minutes(31))
    alertmanager.lists(again)
    await minute(road, 4)
    assert road.woken() == ["ana", "ana"]


async def test_paused_told_firing_unreachable(road, alertmanager):
    await road.receive(alert())
    silence(alertmanager, alert())
    await minute(road, 2)
    alertmanager.fail_next(None, status=503)
    await minute(road, 20)
    assert road.woken() == ["ana"]
    await road.receive(alert())
    await minute(road, 20)
    assert road.woken() == ["ana", "ben"]


async def test_paused_stale(road, alertmanager):
    await road.receive(alert())
    silence(alertmanager, alert())
    await minute(road, 2)
    alertmanager.fail_next(None, status=503)
    for _ in range(12):
        road.clock.advance(timedelta(hours=1))
        await road.worker.reconcile()
        await road.worker.turn()
    assert road.woken()[:2] == ["ana", "ben"]


async def test_given_then_companion(road):
    await road.receive(firing())
    await say(road, "reassign", person="ben")
    await road.receive(firing(), firing(instance="b"))
    assert road.woken() == ["ana", "ben"]


async def test_given_then_companion_ends(road):
    await road.receive(firing(severity="high"), firing(severity="high", instance="b"))
    await say(road, "reassign", person="ben")
    await road.receive(resolved(severity="high"), firing(severity="high", instance="b"))
    await road.pass_time(minutes(15))
    assert road.woken() == ["ben", "ben"]


async def test_given_snoozed(road):
    await road.receive(firing(severity="high"))
    await say(road, "reassign", person="ben")
    await say(road, "snooze", **{"for": "30m"})
    await road.pass_time(minutes(30))
    print(await texts(road))
    assert road.woken() == ["ben", "ben"]


async def test_given_snoozed_routed(road):
    await road.receive(firing())
    await say(road, "reassign", person="ben")
    await say(road, "snooze", **{"for": "30m"})
    await road.pass_time(minutes(30))
    assert road.woken() == ["ana", "ben", "ben"]


async def test_paused_then_waking_ends(road, alertmanager):
    a, b = alert(), alert(severity="high", instance="b")
    await road.receive(a, b)
    silence(alertmanager, a, b)
    await minute(road, 2)
    await road.receive(alert("resolved"), b)
    alertmanager.lists(b)
    await minute(road, 30)
    print(await texts(road))
    assert road.woken() == ["ana"]


async def test_revisit_poison(road):
    await road.receive(firing())
    await say(road, "snooze", **{"for": "10m"})
    await road.receive(firing(service="b"), groupLabels={"service": "b"})
    assert road.woken() == ["ana", "ana"]
    await road.store.write(lambda tx: tx.execute(update(incidents).where(incidents.c.number == 1).values(severity="odd")))
    await road.pass_time(minutes(15))
    assert road.woken() == ["ana", "ana", "ben"]


async def test_reconcile_poison(road, alertmanager):
    await road.receive(alert())
    await road.store.write(lambda tx: tx.execute(update(incidents).where(incidents.c.number == 1).values(severity="odd")))
    lost = alert(service="lost")
    alertmanager.lists(alert(), lost)
    for _ in range(4):
        road.clock.advance(minutes(1))
        try:
            await road.worker.reconcile()
        except ValueError:
            pass
    await road.worker.decide()
    await road.worker.turn()
    assert road.woken() == ["ana", "ana"]


async def test_two_replicas_gone(road, secrets_dir, database_url, fakes, clock, alertmanager):
    async with open_road(secrets_dir, database_url, fakes, clock, name="r2", alertmanagers=[alertmanager.url]) as other:
        await road.receive(alert())
        alertmanager.lists(alert())
        await minute(road)
        await other.worker.reconcile()
        alertmanager.lists()
        for _ in range(8):
            road.clock.advance(minutes(1))
            await road.worker.reconcile()
            clock.advance(timedelta(seconds=3))
            await other.worker.reconcile()
            await road.worker.turn()
        assert len(await road.incidents()) == 1


async def test_reopened_holds_all(road):
    a, b = firing(), firing(instance="b")
    await road.receive(a, b)
    await road.receive(resolved(), resolved(instance="b"))
    await road.receive(a)
    await road.receive(b, groupLabels={"instance": "b"})
    assert len(await road.incidents()) == 1


async def test_weird_listing(road, alertmanager):
    odd = alert(service="odd") | {"fingerprint": "ZZ"}
    empty = alert(service="odd") | {"labels": {}, "fingerprint": "0123456789abcdef"}
    alertmanager.lists(empty, odd, alert(service="lost"))
    await minute(road, 6)
    from router.store.tables import notifications
    from sqlalchemy import select, func
    n = await road.store.read(lambda tx: tx.execute(select(func.count()).select_from(notifications)).scalar())
    assert road.woken() == ["ana"]
    assert n == 1
