"""The fakes, driven by the clients that Guardia uses and by requests they must refuse."""

import asyncio
import json
import signal
import smtplib
import socket
import subprocess
import sys
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from email.message import EmailMessage
from email.utils import format_datetime
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs

import aiosmtplib
import httpx
import pytest
from pdpyras import EventsAPISession, PDClientError, PDHTTPError
from slack_sdk import WebClient
from slack_sdk.errors import SlackApiError
from slack_sdk.web.async_client import AsyncWebClient

from tests.fakes.failures import Answer, Call
from tests.fakes.inbox import Inbox, records
from tests.fakes.pagerduty import PagerDutyFake
from tests.fakes.serving import HttpFake
from tests.fakes.slack import SlackFake
from tests.fakes.slack_buttons import Fingers
from tests.fakes.slack_hand import Hand
from tests.fakes.slack_records import Channel
from tests.fakes.slack_text import show_markdown
from tests.fakes.smtp import SmtpFake

MARTA = "0123456789abcdef0123456789abcdef"
IVAN = "fedcba9876543210fedcba9876543210"
TOKEN = "xoxb-1-fake"
REPOSITORY = Path(__file__).parents[2]
NIGHT = datetime(2026, 3, 29, 1, 10, tzinfo=UTC)


class Clock:
    """A clock that a test moves."""

    def __init__(self) -> None:
        self.at = NIGHT

    def __call__(self) -> datetime:
        return self.at


@pytest.fixture
def pagerduty() -> Iterator[PagerDutyFake]:
    with PagerDutyFake(keys={"marta": MARTA, "ivan": IVAN}, now=Clock()).serving() as fake:
        yield fake


@pytest.fixture
def slack() -> Iterator[SlackFake]:
    channels = (
        "#operaciones",
        Channel(name="antiguo", id="C0OLD", is_archived=True),
        Channel(name="privado", id="C0PRIVATE", is_member=False),
    )
    people = ["U0MARTA"]
    with SlackFake(token=TOKEN, channels=channels, people=people, now=Clock()).serving() as fake:
        yield fake


@pytest.fixture
def smtp() -> Iterator[SmtpFake]:
    with SmtpFake().serving() as fake:
        yield fake


# PagerDuty


def one_shot_session(fake: PagerDutyFake, key: str = MARTA) -> EventsAPISession:
    """Return the client set to exactly one request: retries belong to the outbox."""
    session = EventsAPISession(key)
    session.url = fake.url
    session.max_http_attempts = -1
    session.max_network_attempts = 0
    session.retry[429] = 1
    session.timeout = 5
    return session


def an_event(**changes: Any) -> dict[str, Any]:
    """Return a good trigger; None takes a property away, `payload__x` reaches into it."""
    event: dict[str, Any] = {
        "routing_key": MARTA,
        "event_action": "trigger",
        "dedup_key": "incident-1",
        "payload": {"summary": "Errors", "source": "checkout", "severity": "critical"},
    }
    for name, value in changes.items():
        holder = event["payload"] if name.startswith("payload__") else event
        holder[name.removeprefix("payload__")] = value
    return event


def without(event: dict[str, Any], path: str) -> dict[str, Any]:
    outer, _, inner = path.partition(".")
    if inner:
        return {**event, outer: {k: v for k, v in event[outer].items() if k != inner}}
    return {k: v for k, v in event.items() if k != outer}


def post_event(fake: PagerDutyFake, event: Any) -> httpx.Response:
    return httpx.post(f"{fake.url}/v2/enqueue", json=event)


def outcomes(fake: PagerDutyFake) -> list[str]:
    return [one.outcome for one in fake.accepted]


def test_a_trigger_wakes_the_person_of_the_key_once(pagerduty: PagerDutyFake) -> None:
    session = one_shot_session(pagerduty)

    first = session.trigger("Errors", "checkout", dedup_key="incident-1")
    session.trigger("Errors, still", "checkout", dedup_key="incident-1")

    assert first == "incident-1"
    assert [(page.person, page.summary, page.at) for page in pagerduty.pages] == [
        ("marta", "Errors", NIGHT)
    ]
    assert outcomes(pagerduty) == ["opened", "joined"]


def test_an_acknowledged_alert_stays_silent_and_a_resolved_one_opens_anew(
    pagerduty: PagerDutyFake,
) -> None:
    session = one_shot_session(pagerduty)

    session.trigger("Errors", "checkout", dedup_key="incident-1")
    session.acknowledge("incident-1")
    session.trigger("Errors", "checkout", dedup_key="incident-1")
    after_acknowledge = pagerduty.alert_of("marta", "incident-1")
    session.resolve("incident-1")
    session.trigger("Errors", "checkout", dedup_key="incident-1")

    assert after_acknowledge is not None
    assert after_acknowledge.state == "acknowledged"
    assert outcomes(pagerduty) == ["opened", "acknowledged", "joined", "resolved", "opened"]
    assert [alert.state for alert in pagerduty.alerts] == ["resolved", "triggered"]
    assert len(pagerduty.pages) == 2


def test_a_follow_up_without_its_open_alert_is_accepted_and_dropped(
    pagerduty: PagerDutyFake,
) -> None:
    one_shot_session(pagerduty).acknowledge("never-opened")
    one_shot_session(pagerduty).trigger("Errors", "checkout", dedup_key="incident-1")
    one_shot_session(pagerduty, IVAN).resolve("incident-1")

    assert [one.dedup_key for one in pagerduty.dropped] == ["never-opened", "incident-1"]
    assert [alert.state for alert in pagerduty.alerts] == ["triggered"]


