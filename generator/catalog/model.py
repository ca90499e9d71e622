"""The catalog as the generator sees it: frozen values, every reference resolved."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from fractions import Fraction

from generator.promql.check import Selector
from generator.slo.burn import BurnWindow
from guardia.severity import Severity


@dataclass(frozen=True, slots=True, kw_only=True)
class Intervals:
    """How often the three rule groups of an SLO are evaluated."""

    fast: timedelta
    slow: timedelta
    store: timedelta


@dataclass(frozen=True, slots=True, kw_only=True)
class AlertmanagerSettings:
    """Where Alertmanager posts to, and its three waits."""

    router_url: str
    router_token_file: str
    group_wait: timedelta
    group_interval: timedelta
    repeat_interval: timedelta


@dataclass(frozen=True, slots=True, kw_only=True)
class Organisation:
    """What holds for every service."""

    name: str
    environment_label: str
    environments: tuple[str, ...]
    scrape_interval: timedelta
    retention: timedelta
    intervals: Intervals
    alertmanager: AlertmanagerSettings
    runbooks_url: str
    dashboards_url: str


@dataclass(frozen=True, slots=True, kw_only=True)
class RatioSli:
    """Bad events and all events, each counted by the counters of a plain selector."""

    bad: Selector
    total: Selector


@dataclass(frozen=True, slots=True, kw_only=True)
class Slo:
    """A promise to users: a share of good events over a window."""

    name: str
    description: str
    objective: Fraction
    window: timedelta
    sli: RatioSli
    burn_windows: tuple[BurnWindow, ...]  # critical first
    no_traffic_for: timedelta
    runbook: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Condition:
    """An alert on a threshold, without an objective.

    The examples map a series to its constant value; the alert fires for the
    one set and stays silent for the other.
    """

    alert: str
    severity: Severity
    expression: str
    holds_for: timedelta
    summary: str
    description: str
    runbook: str
    fires: Mapping[str, float]
    silent: Mapping[str, float]


@dataclass(frozen=True, slots=True, kw_only=True)
class Service:
    """One service with its SLOs and conditions."""

    name: str
    team: str
    description: str
    targets: Selector
    environments: tuple[str, ...]  # where its targets must be up
    down_for: timedelta  # how long they may all be gone before anybody is woken
    runbook: str | None  # for a service that is down
    slos: tuple[Slo, ...]
    conditions: tuple[Condition, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Catalog:
    """Everything that is generated comes from one of these."""

    organisation: Organisation
    services: tuple[Service, ...]  # by name
