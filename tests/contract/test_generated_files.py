"""What is generated, judged by the real programs: the oldest and the newest that users have."""

import shutil
import subprocess
from pathlib import Path

import pytest

from generator.write import generate, write_files
from tests.catalogs import CATALOG, copy_catalog, read_whole
from tests.tooling import SET_NAMES, ToolSet, require_tool_set


@pytest.fixture(params=SET_NAMES)
def tools(request: pytest.FixtureRequest) -> ToolSet:
    name: str = request.param
    return require_tool_set(name)


@pytest.fixture
def generated(tmp_path: Path) -> Path:
    write_files(generate(read_whole(CATALOG)), tmp_path)
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


def run_tests(tools: ToolSet, at: Path) -> subprocess.CompletedProcess[str]:
    files = [str(path) for path in sorted((at / "promtool-tests").glob("*.yml"))]
    assert files
    return run(tools.promtool, "test", "rules", *files, at=at)


BROKEN_RULES = {
    "the critical threshold is ten times too high": ("> 0.0144\n", "> 0.144\n"),
    "one failure is enough": (
        'slo:errors:rate1h{service="casos",slo="availability"} * 3600 > 2.5',
        'slo:errors:rate1h{service="casos",slo="availability"} * 3600 > 0.5',
    ),
    "no series of errors means no ratio": (
        'or\n      0 * sum by (environment) (slo:total:rate5m{service="casos",slo="availability"})',
        "",
    ),
    "idle counts as 0/0": (
        '/ (slo:total:rate5m{service="casos",slo="availability"} > 0)',
        '/ slo:total:rate5m{service="casos",slo="availability"}',
    ),
    "targets are never seen to go": (
        'sum by (environment) (up{job="casos"}) == 0',
        'sum by (environment) (up{job="casos"}) == 5',
    ),
    "the database alert waits for two": ('(up{job="postgres"}) == 0', '(up{job="postgres"}) == 2'),
}


@pytest.mark.parametrize("what", BROKEN_RULES)
def test_the_generated_tests_notice_a_broken_rule(what: str, generated: Path) -> None:
    tools = require_tool_set("installed")
    old, new = BROKEN_RULES[what]
    file = generated / "rules" / "casos.yml"
    text = file.read_text(encoding="utf-8")
    assert old in text
    file.write_text(text.replace(old, new), encoding="utf-8")
    found = run_tests(tools, generated)
    assert found.returncode != 0, found.stdout


def test_amtool_accepts_the_alertmanager_configuration(tools: ToolSet, generated: Path) -> None:
    found = run(tools.amtool, "check-config", "alertmanager/alertmanager.yml", at=generated)
    assert found.returncode == 0, found.stdout + found.stderr


def test_a_catalog_in_seconds_passes_its_own_tests(tools: ToolSet, tmp_path: Path) -> None:
    folder = copy_catalog(tmp_path)
    shutil.copyfile(CATALOG.parent / "demo" / "catalog.yaml", folder / "catalog.yaml")
    write_files(generate(read_whole(folder)), tmp_path)
    found = run_tests(tools, tmp_path)
    assert found.returncode == 0, found.stdout + found.stderr
