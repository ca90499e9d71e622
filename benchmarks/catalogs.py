"""Catalogs of any size for the benchmarks, and the same SLOs as specs for Sloth."""

import shutil
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
CATALOG = ROOT / "tests" / "catalog"  # frozen, so that figures compare over time

SLOS_PER_SERVICE = 10

_SERVICE = """\
service: {service}
team: plataforma
description: Answers for {service}.
targets: up{{job="{service}"}}
runbook: service-down
slos:
"""
_SLO = """\
  - name: {slo}
    description: Requests of the kind {slo} are answered without a server error.
    objective: 99.9%
    sli:
      ratio:
        bad: http_requests_total{{job="{service}",route="{slo}",code=~"5.."}}
        total: http_requests_total{{job="{service}",route="{slo}"}}
    runbook: high-error-rate
"""
_SLOTH_SERVICE = """\
version: prometheus/v1
service: {service}
labels:
  team: plataforma
slos:
"""
# The environment is kept, as Guardia keeps it; alerts carry what ours do, as far as Sloth can.
_SLOTH_SLO = """\
  - name: {slo}
    objective: 99.9
    description: Requests of the kind {slo} are answered without a server error.
    sli:
      events:
        error_query: sum by (environment) (rate(http_requests_total\
{{job="{service}",route="{slo}",code=~"5.."}}[{{{{.window}}}}]))
        total_query: sum by (environment) (rate(http_requests_total\
{{job="{service}",route="{slo}"}}[{{{{.window}}}}]))
    alerting:
      name: ErrorBudgetBurn
      annotations:
        runbook_url: https://runbooks.conecta360.example/high-error-rate
      page_alert:
        labels:
          severity: critical
      ticket_alert:
        labels:
          severity: low
"""


def write_catalog(folder: Path, *, slos: int, slos_per_service: int = SLOS_PER_SERVICE) -> Path:
    """Write a catalog with `slos` SLOs, a file for each `slos_per_service`, and return it.

    Its settings, people and runbooks are those of the tests' frozen catalog.
    """
    shutil.copytree(CATALOG, folder)
    shutil.rmtree(folder / "services")
    _write_services(folder / "services", (_SERVICE, _SLO), slos, slos_per_service)
    return folder


def write_sloth_specs(folder: Path, *, slos: int, slos_per_service: int = SLOS_PER_SERVICE) -> Path:
    """Write the SLOs of `write_catalog` as Sloth's specs, a file a service, and return them."""
    _write_services(folder, (_SLOTH_SERVICE, _SLOTH_SLO), slos, slos_per_service)
    return folder


def slo_names(*, slos: int, slos_per_service: int = SLOS_PER_SERVICE) -> list[tuple[str, str]]:
    """Return service and name of each SLO that the two functions above write, in order."""
    return [
        (f"service-{number // slos_per_service}", f"answers-{number % slos_per_service}")
        for number in range(slos)
    ]


def _write_services(folder: Path, forms: tuple[str, str], slos: int, slos_per_service: int) -> None:
    folder.mkdir(parents=True)
    service_form, slo_form = forms
    texts: dict[str, list[str]] = {}
    for service, slo in slo_names(slos=slos, slos_per_service=slos_per_service):
        texts.setdefault(service, [service_form.format(service=service)]).append(
            slo_form.format(service=service, slo=slo)
        )
    for service, parts in texts.items():
        (folder / f"{service}.yaml").write_text("".join(parts), encoding="utf-8")
