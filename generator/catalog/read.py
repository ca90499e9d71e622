"""A catalog's folder to one frozen Catalog, or all its problems."""

from generator.catalog.model import Catalog
from generator.catalog.organisation import read_organisation
from generator.catalog.service import Names, read_service
from guardia.catalog_folder import CatalogFolder
from guardia.problem import Problem, sort_problems
from guardia.reading import Reading


def read_catalog(folder: CatalogFolder) -> tuple[Catalog | None, tuple[Problem, ...]]:
    """Return the catalog, or None with the problems that only a look at the meaning finds.

    Problems of YAML and schema are the folder's; files with those are not in
    it. A catalog is only returned when the folder is complete.
    """
    problems: list[Problem] = []
    if folder.organisation is None:
        return None, ()
    organisation, defaults = read_organisation(Reading(folder.organisation, problems))
    names = Names()
    services = [
        read_service(
            Reading(document, problems),
            organisation=organisation,
            defaults=defaults,
            runbooks=folder.runbooks,
            names=names,
        )
        for document in folder.services
    ]
    found = sorted(
        (service for service in services if service is not None), key=lambda service: service.name
    )
    if problems or not folder.complete:
        return None, sort_problems(problems)
    return Catalog(organisation=organisation, services=tuple(found)), ()
