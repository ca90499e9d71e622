"""The catalog in force, and reading its files again (G9)."""

import asyncio
from dataclasses import dataclass
from http import HTTPStatus
from typing import Final, TypedDict, cast

from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from guardia.problem import problem_fields
from guardia.word import counted
from router.edition import UnsettledError
from router.reload import Refusal, Reloads
from router.web.access.access import Access
from router.web.access.caller import Caller
from router.web.api.endpoint import Nothing
from router.web.api.shapes import CatalogProblemView, Instant
from router.web.problems import render_problem

WAIT_SECONDS: Final = 10.0  # as for the store; only a file system that hangs takes as long


class RefusalView(TypedDict):
    """Why the catalog's files are not in force: `count` problems, and the first of them."""

    at: Instant
    count: int
    problems: list[CatalogProblemView]


class CatalogView(TypedDict):
    """Which catalog is in force."""

    version: str
    loaded_at: Instant
    refused: RefusalView | None


class ReloadedView(TypedDict):
    """What reading the files brought."""

    catalog: str
    changed: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class CatalogApi:
    """The endpoints."""

    access: Access
    reloads: Reloads

    async def show(self, _request: Request, _caller: Caller, _asked: Nothing) -> Response:
        """Return the version in force, since when, and why the files are refused if they are."""
        return JSONResponse(render_catalog(self.reloads))

    async def reload(self, request: Request, caller: Caller, _told: Nothing) -> Response:
        """Read the files now: 200 when they are in force, 422 with their problems when not."""
        answer = await self._reload()
        outcome = f"catalog {self.reloads.version}, status {answer.status_code}"
        is_done = answer.status_code == HTTPStatus.OK
        await self.access.audit(request, caller, "reload", done=is_done, detail=outcome)
        return answer

    async def _reload(self) -> Response:
        # Shielded, as a thread cannot be stopped: who waits gives up, and no second one begins.
        reloading = asyncio.ensure_future(self.reloads.reload())
        try:
            outcome = await asyncio.wait_for(asyncio.shield(reloading), WAIT_SECONDS)
        except TimeoutError:
            return _unavailable("could not be read in time")
        except UnsettledError:
            return _unavailable("changed while they were read")
        refusal = self.reloads.refusal
        if refusal is None:
            answer: ReloadedView = {
                "catalog": self.reloads.version,
                "changed": outcome == "changed",
            }
            return JSONResponse(answer)
        return self._refuse(refusal)

    def _refuse(self, refusal: Refusal) -> Response:
        shown = f", of which the first {len(refusal.problems)} follow"
        return render_problem(
            HTTPStatus.UNPROCESSABLE_ENTITY,
            f"The catalog's files have {counted(refusal.count, 'problem')}"
            f"{shown if len(refusal.problems) < refusal.count else ''};"
            f" catalog {self.reloads.version} stays in force.",
            catalog=self.reloads.version,
            problems=[problem_fields(one) for one in refusal.problems],
        )


def render_catalog(reloads: Reloads) -> CatalogView:
    """Return which catalog is in force."""
    refusal = reloads.refusal
    return {
        "version": reloads.version,
        "loaded_at": reloads.loaded_at.isoformat(),
        "refused": None if refusal is None else _render_refusal(refusal),
    }


def _render_refusal(refusal: Refusal) -> RefusalView:
    return {
        "at": refusal.at.isoformat(),
        "count": refusal.count,
        "problems": [cast(CatalogProblemView, problem_fields(one)) for one in refusal.problems],
    }


def _unavailable(reason: str) -> Response:
    detail = f"The catalog's files {reason}; please try again."
    return render_problem(HTTPStatus.SERVICE_UNAVAILABLE, detail)
