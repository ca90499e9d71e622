"""The page that says why something was not done."""

from http import HTTPStatus

from starlette.responses import Response

from router.phrase import phrase
from router.web.access.caller import Caller
from router.web.access.places import Place
from router.web.access.unsent import Again
from router.web.page.render import render_page
from router.web.ports import WebPorts


def show_problem(
    ports: WebPorts,
    caller: Caller,
    sentence: str,
    *,
    status: HTTPStatus = HTTPStatus.BAD_REQUEST,
    back: Place | None = None,
    again: Again | None = None,
) -> Response:
    """Return the page with a sentence of ours, in the reader's language.

    `back` is where the form was, `again` what may be sent again.
    """
    reader = ports.catalog().reader(caller.person)
    return render_page(
        "problem.html",
        reader,
        caller,
        now=ports.clock(),
        status=status,
        sentence=reader.say(sentence),
        back=back,
        again=again,
    )


def unknown_incident(ports: WebPorts, caller: Caller) -> Response:
    """Return the page for an incident that is not there."""
    sentence = phrase("There is no such incident: old ones are deleted after a while.")
    return show_problem(ports, caller, sentence, status=HTTPStatus.NOT_FOUND)
