"""Requests that other sites send in a signed-in person's name (CSRF): which ones they are."""

from collections.abc import Mapping

from router.web.access.site import Site


def is_foreign(headers: Mapping[str, str], site: Site) -> bool:
    """Say whether a browser tells that another site made it send this.

    Sec-Fetch-Site is the browser's own word, which no page can change; `none`
    is somebody who typed or bookmarked the address. Without it, Origin counts;
    without both, only the form's token is left, which is always asked for too.
    Source: W3C Fetch Metadata Request Headers, 2.3; RFC 6454, 7.
    """
    said = headers.get("sec-fetch-site")
    if said is not None:
        return said.strip().lower() not in ("same-origin", "none")
    return "origin" in headers and not _is_of_ours(headers, site)


def is_own(headers: Mapping[str, str], site: Site) -> bool:
    """Say whether a browser tells that a page of ours made it send this.

    Not the contrary of `is_foreign`: what a browser says nothing of is neither.
    """
    said = headers.get("sec-fetch-site")
    if said is not None:
        return said.strip().lower() == "same-origin"
    return "origin" in headers and _is_of_ours(headers, site)


def _is_of_ours(headers: Mapping[str, str], site: Site) -> bool:
    origin, host = headers["origin"].strip().lower(), headers.get("host", "").lower()
    return site.is_ours(origin, host=host)