def test_triggers_without_a_dedup_key_never_join(pagerduty: PagerDutyFake) -> None:
    session = one_shot_session(pagerduty)

    keys = {session.trigger("Errors", "checkout") for _ in range(2)}

    assert len(keys) == 2
    assert len(pagerduty.pages) == 2


def test_a_full_event_is_accepted(pagerduty: PagerDutyFake) -> None:
    event = an_event(
        client="Guardia",
        client_url="https://guardia.example/incidents/1",
        links=[{"href": "https://runbooks.example/checkout", "text": "Runbook"}],
        images=[{"src": "https://graphs.example/1.png", "alt": "Errors"}],
        payload__timestamp="2015-07-17T08:42:58.315+0000",
        payload__component="api",
        payload__group="checkout",
        payload__custom_details={"burn rate": 14.4},
        payload__summary="x" * 1024,
        dedup_key="k" * 255,
    )
    event["payload"]["class"] = "slo"

    answer = post_event(pagerduty, event)

    assert answer.status_code == 202
    assert answer.json() == {
        "status": "success",
        "message": "Event processed",
        "dedup_key": "k" * 255,
    }


REFUSED_EVENTS = [
    (without(an_event(), "routing_key"), "'routing_key' is missing"),
    (an_event(routing_key="short"), "Length of 'routing_key'"),
    (an_event(routing_key=7), "'routing_key' must be a string"),
    (an_event(routing_key="-" * 32), "non-alphanumeric"),
    (an_event(routing_key="0" * 32), "Invalid routing key"),
    (without(an_event(), "event_action"), "'event_action' is missing"),
    (an_event(event_action="close"), "'event_action' is invalid"),
    (an_event(dedup_key="k" * 256), "'dedup_key' is too long"),
    (an_event(dedup_key=None), "'dedup_key' must be a string"),
    (an_event(event_action="resolve", dedup_key=""), "'dedup_key' is missing"),
    (without(an_event(event_action="acknowledge"), "dedup_key"), "'dedup_key' is missing"),
    (without(an_event(), "payload"), "'payload' is missing"),
    (an_event(payload=[]), "'payload' must be an object"),
    (without(an_event(), "payload.summary"), "'payload.summary' is missing"),
    (an_event(payload__summary=" "), "'payload.summary' is missing"),
    (an_event(payload__summary="x" * 1025), "'payload.summary' is too long"),
    (without(an_event(), "payload.source"), "'payload.source' is missing"),
    (without(an_event(), "payload.severity"), "'payload.severity' is missing"),
    (an_event(payload__severity="high"), "'payload.severity' is invalid"),
    (an_event(payload__timestamp="yesterday"), "'payload.timestamp' must be"),
    (an_event(payload__timestamp="2026-02-30T00:00:00Z"), "'payload.timestamp' must be"),
    (an_event(payload__timestamp=1774746600), "'payload.timestamp' must be a string"),
    (an_event(payload__component=1), "'payload.component' must be a string"),
    (an_event(payload__custom_details="text"), "'payload.custom_details' must be"),
    (an_event(client=None), "'client' must be a string"),
    (an_event(client_url="guardia"), "'client_url' must be a URL"),
    (an_event(links={"href": "https://x.example"}), "'links' must be a list"),
    (an_event(links=["https://x.example"]), "'links[0]' must be an object"),
    (an_event(links=[{"text": "Runbook"}]), "'links[0].href' is missing"),
    (an_event(links=[{"href": "runbook"}]), "'links[0].href' must be a URL"),
    (an_event(links=[{"href": "https://x.example", "text": 1}]), "'links[0].text' must be"),
    (an_event(images=[{"alt": "a"}]), "'images[0].src' is missing"),
    (an_event(images=[{"src": "http://x.example/1.png"}]), "'images[0].src' must be a URL"),
    (an_event(images=[{"src": "https://x.example/1", "href": "x"}]), "'images[0].href' must"),
]


@pytest.mark.parametrize(("event", "error"), REFUSED_EVENTS, ids=[e for _, e in REFUSED_EVENTS])
def test_pagerduty_refuses(pagerduty: PagerDutyFake, event: dict[str, Any], error: str) -> None:
    answer = post_event(pagerduty, event)

    assert answer.status_code == 400
    body = answer.json()
    assert (body["status"], body["message"]) == ("invalid event", "Event object is invalid")
    assert any(error in one for one in body["errors"]), body["errors"]
    assert not pagerduty.alerts
    assert [one.status for one in pagerduty.refused] == [400]


@pytest.mark.parametrize(
    ("body", "content_type", "error"),
    [
        (b"{", "application/json", "JSON parse error"),
        (b"\xff", "application/json", "JSON parse error"),
        (b'{"payload": NaN}', "application/json", "JSON parse error"),
        (b"[]", "application/json", "must be a JSON object"),
        (b"{}", "text/plain", "Content-Type"),
        (json.dumps(an_event(client="x" * 512_000)).encode(), "application/json", "exceeds"),
    ],
    ids=["cut", "not UTF-8", "NaN", "list", "text", "large"],
)
def test_pagerduty_refuses_what_is_no_event(
    pagerduty: PagerDutyFake, body: bytes, content_type: str, error: str
) -> None:
    answer = httpx.post(
        f"{pagerduty.url}/v2/enqueue", content=body, headers={"Content-Type": content_type}
    )

    assert answer.status_code == 400
    assert error in answer.json()["errors"][0]


def test_an_unknown_path_is_not_found(pagerduty: PagerDutyFake) -> None:
    assert httpx.post(f"{pagerduty.url}/v1/enqueue", json=an_event()).status_code == 404


