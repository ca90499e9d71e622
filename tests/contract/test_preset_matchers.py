"""Presets' examples hold whatever the matchers of their user are, as promtool says.

An example shows labels of its own, and something else that the matchers do not select: a user's
matchers may name the same labels, or only ask that there is one.
"""

from pathlib import Path

import pytest
import yaml

from generator.presets.model import PresetKind
from generator.write import generate, write_files
from tests.catalogs import copy_catalog, read_whole
from tests.contract.test_presets import assert_green
from tests.preset_catalog import by_family, replace_services
from tests.tooling import require_tool_set


@pytest.mark.parametrize(
    ("family", "match"),
    [
        ("http", 'job=~".+"'),
        ("http", 'job!="gateway",route!=""'),
        ("kubernetes", 'cluster="eu-1"'),
        ("kubernetes", 'namespace=~".+",pod=~"casos-.*"'),
        ("kubernetes", 'statefulset="postgres",instance="ksm-0:8080"'),
        ("kubernetes", 'container!="",persistentvolumeclaim="data"'),
        ("node", 'instance!=""'),
        ("node", 'device="/dev/sdb1",mountpoint=~"/.*"'),
        ("node", 'job="node",fstype!="xfs"'),
    ],
)
def test_each_preset_is_proven_with_any_matchers(family: str, match: str, tmp_path: Path) -> None:
    presets = by_family(PresetKind.CONDITION)[family]
    catalog = replace_services(copy_catalog(tmp_path), {family: presets})
    file = catalog / "services" / f"{family}.yaml"
    service = yaml.safe_load(file.read_text("utf-8"))
    for condition in service["conditions"]:
        condition["with"]["match"] = match
    file.write_text(yaml.safe_dump(service), "utf-8")
    out = tmp_path / "out"
    out.mkdir()
    write_files(generate(read_whole(catalog), ["rules", "promtool-tests"]), out)

    tests = sorted((out / "promtool-tests").glob(f"{family}*.yml"))

    assert tests
    assert_green(require_tool_set("current"), out, tests)
