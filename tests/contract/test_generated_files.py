"""What is generated, judged by the real programs: the oldest and the newest that users have."""

import re
import shutil
import subprocess
from pathlib import Path

import pytest

from generator.naming import TARGETS_DOWN_ALERT
from generator.write import generate, write_files
from tests.catalogs import CATALOG, OWN_CATALOG, ROOT, copy_catalog, read_whole
from tests.tooling import SET_NAMES, ToolSet, require_tool_set

FOLDERS = ("rules", "promtool-tests", "alertmanager")
OWN_SERVICES = sorted(path.stem for path in (OWN_CATALOG / "services").glob("*.yaml"))


@pytest.fixture(params=SET_NAMES)
def tools(request: pytest.FixtureRequest) -> ToolSet:
    name: str = request.param
    return require_tool_set(name)


@pytest.fixture(scope="module")
def files() -> dict[str, str]:
    return generate(read_whole(CATALOG), FOLDERS)


@pytest.fixture(scope="module")
def own_files() -> dict[str, str]:
    return generate(read_whole(OWN_CATALOG), ["rules", "promtool-tests"])


@pytest.fixture
def generated(files: dict[str, str], tmp_path: Path) -> Path:
    write_files(files, tmp_path, FOLDERS)
    return tmp_path


def run(program: Path, *arguments: str, at: Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [program, *arguments], cwd=at, capture_output=True, text=True, check=False, timeout=120
    )


def test_promtool_accepts_the_rules(tools: ToolSet, generated: Path) -> None:
    files = [str(path) for path in sorted((generated / "rules").glob("*.yml"))]
    assert files
    found = run(
        tools.promtool, "check", "rules", "--lint=all", "--lint-fatal", *files, at=generated
    )
    assert found.returncode == 0, found.stdout + found.stderr


def test_the_generated_tests_pass(tools: ToolSet, generated: Path) -> None:
    found = run_tests(tools, generated)
    assert found.returncode == 0, found.stdout + found.stderr
    # A rule file that promtool cannot find is only a warning there, and all would be green.
    assert "WARNING" not in found.stdout + found.stderr


# Each by itself, since all take a minute. The older promtool judges all that they are made
# of: the frozen catalog above, and each preset.
@pytest.mark.parametrize("name", [*OWN_SERVICES, "guardia"])
def test_the_projects_own_catalog_passes_its_tests(
    name: str, own_files: dict[str, str], tmp_path: Path
) -> None:
    write_files(own_files, tmp_path)
    found = run_tests(require_tool_set("current"), tmp_path, f"{name}*.yml")
    assert found.returncode == 0, found.stdout + found.stderr


def run_tests(tools: ToolSet, at: Path, names: str = "*.yml") -> subprocess.CompletedProcess[str]:
    files = [str(path) for path in sorted((at / "promtool-tests").glob(names))]
    assert files
    return run(tools.promtool, "test", "rules", *files, at=at)


SLO = '{service="casos",slo="availability"}'

BROKEN_RULES = {
    "the critical threshold is a tenth too high": ("> 0.0144\n", "> 0.0158\n"),
    "the low threshold is a tenth too low": ("> 0.001\n", "> 0.0009\n"),
    "only the long threshold of low is a tenth too low": (
        f"slo:error_ratio:3d{SLO} > 0.001",
        f"slo:error_ratio:3d{SLO} > 0.0009",
    ),
    "only the short threshold of critical is a tenth too low": (
        f"slo:error_ratio:5m{SLO} > 0.0144",
        f"slo:error_ratio:5m{SLO} > 0.013",
    ),
    "critical is any SLO's": (
        f"slo:error_ratio:1h{SLO} > 0.0144\n      and\n      slo:error_ratio:5m{SLO} > 0.0144\n"
        f"      and\n      slo:errors:rate1h{SLO} * 3600",
        "slo:error_ratio:1h > 0.0144\n      and\n      slo:error_ratio:5m > 0.0144\n"
        "      and\n      slo:errors:rate1h * 3600",
    ),
    "low is any service's": (
        f"slo:error_ratio:3d{SLO} > 0.001\n      and\n      slo:error_ratio:6h{SLO} > 0.001\n"
        f"      and\n      sum_over_time(slo:errors:rate5m{SLO}[3d])",
        'slo:error_ratio:3d{slo="availability"} > 0.001\n      and\n'
        '      slo:error_ratio:6h{slo="availability"} > 0.001\n'
        '      and\n      sum_over_time(slo:errors:rate5m{slo="availability"}[3d])',
    ),
    "two failures are enough for critical": (
        f"rate1h{SLO} * 3600 > 2.5",
        f"rate1h{SLO} * 3600 > 1.5",
    ),
    "nine failures are enough for low": ("> 9.5", "> 8.5"),
    "four failures are not enough for high": ("> 3.5", "> 4.5"),
    "the guard counts twice": ("[6h]) * 30", "[6h]) * 60"),
    "no series of errors means no ratio": (
        f"or\n      0 * sum by (environment) (slo:total:rate1h{SLO})",
        "",
    ),
    "idle counts as 0/0": (f"/ (slo:total:rate5m{SLO} > 0)", f"/ slo:total:rate5m{SLO}"),
    "the ratio of the window is not recorded": ("slo:error_ratio:30d", "slo:error_raito:30d"),
    "targets are never seen to go": ('(up{job="casos"}) == 0', '(up{job="casos"}) == 5'),
    "targets that vanish in qa are not noticed": ('environment="qa",job', 'environment="qc",job'),
    "the outage alert does not wait": ("    for: 2m\n", ""),
    "traffic without targets counts as an outage": (
        "      unless\n      (\n",
        "      and\n      (\n",
    ),
    "the team is missing": ("      team: plataforma\n", ""),
    "the database alert waits for two": ('(up{job="postgres"}) == 0', '(up{job="postgres"}) == 2'),
    "the database alert does not wait": ("    for: 1m\n", ""),
    "the database alert loses its environment": (
        "min by (environment, instance)",
        "min by (instance)",
    ),
}


