"""The small JSON bodies of the API: read, and refused with one sentence."""

import json
from collections.abc import Mapping
from dataclasses import replace
from http import HTTPStatus
from typing import Annotated, Any, Final, TypeVar

import msgspec
from msgspec import Meta
from starlette.requests import Request

from router.web.access.caller import Caller
from router.web.requests import TooLarge, read_body

LONGEST_NAME: Final = 200
LONGEST_BODY: Final = 10_000
BY_EXAMPLE: Final = {"by": "Platform engineer 1"}
# The second is what curl and others say of whatever they send, unless they are told.
_MEDIA_TYPES: Final = ("application/json", "application/x-www-form-urlencoded", "")

B = TypeVar("B", bound=msgspec.Struct)

# Checked by `check_line`, whose sentence names the field.
Line = Annotated[
    str,
    Meta(
        description="printable characters on one line",
        extra_json_schema={"minLength": 1, "maxLength": LONGEST_NAME},
    ),
]


class BadBody(Exception):  # noqa: N818 - says what it is; a sentence for people
    """What was sent does not say what is needed. `reason` is one plain sentence."""

    def __init__(self, reason: str, status: HTTPStatus = HTTPStatus.BAD_REQUEST) -> None:
        super().__init__(reason)
        self.reason = reason
        self.status = status


class Senseless(BadBody):
    """It has the form that is asked for, and cannot be meant so."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason, HTTPStatus.UNPROCESSABLE_ENTITY)


class By(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Who asks: needed beside the token of the file, which speaks for others."""

    by: Line | None = None


async def read_json(request: Request, kind: type[B], *, example: Mapping[str, Any]) -> B:
    """Return the body; an empty one is `{}`. Raises BadBody."""
    media_type = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    body = await read_body(request, limit=LONGEST_BODY)
    if isinstance(body, TooLarge):
        raise BadBody("The body is too large.", HTTPStatus.REQUEST_ENTITY_TOO_LARGE)
    if body and media_type not in _MEDIA_TYPES:
        reason = "The body must be JSON, and Content-Type application/json."
        raise BadBody(reason, HTTPStatus.UNSUPPORTED_MEDIA_TYPE)
    try:
        return msgspec.json.decode(body or b"{}", type=kind)
    except (msgspec.DecodeError, UnicodeDecodeError):
        shown = json.dumps(dict(example), ensure_ascii=False)
        raise BadBody(f"The body must be JSON such as {shown}.") from None


def speaker_of(caller: Caller, by: str | None) -> Caller:
    """Return in whose name it is done. Raises Senseless.

    Who holds the token of the file speaks for others, as the command line does,
    and has to name them. All others speak for themselves: a `by` of theirs
    changes nothing, so that nobody acts in another's name.
    """
    if not caller.speaks_for_others:
        return caller
    if by is None:
        shown = json.dumps(BY_EXAMPLE)
        raise Senseless(f"The body must be JSON that says by whom, such as {shown}.")
    return replace(caller, name=check_line("by", by))


def said_by(caller: Caller, by: str | None) -> str:
    """Return what the audit keeps beside the name that it is done in."""
    if caller.speaks_for_others:
        return f"by who holds the {caller.name}"
    return "" if by is None else f"says {by.strip()[:LONGEST_NAME]}"


def check_line(name: str, text: str, longest: int = LONGEST_NAME) -> str:
    """Return a text of one line without the space around it. Raises Senseless."""
    line = text.strip()
    if not 1 <= len(line) <= longest or not line.isprintable():
        raise Senseless(f"`{name}` must be 1 to {longest} printable characters on one line.")
    return line
