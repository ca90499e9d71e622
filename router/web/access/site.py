"""Where people reach the router by their browsers, and what follows from it for cookies."""

from dataclasses import dataclass
from typing import Final
from urllib.parse import SplitResult, urlsplit

from starlette.requests import Request
from starlette.responses import Response

HOME: Final = "/incidents"
LONGEST_PATH: Final = 2000  # of what is kept to go back to


@dataclass(frozen=True, slots=True, kw_only=True)
class Site:
    """The address in people's browsers; None: whatever they typed."""

    external_url: str | None = None

    @property
    def is_https(self) -> bool:
        """Say whether browsers come by TLS: then cookies and pages insist on it."""
        return self.external_url is not None and urlsplit(self.external_url).scheme == "https"

    def cookie_name(self, name: str) -> str:
        """Return a cookie's name as browsers keep it.

        `__Host-` makes them refuse one that a neighbour of our domain sets for
        us (RFC 6265bis, 4.1.3.2); they know it only of cookies that are Secure.
        """
        return f"__Host-{name}" if self.is_https else name

    def cookie(self, request: Request, name: str) -> str:
        """Return what the browser sent of a cookie; empty for none."""
        return request.cookies.get(self.cookie_name(name), "")

    def set_cookie(self, response: Response, name: str, value: str, *, seconds: int) -> None:
        """Have the browser keep a cookie of ours; 0 seconds: forget it."""
        response.set_cookie(
            self.cookie_name(name),
            value,
            max_age=seconds,
            path="/",
            secure=self.is_https,
            httponly=True,
            samesite="lax",
        )

    def is_ours(self, origin: str, *, host: str) -> bool:
        """Say whether an Origin header names us: by the external address, or by the Host asked.

        The scheme of the latter is not compared: a proxy may end TLS before us.
        """
        if self.external_url is not None and origin == _origin(self.external_url):
            return True
        parts = split_address(origin)
        return bool(host) and parts.scheme in ("http", "https") and parts.netloc == host


def split_address(shown: str) -> SplitResult:
    """Return the parts of an address of a header; all are empty where it is none, as `http://[`."""
    try:
        return urlsplit(shown)
    except ValueError:
        return urlsplit("")


def _origin(url: str) -> str:
    parts = urlsplit(url)
    return f"{parts.scheme}://{parts.netloc.lower()}"


def local_path(text: str | None) -> str:
    """Return a path of this site to go to; the incidents for anything that might lead elsewhere.

    Browsers drop tabs and line ends, take a backslash for a slash, and `//host`
    for another site (WHATWG URL, 4.4), so such text is not mended but dropped.
    """
    if not text or len(text) > LONGEST_PATH or not text.startswith("/"):
        return HOME
    if text.startswith("//") or "\\" in text or not text.isascii() or not text.isprintable():
        return HOME
    if " " in text or text.partition("?")[0].startswith("/sign-"):
        return HOME
    return text
