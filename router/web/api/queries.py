"""What stands behind the question mark of an address: read by its type, refused with a sentence."""

from collections.abc import Callable, Mapping, Sequence
from typing import Annotated, Any, Final, TypeVar
from urllib.parse import urlencode

import msgspec
from msgspec import UNSET, Meta, UnsetType
from starlette.requests import Request
from starlette.responses import JSONResponse

from guardia.word import nearest
from router.web.api.bodies import BadBody
from router.web.requests import LARGEST_NUMBER

LONGEST_LIST: Final = 500
LISTED: Final = 50  # unless more are asked for

Q = TypeVar("Q", bound=msgspec.Struct)
T = TypeVar("T")

Limit = Annotated[
    int, Meta(ge=1, le=LONGEST_LIST, description=f"a number from 1 to {LONGEST_LIST}")
]
Before = Annotated[
    int,
    Meta(
        ge=1,
        le=LARGEST_NUMBER,
        description="a number: only what has lower ones is listed, as the next page",
    ),
]


class Paged(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Which part of a list."""

    limit: Limit = LISTED
    before: Before | UnsetType = UNSET


def read_query(request: Request, kind: type[Q]) -> Q:
    """Return what was asked for. Raises BadBody with the parameter that is wrong, and how it goes.

    A word that is not known is refused too: left out, `?sevrity=high` would list everything.
    """
    given, fields = request.query_params, msgspec.structs.fields(kind)
    known = {field.encode_name: field for field in fields}
    found = {}
    for name in given:
        if name not in known:
            raise BadBody(_unknown(name, list(known)))
        if len(given.getlist(name)) > 1:
            raise BadBody(f"`{name}` is there more than once.")
        try:
            found[name] = msgspec.convert(given[name], known[name].type, strict=False)
        except msgspec.ValidationError:
            raise BadBody(f"`{name}` must be {_described(known[name].type)}.") from None
    return msgspec.convert(found, kind)


def page_of(
    request: Request,
    name: str,
    found: Sequence[T],
    *,
    limit: int,
    render: Callable[[T], Mapping[str, Any]],
) -> JSONResponse:
    """Return a page of a list: `limit` of what was found, and where it goes on if there is more.

    Each row has its number as `number`. Where it goes on is the query alone,
    right under whatever path the router is reached by; it is in the Link
    header (RFC 8288) too.
    """
    shown = [render(one) for one in found[:limit]]
    if len(found) <= limit:
        return JSONResponse({name: shown, "next": None})
    kept = [(key, value) for key, value in request.query_params.multi_items() if key != "before"]
    following = "?" + urlencode([*kept, ("before", shown[-1]["number"])])
    headers = {"Link": f'<{following}>; rel="next"'}
    return JSONResponse({name: shown, "next": following}, headers=headers)


def _unknown(name: str, known: list[str]) -> str:
    guess = nearest(name, known)
    shown = name if len(name) <= 40 and name.isprintable() else "with that name"
    return f"There is no parameter {shown} here." + (f" Did you mean {guess}?" if guess else "")


def _described(kind: Any) -> str:
    told: str = msgspec.json.schema(kind).get("description", "something else")
    return told
