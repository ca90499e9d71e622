"""The buttons under a Slack message, by which people answer it.

A value says which answer and what it is about. It is not signed by us: it comes
back in a body that Slack signs, and only this app's messages send anything to it.

Source: Slack developer documentation, "Block Kit reference": actions block,
button element, select menu element, confirmation dialog object.
"""

from typing import Any, Final

from router.incident.choices import SNOOZES, Choice
from router.message.held import carried_by
from router.message.model import MessageContext, MessageKind
from router.message.summary import is_web_address

_NAMES: Final = "guardia-answer"  # what ids of blocks and elements begin with

# What a reply in the thread or a summary tells can be answered at the notice itself.
_WITHOUT: Final = (
    MessageKind.ESCALATION,
    MessageKind.SUMMARY,
    MessageKind.RESOLVE,
    MessageKind.ANNOUNCEMENT,
)


def render_buttons(context: MessageContext) -> list[dict[str, Any]]:
    """Return a block of buttons, or none once there is nothing to answer."""
    if context.message.kind in _WITHOUT:
        return []
    if context.message.is_of_digest:
        # What fits one incident may not fit another: only that somebody has them all.
        triggered = carried_by(context).triggered_count
        return _block([_acknowledge(context, context.message.dedup_key)] if triggered else [])
    if not context.incident.is_open:
        return []
    return _block(
        [
            _acknowledge(context, context.message.thread_key),
            _resolve(context),
            *_escalate(context),
            _snoozes(context),
            *_link(context),
        ]
    )


def _block(elements: list[dict[str, Any]]) -> list[dict[str, Any]]:
    if not elements:
        return []
    return [{"type": "actions", "block_id": _NAMES, "elements": elements}]


def _acknowledge(context: MessageContext, reference: str) -> dict[str, Any]:
    word = context.reader.text("Acknowledge")
    return _pressed(Choice.ACKNOWLEDGE, word, reference) | {"style": "primary"}


def _resolve(context: MessageContext) -> dict[str, Any]:
    """Return the one button that asks first: it cannot be taken back, and thumbs are half asleep.

    Slack takes 100 characters of title, 300 of text and 30 on either button.
    """
    reader = context.reader
    asked = reader.text("Resolve #{number}?", number=context.message.incident_number)
    told = reader.text(
        "Nobody is paged for it any more, even if it still fires. If you are only looking into it,"
        " acknowledge it instead."
    )
    word = reader.text("Resolve")
    return _button(context, Choice.RESOLVE, word) | {
        "confirm": {
            "title": _word(asked),
            "text": _word(told),
            "confirm": _word(word),
            "deny": _word(reader.text("Keep it open")),
            "style": "danger",
        }
    }


def _escalate(context: MessageContext) -> list[dict[str, Any]]:
    if not context.has_next_step:
        return []
    return [_button(context, Choice.ESCALATE, context.reader.text("Escalate"))]


def _button(context: MessageContext, choice: Choice, word: str) -> dict[str, Any]:
    return _pressed(choice, word, context.message.thread_key)


def _pressed(choice: Choice, word: str, reference: str) -> dict[str, Any]:
    return {
        "type": "button",
        "action_id": f"{_NAMES}-{choice}",
        "text": _word(word),
        "value": f"{choice} {reference}",
    }


def _snoozes(context: MessageContext) -> dict[str, Any]:
    return {
        "type": "static_select",
        "action_id": f"{_NAMES}-snooze",
        "placeholder": _word(context.reader.text("Snooze")),
        "options": [
            {
                "text": _word(context.reader.length(length)),
                "value": f"{choice} {context.message.thread_key}",
            }
            for choice, length in SNOOZES.items()
        ],
    }


def _link(context: MessageContext) -> list[dict[str, Any]]:
    """Return the incident's page as a button; Slack tells of it when it is pressed, too."""
    if not is_web_address(context.incident_url):
        return []
    word = _word(context.reader.text("Open"))
    return [
        {
            "type": "button",
            "action_id": f"{_NAMES}-open",
            "text": word,
            "url": context.incident_url,
        }
    ]


def _word(text: str) -> dict[str, Any]:
    return {"type": "plain_text", "text": text, "emoji": False}
