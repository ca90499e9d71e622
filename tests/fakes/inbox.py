"""The inbox: one page that shows what people got on PagerDuty, Slack and by e-mail."""

from collections.abc import Callable
from dataclasses import asdict
from datetime import datetime
from html import escape
from pathlib import Path
from typing import Any

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import HTMLResponse, JSONResponse, Response
from starlette.routing import Route

from tests.fakes.inbox_slack import draw_message
from tests.fakes.inbox_words import clock, count
from tests.fakes.local_server import LOCALHOST, LocalServer
from tests.fakes.pagerduty import Alert, PagerDutyFake
from tests.fakes.serving import utc_now
from tests.fakes.slack import SlackFake
from tests.fakes.slack_hand import Hand
from tests.fakes.slack_records import Message
from tests.fakes.smtp import Mail, SmtpFake

STYLE = Path(__file__).with_name("inbox.css").read_text(encoding="utf-8")
REFRESH_SECONDS = 2
POLICY = "default-src 'none'; style-src 'unsafe-inline'; form-action 'self'"


class Inbox:
    """Serves the page at "/" and everything as JSON at "/records.json".

    With a `hand`, its reader presses the buttons that Slack shows.
    """

    def __init__(
        self,
        *,
        pagerduty: PagerDutyFake,
        slack: SlackFake,
        mail: SmtpFake,
        hand: Hand | None = None,
        now: Callable[[], datetime] = utc_now,
    ) -> None:
        self.pagerduty = pagerduty
        self.slack = slack
        self.mail = mail
        self.hand = hand
        self.now = now
        routes = [Route("/", self._page), Route("/records.json", self._records)]
        if hand is not None:
            routes.append(Route("/press", hand.take, methods=["POST"]))
        self._server = LocalServer(Starlette(routes=routes))

    @property
    def url(self) -> str:
        """The address of the page."""
        return f"http://{LOCALHOST}:{self._server.port}"

    def start(self, port: int = 0) -> None:
        """Serve; see LocalServer."""
        self._server.start(port)

    def stop(self) -> None:
        """Stop serving."""
        self._server.stop()

    async def _page(self, _request: Request) -> Response:
        return HTMLResponse(
            render_page(self.pagerduty, self.slack, self.mail, hand=self.hand, now=self.now()),
            headers={"Content-Security-Policy": POLICY},
        )

    async def _records(self, _request: Request) -> Response:
        return JSONResponse(records(self.pagerduty, self.slack, self.mail))


# Records


def records(pagerduty: PagerDutyFake, slack: SlackFake, mail: SmtpFake) -> dict[str, Any]:
    """Return all records as JSON values; instants in ISO 8601. No integration key, no token."""
    return {
        "pagerduty": {
            "pages": [_plain(page) for page in pagerduty.pages],
            "alerts": [_without(_plain(alert), "routing_key") for alert in pagerduty.alerts],
            "accepted": [_without(_plain(event), "event") for event in pagerduty.accepted],
            "refused": [_without(_plain(one), "body") for one in pagerduty.refused],
            "calls": len(pagerduty.calls),
        },
        "slack": {
            "messages": [_message_record(message) for message in slack.messages],
            "refused": [_plain(one) for one in slack.refused],
            "calls": len(slack.calls),
        },
        "email": {
            "mails": [_mail_record(mail) for mail in mail.mails],
            "refused": [_plain(one) for one in mail.refused],
        },
    }


def _plain(record: Any) -> dict[str, Any]:
    return {name: _json_value(value) for name, value in asdict(record).items()}


def _json_value(value: Any) -> Any:
    if isinstance(value, datetime):
        return value.isoformat()
    return list(value) if isinstance(value, tuple) else value


def _without(record: dict[str, Any], name: str) -> dict[str, Any]:
    return {key: value for key, value in record.items() if key != name}


