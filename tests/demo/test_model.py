"""The example platform's model: pure, exact, and as healthy as it says."""

import ast
import subprocess
import sys
from itertools import chain
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from demo.model.cases import STATES, case_flow
from demo.model.declared import BY_SERIES_NAME, METRICS, PLATFORM
from demo.model.history import scrapes, write_history
from demo.model.meter import Meter, counted, shown
from demo.model.noise import spread, uniform
from demo.model.places import MAIN, PLACES, SERVICES, Target, targets
from demo.model.setting import (
    DAY,
    Fault,
    FaultKind,
    Rollout,
    Series,
    Setting,
    Values,
    series,
)
from demo.model.traffic import VERSION, requests
from tests.catalogs import ROOT

NOON = 1_793_534_400.0  # 2026-11-01 12:00 UTC, a Sunday
SETTING = Setting(seed=7, starts_at=NOON)
EVERYWHERE = tuple(chain.from_iterable(targets(place) for place in PLACES))
HOUR = SETTING.ticks_in(3600)


def target(job: str, number: int = 0) -> Target:
    return [found for found in targets(MAIN) if found.job == job][number]


def value(values: Values, name: str, **labels: str) -> float:
    return values[series(name, **labels)]


@given(
    st.integers(0, 10_000),
    st.lists(st.integers(1, 100), min_size=1, max_size=12),
    st.floats(0, 1, exclude_max=True),
)
def test_spread_loses_no_event_and_is_nowhere_off_by_one(
    number: int, weights: list[int], chance: float
) -> None:
    shares = [weight / sum(weights) for weight in weights]
    parts = spread(number, shares, chance)
    assert sum(parts) == number
    assert all(
        abs(part - number * share) < 1.001 for part, share in zip(parts, shares, strict=True)
    )


@given(st.integers(0, 2**40), st.text(), st.integers(-(10**6), 10**9))
def test_chance_is_in_its_range(seed: int, stream: str, tick: int) -> None:
    assert 0 <= uniform(seed, stream, tick) < 1


def test_chance_is_spread_evenly() -> None:
    numbers = [uniform(1, "x", tick) for tick in range(10_000)]
    tenths = [sum(n / 10 <= found < (n + 1) / 10 for found in numbers) for n in range(10)]
    assert all(850 < number < 1150 for number in tenths)


@pytest.mark.parametrize("found", EVERYWHERE, ids=lambda found: found.name)
def test_every_series_is_declared_with_its_labels(found: Target) -> None:
    exported = Meter(SETTING, found).read(SETTING, 40)
    assert exported
    for name, labels in exported:
        metric = BY_SERIES_NAME[name]
        own = tuple(label for label, _ in labels if label != "le")
        assert sorted(own) == sorted(metric.labels), name
        assert dict(labels).keys().isdisjoint(found.labels), name


def test_every_declared_metric_is_exported() -> None:
    exported = {
        name for found in targets(MAIN) for name, _ in Meter(SETTING, found).read(SETTING, 1)
    }
    assert exported == set(BY_SERIES_NAME)


def test_own_names_follow_the_rules_of_the_field() -> None:
    own = [metric for metric in METRICS if metric.owner == PLATFORM]
    assert own
    for metric in own:
        assert metric.name == metric.name.lower()
        assert metric.name.endswith("_total") == (metric.type == "counter"), metric.name
        assert not metric.name.endswith(("_ms", "_minutes", "_percent"))
        assert metric.help.endswith(".")


@pytest.mark.parametrize("found", EVERYWHERE, ids=lambda found: found.name)
def test_counters_never_decrease(found: Target) -> None:
    before: Values = {}
    for _, values in scrapes(SETTING, found, ticks=2 * HOUR, every=4):
        for each, number in values.items():
            metric = BY_SERIES_NAME.get(each.name)
            if metric and metric.type != "gauge":
                assert number >= before.get(each, 0.0), each
        before = values


@pytest.mark.parametrize("job", SERVICES)
def test_what_is_counted_is_the_sum_of_what_happened(job: str) -> None:
    found = target(job)
    meter = Meter(SETTING, found)
    start = meter.read(SETTING, 0)
    end = meter.read(SETTING, HOUR)
    events = [counted(SETTING, found, tick) for tick in range(1, HOUR + 1)]
    for each in events[0]:
        happened = sum(tick.get(each, 0.0) for tick in events)
        assert end[each] - start[each] == pytest.approx(happened, abs=1e-6), each


def test_a_tick_is_the_same_however_it_is_reached() -> None:
    found = target("casos")
    at_once, step_by_step = Meter(SETTING, found), Meter(SETTING, found)
    for tick in range(0, 300, 7):
        step_by_step.read(SETTING, tick)
    assert step_by_step.read(SETTING, 300) == at_once.read(SETTING, 300)
    with pytest.raises(ValueError, match="tick 299 is over"):
        at_once.read(SETTING, 299)


