"""What the catalog says about Alertmanager: settings, a team's own parts, dependencies."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from generator.promql.check import Selector


@dataclass(frozen=True, slots=True, kw_only=True)
class EmailFallback:
    """A mailbox, and the server that takes mail for it. The password is a file, or there is none.

    `require_tls` must stay true where the password crosses a network.
    """

    to: str
    sender: str
    smarthost: str  # host:port
    auth_username: str | None
    auth_password_file: str | None
    require_tls: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class PagerDutyFallback:
    """A PagerDuty service of the Events API v2."""

    routing_key_file: str


@dataclass(frozen=True, slots=True, kw_only=True)
class SlackFallback:
    """A Slack channel, by an incoming webhook whose address is a secret."""

    api_url_file: str
    channel: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Fallback:
    """Whom Alertmanager tells by itself when the router cannot; at least one of the three."""

    email: EmailFallback | None
    pagerduty: PagerDutyFallback | None
    slack: SlackFallback | None


@dataclass(frozen=True, slots=True, kw_only=True)
class DeadMansSwitch:
    """Somebody outside who calls when the Watchdog no longer comes.

    Exactly one of `url` and `url_file` is given; Alertmanager reads the latter
    since 0.26.
    """

    url: str | None
    url_file: str | None
    token_file: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Watchdog:
    """Where the alert that always fires is sent, and how often. To one of the two at least."""

    every: timedelta
    router: bool
    dead_mans_switch: DeadMansSwitch | None


@dataclass(frozen=True, slots=True, kw_only=True)
class AlertmanagerSettings:
    """Where Alertmanager posts to, its three waits, and what holds when the router is gone.

    `router_targets` selects the router's own `up` series, `fallback` and
    `watchdog` are None where none is declared.
    """

    router_url: str
    router_token_file: str
    group_wait: timedelta
    group_interval: timedelta
    repeat_interval: timedelta
    router_targets: Selector
    fallback: Fallback | None
    watchdog: Watchdog | None


@dataclass(frozen=True, slots=True, kw_only=True)
class OwnAlertmanager:
    """A team's own parts of the configuration, as Alertmanager writes them and as checked."""

    routes: tuple[Mapping[str, Any], ...] = ()
    receivers: tuple[Mapping[str, Any], ...] = ()
    time_intervals: tuple[Mapping[str, Any], ...] = ()
    inhibit_rules: tuple[Mapping[str, Any], ...] = ()
    templates: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class HiddenAlert:
    """The alert of a condition, which another condition hides while it fires."""

    alert: str


@dataclass(frozen=True, slots=True, kw_only=True)
class HiddenSlo:
    """The alerts that tell of one SLO, which a condition hides while it fires."""

    service: str
    slo: str


HiddenAlerts = HiddenAlert | HiddenSlo