def _message_record(message: Message) -> dict[str, Any]:
    return {
        "channel": message.channel.name,
        "channel_id": message.channel.id,
        "ts": message.ts,
        "thread_ts": message.thread_ts,
        "text": message.text,
        "blocks": list(message.blocks),
        "edits": message.edits,
        "versions": [_plain(version) for version in message.versions],
    }


def _mail_record(mail: Mail) -> dict[str, Any]:
    return {
        "sender": mail.sender,
        "recipients": list(mail.recipients),
        "subject": mail.subject,
        "text": mail.text,
        "headers": {name: str(value) for name, value in mail.message.items()},
        "at": mail.at.isoformat(),
    }


# The page: every value from outside goes through `escape` or `show_`


def render_page(
    pagerduty: PagerDutyFake,
    slack: SlackFake,
    mail: SmtpFake,
    *,
    now: datetime,
    hand: Hand | None = None,
) -> str:
    """Return the page as HTML; it reloads itself and needs no script."""
    alerts = [_alert(alert) for alert in reversed(pagerduty.alerts)]
    messages = [
        draw_message(message, has_buttons=hand is not None) for message in reversed(slack.messages)
    ]
    mails = [_mail(one) for one in reversed(mail.mails)]
    woken = count(len(pagerduty.pages), "person woken", "times somebody was woken")
    dropped = len(pagerduty.dropped)
    return f"""<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta http-equiv="refresh" content="{REFRESH_SECONDS}">
<title>Inbox</title>
<style>{STYLE}</style>
</head>
<body>
<header>
<h1>Inbox</h1>
<p>What people received. Stand-ins for PagerDuty, Slack and a mail server; nothing leaves
this machine. <time>{clock(now)}</time></p>
</header>
<main>
{_column("PagerDuty", [woken, _some(dropped, "dropped"), _refused(pagerduty)], alerts)}
{_column("Slack", [count(len(messages), "message", "messages"), _refused(slack)], messages)}
{_column("E-mail", [count(len(mails), "mail", "mails"), _refused(mail)], mails)}
</main>
</body>
</html>
"""


def _some(number: int, word: str) -> str:
    return f"{number} {word}" if number else ""


def _refused(fake: PagerDutyFake | SlackFake | SmtpFake) -> str:
    return _some(len(fake.refused), "refused")


def _column(title: str, counts: list[str], cards: list[str]) -> str:
    summary = ", ".join(told for told in counts if told)
    body = "\n".join(cards) or '<p class="empty">Nothing yet.</p>'
    return (
        f'<section aria-label="{escape(title)}">'
        f"<h2>{escape(title)} <small>{escape(summary)}</small></h2>\n{body}\n</section>"
    )


def _alert(alert: Alert) -> str:
    steps = [("woke", alert.opened_at), ("acknowledged", alert.acknowledged_at)]
    steps.append(("resolved", alert.resolved_at))
    times = "".join(
        f"<li>{name} <time>{clock(at)}</time></li>" for name, at in steps if at is not None
    )
    joined = alert.triggers - 1
    quiet = f"<li>{count(joined, 'repeat', 'repeats')} joined silently</li>" if joined else ""
    return (
        f'<article class="{escape(alert.state)}">'
        f'<p class="tags"><b>{escape(alert.person)}</b>'
        f'<span class="state">{escape(alert.state)}</span>'
        f'<span class="severity">{escape(alert.severity)}</span></p>'
        f"<h3>{escape(alert.summary)}</h3>"
        f"<ul>{times}{quiet}</ul>"
        f'<p class="fine">{escape(alert.source)} · <code>{escape(alert.dedup_key)}</code></p>'
        "</article>"
    )


def _mail(mail: Mail) -> str:
    return (
        f'<article><p class="tags"><b>{escape(", ".join(mail.recipients))}</b>'
        f"<time>{clock(mail.at)}</time></p>"
        f"<h3>{escape(mail.subject)}</h3>"
        f'<p class="text">{escape(mail.text.strip())}</p>'
        f'<p class="fine">from {escape(mail.sender)}</p></article>'
    )
