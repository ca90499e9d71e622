"""Signed webhooks: what a receiver gets, how it verifies it, and what its answers mean."""

import hmac
import json
import re
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from router.address import Address
from router.channels.outcome import FailureReason, Refused, Retry, Sent
from router.channels.webhook import Webhook, sign
from router.message.model import MessageContext, MessageKind
from tests.catalogs import ROOT
from tests.fakes.webhook import WebhookFake
from tests.router.making import (
    NOON,
    context,
    incident,
    incident_alert,
    minutes,
    person,
    roster,
)
from tests.router.road import Road, firing, resolved

KEY = "k" * 32
GUIDE = ROOT / "docs" / "operations" / "channels.md"


@pytest.fixture
def receiver() -> Iterator[WebhookFake]:
    with WebhookFake(key=KEY, now=lambda: NOON).serving() as fake:
        yield fake


@pytest.fixture
def webhook_secrets(tmp_path: Path, receiver: WebhookFake) -> Path:
    (tmp_path / "webhook-operaciones").write_text(KEY)
    (tmp_path / "webhook-operaciones.url").write_text(f"{receiver.url}/hook\n")
    return tmp_path


def told(**fields: Any) -> MessageContext:
    made = context(incident(incident_alert(severity="critical", service="casos")), **fields)
    to = Address(channel="webhook", address="operaciones")
    return replace(made, message=replace(made.message, address=to))


async def test_a_receiver_that_verifies_takes_it(
    receiver: WebhookFake, webhook_secrets: Path
) -> None:
    assert isinstance(await Webhook(secrets_dir=webhook_secrets).attempt(told()), Sent)

    (body,) = receiver.taken
    assert (body["version"], body["kind"], body["id"]) == (1, "page", "installation/1/1.1/ana")
    assert body["person"] == {"id": "ana", "name": "Engineer ana"}
    assert receiver.calls[0].headers["content-type"] == "application/json"


async def test_what_somebody_repeats_or_changes_is_refused_by_the_receiver(
    receiver: WebhookFake, webhook_secrets: Path
) -> None:
    channel = Webhook(secrets_dir=webhook_secrets)
    await channel.attempt(told())
    assert isinstance(await channel.attempt(told()), Refused)  # the same bytes again
    old = replace(told(), now=NOON - minutes(6))
    assert isinstance(await channel.attempt(old), Refused)

    (webhook_secrets / "webhook-operaciones").write_text(
        "another key, also of more than 32 characters"
    )
    assert isinstance(await channel.attempt(replace(told(), now=NOON + minutes(1))), Refused)
    assert len(receiver.taken) == 1


def test_the_guides_example_verifies_what_is_sent_and_refuses_the_rest() -> None:
    example = re.search(r"```python\n(.*?)```", GUIDE.read_text(encoding="utf-8"), re.DOTALL)
    assert example is not None
    found: dict[str, Any] = {}
    exec(example[1], found)  # noqa: S102 (the guide is ours, and people copy from it)
    verify = found["verify"]
    at = NOON.timestamp()

    def is_taken(body: bytes = b"{}", *, key: str = KEY, timestamp: int = int(at)) -> bool:
        signature = f"v1={sign(KEY, str(int(at)), b'{}')}"
        return bool(verify(key, str(timestamp), signature, body, now=at + 1))

    assert is_taken()
    assert not is_taken(), "a replay"
    found["seen"].clear()
    assert not is_taken(b"{ }")
    assert not is_taken(key="another")
    assert not is_taken(timestamp=int(at) + 1)
    assert not verify(KEY, "", "", b"{}", now=at)
    late = f"v1={sign(KEY, str(int(at)), b'{}')}"
    assert not verify(KEY, str(int(at)), late, b"{}", now=at + 301)


def test_the_signature_is_the_one_that_the_guide_tells() -> None:
    expected = hmac.new(KEY.encode(), b'1795521600.{"a":1}', "sha256").hexdigest()
    assert sign(KEY, "1795521600", b'{"a":1}') == expected


@pytest.mark.parametrize(
    ("status", "expected"),
    [
        (200, (Sent, None)),
        (202, (Sent, None)),
        (301, (Refused, FailureReason.ADDRESS)),
        (307, (Refused, FailureReason.ADDRESS)),
        (400, (Refused, FailureReason.CONTENT)),
        (401, (Refused, FailureReason.CREDENTIALS)),
        (404, (Refused, FailureReason.ADDRESS)),
        (408, (Retry, FailureReason.PROVIDER_ERROR)),
        (429, (Retry, FailureReason.RATE_LIMITED)),
        (500, (Retry, FailureReason.PROVIDER_ERROR)),
        (503, (Retry, FailureReason.PROVIDER_ERROR)),
    ],
)
async def test_what_an_answer_means(
    receiver: WebhookFake,
    webhook_secrets: Path,
    status: int,
    expected: tuple[type, FailureReason | None],
) -> None:
    receiver.fail_next(None, status=status, headers={"Location": f"{receiver.url}/inner"})

    outcome = await Webhook(secrets_dir=webhook_secrets).attempt(told())

    reason = None if isinstance(outcome, Sent) else outcome.reason
    assert (type(outcome), reason) == expected
    assert [call.path for call in receiver.calls] == ["/hook"], "no redirect is followed"


