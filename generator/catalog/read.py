"""A catalog's folder to one frozen Catalog, or all its problems."""

from generator.catalog.hides import check_hides
from generator.catalog.model import Catalog
from generator.catalog.model_alertmanager import OwnAlertmanager
from generator.catalog.organisation import read_organisation
from generator.catalog.own_alertmanager import read_own_alertmanager
from generator.catalog.preset import write_out_presets
from generator.catalog.quiet import quiet_environments
from generator.catalog.series import known_series
from generator.catalog.service import Names, read_service
from generator.catalog.shown import check_shown_metrics
from guardia.catalog_folder import CatalogFolder
from guardia.problem import Problem, open_problems, sort_problems
from guardia.reading import Reading


def read_catalog(folder: CatalogFolder) -> tuple[Catalog | None, tuple[Problem, ...]]:
    """Return the catalog, or None, and the problems that only a look at the meaning finds.

    Problems of YAML and schema are the folder's; files with those are not in
    it. A catalog is only returned when the folder is complete and every
    problem is one that the catalog itself allows.
    """
    problems: list[Problem] = []
    if folder.organisation is None:
        return None, ()
    readings = [Reading(document, problems) for document in folder.services]
    complete = "service" not in folder.broken
    known = [reading.value(("service",)) for reading in readings] if complete else None
    organisation, defaults = read_organisation(Reading(folder.organisation, problems), known)
    written = [write_out_presets(one, organisation) for one in readings]
    readings = [Reading(one.document, problems) for one in written]
    names = Names()
    services = [
        read_service(
            reading,
            organisation=organisation,
            defaults=defaults,
            runbooks=folder.runbooks,
            names=names,
        )
        for reading in readings
    ]
    check_hides(readings, services, complete=complete)
    if complete and None not in services:  # what cannot be read may make a name known
        used = [metric.name for one in written for metric in one.metrics]
        check_shown_metrics(readings, known_series(services, used))
    own = OwnAlertmanager()
    if folder.alertmanager is not None:
        own = read_own_alertmanager(
            Reading(folder.alertmanager, problems),
            environment_label=organisation.environment_label,
            # Also those with problems of their own: they are declared.
            announced=[one["name"] for one in folder.organisation.value.get("maintenance", ())],
        )
    found = sorted(
        (service for service in services if service is not None), key=lambda service: service.name
    )
    if open_problems(problems) or not folder.complete:
        return None, sort_problems(problems)
    catalog = Catalog(
        organisation=organisation,
        services=tuple(found),
        own_alertmanager=own,
        quiet_environments=quiet_environments(organisation, folder.oncall),
    )
    return catalog, sort_problems(problems)
