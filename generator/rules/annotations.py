"""Text and links for the annotations of alerts, which are Go templates of Prometheus."""

from collections.abc import Mapping
from urllib.parse import quote

from generator.catalog.model import Organisation
from generator.naming import SLO_DASHBOARD_UID


def template_text(text: str) -> str:
    """Return a template that prints any text as it is, braces included.

    Source: Go documentation, package text/template, actions and string constants.
    """
    return text.replace("{{", '{{"{{"}}')


def label_value(name: str) -> str:
    """Return the template of a label's value."""
    return f"{{{{ $labels.{name} }}}}"


def runbook_url(organisation: Organisation, runbook: str) -> str:
    """Return the address of a runbook as a template."""
    return template_text(f"{organisation.runbooks_url}{runbook}")


def dashboard_url(organisation: Organisation, labels: Mapping[str, str]) -> str:
    """Return the address of the SLO dashboard, opened at these labels and where it alerts."""
    environment = organisation.environment_label
    address = template_text(f"{organisation.dashboards_url}d/{SLO_DASHBOARD_UID}")
    variables = "&".join(f"var-{name}={quote(value)}" for name, value in labels.items())
    return f"{address}?{variables}&var-{environment}={{{{ $labels.{environment} | urlquery }}}}"
