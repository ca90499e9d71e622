"""When alerts fire and end is computed; here promtool runs the real rules and agrees.

To the evaluation, before Prometheus 3 and after: the figures that `guardia
explain slo` shows are those that people plan by.
"""

import subprocess
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import timedelta
from fractions import Fraction
from pathlib import Path

import pytest

from generator.catalog.model import Catalog, FreshnessSli, Service, Slo, UptimeSli
from generator.explaining.slo import find_slo, pairs_of, recording_of
from generator.naming import BURN_ALERT
from generator.promql.text import series
from generator.promtool.traffic import Stretch, traffic_series
from generator.rules.render import render_groups
from generator.rules.slo import slo_groups
from generator.slo.detection import Fault, Recording
from generator.yaml_text import render_yaml
from guardia.duration import format_duration
from guardia.severity import Severity
from tests.catalogs import CATALOG, ROOT, copy_catalog, read_whole
from tests.tooling import SET_NAMES, ToolSet, newest_and, require_tool_set

_MS = timedelta(milliseconds=1)

# No objective whose thresholds some whole numbers of events meet exactly: which side a tie falls on
# is up to floating point.
SERVICE = """service: casos
team: plataforma
description: Citizens open, follow and close their cases.
targets: up{job="casos"}
runbook: service-down
slos:
  - name: bad
    description: Requests are answered.
    objective: 99.9%
    sli: {ratio: {bad: 'requests_total{code=~"5.."}', total: requests_total}}
    runbook: high-error-rate
  - name: good
    description: Requests are answered.
    objective: 99.5%
    sli: {ratio: {good: 'requests_total{code="200"}', total: requests_total}}
    runbook: high-error-rate
  - name: apart
    description: Messages are delivered.
    objective: 98.7%
    sli: {ratio: {bad: failed_total, total: done_total}}
    runbook: high-error-rate
  - name: latency
    description: Requests are answered soon.
    objective: 98.7%
    sli: {latency: {histogram: 'duration_seconds{job="casos"}', below: 500ms}}
    runbook: high-error-rate
  - name: uptime
    description: The page answers.
    objective: 99.9%
    sli: {uptime: {gauge: 'probe_success{job="casos"}'}}
    runbook: high-error-rate
  - name: freshness
    description: There is a backup.
    objective: 98.7%
    sli: {freshness: {timestamp: 'last_success_timestamp_seconds{job="casos"}', within: 1h}}
    runbook: high-error-rate
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Example:
    """One SLO, how many events a scrape it has, how many of them fail, after how much history.

    `lasts` scrapes with failures, then so many without. `late`: how long after
    an evaluation the scrapes are.
    """

    slo: str
    events: int
    bad: int
    clean: timedelta
    lasts: int
    then: int
    late: timedelta = timedelta()


@dataclass(frozen=True, slots=True, kw_only=True)
class Story:
    """An example in the catalog that it plays in; it has an environment of its own."""

    name: str
    catalog: Catalog
    service: Service
    slo: Slo
    example: Example

    @property
    def scrape(self) -> timedelta:
        return self.catalog.organisation.scrape_interval

    @property
    def evaluation(self) -> timedelta:
        return self.catalog.organisation.intervals.fast

    @property
    def begins(self) -> timedelta:
        return -(-self.example.clean // self.scrape) * self.scrape + self.example.late

    @property
    def end(self) -> timedelta:
        return self.begins + (self.example.lasts + self.example.then) * self.scrape

    @property
    def fault(self) -> Fault:
        return Fault(
            share=self.example.bad / self.example.events,
            begins_ms=self.begins // _MS,
            ends_ms=(self.begins + self.example.lasts * self.scrape) // _MS,
        )

    def recording(self, *, closed: bool) -> Recording:
        events, every = self.example.events, self.scrape
        if isinstance(self.slo.sli, UptimeSli):
            events = 1
        if isinstance(self.slo.sli, FreshnessSli):
            events, every = 1, self.evaluation
        rate = Fraction(events * 1000, every // _MS)
        return replace(recording_of(self.catalog.organisation, self.slo, rate), closed=closed)

    def alerts(self, *, closed: bool) -> Iterator[tuple[Severity, list[timedelta]]]:
        """Yield the evaluations at which each severity is computed to have a result."""
        recording = self.recording(closed=closed)
        pairs = pairs_of(self.catalog.organisation, self.service, self.slo)
        ticks = [n * self.evaluation for n in range(self.end // self.evaluation + 1)]
        scraped = self.example.late // _MS
        for pair, window in zip(pairs, self.slo.burn_windows, strict=True):
            yield (
                window.severity,
                [
                    at
                    for at in ticks
                    if at >= self.example.clean
                    and recording.holds(pair, at // _MS, self.fault, scraped)
                ],
            )

    def expectations(self, *, closed: bool) -> Iterator[dict[str, object]]:
        """Yield what promtool must see: the first evaluation that fires, and the first after."""
        kept = {window.severity: window.keep_firing_for for window in self.slo.burn_windows}
        for severity, results in self.alerts(closed=closed):
            alerts = self.firing(severity)
            firing = f"count({alerts})"
            if not results:
                yield expect(f"count(count_over_time({alerts}[1d]))", self.end, None)
                continue
            before = results[0] - self.evaluation
            yield expect(f"count(count_over_time({alerts}[1d]))", before, None)
            yield expect(firing, results[0], 1)
            longer = -(-(kept[severity] or timedelta()) // self.evaluation) * self.evaluation
            last = results[-1] + longer
            if last + self.evaluation <= self.end:
                yield expect(firing, last, 1)
                yield expect(firing, last + self.evaluation, None)

    @property
    def place(self) -> dict[str, str]:
        return {self.catalog.organisation.environment_label: self.name}

    def firing(self, severity: Severity) -> str:
        labels = {"alertname": BURN_ALERT, "alertstate": "firing", "severity": severity.value}
        return series("ALERTS", {**labels, **self.place})

    def series(self) -> tuple[timedelta, dict[str, str]]:
        """Return how often promtool reads values, and the values of each series."""
        example, place = self.example, self.place
        stretches = [
            Stretch(scrapes=(self.begins - example.late) // self.scrape, good=example.events),
            Stretch(scrapes=example.lasts, good=example.events - example.bad, bad=example.bad),
            Stretch(scrapes=example.then, good=example.events),
        ]
        if not example.late:
            found = traffic_series(self.slo.sli, stretches, place, scrape=self.scrape)
            return self.scrape, found
        # promtool scrapes at 0: so it reads values more often, most of which are missing.
        every = example.late
        apart = self.scrape // every
        return every, {
            series("requests_total", {"code": code, **place}): " ".join(
                f"_{' _' * (apart - 2) if at else ''} {value}"
                for at, value in enumerate(running_total(stretches, code))
            )
            for code in ("200", "500")
        }


def write(stories: Sequence[Story], to: Path, *, closed: bool) -> list[int]:
    """Write the rules of the one SLO and a test; return how many things it expects of each story.

    Side by side, since promtool evaluates as many rules for all as for one.
    """
    first = stories[0]
    groups = slo_groups(first.catalog.organisation, first.service, first.slo)
    (to / "rules.yml").write_text(render_groups(groups), encoding="utf-8")
    expected = [list(story.expectations(closed=closed)) for story in stories]
    ((interval, _), *others) = given = [story.series() for story in stories]
    assert all(other == interval for other, _ in others)
    test = {
        "interval": format_duration(interval),
        "input_series": [
            {"series": name, "values": text} for _, some in given for name, text in some.items()
        ],
        "promql_expr_test": [one for some in expected for one in some],
    }
    file = {
        "rule_files": ["rules.yml"],
        "evaluation_interval": format_duration(first.evaluation),
        "group_eval_order": [group.name for group in groups],
        "tests": [test],
    }
    (to / "test.yml").write_text(render_yaml(file), encoding="utf-8")
    return [len(some) for some in expected]


def running_total(stretches: list[Stretch], code: str) -> Iterator[Fraction | int]:
    value: Fraction | int = 0
    yield value
    for stretch in stretches:
        for _ in range(stretch.scrapes):
            value += stretch.good if code == "200" else stretch.bad
            yield value


def expect(expression: str, at: timedelta, value: int | None) -> dict[str, object]:
    samples = [] if value is None else [{"labels": "{}", "value": value}]
    return {"expr": expression, "eval_time": format_duration(at), "exp_samples": samples}


def without_longer_windows(slo: Slo, history: timedelta) -> Slo:
    """Return the SLO without pairs that need more: the computed figures are those after enough.

    promtool would read all of the history for their rules at each evaluation.
    """
    told = tuple(pair for pair in slo.burn_windows if pair.long <= history)
    return replace(slo, burn_windows=told)


def prove(
    tools: ToolSet, at: Path, examples: Mapping[str, Example], *, settings: str | None = None
) -> int:
    """Let promtool judge examples of one SLO; return how many expectations each met at least."""
    folder = copy_catalog(at)
    if settings is not None:
        (folder / "catalog.yaml").write_text(settings, encoding="utf-8")
    (folder / "services" / "casos.yaml").write_text(SERVICE, encoding="utf-8")
    catalog = read_whole(folder)
    ((name, history),) = {(example.slo, example.clean) for example in examples.values()}
    found = find_slo(catalog.services, f"casos/{name}")
    assert found is not None
    slo = without_longer_windows(found[1], history)
    stories = [
        Story(name=name, catalog=catalog, service=found[0], slo=slo, example=example)
        for name, example in examples.items()
    ]
    expected = write(stories, at, closed=tools.prometheus_version < (3,))
    done = subprocess.run(
        [tools.promtool, "test", "rules", "test.yml"],
        cwd=at,
        capture_output=True,
        text=True,
        check=False,
        timeout=300,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert "WARNING" not in done.stdout + done.stderr
    return min(expected)


def by_slo(examples: Mapping[str, Example]) -> dict[str, dict[str, Example]]:
    """Return the examples that are told together: of one SLO, with scrapes at one time."""
    found: dict[str, dict[str, Example]] = {}
    for name, example in examples.items():
        together = f"{example.slo}, late" if example.late else example.slo
        found.setdefault(together, {})[name] = example
    return found


@pytest.fixture(params=SET_NAMES)
def tools(request: pytest.FixtureRequest) -> ToolSet:
    name: str = request.param
    return require_tool_set(name)


HOURS = timedelta(hours=6, minutes=10)

# Windows up to 6 hours, as they are in production.
REAL = {
    "all fail": Example(slo="bad", events=1000, bad=1000, clean=HOURS, lasts=20, then=160),
    "half fail": Example(slo="bad", events=1000, bad=500, clean=HOURS, lasts=30, then=160),
    "one in ten": Example(slo="bad", events=1000, bad=100, clean=HOURS, lasts=100, then=140),
    "one in ten, good ones counted": Example(
        slo="good", events=1000, bad=100, clean=HOURS, lasts=480, then=20
    ),
    "few requests, all fail": Example(
        slo="apart", events=1, bad=1, clean=HOURS, lasts=60, then=150
    ),
    "slow answers": Example(slo="latency", events=1000, bad=700, clean=HOURS, lasts=120, then=150),
    "down": Example(slo="uptime", events=1, bad=1, clean=HOURS, lasts=60, then=150),
    "scrapes between evaluations": Example(
        slo="bad",
        events=1000,
        bad=100,
        clean=HOURS,
        lasts=100,
        then=140,
        late=timedelta(seconds=5),
    ),
}


# Some evaluations have a scrape of their own and others have none.
ODD = {"every 20 s": "scrape_interval: 20s", "every 45 s": "scrape_interval: 45s"}


@pytest.mark.parametrize("what", ODD)
def test_scrapes_that_do_not_fit_the_evaluations_are_computed_too(
    tools: ToolSet, tmp_path: Path, what: str
) -> None:
    settings = (CATALOG / "catalog.yaml").read_text(encoding="utf-8")
    assert "scrape_interval: 15s" in settings
    settings = settings.replace("scrape_interval: 15s", ODD[what])
    example = Example(slo="bad", events=1000, bad=130, clean=HOURS, lasts=100, then=160)
    assert prove(tools, tmp_path, {what: example}, settings=settings) >= 8


# How the releases differ shows where scrapes and evaluations meet: at these, at odd
# intervals above, and for every kind of SLI in seconds below.
@pytest.mark.parametrize(
    ("tools", "slo"), newest_and(by_slo(REAL), oldest=["bad", "bad, late"]), indirect=["tools"]
)
def test_the_first_and_the_last_evaluation_that_fires_are_the_computed_ones(
    tools: ToolSet, tmp_path: Path, slo: str
) -> None:
    assert prove(tools, tmp_path, by_slo(REAL)[slo]) >= 4


LONG = timedelta(seconds=75)

# All four pairs, with seconds where production has minutes to days.
SCALED = {
    "all fail": Example(slo="bad", events=1000, bad=1000, clean=LONG, lasts=40, then=60),
    "half fail": Example(slo="bad", events=1000, bad=500, clean=LONG, lasts=70, then=60),
    "one in ten": Example(slo="bad", events=1000, bad=100, clean=LONG, lasts=70, then=60),
    "few fail": Example(slo="good", events=1000, bad=90, clean=LONG, lasts=80, then=60),
    "two counters": Example(slo="apart", events=1000, bad=333, clean=LONG, lasts=70, then=60),
    "few requests": Example(slo="apart", events=1, bad=1, clean=LONG, lasts=40, then=60),
    "slow answers": Example(slo="latency", events=7, bad=3, clean=LONG, lasts=50, then=60),
    "down": Example(slo="uptime", events=1, bad=1, clean=LONG, lasts=70, then=60),
    "too old": Example(slo="freshness", events=1, bad=1, clean=LONG, lasts=70, then=60),
}


@pytest.mark.parametrize("slo", by_slo(SCALED))
def test_every_pair_fires_and_ends_when_computed(tools: ToolSet, tmp_path: Path, slo: str) -> None:
    settings = (ROOT / "demo" / "catalog.yaml").read_text(encoding="utf-8")
    patient = "long: 40s, short: 8s, bad_events: 5"
    assert patient in settings
    settings = settings.replace(patient, f"{patient}, keep_firing_for: 7s")
    assert prove(tools, tmp_path, by_slo(SCALED)[slo], settings=settings) >= 10