def test_another_process_sees_the_same_platform() -> None:
    script = (
        "from tests.demo.test_model import *\n"
        "print(sum(requests(SETTING, target('casos'), t)[VERSION].failed for t in range(2000)),"
        " case_flow(SETTING, target('casos'), 5))"
    )
    failed = sum(requests(SETTING, target("casos"), tick)[VERSION].failed for tick in range(2000))
    done = subprocess.run(
        [sys.executable, "-c", script], cwd=ROOT, capture_output=True, text=True, check=True
    )
    assert done.stdout.strip() == f"{failed} {case_flow(SETTING, target('casos'), 5)}"


def test_the_model_has_no_way_to_a_clock_or_to_chance() -> None:
    imported = {
        name.split(".")[0]
        for path in (ROOT / "demo" / "model").glob("*.py")
        for node in ast.walk(ast.parse(path.read_text("utf-8")))
        for name in (
            [alias.name for alias in node.names]
            if isinstance(node, ast.Import)
            else [node.module or ""]
            if isinstance(node, ast.ImportFrom)
            else []
        )
    }
    assert "demo" in imported
    assert imported.isdisjoint({"time", "datetime", "random", "secrets", "os", "socket"})


def test_another_seed_is_another_platform() -> None:
    other = Setting(seed=8, starts_at=NOON)
    mine, theirs = (
        [requests(setting, target("casos"), tick) for tick in range(50)]
        for setting in (SETTING, other)
    )
    assert mine != theirs


def test_traffic_follows_the_day_in_cape_verde() -> None:
    hours = [
        sum(
            requests(SETTING, target("casos"), tick)[VERSION].number
            for tick in range(hour * HOUR + 1, (hour + 1) * HOUR + 1)
        )
        for hour in range(24)
    ]
    # 15:30 there is 16:30 UTC, four and a half hours after the start.
    assert hours.index(max(hours)) in (3, 4)
    assert hours.index(min(hours)) in (15, 16)
    assert max(hours) > 5 * min(hours)
    mean = SETTING.busy_seconds(DAY) / DAY
    assert mean == pytest.approx(1)


def test_a_history_holds_every_sample_and_no_family_twice(tmp_path: Path) -> None:
    file = tmp_path / "history.om"
    of_production = targets(MAIN)
    written = write_history(file, SETTING, of_production, ticks=20, every=5)
    lines = file.read_text("utf-8").splitlines()
    assert lines[-1] == "# EOF"
    samples = [line for line in lines if not line.startswith("#")]
    expected = sum(
        len(values)
        for found in of_production
        for _, values in scrapes(SETTING, found, ticks=20, every=5)
    )
    assert len(samples) == len(set(samples)) == written == expected
    families = [line for line in lines if line.startswith("# TYPE ")]
    assert len(families) == len(set(families)) == len(METRICS) + 1  # `up`


def test_a_healthy_platform_makes_few_errors_and_answers_fast() -> None:
    hour = [requests(SETTING, target("casos"), tick)[VERSION] for tick in range(1, HOUR + 1)]
    number = sum(part.number for part in hour)
    assert 0 < sum(part.failed for part in hour) < 0.0006 * number
    fast = sum(sum(part.durations[:4]) for part in hour)  # up to 0.5 s
    assert fast > 0.95 * number
    assert all(sum(part.durations) == part.number for part in hour)


def test_cases_are_in_one_state_each() -> None:
    found = target("casos")
    meter = Meter(SETTING, found)
    start, end = meter.read(SETTING, 0), meter.read(SETTING, 24 * HOUR)
    opened = value(end, "cases_created_total")
    assert 2500 < opened < 3500
    for values in (start, end):
        assert all(value(values, "cases_by_state", state=state) >= 0 for state in STATES)
    before, after = (
        sum(value(values, "cases_by_state", state=state) for state in STATES)
        for values in (start, end)
    )
    assert after - before == opened
    within, outside = (value(end, "cases_resolved_total", sla=sla) for sla in ("within", "outside"))
    assert 0.9 < within / (within + outside) < 1
    assert value(end, "case_resolution_seconds_bucket", le="432000.0") == within


def test_a_stall_leaves_cases_pending_and_all_are_assigned_afterwards() -> None:
    starts, ends = 3600.0, 3600.0 + 1500
    stalled = Setting(
        seed=7, starts_at=NOON, faults=(Fault(kind="stalled", starts=starts, ends=ends),)
    )
    found = target("casos")
    last = stalled.ticks_in(ends)
    assert not any(
        case_flow(stalled, found, tick).assigned
        for tick in range(stalled.ticks_in(starts) + 1, last)
    )
    waited = value(shown(stalled, found, last), "case_oldest_pending_seconds")
    assert 1500 < waited <= 1500 + 180
    meter = Meter(stalled, found)
    pending = value(meter.read(stalled, last), "cases_by_state", state="PENDIENTE")
    assert pending > 50
    healthy = Meter(SETTING, found).read(SETTING, last + HOUR)
    assert meter.read(stalled, last + HOUR) == healthy
    lag = shown(stalled, target("kafka"), last)
    assert (
        value(lag, "kafka_consumergroup_lag_sum", consumergroup="derivacion-group", topic="casos")
        > 1000
    )


