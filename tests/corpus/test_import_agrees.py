"""The same series fed to an imported SLO's rules and to those that Sloth or Pyrra generated.

Where and why they differ is said in docs/importing.md; each sentence there has its test here.
"""

import json
import subprocess
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

import pytest
import yaml

from generator.catalog.model import Catalog, LatencySli, RatioSli, Slo
from generator.importing.carry import import_specs
from generator.promql.check import Selector
from generator.promql.example import counterexample_labels, example_labels
from generator.promql.text import series
from generator.write import generate
from tests.importing import catalog_of
from tests.rule_past import names_read
from tests.tooling import require_tool_set

# Ours counts these from the raw series; the longer ones it derives from the rates over 5 minutes.
COUNTED, DERIVED = ("5m", "1h"), ("30m", "6h")
END = "7h"  # an hour more than the longest window, so that both have it whole

Series = Mapping[str, str]  # a series -> its values, as promtool writes them


@pytest.fixture
def promtool() -> Path:
    return require_tool_set("installed").promtool


def sloth_pair(corpus: Path, at: Path, name: str) -> tuple[Catalog, list[Any]]:
    """Return an imported specification of Sloth's, and the groups that Sloth made of it."""
    folder = corpus / "slo-specs/sloth"
    found = import_specs("sloth", {name: (folder / name).read_text(encoding="utf-8")})
    return catalog_of(found, at / "catalog"), groups(folder / "generated-by-sloth" / name)


def groups(path: Path) -> list[Any]:
    text = path.read_text(encoding="utf-8")
    for document in yaml.load_all(text, Loader=yaml.CSafeLoader):  # theirs and ours are long
        if document is not None:
            found: list[Any] = document.get("spec", document)["groups"]
            return found
    raise AssertionError(f"no rules in {path}")


def counters(slo: Slo, *, good: str, bad: str) -> Series:
    """Return series for a ratio: what bad and good events add, where each is counted."""
    assert isinstance(slo.sli, RatioSli | LatencySli)
    part = slo.sli.good or getattr(slo.sli, "bad", None)
    assert part is not None
    total = slo.sli.total
    inside, outside = (bad, good) if slo.sli.good is None else (good, bad)
    if part.metric == total.metric:
        return {
            labelled(part, example_labels((*total.matchers, *part.matchers))): inside,
            labelled(total, counterexample_labels(total.matchers, part.matchers)): outside,
        }
    return {
        labelled(part, example_labels(part.matchers)): inside,
        labelled(total, example_labels(total.matchers)): added(good, bad),
    }


def added(one: str, other: str) -> str:
    """Return the values that two steady counters have together: `0+9x420` and `0+1x420`."""
    (_, first), (_, second) = one.split("+"), other.split("+")
    (step, times), (more, _) = first.split("x"), second.split("x")
    return f"0+{int(step) + int(more)}x{times}"


def labelled(selector: Selector, labels: Mapping[str, str] | None) -> str:
    assert labels is not None
    return series(selector.metric, labels)


