"""The PromQL of one SLO, kind by kind, and the windows it is made for."""

from datetime import timedelta
from fractions import Fraction
from pathlib import Path

import pytest

from generator.catalog.model import Catalog, Slo
from generator.catalog.read import read_catalog
from generator.rules.model import AlertingRule, RecordingRule
from generator.rules.render import groups_by_file
from guardia.catalog_folder import read_catalog_folder
from guardia.severity import Severity
from tests.catalogs import copy_catalog, read_whole

HEAD = """service: casos
team: plataforma
description: Citizens open, follow and close their cases.
targets: up{job="casos"}
environments: [prod]
slos:
  - name: it
    description: It works.
    objective: 99.9%
    runbook: high-error-rate
"""


def catalog_with(at: Path, slo: str, *, settings: tuple[str, str] | None = None) -> Catalog:
    changes = {} if settings is None else {"catalog.yaml": settings}
    folder = copy_catalog(at, changes=changes)
    (folder / "services" / "casos.yaml").write_text(HEAD + slo, encoding="utf-8")
    return read_whole(folder)


def the_slo(catalog: Catalog) -> Slo:
    return next(service for service in catalog.services if service.name == "casos").slos[0]


def rules_of(catalog: Catalog) -> list[RecordingRule | AlertingRule]:
    service = next(service for service in catalog.services if service.name == "casos")
    files = groups_by_file(catalog, service).values()
    return [rule for groups in files for group in groups for rule in group.rules]


def recorded(catalog: Catalog, name: str) -> str:
    found = [
        rule.expression
        for rule in rules_of(catalog)
        if isinstance(rule, RecordingRule) and rule.record == name
    ]
    assert len(found) == 1
    return " ".join(found[0].split())


OWN = '{service="casos",slo="it"}'
TOTAL = f"sum by (environment) (slo:total:rate5m{OWN})"

KINDS = {
    "bad": (
        """    sli: {ratio: {bad: 'x_total{code="5"}', total: x_total}}""",
        "sum by (environment) (rate(x_total[5m]))",
        f'sum by (environment) (rate(x_total{{code="5"}}[5m])) or 0 * {TOTAL}',
    ),
    "good": (
        """    sli: {ratio: {good: 'x_total{code="2"}', total: x_total}}""",
        "sum by (environment) (rate(x_total[5m]))",
        f'clamp_min( {TOTAL} - ( sum by (environment) (rate(x_total{{code="2"}}[5m]))'
        f" or 0 * {TOTAL} ), 0 )",
    ),
    "latency of a whole number of seconds": (
        """    sli: {latency: {histogram: 'x_seconds{job="casos"}', below: 1s}}""",
        'sum by (environment) (rate(x_seconds_count{job="casos"}[5m]))',
        # Client libraries write le="1", Prometheus 3 makes it "1.0".
        f'clamp_min( {TOTAL} - ( sum by (environment) (rate(x_seconds_bucket{{job="casos",'
        f'le=~"1([.]0)?"}}[5m])) or 0 * {TOTAL} ), 0 )',
    ),
    "latency in milliseconds, by the name": (
        """    sli: {latency: {histogram: x_milliseconds, below: 2500ms}}""",
        "sum by (environment) (rate(x_milliseconds_count[5m]))",
        f"clamp_min( {TOTAL} - ( sum by (environment)"
        f' (rate(x_milliseconds_bucket{{le=~"2500([.]0)?"}}[5m])) or 0 * {TOTAL} ), 0 )',
    ),
    "uptime": (
        """    sli: {uptime: {gauge: 'probe_success{job="casos"}'}}""",
        'sum by (environment) (count_over_time(probe_success{job="casos"}[5m])) / 300',
        f"clamp_min({TOTAL} - sum by (environment)"
        ' (sum_over_time(probe_success{job="casos"}[5m])) / 300, 0)',
    ),
    "freshness": (
        """    sli: {freshness: {timestamp: x_success_seconds, within: 26h}}""",
        f"sum by (environment) (count_over_time(slo:stale:bool{OWN}[5m])) / 300",
        f"sum by (environment) (sum_over_time(slo:stale:bool{OWN}[5m])) / 300",
    ),
    "PromQL": (
        "    sli:\n      ratio:\n"
        "        bad: sum by (environment) (rate(b_total[$window]))\n"
        "        total: sum by (environment) (rate(a_total[$window]))",
        "sum by (environment) (sum by (environment) (rate(a_total[5m])))",
        f"sum by (environment) (sum by (environment) (rate(b_total[5m]))) or 0 * {TOTAL}",
    ),
}


@pytest.mark.parametrize("kind", KINDS)
def test_events_a_second_of_each_kind(kind: str, tmp_path: Path) -> None:
    slo, total, errors = KINDS[kind]
    catalog = catalog_with(tmp_path, slo)
    assert recorded(catalog, "slo:total:rate5m") == total
    assert recorded(catalog, "slo:errors:rate5m") == errors


def test_what_never_succeeded_is_stale_in_each_place(tmp_path: Path) -> None:
    catalog = catalog_with(tmp_path, KINDS["freshness"][0])
    assert recorded(catalog, "slo:stale:bool") == (
        "(time() - max by (environment) (x_success_seconds)) > bool 93600 or"
        ' sum by (environment) (absent(x_success_seconds{environment="prod"}))'
    )


