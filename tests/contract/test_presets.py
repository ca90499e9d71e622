"""Every preset, with its own examples, judged by promtool, old and new."""

import subprocess
from pathlib import Path

import pytest
import yaml

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
    for other in set((folder / "services").glob("*.yaml")) - {folder / "services" / "casos.yaml"}:
        other.unlink()
    file = folder / "services" / "casos.yaml"
    service = yaml.safe_load(file.read_text("utf-8"))
    presets = read_presets()
    service["conditions"] = [
        {
            "alert": f"Preset{number}",
            "use": preset.id,
            "with": {name: one.example for name, one in preset.parameters.items()},
            "runbook": "service-down",
        }
        for number, preset in enumerate(presets.values())
    ]
    file.write_text(yaml.safe_dump(service), "utf-8")
    out = tmp_path / "out"
    out.mkdir()
    write_files(generate(read_whole(folder)), out)

    found = subprocess.run(
        [tools.promtool, "test", "rules", "promtool-tests/casos.yml"],
        cwd=out,
        capture_output=True,
        text=True,
        check=False,
    )

    assert found.returncode == 0, found.stdout + found.stderr
    tested = (out / "promtool-tests" / "casos.yml").read_text("utf-8")
    for number in range(len(presets)):
        assert f"casos: Preset{number} fires" in tested
        assert f"casos: Preset{number} stays silent" in tested
