"""The catalog as the generator sees it: frozen values, every reference resolved."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from fractions import Fraction

from generator.catalog.model_alertmanager import (
    AlertmanagerSettings,
    HiddenAlerts,
    OwnAlertmanager,
)
from generator.catalog.model_shown import ConditionPanel, DeclaredMetric, Growth, Panel
from generator.promql.check import Selector
from generator.slo.burn import BurnWindow
from guardia.maintenance import Maintenance
from guardia.severity import Severity


@dataclass(frozen=True, slots=True, kw_only=True)
class Intervals:
    """How often the three rule groups of an SLO are evaluated."""

    fast: timedelta
    slow: timedelta
    store: timedelta


@dataclass(frozen=True, slots=True, kw_only=True)
class Regions:
    """The regions, and the environments that have them; elsewhere series carry no region."""

    label: str
    names: tuple[str, ...]
    environments: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class RuleResources:
    """Where the Prometheus operator finds the rules: namespace and labels of the resources."""

    namespace: str | None
    labels: Mapping[str, str]


@dataclass(frozen=True, slots=True, kw_only=True)
class DashboardResources:
    """Where Grafana's sidecar finds the dashboards: namespace and labels of the ConfigMaps."""

    namespace: str | None
    labels: Mapping[str, str]


@dataclass(frozen=True, slots=True, kw_only=True)
class Organisation:
    """What holds for every service."""

    name: str
    language: str  # "en", "es" or "pt": of the sentences in alerts
    environment_label: str
    environments: tuple[str, ...]
    # False when each environment's Prometheus adds the label itself, as an external one.
    environment_on_series: bool
    regions: Regions | None
    scrape_interval: timedelta
    retention: timedelta
    intervals: Intervals
    rule_resources: RuleResources | None
    dashboard_resources: DashboardResources | None
    dashboards_path: str  # where Grafana's machine has the dashboards' files
    window_tests_for_every_slo: bool  # else once for all SLOs with the same windows
    alertmanager: AlertmanagerSettings
    maintenance: tuple[Maintenance, ...]  # announced: nobody is paged for it
    runbooks_url: str
    dashboards_url: str

    @property
    def place_labels(self) -> tuple[str, ...]:
        """Return the labels that say where something runs, as alerts carry them."""
        region = () if self.regions is None else (self.regions.label,)
        return (self.environment_label, *region)

    @property
    def series_labels(self) -> tuple[str, ...]:
        """Return those of `place_labels` that series carry, so that rules must keep them."""
        return self.place_labels if self.environment_on_series else self.place_labels[1:]


@dataclass(frozen=True, slots=True, kw_only=True)
class RatioSli:
    """All events and the bad or the good ones, each counted by the counters of a plain selector.

    Exactly one of `bad` and `good` is given.
    """

    total: Selector
    bad: Selector | None = None
    good: Selector | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ExpressionSli:
    """Events a second over `$window`, as PromQL of the author's.

    Exactly one of `bad` and `good` is given. The examples map a series to how
    much one event adds to it.
    """

    total: str
    bad: str | None
    good: str | None
    good_event: Mapping[str, float]
    bad_event: Mapping[str, float]


@dataclass(frozen=True, slots=True, kw_only=True)
class LatencySli:
    """Requests that took at most `below`, counted by one bucket of a classic histogram."""

    below: timedelta
    bound: str  # the bucket's `le`, as the client library writes it
    good: Selector
    total: Selector


@dataclass(frozen=True, slots=True, kw_only=True)
class UptimeSli:
    """A gauge that is 1 while something works and 0 while not; each of its samples is an event."""

    gauge: Selector


@dataclass(frozen=True, slots=True, kw_only=True)
class FreshnessSli:
    """The time of a last success may be `within` ago at most; each evaluation is an event.

    A missing series counts as too old: what never ran is not fresh.
    """

    timestamp: Selector
    within: timedelta


@dataclass(frozen=True, slots=True, kw_only=True)
class RawSli:
    """An error ratio, 0..1, over `$window`, as PromQL of the author's: events are not counted.

    `fails` and `works` map series to constant values, or to what they grow by a
    scrape, for which the ratio is 1 and 0.
    """

    error_ratio: str
    works: Mapping[str, str]
    fails: Mapping[str, str]


Sli = RatioSli | ExpressionSli | LatencySli | UptimeSli | FreshnessSli | RawSli


@dataclass(frozen=True, slots=True, kw_only=True)
class Extras:
    """Labels, annotations and links that the catalog adds to alerts; links map a name to an URL."""

    labels: Mapping[str, str] = field(default_factory=dict)
    annotations: Mapping[str, str] = field(default_factory=dict)
    links: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Slo:
    """A promise to users: a share of good events over a window."""

    name: str
    description: str
    team: str
    objective: Fraction
    windows: tuple[timedelta, ...]  # the first decides the alerts, the others are only recorded
    sli: Sli
    by: tuple[str, ...]  # one budget for each value of these labels
    rate_windows: tuple[timedelta, timedelta]  # counted from raw series; all others derive
    burn_windows: tuple[BurnWindow, ...]  # worst severity first; one that is off is missing
    no_traffic_for: timedelta
    runbook: str
    extras: Extras

    @property
    def window(self) -> timedelta:
        """Return the window that the objective's alerts are made for."""
        return self.windows[0]

    @property
    def base(self) -> timedelta:
        """Return the shortest window: the longer ones are computed from its rates."""
        return self.rate_windows[0]


@dataclass(frozen=True, slots=True, kw_only=True)
class Condition:
    """An alert on a threshold, without an objective.

    The examples map a series to its constant value, or to `0+N` for what grows
    by N a scrape; the alert fires for the one set and stays silent for the other.
    """

    alert: str
    severity: Severity
    team: str
    expression: str
    holds_for: timedelta
    summary: str
    description: str
    runbook: str
    fires: Mapping[str, str]
    silent: Mapping[str, str]
    hides: tuple[HiddenAlerts, ...]
    slo: str | None  # the SLO of its service whose incident it joins
    panel: ConditionPanel
    extras: Extras


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """One environment, and one of its regions where it has any."""

    environment: str
    region: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Service:
    """One service with its SLOs and conditions."""

    name: str
    team: str
    description: str
    targets: Selector | None  # None: nothing tells when the whole service is gone
    places: tuple[Place, ...]  # where its targets must be up
    down_for: timedelta  # how long they may all be gone before anybody is woken
    runbook: str | None  # for a service that is down
    slos: tuple[Slo, ...]
    conditions: tuple[Condition, ...]
    panels: tuple[Panel, ...]
    growth: tuple[Growth, ...]
    deployments: Selector | None  # a gauge with the Unix time of the last one
    metrics: tuple[DeclaredMetric, ...]  # that its developers must export
    extras: Extras


@dataclass(frozen=True, slots=True, kw_only=True)
class Catalog:
    """Everything that is generated comes from one of these."""

    organisation: Organisation
    services: tuple[Service, ...]  # by name
    own_alertmanager: OwnAlertmanager
    quiet_environments: tuple[str, ...] = ()  # whose critical alerts wake nobody
