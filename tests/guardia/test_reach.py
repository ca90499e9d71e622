"""`guardia check`: do the on-call routes take the catalog's own alerts to people?"""

from pathlib import Path

import pytest

from guardia.cli.catalog import load_catalog
from guardia.problem import Problem, render_text
from tests.catalogs import OWN_CATALOG, ROOT, copy_catalog

ONCALL = "oncall/plataforma.yaml"
CRITICAL = """    match: ['severity="critical"']"""


def problems_with(folder: Path, match: str) -> tuple[Problem, ...]:
    copy = copy_catalog(folder, changes={ONCALL: (CRITICAL, f"    match: {match}")})
    return load_catalog(copy).problems


def codes(problems: tuple[Problem, ...]) -> list[str]:
    return [problem.code for problem in problems]


@pytest.mark.parametrize(
    ("match", "label"),
    [
        ("""['severity="Critical"']""", "`critical`"),
        ("""['severity="crit"']""", "`critical`"),
        ("""['severity=~"crit|urgent"']""", "`critical`"),
        ("""['severty="critical"']""", "`severity`"),
        ("""['team="plataform"']""", "`plataforma`"),
        ("""['service="casoz"', 'severity="critical"']""", "`casos`"),
        ("""['environment="prd"', 'severity="critical"']""", "`prod`"),
    ],
)
def test_a_slip_of_the_pen_is_named_with_what_was_meant_and_with_what_follows(
    tmp_path: Path, match: str, label: str
) -> None:
    found = problems_with(tmp_path, match)

    assert codes(found) == ["route-value-unknown", "critical-wakes-nobody"]
    assert found[0].label == f"did you mean {label}?"
    assert found[1].message == "critical alerts of `casos`, `derivacion` wake nobody"


@pytest.mark.parametrize(
    "match",
    [
        """['environment="production"', 'severity="critical"']""",
        """['environment=~"live.*"', 'severity="critical"']""",
    ],
)
def test_environments_are_a_closed_list(tmp_path: Path, match: str) -> None:
    (first, second) = problems_with(tmp_path, match)

    assert (first.code, first.label) == ("route-value-unknown", "not declared")
    assert second.code == "critical-wakes-nobody"


@pytest.mark.parametrize(
    "match",
    [
        """['severity=~"critical|page|warning"']""",
        """['severity=~"critical|Critical"']""",  # foreign ones as well, on purpose
        """['severity=~"crit.*"']""",
        """['severity="critical"', 'service!="billing"']""",
        """['severity="critical"', 'namespace=""']""",
        """['severity="critical"', 'environment!~"dev|qa"']""",
        """['severity="critical"', 'alertname!="KubePodCrashLooping"']""",
    ],
)
def test_routes_may_speak_of_alerts_of_others(tmp_path: Path, match: str) -> None:
    assert problems_with(tmp_path, match) == ()


def test_a_route_for_critical_alerts_that_only_informs_is_marked_itself(tmp_path: Path) -> None:
    folder = copy_catalog(
        tmp_path, changes={ONCALL: (f"{CRITICAL}\n    policy: plataforma\n", f"{CRITICAL}\n")}
    )

    (found,) = load_catalog(folder).problems

    assert found.code == "critical-wakes-nobody"
    assert found.label == "route `critical` takes them, and has no policy"


def test_only_those_that_wake_nobody_are_named(tmp_path: Path) -> None:
    (found,) = problems_with(tmp_path, """['severity="critical"', 'alertname!="DatabaseDown"']""")

    assert found.message == "critical alerts `DatabaseDown` of `casos` wake nobody"


def test_one_environment_that_wakes_people_is_enough(tmp_path: Path) -> None:
    folder = copy_catalog(
        tmp_path,
        changes={
            ONCALL: (
                """    match: ['environment=~"dev|qa|staging"']\n""",
                """    match: ['environment="dev"']\n""",
            )
        },
    )
    file = folder / ONCALL
    text = file.read_text("utf-8")
    file.write_text(
        text.replace(CRITICAL, """    match: ['severity="critical"', 'environment="prod"']"""),
        "utf-8",
    )

    assert load_catalog(folder).problems == ()


def test_an_environment_that_is_routed_away_by_name_wakes_nobody_on_purpose(
    tmp_path: Path,
) -> None:
    folder = copy_catalog(
        tmp_path, changes={"catalog.yaml": ("[dev, qa, staging, prod]", "[dev, qa, staging]")}
    )

    assert load_catalog(folder).problems == ()


def test_a_severity_beside_the_name_of_an_environment_routes_nothing_away(tmp_path: Path) -> None:
    folder = copy_catalog(
        tmp_path,
        changes={
            ONCALL: (
                f"{CRITICAL}\n    policy: plataforma\n",
                """    match: ['severity="critical"', 'environment="prod"']\n""",
            )
        },
    )

    assert codes(load_catalog(folder).problems) == ["critical-wakes-nobody"]


def test_the_projects_own_catalog_needs_no_exception() -> None:
    loaded = load_catalog(OWN_CATALOG)

    assert (loaded.problems, loaded.allowed) == ((), ())


@pytest.mark.parametrize("code", ["route-value-unknown", "critical-wakes-nobody"])
def test_the_page_shows_what_is_drawn(tmp_path: Path, code: str) -> None:
    copy = copy_catalog(
        tmp_path, changes={ONCALL: (CRITICAL, """    match: ['severity="Critical"']""")}
    )
    loaded = load_catalog(copy)
    found = [problem for problem in loaded.problems if problem.code == code]

    drawn = render_text(found, loaded.folder.sources)
    page = (ROOT / "docs" / "problems" / f"{code}.md").read_text("utf-8")
    assert drawn.replace(f"{tmp_path.as_posix()}/", "") in page


HEARTBEAT = """
heartbeats:
  - name: watchdog
    match: ['alertname="Watchdog"']
    every: 5m
"""


@pytest.mark.parametrize(
    ("critical_route", "more", "label"),
    [
        ("""['severity="critical"']""", "", None),
        (
            """['severity="critical"', 'environment="prod"']""",
            "",
            "route `default` takes the alert that says so, and has no policy",
        ),
        (
            """['severity="critical"', 'environment="prod"']""",
            "    labels: {environment: prod}\n",
            None,
        ),
        (
            """['severity="critical"']""",
            "    labels: {environment: qa}\n",
            "route `not-production` takes the alert that says so, and has no policy",
        ),
        ("""['severity="critical"', 'environment="prod"']""", "    severity: high\n", None),
    ],
)
def test_a_critical_heartbeat_that_would_wake_nobody_is_named(
    tmp_path: Path, critical_route: str, more: str, label: str | None
) -> None:
    folder = copy_catalog(tmp_path, changes={ONCALL: (CRITICAL, f"    match: {critical_route}")})
    with (folder / ONCALL).open("a", encoding="utf-8") as file:
        file.write(HEARTBEAT + more)

    found = load_catalog(folder).problems

    assert [(one.code, one.label) for one in found] == (
        [] if label is None else [("critical-wakes-nobody", label)]
    )
