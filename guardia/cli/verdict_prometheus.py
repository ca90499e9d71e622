"""Asking Prometheus for the events in slices of time, for `guardia verdict`."""

import json
import math
import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from http.client import HTTPException
from pathlib import Path
from typing import Any
from urllib.error import HTTPError
from urllib.parse import urlencode, urlsplit
from urllib.request import HTTPRedirectHandler, Request, build_opener

from guardia.cli.errors import UsageError
from guardia.problem import printable

TIMEOUT_SECONDS = 60  # a day of many series takes a while
TOKEN_FILE = "GUARDIA_PROMETHEUS_TOKEN_FILE"  # noqa: S105  # a name, no token
_LONGEST_REASON = 300
_REDIRECTS = 3  # hundred and some: where else to ask
_HINT = "PromQL info: "  # such as on a counter's name; Prometheus 2 has it among the warnings


class _NoRedirect(HTTPRedirectHandler):
    """Follow no redirect: urllib would send the token along, to whatever host is named."""

    def redirect_request(self, *_: Any) -> None:
        """Return no request, which makes the redirect an HTTPError."""


_OPENER = build_opener(_NoRedirect)


@dataclass(frozen=True, slots=True, kw_only=True)
class Grid:
    """Slices of equal length, one after the other; the last one ends at `ends_at`."""

    ends_at: datetime
    slice: timedelta
    number: int

    @property
    def starts_at(self) -> datetime:
        """Return the beginning of the first slice."""
        return self.ends_at - self.slice * self.number


@dataclass(frozen=True, slots=True, kw_only=True)
class Prometheus:
    """A Prometheus, or what answers as one does."""

    url: str
    token: str | None = None

    def ask(self, expression: str, grid: Grid) -> tuple[float, ...]:
        """Return an expression's value at the end of each slice, 0 where it has none.

        The expression gives one series. Raises UsageError for no answer or one
        that tells nothing. Source: Prometheus documentation, "HTTP API", range
        queries.
        """
        if grid.number < 1:
            return ()
        first, every = grid.starts_at + grid.slice, grid.slice.total_seconds()
        start = first.timestamp()
        form = {
            "query": expression,
            "start": f"{start:.3f}",
            "end": f"{grid.ends_at.timestamp():.3f}",
            "step": f"{every:.3f}",
        }
        found = [0.0] * grid.number
        for at, value in self._points(form):
            index = round((at - start) / every)
            if 0 <= index < grid.number:
                found[index] = value
        return tuple(found)

    def _points(self, form: Mapping[str, str]) -> Sequence[tuple[float, float]]:
        answer = self._post("/api/v1/query_range", form)
        try:
            result = answer["data"]["result"]
            points = [(float(at), float(value)) for one in result for at, value in one["values"]]
        except (KeyError, TypeError, ValueError):
            raise UsageError(f"what answers at {self.url} is not Prometheus' API") from None
        if len(result) > 1 or any(not math.isfinite(value) for _, value in points):
            raise UsageError(
                f"Prometheus gives no plain number for {printable(form['query'])}:"
                " ask it yourself to see why"
            )
        return [(at, max(value, 0.0)) for at, value in points]

    def _post(self, path: str, form: Mapping[str, str]) -> Any:
        headers = {} if self.token is None else {"Authorization": f"Bearer {self.token}"}
        request = Request(  # noqa: S310  # the scheme was checked in read_prometheus
            self.url + path, data=urlencode(form).encode(), headers=headers
        )
        status, text = self._send(request)
        try:
            answer = json.loads(text)
        except (ValueError, RecursionError):
            raise UsageError(
                f"what answers at {self.url} is not Prometheus (status {status}, no JSON);"
                " --prometheus takes the address before /api/v1"
            ) from None
        if not isinstance(answer, dict) or answer.get("status") != "success":
            reason = answer.get("error") if isinstance(answer, dict) else None
            said = printable(str(reason or "it gives no reason"))[:_LONGEST_REASON]
            raise UsageError(f"Prometheus at {self.url} refuses (status {status}): {said}")
        _check_whole(answer)
        return answer

    def _send(self, request: Request) -> tuple[int, bytes]:
        try:
            with _OPENER.open(request, timeout=TIMEOUT_SECONDS) as response:
                return response.status, response.read()
        except HTTPError as error:  # an answer all the same
            with error:
                if error.code // 100 == _REDIRECTS:
                    raise UsageError(_redirected(self.url, error)) from None
                return error.code, error.read()
        except (OSError, HTTPException, ValueError) as error:
            reason = getattr(error, "reason", error)
            raise UsageError(
                f"Prometheus at {self.url} does not answer ({reason}); --prometheus names its"
                " address, such as http://prometheus:9090"
            ) from None


def _check_whole(answer: Mapping[str, Any]) -> None:
    """Raise UsageError for a warning: what Thanos or a remote store left out was not counted."""
    warnings = answer.get("warnings") or []
    listed = [str(one) for one in warnings] if isinstance(warnings, list) else [str(warnings)]
    said = "; ".join(one for one in listed if not one.startswith(_HINT))
    if said:
        shown = printable(said)[:_LONGEST_REASON]
        raise UsageError(f"Prometheus warns, so its numbers may not be whole: {shown}")


def _redirected(url: str, error: HTTPError) -> str:
    # A login's address holds secrets behind its question mark, or before its @.
    where = printable(str(error.headers.get("Location", "")).partition("?")[0])
    shown = f" to {where[:_LONGEST_REASON]}" if where and "@" not in where else ""
    return (
        f"Prometheus at {url} redirects{shown} (status {error.code}), which is not followed, as a"
        " token would go along: --prometheus takes the address that answers itself"
    )


def read_prometheus(url: str, environment: Mapping[str, str] = os.environ) -> Prometheus:
    """Return the Prometheus at an address. Raises UsageError for what is none, or a bad token."""
    written = url.strip().rstrip("/")
    try:
        parts = urlsplit(written)
        is_address = parts.scheme in ("http", "https") and bool(parts.hostname)
    except ValueError:
        is_address = False
    if "@" in written:  # never shown: it holds a password, also where no scheme stands before it
        raise UsageError(
            f"--prometheus takes no user and password in its address: {TOKEN_FILE} names a file"
            " with a bearer token"
        )
    if not is_address:
        raise UsageError(
            f"--prometheus must be an address such as http://prometheus:9090, not {url!r}"
        )
    return Prometheus(url=written, token=_read_token(environment))


def _read_token(environment: Mapping[str, str]) -> str | None:
    name = environment.get(TOKEN_FILE, "").strip()
    if not name:
        return None
    try:
        token = Path(name).read_text(encoding="utf-8").strip()
    except (OSError, UnicodeDecodeError) as error:
        reason = error.strerror if isinstance(error, OSError) else "it is not UTF-8 text"
        raise UsageError(f"{TOKEN_FILE}: cannot read {name}: {reason}") from None
    if not token.isascii() or not token.isprintable() or " " in token or not token:
        raise UsageError(f"{TOKEN_FILE}: {name} must hold one token and nothing else")
    return token
