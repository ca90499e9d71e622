"""What the catalog says about Alertmanager: how it is read, and every problem with its page."""

from collections.abc import Callable
from datetime import date, time, timedelta
from pathlib import Path

import pytest

from generator.catalog.model_alertmanager import HiddenAlert, HiddenSlo
from generator.catalog.read import read_catalog
from guardia.catalog_folder import read_catalog_folder
from guardia.maintenance import Recurrence
from guardia.problem import Problem, render_text
from tests.alertmanager_catalog import copy_full_catalog
from tests.catalogs import ROOT, read_whole

Break = Callable[[Path], None]
CATALOG, CASOS, OWN = "catalog.yaml", "services/casos.yaml", "alertmanager.yaml"


def edit(path: str, old: str, new: str) -> Break:
    def break_it(folder: Path) -> None:
        file = folder / path
        text = file.read_text("utf-8")
        assert text.count(old) == 1, f"{old!r} stands {text.count(old)} times in {path}"
        file.write_text(text.replace(old, new), "utf-8")

    return break_it


def problems_of(folder: Path) -> list[Problem]:
    documents, of_form = read_catalog_folder(folder)
    _, of_meaning = read_catalog(documents)
    return [*of_form, *of_meaning]


def drawn(folder: Path, problem: Problem) -> str:
    sources = read_catalog_folder(folder)[0].sources
    return render_text([problem], sources).replace(f"{folder.parent.as_posix()}/", "")


# What the example of each page did to the full catalog of tests/alertmanager_catalog.py.
EXAMPLES: dict[str, Break] = {
    "hides-circular": edit(CASOS, "{alert: CaseAssignmentStalled}", "{alert: DatabaseDown}"),
    "inhibition-too-wide": edit(
        OWN, """'alertname="DatabaseDown"', """, """'severity="critical"', """
    ),
    "interval-over-midnight": edit(OWN, '"24:00"', '"06:00"'),
    "maintenance-inexpressible": edit(
        CATALOG, "every: first sunday of the month", "every: second week of the month"
    ),
    "maintenance-unclear": edit(
        CATALOG, "    every: first sunday of the month\n", "    starts: 2026-12-06 02:00\n"
    ),
    "name-reserved": edit(OWN, "  - name: team-log", "  - name: guardia-log"),
    "route-withholds": edit(
        OWN, "  - receiver: team-chat\n", "  - receiver: team-chat\n    continue: false\n"
    ),
    "secret-inline": edit(
        OWN, "api_url_file: /etc/alertmanager/secrets/team", "api_url: https://hooks.example/T0"
    ),
    "wait-order": edit(CATALOG, "group_interval: 1m", "group_interval: 5s"),
}


@pytest.mark.parametrize("code", sorted(EXAMPLES))
def test_each_problem_is_found_and_its_page_shows_it_as_it_is_drawn(
    tmp_path: Path, code: str
) -> None:
    folder = copy_full_catalog(tmp_path)
    EXAMPLES[code](folder)

    found = [problem for problem in problems_of(folder) if problem.code == code]

    page = (ROOT / "docs" / "problems" / f"{code}.md").read_text("utf-8")
    assert drawn(folder, found[0]) in page


def test_what_is_declared_is_read(tmp_path: Path) -> None:
    catalog = read_whole(copy_full_catalog(tmp_path))

    monthly, quarterly, removal = catalog.organisation.maintenance
    assert (monthly.services, monthly.environments) == (("casos",), ("prod",))
    assert monthly.days == Recurrence(weekday=6, nth=1)
    assert quarterly.days == Recurrence(weekday=6, nth=-1, months=(3, 6, 9, 12))
    assert (removal.days, removal.begins) == (date(2099, 12, 6), time(22))
    assert removal.lasts == timedelta(hours=4)
    hides = {one.alert: one.hides for service in catalog.services for one in service.conditions}
    assert hides["DatabaseDown"] == (
        HiddenSlo(service="casos", slo="availability"),
        HiddenSlo(service="derivacion", slo="availability"),
        HiddenAlert(alert="CaseAssignmentStalled"),
    )
    settings = catalog.organisation.alertmanager
    assert settings.router_targets.text == 'up{job="guardia-router"}'
    assert settings.watchdog is not None
    assert settings.watchdog.every == timedelta(minutes=1)
    assert [route["receiver"] for route in catalog.own_alertmanager.routes] == ["team-chat"]


