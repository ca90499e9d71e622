"""What every page says to browsers: run nothing foreign, show it in no frame, keep no copy."""

from typing import Final

from starlette.datastructures import MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from router.web.access.site import Site

CONTENT_SECURITY_POLICY: Final = "; ".join(
    (
        "default-src 'none'",
        "style-src 'self'",
        "script-src 'self'",
        "img-src 'self'",
        "font-src 'self'",
        "connect-src 'self'",
        "form-action 'self'",
        "base-uri 'none'",
        "frame-ancestors 'none'",
    )
)
_API: Final = {"Cache-Control": "no-store"}
_PAGE: Final = {
    "Content-Security-Policy": CONTENT_SECURITY_POLICY,
    "X-Frame-Options": "DENY",  # for browsers that know no frame-ancestors
    # Not no-referrer: by it, browsers send `Origin: null` with our own forms (Fetch, 3.2).
    "Referrer-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "camera=(), geolocation=(), microphone=(), payment=(), usb=()",
    **_API,
}
_YEAR_SECONDS: Final = 31_536_000


class HeadersMiddleware:
    """Adds the headers to HTML and redirects; what an endpoint set itself stays.

    Of the API's answers, which a browser may read by its session, no copy is kept either.
    """

    def __init__(self, app: ASGIApp, site: Site) -> None:
        self._app = app
        self._always = {"X-Content-Type-Options": "nosniff"}
        if site.is_https:
            self._always["Strict-Transport-Security"] = f"max-age={_YEAR_SECONDS}"

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request."""

        async def send_with_headers(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                is_html = headers.get("content-type", "").startswith("text/html")
                is_page = is_html or 300 <= message["status"] < 400
                added = _PAGE if is_page else _API if scope["path"].startswith("/api/") else {}
                for name, value in (self._always | added).items():
                    headers.setdefault(name, value)
            await send(message)

        await self._app(scope, receive, send_with_headers if scope["type"] == "http" else send)
