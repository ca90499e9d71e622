"""Alertmanager's configuration: who is told, what is held back, and what never is."""

import subprocess
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from generator.alertmanager.render import render_alertmanager
from generator.alertmanager.route_tests import route_cases
from generator.catalog.model import Catalog, Regions
from generator.catalog.model_alertmanager import HiddenAlert, HiddenSlo, OwnAlertmanager
from generator.rules.meta import meta_groups
from guardia.maintenance import Maintenance, is_announced, parse_recurrence
from guardia.matcher import matches_all, parse_matcher
from tests.alertmanager_catalog import copy_full_catalog
from tests.catalogs import CATALOG, read_whole
from tests.generator.test_time_intervals import mutes

PLAIN = read_whole(CATALOG)
LABELS = {
    "alertname": ["DatabaseDown", "ErrorBudgetBurn", "Watchdog", "CriticalAlertNotRouted"],
    "service": ["casos", "derivacion", "other"],
    "environment": ["prod", "qa"],
    "severity": ["critical", "low"],
    "slo": ["availability"],
    "team": ["plataforma"],
}


@pytest.fixture(scope="module")
def full(tmp_path_factory: pytest.TempPathFactory) -> Catalog:
    return read_whole(copy_full_catalog(tmp_path_factory.mktemp("full")))


def configuration(catalog: Catalog) -> dict[str, Any]:
    text = render_alertmanager(catalog)["alertmanager/alertmanager.yml"]
    found: dict[str, Any] = yaml.safe_load(text)
    return found


def taken_by(
    route: Mapping[str, Any], labels: Mapping[str, str], inherited: Mapping[str, Any] | None = None
) -> list[dict[str, Any]]:
    """Return the routes that take an alert, with what they inherit.

    Source: Alertmanager, dispatch.Route.Match; mute times are not inherited.
    """
    if not matches_all(map(parse_matcher, route.get("matchers", ())), labels):
        return []
    here = {**(inherited or {}), **route}
    here["mute_time_intervals"] = route.get("mute_time_intervals", [])
    found: list[dict[str, Any]] = []
    for child in route.get("routes", ()):
        below = taken_by(child, labels, {**here, "continue": False, "matchers": []})
        found += below
        if below and not child.get("continue", False):
            break
    return found or [here]


def told(catalog: Catalog, labels: Mapping[str, str]) -> list[str]:
    return [route["receiver"] for route in taken_by(configuration(catalog)["route"], labels)]


def label_sets() -> st.SearchStrategy[dict[str, str]]:
    return st.fixed_dictionaries(
        {}, optional={name: st.sampled_from(values) for name, values in LABELS.items()}
    )


def matchers() -> st.SearchStrategy[list[str]]:
    pairs = [(name, value) for name, values in LABELS.items() for value in values]
    texts = st.sampled_from(pairs).flatmap(
        lambda pair: st.sampled_from([f'{pair[0]}="{pair[1]}"', f'{pair[0]}!="{pair[1]}"'])
    )
    return st.lists(texts, max_size=2)


def own_routes() -> st.SearchStrategy[list[dict[str, Any]]]:
    inner = st.recursive(
        st.fixed_dictionaries({"matchers": matchers(), "continue": st.booleans()}),
        lambda children: st.fixed_dictionaries(
            {
                "matchers": matchers(),
                "continue": st.booleans(),
                "routes": st.lists(children, max_size=2),
            }
        ),
        max_leaves=4,
    )
    top = st.fixed_dictionaries(
        {"receiver": st.just("team"), "matchers": matchers()},
        optional={"routes": st.lists(inner, max_size=2)},
    )
    return st.lists(top, max_size=3)


@settings(max_examples=150)
@given(routes=own_routes(), labels=label_sets())
def test_no_route_of_a_team_keeps_an_alert_from_the_router(
    routes: list[dict[str, Any]], labels: dict[str, str]
) -> None:
    own = replace(PLAIN, own_alertmanager=OwnAlertmanager(routes=tuple(routes)))

    assert told(PLAIN, labels) == ["guardia"]
    found = told(own, labels)
    assert found.count("guardia") == 1
    assert found[-1] == "guardia"


