"""Slack's column of the inbox: messages as they are now, and what they were."""

from collections.abc import Mapping
from html import escape
from typing import Any

from tests.fakes.inbox_words import clock, count
from tests.fakes.slack_records import Message, Version
from tests.fakes.slack_text import show_markdown, show_plain


def draw_message(message: Message, *, has_buttons: bool = False) -> str:
    """Return a message as HTML; its buttons do something where it `has_buttons`."""
    reply = '<span class="state">reply in the thread</span>' if message.thread_ts else ""
    history = ""
    if message.edits:
        versions = "".join(
            f"<li><time>{clock(version.at)}</time> {show_plain(_first_words(version))}</li>"
            for version in message.versions[:-1]
        )
        label = count(message.edits, "edit", "edits")
        history = f"<details open><summary>{label}; before</summary><ol>{versions}</ol></details>"
    return (
        f'<article><p class="tags"><b>#{escape(message.channel.name)}</b>{reply}'
        f"<time>{clock(message.posted_at)}</time></p>"
        f"{_version(message.now_shown, message.ts if has_buttons else '')}{history}</article>"
    )


def _version(version: Version, ts: str) -> str:
    """Return what a message says; its buttons do something where it has a `ts`."""
    attached = [
        block for attachment in version.attachments for block in attachment.get("blocks", ())
    ]
    blocks = [*version.blocks, *attached]
    if blocks:
        return "".join(_block(block, ts) for block in blocks)
    return f'<p class="text">{show_markdown(version.text)}</p>'


def _first_words(version: Version) -> str:
    text = version.text or " ".join(_texts(list(version.blocks)))
    return text if len(text) <= 160 else f"{text[:159]}…"


def _texts(value: Any) -> list[str]:
    """Return the texts within blocks, in order."""
    if isinstance(value, list):
        return [text for entry in value for text in _texts(entry)]
    if not isinstance(value, dict):
        return []
    own = value.get("text")
    if isinstance(own, str):
        return [own]
    return [text for name in ("text", "fields", "elements") for text in _texts(value.get(name))]


def _block(block: Mapping[str, Any], ts: str) -> str:
    kind = block.get("type")
    if kind == "divider":
        return "<hr>"
    if kind == "header":
        return f"<h3>{_show(block.get('text'))}</h3>"
    if kind == "actions":
        return _actions(block, ts)
    if kind == "context":
        words = " · ".join(_show(one) for one in block.get("elements", ()))
        return f'<p class="fine">{words}</p>'
    if kind == "image":
        return f'<p class="fine">{_show(block)}</p>'
    return _section(block)


def _actions(block: Mapping[str, Any], ts: str) -> str:
    """Return buttons, and with a `ts` ones that say which was pressed, a menu's entries too."""
    if not ts:
        buttons = "".join(_button(one) for one in block.get("elements", ()))
        return f'<p class="buttons">{buttons}</p>'
    shown = ""
    for element in block.get("elements", ()):
        if element.get("type") != "button" or "url" in element:
            shown += _button({**element, "text": element.get("text") or element.get("placeholder")})
        else:
            shown += _pressed(element)
        shown += "".join(_pressed(option) for option in element.get("options", ()))
    hidden = f'<input type="hidden" name="ts" value="{escape(ts)}">'
    return f'<form class="buttons" method="post" action="press">{hidden}{shown}</form>'


def _pressed(element: Mapping[str, Any]) -> str:
    style, word = escape(str(element.get("style", ""))), str(element["text"]["text"])
    pressed = f'<button class="button {style}" name="word" value="{escape(word)}">'
    return f"{pressed}{_show(element['text'])}</button>"


def _section(block: Mapping[str, Any]) -> str:
    text = f'<p class="text">{_show(block.get("text"))}</p>' if "text" in block else ""
    fields = "".join(f"<li>{_show(one)}</li>" for one in block.get("fields", ()))
    accessory = block.get("accessory", {})
    button = ""
    if accessory.get("type") == "button":
        button = f'<p class="buttons">{_button(accessory)}</p>'
    return text + (f'<ul class="fields">{fields}</ul>' if fields else "") + button


def _button(element: Mapping[str, Any]) -> str:
    style = escape(str(element.get("style", "")))
    return f'<span class="button {style}">{_show(element.get("text"))}</span>'


def _show(value: Any) -> str:
    """Return a text object, or an image's description, as HTML."""
    if not isinstance(value, dict):
        return ""
    if value.get("type") == "image":
        return f"[{escape(str(value.get('alt_text', '')))}]"
    text = str(value.get("text", ""))
    return show_markdown(text) if value.get("type") == "mrkdwn" else show_plain(text)
