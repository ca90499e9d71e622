"""What page and API both do in somebody's name, with its row of the audit."""

import asyncio

from starlette.requests import Request

from router.incident.answers import Answer
from router.incident.model import Incident
from router.oncall.model import Person
from router.store.store import WAIT_SECONDS
from router.store.writer import StoreBusyError
from router.web.access.access import entry_of
from router.web.access.caller import Caller
from router.web.ports import WebPorts


async def give_answer(
    ports: WebPorts,
    request: Request,
    caller: Caller,
    number: int,
    given: Answer,
    *,
    detail: str = "",
) -> Incident | None:
    """Return the incident after an answer; None for an unknown one.

    Raises AnswerRefused, and StoreBusyError when it cannot be stored in time.
    """
    action = type(given).__name__.lower()
    entry = entry_of(request, caller, action, at=ports.clock(), detail=detail, incident=number)
    try:
        return await asyncio.wait_for(ports.answer(number, given, entry), WAIT_SECONDS)
    except TimeoutError:
        raise StoreBusyError("the answer could not be stored in time") from None


async def send_test_page(
    ports: WebPorts, request: Request, caller: Caller, person: Person, *, detail: str = ""
) -> Incident:
    """Return the incident of a test page.

    Raises PageTestRefused, and StoreBusyError when it cannot be stored in time.
    """
    told = f"{person.id}; {detail}" if detail else person.id
    entry = entry_of(request, caller, "test-page", at=ports.clock(), detail=told)
    try:
        return await asyncio.wait_for(ports.test_page(person, caller.name, entry), WAIT_SECONDS)
    except TimeoutError:
        raise StoreBusyError("the test page could not be stored in time") from None
