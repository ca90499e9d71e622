"""Bodies of PagerDuty's webhooks: who signed them, and what they say."""

import json
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from router.intake.pagerduty import PagerDutyEvent, is_signed, parse_event

BODY = '{"event": {"note": "déjà vu"}}'.encode()
# The HMAC-SHA256 of BODY by these secrets, reckoned with `openssl dgst -sha256 -hmac`.
BY_FIRST = "v1=a98f2c8c8fddc595f71b90e603398d25423eaeac59bfad3533cd1101e57085ed"
BY_SECOND = "v1=40679cc5ac9e96bbdecf9137ef3acb04227fc1e627a519691a34ab951d638ffa"
OTHER = "v1=" + "0" * 64


@pytest.mark.parametrize(
    ("header", "is_ours"),
    [
        (BY_FIRST, True),
        (f"{OTHER},{BY_FIRST}", True),
        (f"{BY_FIRST},{OTHER}", True),
        (f" {OTHER} , {BY_FIRST} ", True),
        (BY_SECOND, True),
        (f"v2={'1' * 64},{BY_FIRST}", True),
        ("", False),
        (OTHER, False),
        (BY_FIRST.removeprefix("v1="), False),
        (BY_FIRST.replace("v1=", "v2="), False),
        (BY_FIRST[:-1], False),
        (BY_FIRST + "0", False),
        ("v1=", False),
        ("v1", False),
        (",,,", False),
        ("v1=é", False),
    ],
)
def test_one_valid_signature_of_any_valid_secret_is_enough(header: str, is_ours: bool) -> None:
    assert is_signed(BODY, header, [b"first secret", b"second secret"]) is is_ours


def test_another_body_or_a_secret_that_was_taken_out_signs_nothing() -> None:
    assert not is_signed(BODY + b" ", BY_FIRST, [b"first secret"])
    assert not is_signed(BODY, BY_FIRST, [b"second secret"])
    assert not is_signed(BODY, BY_FIRST, [])


def event(**fields: Any) -> bytes:
    return json.dumps({"event": {"id": "01", "event_type": "incident.escalated"} | fields}).encode()


def parsed(**fields: Any) -> PagerDutyEvent:
    found = parse_event(event(**fields))
    assert found is not None
    return found


def test_who_did_what_to_which_incident_is_read() -> None:
    found = parsed(
        event_type="incident.acknowledged",
        occurred_at="2026-11-24T12:03:00.123Z",
        agent={"type": "user_reference", "summary": "Ana"},
        client={"name": "Guardia", "url": "https://guardia.example/incidents/7"},
        data={
            "id": "Q1",
            "type": "incident",
            "incident_key": "installation/7/1.1/ana",
            "assignees": [{"summary": "Ana"}, {"summary": "Ben"}, {"id": "nameless"}],
            "escalation_policy": {"summary": "Default"},
        },
    )

    assert found == PagerDutyEvent(
        id="01",
        kind="incident.acknowledged",
        occurred_at=datetime(2026, 11, 24, 12, 3, 0, 123_000, tzinfo=UTC),
        agent="Ana",
        by_person=True,
        incident_id="Q1",
        incident_key="installation/7/1.1/ana",
        client_url="https://guardia.example/incidents/7",
        assignees=("Ana", "Ben"),
        policy="Default",
    )


def test_a_note_is_of_the_incident_that_it_names() -> None:
    data = {"id": "PNOTE", "content": "Restarted.", "incident": {"id": "Q1", "summary": "#7 …"}}

    found = parsed(event_type="incident.annotated", data=data)

    assert (found.incident_id, found.note) == ("Q1", "Restarted.")


@pytest.mark.parametrize(
    ("agent", "by_person"),
    [
        ({"type": "user_reference", "summary": "Ana"}, True),
        ({"type": "inbound_integration_reference", "summary": "Events API V2"}, False),
        ({"type": "service_reference", "summary": "Plataforma"}, False),
        ({"summary": "Ana"}, False),
        (None, False),
        ("Ana", False),
    ],
)
def test_only_users_are_people(agent: object, by_person: bool) -> None:
    assert parsed(agent=agent).by_person is by_person


def test_what_is_of_another_shape_is_as_if_it_were_not_there() -> None:
    found = parsed(
        occurred_at="yesterday",
        agent=[],
        client=7,
        data={"id": 7, "incident_key": {"a": 1}, "assignees": {"summary": "Ana"}},
    )

    assert found == PagerDutyEvent(
        id="01",
        kind="incident.escalated",
        occurred_at=None,
        agent="",
        by_person=False,
        incident_id="",
        incident_key="",
        client_url="",
    )


@pytest.mark.parametrize("key", ["a\0b", "ö", "a\nb", "x" * 256, "", 7, None])
def test_no_key_is_looked_up_that_a_database_would_refuse(key: object) -> None:
    assert parsed(data={"incident_key": key}).incident_key == ""


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"{",
        b"[]",
        b"null",
        b"\xff",
        b'{"event": []}',
        b'{"messages": [{"event": "incident.acknowledge"}]}',
        b'{"event": {"id": "01"}}',
        b'{"event": {"event_type": "incident.acknowledged"}}',
        b'{"event": {"id": 1, "event_type": "incident.acknowledged"}}',
    ],
)
def test_what_has_no_id_and_no_type_is_no_event(body: bytes) -> None:
    assert parse_event(body) is None


json_values = st.recursive(
    st.none() | st.booleans() | st.floats() | st.integers() | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    max_leaves=8,
)


@given(
    st.dictionaries(
        st.sampled_from(["id", "event_type", "occurred_at", "agent", "client", "data"]), json_values
    )
)
def test_whatever_an_event_holds_it_is_read_or_none(fields: dict[str, Any]) -> None:
    found = parse_event(json.dumps({"event": fields}).encode())

    assert found is None or (found.id == fields["id"] and found.kind == fields["event_type"])


@given(st.binary())
def test_any_bytes_are_read_or_none(body: bytes) -> None:
    assert parse_event(body) is None
