"""Receivers: the router, who waits for the Watchdog, and who is told past the router.

Source: Alertmanager documentation, "Configuration", the receiver integrations.
"""

from typing import Any

from generator.catalog.model_alertmanager import (
    AlertmanagerSettings,
    DeadMansSwitch,
    EmailFallback,
    Fallback,
)
from generator.naming import FALLBACK_RECEIVER, ROUTER_RECEIVER, WATCHDOG_RECEIVER


def receivers(settings: AlertmanagerSettings) -> list[dict[str, Any]]:
    """Return our receivers; those of a team's own are not among them."""
    found = [{"name": ROUTER_RECEIVER, "webhook_configs": [_router(settings)]}]
    if settings.watchdog is not None:
        switch = settings.watchdog.dead_mans_switch
        waiting = [_switch(switch)] if switch is not None else []
        waiting += [_router(settings)] if settings.watchdog.router else []
        found.append({"name": WATCHDOG_RECEIVER, "webhook_configs": waiting})
    if settings.fallback is not None:
        found.append({"name": FALLBACK_RECEIVER, **_fallback(settings.fallback)})
    return found


def _router(settings: AlertmanagerSettings) -> dict[str, Any]:
    return {
        "url": settings.router_url,
        "send_resolved": True,
        "max_alerts": 0,  # never truncate: the router must see who resolved
        "http_config": {"authorization": {"credentials_file": settings.router_token_file}},
    }


def _switch(switch: DeadMansSwitch) -> dict[str, Any]:
    """Return the webhook of a dead man's switch: to be told of an end would calm it once more."""
    address = {"url": switch.url} if switch.url is not None else {"url_file": switch.url_file}
    found: dict[str, Any] = {**address, "send_resolved": False}
    if switch.token_file is not None:
        found["http_config"] = {"authorization": {"credentials_file": switch.token_file}}
    return found


def _fallback(fallback: Fallback) -> dict[str, Any]:
    found: dict[str, Any] = {}
    if fallback.email is not None:
        found["email_configs"] = [_email(fallback.email)]
    if fallback.pagerduty is not None:
        found["pagerduty_configs"] = [
            {
                "routing_key_file": fallback.pagerduty.routing_key_file,
                "severity": "critical",
                "send_resolved": True,
            }
        ]
    if fallback.slack is not None:
        found["slack_configs"] = [
            {
                "api_url_file": fallback.slack.api_url_file,
                "channel": fallback.slack.channel,
                "send_resolved": True,
            }
        ]
    return found


def _email(email: EmailFallback) -> dict[str, Any]:
    found: dict[str, Any] = {"to": email.to, "from": email.sender, "smarthost": email.smarthost}
    if email.auth_username is not None:
        found["auth_username"] = email.auth_username
        found["auth_password_file"] = email.auth_password_file
    return {**found, "require_tls": email.require_tls, "send_resolved": True}
