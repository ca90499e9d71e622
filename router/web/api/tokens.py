"""The API of tokens: made, listed and ended by administrators; shown once, when made."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial
from http import HTTPStatus
from typing import Annotated, Final, Literal, TypedDict

import msgspec
from msgspec import Meta
from sqlalchemy import Connection
from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from guardia.duration import parse_duration
from router.oncall.model import Role
from router.store.audit import Entry, record_audit
from router.store.tokens import (
    Purpose,
    StoredToken,
    count_live_tokens,
    list_tokens,
    record_token,
    record_token_ended,
)
from router.web.access import credentials
from router.web.access.access import entry_of
from router.web.access.caller import Caller
from router.web.api.bodies import By, Line, Senseless, check_line, said_by, speaker_of
from router.web.api.queries import LONGEST_LIST, Limit, Paged, page_of
from router.web.api.shapes import Instant, Next
from router.web.ports import WebPorts
from router.web.problems import render_problem
from router.web.requests import read_number

MOST: Final = 500  # that count: one that nobody knows of any more should be ended
SIGN_IN_FOR: Final = timedelta(minutes=15)  # unless more is asked for
LONGEST_SIGN_IN: Final = timedelta(days=1)
LONGEST_LIFE: Final = timedelta(days=3660)


class TokenBody(By, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What the token is for, and for how long."""

    name: Line
    role: Role
    purpose: Purpose = Purpose.API
    length: Annotated[str, Meta(description="a length of time such as 15m")] | None = msgspec.field(
        name="for", default=None
    )


class TokenQuery(Paged, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Which part of the list: at first, nearly always all of it."""

    limit: Limit = LONGEST_LIST


class TokenView(TypedDict):
    """What is told of a token."""

    number: int
    name: str
    role: Role
    purpose: Purpose
    state: Literal["valid", "used", "over", "ended"]
    made_at: Instant
    made_by: str
    ends_at: Instant | None
    used_at: Instant | None
    ended_at: Instant | None
    ended_by: str | None


class MadeTokenView(TokenView):
    """A new token: the only answer that it is ever shown in."""

    token: str


class TokensView(TypedDict):
    """A page of tokens, the newest first."""

    tokens: list[TokenView]
    next: Next | None


@dataclass(frozen=True, slots=True, kw_only=True)
class TokensApi:
    """The endpoints under /api/tokens."""

    ports: WebPorts

    async def list(self, request: Request, _caller: Caller, asked: TokenQuery) -> Response:
        """Return the tokens made last, without what they are known by."""
        work = partial(list_tokens, limit=asked.limit + 1, before=asked.before or None)
        found = await self.ports.store.read(work)
        render = partial(render_token, now=self.ports.clock())
        return page_of(request, "tokens", found, limit=asked.limit, render=render)

    async def make(self, request: Request, caller: Caller, told: TokenBody) -> Response:
        """Make a token; the answer is the only place where it is ever shown."""
        now = self.ports.clock()
        name, speaker = check_line("name", told.name), speaker_of(caller, told.by)
        said = said_by(caller, told.by)
        ends_at = _end(told, now=now)
        signs_in = told.purpose is Purpose.SIGN_IN
        token = credentials.new_sign_in_token() if signs_in else credentials.new_api_token()

        def work(tx: Connection) -> StoredToken | None:
            if count_live_tokens(tx, now=now) >= MOST:
                return None
            made = record_token(
                tx,
                digest=credentials.digest(token),
                name=name,
                role=told.role,
                purpose=told.purpose,
                made_by=speaker.name,
                ends_at=ends_at,
                now=now,
            )
            record_audit(tx, _entry(request, speaker, "token-make", made, said=said, at=now))
            return made

        made = await self.ports.store.write(work, refusable=True)
        if made is None:
            detail = f"There are {MOST} tokens already: end some."
            return render_problem(HTTPStatus.CONFLICT, detail)
        answer: MadeTokenView = {**render_token(made, now=now), "token": token}
        headers = {"Cache-Control": "no-store"}
        return JSONResponse(answer, status_code=HTTPStatus.CREATED, headers=headers)

    async def end(self, request: Request, caller: Caller, told: By) -> Response:
        """End a token now, and whoever is signed in with it."""
        number, now = read_number(request.path_params["number"]), self.ports.clock()
        speaker, said = speaker_of(caller, told.by), said_by(caller, told.by)

        def work(tx: Connection) -> StoredToken | None:
            if number is None:
                return None
            found = record_token_ended(tx, number, by=speaker.name, now=now)
            if found is not None:
                record_audit(tx, _entry(request, speaker, "token-end", found, said=said, at=now))
            return found

        ended = await self.ports.store.write(work, refusable=True)
        if ended is None:
            return render_problem(HTTPStatus.NOT_FOUND, "No token has that number.")
        return JSONResponse(render_token(ended, now=now))


def render_token(token: StoredToken, *, now: datetime) -> TokenView:
    """Return what is told of a token."""
    return {
        "number": token.number,
        "name": token.name,
        "role": token.role,
        "purpose": token.purpose,
        "state": _state(token, now=now),
        "made_at": token.made_at.isoformat(),
        "made_by": token.made_by,
        "ends_at": _render_time(token.ends_at),
        "used_at": _render_time(token.used_at),
        "ended_at": _render_time(token.ended_at),
        "ended_by": token.ended_by,
    }


def _state(token: StoredToken, *, now: datetime) -> Literal["valid", "used", "over", "ended"]:
    if token.ended_at is not None:
        return "ended"
    if token.used_at is not None:
        return "used"
    return "over" if token.ends_at is not None and token.ends_at <= now else "valid"


def _end(wanted: TokenBody, *, now: datetime) -> datetime | None:
    """Return until when it is good. Raises Senseless."""
    signs_in = wanted.purpose is Purpose.SIGN_IN
    if wanted.length is None:
        return now + SIGN_IN_FOR if signs_in else None
    longest = LONGEST_SIGN_IN if signs_in else LONGEST_LIFE
    try:
        length = parse_duration(wanted.length)
    except ValueError:
        length = timedelta()
    if not timedelta() < length <= longest:
        raise Senseless(f"`for` must be a length of time such as 15m, up to {longest.days}d.")
    return now + length


def _entry(
    request: Request, speaker: Caller, action: str, token: StoredToken, *, said: str, at: datetime
) -> Entry:
    told = f"token {token.number} ({token.name}, {token.role}, {token.purpose})"
    return entry_of(request, speaker, action, at=at, detail=f"{told}; {said}" if said else told)


def _render_time(at: datetime | None) -> str | None:
    return None if at is None else at.isoformat()
