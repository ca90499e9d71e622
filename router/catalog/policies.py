"""Escalation policies of the on-call files."""

from datetime import timedelta
from typing import Final

from guardia.document import Pointer
from guardia.reading import Reading
from router.catalog.names import Names
from router.catalog.people import read_addresses
from router.escalation.model import Policy, Step
from router.oncall.model import PersonId, ScheduleId
from router.routing import PolicyId

_WHY: Final = "a step that reaches nobody is passed over: its wait would never happen"
_WHY_LAST: Final = "the last resort is whom nobody comes after: somebody has to be woken by it"


def read_policies(reading: Reading, names: Names) -> list[Policy]:
    """Return the policies of one file, with what they name checked against all files."""
    return [
        Policy(
            id=PolicyId(reading.value(("policies", index, "id"))),
            steps=tuple(
                _step(reading, ("policies", index, "steps", number), names)
                for number in range(reading.count(("policies", index, "steps")))
            ),
            last_resort=_step(reading, ("policies", index, "last_resort"), names, last=True),
            repeat=reading.value(("policies", index, "repeat")) or 0,
            acknowledge_timeout=reading.duration(("policies", index, "acknowledge_timeout")),
        )
        for index in range(reading.count(("policies",)))
    ]


def _step(reading: Reading, at: Pointer, names: Names, *, last: bool = False) -> Step:
    names.check(reading, (*at, "schedules"), "schedule", names.schedules)
    names.check(reading, (*at, "people"), "person", names.people)
    schedules, people = reading.value((*at, "schedules"), ()), reading.value((*at, "people"), ())
    channels = read_addresses(reading, (*at, "channels"))
    if not schedules and not people and (last or not channels):
        reading.problem(
            "step-empty",
            at,
            "this step pages nobody",
            label="names no schedule and no person",
            why=_WHY_LAST if last else _WHY,
            fix="add `schedules:` or `people:`" + ("" if last else ", or remove the step"),
        )
    return Step(
        schedules=tuple(ScheduleId(schedule) for schedule in schedules),
        people=tuple(PersonId(person) for person in people),
        wait=reading.duration((*at, "wait")) or names.wait or timedelta(),
        channels=channels,
    )
