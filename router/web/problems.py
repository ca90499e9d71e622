"""Errors as problem details (RFC 9457)."""

import logging
import math
from datetime import timedelta
from http import HTTPStatus
from typing import Any

from sqlalchemy.exc import SQLAlchemyError
from starlette.exceptions import HTTPException
from starlette.responses import JSONResponse

from router.store.writer import StoreBusyError, StoreLateError

# What makes the store unable to keep something now, and able later.
STORE_ERRORS = (StoreBusyError, SQLAlchemyError)

logger = logging.getLogger(__name__)


def render_problem(
    status: HTTPStatus, detail: str, *, wait: timedelta | None = None, **members: Any
) -> JSONResponse:
    """Return an error that says in one plain sentence what is wrong.

    `wait` is for how long there is no use in asking again. `members` are more
    of the problem for programs (RFC 9457, 3.2).
    """
    headers = {}
    if status is HTTPStatus.UNAUTHORIZED:
        headers["WWW-Authenticate"] = "Bearer"  # RFC 9110, 15.5.2: required
    if status is HTTPStatus.SERVICE_UNAVAILABLE:
        headers["Retry-After"] = "1"
    if wait is not None:
        headers |= retry_after(wait)
    return JSONResponse(
        {
            "type": "about:blank",
            "title": status.phrase,
            "status": status.value,
            "detail": detail,
            **members,
        },
        status_code=status,
        headers=headers,
        media_type="application/problem+json",
    )


def retry_after(wait: timedelta) -> dict[str, str]:
    """Return the header for it: whole seconds, not too few (RFC 9110, 10.2.3)."""
    return {"Retry-After": str(math.ceil(wait.total_seconds()))}


def render_unavailable(error: Exception) -> JSONResponse:
    """Return 503: the caller should try again, and our logs say why."""
    logger.error("a request could not be served: %s", error)
    told = "The router cannot do this now; please try again."
    if isinstance(error, StoreLateError):
        told = "The database did not answer in time. It may be done all the same: look first."
    return render_problem(HTTPStatus.SERVICE_UNAVAILABLE, told)


def render_refusal(error: HTTPException) -> JSONResponse:
    """Return what the framework refuses, such as an unknown path."""
    status = HTTPStatus(error.status_code)
    refusal = render_problem(status, f"{status.phrase}.")
    refusal.headers.update(error.headers or {})  # such as Allow, which 405 has to have
    return refusal


def render_defect() -> JSONResponse:
    """Return what is said of what nobody foresaw, without a word of the code's insides."""
    return render_problem(
        HTTPStatus.INTERNAL_SERVER_ERROR, "An error of the router; its logs have it."
    )
