"""Rules about Guardia itself: a sign of life, and the alerts that must not pass through the router.

Alertmanager has no failover: a receiver that fails is tried again, and nobody
else is told. So Prometheus notices that the router is gone or does not do its
work, and repeats each critical alert under a label that Alertmanager sends to
the fallback receiver.
"""

from datetime import timedelta

from generator.catalog.model import Catalog, Organisation
from generator.naming import (
    BYPASS_LABEL,
    META_GROUP,
    NOT_ROUTED_ALERT,
    NOT_ROUTED_CAUSES,
    ORIGINAL_ALERT_LABEL,
    ROUTER_DOWN_ALERT,
    ROUTER_FAILING_ALERT,
    ROUTER_RECEIVER,
    WATCHDOG_ALERT,
)
from generator.promql.text import over, quote, select
from generator.rules.meta_sentences import META_SENTENCES
from generator.rules.model import AlertingRule, RuleGroup
from generator.rules.router import router_rules
from guardia.severity import Severity

DOWN_FOR = timedelta(minutes=2)
FAILURES = "alertmanager_notifications_failed_total"
SHORTEST_FAILURE_WINDOW = timedelta(minutes=5)

_PAST_THE_ROUTER = {BYPASS_LABEL: "true", "severity": Severity.CRITICAL.value}


def meta_groups(catalog: Catalog) -> tuple[RuleGroup, ...]:
    """Return the one group, or nothing where the catalog declares neither fallback nor watchdog.

    One group, since its rules read each other's alerts at the same instant.
    """
    settings = catalog.organisation.alertmanager
    text = META_SENTENCES[catalog.organisation.language]
    rules: list[AlertingRule] = []
    if settings.watchdog is not None:
        rules.append(
            AlertingRule(
                alert=WATCHDOG_ALERT,
                expression="vector(1)",
                labels={"severity": Severity.LOW.value},
                annotations={"summary": text["watchdog"], "description": text["watchdog_why"]},
            )
        )
    if settings.fallback is not None:
        lost = text["router_lost"]
        rules += [
            AlertingRule(
                alert=ROUTER_DOWN_ALERT,
                expression=f"absent({settings.router_targets.text} == 1)",
                labels=_PAST_THE_ROUTER,
                annotations={"summary": text["router_down"], "description": lost},
                holds_for=DOWN_FOR,
            ),
            AlertingRule(
                alert=ROUTER_FAILING_ALERT,
                expression=_failing(catalog.organisation),
                labels=_PAST_THE_ROUTER,
                annotations={"summary": text["router_failing"], "description": lost},
            ),
            *router_rules(catalog.organisation),
            # Behind its causes, so that it reads what they say at this very instant.
            AlertingRule(
                alert=NOT_ROUTED_ALERT,
                expression=_not_routed(catalog),
                labels=_PAST_THE_ROUTER,
                annotations={"summary": text["not_routed"], "description": text["not_routed_why"]},
            ),
        ]
    interval = catalog.organisation.intervals.fast
    return (RuleGroup(name=META_GROUP, interval=interval, rules=tuple(rules)),) if rules else ()


def failure_window(organisation: Organisation) -> timedelta:
    """Return over which time failures count: several flushes, and several evaluations.

    A group that keeps failing counts one failure a flush, each group_interval.
    """
    flushes = 3 * organisation.alertmanager.group_interval
    evaluations = 4 * max(organisation.intervals.fast, organisation.scrape_interval)
    return max(SHORTEST_FAILURE_WINDOW, flushes, evaluations)


def _failing(organisation: Organisation) -> str:
    """Return how many notifications were given up.

    Other webhooks count too, unless Alertmanager runs with the feature flag
    receiver-name-in-metrics: the label is there only then, and absent matches "".
    Source: Alertmanager, notify/metrics.go.
    """
    receiver = quote(f"({ROUTER_RECEIVER})?")
    selector = f'{FAILURES}{{integration="webhook",receiver_name=~{receiver}}}'
    return f"sum(increase({over(selector, failure_window(organisation))})) > 0"


def _not_routed(catalog: Catalog) -> str:
    """Return each critical alert that fires, under its own name in a label, while routing fails.

    ALERTS has no annotations: who is told knows the name and the labels. The
    environments in which nobody is woken are left out by name, so that a new
    one, and an alert that lost its environment, are told.
    """
    critical = quote(Severity.CRITICAL.value)
    chosen = f'alertstate="firing",severity={critical},{BYPASS_LABEL}!="true"{_not_quiet(catalog)}'
    alerts = select("ALERTS", chosen)
    named = f'label_replace({alerts}, "{ORIGINAL_ALERT_LABEL}", "$1", "alertname", "(.+)")'
    causes = f'ALERTS{{alertname=~"{"|".join(NOT_ROUTED_CAUSES)}",alertstate="firing"}}'
    return f"max without (alertname, alertstate) ({named})\nand on ()\n{causes}"


def _not_quiet(catalog: Catalog) -> str:
    """Return a matcher that leaves out environments in which nobody is woken, or nothing.

    Prometheus may add the environment only to what it sends: then ALERTS lacks it.
    """
    organisation, names = catalog.organisation, catalog.quiet_environments
    if not names or not organisation.environment_on_series:
        return ""
    return f",{organisation.environment_label}!~{quote('|'.join(names))}"
