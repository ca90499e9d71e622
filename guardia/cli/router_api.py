"""Talking to a running router, for commands that ask or tell it something."""

import json
import os
import ssl
from collections.abc import Mapping
from dataclasses import dataclass
from http import HTTPStatus
from http.client import HTTPException
from pathlib import Path
from typing import Any
from urllib.error import HTTPError, URLError
from urllib.parse import urlsplit
from urllib.request import HTTPRedirectHandler, Request, build_opener

from guardia.change import plain
from guardia.cli.arguments import DEFAULT_URL
from guardia.cli.errors import UsageError

TIMEOUT_SECONDS = 15  # the router answers within 10, also when it cannot
_NAMED = "GUARDIA_URL names its address"
_OF_A_PROXY = (502, 503, 504)
_ELSEWHERE = (301, 302, 303, 307, 308)
# What the router says of a path, or a method of a path, that it does not have.
_UNKNOWN_REQUESTS = ("Not Found.", "Method Not Allowed.")


@dataclass(frozen=True, slots=True, kw_only=True)
class _Answer:
    """What came back, whoever it is that answered."""

    status: int
    content: bytes


def call_router(
    method: str,
    path: str,
    *,
    body: Mapping[str, str] | None = None,
    environment: Mapping[str, str] = os.environ,
) -> tuple[int, Any]:
    """Return status and JSON of one request to the router that GUARDIA_URL names.

    Raises UsageError when it cannot be asked: no token, no connection, a
    refused token, something that is not the router.
    """
    url = _router_url(environment)
    answer = _ask(_request(method, url + path, body, environment), url)
    return answer.status, _read_answer(answer, url)


def fetch_file(path: str, *, environment: Mapping[str, str] = os.environ) -> bytes | dict[str, Any]:
    """Return the bytes of a file that the router keeps, or its problem as JSON.

    Raises UsageError as `call_router` does.
    """
    url = _router_url(environment)
    answer = _ask(_request("GET", url + path, None, environment), url)
    if answer.status == HTTPStatus.OK:
        return answer.content
    problem: dict[str, Any] = _read_answer(answer, url)
    return problem


def _router_url(environment: Mapping[str, str]) -> str:
    """Return the address, without a slash at its end. Raises UsageError for what is none."""
    url = environment.get("GUARDIA_URL", "").strip().rstrip("/") or DEFAULT_URL
    try:
        parts = urlsplit(url)
        secret = parts.username is not None
        whole = bool(parts.hostname) and parts.port != 0
    except ValueError:  # of a port or an IPv6 address
        raise UsageError(_no_address(url)) from None
    if secret:
        raise UsageError(  # and it is not shown: it may be a password
            "GUARDIA_URL must hold no user and no password: the token is in the file that"
            " GUARDIA_API_TOKEN_FILE names"
        )
    if parts.scheme not in ("http", "https"):
        raise UsageError(f"GUARDIA_URL must start with http:// or https://, not {url!r}")
    if not whole or parts.query or parts.fragment or not url.isprintable() or " " in url:
        raise UsageError(_no_address(url))
    return url


def _no_address(url: str) -> str:
    return f"GUARDIA_URL must be the router's address, such as {DEFAULT_URL}, not {url!r}"


def _request(
    method: str, url: str, body: Mapping[str, str] | None, environment: Mapping[str, str]
) -> Request:
    return Request(  # noqa: S310  # the scheme was checked in _router_url
        url,
        method=method,
        data=None if body is None else json.dumps(body).encode(),
        headers={
            "Authorization": f"Bearer {_read_token(environment)}",
            "Content-Type": "application/json",
        },
    )