def receiver(name: str) -> str:
    return f"  - name: {name}\n    webhook_configs: [{{url: 'http://log.example'}}]\n"


WRONG: list[tuple[str, Break, str]] = [
    # maintenance
    ("unknown-reference", edit(CATALOG, "services: [casos]", "services: [caos]"), "`caos`"),
    ("unknown-reference", edit(CATALOG, "environments: [prod]", "environments: [prd]"), "`prd`"),
    ("duplicate-id", edit(CATALOG, "name: quarterly-major", "name: monthly-minor"), "twice"),
    ("time-invalid", edit(CATALOG, "at: 23:00", "at: 24:00"), "24:00"),
    ("date-invalid", edit(CATALOG, "2099-12-06 22:00", "2099-02-30 22:00"), "2099-02-30"),
    ("date-invalid", edit(CATALOG, "2099-12-06 22:00", "2099-12-06"), "2099-12-06"),
    ("zone-unknown", edit(CATALOG, "lasts: 4h, zone: UTC", "lasts: 4h, zone: Utopia"), "Utopia"),
    ("zone-unknown", edit(CATALOG, "4h, zone: UTC", "4h, zone: localtime"), "the machine"),
    ("zone-unknown", edit(CATALOG, "4h, zone: UTC", "4h, zone: posixrules"), "the machine"),
    ("zone-unknown", edit(CATALOG, "4h, zone: UTC", "4h, zone: Factory"), "the machine"),
    ("zone-unknown", edit(CATALOG, "4h, zone: UTC", "4h, zone: right/UTC"), "the machine"),
    ("zone-unknown", edit(CATALOG, "4h, zone: UTC", "4h, zone: posix/UTC"), "the machine"),
    ("duration-invalid", edit(CATALOG, "lasts: 3h", "lasts: 15d"), "longer than 14d"),
    ("wrong-value", edit(CATALOG, "every: first sunday of", "every: First Sunday of"), "First"),
    ("maintenance-inexpressible", edit(CATALOG, "lasts: 3h", "lasts: 90s"), "whole minutes"),
    ("maintenance-inexpressible", edit(CATALOG, "lasts: 3h", "lasts: 25h"), "1d1h"),
    (
        "maintenance-inexpressible",
        edit(CATALOG, "first sunday of the month", "fourth sunday of the month"),
        "after midnight",
    ),
    (
        "maintenance-inexpressible",
        edit(CATALOG, "first sunday of the month", "day 28 of the month"),
        "after midnight",
    ),
    ("maintenance-unclear", edit(CATALOG, "    at: 23:00\n", ""), "monthly-minor"),
    (
        "maintenance-unclear",
        edit(CATALOG, "starts: 2099-12-06 22:00", "months: [march]"),
        "removal",
    ),
    ("maintenance-unclear", edit(CATALOG, "starts: 2099-12-06 22:00, ", ""), "removal"),
    # alertmanager:
    ("wait-order", edit(CATALOG, "repeat_interval: 4h", "repeat_interval: 30s"), "shorter"),
    ("wrong-value", edit(CATALOG, "url: https://watch.example/ping", "url: https://"), "address"),
    (
        "secret-inline",
        edit(CATALOG, "https://watch.example/ping", "https://secret@watch.example/ping"),
        "credentials",
    ),
    ("missing-key", edit(CATALOG, "      auth_username: alertmanager\n", ""), "auth_username"),
    (
        "missing-key",
        edit(
            CATALOG,
            "    router: true\n    dead_mans_switch:\n      url: https://watch.example/ping\n"
            "      token_file: /etc/alertmanager/secrets/switch\n",
            "    every: 5m\n",
        ),
        "sent nowhere",
    ),
    (
        "missing-key",
        edit(CATALOG, "      url: https://watch.example/ping\n", ""),
        "neither of `url` and `url_file`",
    ),
    ("interval-too-short", edit(CATALOG, "    router: true\n", "    every: 1s\n"), "every 1s"),
    (
        "promql-selector",
        edit(CATALOG, "  watchdog:\n", "  router_targets: sum(up)\n  watchdog:\n"),
        "router_targets",
    ),
    ("unknown-key", edit(CATALOG, "      auth_password_file:", "      auth_password:"), "auth_p"),
    # hides:
    ("unknown-reference", edit(CASOS, "CaseAssignmentStalled}", "CaseAssigned}"), "CaseAssigned"),
    ("unknown-reference", edit(CASOS, "{service: derivacion,", "{service: derivado,"), "derivado"),
    (
        "unknown-reference",
        edit(CASOS, "{service: derivacion, slo: availability}", "{service: derivacion, slo: x}"),
        "SLO",
    ),
    (
        "wrong-value",
        edit(CASOS, "{service: derivacion, slo: availability}", "{service: derivacion}"),
        "what is hidden",
    ),
    # alertmanager.yaml
    ("unknown-reference", edit(OWN, "receiver: team-chat", "receiver: team-chet"), "team-chet"),
    ("unknown-reference", edit(OWN, "receiver: team-chat", "receiver: guardia"), "guardia"),
    ("unknown-reference", edit(OWN, "receiver: team-log", "receiver: log"), "log"),
    ("unknown-reference", edit(OWN, "[nights, guardia", "[days, guardia"), "days"),
    (
        "unknown-reference",
        edit(OWN, "guardia-maintenance-monthly-minor", "guardia-maintenance-monthly"),
        "monthly",
    ),
    ("duplicate-id", edit(OWN, "receivers:\n", f"receivers:\n{receiver('team-log')}"), "twice"),
    ("name-reserved", edit(OWN, "receivers:\n", f"receivers:\n{receiver('guardia')}"), "guardia"),
    ("matcher-invalid", edit(OWN, "'team=\"plataforma\"'", "'team'"), "team"),
    ("matcher-invalid", edit(OWN, "'severity=\"critical\"'", "'severity=~\"(?!x)\"'"), "look"),
    ("unknown-key", edit(OWN, "    matchers: ['team=", "    match: ['team="), "match"),
    ("unknown-key", edit(OWN, "slack_configs", "slak_configs"), "slak_configs"),
    ("missing-key", edit(OWN, "    equal: [environment, instance]\n", ""), "equal"),
    (
        "inhibition-too-wide",
        edit(OWN, "equal: [environment, instance]", "equal: [instance]"),
        "env",
    ),
    ("inhibition-too-wide", edit(OWN, """, 'instance=~".+"'""", ""), "without `instance`"),
    (
        "inhibition-too-wide",
        edit(OWN, "'alertname=\"CaseAssignmentStalled\"'", "'alertname=~\".*\"'"),
        "names no alert",
    ),
    (
        "inhibition-too-wide",
        edit(OWN, 'alertname="CaseAssignmentStalled"', 'alertname=~"RouterDown|X"'),
        "about the router",
    ),
    ("matcher-invalid", edit(OWN, "'team=\"plataforma\"'", "\"team='plataforma'\""), "quotes"),
    ("time-invalid", edit(OWN, '"22:00"', '"9:00"'), "9:00"),
    ("time-invalid", edit(OWN, '"24:00"', '"24:01"'), "24:01"),
    ("interval-over-midnight", edit(OWN, '"24:00"', '"22:00"'), "from 22:00 to 22:00"),
    ("zone-unknown", edit(OWN, "location: Atlantic/Cape_Verde", "location: Mars/City"), "Mars"),
    (
        "wrong-value",
        edit(OWN, "        location:", "        weekdays: [mon]\n        location:"),
        "mon",
    ),
    (
        "wrong-value",
        edit(OWN, "        location:", "        weekdays: ['saturday:sunday']\n        location:"),
        "saturday:sunday",
    ),
    ("secret-inline", edit(OWN, '"http://log.', '"http://me:secret@log.'), "credentials"),
    (
        "secret-inline",
        edit(
            OWN,
            '{url: "http://log.conecta360.example/alerts"}',
            "{url: 'http://log.example', http_config: {basic_auth: {username: x, password: s}}}",
        ),
        "a secret",
    ),
    (
        "secret-inline",
        edit(
            OWN,
            '{url: "http://log.conecta360.example/alerts"}',
            "{url: 'http://log.example', http_config: {http_headers: {X-Key: {secrets: [s]}}}}",
        ),
        "a secret",
    ),
    (
        "secret-inline",
        edit(
            OWN,
            '{url: "http://log.conecta360.example/alerts"}',
            "{url: 'http://log.example', http_config: {tls_config: {key: PEM}}}",
        ),
        "a secret",
    ),
]


