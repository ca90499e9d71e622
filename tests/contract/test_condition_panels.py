"""What the panel of each preset's condition draws in its own examples, judged by promtool.

The author's example of all being well must not lie on a side that is coloured
as bad, and the example of the alert must.
"""

import subprocess
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import timedelta
from itertools import zip_longest
from pathlib import Path
from typing import Any

import pytest
import yaml

from generator.catalog.model import Catalog
from generator.dashboards.catalog_panels import service_panels
from generator.dashboards.grafana import Panel
from generator.dashboards.place import chosen_place
from generator.presets.model import PresetKind
from generator.promtool.condition import condition_cases, condition_paces
from guardia.duration import format_duration
from tests.catalogs import copy_catalog, read_whole
from tests.dashboards import filled
from tests.preset_catalog import presets_of, replace_services
from tests.tooling import SET_NAMES, require_tool_set

Test = Mapping[str, Any]
GOOD = ("green", "text")
FEWEST = 40  # panels with colours: most presets have one


@pytest.fixture(scope="module")
def catalog(tmp_path_factory: pytest.TempPathFactory) -> Catalog:
    folder = copy_catalog(tmp_path_factory.mktemp("catalog"))
    presets = presets_of(PresetKind.CONDITION)
    return read_whole(
        replace_services(folder, {one.id.replace("/", "-"): [one] for one in presets})
    )


@pytest.mark.parametrize("name", SET_NAMES)
def test_what_is_well_is_never_drawn_as_bad_and_what_alerts_is(
    name: str, catalog: Catalog, tmp_path: Path
) -> None:
    tests = list(colours(catalog))
    assert len(tests) >= 2 * FEWEST
    assert judged(name, tests, tmp_path) == ""


@pytest.mark.parametrize("name", SET_NAMES)
def test_a_breach_and_a_failed_deployment_are_0_while_there_is_none_and_unknown_is_not_0(
    name: str, catalog: Catalog, tmp_path: Path
) -> None:
    tests = []
    for panel, fires, silent in drawn(catalog):
        if panel.title in ("Breaches", "Deployments taken back"):
            query = query_of(panel)
            tests += [
                fires.asked(f"max({query}) > bool 0", 1),
                silent.asked(f"max({query})", 0),
                replace(silent, series={'up{environment="prod"}': "1x9"}).asked(query, None),
            ]
    assert len(tests) == 2 * 3
    assert judged(name, tests, tmp_path) == ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Story:
    """One of an alert's examples at a moment when its ranges are full."""

    name: str
    series: Mapping[str, str]
    interval: timedelta
    at: timedelta

    def asked(self, expression: str, value: float | None) -> Test:
        """Return a test that the expression has this one value, or none."""
        samples = [] if value is None else [{"labels": "{}", "value": value}]
        expected = {"expr": expression, "exp_samples": samples}
        return {
            "name": self.name,
            "interval": format_duration(self.interval),
            "input_series": [{"series": key, "values": one} for key, one in self.series.items()],
            "promql_expr_test": [{"eval_time": format_duration(self.at), **expected}],
        }


def drawn(catalog: Catalog) -> Iterator[tuple[Panel, Story, Story]]:
    """Yield the panel of each preset, and where its alert fires and where it is silent."""
    organisation = catalog.organisation
    for service in catalog.services:
        (shown,) = service_panels(organisation, service, chosen_place(organisation))
        paces = condition_paces(organisation, service.conditions)
        for pace, (condition,) in ((pace, some) for pace, some in paces.items() if some):
            fires, silent = condition_cases(organisation, service, condition, pace)
            at = silent.expectations[0].at
            told = [
                Story(name=case.name, series=case.series, interval=pace.scrape, at=at)
                for case in (fires, silent)
            ]
            yield shown.panel, told[0], told[1]


def colours(catalog: Catalog) -> Iterator[Test]:
    for panel, fires, silent in drawn(catalog):
        bad = " or ".join(stretches(panel))
        if bad:
            yield fires.asked(f"count({bad}) > bool 0", 1)
            yield silent.asked(f"count({bad})", None)


def stretches(panel: Panel) -> Iterator[str]:
    """Yield PromQL of the lines that lie where the panel says it is bad."""
    ends = [start for _, start in panel.steps[1:]]
    for (color, start), end in zip_longest(panel.steps, ends):
        if color not in GOOD:
            above = "" if start is None else f" >= {start!r}"
            below = "" if end is None else f" < {end!r}"
            yield f"({query_of(panel)}){above}{below}"


def query_of(panel: Panel) -> str:
    return filled(panel.queries[0].expression, {"environment": "prod"})


def judged(name: str, tests: Sequence[Test], folder: Path) -> str:
    """Return what promtool says of wrong values."""
    file = folder / "panels.yml"
    # promtool loads samples up to the last evaluation; all moments are multiples of this.
    written = {"rule_files": [], "evaluation_interval": "15s", "tests": list(tests)}
    file.write_text(yaml.safe_dump(written), "utf-8")
    promtool = require_tool_set(name).promtool
    found = subprocess.run(
        [promtool, "test", "rules", file], capture_output=True, text=True, check=False
    )
    return "" if found.returncode == 0 else found.stdout + found.stderr
