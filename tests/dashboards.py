"""Generated dashboards for tests: of several catalogs, each generated once a process."""

import json
import re
import sys
import tempfile
from collections.abc import Callable, Iterator, Mapping
from functools import cache
from itertools import combinations
from pathlib import Path
from typing import Any
from unittest.mock import patch

import pytest

from generator import two_processes
from generator.catalog.model import Catalog
from generator.write import generate
from tests.catalogs import CATALOG, read_whole
from tests.dashboard_catalog import copy_dashboard_catalog

Board = Mapping[str, Any]

# The frozen one has neither regions, nor a fallback that makes the router worth watching.
CATALOGS: Mapping[str, Mapping[str, Any] | None] = {
    "frozen": None,
    "full": {},
    "external-environment": {"regions": False, "language": "es"},
    "portuguese": {"language": "pt"},
}

_VARIABLE = re.compile(r"\$\{?(\w+)\}?")
# Grafana's own variables with values that it would give them.
_BUILT_IN = {"__rate_interval": "5m", "__interval": "1m", "__range": "30d", "__range_s": "2592000"}


@cache
def read_named(name: str) -> Catalog:
    """Return one of CATALOGS."""
    options = CATALOGS[name]
    if options is None:
        return read_whole(CATALOG)
    with tempfile.TemporaryDirectory() as folder:
        return read_whole(copy_dashboard_catalog(Path(folder), **options))


@cache
def generated(name: str) -> Mapping[str, str]:
    """Return all generated files of one of CATALOGS by path."""
    # A process of tests may have threads, and must not fork.
    with patch.object(two_processes, "FEWEST", sys.maxsize):
        return generate(read_named(name))


@cache
def boards(name: str) -> Mapping[str, Board]:
    """Return the dashboards of one of CATALOGS by path."""
    return {
        path: json.loads(text)
        for path, text in generated(name).items()
        if path.startswith("dashboards/") and path.endswith(".json")
    }


def each_board(check: Callable[[str, str], None]) -> Callable[..., None]:
    """Make `check(catalog, path)` a test of each catalog that tells its dashboards apart.

    They are listed when it runs: tests are listed by every process, and one of them runs it.
    """

    @pytest.mark.parametrize("catalog", CATALOGS)
    def test(catalog: str, subtests: pytest.Subtests) -> None:
        assert boards(catalog)
        for path in boards(catalog):
            with subtests.test(path):
                check(catalog, path)

    test.__name__, test.__doc__ = check.__name__, check.__doc__
    return test


def panels(board: Board) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = board["panels"]
    return found


def variables(board: Board) -> dict[str, dict[str, Any]]:
    return {variable["name"]: variable for variable in board["templating"]["list"]}


def queries(board: Board) -> Iterator[str]:
    """Yield the PromQL of every panel, mark and variable, with its variables as they stand."""
    for panel in panels(board):
        yield from (target["expr"] for target in panel["targets"])
    yield from (mark["expr"] for mark in board["annotations"]["list"])
    yield from variable_queries(board)


def variable_queries(board: Board) -> Iterator[str]:
    """Yield the selectors within label_values(…, label)."""
    for variable in variables(board).values():
        if variable["type"] == "query":
            found = re.fullmatch(r"label_values\((.+), \w+\)", variable["query"])
            assert found is not None, variable["query"]
            yield found[1]


def used_variables(text: str) -> set[str]:
    """Return the names of the variables in a text that are not Grafana's own."""
    return set(_VARIABLE.findall(text)) - set(_BUILT_IN)


def filled(text: str, chosen: Mapping[str, str] | None = None) -> str:
    """Return a query with a value for each variable, as Grafana would ask it."""
    values = {**_BUILT_IN, **(chosen or {})}
    return _VARIABLE.sub(lambda match: values.get(match[1], "x"), text)


def check_places(found: list[dict[str, Any]]) -> None:
    """Check that no panel reaches out of the 24 columns or over another."""
    places: list[Mapping[str, int]] = [panel["gridPos"] for panel in found]
    for one in places:
        assert one["x"] >= 0
        assert one["x"] + one["w"] <= 24
    for one, other in combinations(places, 2):
        apart_x = one["x"] + one["w"] <= other["x"] or other["x"] + other["w"] <= one["x"]
        apart_y = one["y"] + one["h"] <= other["y"] or other["y"] + other["h"] <= one["y"]
        assert apart_x or apart_y, (one, other)