def test_a_fault_is_seen_only_while_it_lasts_and_only_in_production() -> None:
    fault = Fault(kind="errors", job="casos", starts=150, ends=300)
    broken = Setting(seed=7, starts_at=NOON, faults=(fault,))
    failed = {
        tick: requests(broken, target("casos"), tick)[VERSION].failed for tick in range(1, 41)
    }
    all_of = {tick: requests(broken, target("casos"), tick)[VERSION].number for tick in failed}
    assert [tick for tick in failed if failed[tick] == all_of[tick]] == list(range(11, 21))
    for place in PLACES[1:]:
        elsewhere = targets(place)[0]
        assert requests(broken, elsewhere, 15) == requests(SETTING, elsewhere, 15)


def test_a_canary_gets_its_share_and_begins_at_zero() -> None:
    rollout = Rollout(job="casos", version="1.5.0", starts=600)
    bad = Fault(kind="errors", job="casos", starts=0, share=0.2, version="1.5.0")
    canary = Setting(seed=7, starts_at=NOON, rollouts=(rollout,), faults=(bad,))
    first = canary.ticks_in(600) + 1
    assert VERSION in requests(canary, target("casos"), first - 2)
    assert "1.5.0" not in requests(canary, target("casos"), first - 2)
    assert requests(canary, target("casos"), first - 1)["1.5.0"].number == 0
    step = [requests(canary, target("casos"), tick) for tick in range(first, first + 100)]
    new, old = (sum(each[version].number for each in step) for version in ("1.5.0", VERSION))
    assert new / (new + old) == pytest.approx(0.1, abs=0.01)
    assert sum(each["1.5.0"].failed for each in step) / new == pytest.approx(0.2, abs=0.02)
    assert sum(each[VERSION].failed for each in step) < 0.002 * old
    done = shown(canary, target("deployments"), canary.ticks_in(rollout.done_at))
    name = "deployment_last_success_timestamp_seconds"
    assert value(done, name, app="casos", version="1.5.0") == NOON + rollout.done_at
    assert value(done, "deployments_total", app="casos", outcome="succeeded") == 13


def test_backups_end_when_the_timetable_says() -> None:
    ended = shown(SETTING, target("backups"), 0)
    ages = {
        kind: NOON - value(ended, "backup_last_success_timestamp_seconds", kind=kind)
        for kind in ("incremental", "full", "weekly")
    }
    # Sunday 11:00 in Cape Verde: incremental at 06:00, full and weekly at 02:00.
    assert ages == {
        "incremental": 5 * 3600 - 300,
        "full": 9 * 3600 - 2400,
        "weekly": 9 * 3600 - 4800,
    }


@pytest.mark.parametrize(
    ("fault", "found", "shown_as", "healthy", "broken"),
    [
        (
            "pool",
            target("casos"),
            series("connection_pool_in_use", pool="database"),
            (5, 25),
            (50, 50),
        ),
        ("leak", target("casos"), series("process_resident_memory_bytes"), (4e8, 6e8), (8e8, 1e9)),
        ("unhealthy", target("casos"), series("health_check_passed", check="self"), (1, 1), (0, 0)),
        ("broker", target("kafka"), series("kafka_brokers"), (3, 3), (2, 2)),
        ("database", target("postgres"), series("pg_up"), (1, 1), (0, 0)),
        ("unreachable", target("blackbox"), series("probe_success"), (1, 1), (0, 0)),
        (
            "replica",
            target("postgres", 1),
            series("pg_replication_lag_seconds"),
            (0, 1),
            (14_400, 14_400),
        ),
    ],
)
def test_each_fault_shows_where_it_should(
    fault: FaultKind,
    found: Target,
    shown_as: Series,
    healthy: tuple[float, float],
    broken: tuple[float, float],
) -> None:
    with_fault = Setting(seed=7, starts_at=NOON, faults=(Fault(kind=fault, starts=0),))
    for setting, (least, most) in ((SETTING, healthy), (with_fault, broken)):
        assert least <= shown(setting, found, 4 * HOUR)[shown_as] <= most


def test_a_full_disk_a_slow_service_and_a_breach_are_seen() -> None:
    kinds: tuple[FaultKind, ...] = ("disk", "slow", "breach")
    faults = tuple(Fault(kind=kind, starts=0) for kind in kinds)
    broken = Setting(seed=7, starts_at=NOON, faults=faults)
    root = {"device": "/dev/sda1", "fstype": "ext4", "mountpoint": "/"}
    node = shown(broken, target("node"), 1)
    size = value(node, "node_filesystem_size_bytes", **root)
    assert value(node, "node_filesystem_avail_bytes", **root) == pytest.approx(0.1 * size)
    slow = [requests(broken, target("casos"), tick)[VERSION] for tick in range(1, 100)]
    beyond = sum(sum(part.durations[7:]) for part in slow)  # 3 s
    assert beyond > 0.25 * sum(part.number for part in slow)
    intrusions = series("security_events_total", kind="intrusion_detected")
    assert sum(counted(broken, target("gateway"), tick)[intrusions] for tick in range(1, 100)) > 100
    assert not any(counted(SETTING, target("gateway"), t)[intrusions] for t in range(1, 100))
