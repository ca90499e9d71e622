"""Stories that prove a condition on the examples its author gave."""

from collections.abc import Iterator, Mapping

from generator.catalog.model import Condition, Organisation, Service
from generator.promql.check import parse_selector
from generator.promql.text import series
from generator.promtool.model import Case, Expectation, pace_of


def condition_cases(
    organisation: Organisation, service: Service, condition: Condition
) -> Iterator[Case]:
    """Yield the two stories of a condition: it fires after its `for`, with its labels; it does not.

    The environment is one of the labels: without it the alert would be routed
    as if it came from nowhere.
    """
    pace = pace_of(organisation)
    fires_at = pace.up_to(condition.holds_for)
    scrapes = pace.scrapes(fires_at)
    labels = {
        "alertname": condition.alert,
        "alertstate": "firing",
        "severity": condition.severity.value,
        "service": service.name,
        "team": service.team,
        organisation.environment_label: _environment(organisation, condition),
    }
    firing = f"clamp_max(count({series('ALERTS', labels)}), 1)"
    yield Case(
        name=f"{condition.alert} fires",
        series=_constant(condition.fires, scrapes),
        expectations=[
            Expectation(at=fires_at - pace.evaluation, expression=firing, samples=[]),
            Expectation(at=fires_at, expression=firing, samples=[("{}", 1)]),
        ],
    )
    anywhere = series("ALERTS", {"alertname": condition.alert, "alertstate": "firing"})
    yield Case(
        name=f"{condition.alert} stays silent",
        series=_constant(condition.silent, scrapes),
        expectations=[Expectation(at=fires_at, expression=f"count({anywhere})", samples=[])],
    )


def _environment(organisation: Organisation, condition: Condition) -> str:
    """Return the environment of the first example that has one; the catalog's check wants one."""
    return next(
        matcher.value
        for text in condition.fires
        for matcher in parse_selector(text).matchers
        if matcher.name == organisation.environment_label
    )


def _constant(values: Mapping[str, float], scrapes: int) -> dict[str, str]:
    return {name: f"{value:.17g}x{scrapes}" for name, value in values.items()}
