"""A path that is looked at and posted to."""

from collections.abc import Awaitable, Callable

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

Page = Callable[[Request], Awaitable[Response]]


def page_route(path: str, *, show: Page, post: Page) -> Route:
    """Return one route for both, so that a refused method is told all that there are."""

    async def serve(request: Request) -> Response:
        return await (post if request.method == "POST" else show)(request)

    return Route(path, serve, methods=["GET", "POST"])
