"""Can everybody who is woken answer? What `check` says of viewers in schedules and policies."""

from collections.abc import Iterator

from guardia.catalog_folder import CatalogFolder
from guardia.document import Pointer
from guardia.problem import Problem
from guardia.reading import Reading
from router.catalog import OnCallCatalog
from router.oncall.model import PersonId


def check_viewers(folder: CatalogFolder, oncall: OnCallCatalog, problems: list[Problem]) -> None:
    """Note each place where a schedule or a policy names somebody whose role is viewer."""
    people = oncall.roster.people
    for document in folder.oncall:
        reading = Reading(document, problems)
        for at in _named(reading):
            person = people.get(PersonId(reading.value(at)))
            if person is not None and not person.may_answer:
                reading.problem(
                    "viewer-woken",
                    at,
                    f"`{person.id}` would be woken, and may not answer",
                    label="a viewer",
                    why="a viewer only looks: neither the page, nor Slack, nor a mail's link"
                    " takes an answer of theirs, and the incident goes on to the next step",
                    fix=f"write `role: responder` beside `{person.id}` under `people:`,"
                    " or name somebody else here",
                )


def _named(reading: Reading) -> Iterator[Pointer]:
    """Yield where schedules and policies name a person."""
    for schedule in _items(reading, ("schedules",)):
        for rotation in ((*schedule, "rotation"), *_items(reading, (*schedule, "layers"))):
            if reading.value(rotation) is not None:
                for member in _items(reading, (*rotation, "people")):
                    is_short = isinstance(reading.value(member), str)
                    yield member if is_short else (*member, "person")
        for override in _items(reading, (*schedule, "overrides")):
            yield (*override, "person")
    for policy in _items(reading, ("policies",)):
        for step in (*_items(reading, (*policy, "steps")), (*policy, "last_resort")):
            yield from _items(reading, (*step, "people"))


def _items(reading: Reading, at: Pointer) -> list[Pointer]:
    return [(*at, index) for index in range(reading.count(at))]
