"""The names that all on-call files declare together, so that each may refer to the others."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import timedelta

from guardia.document import Pointer
from guardia.reading import Reading

DEFAULT_ROUTE = "default"


@dataclass(slots=True, kw_only=True)
class Names:
    """What all files together declare, by kind: name -> where. And the default wait."""

    complete: bool
    wait: timedelta | None
    people: dict[str, str] = field(default_factory=dict)
    schedules: dict[str, str] = field(default_factory=dict)
    policies: dict[str, str] = field(default_factory=dict)
    routes: dict[str, str] = field(default_factory=lambda: {DEFAULT_ROUTE: "`default_route`"})
    heartbeats: dict[str, str] = field(default_factory=dict)

    def collect(self, reading: Reading) -> None:
        """Take in the names that one file declares."""
        for key, what, name, seen in (
            ("people", "person", "id", self.people),
            ("schedules", "schedule", "id", self.schedules),
            ("policies", "policy", "id", self.policies),
            ("routes", "route", "name", self.routes),
            ("heartbeats", "heartbeat", "name", self.heartbeats),
        ):
            for index in range(reading.count((key,))):
                reading.duplicate((key, index, name), what, seen)

    def check(self, reading: Reading, at: Pointer, what: str, known: Mapping[str, str]) -> None:
        """Note each name in the list at `at` (or the one name) that no file declares."""
        if not self.complete or reading.value(at) is None:
            return
        fix = f"declare the {what} in a file of oncall/"
        if isinstance(reading.value(at), str):
            reading.reference(at, what, known, fix)
            return
        for index in range(reading.count(at)):
            reading.reference((*at, index), what, known, fix)
