"""docs/presets.md: its table is what the families say, and its example is a catalog that passes."""

import os
import re
from pathlib import Path

import yaml

from generator.presets.model import Preset
from generator.presets.read import read_families
from tests.catalogs import ROOT, copy_catalog, read_whole

GUIDE = ROOT / "docs" / "presets.md"
TABLE = re.compile(r"(<!-- presets: .* -->\n).*(<!-- end -->\n)", re.DOTALL)


def row(preset: Preset) -> str:
    names = [
        f"**{name}**" if one.default is None else name for name, one in preset.parameters.items()
    ]
    sentence = preset.description.replace("|", "\\|")
    return f"| `{preset.id}` | {preset.kind} | {', '.join(names) or '-'} | {sentence} |"


def table() -> str:
    lines = ["| `use` | is | parameters | what it does |", "|---|---|---|---|"]
    lines += [row(one) for family in read_families().values() for one in family.presets]
    return "\n".join(["", *lines, "", ""])


def test_the_table_is_what_the_families_say() -> None:
    guide = GUIDE.read_text("utf-8")
    expected = TABLE.sub(lambda found: found[1] + table() + found[2], guide)
    if os.environ.get("GUARDIA_UPDATE_CASES"):
        GUIDE.write_text(expected, "utf-8")
        return

    assert table() in expected
    assert guide == expected, "GUARDIA_UPDATE_CASES=1 writes it anew"


def test_the_example_passes_the_check_and_what_stands_beside_use_wins(tmp_path: Path) -> None:
    (example,) = re.findall(r"```yaml\n(.*?)```", GUIDE.read_text("utf-8"), re.DOTALL)
    folder = copy_catalog(tmp_path)
    file = folder / "services" / "casos.yaml"
    service = yaml.safe_load(file.read_text("utf-8"))
    file.write_text(yaml.safe_dump({**service, **yaml.safe_load(example)}), "utf-8")

    (casos,) = (one for one in read_whole(folder).services if one.name == "casos")

    (condition,) = casos.conditions
    assert condition.severity.value == "critical"
    assert condition.expression.endswith("> 500")
    assert len(casos.slos) == len(casos.panels) == 1
