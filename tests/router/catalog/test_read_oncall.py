"""The on-call files: what is read of them, and every problem with its page."""

from datetime import date, time, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from guardia.catalog_folder import read_catalog_folder
from guardia.problem import Problem, render_text
from guardia.severity import Severity
from router.address import Address
from router.catalog import OnCallCatalog, read_oncall
from router.hours import Hours
from router.oncall.model import Days, PersonId, Restriction, ScheduleId
from router.routing import PolicyId, decide_route
from tests.catalogs import CATALOG, ROOT, copy_catalog

ONCALL = "oncall/plataforma.yaml"
PRIMARY = """  - id: primary
    rotation:
      people: [platform-1, platform-2, platform-3]
      shift: 7d
      starts: 2026-01-05 # a Monday
      handoff: 09:00
      zone: Atlantic/Cape_Verde
"""
DEFAULT_ROUTE = """
default_route:
  channels: [email: operaciones@conecta360.example, slack: "#operaciones"]
"""


def read(folder: Path) -> OnCallCatalog:
    documents, problems = read_catalog_folder(folder)
    catalog, of_meaning = read_oncall(documents)
    assert not problems
    assert not of_meaning
    assert catalog is not None
    return catalog


def problems_of(folder: Path) -> tuple[Problem, ...]:
    documents, _ = read_catalog_folder(folder)
    catalog, problems = read_oncall(documents)
    assert catalog is None
    return problems


def changed(tmp_path: Path, old: str, new: str) -> Path:
    return copy_catalog(tmp_path, changes={ONCALL: (old, new)})


def drawn(folder: Path) -> str:
    """Return the problems as a person sees them, with paths from the catalog's folder on."""
    documents, _ = read_catalog_folder(folder)
    _, problems = read_oncall(documents)
    text = render_text(problems, documents.sources)
    return text.replace(folder.parent.as_posix() + "/", "")


def test_a_broken_service_file_does_not_keep_the_router_from_paging(tmp_path: Path) -> None:
    folder = copy_catalog(
        tmp_path, changes={"services/casos.yaml": ("service: casos", "service: [")}
    )
    documents, problems = read_catalog_folder(folder)
    assert problems
    catalog, of_meaning = read_oncall(documents)
    assert of_meaning == ()
    assert catalog is not None


def test_the_first_users_catalog_is_read_whole() -> None:
    catalog = read(CATALOG)

    assert catalog.organisation == "Conecta360"
    assert catalog.names[PersonId("platform-1")] == "Platform engineer 1"
    (layer,) = catalog.roster.schedules[ScheduleId("primary")].layers
    rotation = layer.rotation
    assert [one.person for one in rotation.people] == ["platform-1", "platform-2", "platform-3"]
    assert (rotation.starts_on, rotation.handoff) == (date(2026, 1, 5), time(9, 0))
    assert (rotation.shift, rotation.zone) == (Days(7), ZoneInfo("Atlantic/Cape_Verde"))
    person = catalog.roster.people[PersonId("platform-1")]
    assert person.addresses[0] == Address(channel="pagerduty", address="platform-1")
    policy = catalog.policies[PolicyId("plataforma")]
    assert [step.schedules for step in policy.steps] == [("primary",), ("secondary",)]
    assert policy.last_resort.people == ("platform-1", "platform-2", "platform-3")


def test_a_step_waits_as_long_as_the_organisation_says(tmp_path: Path) -> None:
    folder = changed(tmp_path, "- schedules: [primary]", "- {schedules: [primary], wait: 2m30s}")
    steps = read(folder).policies[PolicyId("plataforma")].steps

    assert [step.wait for step in steps] == [timedelta(seconds=150), timedelta(minutes=15)]


@pytest.mark.parametrize(
    ("labels", "route"),
    [
        ({"environment": "prod", "severity": "critical"}, "critical"),
        ({"environment": "prod", "severity": "high"}, "high"),
        ({"environment": "qa", "severity": "critical"}, "not-production"),
        ({"environment": "prod", "severity": "page"}, "default"),
    ],
)
def test_only_production_reaches_people_and_nothing_is_lost(
    labels: dict[str, str], route: str
) -> None:
    routed = decide_route(labels, read(CATALOG).routes)

    assert routed.route == route
    assert (routed.policy is not None) == (route == "critical")
    assert routed.channels


