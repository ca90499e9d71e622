"""A service's conditions as one rule group."""

from generator.catalog.model import Condition, Organisation, Service
from generator.naming import condition_group
from generator.rules.annotations import extra_annotations, runbook_url, service_dashboard_url
from generator.rules.model import AlertingRule, RuleGroup


def condition_groups(organisation: Organisation, service: Service) -> tuple[RuleGroup, ...]:
    """Return the group of a service's conditions, or nothing when it has none."""
    if not service.conditions:
        return ()
    rules = tuple(_alert(organisation, service, condition) for condition in service.conditions)
    return (
        RuleGroup(
            name=condition_group(service.name), interval=organisation.intervals.fast, rules=rules
        ),
    )


def _alert(organisation: Organisation, service: Service, condition: Condition) -> AlertingRule:
    return AlertingRule(
        alert=condition.alert,
        expression=condition.expression,
        labels={
            "severity": condition.severity.value,
            "team": condition.team,
            "service": service.name,
            **({"slo": condition.slo} if condition.slo else {}),
            **condition.extras.labels,
        },
        annotations={
            "summary": condition.summary,
            "description": condition.description,
            "runbook_url": runbook_url(organisation, condition.runbook),
            "dashboard_url": service_dashboard_url(organisation, service.name),
            **extra_annotations(condition.extras),
        },
        holds_for=condition.holds_for,
    )