def test_only_post_enqueues(pagerduty: PagerDutyFake) -> None:
    assert httpx.get(f"{pagerduty.url}/v2/enqueue").status_code == 405


def test_the_rate_limit_is_for_each_key_over_a_rolling_minute() -> None:
    clock = Clock()
    fake = PagerDutyFake(keys={"marta": MARTA, "ivan": IVAN}, events_per_minute=2, now=clock)
    with fake.serving():
        statuses = [post_event(fake, an_event()).status_code for _ in range(3)]
        other = post_event(fake, an_event(routing_key=IVAN)).status_code
        clock.at += timedelta(seconds=60)
        later = post_event(fake, an_event()).status_code

    assert (statuses, other, later) == ([202, 202, 429], 202, 202)


def test_a_resolve_of_an_alert_that_is_not_worked_on_yet_is_accepted_and_lost() -> None:
    """Events are accepted at once and worked on later (Events API v2, "Event Action Behavior")."""
    clock = Clock()
    fake = PagerDutyFake(keys={"marta": MARTA}, settles_after=timedelta(seconds=30), now=clock)
    with fake.serving():
        post_event(fake, an_event(dedup_key="one"))
        early = post_event(fake, an_event(event_action="resolve", dedup_key="one")).status_code
        clock.at += timedelta(seconds=30)
        post_event(fake, an_event(event_action="resolve", dedup_key="one"))

    assert early == 202
    assert [one.outcome for one in fake.accepted] == ["opened", "dropped", "resolved"]


