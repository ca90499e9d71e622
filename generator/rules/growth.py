"""What a service watches over months, recorded so that dashboards read a few samples a day."""

from generator.catalog.model import Organisation, Service
from generator.naming import GROWTH_LIMIT_SERIES, GROWTH_SERIES, growth_group, growth_labels
from generator.rules.model import RecordingRule, RuleGroup


def growth_groups(organisation: Organisation, service: Service) -> tuple[RuleGroup, ...]:
    """Return the group of a service's growth figures and their limits, or nothing without any."""
    rules = []
    for growth in service.growth:
        labels = growth_labels(service.name, growth.name)
        rules.append(
            RecordingRule(record=GROWTH_SERIES, expression=growth.expression, labels=labels)
        )
        if growth.limit is not None:
            limit = _limit(growth.limit, growth.expression)
            rules.append(RecordingRule(record=GROWTH_LIMIT_SERIES, expression=limit, labels=labels))
    if not rules:
        return ()
    # As slow as instant queries allow.
    interval = organisation.intervals.slow
    return (RuleGroup(name=growth_group(service.name), interval=interval, rules=tuple(rules)),)


def _limit(limit: str, expression: str) -> str:
    """Return a limit as PromQL; a plain number holds in each place that has the figure."""
    try:
        # On lines of its own: an author's comment may end the expression.
        return f"0 * (\n{expression}\n) + {float(limit):.12g}"
    except ValueError:
        return limit
