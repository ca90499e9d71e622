"""services/*.yaml to services with SLOs and conditions."""

from collections.abc import Collection
from dataclasses import dataclass, field

from generator.catalog.condition import read_conditions
from generator.catalog.context import ServiceContext
from generator.catalog.extras import read_extras
from generator.catalog.model import Organisation, Place, Service
from generator.catalog.organisation import SloDefaults, refuse_choice_of_environments
from generator.catalog.selector import check_runbook, read_selector
from generator.catalog.shown import read_growth, read_metrics, read_panels
from generator.catalog.slo import read_slos
from generator.naming import OWN_NAME, SLO_ALERTS
from generator.promql.check import Selector
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
    _check_name(reading)
    places = _read_places(reading, organisation)
    targets = _read_targets(reading, organisation)
    if reading.value(("runbook",)) is not None:
        check_runbook(reading, ("runbook",), runbooks)
    team = reading.value(("team",))
    extras = read_extras(reading, (), defaults.extras, kept=organisation.place_labels)
    context = ServiceContext(
        organisation=organisation, defaults=defaults, runbooks=runbooks, team=team, extras=extras
    )
    slos = read_slos(reading, context)
    conditions = read_conditions(reading, context, names.alerts)
    if slos is None or conditions is None:
        return None
    return Service(
        name=reading.value(("service",)),
        team=team,
        description=reading.value(("description",)),
        targets=targets,
        places=places,
        down_for=defaults.no_data_for,
        runbook=reading.value(("runbook",)),
        slos=slos,
        conditions=conditions,
        panels=read_panels(reading),
        growth=read_growth(reading, context),
        deployments=_read_deployments(reading, organisation),
        metrics=read_metrics(reading),
        extras=extras,
    )


def _check_name(reading: Reading) -> None:
    if reading.value(("service",)) == OWN_NAME:
        reading.problem(
            "name-reserved",
            ("service",),
            f"no service can be called `{OWN_NAME}`",
            label="is the name of our own rule file",
            why=f"rules/{OWN_NAME}.yml watches the router and the way to it",
            fix="give the service another name",
        )


def _read_targets(reading: Reading, organisation: Organisation) -> Selector | None:
    if reading.value(("targets",)) is not None:
        return read_selector(reading, ("targets",), organisation.environment_label)
    reading.problem(
        "outage-blind",
        ("service",),
        "nothing tells when the whole service is gone",
        label="declares no `targets`",
        why="a service that is down counts no events, so no burn alert can fire for it",
        fix='add `targets:` with a selector such as up{job="casos"}',
    )
    return None


def _read_deployments(reading: Reading, organisation: Organisation) -> Selector | None:
    if reading.value(("deployments",)) is None:
        return None
    return read_selector(reading, ("deployments",), organisation.environment_label)


def _read_places(reading: Reading, organisation: Organisation) -> tuple[Place, ...]:
    regions = organisation.regions
    for key, known in (
        ("environments", organisation.environments),
        ("regions", regions.names if regions else ()),
    ):
        for index in range(reading.count((key,))):
            reading.reference(
                (key, index),
                key.removesuffix("s"),
                known,
                f"declare it in catalog.yaml under `{key}`",
            )
    if reading.value(("environments",)) is not None:
        refuse_choice_of_environments(
            reading, ("environments",), organisation.environment_on_series
        )
    environments = reading.value(("environments",), organisation.environments)
    if regions is None:
        return tuple(Place(environment=name, region=None) for name in environments)
    chosen = reading.value(("regions",), regions.names)
    return tuple(
        Place(environment=name, region=region)
        for name in environments
        for region in (chosen if name in regions.environments else (None,))
    )
