"""One row of the API: who may ask what, and what comes back. Routes and document are made of it."""

import inspect
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from http import HTTPStatus
from typing import Any, Final, TypeVar

import msgspec
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from router.oncall.model import Role
from router.web.access.access import Access
from router.web.access.caller import Caller
from router.web.api.bodies import BadBody, read_json
from router.web.api.queries import read_query
from router.web.problems import render_problem

JSON: Final = "application/json"

G = TypeVar("G", bound=msgspec.Struct)
Work = Callable[[Request, Caller, G], Awaitable[Response]]


class Nothing(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What is given where there is nothing to say."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Reply:
    """What comes back when it went well: JSON of a shape (a TypedDict), or a file."""

    shape: Any = None
    media_type: str = JSON
    status: HTTPStatus = HTTPStatus.OK
    has_pages: bool = False  # of a list, with a Link header to the next one


@dataclass(frozen=True, slots=True, kw_only=True)
class Endpoint:
    """One method of one path. `given` is the query of a GET, and the body of a POST."""

    method: str
    path: str
    name: str  # what clients that are generated call it
    role: Role
    given: type[msgspec.Struct]
    example: Mapping[str, Any]  # of the body
    reply: Reply
    problems: tuple[HTTPStatus, ...]  # besides those that all have
    text: str  # what it does: a sentence, then more of it
    call: Callable[[Request, Access], Awaitable[Response]]


def get(
    path: str,
    name: str,
    work: Work[G],
    *,
    query: type[G],
    reply: Reply,
    role: Role = Role.VIEWER,
    problems: Sequence[HTTPStatus] = (),
) -> Endpoint:
    """Return an endpoint that changes nothing."""

    async def read(request: Request) -> G:
        return read_query(request, query)

    return Endpoint(
        method="GET",
        path=path,
        name=name,
        role=role,
        given=query,
        example={},
        reply=reply,
        problems=tuple(problems),
        text=_text_of(work),
        call=_behind_the_door(role, read, work),
    )


def post(
    path: str,
    name: str,
    work: Work[G],
    *,
    body: type[G],
    reply: Reply,
    example: Mapping[str, Any],
    role: Role = Role.RESPONDER,
    problems: Sequence[HTTPStatus] = (),
) -> Endpoint:
    """Return an endpoint that does something."""

    async def read(request: Request) -> G:
        read_query(request, Nothing)
        return await read_json(request, body, example=example)

    return Endpoint(
        method="POST",
        path=path,
        name=name,
        role=role,
        given=body,
        example=example,
        reply=reply,
        problems=tuple(problems),
        text=_text_of(work),
        call=_behind_the_door(role, read, work),
    )


def routes_of(endpoints: Sequence[Endpoint], access: Access) -> list[Route]:
    """Return one route a path, so that a refused method is told all that there are."""
    paths: dict[str, dict[str, Endpoint]] = {}
    for one in endpoints:
        of_path = paths.setdefault(one.path, {})
        if one.method in of_path:
            raise ValueError(f"{one.method} {one.path} is there twice")
        of_path[one.method] = one
    return [_route(path, of_path, access) for path, of_path in paths.items()]


def _route(path: str, of_path: Mapping[str, Endpoint], access: Access) -> Route:
    async def serve(request: Request) -> Response:
        method = "GET" if request.method == "HEAD" else request.method
        return await of_path[method].call(request, access)

    return Route(path, serve, methods=[*of_path])


def _behind_the_door(
    role: Role,
    read: Callable[[Request], Awaitable[G]],
    work: Work[G],
) -> Callable[[Request, Access], Awaitable[Response]]:
    """Who asks is known before a byte of what they say is read."""

    async def call(request: Request, access: Access) -> Response:
        entered = await access.enter(request, role)
        if isinstance(entered, Response):
            return entered
        try:
            return await work(request, entered, await read(request))
        except BadBody as error:
            return render_problem(error.status, error.reason)

    return call


def _text_of(work: Callable[..., object]) -> str:
    text = inspect.getdoc(work)
    if not text:
        raise ValueError(f"{work!r} says nothing of what it does")
    return text
