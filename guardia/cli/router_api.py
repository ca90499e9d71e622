"""Talking to a running router, for commands that ask or tell it something."""

import json
import os
from collections.abc import Mapping
from http import HTTPStatus
from http.client import HTTPException
from pathlib import Path
from typing import Any
from urllib.error import HTTPError
from urllib.parse import urlsplit
from urllib.request import Request, urlopen

from guardia.cli.errors import UsageError

DEFAULT_URL = "http://127.0.0.1:8080"
TIMEOUT_SECONDS = 15  # the router answers within 10, also when it cannot


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
    status, text = _ask(_request(method, url + path, body, environment), url)
    return status, _read_answer(status, text, url)


def fetch_file(path: str, *, environment: Mapping[str, str] = os.environ) -> bytes | dict[str, Any]:
    """Return the bytes of a file that the router keeps, or its problem as JSON.

    Raises UsageError as `call_router` does.
    """
    url = _router_url(environment)
    status, content = _ask(_request("GET", url + path, None, environment), url)
    if status == HTTPStatus.OK:
        return content
    problem: dict[str, Any] = _read_answer(status, content, url)
    return problem


def _router_url(environment: Mapping[str, str]) -> str:
    url = environment.get("GUARDIA_URL", "").strip().rstrip("/") or DEFAULT_URL
    if urlsplit(url).scheme not in ("http", "https"):
        raise UsageError(f"GUARDIA_URL must start with http:// or https://, not {url!r}")
    return url


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


def _read_answer(status: int, text: bytes, url: str) -> Any:
    """Return the JSON of an answer. Raises UsageError when the router did not or could not."""
    try:
        answer = json.loads(text)
    except ValueError:
        raise UsageError(f"what answers at {url} is not the router") from None
    if status == HTTPStatus.UNAUTHORIZED:
        raise UsageError(f"the router at {url} refuses the token of GUARDIA_API_TOKEN_FILE")
    if status >= HTTPStatus.INTERNAL_SERVER_ERROR:
        raise UsageError(f"the router at {url} cannot do this now: {explain(answer)}")
    return answer


def explain(answer: Any) -> str:
    """Return the sentence of a problem answer."""
    detail = answer.get("detail") if isinstance(answer, dict) else None
    return detail if isinstance(detail, str) else "it gives no reason"


def _ask(request: Request, url: str) -> tuple[int, bytes]:
    try:
        with urlopen(request, timeout=TIMEOUT_SECONDS) as response:  # noqa: S310  # as above
            return response.status, response.read()
    except HTTPError as error:  # an answer all the same
        with error:
            return error.code, error.read()
    except (OSError, HTTPException, ValueError) as error:
        reason = getattr(error, "reason", error)
        raise UsageError(
            f"the router at {url} does not answer ({reason}); GUARDIA_URL names its address"
        ) from None


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
    return tokens[0]
