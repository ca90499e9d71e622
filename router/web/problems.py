"""Errors as problem details (RFC 9457)."""

import logging
from http import HTTPStatus
from typing import Any

from sqlalchemy.exc import SQLAlchemyError
from starlette.exceptions import HTTPException
from starlette.responses import JSONResponse

from router.store.writer import StoreBusyError

# What makes the store unable to keep something now, and able later.
STORE_ERRORS = (StoreBusyError, SQLAlchemyError)

logger = logging.getLogger(__name__)


def render_problem(status: HTTPStatus, detail: str, **members: Any) -> JSONResponse:
    """Return an error that says in one plain sentence what is wrong.

    `members` are more of the problem for programs (RFC 9457, 3.2).
    """
    headers = {}
    if status is HTTPStatus.UNAUTHORIZED:
        headers["WWW-Authenticate"] = "Bearer"  # RFC 9110, 15.5.2: required
    if status is HTTPStatus.SERVICE_UNAVAILABLE:
        headers["Retry-After"] = "1"
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


def render_unavailable(error: Exception) -> JSONResponse:
    """Return 503: the caller should try again, and our logs say why."""
    logger.error("a request could not be served: %s", error)
    return render_problem(
        HTTPStatus.SERVICE_UNAVAILABLE, "The router cannot do this now; please try again."
    )


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
