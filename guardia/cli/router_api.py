"""Talking to a running router, for commands that ask or tell it something."""

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from guardia.cli.errors import UsageError

DEFAULT_URL = "http://127.0.0.1:8080"
TIMEOUT_SECONDS = 10


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
    import httpx

    url = environment.get("GUARDIA_URL", "").strip().rstrip("/") or DEFAULT_URL
    headers = {"Authorization": f"Bearer {_read_token(environment)}"}
    try:
        response = httpx.request(
            method, url + path, json=body, headers=headers, timeout=TIMEOUT_SECONDS
        )
        answer = response.json()
    except (httpx.HTTPError, httpx.InvalidURL) as error:
        raise UsageError(
            f"the router at {url} does not answer ({error}); GUARDIA_URL names its address"
        ) from None
    except ValueError:
        raise UsageError(f"what answers at {url} is not the router") from None
    if response.status_code == httpx.codes.UNAUTHORIZED:
        raise UsageError(f"the router at {url} refuses the token of GUARDIA_API_TOKEN_FILE")
    if response.status_code >= httpx.codes.INTERNAL_SERVER_ERROR:
        raise UsageError(f"the router at {url} cannot do this now: {explain(answer)}")
    return response.status_code, answer


def explain(answer: Any) -> str:
    """Return the sentence of a problem answer."""
    detail = answer.get("detail") if isinstance(answer, dict) else None
    return detail if isinstance(detail, str) else "it gives no reason"


def _read_token(environment: Mapping[str, str]) -> str:
    name = environment.get("GUARDIA_API_TOKEN_FILE", "").strip()
    if not name:
        raise UsageError("GUARDIA_API_TOKEN_FILE must name the file with the router's API token")
    try:
        lines = Path(name).read_text(encoding="utf-8").split()
    except (OSError, UnicodeDecodeError) as error:
        reason = error.strerror if isinstance(error, OSError) else "it is not UTF-8 text"
        raise UsageError(f"GUARDIA_API_TOKEN_FILE: cannot read {name}: {reason}") from None
    if not lines:
        raise UsageError(f"GUARDIA_API_TOKEN_FILE: {name} holds no token")
    return lines[0]