@pytest.mark.parametrize(("code", "break_it", "says"), WRONG)
def test_what_is_wrong_is_said_once_where_it_stands(
    tmp_path: Path, code: str, break_it: Break, says: str
) -> None:
    folder = copy_full_catalog(tmp_path)
    break_it(folder)

    (found,) = problems_of(folder)

    assert found.code == code
    assert says in found.message
    assert "secret@" not in f"{found.message}{found.label}{found.why}{found.fix}"


TARGET = "'alertname=\"CaseAssignmentStalled\"'"


@pytest.mark.parametrize(
    ("target", "says"),
    [
        ("""'alertname="ErrorBudgetBurn"'""", "each `ErrorBudgetBurn` of every service"),
        ("""'alertname="NoTraffic"', 'service=~".+"'""", "each `NoTraffic` of every service"),
        ("""'alertname="TargetsDown"'""", "each `TargetsDown` of every service"),
        ("""'alertname=~"X|TargetsDown"'""", "each `TargetsDown` of every service"),
        (
            """'alertname="ErrorBudgetBurn"', 'service="casos"'""",
            "each `ErrorBudgetBurn` of the service",
        ),
    ],
)
def test_an_alert_that_every_service_has_is_hidden_for_named_ones_only(
    tmp_path: Path, target: str, says: str
) -> None:
    folder = copy_full_catalog(tmp_path)
    edit(OWN, TARGET, target)(folder)

    (found,) = problems_of(folder)

    assert (found.code, says in found.message) == ("inhibition-too-wide", True)


