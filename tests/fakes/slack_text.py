"""How Slack shows a text: escapes, bold and links.

Source: Slack developer documentation, "Formatting message text".
"""

import re
from html import escape
from typing import Final

from tests.fakes.urls import is_url

# <https://x.example|label>, <@U123>, or *bold* within a line.
MARKS: Final = re.compile(r"<([^<>|]+)(?:\|([^<>]*))?>|(?<![\w*])\*([^*\n]+)\*(?![\w*])")


def show_plain(text: str) -> str:
    """Return `plain_text` as HTML."""
    return escape(_unescape(text))


def show_markdown(text: str) -> str:
    """Return `mrkdwn` as HTML; everything but bold and links stays as it was written."""
    shown, position = "", 0
    for mark in MARKS.finditer(text):
        shown += show_plain(text[position : mark.start()]) + _show_mark(mark)
        position = mark.end()
    return shown + show_plain(text[position:])


def _show_mark(mark: re.Match[str]) -> str:
    target, label, bold = mark.groups()
    if bold is not None:
        return f"<b>{show_plain(bold)}</b>"
    target = _unescape(target)
    if not is_url(target):
        return show_plain(mark.group())
    name = _unescape(label) if label else target
    return f'<a href="{escape(target)}" rel="noreferrer">{escape(name)}</a>'


def _unescape(text: str) -> str:
    """Undo the three escapes that Slack asks for ('Escaping text'), "&amp;" last."""
    return text.replace("&lt;", "<").replace("&gt;", ">").replace("&amp;", "&")