def test_no_mute_time_stands_on_a_route_to_the_router(full: Catalog) -> None:
    def walk(route: Mapping[str, Any], receiver: str) -> None:
        receiver = route.get("receiver", receiver)
        if receiver == "guardia":
            assert not {"mute_time_intervals", "active_time_intervals"} & set(route)
        for child in route.get("routes", ()):
            walk(child, receiver)

    walk(configuration(full)["route"], "")


def test_a_plain_catalog_inhibits_and_mutes_nothing() -> None:
    found = configuration(PLAIN)
    assert set(found) == {"global", "route", "receivers"}
    assert [receiver["name"] for receiver in found["receivers"]] == ["guardia"]
    assert meta_groups(PLAIN) == ()


def test_alerts_of_one_place_and_slo_are_one_group_whatever_they_are() -> None:
    regions = Regions(label="region", names=("a", "b"), environments=("prod",))
    catalog = replace(PLAIN, organisation=replace(PLAIN.organisation, regions=regions))
    route = configuration(catalog)["route"]

    burn = taken_by(route, {"alertname": "ErrorBudgetBurn", "slo": "availability"})
    condition = taken_by(route, {"alertname": "DatabaseDown"})

    assert [one["group_by"] for one in burn] == [["environment", "region", "service", "slo"]]
    assert [one["group_by"] for one in condition] == [
        ["environment", "region", "service", "alertname"]
    ]


def test_the_alerts_about_the_router_go_past_it_and_critical_ones_too(full: Catalog) -> None:
    group = meta_groups(full)[0]
    receivers = {
        rule.alert: told(full, {"alertname": rule.alert, **rule.labels})
        for rule in group.rules
        if not hasattr(rule, "record")
    }
    assert receivers == {
        "Watchdog": ["guardia-watchdog"],
        "RouterDown": ["guardia-fallback"],
        "RouterNotificationsFailing": ["guardia-fallback"],
        "RouterOverdue": ["guardia-fallback"],
        "RouterPagesNotAccepted": ["guardia-fallback"],
        "RouterStoreNotWritable": ["guardia-fallback"],
        "RouterWorkerStalled": ["guardia-fallback"],
        "RouterStepsFailing": ["guardia-fallback"],
        "RouterReachesNobody": ["guardia-fallback"],
        "RouterMessagesRefused": ["guardia-fallback"],
        "CriticalAlertNotRouted": ["guardia-fallback"],
        # The router works then, and the fallback may be a telephone.
        "RouterCatalogRefused": ["guardia"],
        "RouterTemplatesFailing": ["guardia"],
    }


def test_the_watchdog_is_sent_on_time_and_its_end_only_to_the_router(full: Catalog) -> None:
    found = configuration(full)
    (route,) = taken_by(found["route"], {"alertname": "Watchdog"})
    switch, router = next(
        receiver["webhook_configs"]
        for receiver in found["receivers"]
        if receiver["name"] == "guardia-watchdog"
    )

    assert (route["group_interval"], route["repeat_interval"]) == ("30s", "45s")
    assert (switch["url"], switch["send_resolved"]) == ("https://watch.example/ping", False)
    assert (router["url"], router["send_resolved"]) == ("http://guardia-router:8080/webhook", True)


def test_the_fallback_holds_no_secret(full: Catalog) -> None:
    found = next(
        receiver
        for receiver in configuration(full)["receivers"]
        if receiver["name"] == "guardia-fallback"
    )
    assert found["email_configs"][0]["auth_password_file"].startswith("/etc/")
    assert found["email_configs"][0]["require_tls"] is True
    assert found["pagerduty_configs"][0]["routing_key_file"].startswith("/etc/")
    assert found["slack_configs"][0]["api_url_file"].startswith("/etc/")


# Maintenance


@st.composite
def announcements(draw: st.DrawFn) -> tuple[Maintenance, ...]:
    def names(of: str) -> st.SearchStrategy[tuple[str, ...]]:
        return st.sets(st.sampled_from(LABELS[of]), max_size=2).map(lambda s: tuple(sorted(s)))

    return tuple(
        Maintenance(
            name=f"window-{number}",
            services=draw(names("service")),
            environments=draw(names("environment")),
            zone=ZoneInfo("UTC"),
            days=parse_recurrence("day"),
            begins=datetime(2026, 1, 1, 2 * number).time(),  # noqa: DTZ001 - a wall clock
            lasts=timedelta(hours=2),
        )
        for number in range(draw(st.integers(0, 4)))
    )


