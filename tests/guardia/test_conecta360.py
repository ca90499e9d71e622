"""The first user's operations document, requirement by requirement, held by the project's catalog.

`docs/conecta360.md` says the same in words.
"""

import re
from datetime import timedelta
from functools import cache

import pytest

from generator.catalog.model import Catalog, Condition
from generator.dashboards.catalog_panels import service_panels
from generator.dashboards.place import chosen_place
from generator.promql.shown import watched
from generator.write import generate
from guardia.catalog_folder import read_catalog_folder
from guardia.severity import Severity
from router.catalog import OnCallCatalog, read_oncall
from router.routing import decide_route
from tests.catalogs import OWN_CATALOG, ROOT, read_whole

SERVICES = ("casos", "derivacion", "usuarios", "notificaciones", "gateway")
OF_EACH_SERVICE = {
    "ErrorsCritical": ("R5", Severity.CRITICAL),
    "WorkloadDown": ("R5", Severity.CRITICAL),
    "ErrorsHigh": ("R6", Severity.HIGH),
    "Slow": ("R6", Severity.HIGH),
    "CpuHigh": ("R7", Severity.MEDIUM),
    "MemoryHigh": ("R7", Severity.MEDIUM),
    "LogWarnings": ("R7", Severity.MEDIUM),
    "Deployed": ("R8", Severity.LOW),
    "HealthRecovered": ("R8", Severity.LOW),
    "MemoryLeak": ("R10", Severity.HIGH),
}
OTHERS = {
    "DatabaseDown": ("R5", Severity.CRITICAL),
    "KafkaClusterDown": ("R5", Severity.CRITICAL),
    "CaseSlaBreachMassive": ("R5", Severity.CRITICAL),
    "SecurityBreach": ("R5", Severity.CRITICAL),
    "CasosPoolExhausted": ("R6", Severity.HIGH),
    "KafkaLagHigh": ("R6", Severity.HIGH),
    "DiskAlmostFull": ("R6", Severity.HIGH),
    "NodeCpuHigh": ("R7", Severity.MEDIUM),
    "NodeMemoryHigh": ("R7", Severity.MEDIUM),
    "KafkaBrokerDown": ("R10", Severity.HIGH),
    "CertificateExpiresSoon": ("R10", Severity.HIGH),
    "CaseAssignmentStalled": ("R10", Severity.HIGH),
    "BackupIncrementalTooOld": ("R11", Severity.HIGH),
    "BackupFullTooOld": ("R11", Severity.HIGH),
    "BackupWeeklyTooOld": ("R11", Severity.HIGH),
    "DatabaseReplicaLag": ("R11", Severity.HIGH),
    "DatabaseReplicaDisconnected": ("R11", Severity.HIGH),
    "RecoveryPointTooOld": ("R11", Severity.HIGH),
}
ALERTS = OTHERS | {
    f"{service.capitalize()}{ending}": wanted
    for service in SERVICES
    for ending, wanted in OF_EACH_SERVICE.items()
}
# R5 to R8: whom a severity reaches in production.
REACHED = {
    Severity.CRITICAL: ("plataforma", {"slack:#operaciones"}),
    Severity.HIGH: (None, {"email:operaciones@conecta360.example", "slack:#operaciones"}),
    Severity.MEDIUM: (None, {"slack:#operaciones"}),
    Severity.LOW: (None, {"slack:#operaciones-info"}),
}
LIMITS = {
    "CasosErrorsCritical": 0.10,
    "CasosErrorsHigh": 0.05,
    "CasosSlow": 3.0,
    "KafkaLagHigh": 1000.0,
    "DiskAlmostFull": 0.8,
    "CasosCpuHigh": 0.8,
    "CasosMemoryHigh": 0.8,
    "CaseAssignmentStalled": 600.0,
}


@cache
def catalog() -> Catalog:
    return read_whole(OWN_CATALOG)


@cache
def oncall() -> OnCallCatalog:
    found, problems = read_oncall(read_catalog_folder(OWN_CATALOG)[0])
    assert not problems
    assert found is not None
    return found


def conditions() -> dict[str, Condition]:
    return {one.alert: one for service in catalog().services for one in service.conditions}


@pytest.mark.parametrize("alert", ALERTS)
def test_each_alert_of_the_document_is_there_with_its_severity(alert: str) -> None:
    assert conditions()[alert].severity is ALERTS[alert][1]


@pytest.mark.parametrize(("alert", "limit"), LIMITS.items())
def test_an_alert_compares_with_the_documents_number(alert: str, limit: float) -> None:
    found = watched(conditions()[alert].expression)
    assert found.sign == ">"
    assert float(found.limit or "nan") == limit


def test_processors_and_memory_are_watched_for_ten_minutes() -> None:
    for alert in ("CasosCpuHigh", "CasosMemoryHigh", "NodeCpuHigh", "NodeMemoryHigh"):
        assert conditions()[alert].holds_for == timedelta(minutes=10)


