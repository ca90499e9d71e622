"""Every series, label, group, file and uid that we emit gets its name here."""

from datetime import timedelta
from hashlib import sha256
from typing import Literal

from guardia.duration import format_duration

Events = Literal["total", "errors"]
EVENTS: tuple[Events, Events] = ("total", "errors")  # errors read total: rules in this order
GroupPart = Literal["fast", "store", "slow"]

BURN_ALERT = "ErrorBudgetBurn"
TARGETS_DOWN_ALERT = "TargetsDown"
NO_TRAFFIC_ALERT = "NoTraffic"
SLO_ALERTS = (BURN_ALERT, TARGETS_DOWN_ALERT, NO_TRAFFIC_ALERT)
OBJECTIVE_SERIES = "slo:objective:ratio"
STALE_SERIES = "slo:stale:bool"  # 1 while a last success is too old, else 0
DASHBOARD_UID_PREFIX = "guardia-"
SLO_DASHBOARD_UID = f"{DASHBOARD_UID_PREFIX}slo"
_LONGEST_UID = 40  # that Grafana takes
GROWTH_SERIES = "growth:value"  # a figure that is watched over months
GROWTH_LIMIT_SERIES = "growth:limit"  # what it may grow to
DASHBOARD_TAG = "guardia"
ROUTER_RECEIVER = "guardia"
FALLBACK_RECEIVER = "guardia-fallback"
WATCHDOG_RECEIVER = "guardia-watchdog"
OWN_NAME = "guardia"  # and all that begin with `guardia-` are not for a team's own receivers
WATCHDOG_ALERT = "Watchdog"
ROUTER_DOWN_ALERT = "RouterDown"
ROUTER_FAILING_ALERT = "RouterNotificationsFailing"
NOT_ROUTED_ALERT = "CriticalAlertNotRouted"
ROUTER_OVERDUE_ALERT = "RouterOverdue"
ROUTER_PAGES_ALERT = "RouterPagesNotAccepted"
ROUTER_STORE_ALERT = "RouterStoreNotWritable"
ROUTER_WORKER_ALERT = "RouterWorkerStalled"
ROUTER_STEPS_ALERT = "RouterStepsFailing"
ROUTER_NOBODY_ALERT = "RouterReachesNobody"
ROUTER_REFUSED_ALERT = "RouterMessagesRefused"
ROUTER_CATALOG_ALERT = "RouterCatalogRefused"
ROUTER_TEMPLATES_ALERT = "RouterTemplatesFailing"
# While one of these fires, a critical alert may have woken nobody.
NOT_ROUTED_CAUSES = (
    ROUTER_DOWN_ALERT,
    ROUTER_FAILING_ALERT,
    ROUTER_OVERDUE_ALERT,
    ROUTER_PAGES_ALERT,
    ROUTER_STORE_ALERT,
    ROUTER_WORKER_ALERT,
    ROUTER_STEPS_ALERT,
    ROUTER_NOBODY_ALERT,
)
# Paging goes on, so the router tells of the last two itself; the others go past it.
ROUTER_BYPASSING_ALERTS = (*NOT_ROUTED_CAUSES, ROUTER_REFUSED_ALERT)
ROUTER_MILD_ALERTS = (ROUTER_CATALOG_ALERT, ROUTER_TEMPLATES_ALERT)
META_ALERTS = (
    WATCHDOG_ALERT,
    *ROUTER_BYPASSING_ALERTS,
    NOT_ROUTED_ALERT,
    *ROUTER_MILD_ALERTS,
)
BYPASS_LABEL = "bypass"  # an alert that goes past the router
ORIGINAL_ALERT_LABEL = "original_alert"  # the name of the alert that could not be routed
META_GROUP = "guardia/router"


def rate_series(events: Events, window: timedelta) -> str:
    """Return the series of events a second over `window`: `slo:errors:rate5m`."""
    return f"slo:{events}:rate{format_duration(window)}"


def stored_series(events: Events, window: timedelta, interval: timedelta) -> str:
    """Return the sparse copy of a rate, recorded every `interval`: `slo:errors:rate1h_5m`.

    Only ranges may read it: at 5 minutes an instant query often finds nothing.
    """
    return f"{rate_series(events, window)}_{format_duration(interval)}"


def ratio_series(window: timedelta) -> str:
    """Return the series of bad events as a share of all, 0..1: `slo:error_ratio:1h`."""
    return f"slo:error_ratio:{format_duration(window)}"


def ratio_series_pattern() -> str:
    """Return the regular expression that the error ratios of every window match."""
    return "slo:error_ratio:.+"


def slo_labels(service: str, slo: str) -> dict[str, str]:
    """Return the labels of every series and alert that speaks of one SLO."""
    return {"service": service, "slo": slo}


def growth_labels(service: str, growth: str) -> dict[str, str]:
    """Return the labels of the series of one growth figure."""
    return {"service": service, "growth": growth}


def slo_file(service: str, slo: str) -> str:
    """Return the name, without its ending, of the files of one SLO: neither name has a dot."""
    return f"{service}.{slo}"


def slo_group(service: str, slo: str, part: GroupPart) -> str:
    """Return the name of one of an SLO's three rule groups; they are evaluated in this order."""
    return f"{service}/{slo}/{part}"


def targets_group(service: str) -> str:
    """Return the name of the group that tells when a whole service is gone."""
    return f"{service}/targets"


def condition_group(service: str) -> str:
    """Return the name of the group of a service's conditions."""
    return f"{service}/conditions"


def growth_group(service: str) -> str:
    """Return the name of the group of a service's growth figures."""
    return f"{service}/growth"


def dashboard_uid(*names: str) -> str:
    """Return the stable uid of a dashboard: `guardia-service-casos`.

    Grafana takes 40 characters; a longer name is cut and told apart by a hash.
    """
    uid = DASHBOARD_UID_PREFIX + "-".join(names)
    if len(uid) <= _LONGEST_UID:
        return uid
    digest = sha256(uid.encode()).hexdigest()[:8]
    return f"{uid[: _LONGEST_UID - len(digest) - 1]}-{digest}"


def maintenance_interval(name: str) -> str:
    """Return the name of the time interval of an announced maintenance."""
    return f"{OWN_NAME}-maintenance-{name}"
