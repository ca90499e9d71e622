"""docs/routing.md: its catalog is valid, and its routes do what it says."""

import re
from datetime import datetime
from pathlib import Path

import pytest

from guardia.catalog_folder import read_catalog_folder
from guardia.cli.main import main
from router.address import Address
from router.catalog import OnCallCatalog, read_oncall
from router.hours import first_open
from router.routing import PolicyId, Routed, decide_route
from tests.catalogs import ROOT, copy_catalog

GUIDE = ROOT / "docs" / "routing.md"
MANAGEMENT = Address(channel="email", address="management@example.org")
OPERATIONS = Address(channel="slack", address="#operations")
NIGHT = datetime.fromisoformat("2026-11-27T23:00:00+00:00")  # a Friday
MONDAY = datetime.fromisoformat("2026-11-30T08:00:00+00:00")


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Return the guide's catalog: the project's with the guide's on-call file."""
    (text,) = re.findall(
        r"```yaml\n(# yaml-language-server.*?)```\n", GUIDE.read_text("utf-8"), re.S
    )
    copied = copy_catalog(tmp_path)
    (copied / "oncall" / "plataforma.yaml").write_text(text, encoding="utf-8")
    return copied


@pytest.fixture
def catalog(folder: Path) -> OnCallCatalog:
    found, problems = read_oncall(read_catalog_folder(folder)[0])
    assert found is not None, problems
    return found


def routed(catalog: OnCallCatalog, severity: str) -> Routed:
    return decide_route({"environment": "prod", "severity": severity}, catalog.routes)


def test_its_catalog_has_no_problems(folder: Path) -> None:
    assert main(["check", str(folder)]) == 0


def test_critical_pages_and_tells_operations_at_once_and_management_on_monday(
    catalog: OnCallCatalog,
) -> None:
    critical = routed(catalog, "critical")

    assert critical.policy == PolicyId("portal")
    assert critical.channels == (MANAGEMENT, OPERATIONS)
    assert {to: first_open(hours, NIGHT) for to, hours in critical.hours.items()} == {
        MANAGEMENT: MONDAY
    }


def test_medium_is_told_on_monday_and_high_at_once(catalog: OnCallCatalog) -> None:
    medium, high = routed(catalog, "medium"), routed(catalog, "high")

    assert set(medium.hours) == set(medium.channels)
    assert {first_open(hours, NIGHT) for hours in medium.hours.values()} == {MONDAY}
    assert (high.hours, high.incident_by) == ({}, ("service", "instance"))
