"""What `guardia explain slo` says of each kind of SLI, in numbers and in words."""

from datetime import timedelta
from fractions import Fraction
from pathlib import Path

import pytest

from generator.catalog.model import Catalog
from generator.explaining.alerts import catalog_alerts
from generator.explaining.slo import SloExplained, explain_slo, find_slo
from generator.explaining.table import render_table
from generator.explaining.text import render_slo, slo_as_json
from generator.rules.model import AlertingRule
from generator.rules.render import groups_by_file
from tests.catalogs import copy_catalog, read_whole

SERVICE = """service: casos
team: plataforma
description: Citizens open, follow and close their cases.
targets: up{job="casos"}
runbook: service-down
slos:
"""
SLO = """  - name: NAME
    description: It works.
    objective: 99.9%
    sli: {SLI}
    runbook: high-error-rate
"""
KINDS = {
    "ratio": "ratio: {bad: 'requests_total{code=~\"5..\"}', total: requests_total}",
    "uptime": "uptime: {gauge: 'probe_success{job=\"casos\"}'}",
    "freshness": "freshness: {timestamp: 'backup_timestamp_seconds{job=\"b\"}', within: 26h}",
    "raw": "raw: {error_ratio: '1 - avg by (environment) (avg_over_time(score[$window]))'}",
}
EXAMPLES = """    examples:
      works: {'score{environment="prod"}': 1}
      fails: {'score{environment="prod"}': 0}
"""


@pytest.fixture(scope="module")
def catalog(tmp_path_factory: pytest.TempPathFactory) -> Catalog:
    folder = copy_catalog(tmp_path_factory.mktemp("kinds"))
    slos = [SLO.replace("NAME", name).replace("SLI", sli) for name, sli in KINDS.items()]
    text = SERVICE + "".join(slos) + EXAMPLES
    (Path(folder) / "services" / "casos.yaml").write_text(text, encoding="utf-8")
    return read_whole(folder)


def explain(catalog: Catalog, name: str, rate: Fraction | None = None) -> SloExplained:
    found = find_slo(catalog.services, f"casos/{name}")
    assert found is not None
    return explain_slo(catalog.organisation, *found, rate)


def test_the_budget_is_told_in_minutes_and_in_events(catalog: Catalog) -> None:
    ratio = explain(catalog, "ratio", Fraction(2))
    assert ratio.budget == timedelta(minutes=43, seconds=12)
    assert ratio.events == 2 * 30 * 86_400
    assert ratio.bad_events == 2 * 30 * 86_400 / Fraction(1000)
    assert not ratio.assumed
    assert explain(catalog, "ratio").assumed


def test_burning_at_a_threshold_empties_the_budget_in_the_window_over_the_rate(
    catalog: Catalog,
) -> None:
    lasts = [burn.budget_lasts for burn in explain(catalog, "ratio").burns]
    assert lasts == [timedelta(hours=50), *(timedelta(days=d) for d in (5, 10, 30))]


def test_the_slow_severities_are_noticed_up_to_their_interval_later(catalog: Catalog) -> None:
    critical, high, medium, low = explain(catalog, "ratio").burns
    assert [critical.evaluated, high.evaluated] == [timedelta(seconds=30)] * 2
    assert [medium.evaluated, low.evaluated] == [timedelta(seconds=150)] * 2
    for burn, slack in ((high, 45), (medium, 195), (low, 195)):
        whole = burn.detected[0]
        assert whole is not None
        # A scrape, an evaluation, and for the slow ones the rates that the fast left behind.
        assert timedelta() < whole.latest - whole.earliest <= timedelta(seconds=slack)


def test_fewer_events_than_the_guard_wants_are_noticed_late_or_never(catalog: Catalog) -> None:
    busy, slow = explain(catalog, "ratio"), explain(catalog, "ratio", Fraction(1, 60))
    assert busy.burns[0].detected[0] is not None
    assert slow.burns[0].detected[0] is not None
    assert slow.burns[0].detected[0].latest > busy.burns[0].detected[0].latest
    # One event an hour, of which one in ten fails: never three in an hour.
    assert explain(catalog, "ratio", Fraction(1, 3600)).burns[0].detected == (None, None, None)


def test_samples_of_one_series_are_the_events_of_an_uptime(catalog: Catalog) -> None:
    uptime = explain(catalog, "uptime")
    assert uptime.events_per_second == Fraction(1, 15)
    assert not uptime.assumed
    assert "one series" in render_slo(uptime)


def test_freshness_fails_as_a_whole_or_not_at_all(catalog: Catalog) -> None:
    freshness = explain(catalog, "freshness")
    assert freshness.events_per_second == Fraction(1, 30)
    assert all(burn.detected[1:] == (None, None) for burn in freshness.burns)
    shown = render_slo(freshness)
    assert "older than 1d2h" in shown
    # Not as if a half of it could be noticed.
    assert "never" not in shown


def test_a_raw_ratio_counts_no_events_and_has_no_guard(catalog: Catalog) -> None:
    raw = explain(catalog, "raw")
    assert raw.events is None
    shown = render_slo(raw)
    assert "bad event" not in shown
    assert "no low-traffic guard" in shown
    assert slo_as_json(raw)["events_per_second"] is None
    # Read from raw series in every window: a share of the window, nothing derived.
    whole = raw.burns[1].detected[0]
    assert whole is not None
    assert abs(whole.earliest - 0.006 * timedelta(hours=6)) < timedelta(seconds=31)


def test_the_numbers_for_programs_are_those_for_people(catalog: Catalog) -> None:
    ratio = explain(catalog, "ratio")
    found = slo_as_json(ratio)
    assert found["budget_seconds"] == 2592
    critical = found["burns"][0]
    assert critical["error_ratio"] == pytest.approx(0.0144)
    detected = ratio.burns[0].detected[0]
    assert detected is not None
    assert critical["detected_seconds"]["1.0"] == {
        "earliest": detected.earliest.total_seconds(),
        "latest": detected.latest.total_seconds(),
    }


def test_columns_line_up_and_end_without_blanks() -> None:
    assert render_table([("a", "b"), ("long", "c")], indent=" ") == " a     b\n long  c"


@pytest.mark.parametrize("name", ["kinds", "frozen"])
def test_alerts_that_are_asked_for_without_their_rules_are_those_of_the_rules(
    name: str, catalog: Catalog, tmp_path: Path
) -> None:
    whole = catalog if name == "kinds" else read_whole(copy_catalog(tmp_path))
    of_rules = [
        (rule.alert, rule.labels)
        for service in whole.services
        for groups in groups_by_file(whole, service).values()
        for group in groups
        for rule in group.rules
        if isinstance(rule, AlertingRule) and "severity" in rule.labels
    ]
    assert [(alert.name, alert.labels) for alert in catalog_alerts(whole)] == of_rules
    assert len(of_rules) > 10