def test_two_conditions_that_hide_each_other_are_both_named(tmp_path: Path) -> None:
    folder = copy_full_catalog(tmp_path)
    edit(
        "services/derivacion.yaml",
        "    runbook: case-not-assigned\n",
        "    runbook: case-not-assigned\n    hides: [{alert: DatabaseDown}]\n",
    )(folder)

    found = [problem for problem in problems_of(folder) if problem.code == "hides-circular"]

    assert [problem.message for problem in found] == [
        "`DatabaseDown` would hide itself",
        "`CaseAssignmentStalled` would hide itself",
    ]


def test_names_are_not_missed_while_a_service_cannot_be_read(tmp_path: Path) -> None:
    folder = copy_full_catalog(tmp_path)
    (folder / "services" / "derivacion.yaml").write_text("service: derivacion\n", "utf-8")

    codes = {problem.code for problem in problems_of(folder)}

    assert codes == {"missing-key"}


@pytest.mark.parametrize(
    "change",
    [
        edit(OWN, "  - receiver: team-chat\n", "  - receiver: team-chat\n    continue: true\n"),
        edit(OWN, "'alertname=\"DatabaseDown\"'", "'alertname=~\"DatabaseDown|NodeDown\"'"),
        edit(CATALOG, "first sunday of the month", "last sunday of the month"),
        edit(OWN, TARGET, """'alertname="ErrorBudgetBurn"', 'service="casos"', 'slo="a-b"'"""),
        edit(OWN, TARGET, """'alertname="TargetsDown"', 'service=~"casos|derivacion"'"""),
        edit(OWN, "        location:", "        weekdays: ['Sunday:saturday']\n        location:"),
        edit(CATALOG, "first sunday of the month", "day"),
        edit(CATALOG, "url: https://watch.example/ping", "url_file: /etc/alertmanager/switch"),
    ],
)
def test_what_can_be_expressed_is_taken(tmp_path: Path, change: Break) -> None:
    folder = copy_full_catalog(tmp_path)
    change(folder)
    assert problems_of(folder) == []
