"""`guardia verdict` beside a real Prometheus: it counts what happened, and says what follows."""

import json
import subprocess
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from guardia.cli.main import main
from tests.catalogs import copy_catalog
from tests.servers import prometheus
from tests.tooling import SET_NAMES, require_tool_set

NOON = 1_793_534_400  # 2026-11-01 12:00 UTC
SCRAPE = 15
STEP = 120  # scrapes in half an hour
BEGINS = 4 * STEP  # the canaries begin after two hours
LAST = 6 * STEP  # of all scrapes

SERVICE = """service: casos
team: plataforma
description: Citizens open, follow and close their cases.
targets: up{job="casos"}
runbook: service-down
slos:
  - name: availability
    description: Requests are answered without a server error.
    objective: 99.9%
    sli:
      ratio:
        bad: http_requests_total{job="casos",code=~"5.."}
        total: http_requests_total{job="casos"}
    runbook: high-error-rate
  - name: speed
    description: Requests are answered soon.
    objective: 99%
    sli: {latency: {histogram: 'duration_seconds{job="casos"}', below: 500ms}}
    runbook: high-error-rate
  - name: answered
    description: Requests are answered without a server error, by rates.
    objective: 99%
    sli:
      ratio:
        good: sum by (environment) (rate(http_requests_total{job="casos",code=~"2.."}[$window]))
        total: sum by (environment) (rate(http_requests_total{job="casos"}[$window]))
    runbook: high-error-rate
  - name: reachable
    description: The portal answers.
    objective: 99.9%
    sli: {uptime: {gauge: 'probe_success{job="casos"}'}}
    runbook: high-error-rate
"""


@dataclass
class Pod:
    """The counters of one pod, which is scraped from its birth to its end; all events count once.

    `events` gives the good, the bad and the slow ones before a scrape; `resets`
    are scrapes before which the process began anew, `missed` those that failed.
    """

    name: str
    version: str
    events: Callable[[int], tuple[int, int, int]]
    born: int = 0
    ends: int = LAST
    resets: tuple[int, ...] = ()
    missed: range = range(0)
    has_instance: bool = True

    def scrapes(self) -> Iterator[tuple[str, int, float]]:
        """Yield series, value and time, as an exporter with counters made by their first event."""
        place = f'job="casos",environment="prod",version="{self.version}",'
        place += f'pod="{self.name}",instance="{self.name}"' if self.has_instance else self.name
        counters: dict[str, int] = {}
        for scrape in range(self.born, self.ends + 1):
            if scrape in self.resets:
                counters = {}
            good, bad, slow = self.events(scrape)
            for series, grown in (
                (f'http_requests_total{{{place},code="200"}}', good),
                (f'http_requests_total{{{place},code="500"}}', bad),
                (f"duration_seconds_count{{{place}}}", good + bad),
                (f'duration_seconds_bucket{{{place},le="0.5"}}', good + bad - slow),
            ):
                if grown or series in counters or "duration" in series:
                    counters[series] = counters.get(series, 0) + grown
            if scrape not in self.missed:
                at = NOON + scrape * SCRAPE
                yield from ((series, value, at) for series, value in counters.items())

    def counted(self, first: int, last: int) -> tuple[int, int, int]:
        """Return all, bad and slow events of the scrapes after `first` up to `last`."""
        found = [
            self.events(one) for one in range(max(first + 1, self.born), min(last, self.ends) + 1)
        ]
        good, bad, slow = (sum(column) for column in zip(*found, strict=True))
        return good + bad, bad, slow


def steady(
    good: int, *, bad_every: int = 0, slow_every: int = 0
) -> Callable[[int], tuple[int, int, int]]:
    def events(scrape: int) -> tuple[int, int, int]:
        bad = int(bad_every > 0 and scrape % bad_every == 0)
        return good, bad, int(slow_every > 0 and scrape % slow_every == 0)

    return events


def at_birth(good: int, bad: int) -> Callable[[int], tuple[int, int, int]]:
    """Return events that fail only before the first scrape of a canary: each made its counter."""
    return lambda scrape: (good, bad if scrape == BEGINS + 1 else 0, 0)


def at_each_start(good: int, bad: int, lives: int) -> Callable[[int], tuple[int, int, int]]:
    """Return events that fail only before the first scrape of a process that lives so long."""
    return lambda scrape: (good, bad if (scrape - BORN) % lives == 0 else 0, 0)


