"""Every preset, with its own examples, judged by promtool, old and new."""

import re
import subprocess
from pathlib import Path

import pytest
import yaml

from generator.presets.model import Preset, PresetKind
from generator.presets.read import read_presets
from generator.write import generate, write_files
from tests.catalogs import copy_catalog, read_whole
from tests.tooling import SET_NAMES, ToolSet, require_tool_set

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


@pytest.fixture(params=SET_NAMES)
def tools(request: pytest.FixtureRequest) -> ToolSet:
    return require_tool_set(str(request.param))


@pytest.mark.parametrize("place", PLACES)
def test_each_preset_fires_and_stays_silent_in_promtool(
    tools: ToolSet, place: str, tmp_path: Path
) -> None:
    folder = copy_catalog(tmp_path, changes={"catalog.yaml": PLACES[place]})
    families = conditions_by_family()
    put_in_place_of_services(folder, families)
    out = tmp_path / "out"
    out.mkdir()
    write_files(generate(read_whole(folder)), out)
    tests = [f"promtool-tests/{family}.yml" for family in families]

    found = subprocess.run(
        [tools.promtool, "test", "rules", *tests],
        cwd=out,
        capture_output=True,
        text=True,
        check=False,
    )

    assert found.returncode == 0, found.stdout + found.stderr
    for family, presets in families.items():
        tested = (out / "promtool-tests" / f"{family}.yml").read_text("utf-8")
        for preset in presets:
            assert f"{family}: {alert_of(preset)} fires" in tested
            assert f"{family}: {alert_of(preset)} stays silent" in tested


def conditions_by_family() -> dict[str, list[Preset]]:
    found: dict[str, list[Preset]] = {}
    for preset in read_presets().values():
        if preset.kind is PresetKind.CONDITION:
            found.setdefault(preset.id.partition("/")[0], []).append(preset)
    return found


def alert_of(preset: Preset) -> str:
    return "".join(word.capitalize() for word in re.split(r"\W", preset.id))


def put_in_place_of_services(folder: Path, families: dict[str, list[Preset]]) -> None:
    """Write a service for each family: promtool evaluates a file's every rule in each test."""
    service = yaml.safe_load((folder / "services" / "casos.yaml").read_text("utf-8"))
    del service["slos"]
    for other in (folder / "services").glob("*.yaml"):
        other.unlink()
    for family, presets in families.items():
        conditions = [
            {
                "alert": alert_of(preset),
                "use": preset.id,
                "with": {name: one.example for name, one in preset.parameters.items()},
                "runbook": "service-down",
            }
            for preset in presets
        ]
        written = {**service, "service": family, "conditions": conditions}
        (folder / "services" / f"{family}.yaml").write_text(yaml.safe_dump(written), "utf-8")
