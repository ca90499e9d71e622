"""Every preset, with its own examples, judged by promtool, old and new."""

import subprocess
from collections.abc import Iterable, Mapping
from pathlib import Path

import httpx
import pytest

from generator.presets.model import Preset, PresetKind
from generator.promql.shown import set_rate_interval
from generator.write import generate, write_files
from tests.catalogs import copy_catalog, read_whole
from tests.preset_catalog import alert_of, by_family, replace_services, using
from tests.servers import prometheus
from tests.tooling import SET_NAMES, ToolSet, newest_and, require_tool_set

PLACES = {
    "environments on series": ("\nprometheus:\n", "\nprometheus:\n"),
    "environments added by Prometheus": (
        "  names: [dev, qa, staging, prod]\n",
        "  names: [dev, qa, staging, prod]\n  on: prometheus\n",
    ),
    "regions": (
        "\nprometheus:\n",
        "\nregions:\n  label: region\n  names: [a, b]\n  environments: [prod]\n\nprometheus:\n",
    ),
}

JUDGED = newest_and(PLACES, oldest=["environments on series"])


@pytest.fixture(params=SET_NAMES)
def tools(request: pytest.FixtureRequest) -> ToolSet:
    return require_tool_set(str(request.param))


@pytest.mark.parametrize(("tools", "place"), JUDGED, indirect=["tools"])
def test_each_preset_fires_and_stays_silent_in_promtool(
    tools: ToolSet, place: str, tmp_path: Path
) -> None:
    families = by_family(PresetKind.CONDITION)
    out = generated(tmp_path, place, families)

    assert_green(tools, out, sorted((out / "promtool-tests").glob("*.yml")))

    for family, presets in families.items():
        tested = written_tests(out, family)
        for preset in presets:
            named = f'alertname="{alert_of(preset)}",alertstate="firing"'
            assert f"expr: clamp_max(count(ALERTS{{{named}," in tested
            assert f"expr: count(ALERTS{{{named}}})" in tested


@pytest.mark.parametrize(("tools", "place"), JUDGED, indirect=["tools"])
def test_each_sli_is_right_in_promtool(tools: ToolSet, place: str, tmp_path: Path) -> None:
    families = by_family(PresetKind.SLI)
    out = generated(tmp_path, place, families)

    # Not the tests of long windows: what these depend on, no preset decides.
    tests = [
        f"promtool-tests/{family}.{using(preset)['name']}.yml"
        for family, presets in families.items()
        for preset in presets
    ]
    assert_green(tools, out, tests)

    for family, presets in families.items():
        tested = written_tests(out, family)
        for preset in presets:
            assert f"{family}/{using(preset)['name']}/" in tested


def generated(folder: Path, place: str, families: Mapping[str, Iterable[Preset]]) -> Path:
    """Generate all files of a catalog with a service for each family.

    One a family: promtool evaluates every rule of a file in each test.
    """
    catalog = copy_catalog(folder, changes={"catalog.yaml": PLACES[place]})
    out = folder / "out"
    out.mkdir()
    whole = read_whole(replace_services(catalog, families))
    write_files(generate(whole, ["rules", "promtool-tests"]), out)
    return out


def written_tests(out: Path, family: str) -> str:
    files = (out / "promtool-tests").glob(f"{family}[._]*")
    return "".join(file.read_text("utf-8") for file in files)


def assert_green(tools: ToolSet, out: Path, tests: Iterable[str | Path]) -> None:
    found = subprocess.run(
        [tools.promtool, "test", "rules", *tests],
        cwd=out,
        capture_output=True,
        text=True,
        check=False,
    )
    assert found.returncode == 0, found.stdout + found.stderr


def test_each_panel_is_a_query_that_prometheus_takes(tools: ToolSet, tmp_path: Path) -> None:
    families = by_family(PresetKind.PANEL)
    catalog = read_whole(replace_services(copy_catalog(tmp_path), families))
    expressions = [
        set_rate_interval(query.expression)
        for service in catalog.services
        for panel in service.panels
        for query in panel.queries
    ]
    assert len(expressions) >= sum(map(len, families.values()))

    with prometheus(tools, "global: {}\n") as address:
        for expression in expressions:
            answer = httpx.get(f"{address}/api/v1/query", params={"query": expression})
            assert answer.json()["status"] == "success", (expression, answer.text)
