"""The API's document (OpenAPI 3.1), made of the endpoints themselves."""

from collections.abc import Iterable, Mapping, Sequence
from http import HTTPStatus
from typing import Any, Final

import msgspec

from router.oncall.model import Role
from router.web.api.bodies import LONGEST_BODY
from router.web.api.endpoint import JSON, Endpoint
from router.web.api.shapes import ProblemView
from router.web.requests import LARGEST_NUMBER

PROBLEM: Final = "application/problem+json"
_REF: Final = "#/components/schemas/{name}"
_VERSION: Final = "1"  # of the API; a field or a parameter more makes no new one
_NUMBER: Final = {"type": "integer", "minimum": 1, "maximum": LARGEST_NUMBER}
_ID: Final = {"type": "string", "minLength": 1}
_TEXT: Final = """\
What the router's page does, for programs. Every answer that is no success is a problem (RFC 9457)
whose `detail` says in one sentence what is wrong: 400 for what has not the form that stands here,
422 for what has it and cannot be meant so. Times are RFC 3339 with their offset.

Who holds a token that a command made, or is signed in, acts in their own name: `by` of theirs
changes nothing. The token of the file speaks for others, so `by` has to name them."""
_OFTEN: Final[Mapping[HTTPStatus, str]] = {
    HTTPStatus.BAD_REQUEST: "It has not the form that is described here.",
    HTTPStatus.UNAUTHORIZED: "Neither a token nor a session that counts.",
    HTTPStatus.FORBIDDEN: "The role is not enough.",
    HTTPStatus.NOT_FOUND: "There is no such thing.",
    HTTPStatus.CONFLICT: "It makes no sense as things stand.",
    HTTPStatus.REQUEST_ENTITY_TOO_LARGE: f"The body is larger than {LONGEST_BODY} bytes.",
    HTTPStatus.UNSUPPORTED_MEDIA_TYPE: "The body is no JSON, by its Content-Type.",
    HTTPStatus.UNPROCESSABLE_ENTITY: "It has the right form, and cannot be meant so.",
    HTTPStatus.TOO_MANY_REQUESTS: "Too soon to do it again, or too many wrong tokens.",
    HTTPStatus.SERVICE_UNAVAILABLE: "The router cannot do this now; try again.",
}
_HEADERS: Final[Mapping[HTTPStatus, str]] = {
    HTTPStatus.UNAUTHORIZED: "WWW-Authenticate",
    HTTPStatus.TOO_MANY_REQUESTS: "Retry-After",
    HTTPStatus.SERVICE_UNAVAILABLE: "Retry-After",
}


def render_document(endpoints: Sequence[Endpoint]) -> dict[str, Any]:
    """Return the document."""
    paths: dict[str, dict[str, Any]] = {}
    for one in endpoints:
        paths.setdefault(one.path, {})[one.method.lower()] = _operation(one)
    used = {status for one in endpoints for status in _problems_of(one)}
    return {
        "openapi": "3.1.0",
        "info": {"title": "Guardia", "version": _VERSION, "description": _TEXT},
        "paths": paths,
        "components": {
            "schemas": _schemas(endpoints),
            "responses": {_name(status): _problem(status) for status in sorted(used)},
            "securitySchemes": {
                "token": {
                    "type": "http",
                    "scheme": "bearer",
                    "description": "A line of the router's file of API tokens, or a token"
                    " that POST /api/tokens made.",
                }
            },
        },
        "security": [{"token": []}],
    }


def _schemas(endpoints: Iterable[Endpoint]) -> dict[str, Any]:
    shapes = [one.reply.shape for one in endpoints if one.reply.shape is not None]
    bodies = [one.given for one in endpoints if _has_body(one)]
    _, found = msgspec.json.schema_components([ProblemView, *shapes, *bodies], ref_template=_REF)
    return dict(sorted(found.items()))


def _operation(one: Endpoint) -> dict[str, Any]:
    summary, _, more = one.text.partition("\n")
    told: dict[str, Any] = {
        "operationId": one.name,
        "summary": summary,
        "description": "\n\n".join(filter(None, (more.strip(), f"For the role {one.role.value}."))),
        "tags": [one.path.removeprefix("/-").removeprefix("/api").split("/")[1].split(".")[0]],
        "parameters": [*_path_parameters(one), *_query_parameters(one)],
        "responses": {str(one.reply.status.value): _success(one)}
        | {
            str(status.value): {"$ref": f"#/components/responses/{_name(status)}"}
            for status in sorted(_problems_of(one))
        },
    }
    if _has_body(one):
        schema = msgspec.json.schema_components([one.given], ref_template=_REF)[0][0]
        needed = any(field.required for field in msgspec.structs.fields(one.given))
        content = {JSON: {"schema": schema, "example": dict(one.example)}}
        told["requestBody"] = {"required": needed, "content": content}
    return told


def _problems_of(one: Endpoint) -> set[HTTPStatus]:
    found = {
        HTTPStatus.BAD_REQUEST,
        HTTPStatus.UNAUTHORIZED,
        HTTPStatus.TOO_MANY_REQUESTS,
        HTTPStatus.SERVICE_UNAVAILABLE,
        *one.problems,
    }
    if one.role is not Role.VIEWER:
        found.add(HTTPStatus.FORBIDDEN)
    if "{" in one.path:
        found.add(HTTPStatus.NOT_FOUND)
    if one.method == "POST":
        found |= {HTTPStatus.REQUEST_ENTITY_TOO_LARGE, HTTPStatus.UNSUPPORTED_MEDIA_TYPE}
    return found


def _success(one: Endpoint) -> dict[str, Any]:
    reply = one.reply
    schema: dict[str, Any] = {}
    if reply.shape is not None:
        schema = msgspec.json.schema_components([reply.shape], ref_template=_REF)[0][0]
    elif reply.media_type.startswith("text/"):
        schema = {"type": "string"}
    content = {reply.media_type: {"schema": schema}}
    told: dict[str, Any] = {"description": reply.status.phrase, "content": content}
    if reply.has_pages:
        link = "Where the list goes on, as rel=next; absent on the last page."
        told["headers"] = {"Link": {"description": link, "schema": {"type": "string"}}}
    return told


def _problem(status: HTTPStatus) -> dict[str, Any]:
    schema = {"$ref": _REF.format(name=ProblemView.__name__)}
    told: dict[str, Any] = {
        "description": _OFTEN[status],
        "content": {PROBLEM: {"schema": schema}},
    }
    if header := _HEADERS.get(status):
        told["headers"] = {header: {"required": True, "schema": {"type": "string"}}}
    return told


def _path_parameters(one: Endpoint) -> list[dict[str, Any]]:
    if "{number}" in one.path:
        return [{"name": "number", "in": "path", "required": True, "schema": _NUMBER, "example": 1}]
    if "{id}" in one.path:
        example = "platform-1" if one.path.startswith("/api/people/") else "primary"
        return [{"name": "id", "in": "path", "required": True, "schema": _ID, "example": example}]
    return []


def _query_parameters(one: Endpoint) -> list[dict[str, Any]]:
    if one.method != "GET":
        return []
    schema = msgspec.json.schema(one.given)
    (made,) = schema["$defs"].values()
    return [
        {"name": name, "in": "query", "required": False, "description": told.pop("description")}
        | {"schema": told}
        for name, told in made["properties"].items()
    ]


def _has_body(one: Endpoint) -> bool:
    return one.method == "POST" and bool(msgspec.structs.fields(one.given))


def _name(status: HTTPStatus) -> str:
    return status.name.title().replace("_", "")
