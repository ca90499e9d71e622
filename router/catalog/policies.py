"""Escalation policies of the on-call files."""

from datetime import timedelta

from guardia.document import Pointer
from guardia.reading import Reading
from router.catalog.names import Names
from router.escalation.model import Policy, Step
from router.oncall.model import PersonId, ScheduleId
from router.routing import PolicyId


def read_policies(reading: Reading, names: Names) -> list[Policy]:
    """Return the policies of one file, with what they name checked against all files."""
    return [
        Policy(
            id=PolicyId(reading.value(("policies", index, "id"))),
            steps=tuple(
                _step(reading, ("policies", index, "steps", number), names)
                for number in range(reading.count(("policies", index, "steps")))
            ),
            last_resort=_step(reading, ("policies", index, "last_resort"), names),
        )
        for index in range(reading.count(("policies",)))
    ]


def _step(reading: Reading, at: Pointer, names: Names) -> Step:
    names.check(reading, (*at, "schedules"), "schedule", names.schedules)
    names.check(reading, (*at, "people"), "person", names.people)
    schedules, people = reading.value((*at, "schedules"), ()), reading.value((*at, "people"), ())
    if not schedules and not people:
        reading.problem(
            "step-empty",
            at,
            "this step pages nobody",
            label="names no schedule and no person",
            why="a step that reaches nobody is passed over: its wait would never happen",
            fix="add `schedules:` or `people:`, or remove the step",
        )
    return Step(
        schedules=tuple(ScheduleId(schedule) for schedule in schedules),
        people=tuple(PersonId(person) for person in people),
        wait=reading.duration((*at, "wait")) or names.wait or timedelta(),
    )
