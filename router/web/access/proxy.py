"""What a trusted proxy says of a request: from where it came, and by whom. From others: nothing."""

import re
from http import HTTPStatus
from ipaddress import ip_address
from typing import Final

from starlette.requests import Request
from starlette.types import ASGIApp, Receive, Scope, Send

from router.sign_in import SignIn
from router.web.access.people import is_usable
from router.web.problems import render_problem

BY_PROXY: Final = "proxy"  # a way to sign in
_NAME: Final = "guardia.proxy_name"
_FORWARDED: Final = b"x-forwarded-for"
# [IPv6] or IPv4, with or without a port, or IPv6 as it is.
_PORT: Final = r"(?::[0-9]{1,5})?"
_SHOWN: Final = re.compile(rf"\[([0-9a-fA-F:.]+)\]{_PORT}|([0-9.]+){_PORT}|([0-9a-fA-F:.]+)")

Headers = list[tuple[bytes, bytes]]


class ProxyMiddleware:
    """Takes the name at sign-in out of its header, and the header away from everybody.

    What is behind reads `proxy_name`, which only a proxy of GUARDIA_PROXY_FROM
    can have set. The caller's address is the last one in X-Forwarded-For that
    is no proxy of ours: those before it are whatever the caller wrote.
    """

    def __init__(self, app: ASGIApp, sign_in: SignIn) -> None:
        self._app = app
        self._sign_in = sign_in
        self._header = (sign_in.proxy_header or "").encode()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request by what may be believed of it."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        headers: Headers = scope["headers"]
        peer = scope["client"][0] if scope.get("client") else ""
        believed = self._sign_in.trusts(peer)
        given = [value for name, value in headers if self._header and name == self._header]
        scope = {
            **scope,
            _NAME: None,
            "headers": [one for one in headers if one[0] != self._header],
        }
        if believed:
            scope["client"] = (_first_stranger(headers, peer, self._sign_in), 0)
            if given and _read_name(given) is None:
                detail = "The proxy's header with the name at sign-in is doubled or unreadable."
                await render_problem(HTTPStatus.BAD_REQUEST, detail)(scope, receive, send)
                return
            scope[_NAME] = _read_name(given)
        await self._app(scope, receive, send)


def proxy_name(request: Request) -> str | None:
    """Return the name at sign-in that a trusted proxy vouches for, or None."""
    name: str | None = request.scope.get(_NAME)
    return name


def is_named(name: str, request: Request) -> bool:
    """Say whether a trusted proxy vouches for this name: whom it signed in, it must name still."""
    named = proxy_name(request)
    return named is not None and named.casefold() == name.casefold()


def _read_name(given: list[bytes]) -> str | None:
    """Return the one name; None for several, and for what cannot be one."""
    if len(given) != 1:
        return None
    try:
        name = given[0].decode().strip()
    except UnicodeDecodeError:
        return None
    return name if is_usable(name) else None


def _first_stranger(headers: Headers, peer: str, sign_in: SignIn) -> str:
    """Return who called the outermost proxy of ours; `peer` where that is not told."""
    told = b",".join(value for name, value in headers if name == _FORWARDED)
    address = peer
    for part in reversed(told.decode("latin-1").split(",")):
        shown = _read_address(part.strip())
        if shown is None:
            break
        address = shown
        if not sign_in.trusts(address):
            break
    return address


def _read_address(text: str) -> str | None:
    """Return an address, which some proxies write with its port; None for anything else.

    One with a zone (RFC 4007, 11) means nothing here, and a zone is any text.
    """
    found = _SHOWN.fullmatch(text)
    try:
        return None if found is None else str(ip_address(found[1] or found[2] or found[3]))
    except ValueError:
        return None
