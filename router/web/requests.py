"""What the endpoints read of a request: who asks, and a body of bounded size."""

from dataclasses import dataclass
from http import HTTPStatus
from typing import Final

from starlette.requests import Request
from starlette.responses import Response

from router.intake.rejection import KEPT_OF_TOO_LARGE
from router.web.problems import render_problem
from router.web.tokens import TokenFile


def refuse_stranger(request: Request, tokens: TokenFile, *, name: str) -> Response | None:
    """Return 401 unless the request shows one of the tokens, else None.

    `name` is what the token is called. Raises TokensUnavailableError.
    """
    if tokens.allows(request.headers.get("authorization", "")):
        return None
    detail = f"The Authorization header must be `Bearer` and the router's {name} token."
    return render_problem(HTTPStatus.UNAUTHORIZED, detail)


LARGEST_NUMBER: Final = 2**63 - 1  # of a row in either database
_LONGEST_NUMBER: Final = 19  # digits of it


@dataclass(frozen=True, slots=True, kw_only=True)
class TooLarge:
    """A body beyond the limit: how it begins, and how large it is."""

    beginning: bytes
    size_bytes: int  # as declared, else as much of it as had come


async def read_body(request: Request, *, limit: int) -> bytes | TooLarge:
    """Return the body, or TooLarge as soon as it is larger than `limit` bytes."""
    chunks, size = [], 0
    async for chunk in request.stream():
        size += len(chunk)
        chunks.append(chunk)
        if size > limit:
            beginning = b"".join(chunks)[:KEPT_OF_TOO_LARGE]
            return TooLarge(beginning=beginning, size_bytes=max(size, _declared_size(request)))
    return b"".join(chunks)


def _declared_size(request: Request) -> int:
    """Return the Content-Length, which the server has checked; 0 where there is none."""
    declared = request.headers.get("content-length", "")
    return int(declared) if declared.isascii() and declared.isdigit() and len(declared) < 19 else 0


def read_number(text: str) -> int | None:
    """Return a whole number; None for what is none, or too large for a row.

    Checked by hand, after the token: Python refuses to read thousands of digits.
    """
    if not text.isascii() or not text.isdigit() or len(text) > _LONGEST_NUMBER:
        return None
    number = int(text)
    return number if number <= LARGEST_NUMBER else None