@pytest.mark.parametrize("what", BROKEN_RULES)
def test_the_generated_tests_notice_a_broken_rule(what: str, generated: Path) -> None:
    tools = require_tool_set("current")
    old, new = BROKEN_RULES[what]
    broken = [
        (file, text)
        for file in (generated / "rules").glob("casos*.yml")
        if old in (text := file.read_text(encoding="utf-8"))
    ]
    assert broken
    for file, text in broken:
        file.write_text(text.replace(old, new), encoding="utf-8")
        found = run(tools.promtool, "test", "rules", f"promtool-tests/{file.name}", at=generated)
        assert found.returncode != 0, found.stdout


def test_amtool_accepts_the_alertmanager_configuration(tools: ToolSet, generated: Path) -> None:
    found = run(tools.amtool, "check-config", "alertmanager/alertmanager.yml", at=generated)
    assert found.returncode == 0, found.stdout + found.stderr


SERVICE = """service: casos
team: plataforma
description: Citizens open, follow and close their cases.
targets: up{job=~"casos|casos-[a-z]+"}
environments: [staging, prod]
slos:
"""


def slo(name: str, objective: str, bad: str, total: str, window: str = "30d") -> str:
    return (
        f"  - name: {name}\n    description: 'It works, as {{{{ promised }}}}.'\n"
        f"    objective: {objective}\n    window: {window}\n    runbook: high-error-rate\n"
        f"    sli: {{ratio: {{bad: '{bad}', total: '{total}'}}}}\n"
    )


def test_every_kind_of_slo_passes_its_own_tests(tools: ToolSet, tmp_path: Path) -> None:
    requests = 'requests_total{job="casos"'
    folder = copy_catalog(tmp_path)
    (folder / "services" / "casos.yaml").write_text(
        SERVICE
        + slo("tight", "99.99%", requests + ',code=~"5.."}', requests + "}")
        + slo("loose", "93.1%", requests + ',code=~"[45].."}', requests + "}")
        + slo("excluding", "95%", requests + ',result!~"ok|done"}', requests + "}")
        + slo("two-counters", "99%", 'failed_total{kind="x"}', 'done_total{kind="y"}')
        + slo("bare", "99.9%", "errors_total", "events_total"),
        encoding="utf-8",
    )
    write_files(generate(read_whole(folder), FOLDERS), tmp_path)
    found = run_tests(tools, tmp_path)
    assert found.returncode == 0, found.stdout + found.stderr


@pytest.mark.parametrize("metric", ["requests_total", "done_total"])
def test_the_generated_tests_notice_that_one_slos_events_are_no_answer(
    metric: str, tmp_path: Path
) -> None:
    folder = copy_catalog(tmp_path)
    (folder / "services" / "casos.yaml").write_text(
        SERVICE
        + slo("requests", "99.9%", 'requests_total{code=~"5.."}', "requests_total")
        + slo("work", "99%", "failed_total", "done_total"),
        encoding="utf-8",
    )
    write_files(generate(read_whole(folder), FOLDERS), tmp_path)
    file = tmp_path / "rules" / "casos.yml"
    text = file.read_text(encoding="utf-8")
    still = f"(rate({metric}[5m])) > 0\n"
    assert text.count(still) == 1
    file.write_text(text.replace(still, still.replace(">", "<")), encoding="utf-8")

    found = run_tests(require_tool_set("current"), tmp_path, "casos.yml")

    assert found.returncode != 0
    assert TARGETS_DOWN_ALERT in found.stderr


# No SET_NAMES: a guard is a number in a rule, and the oldest promtool has judged others above.
@pytest.mark.parametrize(
    "guards", [{"critical": 0, "high": 1, "medium": 2, "low": 50}, {"critical": 6000}]
)
def test_every_low_traffic_guard_passes_its_own_tests(
    tmp_path: Path, guards: dict[str, int]
) -> None:
    folder = copy_catalog(tmp_path)
    settings = (folder / "catalog.yaml").read_text(encoding="utf-8")
    for severity, number in guards.items():
        line = next(one for one in settings.splitlines() if one.startswith(f"    {severity}: {{"))
        settings = settings.replace(line, re.sub(r"bad_events: \d+", f"bad_events: {number}", line))
    (folder / "catalog.yaml").write_text(settings, encoding="utf-8")
    write_files(generate(read_whole(folder), FOLDERS), tmp_path)
    found = run_tests(require_tool_set("current"), tmp_path)
    assert found.returncode == 0, found.stdout + found.stderr


def test_a_catalog_in_seconds_passes_its_own_tests(tools: ToolSet, tmp_path: Path) -> None:
    folder = copy_catalog(tmp_path)
    shutil.copyfile(ROOT / "demo" / "catalog.yaml", folder / "catalog.yaml")
    write_files(generate(read_whole(folder), FOLDERS), tmp_path)
    found = run_tests(tools, tmp_path)
    assert found.returncode == 0, found.stdout + found.stderr
