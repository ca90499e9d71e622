"""Every page is behind one of these: who asks is known, may do it, and asked from our page."""

from collections.abc import Awaitable, Callable, Mapping
from http import HTTPStatus

from starlette.requests import Request
from starlette.responses import Response

from router.oncall.model import Role
from router.web.access.access import Access
from router.web.access.caller import Caller
from router.web.access.unsent import forget_taken

Look = Callable[[Request, Caller], Awaitable[Response]]
Act = Callable[[Request, Caller, Mapping[str, str]], Awaitable[Response]]
Endpoint = Callable[[Request], Awaitable[Response]]


def look(access: Access, role: Role, page: Look) -> Endpoint:
    """Return the endpoint of a page that changes nothing."""

    async def endpoint(request: Request) -> Response:
        entered = await access.enter(request, role)
        return entered if isinstance(entered, Response) else await page(request, entered)

    return endpoint


def act(access: Access, role: Role, page: Act) -> Endpoint:
    """Return the endpoint of a form."""

    async def endpoint(request: Request) -> Response:
        taken = await access.take_form(request, role)
        if isinstance(taken, Response):
            return taken
        response = await page(request, *taken)
        if response.status_code < HTTPStatus.BAD_REQUEST:
            forget_taken(request, response, access.site)
        return response

    return endpoint
