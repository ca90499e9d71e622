"""Rule groups to the YAML that Prometheus loads."""

from collections.abc import Iterable
from datetime import timedelta
from typing import Any

from generator.catalog.model import Catalog, RuleResources, Service
from generator.naming import OWN_NAME, slo_file
from generator.rules.condition import condition_groups
from generator.rules.growth import growth_groups
from generator.rules.meta import meta_groups
from generator.rules.model import AlertingRule, RecordingRule, RuleGroup
from generator.rules.service import target_groups
from generator.rules.slo import slo_groups
from generator.two_processes import map_rendered
from generator.yaml_text import render_yaml
from guardia.duration import format_duration


def groups_by_file(catalog: Catalog, service: Service) -> dict[str, tuple[RuleGroup, ...]]:
    """Return a service's rule groups by the name of their file: one an SLO, one for the rest.

    No group reads what one of another file records, so that each file can be
    loaded, and tested, by itself: promtool evaluates every rule of the files
    that a test names.
    """
    organisation = catalog.organisation
    rest = (
        *target_groups(organisation, service),
        *condition_groups(organisation, service),
        *growth_groups(organisation, service),
    )
    return {
        **{
            slo_file(service.name, slo.name): slo_groups(organisation, service, slo)
            for slo in service.slos
        },
        **({service.name: rest} if rest else {}),
    }


def render_rules(catalog: Catalog) -> dict[str, str]:
    """Return the rule files by path."""

    def render_service(service: Service) -> dict[str, str]:
        return {
            f"rules/{name}.yml": render_groups(groups)
            for name, groups in groups_by_file(catalog, service).items()
        }

    files: dict[str, str] = {}
    for rendered in map_rendered(render_service, catalog.services):
        files |= rendered
    if about_the_router := meta_groups(catalog):
        files[f"rules/{OWN_NAME}.yml"] = render_groups(about_the_router)
    return files


def render_rule_resources(catalog: Catalog) -> dict[str, str]:
    """Return the rules once more as PrometheusRule resources, one a service; none if not asked for.

    Source: Prometheus operator, API reference, PrometheusRule
    (monitoring.coreos.com/v1).
    """
    resources = catalog.organisation.rule_resources
    if resources is None:
        return {}
    groups = {
        service.name: [
            group for some in groups_by_file(catalog, service).values() for group in some
        ]
        for service in catalog.services
    }
    if about_the_router := meta_groups(catalog):
        groups[OWN_NAME] = [*about_the_router]
    return {
        f"prometheusrules/{name}.yaml": render_yaml(_resource(name, some, resources))
        for name, some in groups.items()
    }


def _resource(name: str, groups: Iterable[RuleGroup], resources: RuleResources) -> dict[str, Any]:
    place = {"namespace": resources.namespace} if resources.namespace else {}
    labels = {"labels": dict(resources.labels)} if resources.labels else {}
    return {
        "apiVersion": "monitoring.coreos.com/v1",
        "kind": "PrometheusRule",
        "metadata": {"name": f"guardia-{name}", **place, **labels},
        "spec": {"groups": [_group(group) for group in groups]},
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
        fields = {"record": rule.record, "expr": rule.expression, "labels": rule.labels}
    else:
        fields = {
            "alert": rule.alert,
            "expr": rule.expression,
            "for": _duration(rule.holds_for),
            "keep_firing_for": _duration(rule.keep_firing_for),
            "labels": rule.labels,
            "annotations": rule.annotations,
        }
    return {name: value for name, value in fields.items() if value}


def _duration(length: timedelta | None) -> str | None:
    return None if length is None else format_duration(length)
