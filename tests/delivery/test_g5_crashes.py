"""G5 with whole processes: killed at any instant, no page is lost, and none wakes twice."""

import os
import signal
from collections import Counter
from contextlib import suppress
from datetime import datetime, timedelta
from pathlib import Path
from time import monotonic
from typing import Any

import httpx
import pytest
from alembic import command
from alembic.config import Config
from sqlalchemy import Connection, insert, table, text
from sqlalchemy import column as named

from router.store import migrations
from router.store.engine import open_engine
from tests.delivery.router_process import (
    PATIENT,
    Town,
    critical,
    outage,
    running,
    start_and_die,
)
from tests.fakes.serving import PATIENCE_SECONDS

IN_THE_DECISION = "after router.worker.outbox:Outbox.record_pages"
AFTER_THE_CLAIM = "before router.worker.sender:Sender._begin"
BEFORE_THE_RECORD = "before router.worker.outcomes:Outcomes.record"
IN_THE_RECORD = "after router.worker.outcomes:Outcomes.record"
# Of what a migration consists: Alembic counts each in its table once its changes are made.
IN_THE_MIGRATION = "after alembic.runtime.migration:HeadMaintainer.update_to_step#2"


def test_killed_at_every_point_of_its_road_in_turn_the_page_goes_out_and_wakes_once(
    town: Town,
) -> None:
    """Each death takes one run with it; the next one begins where that stopped."""
    slack = town.slack.hold_next(None)  # only the page may get far enough to die of
    with running(town, dies=IN_THE_DECISION) as router:
        with suppress(httpx.TransportError):  # it may die before the answer is read
            router.post(critical())
        router.wait_for_death()

    with running(town, dies=AFTER_THE_CLAIM) as router:
        router.wait_for_death()
    assert [call.path for call in town.pagerduty.calls] == []

    town.end_leases()
    town.pagerduty.hold_next()  # the request arrives, and nothing is done with it
    with running(town) as router:
        town.pagerduty.wait_for(lambda fake: fake.held == 1)
        router.kill()
    assert [page.person for page in town.pagerduty.pages] == []

    for accepted, point in enumerate((BEFORE_THE_RECORD, IN_THE_RECORD), start=1):
        town.end_leases()
        with running(town, dies=point) as router:
            router.wait_for_death()
        assert len(town.pagerduty.accepted) == accepted

    town.end_leases()
    slack.open()
    with running(town) as router:
        shown = router.wait_for(
            "/api/incidents/1",
            lambda incident: {one["state"] for one in incident["messages"]} == {"sent"},
        )
        assert router.stop() == 0

    assert [one.outcome for one in town.pagerduty.accepted] == ["opened", "joined", "joined"]
    assert len(town.pagerduty.pages) == 1
    paged = [row["text"] for row in shown["timeline"] if row["kind"] == "paged"]
    assert len(paged) == 1


def test_neither_a_death_nor_a_clock_that_steps_back_delays_the_next_step(town: Town) -> None:
    town.set_clock(town.now())
    with running(town) as router:
        assert router.post(critical()) == 200
        town.pagerduty.wait_for(lambda fake: len(fake.pages) == 1)
        due = router.wait_for("/api/incidents/1", next_step)["escalation"]["due_at"]
        assert timedelta(minutes=14) < datetime.fromisoformat(due) - town.now()

        town.move_clock(timedelta(hours=-1))
        router.wait_for_log("the wall clock is far behind the last instant known, and is followed")
        town.move_clock(timedelta(minutes=15))
        town.pagerduty.wait_for(lambda fake: len(fake.pages) == 2)
        router.wait_for("/api/incidents/1", next_step)
        router.kill()

    town.move_clock(timedelta(minutes=15))
    with running(town) as restarted:
        # The second step has waited for its time, and everybody is the last resort.
        town.pagerduty.wait_for(lambda fake: len(fake.pages) == 5)
        assert restarted.stop() == 0
    assert len({page.dedup_key for page in town.pagerduty.pages}) == 5
    assert len(town.pagerduty.accepted) == 5


def next_step(incident: dict[str, Any]) -> object:
    """Say when the next step is due, if the pages of this one are sent."""
    return the_page_is_sent(incident) and incident["escalation"]["due_at"]


