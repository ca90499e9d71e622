"""Which page holds the form that is sent to an address, and where to go after signing in."""

import re
from dataclasses import dataclass
from typing import Final

from starlette.requests import Request

from router.web.access.site import HOME, LONGEST_PATH, Site, local_path, split_address
from router.web.under_path import base_path

SAFE: Final = ("GET", "HEAD")
_OF_INCIDENT: Final = re.compile(
    r"/incidents/([0-9]{1,19})/(?:ack|resolve|escalate|snooze|reassign|comment)"
)
_OTHERS: Final = (
    (re.compile(r"/overrides"), "/oncall"),
    (re.compile(r"/overrides/[0-9]{1,19}/cancel"), "/oncall"),
    (re.compile(r"/me/(?:test|awake|awake/end)"), "/me"),
    (re.compile(r"/sign-out"), HOME),
)
_PREVIEW: Final = "/overrides/preview"  # what was filled in stands in its address
_FORM_OF_PREVIEW: Final = "/overrides/new"
LOST: Final = "lost"  # the form says then that what was filled in is lost


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """A page of ours; `incident` is the number of the one that it shows."""

    path: str
    incident: str = ""


def place_of(path: str) -> Place | None:
    """Return the page that holds the form with this address; None for what is no form's."""
    if found := _OF_INCIDENT.fullmatch(path):
        return Place(path=f"/incidents/{found[1]}", incident=found[1])
    return next((Place(path=page) for form, page in _OTHERS if form.fullmatch(path)), None)


def page_anew(path: str) -> Place | None:
    """Return where to begin again what an older router's form sent to this address."""
    return Place(path=_FORM_OF_PREVIEW) if path == _PREVIEW else None


def page_to_return_to(request: Request, site: Site) -> str:
    """Return where to go after signing in: here, or for a form the page that it was on."""
    if request.method in SAFE:
        query = f"?{request.url.query}" if request.url.query else ""
        here = request.url.path + query
        if request.url.path == _PREVIEW and len(here) > LONGEST_PATH:
            return f"{_FORM_OF_PREVIEW}?{LOST}=1"
        return local_path(here)
    parts = split_address(request.headers.get("referer", ""))
    if not site.is_ours(f"{parts.scheme}://{parts.netloc}", host=request.headers.get("host", "")):
        held_by = place_of(request.scope["path"])
        return local_path(None if held_by is None else held_by.path)
    path = parts.path.removeprefix(base_path())
    if held_by := place_of(path):  # a page that a form had led to, such as a refusal
        return local_path(held_by.path)
    return local_path(path + (f"?{parts.query}" if parts.query else ""))
