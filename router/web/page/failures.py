"""What is answered when an endpoint fails: a page where people look, a problem for programs."""

import logging
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from http import HTTPStatus
from typing import Any

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from router.phrase import Phrase, phrase
from router.web.access.access import is_program
from router.web.access.places import SAFE, place_of
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
NOT_NOW = phrase("The router cannot do this now; please try again.")
NO_PAGE = phrase("There is no such page.")
DEFECT = phrase("An error of the router; its logs have it. Acknowledge in PagerDuty meanwhile.")

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
        sent on: they come to the page that has the form.
        """
        if not isinstance(error, HTTPException):
            raise error
        held_by = place_of(request.scope["path"])
        if held_by is not None and request.method in SAFE:
            return RedirectResponse(held_by.path, HTTPStatus.SEE_OTHER)
        refusal = render_refusal(error)
        is_lost = error.status_code == HTTPStatus.NOT_FOUND
        if is_program(request) or not is_lost:
            return refusal
        return self._page(NO_PAGE, HTTPStatus.NOT_FOUND, request)

    async def tell_outage(self, request: Request, error: Exception) -> Response:
        """Answer when the store or a token file is out of order."""
        unavailable = render_unavailable(error)
        if is_program(request):
            return unavailable
        sentence = NO_STORE if isinstance(error, STORE_ERRORS) else NOT_NOW
        again = await read_again(request, Site(external_url=self.ports.external_url))
        page = self._page(sentence, HTTPStatus.SERVICE_UNAVAILABLE, request, again)
        page.headers["Retry-After"] = unavailable.headers["Retry-After"]
        return page

    async def tell_defect(self, request: Request, error: Exception) -> Response:
        """Answer what nobody foresaw."""
        logger.error("a request failed in an unforeseen way", exc_info=error)
        if is_program(request):
            return render_defect()
        return self._page(DEFECT, HTTPStatus.INTERNAL_SERVER_ERROR, request)

    def _page(
        self, sentence: Phrase, status: HTTPStatus, request: Request, again: Again | None = None
    ) -> Response:
        """Return the page in the language of the catalog, whoever looks.

        `again` is a form of ours that was not taken, to be sent again without writing it anew.
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
            back=place_of(request.scope["path"]),
            again=again,
        )
