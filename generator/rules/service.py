"""The rule group that tells when a whole service is gone."""

from generator.catalog.model import (
    FreshnessSli,
    LatencySli,
    Organisation,
    RatioSli,
    Service,
    Slo,
    UptimeSli,
)
from generator.go_template import template_text
from generator.naming import TARGETS_DOWN_ALERT, targets_group
from generator.promql.check import Selector
from generator.promql.text import aggregate, over, sum_by
from generator.rules.annotations import (
    extra_annotations,
    place,
    runbook_url,
    service_dashboard_url,
)
from generator.rules.expressions import absent_somewhere
from generator.rules.model import AlertingRule, RuleGroup
from generator.rules.sentences import sentence
from guardia.severity import Severity


def target_groups(organisation: Organisation, service: Service) -> tuple[RuleGroup, ...]:
    """Return the group with the one alert of a service whose targets are all down.

    One for the service and not one an SLO: it is one outage, and one page.
    Nothing for a service without targets.
    """
    if service.targets is None:
        return ()
    runbook = service.runbook or next((slo.runbook for slo in service.slos), None)
    language = organisation.language
    subject = sentence(language, "subject", what=service.name, where=place(organisation))
    description = template_text(service.description)
    annotations = {
        "summary": sentence(language, "no_target", subject=subject),
        "description": sentence(language, "no_target_why", description=description),
    }
    if runbook is not None:
        annotations["runbook_url"] = runbook_url(organisation, runbook)
    annotations["dashboard_url"] = service_dashboard_url(organisation, service.name)
    alert = AlertingRule(
        alert=TARGETS_DOWN_ALERT,
        expression=_targets_down(organisation, service, service.targets),
        labels={
            "severity": Severity.CRITICAL.value,
            "team": service.team,
            "service": service.name,
            **service.extras.labels,
        },
        annotations={**annotations, **extra_annotations(service.extras)},
        holds_for=service.down_for,
    )
    group = RuleGroup(
        name=targets_group(service.name), interval=organisation.intervals.fast, rules=(alert,)
    )
    return (group,)


def _targets_down(organisation: Organisation, service: Service, targets: Selector) -> str:
    """Return a result for each place where no target is up and no SLO sees traffic.

    Events that are still counted elsewhere, such as at the edge, mean that
    the service answers: they must be there now, and have grown lately.
    """
    kept = organisation.series_labels
    gone = [
        f"{sum_by(kept, targets.text)} == 0",
        *absent_somewhere(organisation, targets, service.places),
    ]
    down = "\nor\n".join(f"  {part}" for part in gone)
    seen = [text for slo in service.slos if (text := _answers(kept, slo)) is not None]
    traffic = "\nor\n".join(f"  {text}" for text in dict.fromkeys(seen))
    return f"(\n{down}\n)" + (f"\nunless\n(\n{traffic}\n)" if seen else "")


def _answers(kept: tuple[str, ...], slo: Slo) -> str | None:
    """Return a result where the SLO's own series show that the service answers now.

    What is recorded over a window says nothing of this moment, so PromQL of
    the author's and the age of a backup are no sign.
    """
    match slo.sli:
        case RatioSli(total=total) | LatencySli(total=total):
            grown = sum_by(kept, f"rate({over(total.text, slo.base)})")
            return f"{aggregate('count', kept, total.text)} and {grown} > 0"
        case UptimeSli(gauge=gauge):
            return f"{aggregate('max', kept, gauge.text)} > 0"
        case FreshnessSli():
            return None
    return None