def _read_answer(answer: _Answer, url: str) -> Any:
    """Return the JSON of an answer. Raises UsageError when the router did not or could not."""
    try:
        told = json.loads(answer.content)
    except ValueError:
        told = None
    refused = answer.status >= HTTPStatus.BAD_REQUEST
    if not isinstance(told, dict) or (refused and not isinstance(told.get("detail"), str)):
        if answer.status in _OF_A_PROXY:
            raise UsageError(f"the proxy at {url} does not reach the router (HTTP {answer.status})")
        raise UsageError(
            f"what answers at {url} is not the router (HTTP {answer.status}); GUARDIA_URL must be"
            " the router's own address, without the path of a page"
        )
    if answer.status == HTTPStatus.UNAUTHORIZED:
        raise UsageError(
            f"the router at {url} refuses the token of GUARDIA_API_TOKEN_FILE: it is wrong, has"
            " expired or was ended"
        )
    if answer.status >= HTTPStatus.INTERNAL_SERVER_ERROR:
        raise UsageError(f"the router at {url} cannot do this now: {plain(told['detail'])}")
    if told.get("detail") in _UNKNOWN_REQUESTS:
        raise UsageError(
            f"the router at {url} does not know this request: GUARDIA_URL must be its own address,"
            " without the path of a page; or it is of another release than this command"
        )
    return told


def explain(answer: Any) -> str:
    """Return the sentence of a problem answer."""
    detail = answer.get("detail") if isinstance(answer, dict) else None
    return detail if isinstance(detail, str) else "it gives no reason"


class _StayHere(HTTPRedirectHandler):
    """Goes nowhere else: a POST would become a GET, and a stranger would be shown the token."""

    def redirect_request(self, *_: Any, **__: Any) -> None:
        return None


def _ask(request: Request, url: str) -> _Answer:
    try:
        with build_opener(_StayHere).open(request, timeout=TIMEOUT_SECONDS) as response:
            return _Answer(status=response.status, content=response.read())
    except HTTPError as error:  # an answer all the same
        with error:
            if error.code in _ELSEWHERE:
                raise UsageError(_elsewhere(error, request, url)) from None
            return _Answer(status=error.code, content=error.read())
    except URLError as error:  # it was not reached
        raise UsageError(f"{_unreached(error.reason, url)}; {_NAMED}") from None
    except (OSError, HTTPException, ValueError) as error:  # it may have been
        sentence = f"the router at {url} does not answer ({_reason(error)}); {_NAMED}"
        if request.method != "GET":
            sentence += ". It may have been done all the same: look before you repeat it"
        raise UsageError(sentence) from None


def _elsewhere(error: HTTPError, request: Request, url: str) -> str:
    to = plain(error.headers.get("Location", "")).removesuffix(request.full_url.removeprefix(url))
    return f"{url} sends on to {to or 'somewhere else'}, and nothing was done: {_NAMED}"


def _unreached(reason: object, url: str) -> str:
    if isinstance(reason, ssl.SSLCertVerificationError):
        return (
            f"the certificate at {url} is not trusted ({reason.verify_message}): SSL_CERT_FILE"
            " names the file with that of its authority"
        )
    if isinstance(reason, ssl.SSLError):
        return f"what answers at {url} does not speak https ({reason.reason})"
    return f"the router at {url} does not answer ({_reason(reason)})"


def _reason(error: object) -> str:
    """Return why, in words and without numbers of the system."""
    if isinstance(error, TimeoutError):
        return f"not within {TIMEOUT_SECONDS} s"
    return plain(str(getattr(error, "strerror", None) or error))


def _read_token(environment: Mapping[str, str]) -> str:
    name = environment.get("GUARDIA_API_TOKEN_FILE", "").strip()
    if not name:
        raise UsageError("GUARDIA_API_TOKEN_FILE must name the file with the router's API token")
    try:
        lines = Path(name).read_text(encoding="utf-8").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        reason = error.strerror if isinstance(error, OSError) else "it is not UTF-8 text"
        raise UsageError(f"GUARDIA_API_TOKEN_FILE: cannot read {name}: {reason}") from None
    tokens = [line.strip() for line in lines if line.strip() and not line.lstrip().startswith("#")]
    if not tokens:
        raise UsageError(f"GUARDIA_API_TOKEN_FILE: {name} holds no token")
    if not all(char.isprintable() and ord(char) < 256 for char in tokens[0]):  # what a header holds
        raise UsageError(f"GUARDIA_API_TOKEN_FILE: {name} does not begin with a token")
    return tokens[0]