BORN = BEGINS + 1
PODS = (
    # Two hours with few failures; one pod restarts, another is not scraped for two minutes.
    Pod(
        "old-0",
        "1.4.0",
        steady(45, bad_every=19, slow_every=7),
        ends=5 * STEP,
        resets=(2 * STEP + 1,),
    ),
    Pod(
        "old-1",
        "1.4.0",
        steady(45, bad_every=17, slow_every=6),
        ends=5 * STEP,
        missed=range(BEGINS + 37, BEGINS + 45),
    ),
    Pod("same-0", "same", steady(10, bad_every=86, slow_every=31), born=BORN),
    Pod("worse-0", "worse", steady(10, bad_every=4, slow_every=31), born=BORN),
    Pod("slow-0", "slow", steady(10, slow_every=2), born=BORN),
    Pod("few-0", "few", lambda scrape: (int(scrape % 10 == 0), 0, 0), born=BORN),
    *[Pod(f"new-{number}", "new", at_birth(10, 3), born=BORN) for number in range(8)],
    # Its counter of failures shows 5 in every life.
    Pod(
        "crash-0",
        "crashing",
        at_each_start(15, 5, 8),
        born=BORN,
        resets=tuple(range(BORN + 8, LAST, 8)),
    ),
    # Two that Prometheus cannot tell apart as processes; the first is restarted.
    Pod(
        'shard="0"',
        "bare",
        steady(50, bad_every=11),
        born=BORN,
        resets=(BORN + 60,),
        has_instance=False,
    ),
    Pod('shard="1"', "bare", steady(15, bad_every=13), born=BORN, has_instance=False),
    # It takes all traffic when the old ones have gone.
    Pod("last-0", "last", steady(100, bad_every=41, slow_every=12), born=5 * STEP + 1),
    Pod("bad-0", "last but bad", steady(100, bad_every=1, slow_every=12), born=5 * STEP + 1),
)


