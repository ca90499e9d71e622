"""What somebody sent from a page of ours that was not taken: said to them, and not lost.

It goes through no address, which anybody could make up: a form that came from our
own page is put into that browser's cookie, or onto the page that answers it.
"""

import base64
import binascii
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Annotated, Final

import msgspec
from msgspec.structs import replace
from starlette.requests import Request
from starlette.responses import Response

from router.incident.answers import LONGEST_COMMENT
from router.incident.describe import one_line
from router.web.access.cross_site import is_own
from router.web.access.former import LONGEST_BY
from router.web.access.forms import BadForm, read_form
from router.web.access.places import page_to_return_to, place_of
from router.web.access.site import LONGEST_PATH, Site

_COOKIE: Final = "guardia-unsent"
_SECONDS: Final = 600  # as long as signing in may take
_LONGEST_COOKIE: Final = 2000  # proxies take headers of 4 kB in all
_TOKEN: Final = "form_token"  # noqa: S105 - the name of a field
_TEXT: Final = "text"
_COMMENT: Final = "/comment"  # how its address ends


class Unsent(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What came from one page after its session had ended. `text` is that of a comment.

    `by` is whose session it had been, empty where nobody knows: then no text is kept.
    """

    page: Annotated[str, msgspec.Meta(min_length=1, max_length=LONGEST_PATH)]
    by: Annotated[str, msgspec.Meta(max_length=LONGEST_BY)] = ""
    text: Annotated[str, msgspec.Meta(max_length=LONGEST_COMMENT)] = ""
    has_lost_text: bool = False
    has_others: bool = False  # forms that are no comment

    @property
    def is_answer(self) -> bool:
        """Say whether it was an answer to an incident."""
        return self.page.startswith("/incidents/")

    @property
    def is_empty(self) -> bool:
        """Say whether all of it was sent again."""
        return not (self.text or self.has_lost_text or self.has_others)


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


async def keep_unsent(
    request: Request, response: Response, site: Site, *, page: str, by: str
) -> None:
    """Have the browser keep what it sent in vain, until it is sent again or ten minutes are over.

    `page` is where it is shown again, to whom `whose` names so.
    """
    text = one_line((await _read(request)).get(_TEXT, ""))[:LONGEST_COMMENT]
    page = page.partition("?")[0]
    kept = list_unsent(request, site)
    before = next((one for one in kept if one.page == page), None)
    if before is None or (by and before.by not in ("", by)):
        before = Unsent(page=page)
    added = replace(before, by=by or before.by)
    if not text:
        added = replace(added, has_others=True)
    else:
        added = replace(added, text=text if by else "", has_lost_text=not by)
    if len(_encode([added])) > _LONGEST_COOKIE:
        added = replace(added, text="", has_lost_text=True)
    _set(response, site, [added, *(one for one in kept if one.page != page)])


def list_unsent(request: Request, site: Site) -> list[Unsent]:
    """Return what this browser sent in vain, the last first; empty for what is none of ours."""
    cookie = site.cookie(request, _COOKIE)
    if not cookie or len(cookie) > _LONGEST_COOKIE:
        return []
    try:
        return msgspec.json.decode(base64.urlsafe_b64decode(f"{cookie}=="), type=list[Unsent])
    except (ValueError, binascii.Error, msgspec.DecodeError):
        return []


def find_unsent(request: Request, site: Site, *, by: str) -> Unsent | None:
    """Return what a reader sent in vain from the page that is asked for; nobody else's."""
    page: str = request.scope["path"]
    kept = list_unsent(request, site)
    return next((one for one in kept if one.page == page and one.by in ("", by)), None)


def forget_taken(request: Request, response: Response, site: Site) -> None:
    """Have the browser forget what a form that was taken sent again: a comment, or what is none."""
    kept, held_by = list_unsent(request, site), place_of(request.scope["path"])
    if not kept or held_by is None:
        return
    pages = (held_by.path, page_to_return_to(request, site).partition("?")[0])
    is_comment = request.scope["path"].endswith(_COMMENT)
    taken = {"text": "", "has_lost_text": False} if is_comment else {"has_others": False}
    left = [replace(one, **taken) if one.page in pages else one for one in kept]
    _set(response, site, [one for one in left if not one.is_empty])


def forget_unsent(request: Request, response: Response, site: Site) -> None:
    """Have the browser forget all of it: they signed out."""
    if site.cookie(request, _COOKIE):
        site.set_cookie(response, _COOKIE, "", seconds=0)


def _set(response: Response, site: Site, kept: Sequence[Unsent]) -> None:
    """Have the browser keep as much as a cookie holds; the oldest texts go first."""
    left = list(kept)
    while left and len(_encode(left)) > _LONGEST_COOKIE:
        longest = next((at for at in reversed(range(len(left))) if left[at].text), None)
        if longest is None:
            left.pop()
        else:
            left[longest] = replace(left[longest], text="", has_lost_text=True)
    site.set_cookie(response, _COOKIE, _encode(left) if left else "", seconds=_SECONDS * bool(left))


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
    """Return the form's fields, also where it was read before; empty for one that is none.

    What answers a defect can read no body that was not read before (Starlette's RuntimeError).
    """
    try:
        return await read_form(request)
    except (BadForm, RuntimeError):
        return {}


def _encode(kept: Sequence[Unsent]) -> str:
    return base64.urlsafe_b64encode(msgspec.json.encode(kept)).decode().rstrip("=")
