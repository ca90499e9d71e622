"""The small JSON bodies of the API: read, and refused with one sentence."""

from http import HTTPStatus
from typing import Final, TypeVar

import msgspec
from starlette.requests import Request

from router.web.requests import TooLarge, read_body

LONGEST_NAME: Final = 200
LONGEST_BODY: Final = 10_000
BY_EXAMPLE: Final = 'JSON that says by whom, such as {"by": "Platform engineer 1"}'

B = TypeVar("B", bound=msgspec.Struct)


class BadBody(Exception):  # noqa: N818 - says what it is; a sentence for people
    """The body does not say what is needed. `reason` is one plain sentence."""

    def __init__(self, reason: str, status: HTTPStatus = HTTPStatus.BAD_REQUEST) -> None:
        super().__init__(reason)
        self.reason = reason
        self.status = status


class By(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Who asks."""

    by: str


async def read_json(request: Request, kind: type[B], *, wanted: str) -> B:
    """Return the body. Raises BadBody; `wanted` is what the sentence says that it must be."""
    body = await read_body(request, limit=LONGEST_BODY)
    if isinstance(body, TooLarge):
        raise BadBody("The body is too large.", HTTPStatus.REQUEST_ENTITY_TOO_LARGE)
    try:
        return msgspec.json.decode(body, type=kind)
    except (msgspec.DecodeError, UnicodeDecodeError):
        raise BadBody(f"The body must be {wanted}.") from None


def check_line(name: str, text: str, longest: int = LONGEST_NAME) -> str:
    """Return a text of one line without the space around it. Raises BadBody."""
    line = text.strip()
    if not 1 <= len(line) <= longest or not line.isprintable():
        raise BadBody(f"`{name}` must be 1 to {longest} printable characters on one line.")
    return line
