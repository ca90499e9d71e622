"""Who reads the inbox presses what a Slack message shows, as a member of the workspace."""

from collections.abc import Mapping
from dataclasses import dataclass
from html import escape
from http import HTTPStatus
from typing import Any
from urllib.parse import parse_qsl

import httpx
from starlette.requests import Request
from starlette.responses import HTMLResponse, PlainTextResponse, RedirectResponse, Response

from tests.fakes.slack_buttons import Fingers, find_element

ANSWERS_WITHIN_SECONDS = 3  # "Handling user interaction", 'Acknowledgment response'


@dataclass(frozen=True, slots=True, kw_only=True)
class Hand:
    """Presses as `member`, unless a form says who, and delivers it to the app's Request URL."""

    fingers: Fingers
    member: str
    url: str

    async def take(self, request: Request) -> Response:
        """Take a form with `ts`, `word`, perhaps `by`, and `sure` where Slack has asked."""
        form = dict(parse_qsl((await request.body()).decode()))
        ts, word = form.get("ts", ""), form.get("word", "")
        messages = {one.ts: one for one in self.fingers.slack.messages}
        try:
            message = messages[ts]
            element = find_element(message, word)
        except LookupError:
            return PlainTextResponse("There is no such button any more.", HTTPStatus.NOT_FOUND)
        if "confirm" in element and "sure" not in form:
            return HTMLResponse(_ask(element["confirm"], form))
        press = self.fingers.press(message, word, by=form.get("by", self.member))
        async with httpx.AsyncClient(timeout=ANSWERS_WITHIN_SECONDS) as client:
            try:
                answer = await client.post(
                    self.url, content=press.body, headers=dict(press.headers)
                )
            except httpx.HTTPError as error:
                told = f"The app did not answer: {type(error).__name__}."
                return PlainTextResponse(told, HTTPStatus.BAD_GATEWAY)
        if answer.status_code != HTTPStatus.OK:
            told = f"The app answered {answer.status_code}: {answer.text}"
            return PlainTextResponse(told, HTTPStatus.BAD_GATEWAY)
        return RedirectResponse("./", HTTPStatus.SEE_OTHER)


def _ask(dialog: Mapping[str, Any], form: Mapping[str, str]) -> str:
    """Return the dialog that Slack shows before it sends anything."""
    title, text, confirm, deny = (
        escape(dialog[part]["text"]) for part in ("title", "text", "confirm", "deny")
    )
    hidden = "".join(
        f'<input type="hidden" name="{escape(name)}" value="{escape(value)}">'
        for name, value in {**form, "sure": "yes"}.items()
    )
    return f"""<!doctype html>
<html lang="en">
<head><meta charset="utf-8"><title>{title}</title></head>
<body>
<h1>{title}</h1>
<p>{text}</p>
<form method="post" action="press">{hidden}<button>{confirm}</button></form>
<p><a href="./">{deny}</a></p>
</body>
</html>
"""
