"""The rule group that tells when a whole service is gone."""

from generator.catalog.model import Organisation, Service
from generator.naming import TARGETS_DOWN_ALERT, targets_group
from generator.promql.check import with_label
from generator.promql.text import aggregate, over, sum_by
from generator.rules.annotations import (
    dashboard_url,
    label_value,
    runbook_url,
    template_text,
)
from generator.rules.model import AlertingRule, RuleGroup
from guardia.severity import Severity


def target_groups(organisation: Organisation, service: Service) -> tuple[RuleGroup, ...]:
    """Return the group with the one alert of a service whose targets are all down.

    One for the service and not one an SLO: it is one outage, and one page.
    """
    runbook = service.runbook or next((slo.runbook for slo in service.slos), None)
    environment = label_value(organisation.environment_label)
    annotations = {
        "summary": f"{service.name} in {environment}: no target is up.",
        "description": f"{template_text(service.description)} Nothing is measured, so no other"
        " alert of the service can tell.",
    }
    if runbook is not None:
        annotations["runbook_url"] = runbook_url(organisation, runbook)
    if service.slos:
        annotations["dashboard_url"] = dashboard_url(organisation, {"service": service.name})
    alert = AlertingRule(
        alert=TARGETS_DOWN_ALERT,
        expression=_targets_down(organisation, service),
        labels={
            "severity": Severity.CRITICAL.value,
            "team": service.team,
            "service": service.name,
        },
        annotations=annotations,
        holds_for=service.down_for,
    )
    group = RuleGroup(
        name=targets_group(service.name), interval=organisation.intervals.fast, rules=(alert,)
    )
    return (group,)


def _targets_down(organisation: Organisation, service: Service) -> str:
    """Return a result for each environment where no target is up and no SLO sees traffic.

    Events that are still counted elsewhere, such as at the edge, mean that
    the service answers: they must be there now, and have grown lately.
    """
    kept = (organisation.environment_label,)
    targets = service.targets
    gone = [f"{sum_by(kept, targets.text)} == 0"]
    gone += [
        sum_by(kept, f"absent({with_label(targets, organisation.environment_label, environment)})")
        for environment in service.environments
    ]
    down = "\nor\n".join(f"  {part}" for part in gone)
    seen = [
        f"  {aggregate('count', kept, slo.sli.total.text)}"
        f" and {sum_by(kept, f'rate({over(slo.sli.total.text, slo.burn_windows[0].short)})')} > 0"
        for slo in service.slos
    ]
    traffic = "\nor\n".join(seen)
    return f"(\n{down}\n)" + (f"\nunless\n(\n{traffic}\n)" if seen else "")
