"""What page and API both do in somebody's name, with its row of the audit."""

import asyncio
from collections.abc import Awaitable
from datetime import datetime
from typing import TypeVar

from starlette.requests import Request

from router.incident.answers import Answer, Recorded
from router.incident.model import Incident
from router.oncall.model import Person
from router.store.store import WAIT_SECONDS
from router.store.writer import StoreLateError
from router.web.access.access import entry_of
from router.web.access.caller import Caller
from router.web.ports import WebPorts

T = TypeVar("T")


async def give_answer(
    ports: WebPorts,
    request: Request,
    caller: Caller,
    number: int,
    given: Answer,
    *,
    detail: str = "",
) -> Recorded | None:
    """Return the incident after an answer; None for an unknown one.

    Raises AnswerRefused, and StoreLateError when it cannot be stored in time.
    """
    action = type(given).__name__.lower()
    entry = entry_of(request, caller, action, at=ports.clock(), detail=detail, incident=number)
    return await stored_in_time(ports.answer(number, given, entry), "the answer")


async def send_test_page(
    ports: WebPorts, request: Request, caller: Caller, person: Person, *, detail: str = ""
) -> Incident:
    """Return the incident of a test page.

    Raises PageTestRefused, and StoreLateError when it cannot be stored in time.
    """
    told = f"{person.id}; {detail}" if detail else person.id
    entry = entry_of(request, caller, "test-page", at=ports.clock(), detail=told)
    return await stored_in_time(ports.test_page(person, caller.name, entry), "the test page")


async def begin_awake(
    ports: WebPorts,
    request: Request,
    caller: Caller,
    person: Person,
    *,
    until: datetime,
    detail: str = "",
) -> list[int]:
    """Return the incidents that are acknowledged because a person is awake until then.

    Raises StoreLateError when it cannot be stored in time.
    """
    entry = entry_of(request, caller, "awake", at=ports.clock(), detail=detail)
    return await stored_in_time(ports.begin_awake(person, entry, until), "who is awake")


async def end_awake(
    ports: WebPorts, request: Request, caller: Caller, person: Person, *, detail: str = ""
) -> bool:
    """Say whether a person was awake until now.

    Raises StoreLateError when it cannot be stored in time.
    """
    entry = entry_of(request, caller, "awake-end", at=ports.clock(), detail=detail)
    return await stored_in_time(ports.end_awake(person, entry), "who is awake")


async def stored_in_time(work: Awaitable[T], what: str) -> T:
    """Return what came of a work, or raise StoreLateError when it takes too long."""
    try:
        return await asyncio.wait_for(work, WAIT_SECONDS)
    except TimeoutError:
        raise StoreLateError(f"{what} could not be stored in time") from None
