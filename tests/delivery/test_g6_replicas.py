"""G6 with two processes on one PostgreSQL: no step is taken twice, and the dead are relieved."""

import json
import signal
from collections import Counter, defaultdict
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from datetime import timedelta
from pathlib import Path
from time import monotonic
from typing import Any

import pytest
from sqlalchemy import BigInteger, select, type_coerce

from router.store.engine import open_engine
from router.store.lease_clock import lease_instant
from router.store.tables import messages
from tests.catalogs import copy_catalog
from tests.delivery.router_process import (
    PATIENT,
    PATIENT_LEASE,
    RouterProcess,
    Town,
    outage,
    running,
)
from tests.fakes.serving import PATIENCE_SECONDS

INCIDENTS = 20  # each wakes a person of its own: many of one person would be one digest
FEW = 6  # of which the first is still being sent when the last is: an attempt ends in seconds
# As in production, but with fifths of its times: see test_engine.py for those.
IMPATIENT = "router.store.engine:SILENCE_SECONDS=2 router.store.engine:LOCK_WAIT_SECONDS=1"

pytestmark = pytest.mark.parametrize("database_url", ["postgresql"], indirect=True)


@pytest.fixture
def catalog(tmp_path: Path) -> str:
    """Step 1 of each incident wakes one of the others, and step 2 the next of them."""
    copied = copy_catalog(tmp_path)
    people, policies, routes = [], [], []
    for number in range(1, INCIDENTS + 1):
        person, following = f"other-{number}", f"other-{number % INCIDENTS + 1}"
        people.append({"id": person, "name": person, "pages": [{"pagerduty": person}]})
        steps = [{"people": [person]}, {"people": [following]}]
        last = {"people": [person]}
        policies.append({"id": f"policy-{number}", "steps": steps, "last_resort": last})
        match = [f'alertname="Outage{number}"']
        routes.append({"name": f"r{number}", "match": match, "policy": f"policy-{number}"})
    many = {"people": people, "policies": policies, "routes": routes}
    (copied / "oncall" / "0-many.yaml").write_text(json.dumps(many))
    return str(copied)


def post_to_all(routers: list[RouterProcess], count: int) -> None:
    """Have every notification sent by one peer of Alertmanager for each router, all at once."""
    with ThreadPoolExecutor(8) as peers:
        sending = [
            peers.submit(router.post, outage(f"Outage{number}"))
            for number in range(1, count + 1)
            for router in routers
        ]
    assert {one.result() for one in sending} == {200}


def paged_steps(router: RouterProcess) -> Counter[int]:
    """Return how many incidents have how many rows about pages on their timeline."""
    listed = router.ask("/api/incidents")["incidents"]
    shown = [router.ask(f"/api/incidents/{one['number']}") for one in listed]
    return Counter(
        sum(1 for row in incident["timeline"] if row["kind"] == "paged") for incident in shown
    )


def leases_of_the_dead(town: Town) -> list[timedelta]:
    """Return for how long the database keeps them, once the living has recorded its own pages."""
    engine = open_engine(town.database)
    until = type_coerce(messages.c.leased_until, BigInteger)
    deadline = monotonic() + PATIENCE_SECONDS
    holders: dict[str, list[timedelta]] = {}
    while len(holders) != 1:
        assert monotonic() < deadline, holders
        holders = defaultdict(list)
        with engine.connect() as tx:
            now = type_coerce(lease_instant(tx, town.now()), BigInteger)
            held = select(messages.c.lease_token, until - now)
            pages = held.where(messages.c.state == "sending", messages.c.kind == "page")
            for token, micros in tx.execute(pages):
                holders[token.split(":")[0]].append(timedelta(microseconds=micros))
    engine.dispose()
    (left,) = holders.values()
    return left


def test_two_routers_take_each_step_of_many_incidents_once(town: Town, catalog: str) -> None:
    town.set_clock(town.now())
    with ExitStack() as stack:
        both = [running(town, GUARDIA_CATALOG=catalog) for _ in range(2)]
        routers = [stack.enter_context(router) for router in both]
        post_to_all(routers, INCIDENTS)
        town.pagerduty.wait_for(lambda fake: len(fake.pages) >= INCIDENTS)

        town.move_clock(timedelta(minutes=15, seconds=30))  # all are due at once
        town.pagerduty.wait_for(lambda fake: len(fake.pages) >= 2 * INCIDENTS)

        assert paged_steps(routers[0]) == {2: INCIDENTS}
        assert [router.stop() for router in routers] == [0, 0]
    triggers = Counter(one.dedup_key for one in town.pagerduty.accepted)
    assert set(triggers.values()) == {1}
    assert len(triggers) == 2 * INCIDENTS


