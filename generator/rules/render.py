"""Rule groups to the YAML that Prometheus loads."""

from collections.abc import Iterable
from datetime import timedelta
from typing import Any

from generator.catalog.model import Catalog, Service
from generator.rules.condition import condition_groups
from generator.rules.model import AlertingRule, RecordingRule, RuleGroup
from generator.rules.service import target_groups
from generator.rules.slo import slo_groups
from generator.yaml_text import render_yaml
from guardia.duration import format_duration


def service_groups(catalog: Catalog, service: Service) -> tuple[RuleGroup, ...]:
    """Return all rule groups of a service: its SLOs', its targets', its conditions'."""
    of_slos = (
        group for slo in service.slos for group in slo_groups(catalog.organisation, service, slo)
    )
    return (
        *of_slos,
        *target_groups(catalog.organisation, service),
        *condition_groups(catalog.organisation, service),
    )


def render_rules(catalog: Catalog) -> dict[str, str]:
    """Return one rule file a service, by path."""
    return {
        f"rules/{service.name}.yml": render_groups(service_groups(catalog, service))
        for service in catalog.services
    }


def render_groups(groups: Iterable[RuleGroup]) -> str:
    """Return a rule file. Source: Prometheus documentation, "Recording rules", "Alerting rules"."""
    return render_yaml({"groups": [_group(group) for group in groups]})


def _group(group: RuleGroup) -> dict[str, Any]:
    return {
        "name": group.name,
        "interval": format_duration(group.interval),
        "rules": [_rule(rule) for rule in group.rules],
    }


def _rule(rule: RecordingRule | AlertingRule) -> dict[str, Any]:
    fields: dict[str, Any]
    if isinstance(rule, RecordingRule):
        fields = {"record": rule.record, "expr": rule.expression, "labels": dict(rule.labels)}
    else:
        fields = {
            "alert": rule.alert,
            "expr": rule.expression,
            "for": _duration(rule.holds_for),
            "keep_firing_for": _duration(rule.keep_firing_for),
            "labels": dict(rule.labels),
            "annotations": dict(rule.annotations),
        }
    return {name: value for name, value in fields.items() if value}


def _duration(length: timedelta | None) -> str | None:
    return None if length is None else format_duration(length)
