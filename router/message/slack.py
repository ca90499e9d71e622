"""A page or a notice as a Slack message: fallback text and blocks.

Text of an alert goes into `plain_text` objects only: there Slack reads no
mention, link or format. `mrkdwn` holds our own words and checked addresses.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

from router.incident.describe import cut_at_word, one_line
from router.message.digest import digest_headline, digest_lines, digest_rest
from router.message.held import (
    LINE_LENGTH,
    SHOWN,
    carried_by,
    held_headline,
    open_left_out,
    open_lines,
    over_left_out,
    over_lines,
)
from router.message.model import MessageContext, MessageKind
from router.message.slack_buttons import render_buttons
from router.message.summary import (
    alert_lines,
    because,
    description,
    headline,
    links,
    paging_sentence,
    place_line,
    state_sentence,
    timeline_lines,
    told,
)

# Source: Slack developer documentation, "Block Kit reference", header and
# section blocks. The sum of all sections stays far below what Slack refuses.
HEADER_LENGTH = 150
SECTION_LENGTH = 3000
_FALLBACK_LENGTH = 1000
_TIMELINE_ROWS = 5
_LINES_A_SECTION = 10


@dataclass(frozen=True, slots=True, kw_only=True)
class SlackText:
    """Arguments of chat.postMessage and chat.update.

    Send them with `mrkdwn=False`: the fallback text holds text of alerts.
    """

    text: str  # shown in notifications, and where blocks are not
    blocks: list[dict[str, Any]]


def render_slack(context: MessageContext, *, has_buttons: bool = False) -> SlackText:
    """Return the message that tells how the incident stands now; also for editing it in place.

    It `has_buttons` where the router learns what is pressed. A step of the escalation is told by
    its own sentences, as the notice above has the rest.
    """
    if context.message.kind is MessageKind.ESCALATION:
        return _render_step(context)
    if context.message.kind is MessageKind.ANNOUNCEMENT:
        return _render_sentence(because(context))
    if context.message.kind is MessageKind.SUMMARY:
        return _render_summary(context)
    if context.message.is_of_digest:
        return _render_digest(context, has_buttons=has_buttons)
    line = headline(context)
    own = context.templates.render("slack.txt", partial(told, context))
    blocks = [
        {"type": "header", "text": _plain(line, HEADER_LENGTH)},
        *(_ours(context) if own is None else _section(map(one_line, own.strip().splitlines()))),
        *(render_buttons(context) if has_buttons else []),
        *_links(context),
        *([] if own is not None else _section(timeline_lines(context, _TIMELINE_ROWS))),
    ]
    return SlackText(
        text=escape(f"{line.rstrip('.')}. {state_sentence(context)}", _FALLBACK_LENGTH),
        blocks=blocks,
    )


def _ours(context: MessageContext) -> list[dict[str, Any]]:
    sentences = [
        state_sentence(context),
        paging_sentence(context),
        _because(context),
        description(context),
    ]
    return [
        *_section(text for text in sentences if text),
        *_section(alert_lines(context)),
        *_small(place_line(context)),
    ]


def _render_step(context: MessageContext) -> SlackText:
    return _render_sentence(f"#{context.message.incident_number}: {because(context)}")


def _render_sentence(sentence: str) -> SlackText:
    return SlackText(text=escape(sentence, _FALLBACK_LENGTH), blocks=_section([sentence]))


def _render_summary(context: MessageContext) -> SlackText:
    """Return what waited for the hours, posted once (see router.message.held)."""
    line, reader = held_headline(carried_by(context), context.reader), context.reader
    still_open = open_lines(context)
    pairs = [(one.href, f"#{one.number}") for one in still_open if one.href]
    blocks = [
        {"type": "header", "text": _plain(line, HEADER_LENGTH)},
        *_lines(
            reader.text("Still open"), [one.text for one in still_open], open_left_out(context)
        ),
        *_linked(pairs),
        *_lines(
            reader.text("Already over"),
            [one.text for one in over_lines(context)],
            over_left_out(context),
        ),
    ]
    return SlackText(text=escape(line, _FALLBACK_LENGTH), blocks=blocks)


def _render_digest(context: MessageContext, *, has_buttons: bool) -> SlackText:
    """Return one page for many incidents; edited once somebody has them all, or all are over."""
    line = digest_headline(carried_by(context), context.reader)
    shown = digest_lines(context)[:SHOWN]
    blocks = [
        {"type": "header", "text": _plain(line, HEADER_LENGTH)},
        *_section([_because(context)] if context.message.because else []),
        *(render_buttons(context) if has_buttons else []),
        *_lines(context.reader.text("Incidents"), [one.text for one in shown], ""),
        *_linked([(one.href, f"#{one.number}") for one in shown if one.href]),
        *_section([rest] if (rest := digest_rest(context, after=len(shown))) else []),
    ]
    return SlackText(text=escape(line, _FALLBACK_LENGTH), blocks=blocks)


def _lines(title: str, lines: Sequence[str], left_out: str) -> list[dict[str, Any]]:
    """Return sections with all the lines: a few in each, so that none is cut off by its section."""
    if not lines and not left_out:
        return []
    # By line, since what is escaped is longer: one line's signs must not cost another its place.
    shown = [escape(line, LINE_LENGTH) for line in (*lines, left_out) if line]
    parts = [shown[at : at + _LINES_A_SECTION] for at in range(0, len(shown), _LINES_A_SECTION)]
    return [
        {"type": "section", "text": {"type": "plain_text", "text": text, "emoji": False}}
        for text in ("\n".join(part) for part in [[title, *parts[0]], *parts[1:]])
    ]


def escape(text: str, limit: int) -> str:
    """Return the text with Slack's three control characters escaped, in at most `limit`.

    Cut before escaping, so that no entity is cut in two.
    Source: Slack developer documentation, "Formatting message text", escaping.
    """
    room = limit
    while True:
        shown = cut_at_word(text, room)
        escaped = shown.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
        if len(escaped) <= limit:
            return escaped
        room -= max(1, (len(escaped) - limit) // len("&amp;"))


def _because(context: MessageContext) -> str:
    told_why = because(context)
    return context.reader.text("Why you: {because}", because=told_why) if told_why else ""


def _plain(text: str, limit: int) -> dict[str, Any]:
    return {"type": "plain_text", "text": escape(text, limit), "emoji": False}


def _section(lines: Iterable[str]) -> list[dict[str, Any]]:
    """Return one section with the lines, or none: Slack refuses an empty one."""
    text = "\n".join(lines)
    return [{"type": "section", "text": _plain(text, SECTION_LENGTH)}] if text else []


def _small(text: str) -> list[dict[str, Any]]:
    """Return the line as a block in small type, or none."""
    line = _plain(text, SECTION_LENGTH)
    return [{"type": "context", "elements": [line]}] if text else []


def _links(context: MessageContext) -> list[dict[str, Any]]:
    return _linked([(link.href, link.text) for link in links(context)])


def _linked(pairs: Iterable[tuple[str, str]]) -> list[dict[str, Any]]:
    """Return one section of links, as many as have room: checked addresses, and words of ours."""
    text = ""
    for href, word in pairs:
        shown = f"<{href.replace('&', '&amp;')}|{word}>"
        if len(text) + len(shown) + len(" · ") <= SECTION_LENGTH:
            text += f" · {shown}" if text else shown
    return [{"type": "section", "text": {"type": "mrkdwn", "text": text}}] if text else []