async def test_a_receiver_says_when_to_come_back(
    receiver: WebhookFake, webhook_secrets: Path
) -> None:
    receiver.fail_next(1, status=503, headers={"Retry-After": "40"})
    outcome = await Webhook(secrets_dir=webhook_secrets).attempt(told())
    assert isinstance(outcome, Retry)
    assert outcome.after is not None
    assert outcome.after.total_seconds() == 40


async def test_a_receiver_out_of_reach_is_a_retry_that_tells_no_address(
    receiver: WebhookFake, webhook_secrets: Path
) -> None:
    url = receiver.url.replace("http://", "http://user:hunter2@")
    (webhook_secrets / "webhook-operaciones.url").write_text(url)
    receiver.fail_next(1, drops_connection=True)
    outcome = await Webhook(secrets_dir=webhook_secrets).attempt(told())
    assert isinstance(outcome, Retry)
    assert outcome.reason is FailureReason.UNREACHABLE
    assert "hunter2" not in outcome.detail


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("webhook-operaciones", "short"),
        ("webhook-operaciones", ""),
        ("webhook-operaciones.url", "receiver.example/hook"),
        ("webhook-operaciones.url", "file:///etc/passwd"),
        ("webhook-operaciones.url", "https://[::1"),
        ("webhook-operaciones.url", "https://"),
    ],
)
async def test_a_weak_key_or_no_address_sends_nothing(
    receiver: WebhookFake, webhook_secrets: Path, name: str, text: str
) -> None:
    (webhook_secrets / name).write_text(text)

    outcome = await Webhook(secrets_dir=webhook_secrets).attempt(told())

    assert isinstance(outcome, Refused)
    assert outcome.reason is FailureReason.CREDENTIALS
    assert KEY not in outcome.detail
    assert receiver.calls == ()


async def test_the_end_of_a_page_has_the_pages_id(
    receiver: WebhookFake, webhook_secrets: Path
) -> None:
    channel = Webhook(secrets_dir=webhook_secrets)
    await channel.attempt(told())
    await channel.attempt(replace(told(kind=MessageKind.RESOLVE), now=NOON + minutes(1)))

    page, end = receiver.taken
    assert (page["kind"], end["kind"]) == ("page", "resolve")
    assert page["id"] == end["id"]


def test_the_body_in_the_guide_has_the_fields_that_are_sent() -> None:
    from router.message.webhook import render_body

    example = re.search(r"```json\n(.*?)```", GUIDE.read_text(encoding="utf-8"), re.DOTALL)
    assert example is not None
    shown, sent = json.loads(example[1]), json.loads(render_body(told()))
    assert shown.keys() == sent.keys()
    assert shown["incident"].keys() == sent["incident"].keys()
    assert shown["text"].keys() == sent["text"].keys()
    assert shown["alerts"][0].keys() == sent["alerts"][0].keys()


async def test_a_page_its_escalation_and_its_end_reach_the_receiver(
    road: Road, receiver: WebhookFake
) -> None:
    receiver.now = road.clock
    secrets = road.settings.secrets_dir
    (secrets / "webhook-bridge").write_text(KEY)
    (secrets / "webhook-bridge.url").write_text(receiver.url)
    bridge = Address(channel="webhook", address="bridge")
    catalog = road.worker.catalog
    ana = person("ana", addresses=[bridge])
    first, *others = catalog.routes
    road.worker.catalog = replace(
        catalog,
        roster=roster(ana, person("ben")),
        routes=(replace(first, channels=(bridge,)), *others),
    )

    await road.receive(firing())
    await road.pass_time(minutes(15))
    await road.acknowledge(1, "Engineer ben")
    await road.pass_time(minutes(1))
    await road.pass_time(minutes(1))
    await road.receive(resolved())

    pages = [body for body in receiver.taken if body["kind"] != "notice"]
    assert [body["kind"] for body in pages] == ["page", "acknowledge", "resolve"]
    assert {body["id"] for body in pages} == {"test/1/1.1/ana"}
    notices = [body for body in receiver.taken if body["kind"] == "notice"]
    assert len({body["id"] for body in notices}) == 1
    assert [one["id"] for one in notices[0]["paged"]] == ["ana"]
    assert [body["incident"]["state"] for body in notices] == [
        "triggered",
        "triggered",
        "acknowledged",
        "resolved",
    ]
    assert [one["id"] for one in notices[1]["paged"]] == ["ana", "ben"]
