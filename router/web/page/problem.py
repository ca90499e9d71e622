"""The page that says why something was not done."""

from http import HTTPStatus

from starlette.responses import Response

from router.phrase import phrase
from router.web.access.caller import Caller
from router.web.page.render import render_page
from router.web.ports import WebPorts


def show_problem(
    ports: WebPorts, caller: Caller, sentence: str, *, status: HTTPStatus = HTTPStatus.BAD_REQUEST
) -> Response:
    """Return the page with a sentence of ours, in the reader's language."""
    reader = ports.catalog().reader(caller.person)
    return render_page(
        "problem.html",
        reader,
        caller,
        now=ports.clock(),
        status=status,
        sentence=reader.say(sentence),
    )


def unknown_incident(ports: WebPorts, caller: Caller) -> Response:
    """Return the page for an incident that is not there."""
    sentence = phrase("There is no such incident: old ones are deleted after a while.")
    return show_problem(ports, caller, sentence, status=HTTPStatus.NOT_FOUND)
