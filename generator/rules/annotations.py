"""Text and links for the annotations of alerts, which are Go templates of Prometheus."""

from collections.abc import Mapping, Sequence
from urllib.parse import quote

from generator.catalog.model import Extras, Organisation
from generator.go_template import template_text
from generator.naming import SLO_DASHBOARD_UID, dashboard_uid


def label_value(name: str) -> str:
    """Return the template of a label's value."""
    return f"{{{{ $labels.{name} }}}}"


def place(organisation: Organisation) -> str:
    """Return the template of where an alert comes from: its environment, and region if any."""
    environment = _environment(organisation)
    if organisation.regions is None:
        return f"{{{{ {environment} }}}}"
    region = f"$labels.{organisation.regions.label}"
    return f"{{{{ {environment} }}}}{{{{ if {region} }}}}/{{{{ {region} }}}}{{{{ end }}}}"


def _environment(organisation: Organisation) -> str:
    owner = "$labels" if organisation.environment_on_series else "$externalLabels"
    return f"{owner}.{organisation.environment_label}"


def runbook_url(organisation: Organisation, runbook: str) -> str:
    """Return the address of a runbook as a template."""
    return template_text(f"{organisation.runbooks_url}{runbook}")


def slo_dashboard_url(organisation: Organisation, labels: Mapping[str, str]) -> str:
    """Return the address of the SLO dashboard, opened at these labels and where it alerts."""
    variables = [f"var-{name}={quote(value)}" for name, value in labels.items()]
    return _dashboard_url(organisation, SLO_DASHBOARD_UID, variables)


def service_dashboard_url(organisation: Organisation, service: str) -> str:
    """Return the address of a service's dashboard, opened where it alerts."""
    return _dashboard_url(organisation, dashboard_uid("service", service), [])


def _dashboard_url(organisation: Organisation, uid: str, variables: Sequence[str]) -> str:
    """Return an address with the variables that the dashboard has: see `chosen_place`."""
    address = template_text(f"{organisation.dashboards_url}d/{uid}")
    if organisation.environment_on_series:
        here = f"{{{{ {_environment(organisation)} | urlquery }}}}"
        variables = [*variables, f"var-{organisation.environment_label}={here}"]
    return f"{address}?{'&'.join(variables)}" if variables else address


def extra_annotations(extras: Extras) -> dict[str, str]:
    """Return the catalog's own annotations, which are templates, and its links, which are not."""
    links = {f"{name}_url": template_text(address) for name, address in extras.links.items()}
    return {**extras.annotations, **links}


def with_answer(query: str, labels: Sequence[str], answer: str) -> str:
    """Return a template that asks Prometheus and prints `answer` with `$answer` set; else nothing.

    `%q` stands in the query for the value of each label in turn: it is quoted
    by Go, as PromQL quotes strings. Source: Prometheus documentation,
    "Template reference", functions query, first, value and printf.
    """
    arguments = "".join(f" $labels.{label}" for label in labels)
    asked = f"printf `{query}`{arguments} | query" if labels else f"query `{query}`"
    return f"{{{{ with {asked} }}}}{{{{ $answer := . | first | value }}}}{answer}{{{{ end }}}}"
