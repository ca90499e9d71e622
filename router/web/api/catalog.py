"""The catalog in force, and reading its files again (G9)."""

import asyncio
from dataclasses import dataclass
from http import HTTPStatus
from typing import Any, Final

from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from guardia.problem import problem_fields
from guardia.word import counted
from router.edition import UnsettledError
from router.reload import Refusal, Reloads
from router.web.problems import render_problem
from router.web.requests import refuse_stranger
from router.web.tokens import TokenFile

WAIT_SECONDS: Final = 10.0  # as for the store; only a file system that hangs takes as long


@dataclass(frozen=True, slots=True, kw_only=True)
class CatalogApi:
    """The endpoints. Whoever has the API's token may see the problems: they quote the files."""

    reloads: Reloads
    tokens: TokenFile

    async def show(self, request: Request) -> Response:
        """Return the version in force, since when, and why the files are refused if they are."""
        if refused := refuse_stranger(request, self.tokens, name="API"):
            return refused
        refusal = self.reloads.refusal
        return JSONResponse(
            {
                "version": self.reloads.version,
                "loaded_at": self.reloads.loaded_at.isoformat(),
                "refused": None if refusal is None else _render_refusal(refusal),
            }
        )

    async def reload(self, request: Request) -> Response:
        """Read the files now: 200 when they are in force, 422 with their problems when not."""
        if refused := refuse_stranger(request, self.tokens, name="API"):
            return refused
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
            answer = {"catalog": self.reloads.version, "changed": outcome == "changed"}
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


def _render_refusal(refusal: Refusal) -> dict[str, Any]:
    return {
        "at": refusal.at.isoformat(),
        "count": refusal.count,
        "problems": [problem_fields(one) for one in refusal.problems],
    }


def _unavailable(reason: str) -> Response:
    detail = f"The catalog's files {reason}; please try again."
    return render_problem(HTTPStatus.SERVICE_UNAVAILABLE, detail)
