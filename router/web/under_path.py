"""The one place that knows that the router may be below a path of another site.

An external address such as https://ops.example.org/guardia has one. Endpoints and
redirects are written as if the site were ours alone.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Final
from urllib.parse import urlsplit

from starlette.datastructures import MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

_BASE: Final[ContextVar[str]] = ContextVar("base", default="")


def base_path() -> str:
    """Return what stands before every path of ours in people's browsers; empty at the top."""
    return _BASE.get()


def path_of(external_url: str | None) -> str:
    """Return the path of the external address, without a slash at its end."""
    return "" if external_url is None else urlsplit(external_url).path.rstrip("/")


class UnderPath:
    """Takes the path off what comes, where the proxy has not, and puts it before redirects."""

    def __init__(self, app: ASGIApp, *, base: str) -> None:
        self._app = app
        self._base = base

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request."""
        if scope["type"] != "http" or not self._base:
            await self._app(scope, receive, send)
            return
        path: str = scope["path"]
        if path == self._base or path.startswith(f"{self._base}/"):
            scope = {**scope, "path": path[len(self._base) :] or "/"}

        async def send_below(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                location = headers.get("location", "")
                if location.startswith("/") and not location.startswith("//"):
                    headers["location"] = self._base + location
            await send(message)

        with _below(self._base):
            await self._app(scope, receive, send_below)


@contextmanager
def _below(base: str) -> Iterator[None]:
    token = _BASE.set(base)
    try:
        yield
    finally:
        _BASE.reset(token)