def test_an_error_rate_is_a_share_and_not_a_rate_per_series() -> None:
    """R9: the document's own sample compares 5xx a second of each series with 0.05."""
    value = watched(conditions()["CasosErrorsHigh"].expression).value
    assert re.search(r'code=~"5\.\."', value)
    assert "/" in value
    assert conditions()["CasosErrorsHigh"].holds_for == timedelta(minutes=5)
    assert conditions()["DatabaseDown"].holds_for == timedelta(minutes=1)


@pytest.mark.parametrize("severity", Severity)
def test_a_severity_reaches_whom_the_document_names(severity: Severity) -> None:
    labels = {"environment": "prod", "severity": severity.value, "service": "casos"}

    routed = decide_route(labels, oncall().routes)

    policy, channels = REACHED[severity]
    assert routed.policy == policy
    assert {f"{one.channel}:{one.address}" for one in routed.channels} == channels


@pytest.mark.parametrize("environment", ["dev", "qa", "staging"])
def test_nobody_is_woken_for_other_environments(environment: str) -> None:
    labels = {"environment": environment, "severity": "critical", "service": "casos"}
    routed = decide_route(labels, oncall().routes)
    assert routed.policy is None
    assert [one.address for one in routed.channels] == ["#operaciones-info"]


def test_windows_fit_into_what_prometheus_keeps() -> None:
    """R1."""
    organisation = catalog().organisation
    assert organisation.scrape_interval == timedelta(seconds=15)
    assert organisation.retention == timedelta(days=30)
    assert all(
        max(slo.windows) <= organisation.retention
        for service in catalog().services
        for slo in service.slos
    )


def test_environments_and_regions_are_the_documents() -> None:
    organisation = catalog().organisation
    assert organisation.environments == ("dev", "qa", "staging", "prod")
    assert organisation.regions is not None
    assert organisation.regions.names == ("a", "b")
    assert organisation.regions.environments == ("prod",)


@pytest.mark.parametrize("service", SERVICES)
def test_each_services_dashboard_shows_the_critical_metrics(service: str) -> None:
    """R2, R3: requests, response times, errors, processor and memory, connections."""
    found = next(one for one in catalog().services if one.name == service)
    place = chosen_place(catalog().organisation)
    asked = " ".join(
        query.expression
        for shown in service_panels(catalog().organisation, found, place)
        for query in shown.panel.queries
    )
    wanted = [
        "http_requests_total",
        "histogram_quantile(0.5,",
        "histogram_quantile(0.95,",
        "histogram_quantile(0.99,",
        "container_cpu_usage_seconds_total",
        "container_memory_working_set_bytes",
    ]
    wanted += [] if service == "gateway" else ["connection_pool_in_use"]
    assert [one for one in wanted if one not in asked] == []


def test_one_value_with_two_thresholds_is_one_panel() -> None:
    casos = next(one for one in catalog().services if one.name == "casos")
    shown = service_panels(catalog().organisation, casos, chosen_place(catalog().organisation))
    (panel,) = [one.panel for one in shown if one.panel.steps and len(one.panel.steps) > 2]
    assert [color for color, _ in panel.steps] == ["green", "orange", "red"]
    assert [round(value or 0, 6) for _, value in panel.steps] == [0, 0.05, 0.1]
    assert "CasosErrorsCritical" in panel.description
    assert "CasosErrorsHigh" in panel.description


def test_the_dashboards_of_the_document_are_made() -> None:
    """R3, R4, R22."""
    files = generate(catalog(), ["dashboards"])
    names = {path.removeprefix("dashboards/").removesuffix(".json") for path in files}
    services = {f"service-{service.name}" for service in catalog().services}
    wanted = {"global", "infrastructure", "business", "capacity", "router"}
    assert wanted | {"slo-overview", "slo"} | services <= names


def test_deployments_are_marked_on_the_dashboard_of_each_service() -> None:
    """R12."""
    for service in catalog().services:
        assert (service.deployments is not None) == (service.name in SERVICES)


def test_growth_is_watched_for_what_the_document_names() -> None:
    """R4: cases a day, active users, requests a second, use of resources."""
    names = {growth.name for service in catalog().services for growth in service.growth}
    assert {"cases-created", "active-users", "requests", "disk", "cpu", "database-size"} <= names


def test_every_requirement_has_a_line_in_the_document() -> None:
    text = (ROOT / "docs" / "conecta360.md").read_text("utf-8")
    assert re.findall(r"^\| (R\d+) \|", text, re.M) == [f"R{number}" for number in range(1, 23)]
    for path in set(re.findall(r"`((?:tests|docs|catalog|router)/[\w/.-]+)`", text)):
        assert (ROOT / path).exists(), path
