"""Tests that a condition fires and stays silent on the examples its author gave."""

from collections.abc import Iterator, Mapping
from datetime import timedelta

from generator.catalog.model import Condition, Service
from generator.promql.text import series
from generator.promtool.model import Case, Expectation


def condition_cases(service: Service, condition: Condition, interval: timedelta) -> Iterator[Case]:
    """Yield the two stories of a condition: it fires, it stays silent."""
    wait = -(-condition.holds_for // interval)
    labels = {
        "alertname": condition.alert,
        "alertstate": "firing",
        "severity": condition.severity.value,
        "service": service.name,
    }
    alerts = f"clamp_max(count({series('ALERTS', labels)}), 1)"
    for name, values, samples in (
        ("fires", condition.fires, [("{}", 1.0)]),
        ("stays silent", condition.silent, []),
    ):
        yield Case(
            name=f"{service.name} {condition.alert} {name}",
            series=_constant(values, wait + 1),
            expectations=[Expectation(at=wait * interval, expression=alerts, samples=samples)],
        )


def _constant(values: Mapping[str, float], steps: int) -> dict[str, str]:
    return {name: f"{value:.17g}x{steps}" for name, value in values.items()}