def test_a_raw_ratio_is_asked_for_over_each_window(tmp_path: Path) -> None:
    catalog = catalog_with(
        tmp_path,
        "    sli: {raw: {error_ratio: '1 - avg by (environment) (avg_over_time(ok[$window]))'}}\n"
        "    examples: {works: {ok: 1}, fails: {ok: 0}}",
    )
    for window in ("5m", "1h", "6h", "3d", "30d"):
        assert f"ok[{window}]" in recorded(catalog, f"slo:error_ratio:{window}")
    assert not any(
        isinstance(rule, RecordingRule) and "rate" in rule.record for rule in rules_of(catalog)
    )


RATIO = KINDS["bad"][0]


@pytest.mark.parametrize("window", ["7d", "28d", "30d"])
def test_without_pairs_of_its_own_an_slo_alerts_as_fast_whatever_its_window(
    window: str, tmp_path: Path
) -> None:
    folder = copy_catalog(tmp_path)
    settings = folder / "catalog.yaml"
    text = settings.read_text(encoding="utf-8")
    start, end = text.index("  burn_windows:"), text.index("alertmanager:")
    settings.write_text(text[:start] + "\n" + text[end:], encoding="utf-8")
    slo = HEAD + f"    window: {window}\n{RATIO}"
    (folder / "services" / "casos.yaml").write_text(slo, encoding="utf-8")
    found = the_slo(read_whole(folder))
    # The Site Reliability Workbook, ch. 5.
    assert [pair.burn_rate for pair in found.burn_windows] == [Fraction(72, 5), 6, 3, 1]
    spent = found.burn_windows[0].budget_spent(found.window)
    assert spent == Fraction(72, 5) / (found.window // timedelta(hours=1))


def test_an_slo_changes_a_key_of_a_pair_and_switches_another_off(tmp_path: Path) -> None:
    slo = RATIO + "\n    burn_windows: {critical: {bad_events: 1}, high: off, low: {burn_rate: 2}}"
    usual = the_slo(catalog_with(tmp_path / "usual", RATIO))
    found = the_slo(catalog_with(tmp_path / "changed", slo))
    assert [pair.severity for pair in found.burn_windows] == [
        Severity.CRITICAL,
        Severity.MEDIUM,
        Severity.LOW,
    ]
    critical, _, low = found.burn_windows
    assert (critical.bad_events, critical.long) == (1, usual.burn_windows[0].long)
    assert low.burn_rate == 2
    assert low.long == timedelta(days=3)
    assert found.rate_windows == usual.rate_windows


def test_an_slo_without_alerts_is_still_recorded(tmp_path: Path) -> None:
    slo = RATIO + "\n    burn_windows: {critical: off, high: off, medium: off, low: off}"
    catalog = catalog_with(tmp_path, slo)
    assert recorded(catalog, "slo:error_ratio:30d")
    alerts = [rule.alert for rule in rules_of(catalog) if isinstance(rule, AlertingRule)]
    assert alerts == ["NoTraffic", "TargetsDown"]


def test_each_of_several_windows_is_recorded_and_the_first_alerts(tmp_path: Path) -> None:
    catalog = catalog_with(tmp_path, "    window: [30d, 7d]\n" + RATIO)
    assert recorded(catalog, "slo:error_ratio:7d")
    assert recorded(catalog, "slo:error_ratio:30d")
    assert the_slo(catalog).window == timedelta(days=30)


def test_extras_of_organisation_service_and_slo_meet_and_the_nearest_wins(tmp_path: Path) -> None:
    folder = copy_catalog(
        tmp_path,
        changes={
            "catalog.yaml": (
                "slo_defaults:\n",
                "slo_defaults:\n  labels: {tier: '3', desk: north}\n",
            )
        },
    )
    extras = "    labels: {tier: '1'}\n    links: {wiki: 'https://wiki.example/{{x}}'}\n"
    (folder / "services" / "casos.yaml").write_text(
        HEAD.replace("slos:", "labels: {tier: '2'}\nslos:") + extras + RATIO, encoding="utf-8"
    )
    rules = rules_of(read_whole(folder))
    burns = [r for r in rules if isinstance(r, AlertingRule) and r.alert == "ErrorBudgetBurn"]
    assert len(burns) == 4
    for burn in burns:
        assert (burn.labels["tier"], burn.labels["desk"]) == ("1", "north")
        # A template prints the address as it is.
        assert burn.annotations["wiki_url"] == 'https://wiki.example/{{"{{"}}x}}'
    down = next(r for r in rules if isinstance(r, AlertingRule) and r.alert == "TargetsDown")
    assert down.labels["tier"] == "2"


@pytest.mark.parametrize(("waits", "codes"), [("23h", []), ("1d", ["duration-invalid"])])
def test_missing_traffic_must_be_told_while_the_window_still_knows_the_value(
    waits: str, codes: list[str], tmp_path: Path
) -> None:
    folder = copy_catalog(tmp_path)
    off = "{critical: off, high: off, medium: off, low: off}"
    slo = f"    window: 1d\n    by: [route]\n    no_traffic_for: {waits}\n    burn_windows: {off}\n"
    (folder / "services" / "casos.yaml").write_text(HEAD + slo + RATIO, encoding="utf-8")
    (folder / "services" / "derivacion.yaml").unlink()
    documents, of_form = read_catalog_folder(folder)
    _, of_meaning = read_catalog(documents)
    assert [problem.code for problem in (*of_form, *of_meaning)] == codes
