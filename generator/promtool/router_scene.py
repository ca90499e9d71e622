"""The scene of the stories about the router: its own series, and alerts that fire meanwhile."""

from collections.abc import Mapping
from datetime import timedelta

from generator.catalog.model import Organisation
from generator.naming import BYPASS_LABEL, NOT_ROUTED_ALERT, ORIGINAL_ALERT_LABEL
from generator.promql.example import example_labels
from generator.promql.text import series
from generator.promtool.model import Expectation, pace_of
from guardia.severity import Severity

PAST_THE_ROUTER = {BYPASS_LABEL: "true", "severity": Severity.CRITICAL.value}


class RouterScene:
    """Series of the router as its targets select them, by scrapes from the beginning on."""

    def __init__(self, organisation: Organisation) -> None:
        self._targets = organisation.alertmanager.router_targets
        self.pace = pace_of(organisation)

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
        return {
            series("ALERTS", {"alertname": name, "severity": severity.value, **firing}): values
            for name, severity in alerts.items()
        }


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
