"""Heartbeats of the on-call files: what is read, and what is refused."""

from datetime import timedelta
from pathlib import Path

import pytest

from guardia.catalog_folder import read_catalog_folder
from guardia.problem import Problem, render_text
from guardia.severity import Severity
from router.catalog import OnCallCatalog, read_oncall
from tests.catalogs import ROOT, copy_catalog

ONCALL = "oncall/plataforma.yaml"
WATCHDOG = """heartbeats:
  - name: watchdog
    match: ['alertname="Watchdog"']
    every: 5m
"""


def read(tmp_path: Path, text: str) -> tuple[OnCallCatalog | None, tuple[Problem, ...], str]:
    """Return the catalog with these heartbeats, its problems, and how they are drawn."""
    folder = copy_catalog(tmp_path)
    file = folder / ONCALL
    file.write_text(f"{file.read_text('utf-8')}\n{text}", "utf-8")
    documents, of_form = read_catalog_folder(folder)
    catalog, of_meaning = read_oncall(documents)
    problems = (*of_form, *of_meaning)
    drawn = render_text(problems, documents.sources)
    return catalog, problems, drawn.replace(folder.parent.as_posix() + "/", "")


def codes(tmp_path: Path, text: str) -> list[str]:
    catalog, problems, _ = read(tmp_path, text)
    assert catalog is None
    return [problem.code for problem in problems]


def test_one_needs_a_name_its_alert_and_its_time(tmp_path: Path) -> None:
    catalog, problems, _ = read(tmp_path, WATCHDOG)
    assert problems == ()
    assert catalog is not None
    (heartbeat,) = catalog.heartbeats
    assert heartbeat.name == "watchdog"
    assert [str(one) for one in heartbeat.matchers] == ['alertname="Watchdog"']
    assert heartbeat.every == timedelta(minutes=5)
    assert heartbeat.severity is Severity.CRITICAL
    assert heartbeat.labels == {}


def test_severity_and_labels_are_for_the_routes(tmp_path: Path) -> None:
    more = "    severity: high\n    labels: {environment: prod}\n"
    catalog, _, _ = read(tmp_path, WATCHDOG + more)
    assert catalog is not None
    (heartbeat,) = catalog.heartbeats
    assert (heartbeat.severity, heartbeat.labels) == (Severity.HIGH, {"environment": "prod"})


def test_a_catalog_without_any_has_none(tmp_path: Path) -> None:
    catalog, _, _ = read(tmp_path, "")
    assert catalog is not None
    assert catalog.heartbeats == ()


@pytest.mark.parametrize(
    "match",
    [
        """'severity="none"'""",
        """'alertname=~"Watchdog|Other"'""",
        """'alertname!="Watchdog"'""",
        """'alertname=""'""",
        """'alertname="HeartbeatMissed"'""",
    ],
)
def test_one_that_does_not_name_its_alert_would_swallow_others(tmp_path: Path, match: str) -> None:
    text = WATCHDOG.replace("""'alertname="Watchdog"'""", match)
    assert codes(tmp_path, text) == ["heartbeat-too-wide"]


@pytest.mark.parametrize(
    ("old", "new", "expected"),
    [
        ("every: 5m", "every: 29s", ["interval-too-short"]),
        ("every: 5m", "every: often", ["duration-invalid"]),
        ("    every: 5m\n", "", ["missing-key"]),
        ("    every: 5m\n", "    every: 5m\n    severity: none\n", ["wrong-value"]),
        ("    every: 5m\n", "    every: 5m\n    labels: {severity: high}\n", ["label-reserved"]),
        ("    every: 5m\n", "    every: 5m\n    labels: {heartbeat: x}\n", ["label-reserved"]),
        ('"Watchdog"', "'Watchdog", ["matcher-invalid"]),
        ("name: watchdog", "name: Watch Dog", ["wrong-value"]),
        ("heartbeats:\n", f"heartbeats:\n{WATCHDOG.partition(chr(10))[2]}", ["duplicate-id"]),
    ],
)
def test_what_cannot_be_meant_is_refused(
    tmp_path: Path, old: str, new: str, expected: list[str]
) -> None:
    text = WATCHDOG.replace(old, new)
    if expected == ["matcher-invalid"]:
        text = text.replace("""['alertname='Watchdog']""", """[alertname=Watchdog"]""")
    assert codes(tmp_path, text) == expected


def test_the_page_shows_what_is_drawn(tmp_path: Path) -> None:
    _, (found,), drawn = read(tmp_path, WATCHDOG.replace('alertname="Watchdog"', 'severity="none"'))
    page = (ROOT / "docs" / "problems" / "heartbeat-too-wide.md").read_text("utf-8")
    assert found.code == "heartbeat-too-wide"
    assert drawn.strip() in page
