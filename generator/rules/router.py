"""Alerts on what the router counts about itself: its queues, its store, its worker, its catalog.

Replicas share one store, and one that works is enough: so the best of them
decides, but where each speaks for itself.
"""

from datetime import timedelta

from generator.catalog.model import Organisation
from generator.naming import (
    BYPASS_LABEL,
    ROUTER_CATALOG_ALERT,
    ROUTER_NOBODY_ALERT,
    ROUTER_OVERDUE_ALERT,
    ROUTER_PAGES_ALERT,
    ROUTER_REFUSED_ALERT,
    ROUTER_STEPS_ALERT,
    ROUTER_STORE_ALERT,
    ROUTER_TEMPLATES_ALERT,
    ROUTER_WORKER_ALERT,
)
from generator.promql.text import over, sum_by
from generator.rules.model import AlertingRule
from generator.rules.router_sentences import ROUTER_SENTENCES
from generator.rules.router_series import (
    ATTEMPTS,
    FAILED_STEPS,
    OVERDUE,
    RELOADED,
    TEMPLATES,
    TURN,
    WRITABLE,
    RouterSeries,
)
from guardia.severity import Severity

LATE_SECONDS = 60
PAGE_LATE_SECONDS = 120  # after 30 s the person's next address is tried too
SHORTLY = timedelta(minutes=1)
CATALOG_FOR = timedelta(minutes=10)  # whoever edits it may be at it
TEMPLATE_WINDOW = timedelta(hours=1)
SHORTEST_WINDOW = timedelta(minutes=5)


def router_rules(organisation: Organisation) -> tuple[AlertingRule, ...]:
    """Return the alerts that hold where the router is up; those that wake people stand first."""
    own = RouterSeries(organisation)
    window = count_window(organisation)
    language = organisation.language
    steps = over(own.select(FAILED_STEPS, 'step!="nobody_reached"'), window)
    nobody = over(own.select(FAILED_STEPS, 'step="nobody_reached"'), window)
    refused = over(own.select(ATTEMPTS, 'outcome=~"credentials|address|content"'), window)
    templates = over(own.select(TEMPLATES), TEMPLATE_WINDOW)
    queues = own.select(OVERDUE, 'queue!="pages"')
    pages = own.select(OVERDUE, 'queue="pages"')
    critical, high, medium, low = Severity
    return (
        _rule(
            ROUTER_OVERDUE_ALERT,
            critical,
            f"max by (queue) ({queues}) > {LATE_SECONDS}",
            language,
            holds_for=SHORTLY,
        ),
        _rule(ROUTER_PAGES_ALERT, critical, f"max({pages}) > {PAGE_LATE_SECONDS}", language),
        _rule(
            ROUTER_STORE_ALERT,
            critical,
            f"max({own.select(WRITABLE)}) == 0",
            language,
            holds_for=SHORTLY,
        ),
        _rule(
            ROUTER_WORKER_ALERT,
            critical,
            f"time() - max({own.select(TURN)}) > {LATE_SECONDS}",
            language,
            holds_for=SHORTLY,
        ),
        # One failure is over before its window is: only what fails again and again lasts.
        _rule(
            ROUTER_STEPS_ALERT,
            critical,
            f"{sum_by(['step'], f'increase({steps})')} > 0",
            language,
            holds_for=window,
        ),
        _rule(ROUTER_NOBODY_ALERT, critical, f"sum(increase({nobody})) > 0", language),
        _rule(
            ROUTER_REFUSED_ALERT,
            high,
            f"{sum_by(['channel', 'outcome'], f'increase({refused})')} > 0",
            language,
        ),
        _rule(
            ROUTER_CATALOG_ALERT,
            medium,
            f"min({own.select(RELOADED)}) == 0",
            language,
            holds_for=CATALOG_FOR,
        ),
        _rule(
            ROUTER_TEMPLATES_ALERT,
            low,
            f"{sum_by(['template'], f'increase({templates})')} > 0",
            language,
        ),
    )


def count_window(organisation: Organisation) -> timedelta:
    """Return over which time failures count: several scrapes, and several evaluations."""
    evaluations = 4 * max(organisation.intervals.fast, organisation.scrape_interval)
    return max(SHORTEST_WINDOW, evaluations)


def _rule(
    alert: str,
    severity: Severity,
    expression: str,
    language: str,
    *,
    holds_for: timedelta | None = None,
) -> AlertingRule:
    """Return the rule; what is milder than high goes through the router, which works then.

    The fallback may be a telephone, and nobody is called for a template.
    """
    past = {BYPASS_LABEL: "true"} if severity in (Severity.CRITICAL, Severity.HIGH) else {}
    summary, description = ROUTER_SENTENCES[language][alert]
    return AlertingRule(
        alert=alert,
        expression=expression,
        labels={**past, "severity": severity.value},
        annotations={"summary": summary, "description": description},
        holds_for=holds_for,
    )
