"""The endpoints of signing in and out, and what stands around all endpoints."""

from starlette.routing import Route
from starlette.types import ASGIApp

from router.web.access.access import SIGN_IN, Access
from router.web.access.admission import Admission
from router.web.access.headers import HeadersMiddleware
from router.web.access.oidc import Provider
from router.web.access.proxy import ProxyMiddleware
from router.web.access.rate import FailureRate
from router.web.access.sign_in import SignInPages
from router.web.access.sign_in_oidc import CALLBACK, START, OidcPages
from router.web.page_route import page_route
from router.web.ports import WebPorts


def sign_in_routes(ports: WebPorts, access: Access) -> list[Route]:
    """Return the routes that need no session."""
    admission = Admission(access=access, rate=FailureRate(ports.clock))
    pages = SignInPages(access=access, admission=admission)
    routes = [
        page_route(SIGN_IN, show=pages.show, post=pages.post),
        Route("/sign-out", pages.sign_out, methods=["POST"]),
    ]
    if ports.sign_in.oidc is None:
        return routes
    provider = Provider(ports.sign_in.oidc, secrets_dir=ports.secrets_dir, clock=ports.clock)
    oidc = OidcPages(admission=admission, provider=provider)
    return [
        *routes,
        Route(START, oidc.start, methods=["GET"]),
        Route(CALLBACK, oidc.finish, methods=["GET"]),
    ]


def guarded(app: ASGIApp, ports: WebPorts, access: Access) -> ASGIApp:
    """Return the application behind what is decided before any endpoint."""
    return ProxyMiddleware(HeadersMiddleware(app, access.site), ports.sign_in)
