"""What "I am awake" did, and that it is over: as it stands, whatever the address says."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

from sqlalchemy import Connection
from starlette.requests import Request

from router.incident.answerer import is_same_person
from router.store.awake import list_untaken_told
from router.store.history import list_acknowledged
from router.web.access.caller import Caller
from router.web.page.duty import Duty
from router.web.requests import read_number

SHOWN: Final = 100  # incidents; more would make an address too long


@dataclass(frozen=True, slots=True, kw_only=True)
class Taken:
    """What the reader has of what the address names; whether all that they were told of is."""

    numbers: Sequence[int]
    is_all: bool


def address_of_taken(numbers: Sequence[int]) -> str:
    """Return what an address says of the incidents that were acknowledged."""
    return "".join(f"&taken={number}" for number in numbers[:SHOWN])


def find_taken(tx: Connection, request: Request, caller: Caller) -> Taken:
    """Return what the reader has of what they took by being awake."""
    if caller.person is None or request.query_params.get("done") != "awake":
        return Taken(numbers=(), is_all=False)
    named = (read_number(one) for one in request.query_params.getlist("taken")[:SHOWN])
    has = list_acknowledged(tx, [number for number in named if number is not None])
    return Taken(
        numbers=[number for number, by in has.items() if is_same_person(by, caller.name)],
        is_all=not list_untaken_told(tx, caller.person),
    )


def taken_values(request: Request, duty: Duty, taken: Taken) -> dict[str, Any]:
    """Return what the page says of it; nothing where it is not so any more."""
    done = request.query_params.get("done", "")
    is_awake = duty.awake_until is not None
    return {
        "done": done if done == ("awake" if is_awake else "not-awake") else "",
        "taken": taken.numbers,
        "is_all_taken": taken.is_all,
    }