def test_what_a_dead_router_was_sending_the_other_sends_in_seconds_and_once_more(
    town: Town, catalog: str
) -> None:
    gate = town.pagerduty.hold_next(FEW, processes=True)
    both = [running(town, sets=PATIENT, GUARDIA_CATALOG=catalog) for _ in range(2)]
    with both[0] as dead:
        post_to_all([dead], FEW // 2)  # alone, or the other may leave it nothing to send
        town.pagerduty.wait_for(lambda fake: fake.held == FEW // 2)
        with both[1] as other:
            post_to_all([dead, other], FEW)
            town.pagerduty.wait_for(lambda fake: fake.held == FEW)
            dead.kill()
            town.pagerduty.wait_for(lambda fake: fake.held < FEW)
            gate.open()
            town.pagerduty.wait_for(lambda fake: fake.held == 0)
            left = leases_of_the_dead(town)
            assert FEW // 2 <= len(left) <= FEW
            assert all(timedelta() < lease <= PATIENT_LEASE for lease in left)

            town.end_leases()
            town.pagerduty.wait_for(lambda fake: len(fake.accepted) == FEW + len(left))
            assert paged_steps(other) == {1: FEW}
            assert other.stop() == 0

    triggers = Counter(one.dedup_key for one in town.pagerduty.accepted)
    assert len(triggers) == len(town.pagerduty.pages) == FEW
    assert sorted(triggers.values())[-len(left) :] == [2] * len(left)
    assert max(triggers.values()) == 2


def test_what_a_router_that_was_stopped_for_a_while_brings_late_is_not_recorded(
    town: Town,
) -> None:
    gate = town.pagerduty.hold_next(processes=True)
    with running(town, sets=PATIENT) as stopped:
        assert stopped.post(outage("OnItsWay")) == 200
        town.pagerduty.wait_for(lambda fake: fake.held == 1)
        stopped.wait_for("/api/incidents/1", only_the_page_is_on_its_way)
        stopped.process.send_signal(signal.SIGSTOP)
        town.end_leases()
        with running(town) as other:
            town.pagerduty.wait_for(lambda fake: len(fake.accepted) == 2)
            shown = other.wait_for("/api/incidents/1", the_page_is_sent)
            gate.open()
            stopped.process.send_signal(signal.SIGCONT)
            assert stopped.stop() == 0  # once its attempt has ended
            assert other.ask("/api/incidents/1")["timeline"] == shown["timeline"]
            assert other.stop() == 0

    assert [one.outcome for one in town.pagerduty.accepted] == ["opened", "joined"]


def test_a_router_that_freezes_within_a_transaction_holds_the_other_up_for_seconds_only(
    town: Town,
) -> None:
    in_the_decision = "after router.worker.outbox:Outbox.record_pages"
    # It may freeze before it has answered, and then answers once it goes on.
    with (
        running(town, freezes=in_the_decision, sets=IMPATIENT) as frozen,
        ThreadPoolExecutor(1) as peer,
    ):
        posting = peer.submit(frozen.post, outage("BeingDecided"))
        with running(town, sets=IMPATIENT) as other:
            town.pagerduty.wait_for(lambda fake: fake.pages)
            other.wait_for("/api/incidents/1", the_page_is_sent)
            frozen.process.send_signal(signal.SIGCONT)
            assert posting.result() == 200
            assert frozen.stop() == 0
            shown = other.ask("/api/incidents/1")
            assert other.stop() == 0

    assert [row["kind"] for row in shown["timeline"]].count("paged") == 1
    assert len(town.pagerduty.accepted) == 1


def only_the_page_is_on_its_way(incident: dict[str, Any]) -> bool:
    states = {(one["kind"], one["state"]) for one in incident["messages"]}
    return {state for kind, state in states if kind != "page"} == {"sent"}


def the_page_is_sent(incident: dict[str, Any]) -> bool:
    return {one["state"] for one in incident["messages"] if one["kind"] == "page"} == {"sent"}
