"""What the endpoints read of a request: who asks, and a body of bounded size."""

from http import HTTPStatus

from starlette.requests import Request
from starlette.responses import Response

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


async def read_body(request: Request, *, limit: int) -> bytes | None:
    """Return the body, or None as soon as it is larger than `limit` bytes."""
    chunks, size = [], 0
    async for chunk in request.stream():
        size += len(chunk)
        if size > limit:
            return None
        chunks.append(chunk)
    return b"".join(chunks)
