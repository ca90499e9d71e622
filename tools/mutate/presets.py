"""A service for each preset of a condition, beside those of a catalog: its rules are mutated too."""

import shutil
from pathlib import Path

import yaml

from generator.presets.model import PresetKind
from tests.preset_catalog import alert_of, presets_of, using

PREFIX = "preset-"
_ALLOW = "# guardia: allow outage-blind: it has conditions only, and no targets\n"
_RUNBOOK = "# What to do\n\nNothing: this alert exists to be changed.\n"


def copy_with_presets(catalog: Path, to: Path) -> Path:
    """Copy a catalog and add a service for each preset, with the examples of its parameters.

    Each has a rule file of its own, so that only a preset's own tests judge it.
    """
    folder = to / "catalog"
    shutil.copytree(catalog, folder)
    first = yaml.safe_load(min((folder / "services").glob("*.yaml")).read_text("utf-8"))
    for preset in presets_of(PresetKind.CONDITION):
        name = PREFIX + preset.id.replace("/", "-")
        condition = {**using(preset), "alert": f"Preset{alert_of(preset)}", "runbook": name}
        head = {"service": name, "team": first["team"], "description": preset.description}
        text = _ALLOW + yaml.safe_dump({**head, "conditions": [condition]}, sort_keys=False)
        (folder / "services" / f"{name}.yaml").write_text(text, "utf-8")
        (folder / "runbooks" / f"{name}.md").write_text(_RUNBOOK, "utf-8")
    return folder