def check_agreement(
    promtool: Path,
    at: Path,
    catalog: Catalog,
    theirs: list[Any],
    *,
    fed: Series,
    holds: Iterable[str],
    end: str = END,
) -> None:
    """Feed the series to both rule sets; every query of `holds` has a result at the end."""
    holds = list(holds)
    asked = asked_groups([*our_groups(catalog), *theirs], holds)
    test = {
        "rule_files": ["rules.yml"],
        "evaluation_interval": "1m",
        "group_eval_order": [group["name"] for group in asked],
        "tests": [
            {
                "interval": "1m",
                "external_labels": {"environment": "prod"},
                "input_series": [
                    {"series": name, "values": values} for name, values in fed.items()
                ],
                "promql_expr_test": [
                    {
                        "expr": f"count({query})",
                        "eval_time": end,
                        "exp_samples": [{"labels": "{}", "value": 1}],
                    }
                    for query in holds
                ],
            }
        ],
    }
    for name, written in {"rules.yml": {"groups": asked}, "test.yml": test}.items():
        (at / name).write_text(json.dumps(written), encoding="utf-8")
    done = subprocess.run(
        [promtool, "test", "rules", "test.yml"],
        cwd=at,
        capture_output=True,
        text=True,
        check=False,
        timeout=300,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert "WARNING" not in done.stdout + done.stderr  # a file that is not found is only that


def our_groups(catalog: Catalog) -> list[Any]:
    files = sorted(generate(catalog, ["rules"]).items())
    return [
        group for _, text in files for group in yaml.load(text, Loader=yaml.CSafeLoader)["groups"]
    ]


def asked_groups(found: list[Any], queries: Iterable[str]) -> list[Any]:
    """Return the groups with the rules alone that record what queries ask for, through others."""
    recorded: dict[str, set[str]] = {}
    for rule in (rule for group in found for rule in group["rules"] if "record" in rule):
        recorded.setdefault(rule["record"], set()).update(names_read(str(rule["expr"])))
    asked: set[str] = set()
    wanted = {name for query in queries for name in names_read(query)}
    while wanted:
        asked |= wanted
        wanted = {name for one in wanted for name in recorded.get(one, ())} - asked
    kept = [
        {**group, "rules": [rule for rule in group["rules"] if rule.get("record") in asked]}
        for group in found
    ]
    return [group for group in kept if group["rules"]]


def ratio(service: str, slo: str, window: str) -> str:
    return f'max(slo:error_ratio:{window}{{service="{service}",slo="{slo}"}})'


def sloth_ratio(service: str, slo: str, window: str) -> str:
    return f'max(slo:sli_error:ratio_rate{window}{{sloth_id="{service}-{slo}"}})'


def near(one: str, other: str, *, within: str = "1e-9") -> str:
    return f"abs({one} - {other}) < {within}"


def is_about(query: str, value: float) -> str:
    return f"abs({query} - {value!r}) < 1e-9"


STEADY = [
    ("sloth__getting-started.yml", "myservice", ["requests-availability"]),
    ("sloth__no-alerts.yml", "myapp", ["http-availability"]),
    (
        "sloth__kubernetes-apiserver.yml",
        "k8s-apiserver",
        ["requests-availability", "requests-latency"],
    ),
]


@pytest.mark.parametrize("pair", STEADY)
def test_with_steady_traffic_every_window_agrees_with_sloths(
    corpus: Path, promtool: Path, tmp_path: Path, pair: tuple[str, str, Sequence[str]]
) -> None:
    name, service, slos = pair
    catalog, theirs = sloth_pair(corpus, tmp_path, name)
    fed: dict[str, str] = {}
    for slo in catalog.services[0].slos:
        fed |= counters(slo, good="0+9x420", bad="0+1x420")
    recorded = recorded_windows(catalog)
    holds = []
    for named in slos:
        for window in sorted(recorded):
            ours = ratio(service, named, window)
            holds += [near(ours, sloth_ratio(service, named, window)), is_about(ours, 0.1)]
    assert set(COUNTED) <= recorded
    check_agreement(promtool, tmp_path, catalog, theirs, fed=fed, holds=holds)


def recorded_windows(catalog: Catalog) -> set[str]:
    """Return those of COUNTED and DERIVED that some rule of ours records."""
    records = {rule.get("record") for group in our_groups(catalog) for rule in group["rules"]}
    return {window for window in (*COUNTED, *DERIVED) if f"slo:error_ratio:{window}" in records}


def test_a_gauge_agrees_with_sloths_events(corpus: Path, promtool: Path, tmp_path: Path) -> None:
    catalog, theirs = sloth_pair(corpus, tmp_path, "sloth__home-wifi.yml")
    clients = {"phone": "0.9x420", "laptop": "0.8x420", "printer": "0.6x420"}
    fed = {
        f'unifipoller_client_satisfaction_ratio{{name="{name}"}}': values
        for name, values in clients.items()
    }
    slo = "good-wifi-client-satisfaction"
    holds = [
        condition
        for window in (*COUNTED, *DERIVED)
        for condition in (
            near(ratio("home-wifi", slo, window), sloth_ratio("home-wifi", slo, window)),
            is_about(ratio("home-wifi", slo, window), 1 / 3),
        )
    ]
    check_agreement(promtool, tmp_path, catalog, theirs, fed=fed, holds=holds)


GETTING_STARTED = ("myservice", "requests-availability")
GOOD = 'http_request_duration_seconds_count{job="myservice",code="200"}'
BAD = 'http_request_duration_seconds_count{job="myservice",code="500"}'


def test_a_burst_is_counted_alike_over_counted_windows_and_nearly_over_derived_ones(
    corpus: Path, promtool: Path, tmp_path: Path
) -> None:
    catalog, theirs = sloth_pair(corpus, tmp_path, "sloth__getting-started.yml")
    # For six and a half hours one error a minute, then twenty; the burst ends with the test.
    fed = {GOOD: "0+100x420", BAD: "0+1x390 410+20x29"}
    holds = [
        *(near(ratio(*GETTING_STARTED, w), sloth_ratio(*GETTING_STARTED, w)) for w in COUNTED),
        # A window of rates over 5 minutes also sees what was up to 5 minutes before it.
        near(ratio(*GETTING_STARTED, "30m"), sloth_ratio(*GETTING_STARTED, "30m"), within="0.02"),
        near(ratio(*GETTING_STARTED, "6h"), sloth_ratio(*GETTING_STARTED, "6h"), within="0.002"),
        f"abs({ratio(*GETTING_STARTED, '30m')} - {sloth_ratio(*GETTING_STARTED, '30m')}) > 1e-4",
    ]
    check_agreement(promtool, tmp_path, catalog, theirs, fed=fed, holds=holds)


def test_over_the_whole_window_sloth_weighs_quiet_hours_like_busy_ones(
    corpus: Path, promtool: Path, tmp_path: Path
) -> None:
    catalog, theirs = sloth_pair(corpus, tmp_path, "sloth__getting-started.yml")
    # Three busy hours without an error, then four quiet ones in which half of the events fail.
    fed = {GOOD: "0+1000x180 180005+5x239", BAD: "0x180 5+5x239"}
    true = 1200 / (180_000 + 2400)
    ours, sloths = ratio(*GETTING_STARTED, "30d"), sloth_ratio(*GETTING_STARTED, "30d")
    holds = [
        # It averages rates over an hour, so an hour at the edge counts half: of 30 days nothing.
        f"abs({ours} - {true!r}) < {0.3 * true!r}",
        f"{sloths} > {30 * true!r}",
    ]
    check_agreement(promtool, tmp_path, catalog, theirs, fed=fed, holds=holds)


def test_without_traffic_sloth_records_no_number_and_we_nothing(
    corpus: Path, promtool: Path, tmp_path: Path
) -> None:
    catalog, theirs = sloth_pair(corpus, tmp_path, "sloth__getting-started.yml")
    fed = {GOOD: "0+9x60 540x360", BAD: "0+1x60 60x360"}
    ours = 'slo:error_ratio:5m{service="myservice"}'
    sloths = sloth_ratio(*GETTING_STARTED, "5m")
    holds = [f"absent({ours})", f"{sloths} != {sloths}"]
    check_agreement(promtool, tmp_path, catalog, theirs, fed=fed, holds=holds)


def test_without_a_series_of_errors_sloth_records_nothing_and_we_zero(
    corpus: Path, promtool: Path, tmp_path: Path
) -> None:
    catalog, theirs = sloth_pair(corpus, tmp_path, "sloth__getting-started.yml")
    holds = [
        is_about(ratio(*GETTING_STARTED, "1h"), 0.0),
        f"absent({sloth_ratio(*GETTING_STARTED, '1h')})",
    ]
    check_agreement(promtool, tmp_path, catalog, theirs, fed={GOOD: "0+9x420"}, holds=holds)


def test_a_plugin_of_sloths_is_all_that_sets_its_ratio_apart(
    corpus: Path, promtool: Path, tmp_path: Path
) -> None:
    catalog, theirs = sloth_pair(corpus, tmp_path, "sloth__contrib-denominator-corrected.yaml")
    fed = counters(catalog.services[0].slos[0], good="0+9x420", bad="0+1x420")
    holds = []
    for window in (*COUNTED, *DERIVED):
        # Recorded behind the ratio, which therefore reads the one of a minute before.
        correction = (
            f'max(slo:numerator_correction:ratio{window}{{sloth_id="svc01-slo1"}} offset 1m)'
        )
        ours, sloths = ratio("svc01", "slo1", window), sloth_ratio("svc01", "slo1", window)
        holds += [is_about(ours, 0.1), near(ours, f"({sloths} / {correction})")]
    holds.append(f"abs({sloth_ratio('svc01', 'slo1', '1h')} - 0.1) > 0.01")
    check_agreement(promtool, tmp_path, catalog, theirs, fed=fed, holds=holds)


def test_every_slo_agrees_with_the_rules_that_pyrra_generated_in_production(
    corpus: Path, promtool: Path, tmp_path: Path
) -> None:
    theirs = groups(corpus / "rules/configuration__rhobs-slos-mst-production.prometheusrules.yaml")
    folder = corpus / "slo-specs/pyrra/rhobs-mst-production"
    specs = {path.name: path.read_text(encoding="utf-8") for path in sorted(folder.iterdir())}
    catalog = catalog_of(import_specs("pyrra", specs), tmp_path / "catalog")
    rules = [rule for group in theirs for rule in group["rules"]]
    names = {
        rule["labels"]["slo"].lower(): (rule["record"].removesuffix("5m"), rule["labels"]["slo"])
        for rule in rules
        if rule.get("record", "").endswith(":burnrate5m")
    }
    fed: dict[str, str] = {}
    holds = []
    recorded = recorded_windows(catalog)
    for service in catalog.services:
        for slo in service.slos:
            if slo.name not in names:
                continue
            fed |= counters(slo, good="0+9x420", bad="0+1x420")
            record, written = names.pop(slo.name)
            for window in sorted(recorded):
                pyrras = f'max({record}{window}{{slo="{written}"}})'
                holds.append(near(ratio(service.name, slo.name, window), pyrras))
    assert names == {}  # each of theirs has a specification
    assert len(holds) >= 16 * len(COUNTED)
    # Of a steady ratio a window that is longer than the history sees as much as a short one.
    check_agreement(promtool, tmp_path, catalog, theirs, fed=fed, holds=holds, end="1h10m")
