"""services/*.yaml to services with SLOs and conditions."""

from collections.abc import Collection
from dataclasses import dataclass, field

from generator.catalog.condition import read_conditions
from generator.catalog.model import Organisation, Service
from generator.catalog.organisation import SloDefaults
from generator.catalog.selector import check_runbook, read_selector
from generator.catalog.slo import read_slos
from generator.naming import SLO_ALERTS
from guardia.reading import Reading


@dataclass(slots=True)
class Names:
    """Names already declared, with the place of each; shared by all service files."""

    services: dict[str, str] = field(default_factory=dict)
    alerts: dict[str, str] = field(
        default_factory=lambda: dict.fromkeys(SLO_ALERTS, "the rules of every SLO")
    )


def read_service(
    reading: Reading,
    *,
    organisation: Organisation,
    defaults: SloDefaults,
    runbooks: Collection[str],
    names: Names,
) -> Service | None:
    """Return the service of one file, or None when a part of it cannot be read."""
    reading.duplicate(("service",), "service", names.services)
    environments = _read_environments(reading, organisation)
    targets = read_selector(reading, ("targets",), organisation.environment_label)
    if reading.value(("runbook",)) is not None:
        check_runbook(reading, ("runbook",), runbooks)
    slos = read_slos(reading, organisation, defaults, runbooks)
    conditions = read_conditions(
        reading, runbooks, names.alerts, environment_label=organisation.environment_label
    )
    if targets is None or slos is None or conditions is None:
        return None
    return Service(
        name=reading.value(("service",)),
        team=reading.value(("team",)),
        description=reading.value(("description",)),
        targets=targets,
        environments=environments,
        down_for=defaults.no_data_for,
        runbook=reading.value(("runbook",)),
        slos=slos,
        conditions=conditions,
    )


def _read_environments(reading: Reading, organisation: Organisation) -> tuple[str, ...]:
    for index in range(reading.count(("environments",))):
        reading.reference(
            ("environments", index),
            "environment",
            organisation.environments,
            "declare it in catalog.yaml under `environments`",
        )
    return tuple(reading.value(("environments",), organisation.environments))