@settings(max_examples=150)
@given(announced=announcements(), labels=label_sets(), hour=st.integers(0, 23))
def test_a_critical_alert_that_cannot_be_routed_is_muted_exactly_when_announced(
    full: Catalog, announced: tuple[Maintenance, ...], labels: dict[str, str], hour: int
) -> None:
    catalog = replace(full, organisation=replace(full.organisation, maintenance=announced))
    found = configuration(replace(catalog, own_alertmanager=OwnAlertmanager()))
    at = datetime(2026, 11, 24, hour, 30, tzinfo=ZoneInfo("UTC"))

    (route,) = taken_by(
        found["route"], {**labels, "alertname": "CriticalAlertNotRouted", "bypass": "true"}
    )
    intervals = {one["name"]: one for one in found.get("time_intervals", ())}
    muted = any(mutes(intervals[name], at) for name in route["mute_time_intervals"])

    service, environment = labels.get("service"), labels.get("environment")
    expected = is_announced(announced, service=service, environment=environment, at=at)
    assert route["receiver"] == "guardia-fallback"
    assert muted == (expected is not None)


@pytest.mark.parametrize("alert", ["RouterDown", "RouterNotificationsFailing", "RouterOverdue"])
def test_trouble_with_the_router_is_told_during_any_maintenance(full: Catalog, alert: str) -> None:
    labels = {"alertname": alert, "bypass": "true", "environment": "prod"}
    (route,) = taken_by(configuration(full)["route"], labels)
    assert (route["receiver"], route["mute_time_intervals"]) == ("guardia-fallback", [])


# Dependencies


def hidden(
    rules: Sequence[Mapping[str, Any]], target: Mapping[str, str], firing: Mapping[str, str]
) -> bool:
    """Say whether `firing` holds `target` back. Source: Alertmanager, inhibit.InhibitRule."""
    return any(
        matches_all(map(parse_matcher, rule["target_matchers"]), target)
        and matches_all(map(parse_matcher, rule["source_matchers"]), firing)
        and all(target.get(label, "") == firing.get(label, "") for label in rule["equal"])
        for rule in rules
    )


def hiding(*hides: HiddenAlert | HiddenSlo, regions: Regions | None = None) -> Catalog:
    services = tuple(
        replace(
            service,
            conditions=tuple(
                replace(condition, hides=hides if condition.alert == "DatabaseDown" else ())
                for condition in service.conditions
            ),
        )
        for service in PLAIN.services
    )
    organisation = replace(PLAIN.organisation, regions=regions)
    return replace(PLAIN, organisation=organisation, services=services)


DOWN = {"alertname": "DatabaseDown", "service": "casos"}
STALLED = {"alertname": "CaseAssignmentStalled", "service": "derivacion"}
BURN = {"alertname": "ErrorBudgetBurn", "service": "casos", "slo": "availability"}
PROD, QA = {"environment": "prod"}, {"environment": "qa"}
EVERYTHING = hiding(
    HiddenAlert(alert="CaseAssignmentStalled"), HiddenSlo(service="casos", slo="availability")
)


@pytest.mark.parametrize("target", [STALLED, BURN])
def test_what_depends_is_held_back_where_the_cause_fires(target: dict[str, str]) -> None:
    rules = configuration(EVERYTHING)["inhibit_rules"]
    assert hidden(rules, {**target, **PROD}, {**DOWN, **PROD})
    assert not hidden(rules, {**target, **PROD}, {**DOWN, **QA})
    # Absent equals absent for Alertmanager: without a place, both are strangers.
    assert not hidden(rules, target, DOWN)
    assert not hidden(rules, {**target, **PROD}, DOWN)
    assert not hidden(rules, target, {**DOWN, **PROD})


@pytest.mark.parametrize(
    "stranger",
    [
        {"alertname": "DiskFilling", "service": "casos"},
        {"alertname": "DiskFilling", "service": "casos", "slo": "availability"},
        {"alertname": "TargetsDown", "service": "casos"},
        {"alertname": "ErrorBudgetBurn", "service": "casos", "slo": "latency"},
        {"alertname": "ErrorBudgetBurn", "service": "derivacion", "slo": "availability"},
        {"alertname": "CaseAssignmentStalled", "service": "other"},
        {"alertname": "DatabaseDown", "service": "casos"},
    ],
)
def test_an_alert_that_nobody_named_is_never_held_back(stranger: dict[str, str]) -> None:
    rules = configuration(EVERYTHING)["inhibit_rules"]
    assert not hidden(rules, {**stranger, **PROD}, {**DOWN, **PROD})


