"""The Alertmanager configuration: group, and hand everything to the router."""

from typing import Any

from generator.catalog.model import Catalog
from generator.naming import ROUTER_RECEIVER
from generator.yaml_text import render_yaml
from guardia.duration import format_duration


def render_alertmanager(catalog: Catalog) -> dict[str, str]:
    """Return the configuration by path. Source: Alertmanager documentation, "Configuration".

    No inhibition and no mute time on the router's route: Alertmanager does not
    report an alert that resolves while it is inhibited or muted, so the router
    would keep its incident open. The router itself decides who is told.
    """
    return {"alertmanager/alertmanager.yml": render_yaml(_configuration(catalog))}


def _configuration(catalog: Catalog) -> dict[str, Any]:
    organisation = catalog.organisation
    settings = organisation.alertmanager
    environment = organisation.environment_label
    return {
        "route": {
            "receiver": ROUTER_RECEIVER,
            "group_by": [environment, "service", "alertname"],
            "group_wait": format_duration(settings.group_wait),
            "group_interval": format_duration(settings.group_interval),
            "repeat_interval": format_duration(settings.repeat_interval),
            # All alerts about one SLO are one incident, whatever their severity.
            "routes": [
                {
                    "receiver": ROUTER_RECEIVER,
                    "matchers": ['slo=~".+"'],
                    "group_by": [environment, "service", "slo"],
                }
            ],
        },
        "receivers": [
            {
                "name": ROUTER_RECEIVER,
                "webhook_configs": [
                    {
                        "url": settings.router_url,
                        "send_resolved": True,
                        "max_alerts": 0,  # never truncate: the router must see who resolved
                        "http_config": {
                            "authorization": {"credentials_file": settings.router_token_file}
                        },
                    }
                ],
            }
        ],
    }
