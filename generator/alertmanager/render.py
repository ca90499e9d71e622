"""Alertmanager's whole configuration, and tests of where it sends each alert."""

from typing import Any

from generator.alertmanager.inhibition import inhibit_rules
from generator.alertmanager.receivers import receivers
from generator.alertmanager.route_tests import render_route_tests
from generator.alertmanager.routes import route_tree
from generator.alertmanager.time_intervals import time_intervals
from generator.catalog.model import Catalog
from generator.yaml_text import render_yaml

# As in Alertmanager itself, and only said: Prometheus gives each alert an end of its own.
_RESOLVE_TIMEOUT = "5m"


def render_alertmanager(catalog: Catalog) -> dict[str, str]:
    """Return the configuration and its tests by path.

    Source: Alertmanager documentation, "Configuration".

    No mute time on the router's route, and no inhibition but of alerts that the
    catalog names on both sides: Alertmanager does not report an alert that
    resolves while it is inhibited or muted, so the router would keep its
    incident open. The router itself decides who is told.
    """
    return {
        "alertmanager/alertmanager.yml": render_yaml(_configuration(catalog)),
        **render_route_tests(catalog),
    }


def _configuration(catalog: Catalog) -> dict[str, Any]:
    own = catalog.own_alertmanager
    parts = {
        "global": {"resolve_timeout": _RESOLVE_TIMEOUT},
        "route": route_tree(catalog),
        "receivers": [*receivers(catalog.organisation.alertmanager), *own.receivers],
        "inhibit_rules": [*inhibit_rules(catalog), *own.inhibit_rules],
        "time_intervals": [
            *time_intervals(catalog.organisation.maintenance), *own.time_intervals
        ],
        "templates": list(own.templates),
    }  # fmt: skip
    return {name: part for name, part in parts.items() if part}