@pytest.fixture(scope="module", params=SET_NAMES)
def url(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    tools = require_tool_set(request.param)
    folder = tmp_path_factory.mktemp("canary")
    file, storage = folder / "history.om", folder / "storage"
    write_history(file)
    command: list[str | Path] = [tools.promtool, "tsdb", "create-blocks-from", "openmetrics"]
    subprocess.run([*command, file, storage], check=True, capture_output=True)
    with prometheus(
        tools, "{}", storage=storage, arguments=["--storage.tsdb.retention.time=20y"]
    ) as started:
        yield started


def write_history(file: Path) -> None:
    """Write all scrapes, series by series; the histogram without a type, as it is not whole."""
    lines: dict[bool, list[str]] = {True: [], False: []}
    for pod in PODS:
        for series, value, at in pod.scrapes():
            lines[series.startswith("http_requests")].append(f"{series} {value} {at}\n")
    text = ["# TYPE http_requests counter\n", *lines[True], *lines[False], "# EOF\n"]
    file.write_text("".join(text), encoding="utf-8")


def question(
    folder: Path,
    url: str,
    canary: str,
    *,
    last: int = 5 * STEP,
    baseline: str | None = "1.4.0",
) -> list[str]:
    """Return the arguments that ask for a verdict at the end of scrape `last`."""
    catalog = folder / "catalog"
    if not catalog.exists():
        copy_catalog(folder)
        (catalog / "services" / "casos.yaml").write_text(SERVICE, encoding="utf-8")
    at = datetime.fromtimestamp(NOON + last * SCRAPE, UTC).isoformat()
    options = {
        "--prometheus": url,
        "--service": "casos",
        "--environment": "prod",
        "--canary": f'version="{canary}"',
        "--at": at,
        "--format": "json",
        "--history": "2h",
    }
    if baseline is not None:
        options["--baseline"] = f'version="{baseline}"'
    return ["verdict", str(catalog), *[word for pair in options.items() for word in pair]]


def ask(capsys: pytest.CaptureFixture[str], arguments: list[str]) -> tuple[int, Any]:
    """Return exit code and JSON of a verdict."""
    code = main(arguments)
    shown = capsys.readouterr()
    assert shown.err == ""
    return code, json.loads(shown.out)


def slo(verdict: Any, name: str) -> Any:
    return next(one for one in verdict["slos"] if one["slo"] == name)


def counted(version: str, first: int, last: int) -> tuple[int, int, int]:
    found = [pod.counted(first, last) for pod in PODS if pod.version == version]
    return tuple(sum(column) for column in zip(*found, strict=True))


def test_a_canary_like_the_baseline_goes_on_and_every_event_is_counted(
    url: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    code, verdict = ask(capsys, question(tmp_path, url, "same"))

    assert (code, verdict["verdict"]) == (0, "yes")
    for side, version in (("canary", "same"), ("baseline", "1.4.0")):
        events, bad, slow = counted(version, BEGINS, 5 * STEP)
        found = slo(verdict, "availability")[side]
        assert (found["events"], found["bad"]) == (events, bad)
        found = slo(verdict, "speed")[side]
        assert (found["events"], found["bad"]) == (events, slow)
        # Rates guess what lies between scrapes, and lose what a pod does when it is not scraped.
        found = slo(verdict, "answered")[side]
        assert found["events"] == pytest.approx(events, rel=0.05)
        assert found["bad"] == pytest.approx(bad, abs=2)
    assert [one["slo"] for one in verdict["not_judged"]] == ["reachable"]


def test_sides_by_other_labels_are_judged_unless_an_event_counts_on_both(
    url: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    asked = question(tmp_path, url, "same", baseline=None)

    code, verdict = ask(capsys, [*asked, "--baseline", 'pod=~"old-.+"'])
    assert code == 0
    events, _, _ = counted("1.4.0", BEGINS, 5 * STEP)
    assert slo(verdict, "availability")["baseline"]["events"] == events

    assert main([*asked, "--baseline", 'pod=~"(old|same)-.+"']) == 2
    events, _, _ = counted("same", BEGINS, 5 * STEP)
    said = capsys.readouterr().err
    assert f"{events:,} events of availability count on both sides" in said


def test_a_worse_canary_is_rolled_back_for_the_sli_that_it_fails(
    url: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    code, verdict = ask(capsys, question(tmp_path, url, "worse"))
    assert (code, verdict["verdict"]) == (1, "no")
    assert slo(verdict, "availability")["verdict"] == "no"
    assert slo(verdict, "speed")["verdict"] == "yes"

    code, verdict = ask(capsys, question(tmp_path, url, "slow"))
    assert code == 1
    assert slo(verdict, "availability")["verdict"] == "yes"
    assert slo(verdict, "speed")["verdict"] == "no"


def test_a_dozen_requests_tell_nothing(
    url: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    code, verdict = ask(capsys, question(tmp_path, url, "few"))

    assert (code, verdict["verdict"]) == (2, "not enough traffic")
    assert slo(verdict, "availability")["canary"]["events"] == 12


def test_a_canary_that_nobody_asks_is_no_success(
    url: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    code, verdict = ask(capsys, question(tmp_path, url, "misspelt"))

    assert code == 2
    assert "no event of the canary was counted" in slo(verdict, "availability")["because"]


def test_failures_that_made_their_counter_are_counted(
    url: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    _, verdict = ask(capsys, question(tmp_path, url, "new"))

    assert slo(verdict, "availability")["canary"]["bad"] == 24
    # What `increase` and `rate` see of them, whose first sample is their last growth.
    assert slo(verdict, "answered")["canary"]["bad"] == pytest.approx(0, abs=1)
    assert "lose the first failures" in slo(verdict, "answered")["because"]


def test_failures_of_each_start_are_counted_though_their_counter_never_moves(
    url: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    code, verdict = ask(capsys, question(tmp_path, url, "crashing"))

    events, bad, _ = counted("crashing", BEGINS, 5 * STEP)
    found = slo(verdict, "availability")
    assert (found["canary"]["events"], found["canary"]["bad"]) == (events, bad)
    assert bad == 5 * STEP // 8
    assert (code, found["verdict"]) == (1, "no")


def test_a_restart_makes_no_other_series_count_anew_where_no_instance_tells_processes_apart(
    url: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    _, verdict = ask(capsys, question(tmp_path, url, "bare"))

    events, bad, _ = counted("bare", BEGINS, 5 * STEP)
    found = slo(verdict, "availability")["canary"]
    assert found["events"] == events
    assert found["bad"] == bad


def test_at_the_last_step_the_baselines_traffic_before_it_stands_for_it(
    url: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    code, verdict = ask(capsys, question(tmp_path, url, "last", last=LAST))

    found = slo(verdict, "availability")
    assert (code, found["beside"]) == (0, "the baseline before this step")
    events, bad, _ = counted("1.4.0", STEP, 5 * STEP)
    assert found["baseline"]["events"] == events
    assert found["baseline"]["bad"] == bad

    code, verdict = ask(capsys, question(tmp_path, url, "last but bad", last=LAST))
    assert (code, slo(verdict, "availability")["verdict"]) == (1, "no")


def test_without_a_baseline_the_objective_decides(
    url: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    code, verdict = ask(capsys, question(tmp_path, url, "last but bad", last=LAST, baseline=None))
    assert (code, slo(verdict, "availability")["beside"]) == (1, "the objective")

    code, verdict = ask(
        capsys, [*question(tmp_path, url, "last", last=LAST, baseline=None), "--burn-rate", "14"]
    )
    assert code == 0


def test_a_baseline_that_never_was_is_said_and_is_no_verdict(
    url: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    arguments = question(tmp_path, url, "same", baseline="1.3.0")

    assert main(arguments) == 2
    shown = capsys.readouterr()
    assert shown.out == ""
    assert 'no event of the baseline {version="1.3.0"} was counted for availability' in shown.err