@pytest.mark.parametrize("status", [400, 429, 500, 503])
def test_a_scripted_status_reaches_the_one_shot_client_in_one_request(
    pagerduty: PagerDutyFake, status: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    pauses: list[float] = []
    monkeypatch.setattr("pdpyras.time.sleep", pauses.append)
    pagerduty.fail_next(status=status)

    with pytest.raises(PDClientError) as caught:
        one_shot_session(pagerduty).trigger("Errors", "checkout")

    assert isinstance(caught.value, PDHTTPError)
    assert caught.value.response.status_code == status
    assert len(pagerduty.calls) == 1
    assert not pagerduty.pages
    assert not pauses


def test_a_dropped_connection_may_have_woken_somebody(pagerduty: PagerDutyFake) -> None:
    pagerduty.fail_next(drops_connection=True)
    pagerduty.fail_next(drops_connection=True, processes=True)
    woken = []

    for _ in range(2):
        with pytest.raises(PDClientError):
            one_shot_session(pagerduty).trigger("Errors", "checkout", dedup_key="incident-1")
        woken.append(len(pagerduty.pages))

    assert woken == [0, 1]
    assert one_shot_session(pagerduty).trigger("Errors", "checkout", dedup_key="incident-1")
    assert len(pagerduty.pages) == 1


def test_a_late_answer_times_out_and_does_nothing(pagerduty: PagerDutyFake) -> None:
    pagerduty.fail_next(delay_seconds=60)

    with pytest.raises(httpx.ReadTimeout):
        httpx.post(f"{pagerduty.url}/v2/enqueue", json=an_event(), timeout=0.05)

    pagerduty.wait_for(lambda fake: fake.calls and not fake.held)
    assert not pagerduty.pages


async def test_a_held_request_goes_on_when_its_gate_opens(pagerduty: PagerDutyFake) -> None:
    gate = pagerduty.hold_next(when=lambda call: MARTA.encode() in call.body)
    async with httpx.AsyncClient(base_url=pagerduty.url) as client:
        passing = await client.post("/v2/enqueue", json=an_event(routing_key=IVAN))
        held = asyncio.create_task(client.post("/v2/enqueue", json=an_event()))
        await asyncio.to_thread(pagerduty.wait_for, lambda fake: fake.held == 1)
        before = [page.person for page in pagerduty.pages]
        gate.open()

        assert passing.status_code == (await held).status_code == 202
    assert before == ["ivan"]
    assert [page.person for page in pagerduty.pages] == ["ivan", "marta"]


def test_a_fake_stops_while_it_holds_a_request(pagerduty: PagerDutyFake) -> None:
    pagerduty.hold_next()
    with socket.create_connection(("127.0.0.1", pagerduty.port)) as client:
        body = json.dumps(an_event()).encode()
        client.sendall(
            b"POST /v2/enqueue HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n"
            b"Content-Length: %d\r\n\r\n" % len(body) + body
        )
        pagerduty.wait_for(lambda fake: fake.held == 1)

        pagerduty.stop()

        assert pagerduty.held == 0


def test_a_fake_that_was_down_is_back_at_its_port_with_its_records(
    pagerduty: PagerDutyFake,
) -> None:
    session = one_shot_session(pagerduty)
    session.trigger("Errors", "checkout", dedup_key="incident-1")

    with pagerduty.refusing_connections(), pytest.raises(PDClientError):
        session.resolve("incident-1")
    session.resolve("incident-1")

    assert [alert.state for alert in pagerduty.alerts] == ["resolved"]


def test_a_sender_that_dies_while_it_sends_leaves_no_trace(pagerduty: PagerDutyFake) -> None:
    with socket.create_connection(("127.0.0.1", pagerduty.port)) as client:
        client.sendall(b"POST /v2/enqueue HTTP/1.1\r\nHost: x\r\nContent-Length: 100\r\n\r\n{")

    pagerduty.stop()  # raises what broke inside the fake

    assert pagerduty.calls == ()


def test_waiting_in_vain_says_so(pagerduty: PagerDutyFake) -> None:
    with pytest.raises(TimeoutError, match="PagerDutyFake"):
        pagerduty.wait_for(lambda fake: fake.pages, timeout=0.01)


# Slack


def section(text: str) -> dict[str, Any]:
    return {"type": "section", "text": {"type": "mrkdwn", "text": text}}


def button(**changes: Any) -> dict[str, Any]:
    text = {"type": "plain_text", "text": "Acknowledge"}
    return {"type": "button", "text": text, "action_id": "ack", "value": "1", **changes}


def menu(**changes: Any) -> dict[str, Any]:
    plain = {"type": "plain_text", "text": "Snooze"}
    return {
        "type": "static_select",
        "action_id": "m",
        "placeholder": plain,
        "options": [OPTION],
    } | (changes)


OPTION: dict[str, Any] = {"text": {"type": "plain_text", "text": "1 h"}, "value": "1h"}


def actions(*elements: dict[str, Any]) -> dict[str, Any]:
    return {"type": "actions", "elements": list(elements)}


GOOD_BLOCKS: list[dict[str, Any]] = [
    {"type": "header", "text": {"type": "plain_text", "text": "h" * 150, "emoji": True}},
    {
        **section("t" * 3000),
        "block_id": "b" * 255,
        "accessory": button(style="danger", action_id="resolve"),
    },
    {"type": "section", "fields": [{"type": "mrkdwn", "text": "f" * 100}] * 10},
    {"type": "context", "elements": [{"type": "mrkdwn", "text": "c"}] * 10},
    {"type": "divider"},
    actions(
        button(),
        menu(options=[{"text": OPTION["text"], "value": "v" * 150}] * 100),
        {"type": "overflow", "action_id": "more", "options": [OPTION] * 5},
        button(action_id="a" * 255, value="v" * 2000, url="https://guardia.example/incidents/1"),
    ),
]


def test_post_and_update_as_the_clients_send_them(slack: SlackFake) -> None:
    client = WebClient(TOKEN, base_url=slack.base_url)

    posted = client.chat_postMessage(channel="#operaciones", text="Errors", blocks=GOOD_BLOCKS)
    client.chat_update(
        channel=posted["channel"], ts=posted["ts"], text="Resolved", blocks=[section("Resolved")]
    )

    assert posted["channel"] == slack.channel_id("operaciones")
    (message,) = slack.messages
    assert (message.text, list(message.blocks)) == ("Resolved", [section("Resolved")])
    assert [version.text for version in message.versions] == ["Errors", "Resolved"]
    assert message.ts == posted["ts"] == posted["message"]["ts"]


async def test_the_asynchronous_client_posts_and_updates(slack: SlackFake) -> None:
    client = AsyncWebClient(TOKEN, base_url=slack.base_url)

    posted = await client.chat_postMessage(channel="operaciones", text="Errors")
    await client.chat_update(channel=posted["channel"], ts=posted["ts"], text="Resolved")

    assert [message.text for message in slack.messages] == ["Resolved"]


def test_auth_test_names_the_bot(slack: SlackFake) -> None:
    assert WebClient(TOKEN, base_url=slack.base_url).auth_test()["ok"]


def test_a_form_carries_blocks_as_json(slack: SlackFake) -> None:
    answer = httpx.post(
        f"{slack.base_url}chat.postMessage",
        data={"channel": "#operaciones", "text": "Ñ", "blocks": json.dumps([section("x")])},
        headers={"Authorization": f"Bearer {TOKEN}"},
    )

    assert answer.json()["ok"]
    assert [(one.text, one.blocks) for one in slack.messages] == [("Ñ", (section("x"),))]


def test_an_update_keeps_the_blocks_it_does_not_mention(slack: SlackFake) -> None:
    client = WebClient(TOKEN, base_url=slack.base_url)
    posted = client.chat_postMessage(channel="#operaciones", text="a", blocks=[section("x")])

    client.chat_update(channel=posted["channel"], ts=posted["ts"], text="b")
    kept = slack.messages[0].blocks
    client.chat_update(channel=posted["channel"], ts=posted["ts"], text="b", blocks=[])

    assert (kept, slack.messages[0].blocks) == ((section("x"),), ())


@pytest.mark.parametrize(
    ("arguments", "error"),
    [
        ({"channel": "#nadie", "text": "x"}, "channel_not_found"),
        ({"channel": "U0NOBODY", "text": "x"}, "channel_not_found"),
        ({"channel": "#operaciones", "text": "x", "thread_ts": "1.000001"}, "thread_not_found"),
        ({"channel": "#antiguo", "text": "x"}, "is_archived"),
        ({"channel": "#privado", "text": "x"}, "not_in_channel"),
        ({"channel": "#operaciones", "text": "x" * 40_001}, "msg_too_long"),
        ({"channel": "#operaciones", "text": "x", "blocks": "{"}, "invalid_blocks_format"),
        (
            {"channel": "#operaciones", "text": "x", "blocks": [section("x" * 2_700)] * 5},
            "msg_blocks_too_long",
        ),
        (
            {
                "channel": "#operaciones",
                "text": "x",
                "attachments": [{"fallback": "x", "blocks": [section("")]}],
            },
            "invalid_blocks",
        ),
        (
            {"channel": "#operaciones", "text": "x", "attachments": [{"fallback": "x"}] * 101},
            "too_many_attachments",
        ),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_slack_refuses_a_post(slack: SlackFake, arguments: dict[str, Any], error: str) -> None:
    client = WebClient(TOKEN, base_url=slack.base_url)

    with pytest.raises(SlackApiError) as caught:
        client.chat_postMessage(**arguments)

    assert caught.value.response.status_code == 200
    assert caught.value.response["error"] == error
    assert not slack.messages
    assert [one.error for one in slack.refused] == [error]


PLAIN = {"type": "plain_text", "text": "x"}
MARKDOWN = {"type": "mrkdwn", "text": "x"}
DIALOG: dict[str, Any] = dict.fromkeys(("title", "text", "confirm", "deny"), PLAIN)
BAD_BLOCKS = [
    ([section("x")] * 51, "/blocks", "no more than 50 items"),
    ([{**section("x"), "block_id": "b"}] * 2, "/blocks", "block_id already exists"),
    ([{"type": "marquee"}], "/blocks/0/type", "unsupported type"),
    (["x"], "/blocks/0/type", "unsupported type"),
    ([{"type": "section"}], "/blocks/0", "must have one of text, fields"),
    ([{**section("x"), "colour": "red"}], "/blocks/0", "invalid additional property: colour"),
    ([{**section("x"), "block_id": "b" * 256}], "/blocks/0/block_id", "less than 256"),
    ([section("")], "/blocks/0/text/text", "more than 0 characters"),
    ([section("x" * 3001)], "/blocks/0/text/text", "less than 3001"),
    ([{"type": "section", "text": {"text": "x"}}], "/blocks/0/text/type", "missing required"),
    ([{"type": "section", "text": "x"}], "/blocks/0/text", "must be an object"),
    (
        [{"type": "section", "text": {"type": "mrkdwn", "text": "x", "emoji": True}}],
        "/blocks/0/text",
        "invalid additional property: emoji",
    ),
    ([{"type": "section", "fields": [PLAIN] * 11}], "/blocks/0/fields", "no more than 10"),
    (
        [{"type": "section", "fields": [{**PLAIN, "text": "x" * 2001}]}],
        "/blocks/0/fields/0/text",
        "less than 2001",
    ),
    ([{"type": "header"}], "/blocks/0/text", "missing required field"),
    ([{"type": "header", "text": {**PLAIN, "text": "x" * 151}}], "/blocks/0/text/text", "151"),
    ([{"type": "header", "text": {"type": "mrkdwn", "text": "x"}}], "/blocks/0/text/type", "one"),
    ([{"type": "context", "elements": [PLAIN] * 11}], "/blocks/0/elements", "no more than 10"),
    ([{"type": "context", "elements": [button()]}], "/blocks/0/elements/0/type", "must be one"),
    ([actions()], "/blocks/0/elements", "no fewer than 1"),
    ([actions(*[button(action_id=str(n)) for n in range(26)])], "/blocks/0/elements", "25"),
    ([actions(button(), button())], "/blocks/0/elements", "action_id already exists"),
    ([actions(button()), actions(button())], "/blocks", "action_id already exists"),
    ([actions(menu(options=[]))], "/blocks/0/elements/0/options", "no fewer than 1"),
    ([actions(menu(options=[OPTION] * 101))], "/blocks/0/elements/0/options", "no more than 100"),
    (
        [actions(menu(options=[OPTION | {"value": "v" * 151}]))],
        "/blocks/0/elements/0/options/0/value",
        "151",
    ),
    ([actions(menu(options=[{"text": PLAIN}]))], "/blocks/0/elements/0/options/0/value", "missing"),
    (
        [actions(menu(placeholder={**PLAIN, "text": "x" * 151}))],
        "/blocks/0/elements/0/placeholder/text",
        "151",
    ),
    ([actions(menu(value="v"))], "/blocks/0/elements/0", "invalid additional property: value"),
    (
        [actions({"type": "overflow", "options": [OPTION] * 6})],
        "/blocks/0/elements/0/options",
        "no more than 5",
    ),
    ([actions({"type": "datepicker"})], "/blocks/0/elements/0/type", "must be one of"),
    ([actions(button(action_id="a" * 256))], "/blocks/0/elements/0/action_id", "256"),
    ([actions(button(value="v" * 2001))], "/blocks/0/elements/0/value", "2001"),
    ([actions(button(url="https://x.example/" + "x" * 3000))], "/blocks/0/elements/0/url", "3001"),
    ([actions(button(url="runbook"))], "/blocks/0/elements/0/url", "valid URL"),
    ([actions(button(style="loud"))], "/blocks/0/elements/0/style", "primary, danger"),
    ([actions(button(text={**PLAIN, "text": "x" * 76}))], "/blocks/0/elements/0/text/text", "76"),
    ([actions(button(text={"type": "mrkdwn", "text": "x"}))], "/blocks/0/elements/0/text/type", ""),
    ([actions(button(confirm={"title": PLAIN}))], "/blocks/0/elements/0/confirm/text", "missing"),
    *(
        ([actions(button(confirm=DIALOG | {part: wrong}))], f"/blocks/0/elements/0/{place}", told)
        for part, wrong, place, told in (
            ("title", {**PLAIN, "text": "x" * 101}, "confirm/title/text", "101"),
            ("text", {**PLAIN, "text": "x" * 301}, "confirm/text/text", "301"),
            ("confirm", {**PLAIN, "text": "x" * 31}, "confirm/confirm/text", "31"),
            ("deny", {**PLAIN, "text": "x" * 31}, "confirm/deny/text", "31"),
            ("title", MARKDOWN, "confirm/title/type", "plain_text"),
            ("text", MARKDOWN, "confirm/text/type", "plain_text"),
            ("confirm", MARKDOWN, "confirm/confirm/type", "plain_text"),
            ("deny", MARKDOWN, "confirm/deny/type", "plain_text"),
            ("style", "loud", "confirm/style", "primary, danger"),
            ("url", "https://x.example/", "confirm", "invalid additional property: url"),
        )
    ),
    ([{"type": "image", "image_url": "https://x.example/1.png"}], "/blocks/0/alt_text", "missing"),
]


@pytest.mark.parametrize(("blocks", "pointer", "message"), BAD_BLOCKS)
def test_slack_refuses_blocks(
    slack: SlackFake, blocks: list[Any], pointer: str, message: str
) -> None:
    client = WebClient(TOKEN, base_url=slack.base_url)

    with pytest.raises(SlackApiError) as caught:
        client.chat_postMessage(channel="#operaciones", text="x", blocks=blocks)

    assert caught.value.response["error"] == "invalid_blocks"
    errors = caught.value.response["errors"]
    found = [one for one in errors if one.endswith(f"[json-pointer:{pointer}]") and message in one]
    assert found, errors


def test_a_direct_message_has_a_conversation_of_its_own_and_a_reply_its_parent(
    slack: SlackFake,
) -> None:
    client = WebClient(TOKEN, base_url=slack.base_url)
    direct = client.chat_postMessage(channel="U0MARTA", text="Errors")
    channel, ts = direct["channel"], direct["ts"]
    client.chat_postMessage(channel=channel, text="Still", thread_ts=ts)
    client.chat_update(channel=channel, ts=ts, text="Resolved")

    assert channel == "D0MARTA"
    assert [(one.text, one.thread_ts) for one in slack.messages] == [
        ("Resolved", None),
        ("Still", ts),
    ]


def test_slack_refuses_updates_of_what_is_not_ours(slack: SlackFake) -> None:
    client = WebClient(TOKEN, base_url=slack.base_url)
    other = slack.post_as_other("operaciones", "hola")
    ours = client.chat_postMessage(channel="#operaciones", text="Errors")
    cases = [
        ({"channel": "#operaciones", "ts": ours["ts"], "text": "x"}, "channel_not_found"),
        ({"channel": ours["channel"], "ts": "1.000001", "text": "x"}, "message_not_found"),
        ({"channel": ours["channel"], "ts": other.ts, "text": "x"}, "cant_update_message"),
        ({"channel": ours["channel"], "ts": ours["ts"], "text": "x" * 4001}, "msg_too_long"),
        ({"channel": ours["channel"], "ts": ours["ts"], "text": ""}, "no_text"),
    ]

    for arguments, error in cases:
        answer = httpx.post(
            f"{slack.base_url}chat.update",
            json=arguments,
            headers={"Authorization": f"Bearer {TOKEN}"},
        )
        assert answer.json()["error"] == error

    assert [message.edits for message in slack.messages] == [0, 0]


def test_slack_refuses_a_post_without_content(slack: SlackFake) -> None:
    answer = httpx.post(
        f"{slack.base_url}chat.postMessage",
        json={"channel": "#operaciones", "text": " "},
        headers={"Authorization": f"Bearer {TOKEN}"},
    )

    assert answer.json() == {"ok": False, "error": "no_text"}


@pytest.mark.parametrize(
    ("headers", "body", "error"),
    [
        ({"Content-Type": "application/json"}, b"{}", "not_authed"),
        (
            {"Content-Type": "application/json", "Authorization": "Bearer x"},
            b"{}",
            "invalid_auth",
        ),
        ({"Content-Type": "application/json"}, b"{", "invalid_json"),
        ({"Content-Type": "application/json"}, b"[]", "json_not_object"),
        ({"Content-Type": "text/plain"}, b"", "invalid_post_type"),
        ({}, b"", "missing_post_type"),
        ({"Content-Type": "application/x-www-form-urlencoded"}, b"text", "invalid_form_data"),
    ],
)
def test_slack_refuses_a_call(
    slack: SlackFake, headers: dict[str, str], body: bytes, error: str
) -> None:
    answer = httpx.post(f"{slack.base_url}chat.postMessage", content=body, headers=headers)

    assert (answer.status_code, answer.json()) == (200, {"ok": False, "error": error})


def test_scripted_slack_failures(slack: SlackFake) -> None:
    client = WebClient(TOKEN, base_url=slack.base_url, retry_handlers=[])
    slack.refuse_next("ratelimited")
    slack.limit_next(retry_after_seconds=7)
    slack.fail_next(status=503)
    answers = []

    for _ in range(3):
        with pytest.raises(SlackApiError) as caught:
            client.chat_postMessage(channel="#operaciones", text="x")
        response = caught.value.response
        headers = {name.lower(): value for name, value in response.headers.items()}
        answers.append((response.status_code, headers.get("retry-after")))

    assert answers == [(200, None), (429, "7"), (503, None)]
    assert not slack.messages


def test_slack_limits_the_posts_of_each_channel() -> None:
    clock = Clock()
    fake = SlackFake(token=TOKEN, channels=("a", "b"), posts_per_minute=1, now=clock)
    with fake.serving():
        client = WebClient(TOKEN, base_url=fake.base_url, retry_handlers=[])
        client.chat_postMessage(channel="a", text="x")
        client.chat_postMessage(channel="b", text="x")
        with pytest.raises(SlackApiError) as caught:
            client.chat_postMessage(channel="a", text="y")
        clock.at += timedelta(minutes=1)
        client.chat_postMessage(channel="a", text="y")

    assert caught.value.response.status_code == 429
    assert [message.channel.name for message in fake.messages] == ["a", "b", "a"]


# E-mail


def a_mail(to: str = "marta@example.org", subject: str = "Errors in checkout") -> EmailMessage:
    mail = EmailMessage()
    mail["From"] = "guardia@example.org"
    mail["To"] = to
    mail["Date"] = format_datetime(NIGHT)
    mail["Subject"] = subject
    mail.set_content("Budget spent: 2 %\nRunbook: https://runbooks.example/checkout\n")
    return mail


async def test_a_mail_is_kept_as_a_message(smtp: SmtpFake) -> None:
    await aiosmtplib.send(a_mail(subject="Página caída"), hostname=smtp.host, port=smtp.port)

    (mail,) = smtp.mails
    assert (mail.sender, mail.recipients) == ("guardia@example.org", ("marta@example.org",))
    assert mail.subject == "Página caída"
    assert mail.text.startswith("Budget spent: 2 %")


async def test_mail_needs_the_right_password() -> None:
    with SmtpFake(users={"guardia": "right"}).serving() as fake:
        with pytest.raises(aiosmtplib.SMTPAuthenticationError):
            await aiosmtplib.send(
                a_mail(), hostname=fake.host, port=fake.port, username="guardia", password="wrong"
            )
        with pytest.raises(aiosmtplib.SMTPSenderRefused):
            await aiosmtplib.send(a_mail(), hostname=fake.host, port=fake.port)
        await aiosmtplib.send(
            a_mail(), hostname=fake.host, port=fake.port, username="guardia", password="right"
        )

    assert [mail.authenticated_as for mail in fake.mails] == ["guardia"]


@pytest.mark.parametrize("stage", ["MAIL", "RCPT", "DATA"])
@pytest.mark.parametrize(("reply", "code"), [("451 4.3.0 Later", 451), ("554 5.7.1 No", 554)])
async def test_scripted_mail_failures(smtp: SmtpFake, stage: Any, reply: str, code: int) -> None:
    smtp.fail_next(stage=stage, reply=reply)

    with pytest.raises(aiosmtplib.SMTPException) as caught:
        await aiosmtplib.send(a_mail(), hostname=smtp.host, port=smtp.port)
    await aiosmtplib.send(a_mail(), hostname=smtp.host, port=smtp.port)

    assert str(code) in str(caught.value)
    assert len(smtp.mails) == 1


async def test_a_cut_connection_may_have_delivered(smtp: SmtpFake) -> None:
    smtp.fail_next(stage="DATA", reply=None)
    smtp.fail_next(stage="DATA", reply=None, processes=True)
    kept = []

    for _ in range(2):
        with pytest.raises(aiosmtplib.SMTPServerDisconnected):
            await aiosmtplib.send(a_mail(), hostname=smtp.host, port=smtp.port)
        kept.append(len(smtp.mails))

    assert kept == [0, 1]


async def test_a_refused_connection_and_the_same_port_again(smtp: SmtpFake) -> None:
    with smtp.refusing_connections(), pytest.raises(aiosmtplib.SMTPConnectError):
        await aiosmtplib.send(a_mail(), hostname=smtp.host, port=smtp.port)
    await aiosmtplib.send(a_mail(), hostname=smtp.host, port=smtp.port)

    assert len(smtp.mails) == 1


@pytest.mark.parametrize(
    ("content", "code"),
    [
        (b"From: a@example.org\r\n\r\nx", 550),
        (b"Date: Sun, 29 Mar 2026 01:10:00 +0000\r\n\r\nx", 550),
        (
            b"From: a@x\r\nDate: Sun, 29 Mar 2026 01:10:00 +0000\r\nSubject: a\r\nSubject: b"
            b"\r\n\r\nx",
            550,
        ),
        (
            b"From: a@x\r\nDate: Sun, 29 Mar 2026 01:10:00 +0000\r\nSubject: \xc3\xb1\r\n\r\nx",
            550,
        ),
    ],
    ids=["no date", "no from", "two subjects", "raw ñ"],
)
def test_a_malformed_mail_is_refused(smtp: SmtpFake, content: bytes, code: int) -> None:
    with (
        smtplib.SMTP(smtp.host, smtp.port) as client,
        pytest.raises(smtplib.SMTPDataError) as caught,
    ):
        client.sendmail("a@example.org", ["b@example.org"], content)

    assert caught.value.smtp_code == code
    assert not smtp.mails


def test_a_mailbox_that_does_not_exist_is_refused() -> None:
    fake = SmtpFake(mailboxes=frozenset({"marta@example.org"}))
    with (
        fake.serving(),
        smtplib.SMTP(fake.host, fake.port) as client,
        pytest.raises(smtplib.SMTPRecipientsRefused),
    ):
        client.send_message(a_mail(to="nadie@example.org"))

    assert not fake.mails


# The inbox


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("*Marta* &amp; &lt;b&gt;", "<b>Marta</b> &amp; &lt;b&gt;"),
        ("2*3*4", "2*3*4"),
        (
            "<https://x.example/?a=1&amp;b=2|Runbook>",
            '<a href="https://x.example/?a=1&amp;b=2" rel="noreferrer">Runbook</a>',
        ),
        ("<javascript:alert(1)|x>", "&lt;javascript:alert(1)|x&gt;"),
        ("&amp;lt;", "&amp;lt;"),
        ('<https://x.example/"onclick="|<i>>', "&lt;https://x.example/&quot;onclick=&quot;|"),
    ],
)
def test_slack_text_is_shown_as_slack_shows_it(text: str, shown: str) -> None:
    assert show_markdown(text).startswith(shown)


def test_the_inbox_escapes_what_came_from_outside(
    pagerduty: PagerDutyFake, slack: SlackFake, smtp: SmtpFake
) -> None:
    attack = "<script>alert('x')</script>"
    post_event(
        pagerduty,
        an_event(dedup_key=attack, payload__summary=attack, payload__source=attack),
    )
    client = WebClient(TOKEN, base_url=slack.base_url)
    posted = client.chat_postMessage(channel="#operaciones", text=attack)
    client.chat_update(
        channel=posted["channel"],
        ts=posted["ts"],
        text=attack,
        blocks=[
            {"type": "header", "text": {"type": "plain_text", "text": attack}},
            {"type": "section", "fields": [{"type": "mrkdwn", "text": attack}]},
            {"type": "context", "elements": [{"type": "mrkdwn", "text": attack}]},
            actions(button(text={"type": "plain_text", "text": attack})),
        ],
    )
    mail = a_mail(subject=attack)
    mail.set_content(attack)
    with smtplib.SMTP(smtp.host, smtp.port) as sender:
        sender.send_message(mail)
    inbox = Inbox(pagerduty=pagerduty, slack=slack, mail=smtp, now=Clock())
    inbox.start()
    try:
        page = httpx.get(f"{inbox.url}/").text
    finally:
        inbox.stop()

    assert "<script" not in page
    assert page.count("&lt;script&gt;alert(&#x27;x&#x27;)&lt;/script&gt;") == 10
    assert "1 edit" in page


def test_the_program_announces_its_addresses_and_ends_at_a_signal() -> None:
    command = [sys.executable, "-m", "tests.fakes", "--slack-token", TOKEN]
    command += ["--routing-key", f"marta={MARTA}", "--slack-channel", "#operaciones"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, cwd=REPOSITORY, text=True) as program:
        assert program.stdout is not None
        word, *pairs = program.stdout.readline().split()
        addresses = dict(pair.split("=", 1) for pair in pairs)
        woken = httpx.post(f"{addresses['pagerduty']}/v2/enqueue", json=an_event())
        posted = WebClient(TOKEN, base_url=addresses["slack"]).chat_postMessage(
            channel="#operaciones", text="x"
        )
        host, port = addresses["smtp"].split(":")
        with smtplib.SMTP(host, int(port)) as sender:
            sender.send_message(a_mail())
        page = httpx.get(addresses["inbox"])
        program.send_signal(signal.SIGTERM)
        code = program.wait(60)

    assert (word, code) == ("ready", 0)
    assert (woken.status_code, posted["ok"], page.status_code) == (202, True, 200)
    assert "marta@example.org" in page.text


class App(HttpFake):
    """Takes whatever Slack sends."""

    def answer(self, call: Call) -> Answer:
        return Answer(body={})

    def failure_answer(self, status: int) -> dict[str, Any]:
        return {"status": status}


def test_who_reads_the_inbox_presses_a_button_of_slack_and_is_asked_first(
    pagerduty: PagerDutyFake, slack: SlackFake, smtp: SmtpFake
) -> None:
    with App().serving() as app:
        hand = Hand(fingers=Fingers(slack=slack), member="U0ANA", url=f"{app.url}/webhook/slack")
        inbox = Inbox(pagerduty=pagerduty, slack=slack, mail=smtp, hand=hand)
        resolve = button(value="resolve 1", confirm=DIALOG | {"title": {**PLAIN, "text": "<b>?"}})
        resolve["text"] = {**PLAIN, "text": "Resolve"}
        blocks = [actions(resolve, menu(action_id="m"))]
        posted = WebClient(TOKEN, base_url=slack.base_url).chat_postMessage(
            channel="#operaciones", text="x", blocks=blocks
        )
        inbox.start()
        try:
            page = httpx.get(inbox.url)
            form = {"ts": posted["ts"], "word": "Resolve"}
            asked = httpx.post(f"{inbox.url}/press", data=form)
            assert not app.calls
            sure = httpx.post(f"{inbox.url}/press", data=form | {"sure": "yes", "by": "U0BEN"})
            chosen = httpx.post(f"{inbox.url}/press", data=form | {"word": "1 h"})
            gone = httpx.post(f"{inbox.url}/press", data=form | {"word": "Escalate"})
            app.fail_next(status=403)
            refused = httpx.post(f"{inbox.url}/press", data=form | {"word": "1 h"})
        finally:
            inbox.stop()

    assert '<button class="button " name="word" value="Resolve">Resolve</button>' in page.text
    assert "form-action 'self'" in page.headers["content-security-policy"]
    assert (asked.status_code, asked.text.count("&lt;b&gt;?")) == (200, 2)
    assert [one.status_code for one in (sure, chosen, gone, refused)] == [303, 303, 404, 502]
    sent = [json.loads(parse_qs(call.body.decode())["payload"][0]) for call in app.calls]
    assert [one["user"]["id"] for one in sent] == ["U0BEN", "U0ANA", "U0ANA"]
    assert sent[0]["actions"][0]["value"] == "resolve 1"
    assert sent[1]["actions"][0]["selected_option"]["value"] == "1h"


def test_the_records_are_json_without_secrets(
    pagerduty: PagerDutyFake, slack: SlackFake, smtp: SmtpFake
) -> None:
    post_event(pagerduty, an_event())
    post_event(pagerduty, an_event(event_action="close"))
    WebClient(TOKEN, base_url=slack.base_url).chat_postMessage(channel="#operaciones", text="x")
    with smtplib.SMTP(smtp.host, smtp.port) as sender:
        sender.send_message(a_mail())
    inbox = Inbox(pagerduty=pagerduty, slack=slack, mail=smtp)
    inbox.start()
    try:
        answer = httpx.get(f"{inbox.url}/records.json")
    finally:
        inbox.stop()

    assert answer.json() == records(pagerduty, slack, smtp)
    assert answer.json()["pagerduty"]["pages"][0]["person"] == "marta"
    assert answer.json()["slack"]["messages"][0]["text"] == "x"
    assert answer.json()["email"]["mails"][0]["subject"] == "Errors in checkout"
    assert MARTA not in answer.text
    assert TOKEN not in answer.text
