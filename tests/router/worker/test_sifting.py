"""Copies taken off the list many at a time are those that would be copies one by one (G2)."""

import tempfile
from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st
from sqlalchemy import Connection, select

from guardia.matcher import parse_matcher
from router.incident.heartbeat import Heartbeat
from router.intake.content_key import content_key
from router.intake.notification import parse_notification
from router.store.engine import open_engine
from router.store.incidents import list_incidents
from router.store.notifications import list_pending_notifications, record_notification
from router.store.tables import notifications
from router.worker.applying import Applying
from router.worker.decisions import Decisions
from router.worker.outbox import Outbox
from router.worker.sifting import SIFTED_FROM, sift_repeats
from tests.databases import sqlite_database
from tests.router.making import NOON, alert_body, minutes, notification_body
from tests.router.road import Road, firing, on_call_catalog, resolved

MANY = SIFTED_FROM + 2


async def post_all(road: Road, *bodies: bytes) -> None:
    """Have all of them stored before any is looked at."""
    for body in bodies:
        assert (await road.post(body)).status_code == 200


async def sift(road: Road) -> list[int]:
    """Return what would be sifted now."""

    def work(tx: Connection) -> list[int]:
        waiting = list_pending_notifications(tx, now=road.clock(), limit=100)
        return sift_repeats(tx, waiting, road.worker.catalog)

    return await road.store.write(work)


async def test_a_flood_of_copies_changes_nothing_and_each_is_counted(road: Road) -> None:
    await road.receive(firing())
    before = await road.show(1)

    await post_all(road, *[notification_body(firing())] * MANY)
    await road.worker.turn()

    assert await road.show(1) == before
    assert road.woken() == ["ana"]
    repeated = 'guardia_notifications_applied_total{outcome="repeated"}'
    assert await road.metric(repeated) == f"{float(MANY)}"


async def test_what_is_new_in_a_flood_is_applied(road: Road) -> None:
    await road.receive(firing())
    other = notification_body(firing(instance="b"), groupLabels={"service": "usuarios"})

    copies = [notification_body(firing())] * MANY
    await post_all(road, *copies, other, *copies)
    await road.worker.turn()

    assert len(await road.incidents()) == 2
    assert road.woken() == ["ana", "ana"]


async def test_a_copy_behind_what_may_change_its_alert_waits_for_its_turn(road: Road) -> None:
    """After the end, the same firing may be the alert that is back: that is judged then."""
    await road.receive(firing())
    road.clock.advance(minutes(5))

    await post_all(road, notification_body(resolved()), notification_body(firing()))

    assert await sift(road) == []
    await road.worker.turn()
    assert (await road.incidents())[0]["state"] == "triggered"


async def test_a_copy_before_it_is_taken_off(road: Road) -> None:
    await road.receive(firing())

    await post_all(road, notification_body(firing()), notification_body(resolved()))

    assert len(await sift(road)) == 1
    await road.worker.turn()
    assert [one["state"] for one in await road.incidents()] == ["resolved"]


async def test_a_heartbeat_counts_each_time_it_comes(road: Road) -> None:
    beat = Heartbeat(
        name="watchdog",
        matchers=(parse_matcher('alertname="DatabaseDown"'),),
        every=minutes(5),
    )
    await road.receive(firing())
    road.worker.catalog = replace(road.worker.catalog, heartbeats=(beat,))

    await post_all(road, *[notification_body(firing())] * 3)

    assert await sift(road) == []


# Histories


ALERTS = st.builds(
    lambda status, instance, start: (
        alert_body(status, severity="critical", instance=instance)
        | {"startsAt": (NOON + minutes(start)).isoformat()}
    ),
    st.sampled_from(["firing", "firing", "resolved"]),
    st.sampled_from(["a", "b"]),
    st.sampled_from([0, 0, 7]),
)
BODIES = st.builds(
    lambda alerts, group: notification_body(*alerts, groupLabels={"service": group}),
    st.lists(ALERTS, min_size=1, max_size=2),
    st.sampled_from(["casos", "usuarios"]),
)
BATCHES = st.lists(
    st.tuples(st.lists(BODIES, min_size=1, max_size=4), st.integers(0, 4)), min_size=1, max_size=4
)


def outcome(
    batches: Sequence[tuple[Sequence[bytes], int]], *, sifting: bool
) -> tuple[list[str], list[Any]]:
    """Return what became of each notification, and of the incidents."""
    catalog = on_call_catalog()
    decisions = Decisions(catalog=catalog, outbox=Outbox(installation="test", channels={}))
    applying = Applying(decisions=decisions)
    now: datetime = NOON + minutes(30)
    with tempfile.TemporaryDirectory() as folder:
        engine = open_engine(sqlite_database(Path(folder)))
        for bodies, wait in batches:
            now += timedelta(minutes=wait)
            with engine.begin() as tx:
                for body in bodies:
                    key = content_key(parse_notification(body))
                    record_notification(tx, body=body, content_key=key, now=now)
            with engine.begin() as tx:
                waiting = list_pending_notifications(tx, now=now, limit=100)
                gone = sift_repeats(tx, waiting, catalog) if sifting else []
                for number in waiting:
                    if number not in gone:
                        applying.apply(tx, number, now=now)
        with engine.begin() as tx:
            states = list(tx.execute(select(notifications.c.state).order_by(notifications.c.id)))
            incidents = [
                (one.number, one.state, one.severity, one.reopened, dict(one.alerts))
                for one in list_incidents(tx, open_only=False, limit=100)
            ]
        engine.dispose()
    return [row.state for row in states], incidents


@settings(max_examples=20)
@given(BATCHES)
def test_sifted_or_one_by_one_the_end_is_the_same(
    batches: list[tuple[list[bytes], int]],
) -> None:
    assert outcome(batches, sifting=True) == outcome(batches, sifting=False)
