"""POST /api/people/ID/awake: somebody sits at it already, and needs no ringing for some hours."""

import re
from dataclasses import dataclass
from datetime import datetime, time
from http import HTTPStatus
from typing import Final, TypedDict

import msgspec
from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from guardia.duration import parse_duration
from router.escalation.awake import AwakeRefused, awake_for, awake_until
from router.oncall.model import Person, PersonId, Role
from router.oncall.overrides import unknown_name
from router.web.access.caller import Caller
from router.web.actions import begin_awake, end_awake
from router.web.api.bodies import BadBody, By, Senseless, said_by, speaker_of
from router.web.api.shapes import Instant
from router.web.ports import WebPorts

_CLOCK: Final = re.compile(r"([01]\d|2[0-3]):[0-5]\d", re.ASCII)


class AwakeBody(By, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """For how long: one of the two. `until` is by the wall clock of the person's zone."""

    length: str | None = msgspec.field(name="for", default=None)
    until: str | None = None


class AwakeView(TypedDict):
    """Until when somebody is awake, and which incidents were acknowledged by it."""

    person: str
    name: str
    until: Instant
    acknowledged: list[int]


class AwakeEndView(TypedDict):
    """Whether they were awake until now."""

    person: str
    name: str
    was_awake: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class AwakeApi:
    """The endpoints under /api/people that say who is awake."""

    ports: WebPorts

    async def begin(self, request: Request, caller: Caller, told: AwakeBody) -> Response:
        """Acknowledge all that paged a person, and tell them quietly of what comes until then.

        Acknowledged is what an address of theirs has accepted; what is still to be
        sent goes out quietly. Say either `for` how long, or `until` when by the wall
        clock of the person's zone. Of somebody else, only administrators say it.
        """
        speaker, person = self._speaker(request, caller, told)
        until = self._until(told, person)
        detail = said_by(caller, told.by)
        numbers = await begin_awake(
            self.ports, request, speaker, person, until=until, detail=detail
        )
        answer: AwakeView = {
            "person": person.id,
            "name": person.name,
            "until": until.isoformat(),
            "acknowledged": numbers,
        }
        return JSONResponse(answer)

    async def end(self, request: Request, caller: Caller, told: By) -> Response:
        """Ring a person again as ever, at once for what they were told quietly and nobody has."""
        speaker, person = self._speaker(request, caller, told)
        detail = said_by(caller, told.by)
        was_awake = await end_awake(self.ports, request, speaker, person, detail=detail)
        answer: AwakeEndView = {
            "person": person.id,
            "name": person.name,
            "was_awake": was_awake,
        }
        return JSONResponse(answer)

    def _speaker(self, request: Request, caller: Caller, told: By) -> tuple[Caller, Person]:
        """Return who says it, and of whom. Raises BadBody for who may not say it of others."""
        speaker, person = speaker_of(caller, told.by), self._person(request)
        may = caller.speaks_for_others or caller.role.may(Role.ADMINISTRATOR)
        if may or caller.person == person.id:
            return speaker, person
        reason = "That somebody else is awake is said by administrators: it acknowledges for them."
        raise BadBody(reason, HTTPStatus.FORBIDDEN)

    def _person(self, request: Request) -> Person:
        people = self.ports.catalog().roster.people
        person = people.get(PersonId(request.path_params["id"]))
        if person is None:
            reason = unknown_name("person", request.path_params["id"], people)
            raise BadBody(reason, HTTPStatus.NOT_FOUND)
        return person

    def _until(self, told: AwakeBody, person: Person) -> datetime:
        now = self.ports.clock()
        try:
            if told.length is not None and told.until is None:
                return awake_for(parse_duration(told.length), now=now)
            if told.until is not None and told.length is None and _CLOCK.fullmatch(told.until):
                zone = self.ports.catalog().reader(person.id).zone
                return awake_until(time.fromisoformat(told.until), zone, now=now)
        except AwakeRefused as error:
            raise Senseless(error.reason) from None
        except ValueError:
            raise Senseless("`for` must be a length of time such as 30m or 1h.") from None
        if told.until is not None and told.length is None:
            raise Senseless("`until` must be a time of day such as 08:00.")
        raise Senseless("Say either `for` how long, such as 1h, or `until` when, such as 08:00.")
