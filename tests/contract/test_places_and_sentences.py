"""Rules for regions, for environments that Prometheus adds itself, and what alerts say."""

import re
import subprocess
from pathlib import Path
from typing import Any

import pytest
import yaml

from generator.write import generate, write_files
from tests.catalogs import ROOT, copy_catalog, read_whole
from tests.tooling import SET_NAMES, ToolSet, newest_and, require_tool_set

SERVICE = """service: casos
team: plataforma
description: Citizens open, follow and close their cases.
targets: up{job="casos"}
slos:
  - name: availability
    description: 'Requests are answered, as {{promised}}.'
    objective: 99.9%
    window: [30d, 7d]
    by: [route]
    runbook: high-error-rate
    sli: {ratio: {good: 'x_total{code=~"2.."}', total: x_total}}
  - name: backup
    description: The backup is fresh.
    objective: 99%
    runbook: high-error-rate
    sli: {freshness: {timestamp: backup_success_seconds, within: 26h}}
"""
PLACES = {
    "regions in prod only": (
        "organisation: Conecta360\n",
        "organisation: Conecta360\nlanguage: pt\n"
        "regions: {label: region, names: [a, b], environments: [prod]}\n",
    ),
    "an external label": ("  label: environment", "  on: prometheus\n  label: environment"),
}


@pytest.fixture(params=SET_NAMES)
def tools(request: pytest.FixtureRequest) -> ToolSet:
    name: str = request.param
    return require_tool_set(name)


def run_tests(tools: ToolSet, at: Path, *files: str) -> subprocess.CompletedProcess[str]:
    found = [str(path) for path in sorted((at / "promtool-tests").glob("casos*.yml"))]
    return subprocess.run(
        [tools.promtool, "test", "rules", *(files or found)],
        cwd=at,
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )


@pytest.mark.parametrize(
    ("tools", "place"), newest_and(PLACES, oldest=["regions in prod only"]), indirect=["tools"]
)
def test_the_tests_of_rules_for_places_pass(tools: ToolSet, tmp_path: Path, place: str) -> None:
    folder = copy_catalog(tmp_path)
    settings = folder / "catalog.yaml"
    old, new = PLACES[place]
    text = settings.read_text(encoding="utf-8")
    line = next(one for one in text.splitlines() if one.startswith(old.strip("\n")))
    settings.write_text(text.replace(line, new.strip("\n") + line[len(old.strip("\n")) :], 1))
    (folder / "services" / "casos.yaml").write_text(SERVICE, encoding="utf-8")
    (folder / "services" / "derivacion.yaml").unlink()
    write_files(generate(read_whole(folder), ["rules", "promtool-tests"]), tmp_path)
    found = run_tests(tools, tmp_path)
    assert found.returncode == 0, found.stdout + found.stderr


# At the demo's pace of seconds: 10 events a second, of which at the end one in five fails.
CLEAN_FOR, FAILING_FOR = 580, 18
GOOD = f"0+10x{CLEAN_FOR} {10 * CLEAN_FOR + 8}+8x{FAILING_FOR}"
BAD = f"0x{CLEAN_FOR} 2+2x{FAILING_FOR}"


SAYS = {
    "en": (r"casos availability in prod: (\S+)% of events failed in the last 20s; at this rate"
           r" the error budget of 10m is gone in (\S+)s\."),
    "es": (r"casos availability en prod: en 20s falló el (\S+)% de los eventos; a"
           r" este ritmo el presupuesto de errores de 10m se agota en (\S+)s\."),
    "pt": (r"casos availability em prod: em 20s falharam (\S+)% dos eventos; a este"
           r" ritmo o orçamento de erros de 10m esgota-se em (\S+)s\."),
}  # fmt: skip


# What a promtool computes, it says in every language.
@pytest.mark.parametrize(("tools", "language"), newest_and(SAYS, oldest=["en"]), indirect=["tools"])
def test_a_burn_says_how_much_fails_and_how_long_the_budget_lasts(
    tools: ToolSet, tmp_path: Path, language: str
) -> None:
    folder = copy_catalog(tmp_path)
    demo = (ROOT / "demo" / "catalog.yaml").read_text(encoding="utf-8")
    (folder / "catalog.yaml").write_text(f"language: {language}\n{demo}", encoding="utf-8")
    service = folder / "services" / "casos.yaml"
    text = service.read_text(encoding="utf-8").replace("objective: 99.9%", "objective: 99%")
    service.write_text(text, encoding="utf-8")
    write_files(generate(read_whole(folder), ["rules", "promtool-tests"]), tmp_path)
    summaries = spoken(tools, tmp_path)
    (found,) = [match for summary in summaries if (match := re.fullmatch(SAYS[language], summary))]
    percent, seconds = (float(part) for part in found.groups())
    lately = 2 * FAILING_FOR / 200  # 20 seconds hold 200 events
    assert percent / 100 == pytest.approx(lately, rel=0.1)
    # The ratio over 10 minutes is made of a rate over 20 seconds for each second up to the last.
    every = 10 * (CLEAN_FOR + FAILING_FOR)
    counted = sum(2 * second / 20 for second in range(1, FAILING_FOR)) / every
    left = 0.01 - counted - percent / 100 * 20 / 600
    assert seconds == pytest.approx(600 * left / (percent / 100), rel=0.2)
    assert seconds <= 600 * (0.01 - 2 * FAILING_FOR / every) / lately  # never later than it is


def spoken(tools: ToolSet, at: Path) -> list[str]:
    """Return the summaries of all burns, which promtool shows when none is expected."""
    test = at / "promtool-tests" / "casos.availability.yml"
    content: dict[str, Any] = yaml.safe_load(test.read_text(encoding="utf-8"))
    counters = {"200": GOOD, "500": BAD}
    name = 'http_requests_total{{job="casos",code="{}",environment="prod"}}'
    content["tests"] = [
        {
            "interval": "1s",
            "input_series": [
                {"series": name.format(code), "values": values} for code, values in counters.items()
            ],
            "alert_rule_test": [
                {
                    "eval_time": f"{CLEAN_FOR + FAILING_FOR}s",
                    "alertname": "ErrorBudgetBurn",
                    "exp_alerts": [],
                }
            ],
        }
    ]
    test.write_text(yaml.safe_dump(content), encoding="utf-8")
    found = run_tests(tools, at, "promtool-tests/casos.availability.yml")
    assert found.returncode == 1, found.stdout + found.stderr
    summaries = re.findall(r'summary="((?:[^"\\]|\\.)*)"', found.stdout + found.stderr)
    assert len(summaries) == 4, found.stdout + found.stderr
    return summaries


def test_the_operators_resources_hold_the_same_rules(tmp_path: Path) -> None:
    change = ("  retention: 30d\n", "  retention: 30d\n  rule_resources: {namespace: mon}\n")
    catalog = read_whole(copy_catalog(tmp_path, changes={"catalog.yaml": change}))
    files = generate(catalog)
    resource = yaml.safe_load(files["prometheusrules/casos.yaml"])
    assert (resource["kind"], resource["metadata"]) == (
        "PrometheusRule",
        {"name": "guardia-casos", "namespace": "mon"},
    )
    of_files = [
        group
        for name in ("casos.availability", "casos")
        for group in yaml.safe_load(files[f"rules/{name}.yml"])["groups"]
    ]
    assert resource["spec"] == {"groups": of_files}
