"""The fakes refuse all that the published OpenAPI documents refuse, and say what is stricter."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any, cast

import pytest
from hypothesis import given
from hypothesis import strategies as st
from jsonschema import Draft4Validator

from tests.fakes.failures import Answer, Call
from tests.fakes.pagerduty import ENQUEUE, PagerDutyFake
from tests.fakes.pagerduty_rules import find_broken_rules, is_iso_8601, schema_validator
from tests.fakes.serving import utc_now
from tests.fakes.slack import SlackFake
from tests.fakes.slack_records import Channel

KEY = "0123456789abcdef0123456789abcdef"
TOKEN = "xoxb-1-fake"

Document = Mapping[str, Any]


@pytest.fixture(scope="session")
def events_api(corpus: Path) -> Document:
    return read_document(corpus / "api-schemas" / "pagerduty-events-v2-openapi.json")


@pytest.fixture(scope="session")
def web_api(corpus: Path) -> Document:
    return read_document(corpus / "api-schemas" / "slack-web-chat-subset-openapi2.json")


def read_document(path: Path) -> Document:
    return cast(Document, json.loads(path.read_text(encoding="utf-8")))


def call_of(path: str, body: Any, **headers: str) -> Call:
    return Call(
        method="POST",
        path=path,
        headers={"content-type": "application/json", **headers},
        query={},
        body=json.dumps(body).encode(),
        at=utc_now(),
    )


# PagerDuty

short_text = st.text(st.characters(codec="utf-8"), min_size=1, max_size=20).filter(str.strip)
urls = st.sampled_from(("https://x.example", "https://runbooks.example/checkout?a=1#b"))


def objects(required: dict[str, Any], optional: dict[str, Any]) -> st.SearchStrategy[Any]:
    return st.fixed_dictionaries(required, optional=optional)


good_events = objects(
    {
        "routing_key": st.just(KEY),
        "event_action": st.sampled_from(("trigger", "acknowledge", "resolve")),
        "dedup_key": short_text,
        "payload": objects(
            {
                "summary": short_text,
                "source": short_text,
                "severity": st.sampled_from(("critical", "error", "warning", "info")),
            },
            {
                "timestamp": st.datetimes().map(lambda at: f"{at.isoformat()}Z"),
                "component": short_text,
                "group": short_text,
                "class": short_text,
                "custom_details": st.dictionaries(short_text, short_text, max_size=3),
            },
        ),
    },
    {
        "client": short_text,
        "client_url": urls,
        "links": st.lists(objects({"href": urls}, {"text": short_text}), max_size=3),
        "images": st.lists(objects({"src": urls}, {"href": urls, "alt": short_text}), max_size=3),
    },
)

# What a wrong producer writes into a field: other types, other values, too long, empty.
wrong_values = st.sampled_from(
    (None, True, 0, 1.5, "", " ", "x", "x" * 300, "x" * 1100, [], ["x"], [None], {}, {"href": 1})
)


@st.composite
def bad_events(draw: st.DrawFn) -> dict[str, Any]:
    """Return a good event with one to three properties taken away or overwritten."""
    event: dict[str, Any] = json.loads(json.dumps(draw(good_events)))
    for _ in range(draw(st.integers(1, 3))):
        holders = [event, *(value for value in event.values() if isinstance(value, dict))]
        holders += [
            entry
            for value in event.values()
            if isinstance(value, list)
            for entry in value
            if isinstance(entry, dict)
        ]
        holder = draw(st.sampled_from([one for one in holders if one] or [{"x": 1}]))
        name = draw(st.sampled_from(sorted(holder)))
        if draw(st.booleans()):
            del holder[name]
        else:
            holder[name] = draw(wrong_values)
    return event


def status_of(event: Any) -> int:
    answer = PagerDutyFake(keys={"marta": KEY}).answer(call_of(ENQUEUE, event))
    assert answer is not None
    return answer.status


@given(event=good_events)
def test_good_events_pass_both(events_api: Document, event: dict[str, Any]) -> None:
    assert schema_validator(events_api).is_valid(event)
    assert status_of(event) == 202


@given(event=bad_events())
def test_verdicts_differ_only_where_a_rule_says_that_the_schema_is_silent(
    events_api: Document, event: dict[str, Any]
) -> None:
    broken = [rule for rule, _ in find_broken_rules(event)]
    schema_accepts = schema_validator(events_api).is_valid(event)

    # A well-formed key that is nobody's is refused by state, not by a rule.
    assert (status_of(event) == 202) == (not broken and event.get("routing_key") == KEY)
    assert schema_accepts == (not any(rule.in_schema for rule in broken)), [
        rule.name for rule in broken
    ]


def test_the_examples_of_the_document_are_accepted(events_api: Document) -> None:
    content = events_api["paths"]["/enqueue"]["post"]["requestBody"]["content"]
    event = content["application/json"]["examples"]["event"]["value"]

    fake = PagerDutyFake(keys={"sample": event["routing_key"]}, schema=events_api)
    answer = fake.answer(call_of(ENQUEUE, event))

    assert answer is not None
    assert answer.status == 202
    assert is_iso_8601(event["payload"]["timestamp"])


@pytest.mark.parametrize("status", [202, 400, 429])
def test_answers_have_the_published_shape(events_api: Document, status: int) -> None:
    fake = PagerDutyFake(keys={"marta": KEY}, events_per_minute=1)
    good: dict[str, Any] = {
        "routing_key": KEY,
        "event_action": "trigger",
        "payload": {"summary": "Errors", "source": "checkout", "severity": "info"},
    }
    events: dict[int, list[dict[str, Any]]] = {202: [good], 400: [{}], 429: [good, good]}

    answers = [fake.answer(call_of(ENQUEUE, event)) for event in events[status]]

    name = "Success" if status == 202 else "Error"
    response = events_api["components"]["responses"][name]
    schema = response["content"]["application/json"]["schema"]
    answer = answers[-1]
    assert answer is not None
    assert answer.status == status
    assert list(Draft4Validator(schema).iter_errors(answer.body)) == []


# Slack


def slack_answer(method: str, token: str = TOKEN, **arguments: Any) -> Answer:
    fake = SlackFake(
        token=TOKEN,
        channels=("#operaciones", Channel(name="antiguo", id="C0OLD", is_archived=True)),
    )
    posted = fake.answer(
        call_of(
            "/api/chat.postMessage",
            {"channel": "operaciones", "text": "x"},
            authorization=f"Bearer {TOKEN}",
        )
    )
    assert posted is not None
    if method == "chat.update":
        arguments = {"ts": posted.body["ts"], **arguments}
    answer = fake.answer(
        call_of(f"/api/{method}", arguments, authorization=f"Bearer {token}" if token else "")
    )
    assert answer is not None
    return answer


def published_errors(web_api: Document, method: str) -> set[str]:
    default = web_api["paths"][f"/{method}"]["post"]["responses"]["default"]
    return set(default["schema"]["properties"]["error"]["enum"])


@pytest.mark.parametrize(
    ("method", "arguments", "error"),
    [
        ("chat.postMessage", {"channel": "nadie", "text": "x"}, "channel_not_found"),
        ("chat.postMessage", {"channel": "antiguo", "text": "x"}, "is_archived"),
        ("chat.postMessage", {"channel": "operaciones"}, "no_text"),
        ("chat.postMessage", {"channel": "operaciones", "text": "x" * 40_001}, "msg_too_long"),
        (
            "chat.postMessage",
            {"channel": "operaciones", "attachments": [{}] * 101},
            "too_many_attachments",
        ),
        ("chat.postMessage", {"token": ""}, "not_authed"),
        ("chat.postMessage", {"token": "other"}, "invalid_auth"),
        ("chat.update", {"channel": "operaciones", "text": "x"}, "channel_not_found"),
        ("chat.update", {"channel": "C0000000001", "ts": "1.1"}, "message_not_found"),
        ("chat.update", {"channel": "C0000000001"}, "no_text"),
        ("chat.update", {"channel": "C0000000001", "text": "x" * 4_001}, "msg_too_long"),
    ],
)
def test_slack_errors_are_published_ones(
    web_api: Document, method: str, arguments: dict[str, Any], error: str
) -> None:
    answer = slack_answer(method, **arguments)

    assert answer.body["error"] == error
    assert error in published_errors(web_api, method)


@pytest.mark.parametrize("method", ["chat.postMessage", "chat.update"])
def test_slack_successes_have_what_the_document_requires(web_api: Document, method: str) -> None:
    schema = web_api["paths"][f"/{method}"]["post"]["responses"]["200"]["schema"]

    answer = slack_answer(method, channel="C0000000001", text="x")

    assert answer.status == 200
    assert set(schema["required"]) <= set(answer.body)
    assert set(answer.body) <= set(schema["properties"])
