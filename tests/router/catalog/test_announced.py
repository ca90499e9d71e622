"""Where it is told who takes over a schedule."""

from pathlib import Path

import pytest

from guardia.catalog_folder import read_catalog_folder
from router.address import Address
from router.catalog import OnCallCatalog, read_oncall
from router.oncall.model import ScheduleId
from tests.catalogs import copy_catalog

FILE = "oncall/plataforma.yaml"
OPERATIONS = Address(channel="slack", address="#operaciones")
INFORMATION = Address(channel="slack", address="#operaciones-info")


def read(folder: Path) -> OnCallCatalog:
    documents, problems = read_catalog_folder(folder)
    catalog, of_meaning = read_oncall(documents)
    assert not problems
    assert catalog is not None, of_meaning
    return catalog


def changed(tmp_path: Path, announce: str) -> OnCallCatalog:
    """Return the catalog whose schedule `primary` says where to announce."""
    new = f"  - id: primary\n    announce: {announce}\n"
    return read(copy_catalog(tmp_path, changes={FILE: ("  - id: primary\n", new)}))


def test_by_itself_it_is_told_in_slack_where_the_routes_inform_that_wake_by_it(
    tmp_path: Path,
) -> None:
    catalog = read(copy_catalog(tmp_path))
    assert catalog.announced(ScheduleId("primary")) == (OPERATIONS,)
    assert catalog.announced(ScheduleId("secondary")) == (OPERATIONS,)


def test_a_schedule_that_no_policy_names_is_told_nowhere(tmp_path: Path) -> None:
    old = "      - schedules: [secondary]\n"
    catalog = read(copy_catalog(tmp_path, changes={FILE: (old, "      - people: [platform-2]\n")}))
    assert catalog.announced(ScheduleId("secondary")) == ()
    assert catalog.announced(ScheduleId("tertiary")) == ()


@pytest.mark.parametrize(
    ("announce", "places"),
    [
        ('[slack: "#operaciones-info"]', (INFORMATION,)),
        ('[slack: "#operaciones-info", slack: "#x"]', None),
        ('[{slack: "#operaciones-info"}, {slack: "#operaciones"}]', (INFORMATION, OPERATIONS)),
        ("[]", ()),
    ],
)
def test_a_schedule_may_say_where(
    tmp_path: Path, announce: str, places: tuple[Address, ...] | None
) -> None:
    if places is None:
        places = (INFORMATION, Address(channel="slack", address="#x"))
    assert changed(tmp_path, announce).announced(ScheduleId("primary")) == places


@pytest.mark.parametrize("announce", ["[email: a@b.example]", "[slack: operaciones]", "x"])
def test_what_is_no_place_in_slack_is_refused_where_it_stands(
    tmp_path: Path, announce: str
) -> None:
    new = f"  - id: primary\n    announce: {announce}\n"
    folder = copy_catalog(tmp_path, changes={FILE: ("  - id: primary\n", new)})
    _, problems = read_catalog_folder(folder)
    assert {problem.span.line for problem in problems} == {21}
