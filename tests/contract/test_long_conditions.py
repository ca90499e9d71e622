"""Conditions over days: promtool reads their tests, which notice a threshold that moves."""

import subprocess
from pathlib import Path

import pytest
import yaml

from generator.write import generate, write_files
from tests.catalogs import copy_catalog, read_whole
from tests.tooling import newest_and, require_tool_set

PER_SCRAPE, SCRAPES_A_DAY = 60, 24 * 60 * 4


def generate_over(days: int, folder: Path) -> str:
    """Generate a catalog with a condition just below what its example grows in so many days."""
    limit = PER_SCRAPE * SCRAPES_A_DAY * days - 1
    catalog = copy_catalog(folder)
    file = catalog / "services" / "casos.yaml"
    service = yaml.safe_load(file.read_text("utf-8"))
    service["conditions"][0] |= {
        "expr": f"sum by (environment) (increase(x_total[{days}d])) > {limit}",
        "for": "2m",
        "summary": "Too many.",
        "examples": {
            "fires": {'x_total{environment="prod"}': f"+{PER_SCRAPE}"},
            "silent": {'x_total{environment="prod"}': f"+{PER_SCRAPE - 1}"},
        },
    }
    file.write_text(yaml.safe_dump(service), "utf-8")
    write_files(generate(read_whole(catalog), ["rules", "promtool-tests"]), folder)
    return f"> {limit}"


LONGEST = (30, "5m")
CASES = newest_and([(3, "30s"), (14, "2m15s"), LONGEST], oldest=[LONGEST])


@pytest.mark.parametrize(("tools", "case"), CASES)
def test_a_condition_over_days_is_proven(tools: str, case: tuple[int, str], tmp_path: Path) -> None:
    days, apart = case
    promtool = require_tool_set(tools).promtool
    limit = generate_over(days, tmp_path)

    def run_test() -> subprocess.CompletedProcess[str]:
        test = f"promtool-tests/casos_samples-{apart}.yml"
        return subprocess.run(
            [promtool, "test", "rules", test],
            cwd=tmp_path, capture_output=True, text=True, check=False, timeout=60,
        )  # fmt: skip

    found = run_test()
    assert found.returncode == 0, found.stdout + found.stderr

    rules = tmp_path / "rules" / "casos.yml"
    text = rules.read_text("utf-8")
    assert text.count(limit) == 1
    rules.write_text(text.replace(limit, f"{limit}0"), "utf-8")
    assert run_test().returncode == 1
