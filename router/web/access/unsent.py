"""What somebody sent from a page of ours that was not taken: said to them, and not lost.

It goes through no address, which anybody could make up: a form that came from our
own page is put into that browser's cookie, or onto the page that answers it.
"""

import base64
import binascii
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated, Final

import msgspec
from starlette.requests import Request
from starlette.responses import Response

from router.incident.answers import LONGEST_COMMENT
from router.web.access.cross_site import is_own
from router.web.access.forms import BadForm, read_form
from router.web.access.places import place_of
from router.web.access.site import LONGEST_PATH, Site

_COOKIE: Final = "guardia-unsent"
_SECONDS: Final = 600  # as long as signing in may take
_LONGEST_COOKIE: Final = 2000  # proxies take headers of 4 kB in all
_TOKEN: Final = "form_token"  # noqa: S105 - the name of a field
_TEXT: Final = "text"


class Unsent(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A form that came after its session had ended. `text` is that of a comment."""

    page: Annotated[str, msgspec.Meta(min_length=1, max_length=LONGEST_PATH)]
    text: Annotated[str, msgspec.Meta(max_length=LONGEST_COMMENT)] = ""
    has_lost_text: bool = False

    @property
    def is_answer(self) -> bool:
        """Say whether it was an answer to an incident."""
        return self.page.startswith("/incidents/")


@dataclass(frozen=True, slots=True, kw_only=True)
class Again:
    """A form as it came, to be sent again: its address, its fields, and what was written."""

    path: str
    fields: Mapping[str, str]  # but the text
    text: str


def is_kept(request: Request, site: Site) -> bool:
    """Say whether it is a form of our pages, by our own page's word: others leave nothing here."""
    path: str = request.scope["path"]
    return request.method == "POST" and place_of(path) is not None and is_own(request.headers, site)


async def keep_unsent(request: Request, response: Response, site: Site, *, page: str) -> None:
    """Have the browser keep what it sent in vain, until it is sent again or ten minutes are over.

    `page` is where it is shown again.
    """
    fields = await _read(request)
    text = fields.get(_TEXT, "").strip()[:LONGEST_COMMENT]
    value = _encode(Unsent(page=page.partition("?")[0], text=text))
    if len(value) > _LONGEST_COOKIE:
        value = _encode(Unsent(page=page.partition("?")[0], has_lost_text=True))
    if len(value) <= _LONGEST_COOKIE:
        site.set_cookie(response, _COOKIE, value, seconds=_SECONDS)


def find_unsent(request: Request, site: Site) -> Unsent | None:
    """Return what this browser sent in vain; None for nothing, or what is none of ours."""
    cookie = site.cookie(request, _COOKIE)
    if not cookie or len(cookie) > _LONGEST_COOKIE:
        return None
    try:
        return msgspec.json.decode(base64.urlsafe_b64decode(f"{cookie}=="), type=Unsent)
    except (ValueError, binascii.Error, msgspec.DecodeError):
        return None


def forget_unsent(request: Request, response: Response, site: Site) -> None:
    """Have the browser forget it: a form of theirs was taken since, or they signed out."""
    if site.cookie(request, _COOKIE):
        site.set_cookie(response, _COOKIE, "", seconds=0)


async def read_again(request: Request, site: Site, *, form_token: str = "") -> Again | None:
    """Return the form that our own page sent, to be shown again; None for any other.

    `form_token` is the reader's of today; without it the form keeps what it came with.
    """
    if not is_kept(request, site):
        return None
    fields = await _read(request)
    if not fields:
        return None
    token = {_TOKEN: form_token} if form_token else {}
    others = {name: value for name, value in (fields | token).items() if name != _TEXT}
    return Again(path=request.scope["path"], fields=others, text=fields.get(_TEXT, ""))


async def _read(request: Request) -> dict[str, str]:
    """Return the form's fields, also where it was read before; empty for one that is none."""
    try:
        return await read_form(request)
    except BadForm:
        return {}


def _encode(unsent: Unsent) -> str:
    return base64.urlsafe_b64encode(msgspec.json.encode(unsent)).decode().rstrip("=")
