"""A runbook's text on the page, so that it can be read when the wiki is down."""

import re
from dataclasses import dataclass
from pathlib import Path
from typing import Final
from urllib.parse import unquote, urlsplit

from markupsafe import Markup

_NAME: Final = re.compile(r"[a-z0-9](?:[a-z0-9-]{0,98}[a-z0-9])?", re.ASCII)
LARGEST_BYTES: Final = 256 * 1024

# What Markdown makes, without images: what loads would tell its host who reads.
_TAGS: Final = {
    "h1", "h2", "h3", "h4", "h5", "h6", "p", "br", "hr", "ul", "ol", "li", "pre", "code", "em",
    "strong", "blockquote", "a", "table", "thead", "tbody", "tr", "th", "td", "del",
}  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True)
class Runbook:
    """One runbook of the catalog. `html` is sanitised."""

    name: str
    html: Markup


def runbook_name(url: str) -> str | None:
    """Return the name of the catalog's runbook that an alert's link leads to; None for no name.

    The link is text of an alert: nothing of it but a plain name is ever looked for on disk.
    """
    try:
        last = unquote(urlsplit(url).path).rstrip("/").rpartition("/")[2].removesuffix(".md")
    except ValueError:
        return None
    return last if _NAME.fullmatch(last) else None


def read_runbook(catalog: Path, url: str) -> Runbook | None:
    """Return the catalog's runbook of that link; None where there is none, or it is unreadable."""
    text = read_runbook_text(catalog, url)
    if text is None:
        return None
    return Runbook(name=runbook_name(url) or "", html=render_markdown(text))


def read_runbook_text(catalog: Path, url: str) -> str | None:
    """Return it as it is written, in Markdown."""
    name = runbook_name(url)
    if name is None:
        return None
    folder = catalog / "runbooks"
    try:
        path = (folder / f"{name}.md").resolve()
        # Kubernetes mounts files as links within the folder; one that leads out of it is refused.
        if not path.is_relative_to(folder.resolve()) or path.stat().st_size > LARGEST_BYTES:
            return None
        return path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError):
        return None


def render_markdown(text: str) -> Markup:
    """Return Markdown (CommonMark with tables) as HTML that holds no script, style or image."""
    import nh3
    from markdown_it import MarkdownIt

    made = MarkdownIt("commonmark", {"html": False}).enable("table").render(text)
    safe = nh3.clean(
        made,
        tags=_TAGS,
        attributes={"a": {"href"}},
        url_schemes={"http", "https", "mailto"},
        link_rel="noopener noreferrer",
    )
    # Below the page's own headings, in their order.
    lowered = re.sub(r"<(/?)h([1-5])>", lambda m: f"<{m[1]}h{min(int(m[2]) + 2, 6)}>", safe)
    return Markup(lowered)  # noqa: S704  # nh3 has cleaned it, and headings only became smaller