def test_a_cause_of_the_same_name_elsewhere_holds_nothing_back() -> None:
    rules = configuration(EVERYTHING)["inhibit_rules"]
    foreign = {"alertname": "DatabaseDown", "service": "other", **PROD}
    assert not hidden(rules, {**STALLED, **PROD}, foreign)
    assert not hidden(rules, {**BURN, **PROD}, foreign)


@pytest.mark.parametrize("target", [STALLED, BURN])
def test_regions_count_where_an_environment_has_them(target: dict[str, str]) -> None:
    regions = Regions(label="region", names=("a", "b"), environments=("prod",))
    catalog = hiding(
        HiddenAlert(alert="CaseAssignmentStalled"),
        HiddenSlo(service="casos", slo="availability"),
        regions=regions,
    )
    rules = configuration(catalog)["inhibit_rules"]
    in_a, in_b = {**PROD, "region": "a"}, {**PROD, "region": "b"}

    assert hidden(rules, {**target, **in_a}, {**DOWN, **in_a})
    assert not hidden(rules, {**target, **in_a}, {**DOWN, **in_b})
    assert not hidden(rules, {**target, **in_a}, {**DOWN, **PROD})
    assert not hidden(rules, {**target, **PROD}, {**DOWN, **in_a})
    assert not hidden(rules, {**target, **PROD}, {**DOWN, **PROD})
    assert hidden(rules, {**target, **QA}, {**DOWN, **QA})
    assert not hidden(rules, {**target, **QA}, {**DOWN, **QA, "region": "a"})
    assert not hidden(rules, {**target, "environment": "lab"}, {**DOWN, "environment": "lab"})


# The generated tests


def test_each_alert_of_the_catalog_has_its_test(full: Catalog) -> None:
    cases = list(route_cases(full))
    tested = {case.labels["alertname"] for case in cases if case.firing is None}
    conditions = {one.alert for service in full.services for one in service.conditions}
    assert conditions | {"ErrorBudgetBurn", "Watchdog", "RouterDown"} <= tested
    for case in cases:
        assert told(full, case.labels) == case.receivers


def test_a_test_of_a_hidden_alert_says_what_the_rules_do(full: Catalog) -> None:
    rules = configuration(full)["inhibit_rules"]
    cases = [case for case in route_cases(full) if case.firing is not None]
    assert {case.inhibited for case in cases} == {True, False}
    for case in cases:
        assert case.firing is not None
        assert hidden(rules, case.labels, case.firing) == case.inhibited


@pytest.mark.parametrize(
    ("alert", "is_hidden"), [("ErrorBudgetBurn", True), ("NoTraffic", True), ("TargetsDown", False)]
)
def test_a_cause_holds_back_what_an_slo_says_and_never_that_its_service_is_gone(
    alert: str, is_hidden: bool
) -> None:
    rules = configuration(hiding(HiddenSlo(service="derivacion", slo="availability")))[
        "inhibit_rules"
    ]
    place = {"environment": "prod"}
    cause = {"alertname": "DatabaseDown", "service": "casos", **place}
    effect = {"alertname": alert, "service": "derivacion", "slo": "availability", **place}

    assert hidden(rules, effect, cause) is is_hidden


def test_hostile_labels_stay_one_word_of_the_script(tmp_path: Path) -> None:
    service = PLAIN.services[0]
    evil = 'x\'; touch /tmp/owned; "$(id)" \\'
    extras = replace(service.extras, labels={"note": evil})
    catalog = replace(PLAIN, services=(replace(service, extras=extras),))
    script = tmp_path / "test-routes.sh"
    text = render_alertmanager(catalog)["alertmanager/test-routes.sh"]
    line = next(line for line in text.splitlines() if "note" in line)
    script.write_text(
        f"check() {{ shift 2; for word; do printf '%s\\n' \"$word\"; done; }}\n{line}"
    )

    printed = subprocess.run(["sh", script], capture_output=True, text=True, check=True).stdout
    written = next(word for word in printed.splitlines() if word.startswith("note="))
    assert parse_matcher(written).value == evil
