"""The page's one style sheet, script and icon; a changed file has a new address."""

from dataclasses import dataclass
from functools import cache
from hashlib import sha256
from http import HTTPStatus
from pathlib import Path
from typing import Final

from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response

from router.web.under_path import base_path

_FOLDER: Final = Path(__file__).with_name("static")
_KINDS: Final = {
    "page.css": "text/css; charset=utf-8",
    "page.js": "text/javascript; charset=utf-8",
    "icon.svg": "image/svg+xml",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Asset:
    """A file as it is sent."""

    content: bytes
    kind: str
    version: str


def asset_path(name: str) -> str:
    """Return where a file is found, for templates."""
    return f"{base_path()}/static/{name}?{_read(name).version}"


async def send_asset(request: Request) -> Response:
    """Return a file; browsers may keep it, since another version has another address."""
    name = request.path_params["name"]
    if name not in _KINDS:
        return PlainTextResponse("Not found.\n", status_code=HTTPStatus.NOT_FOUND)
    asset = _read(name)
    kept = request.url.query == asset.version
    caching = "public, max-age=31536000, immutable" if kept else "no-cache"
    headers = {"Cache-Control": caching, "X-Content-Type-Options": "nosniff"}
    return Response(asset.content, media_type=asset.kind, headers=headers)


@cache
def _read(name: str) -> Asset:
    content = (_FOLDER / name).read_bytes()
    version = sha256(content).hexdigest()[:12]
    return Asset(content=content, kind=_KINDS[name], version=version)