def test_the_version_changes_with_the_on_call_files_and_the_default_wait(tmp_path: Path) -> None:
    edited = changed(tmp_path / "a", "name: Platform engineer 1", "name: Platform engineer one")
    waiting = copy_catalog(
        tmp_path / "b", changes={"catalog.yaml": ("escalate_after: 15m", "escalate_after: 14m")}
    )
    renamed = copy_catalog(
        tmp_path / "c", changes={"catalog.yaml": ("organisation: Conecta360", "organisation: C")}
    )

    versions = [read(folder).version for folder in (CATALOG, edited, waiting, renamed)]
    assert len(set(versions)) == 3
    assert versions[0] == versions[3]
    assert all(len(version) == 12 for version in versions)


def test_incidents_keep_environments_and_regions_apart() -> None:
    catalog = read(CATALOG)

    assert catalog.scope_labels == ("environment", "region")
    assert catalog.group_interval == timedelta(minutes=1)


@pytest.mark.parametrize(
    "address",
    [
        "pagerduty: platform-1",  # wakes people: only a policy does
        'email: "a@b.example, c@d.example"',
        'email: "a;b@c.example"',
        'email: "a b@c.example"',
        'email: "(a)@c.example"',
        'email: "a\\\\b@c.example"',
        'email: "a@b.example\\n"',
        'email: "a@-_.example"',
        'email: "a@"',
        'webhook: "http://10.0.0.1/"',  # the operators' to say, not the catalog's
        'webhook: "../slack-token"',
    ],
)
def test_a_channel_that_could_never_be_written_to_is_refused(tmp_path: Path, address: str) -> None:
    folder = changed(tmp_path, DEFAULT_ROUTE, f"\ndefault_route: {{channels: [{address}]}}\n")

    _, problems = read_catalog_folder(folder)

    assert problems


def test_a_webhook_is_a_name_wherever_an_address_may_be(tmp_path: Path) -> None:
    bridge = Address(channel="webhook", address="pager-bridge")
    channels = "\ndefault_route: {channels: [webhook: pager-bridge]}\n"
    informing = changed(tmp_path / "a", DEFAULT_ROUTE, channels)
    paging = changed(tmp_path / "b", "- pagerduty: platform-1 ", "- webhook: pager-bridge ")

    assert read(informing).routes[-1].channels == (bridge,)
    assert read(paging).roster.people[PersonId("platform-1")].addresses[0] == bridge


def test_files_may_refer_to_each_other(tmp_path: Path) -> None:
    folder = changed(tmp_path, PRIMARY, "")
    (folder / "oncall" / "a.yaml").write_text("schedules:\n" + PRIMARY)

    assert set(read(folder).roster.schedules) == {"primary", "secondary"}


# Each problem, by the smallest change that makes it: code -> (old text, new text).
PROBLEMS = {
    "unknown-reference": ("- schedules: [primary]", "- schedules: [primery]"),
    "duplicate-id": ("- name: low", "- name: medium"),
    "duration-invalid": ("- schedules: [primary]", "- {schedules: [primary], wait: 15 min}"),
    "zone-unknown": (PRIMARY, PRIMARY.replace("Cape_Verde", "Cabo_Verde")),
    "date-invalid": (PRIMARY, PRIMARY.replace("2026-01-05 # a Monday", "2026-02-30")),
    "time-invalid": (PRIMARY, PRIMARY.replace("09:00", "9:00")),
    "shift-invalid": (PRIMARY, PRIMARY.replace("7d", "12h")),
    "schedule-unclear": (PRIMARY, "  - id: primary\n"),
    "dates-order": (
        PRIMARY,
        PRIMARY.replace(
            "platform-3]", "{person: platform-3, from: 2026-06-01, until: 2026-03-01}]"
        ),
    ),
    "matcher-invalid": ("""['severity="high"']""", """['severity == high']"""),
    "route-missing": (DEFAULT_ROUTE, ""),
    "route-empty": (
        """    match: ['severity="low"']\n    channels: [slack: "#operaciones-info"]\n""",
        """    match: ['severity="low"']\n""",
    ),
    "step-empty": ("- schedules: [primary]", "- wait: 5m"),
    "hours-unclear": (
        "    policy: plataforma\n",
        "    policy: plataforma\n"
        "    hours: {zone: Atlantic/Cape_Verde, only: [{from: 08:00, to: 18:00}]}\n",
    ),
}

