"""POST /api/incidents/N/…: what people answer, each with the name of who does."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, timedelta
from http import HTTPStatus
from typing import Annotated, TypeVar

import msgspec
from msgspec import Meta
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
from router.incident.describe import one_line
from router.incident.glance import glance_at
from router.oncall.model import PersonId
from router.routing import PolicyId
from router.web.access.caller import Caller
from router.web.actions import give_answer
from router.web.api.bodies import By, Senseless, said_by, speaker_of
from router.web.api.incident_views import render_summary, unknown_incident
from router.web.api.shapes import AnsweredView
from router.web.ports import WebPorts
from router.web.problems import render_problem
from router.web.requests import read_number

B = TypeVar("B", bound=By)


class SnoozeBody(By, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """How long: a duration such as 30m, as `for`."""

    length: Annotated[str, Meta(description="a length of time such as 30m, 1h or 4h")] = (
        msgspec.field(name="for")
    )


class ReassignBody(By, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """To whom: one of the two."""

    person: str | None = None
    policy: str | None = None


class CommentBody(By, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What to write into the timeline."""

    text: Annotated[str, Meta(extra_json_schema={"minLength": 1, "maxLength": LONGEST_COMMENT})]


@dataclass(frozen=True, slots=True, kw_only=True)
class AnswersApi:
    """The endpoints; each changes an incident as the same answer from any other channel does."""

    ports: WebPorts

    async def acknowledge(self, request: Request, caller: Caller, told: By) -> Response:
        """Record that somebody has the incident: nobody else is woken for it."""
        return await self._give(request, caller, told, lambda by, _: Acknowledge(by=by))

    async def resolve(self, request: Request, caller: Caller, told: By) -> Response:
        """Record that it is over, whatever fires."""
        return await self._give(request, caller, told, lambda by, _: Resolve(by=by))

    async def escalate(self, request: Request, caller: Caller, told: By) -> Response:
        """Take the next step of the escalation now."""
        return await self._give(request, caller, told, lambda by, _: Escalate(by=by))

    async def snooze(self, request: Request, caller: Caller, told: SnoozeBody) -> Response:
        """Acknowledge for a while: `for` says how long."""
        now = self.ports.clock()

        def read(by: str, told: SnoozeBody) -> Answer:
            return Snooze(by=by, until=(now + _length(told.length)).astimezone(UTC))

        return await self._give(request, caller, told, read)

    async def reassign(self, request: Request, caller: Caller, told: ReassignBody) -> Response:
        """Give it to a `person`, who is paged now, or to a `policy`: name one of the two."""
        return await self._give(request, caller, told, _reassign)

    async def comment(self, request: Request, caller: Caller, told: CommentBody) -> Response:
        """Write a row into the timeline."""
        return await self._give(request, caller, told, _comment)

    async def _give(
        self, request: Request, caller: Caller, told: B, read: Callable[[str, B], Answer]
    ) -> Response:
        speaker = speaker_of(caller, told.by)
        given = read(speaker.name, told)
        number = read_number(request.path_params["number"])
        if number is None:
            return unknown_incident(request)
        detail = said_by(caller, told.by)
        try:
            recorded = await give_answer(self.ports, request, speaker, number, given, detail=detail)
        except AnswerRefused as error:
            return render_problem(HTTPStatus.CONFLICT, error.reason)
        if recorded is None:
            return unknown_incident(request)
        answered: AnsweredView = {
            **render_summary(glance_at(recorded.incident)),
            "answered_by": one_line(speaker.name),
            "already": recorded.already,
        }
        return JSONResponse(answered)


def _length(text: str) -> timedelta:
    try:
        return parse_duration(text)
    except ValueError:
        raise Senseless("`for` must be a length of time such as 30m, 1h or 4h.") from None


def _reassign(by: str, told: ReassignBody) -> Answer:
    if (told.person is None) == (told.policy is None):
        raise Senseless("Name either a `person` or a `policy` to give it to.")
    if told.policy is not None:
        return Reassign(by=by, to=PolicyId(told.policy), is_policy=True)
    return Reassign(by=by, to=PersonId(told.person or ""), is_policy=False)


def _comment(by: str, told: CommentBody) -> Answer:
    if not 1 <= len(told.text.strip()) <= LONGEST_COMMENT:
        raise Senseless(f"`text` must be 1 to {LONGEST_COMMENT} characters.")
    return Comment(by=by, text=told.text)
