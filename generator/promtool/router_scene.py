"""The scene of the stories about the router: its own series, and alerts that fire meanwhile."""

from collections.abc import Iterator, Mapping
from datetime import timedelta

from generator.catalog.model import Catalog
from generator.naming import BYPASS_LABEL, NOT_ROUTED_ALERT, ORIGINAL_ALERT_LABEL
from generator.promql.example import example_labels
from generator.promql.text import quote, series
from generator.promtool.model import Expectation, pace_of
from guardia.severity import Severity

_EVERYWHERE = "ClusterDown"  # an alert of every environment
_NEW_ENVIRONMENT = "an-environment-nobody-declared"
PAST_THE_ROUTER = {BYPASS_LABEL: "true", "severity": Severity.CRITICAL.value}


class RouterScene:
    """Series of the router as its targets select them, by scrapes from the beginning on."""

    def __init__(self, catalog: Catalog) -> None:
        self._catalog = catalog
        self._targets = catalog.organisation.alertmanager.router_targets
        self.pace = pace_of(catalog.organisation)

    def targets(self, values: str) -> dict[str, str]:
        """Return what tells that the router is up."""
        labels = example_labels(self._targets.matchers) or {}
        return {series(self._targets.metric, labels): values}

    def own(self, metric: str, values: str, **labels: str) -> dict[str, str]:
        """Return one series of the router's own metrics."""
        of_targets = self._targets.metric == "up"
        selected = example_labels(self._targets.matchers) or {} if of_targets else {}
        return {series(metric, {**selected, **labels}): values}

    def alerts(self, until: timedelta) -> dict[str, str]:
        """Return alerts of other rule files, as Prometheus stores them."""
        values = f"1x{self.pace.scrapes(until) + 1}"
        firing = {"alertstate": "firing", "service": "casos"}
        alerts = {"DatabaseDown": Severity.CRITICAL, "DiskFilling": Severity.HIGH}
        found = {
            series("ALERTS", {"alertname": name, "severity": severity.value, **firing}): values
            for name, severity in alerts.items()
        }
        everywhere = {"alertname": _EVERYWHERE, "severity": Severity.CRITICAL.value, **firing}
        for name in self._environments():
            place = {self._catalog.organisation.environment_label: name}
            found[series("ALERTS", {**everywhere, **place})] = values
        return found

    def told_where_somebody_is_woken(self, at: timedelta) -> Iterator[Expectation]:
        """Yield that the alert which fires in every environment is told of those alone.

        One that no catalog names is among them. Nothing is asked where nothing is left out.
        """
        label = self._catalog.organisation.environment_label
        told = series("ALERTS", {**repeated(_EVERYWHERE), "alertstate": "firing"})
        woken = [
            name for name in self._environments() if name not in self._catalog.quiet_environments
        ]
        if woken:
            yield Expectation(
                at=at,
                expression=f"count by ({label}) ({told})",
                samples=[(f"{{{label}={quote(name)}}}", 1) for name in woken],
            )

    def _environments(self) -> tuple[str, ...]:
        """Return where an alert fires to show what is left out."""
        organisation = self._catalog.organisation
        if not self._catalog.quiet_environments or not organisation.environment_on_series:
            return ()
        return (*organisation.environments, _NEW_ENVIRONMENT)


def repeated(original: str) -> dict[str, str]:
    """Return the labels of a critical alert that is told past the router."""
    return {
        "alertname": NOT_ROUTED_ALERT,
        ORIGINAL_ALERT_LABEL: original,
        "service": "casos",
        **PAST_THE_ROUTER,
    }


def firing(at: timedelta, labels: Mapping[str, str], *, fires: bool) -> Expectation:
    """Return that one alert with these labels fires at `at`, or none."""
    chosen = series("ALERTS", {**labels, "alertstate": "firing"})
    return Expectation(at=at, expression=f"count({chosen})", samples=[("{}", 1)] if fires else [])