# Found in services too: their pages show that.
ALSO_ELSEWHERE = {"unknown-reference", "duplicate-id", "duration-invalid"}


@pytest.mark.parametrize("code", sorted(PROBLEMS))
def test_each_problem_is_found_and_its_page_shows_it_as_it_is_drawn(
    tmp_path: Path, code: str
) -> None:
    folder = changed(tmp_path, *PROBLEMS[code])

    assert [problem.code for problem in problems_of(folder)] == [code]
    page = (ROOT / "docs" / "problems" / f"{code}.md").read_text(encoding="utf-8")
    assert page.startswith(f"# {code}\n")
    assert drawn(folder) in page or code in ALSO_ELSEWHERE


def test_all_problems_of_all_files_are_reported_at_once(tmp_path: Path) -> None:
    folder = copy_catalog(
        tmp_path,
        changes={
            "catalog.yaml": ("escalate_after: 15m", "escalate_after: soon"),
            ONCALL: (PRIMARY, PRIMARY.replace("7d", "12h").replace("09:00", "25:00")),
        },
    )
    (folder / "oncall" / "z.yaml").write_text(
        "people: [{id: platform-1, name: Again, pages: [email: a@b.example]}]\n"
        "default_route: {policy: plata}\n"
    )

    found = problems_of(folder)
    assert [(Path(p.span.path).name, p.code) for p in found] == [
        ("catalog.yaml", "duration-invalid"),
        ("plataforma.yaml", "shift-invalid"),
        ("plataforma.yaml", "time-invalid"),
        ("z.yaml", "duplicate-id"),
        ("z.yaml", "route-missing"),
    ]
    assert all(p.label and p.why and p.fix for p in found)
    assert found[4].label.endswith("plataforma.yaml:62")


def test_a_default_route_may_wake_people_but_not_with_an_unknown_policy(tmp_path: Path) -> None:
    folder = changed(tmp_path, DEFAULT_ROUTE, "\ndefault_route: {policy: plata}\n")

    (problem,) = problems_of(folder)
    assert (problem.code, problem.label) == ("unknown-reference", "did you mean `plataforma`?")


def test_while_a_file_is_broken_names_it_may_declare_are_not_reported(tmp_path: Path) -> None:
    folder = changed(tmp_path, PRIMARY, "")  # `primary` is named by a step
    (folder / "oncall" / "a.yaml").write_text("schedules: [\n")

    assert problems_of(folder) == ()  # the broken YAML is the folder's problem


def test_a_catalog_without_its_organisation_still_reports_its_problems(tmp_path: Path) -> None:
    folder = changed(tmp_path, *PROBLEMS["time-invalid"])
    (folder / "catalog.yaml").unlink()

    assert [problem.code for problem in problems_of(folder)] == ["time-invalid"]


@pytest.mark.parametrize(
    "zone", ["", "../etc/passwd", "Europe", "/etc/localtime", "x" * 5000, "a\\0b", "europe"]
)
def test_names_that_are_no_zone_are_problems_and_nothing_worse(tmp_path: Path, zone: str) -> None:
    folder = changed(tmp_path, PRIMARY, PRIMARY.replace("Atlantic/Cape_Verde", f'"{zone}"'))

    (problem,) = problems_of(folder)
    assert problem.code == "zone-unknown"


