"""The router's own heartbeat: it stops as soon as the router does not truly work (G10)."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta

import pytest
from sqlalchemy.exc import OperationalError

from router.channels.monitor import Beat, Monitor
from router.metrics import BEAT_OUTCOMES, Metrics
from router.store.backlog import Backlog, Waiting
from router.store.store import Store
from router.worker.own_heartbeat import OwnHeartbeat, find_obstacle
from tests.fakes.monitor import MonitorFake
from tests.router.making import NOON, minutes
from tests.router.road import Road, firing

ON_SQLITE = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
NOTHING = Waiting(count=0, first_due_at=None)


@dataclass(slots=True, kw_only=True)
class Ports:
    """The worker's ports as far as the own heartbeat reads them."""

    store: Store
    clock: Callable[[], datetime]
    metrics: Metrics
    monitor: Monitor | None
    beat_every: timedelta = field(default=timedelta(minutes=1))


@pytest.fixture
def outside() -> Iterator[MonitorFake]:
    with MonitorFake().serving() as fake:
        yield fake


def own_heartbeat(road: Road, outside: MonitorFake) -> OwnHeartbeat:
    """Return the heartbeat of a road whose worker has just done its turn, whatever the clock."""
    monitor = Monitor(url=outside.ping_url, secrets_dir=road.settings.secrets_dir)
    ports = Ports(store=road.store, clock=road.clock, metrics=road.metrics, monitor=monitor)
    return OwnHeartbeat(ports, turned_at=road.clock)


async def count(road: Road, outcome: Beat) -> str:
    return await road.metric(f'guardia_own_heartbeats_total{{outcome="{outcome}"}}')


def backlog(**queues: Waiting) -> Backlog:
    names = ("notifications", "timers", "messages", "pages")
    return Backlog(**{name: queues.get(name, NOTHING) for name in names}, open_incidents=0)


def overdue(by: timedelta) -> Waiting:
    return Waiting(count=1, first_due_at=NOON - by)


@pytest.mark.parametrize("queue", ["notifications", "timers", "messages", "pages"])
def test_what_is_overdue_by_more_than_a_minute_is_an_obstacle(queue: str) -> None:
    late = backlog(**{queue: overdue(minutes(1) + timedelta(seconds=1))})
    assert find_obstacle(late, turned_at=NOON, now=NOON) == f"{queue} are overdue by 61 s"
    for by in (minutes(1), timedelta(0), -minutes(60)):
        fine = backlog(**{queue: overdue(by)})
        assert find_obstacle(fine, turned_at=NOON, now=NOON) is None


@pytest.mark.parametrize("turned_at", [None, NOON - minutes(1) - timedelta(seconds=1)])
def test_a_worker_that_does_not_turn_is_an_obstacle(turned_at: datetime | None) -> None:
    reason = find_obstacle(backlog(), turned_at=turned_at, now=NOON)
    assert reason == "the worker has not done its turn for a minute"


def test_a_working_router_has_no_obstacle() -> None:
    assert find_obstacle(backlog(), turned_at=NOON - minutes(1), now=NOON) is None


async def test_it_beats_once_an_interval(road: Road, outside: MonitorFake) -> None:
    own = own_heartbeat(road, outside)
    for _ in range(30):
        await own.beat_due()
        road.clock.advance(timedelta(seconds=5))
    assert outside.beats == 3
    assert await count(road, Beat.SENT) == "3.0"
    at = road.clock.now - timedelta(seconds=30)
    assert float(await road.metric("guardia_own_heartbeat_last_timestamp_seconds")) == (
        at.timestamp()
    )


async def test_it_stops_while_a_page_is_accepted_by_no_provider(
    road: Road, outside: MonitorFake
) -> None:
    own = own_heartbeat(road, outside)
    road.fakes.pagerduty.fail_next(None, status=500)
    await road.receive(firing())
    await own.beat_due()
    assert outside.beats == 1

    for _ in range(5):
        await road.pass_time(timedelta(seconds=15))
    await own.beat_due()
    assert (outside.beats, await count(road, Beat.WITHHELD)) == (1, "1.0")
    assert float(await road.metric('guardia_overdue_seconds{queue="pages"}')) == 75.0

    road.fakes.pagerduty.heal()
    await road.pass_time(minutes(1))
    await own.beat_due()
    assert outside.beats == 2
    assert await road.metric('guardia_overdue_seconds{queue="pages"}') == "0.0"


