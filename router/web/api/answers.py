"""POST /api/incidents/N/…: what people answer, each with the name of who does."""

import asyncio
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, timedelta
from http import HTTPStatus
from typing import Final, TypeVar

import msgspec
from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from guardia.duration import parse_duration
from router.incident.answers import (
    LONGEST_COMMENT,
    Acknowledge,
    Answer,
    AnswerRefused,
    Comment,
    Escalate,
    Reassign,
    Resolve,
    Snooze,
)
from router.oncall.model import PersonId
from router.routing import PolicyId
from router.store.store import WAIT_SECONDS
from router.store.writer import StoreBusyError
from router.web.api.bodies import BadBody, By, check_line, read_json
from router.web.api.incident_views import render_summary
from router.web.ports import WebPorts
from router.web.problems import render_problem
from router.web.requests import read_number, refuse_stranger
from router.web.tokens import TokenFile

B = TypeVar("B", bound=msgspec.Struct)


class SnoozeBody(By, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """How long: a duration such as 30m, as `for`."""

    length: str = msgspec.field(name="for")


class ReassignBody(By, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """To whom: one of the two."""

    person: str | None = None
    policy: str | None = None


class CommentBody(By, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What to write into the timeline."""

    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class AnswersApi:
    """The endpoints; each changes an incident as the same answer from any other channel does."""

    ports: WebPorts
    tokens: TokenFile

    async def acknowledge(self, request: Request) -> Response:
        """Record that somebody has the incident: nobody else is woken for it."""
        return await self._take(request, By, lambda told: Acknowledge(by=told.by))

    async def resolve(self, request: Request) -> Response:
        """Record that it is over, whatever fires."""
        return await self._take(request, By, lambda told: Resolve(by=told.by))

    async def escalate(self, request: Request) -> Response:
        """Take the next step of the escalation now."""
        return await self._take(request, By, lambda told: Escalate(by=told.by))

    async def snooze(self, request: Request) -> Response:
        """Acknowledge for a while: `for` says how long."""
        now = self.ports.clock()

        def read(told: SnoozeBody) -> Answer:
            return Snooze(by=told.by, until=(now + _length(told.length)).astimezone(UTC))

        return await self._take(request, SnoozeBody, read)

    async def reassign(self, request: Request) -> Response:
        """Give it to a `person`, who is paged now, or to a `policy`."""
        return await self._take(request, ReassignBody, _reassign)

    async def comment(self, request: Request) -> Response:
        """Write a row into the timeline."""
        return await self._take(request, CommentBody, _comment)

    async def _take(self, request: Request, body: type[B], read: Callable[[B], Answer]) -> Response:
        if refusal := refuse_stranger(request, self.tokens, name="API"):
            return refusal
        number = read_number(request.path_params["number"])
        try:
            wanted = f"JSON such as {_EXAMPLES[body]}"
            given = read(await read_json(request, body, wanted=wanted))
            check_line("by", given.by)
            if number is None:
                return _unknown(request.path_params["number"])
            incident = await asyncio.wait_for(self.ports.answer(number, given), WAIT_SECONDS)
        except BadBody as error:
            return render_problem(error.status, error.reason)
        except AnswerRefused as error:
            return render_problem(HTTPStatus.CONFLICT, error.reason)
        except TimeoutError:
            raise StoreBusyError("the answer could not be stored in time") from None
        return _unknown(str(number)) if incident is None else JSONResponse(render_summary(incident))


_EXAMPLES: Final[Mapping[type[msgspec.Struct], str]] = {
    By: '{"by": "Platform engineer 1"}',
    SnoozeBody: '{"by": "Platform engineer 1", "for": "30m"}',
    ReassignBody: '{"by": "Platform engineer 1", "person": "platform-2"}',
    CommentBody: '{"by": "Platform engineer 1", "text": "Restarted the pool."}',
}


def _length(text: str) -> timedelta:
    try:
        return parse_duration(text)
    except ValueError:
        raise BadBody("`for` must be a length of time such as 30m, 1h or 4h.") from None


def _reassign(told: ReassignBody) -> Answer:
    if (told.person is None) == (told.policy is None):
        raise BadBody("Name either a `person` or a `policy` to give it to.")
    if told.policy is not None:
        return Reassign(by=told.by, to=PolicyId(told.policy), is_policy=True)
    return Reassign(by=told.by, to=PersonId(told.person or ""), is_policy=False)


def _comment(told: CommentBody) -> Answer:
    if not 1 <= len(told.text.strip()) <= LONGEST_COMMENT:
        raise BadBody(f"`text` must be 1 to {LONGEST_COMMENT} characters.")
    return Comment(by=told.by, text=told.text)


def _unknown(number: str) -> Response:
    shown = number if read_number(number) is not None else "with that number"
    return render_problem(HTTPStatus.NOT_FOUND, f"There is no incident {shown}.")