@pytest.mark.parametrize("day", ["20260105", "2026-W02-1", "0001-01-01", "2026-1-5", "٢٠٢٦-01-05"])
def test_dates_in_other_forms_are_problems(tmp_path: Path, day: str) -> None:
    folder = changed(tmp_path, PRIMARY, PRIMARY.replace("2026-01-05 # a Monday", f'"{day}"'))

    (problem,) = problems_of(folder)
    assert problem.code == "date-invalid"


def with_severities(tmp_path: Path, severities: str) -> Path:
    old = "  escalate_after: 15m"
    return copy_catalog(
        tmp_path, changes={"catalog.yaml": (old, f"  severities: {severities}\n{old}")}
    )


def test_severities_of_others_are_part_of_the_edition(tmp_path: Path) -> None:
    catalog = read(with_severities(tmp_path, "{warning: medium, Critical: critical}"))

    assert catalog.severities == {"warning": Severity.MEDIUM, "Critical": Severity.CRITICAL}
    assert catalog.version != read(CATALOG).version


def test_our_own_severity_counts_as_itself(tmp_path: Path) -> None:
    folder = with_severities(tmp_path, "{warning: medium, critical: low}")

    (problem,) = problems_of(folder)

    assert problem.code == "wrong-value"
    assert problem.message == "`critical` is one of our own severities"
    assert "critical: low" in drawn(folder)


def test_a_route_says_whether_it_continues(tmp_path: Path) -> None:
    old = "  - name: critical\n"
    folder = changed(tmp_path, old, f"{old}    continue: true\n")

    going_on = [route.name for route in read(folder).routes if route.continues]

    assert going_on == ["critical"]


HOURS_OF_LOW = """    match: ['severity="low"']\n"""


def with_hours(tmp_path: Path, hours: str) -> Path:
    return changed(tmp_path, HOURS_OF_LOW, f"{HOURS_OF_LOW}    hours: {hours}\n")


def test_a_route_says_in_which_hours_its_channels_are_told(tmp_path: Path) -> None:
    folder = with_hours(
        tmp_path,
        "{zone: Europe/Madrid, only: [{weekdays: [friday], from: 08:00, to: 18:00}, {to: 06:00}]}",
    )

    low = next(route for route in read(folder).routes if route.name == "low")

    assert low.hours == Hours(
        zone=ZoneInfo("Europe/Madrid"),
        only=(
            Restriction(weekdays=frozenset({4}), since=time(8, 0), to=time(18, 0)),
            Restriction(weekdays=frozenset(range(7)), since=time(), to=time(6, 0)),
        ),
    )


@pytest.mark.parametrize(
    ("hours", "code"),
    [
        ("{zone: Atlantic/Cabo_Verde, only: [{from: 08:00, to: 18:00}]}", "zone-unknown"),
        ("{zone: Atlantic/Cape_Verde, only: [{from: 8:00, to: 18:00}]}", "time-invalid"),
        ("{zone: Atlantic/Cape_Verde, only: [{from: 08:00, to: 08:00}]}", "hours-unclear"),
    ],
)
def test_hours_that_cannot_be_meant_are_problems(tmp_path: Path, hours: str, code: str) -> None:
    assert [problem.code for problem in problems_of(with_hours(tmp_path, hours))] == [code]


@pytest.mark.parametrize(
    "hours", ["{zone: UTC}", "{only: [{from: 08:00}]}", "{zone: UTC, only: []}"]
)
def test_hours_name_a_zone_and_at_least_one_span(tmp_path: Path, hours: str) -> None:
    _, problems = read_catalog_folder(with_hours(tmp_path, hours))

    assert [problem.code in ("missing-key", "wrong-value") for problem in problems] == [True]


def test_the_default_route_tells_what_nobody_foresaw_at_once(tmp_path: Path) -> None:
    hours = "  hours: {zone: UTC, only: [{from: 08:00, to: 18:00}]}\n"
    folder = changed(tmp_path, DEFAULT_ROUTE, DEFAULT_ROUTE + hours)

    _, problems = read_catalog_folder(folder)

    assert [problem.code for problem in problems] == ["unknown-key"]


