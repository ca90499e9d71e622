"""What is answered when an endpoint fails: a page where people look, a problem for programs."""

import logging
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from http import HTTPStatus
from typing import Any, Final

from sqlalchemy.exc import SQLAlchemyError
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from router.phrase import Phrase, phrase
from router.store.writer import StoreLateError
from router.web.access.access import is_program
from router.web.access.places import SAFE, page_anew, place_of
from router.web.access.site import Site
from router.web.access.unsent import Again, read_again
from router.web.page.render import render_page
from router.web.ports import WebPorts
from router.web.problems import STORE_ERRORS, render_defect, render_refusal, render_unavailable
from router.web.tokens import TokensUnavailableError

Handler = Callable[[Request, Exception], Awaitable[Response]]

NO_STORE = phrase(
    "The router cannot read its database now. Acknowledge in PagerDuty: the router takes that up"
    " as soon as it can. Or try again in a minute."
)
# What was sent may be done: pressed again later than AGAIN_WITHIN, it wakes people once more.
MAYBE_ANSWERED = phrase(
    "The database did not answer in time. It may have been taken all the same: look at the"
    " incident before you press again. If you cannot, acknowledge in PagerDuty."
)
MAYBE_DONE = phrase(
    "The database did not answer in time. It may have been done all the same: look before you"
    " press again."
)
NOT_NOW = phrase("The router cannot do this now; please try again.")
NO_PAGE = phrase("There is no such page.")
OLD_FORM = phrase("Nothing was done: the page that sent this is out of date. Begin again.")
DEFECT = phrase("An error of the router; its logs have it. Acknowledge in PagerDuty meanwhile.")

_TOLD: Final[Mapping[int, Phrase]] = {
    HTTPStatus.NOT_FOUND: NO_PAGE,
    HTTPStatus.METHOD_NOT_ALLOWED: OLD_FORM,
}
# A COMMIT whose answer got lost is an error of the database's, and may have counted.
_MAYBE_DONE: Final = (StoreLateError, SQLAlchemyError)

logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class Failures:
    """The answers. Nobody is signed in on these pages: who it is, the store would have to say."""

    ports: WebPorts

    def handlers(self) -> Mapping[Any, Handler]:
        """Return them by the error, as Starlette takes them."""
        return {
            HTTPException: self.refuse,
            TokensUnavailableError: self.tell_outage,
            **dict.fromkeys(STORE_ERRORS, self.tell_outage),
            Exception: self.tell_defect,
        }

    async def refuse(self, request: Request, error: Exception) -> Response:
        """Answer what the framework refuses; people come by a wrong path, or a form's address.

        The latter is what a browser asks for when a refusal is reloaded, or its address was
        sent on: they come to the page that has the form. A form that was open while the
        router became another may be sent where none is taken any more.
        """
        if not isinstance(error, HTTPException):
            raise error
        held_by = place_of(request.scope["path"])
        if held_by is not None and request.method in SAFE:
            return RedirectResponse(held_by.path, HTTPStatus.SEE_OTHER)
        refusal = render_refusal(error)
        sentence = _TOLD.get(error.status_code)
        if is_program(request) or sentence is None:
            return refusal
        page = self._page(sentence, HTTPStatus(error.status_code), request)
        page.headers.update(error.headers or {})
        return page

    async def tell_outage(self, request: Request, error: Exception) -> Response:
        """Answer when the store or a token file is out of order."""
        unavailable = render_unavailable(error)
        if is_program(request):
            return unavailable
        again = await read_again(request, Site(external_url=self.ports.external_url))
        sentence = NO_STORE if isinstance(error, STORE_ERRORS) else NOT_NOW
        looks_first = request.method not in SAFE and isinstance(error, _MAYBE_DONE)
        if looks_first:
            place = place_of(request.scope["path"])
            sentence = MAYBE_ANSWERED if place is not None and place.incident else MAYBE_DONE
            # What somebody wrote is not lost; what is but a press is there as it then stands.
            again = again if again is not None and again.text else None
        page = self._page(
            sentence, HTTPStatus.SERVICE_UNAVAILABLE, request, again, looks_first=looks_first
        )
        page.headers["Retry-After"] = unavailable.headers["Retry-After"]
        return page

    async def tell_defect(self, request: Request, error: Exception) -> Response:
        """Answer what nobody foresaw."""
        logger.error("a request failed in an unforeseen way", exc_info=error)
        if is_program(request):
            return render_defect()
        again = await read_again(request, Site(external_url=self.ports.external_url))
        again = again if again is not None and again.text else None
        status = HTTPStatus.INTERNAL_SERVER_ERROR
        return self._page(DEFECT, status, request, again, looks_first=True)

    def _page(
        self,
        sentence: Phrase,
        status: HTTPStatus,
        request: Request,
        again: Again | None = None,
        *,
        looks_first: bool = False,
    ) -> Response:
        """Return the page in the language of the catalog, whoever looks.

        `again` is a form of ours, to be sent again without writing it anew; below the way
        back, when they are to look first.
        """
        reader = self.ports.catalog().reader(None)
        now = self.ports.clock()
        return render_page(
            "problem.html",
            reader,
            None,
            now=now,
            status=status,
            sentence=reader.say(sentence),
            back=place_of(request.scope["path"]) or page_anew(request.scope["path"]),
            again=again,
            looks_first=looks_first,
        )