@ON_SQLITE
async def test_it_stops_while_the_store_cannot_be_written_to(
    road: Road, outside: MonitorFake, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def refuse(*, seconds: float) -> None:
        raise OperationalError("UPDATE", {}, Exception("attempt to write a readonly database"))

    own = own_heartbeat(road, outside)
    monkeypatch.setattr(road.store, "check_writing", refuse)
    await own.beat_due()

    assert (outside.beats, await count(road, Beat.WITHHELD)) == (0, "1.0")
    assert await road.metric("guardia_store_writable") == "0.0"


@ON_SQLITE
@pytest.mark.parametrize(
    ("status", "drops", "outcome"),
    [
        (404, False, Beat.REFUSED),
        (302, False, Beat.REFUSED),
        (500, False, Beat.REFUSED),
        (None, True, Beat.UNREACHABLE),
    ],
)
async def test_its_failure_is_counted_and_it_is_tried_again_soon(
    road: Road, outside: MonitorFake, status: int | None, drops: bool, outcome: Beat
) -> None:
    own = own_heartbeat(road, outside)
    headers = {"Location": outside.ping_url}
    outside.fail_next(status=status, drops_connection=drops, headers=headers)

    assert await own.beat_due() == road.clock.now + timedelta(seconds=10)
    assert await count(road, outcome) == "1.0"
    assert await own.beat_due() == road.clock.now + timedelta(seconds=10)
    road.clock.advance(timedelta(seconds=10))
    await own.beat_due()
    assert await count(road, Beat.SENT) == "1.0"


@ON_SQLITE
async def test_it_logs_where_its_outcome_changes_and_never_the_url(
    road: Road, outside: MonitorFake, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("INFO", "router.worker.own_heartbeat")
    own = own_heartbeat(road, outside)
    outside.fail_next(3, drops_connection=True)
    for _ in range(6):
        await own.beat_due()
        road.clock.advance(minutes(1))
    found = [one for one in caplog.records if one.name == "router.worker.own_heartbeat"]
    assert [one.getMessage().rpartition(" ")[2] for one in found] == ["unreachable", "sent"]
    assert "ping" not in str([vars(one) for one in found])


@ON_SQLITE
async def test_a_clock_that_is_set_back_does_not_silence_it(
    road: Road, outside: MonitorFake
) -> None:
    own = own_heartbeat(road, outside)
    await own.beat_due()
    road.clock.advance(-timedelta(days=1))
    await own.beat_due()
    assert outside.beats == 2


@ON_SQLITE
async def test_at_the_start_it_waits_for_the_first_turn(road: Road, outside: MonitorFake) -> None:
    monitor = Monitor(url=outside.ping_url, secrets_dir=road.settings.secrets_dir)
    ports = Ports(store=road.store, clock=road.clock, metrics=road.metrics, monitor=monitor)
    own = OwnHeartbeat(ports, turned_at=lambda: None)
    assert await own.beat_due() == road.clock.now + timedelta(seconds=1)
    assert await count(road, Beat.WITHHELD) == "0.0"
    road.clock.advance(minutes(1))
    await own.beat_due()
    assert (outside.beats, await count(road, Beat.WITHHELD)) == (0, "1.0")


@ON_SQLITE
async def test_without_a_monitor_there_is_none(road: Road) -> None:
    ports = Ports(store=road.store, clock=road.clock, metrics=road.metrics, monitor=None)
    assert await OwnHeartbeat(ports, turned_at=road.clock).beat_due() is None


def test_every_outcome_is_counted_from_zero() -> None:
    assert set(BEAT_OUTCOMES) == set(Beat)