def test_hours_beside_pagerdutys_own_escalation_are_unclear_too(tmp_path: Path) -> None:
    old = "    policy: plataforma\n"
    hours = "    hours: {zone: UTC, only: [{from: 08:00, to: 18:00}]}\n"
    folder = changed(tmp_path, old, "    escalated_by: {pagerduty: plataforma}\n" + hours)

    assert "hours-unclear" in [problem.code for problem in problems_of(folder)]


def test_routes_say_by_which_labels_an_incident_is_made(tmp_path: Path) -> None:
    low = changed(tmp_path / "a", HOURS_OF_LOW, HOURS_OF_LOW + "    incident_by: [service, zzz]\n")
    default = changed(tmp_path / "b", DEFAULT_ROUTE, DEFAULT_ROUTE + "  incident_by: [namespace]\n")

    assert [route.incident_by for route in read(low).routes] == [
        (),
        (),
        (),
        (),
        ("service", "zzz"),
        (),
    ]
    assert read(default).routes[-1].incident_by == ("namespace",)


def test_a_policy_repeats_its_steps_and_ends_acknowledgements(tmp_path: Path) -> None:
    last = "    last_resort:\n      people: [platform-1, platform-2, platform-3]\n"
    more = last + "    repeat: 2\n    acknowledge_timeout: 2h\n"

    policy = read(changed(tmp_path, last, more)).policies[PolicyId("plataforma")]

    assert (policy.repeat, policy.acknowledge_timeout) == (2, timedelta(hours=2))
    assert policy.turns == 6


def test_a_step_may_inform_channels_alone_but_not_the_last_resort(tmp_path: Path) -> None:
    inform = """      - channels: [slack: "#direccion"]\n        wait: 5m\n    last_resort:"""
    folder = changed(tmp_path, "    last_resort:", inform)

    step = read(folder).policies[PolicyId("plataforma")].steps[-1]
    assert step.channels == (Address(channel="slack", address="#direccion"),)
    assert (step.people, step.schedules, step.wait) == ((), (), timedelta(minutes=5))

    wakes_nobody = """    last_resort:\n      channels: [slack: "#direccion"]\n"""
    last = "    last_resort:\n      people: [platform-1, platform-2, platform-3]\n"
    (problem,) = problems_of(changed(tmp_path / "other", last, wakes_nobody))
    assert problem.code == "step-empty"
    assert "somebody has to be woken" in problem.why


def test_how_soon_is_the_same_incident_is_the_organisations_to_say(tmp_path: Path) -> None:
    assert read(CATALOG).reopen_within == timedelta(minutes=15)
    said = copy_catalog(
        tmp_path,
        changes={"catalog.yaml": ("  escalate_after:", "  reopen_within: 5m\n  escalate_after:")},
    )

    catalog = read(said)

    assert catalog.reopen_within == timedelta(minutes=5)
    assert catalog.repeat_interval == timedelta(hours=4)
    assert catalog.version != read(CATALOG).version


MAINTENANCE = """
maintenance:
  - name: pool-upgrade
    services: [casos]
    starts: 2026-12-06 02:00
    lasts: 2h
    zone: Atlantic/Cape_Verde
"""


def test_announced_maintenance_is_read_and_part_of_the_edition(tmp_path: Path) -> None:
    folder = copy_catalog(tmp_path)
    with (folder / "catalog.yaml").open("a") as file:
        file.write(MAINTENANCE)

    catalog = read(folder)

    (announced,) = catalog.maintenance.announced
    assert (announced.name, announced.services) == ("pool-upgrade", ("casos",))
    assert catalog.maintenance.environment_label == "environment"
    assert catalog.version != read(CATALOG).version


def test_a_maintenance_that_cannot_be_read_mutes_nothing_and_stops_nothing(tmp_path: Path) -> None:
    folder = copy_catalog(tmp_path)
    with (folder / "catalog.yaml").open("a") as file:
        file.write(MAINTENANCE.replace("Atlantic/Cape_Verde", "Atlantic/Atlantis"))

    assert read(folder).maintenance.announced == ()