@pytest.mark.parametrize("database_url", ["postgresql"], indirect=True)
def test_a_postgresql_that_crashes_loses_no_page_and_the_router_goes_on(town: Town) -> None:
    gate = town.pagerduty.hold_next(processes=True)
    with running(town, sets=PATIENT) as router:
        assert router.post(critical()) == 200
        town.pagerduty.wait_for(lambda fake: fake.held == 1)

        make_postgresql_crash(town)
        gate.open()  # while it recovers
        deadline = monotonic() + PATIENCE_SECONDS
        while (status := router.post(outage("Meanwhile"))) != 200:  # as Alertmanager does
            assert status == 503
            assert monotonic() < deadline
        town.pagerduty.wait_for(lambda fake: len(fake.pages) == 2)

        town.end_leases()  # what came of the first page may not have been recorded
        for listed in router.ask("/api/incidents")["incidents"]:
            router.wait_for(f"/api/incidents/{listed['number']}", the_page_is_sent)
        assert router.stop() == 0
    assert len(town.pagerduty.pages) == 2
    assert max(Counter(one.dedup_key for one in town.pagerduty.accepted).values()) <= 2


def make_postgresql_crash(town: Town) -> None:
    """Kill one of its processes: it ends all sessions at once and recovers from its log."""
    engine = open_engine(town.database)
    with engine.connect() as connection:
        others = connection.execute(
            text(
                "SELECT pid FROM pg_stat_activity"
                " WHERE datname = current_database() AND pid <> pg_backend_pid()"
            )
        ).scalars()
        victim = next(others)
    engine.dispose()
    os.kill(victim, signal.SIGKILL)


def the_page_is_sent(incident: dict[str, Any]) -> bool:
    return {one["state"] for one in incident["messages"] if one["kind"] == "page"} == {"sent"}


def test_killed_in_the_middle_of_a_migration_it_starts_again_and_pages(town: Town) -> None:
    now = town.now()
    engine = open_engine(town.database)
    with engine.begin() as tx:
        make_first_schema(tx)
        fill_first_schema(tx, now=now)

    start_and_die(town, dies=IN_THE_MIGRATION)
    with engine.connect() as connection:
        assert connection.execute(text("SELECT version_num FROM schema_version")).all() == [
            ("0001",)
        ]
    engine.dispose()

    with running(town) as router:
        # What waited in the first schema: a page on its way, and a notification to be applied.
        town.pagerduty.wait_for(lambda fake: len(fake.pages) == 2)
        (old,) = router.ask("/api/incidents/1")["alerts"]
        assert router.stop() == 0
    assert old["labels"]["alertname"] == "OfTheFirstSchema"
    keys = {page.dedup_key.rpartition("/")[0] for page in town.pagerduty.pages}
    assert keys == {"first/1/1.1", "first/2/1.1"}


def make_first_schema(tx: Connection) -> None:
    config = Config()
    config.set_main_option("script_location", str(Path(migrations.__file__).parent))
    config.attributes["connection"] = tx
    command.upgrade(config, "0001")


def fill_first_schema(tx: Connection, *, now: datetime) -> None:
    """Put an open incident with a page on its way there, and a notification to be applied."""
    at = int(now.timestamp() * 1_000_000)
    rows: dict[str, dict[str, Any]] = {
        "installation": {"singleton": 1, "id": "first"},
        "incidents": {
            "key": "group of the first schema",
            "key_digest": "a digest",
            "state": "triggered",
            "severity": "critical",
            "opened_at": at,
            "channels": "[]",
        },
        "alerts": {
            "incident_number": 1,
            "fingerprint": "0123456789abcdef",
            "labels": '{"alertname": "OfTheFirstSchema", "severity": "critical"}',
            "annotations": "{}",
            "firing": True,
            "starts_at": at,
            "generator_url": "",
            "severity": "critical",
            "in_open_incident": True,
        },
        "messages": {
            "incident_number": 1,
            "kind": "page",
            "urgency": 0,
            "channel": "pagerduty",
            "address": "platform-1",
            "dedup_key": "first/1/1.1/platform-1",
            "person": "platform-1",
            "because": "Step 1 of policy plataforma names Platform engineer 1.",
            "state": "sending",
            "lease_token": "dead:1",
            "leased_until": at,
            "created_at": at,
            "due_at": at,
        },
        "notifications": {
            "received_at": at,
            "content_key": "of the first schema",
            "body": critical(service="casos"),
            "state": "pending",
            "due_at": at,
        },
    }
    for name, row in rows.items():
        into = table(name, *(named(column) for column in row))
        tx.execute(insert(into).values(**row))
