"""What Slack signs, and what of a payload counts."""

import json
from datetime import timedelta
from urllib.parse import urlencode

import pytest
from hypothesis import given
from hypothesis import strategies as st

from router.intake.slack import is_recent, is_signed, parse_press
from tests.router.making import NOON

# Source: Slack developer documentation, "Verifying requests from Slack", the worked example.
SECRET = b"8f742231b10e8888abcd99yyyzzz85a5"
TIMESTAMP = "1531420618"
BODY = (
    b"token=xyzz0WbapA4vBCDEFasx0q6G&team_id=T1DC2JH3J&team_domain=testteamnow"
    b"&channel_id=G8PSS9T3V&channel_name=foobar&user_id=U2CERLKJA&user_name=roadrunner"
    b"&command=%2Fwebhook-collect&text=&response_url=https%3A%2F%2Fhooks.slack.com%2F"
    b"commands%2FT1DC2JH3J%2F397700885554%2F96rGlfmibIGlgcZRskXaIFfN"
    b"&trigger_id=398738663015.47445629121.803a0bc887a14d10d2c447fce8b6703c"
)
SIGNATURE = "v0=a2114d57b48eac39b9ad189dd8316235a7b4a8d21a10bd27519666489c69b503"


def test_the_documentations_own_example_is_signed() -> None:
    assert is_signed(BODY, TIMESTAMP, SIGNATURE, [b"another", SECRET])
    assert not is_signed(BODY, TIMESTAMP, SIGNATURE, [b"another"])
    assert not is_signed(BODY, TIMESTAMP, SIGNATURE, [])
    assert not is_signed(BODY + b"&", TIMESTAMP, SIGNATURE, [SECRET])
    assert not is_signed(BODY, TIMESTAMP + "0", SIGNATURE, [SECRET])
    assert not is_signed(BODY, TIMESTAMP, SIGNATURE.removeprefix("v0="), [SECRET])


@given(st.text(), st.text())
def test_no_header_breaks_the_check(timestamp: str, signature: str) -> None:
    assert not is_signed(BODY, timestamp, signature, [SECRET])


@pytest.mark.parametrize(
    ("ago", "recent"), [(0, True), (300, True), (301, False), (-300, True), (-301, False)]
)
def test_a_request_is_believed_for_five_minutes(ago: int, recent: bool) -> None:
    at = NOON - timedelta(seconds=ago)
    assert is_recent(str(int(at.timestamp())), now=NOON) is recent


@pytest.mark.parametrize("text", ["", "-1", "1e9", "²", " 1", "9" * 400, "١"])
def test_what_is_no_instant_is_not_recent(text: str) -> None:
    assert not is_recent(text, now=NOON)


def form(payload: object) -> bytes:
    return urlencode({"payload": json.dumps(payload)}).encode()


PRESS = {
    "type": "block_actions",
    "user": {"id": "U0ANA", "name": "ana"},
    "trigger_id": "1.2",
    "response_url": "https://hooks.slack.com/actions/1",
    "actions": [{"action_id": "x", "value": "acknowledge installation/1"}],
}


def test_a_press_says_who_what_and_where_to_answer() -> None:
    press = parse_press(form(PRESS))

    assert press is not None
    assert (press.member, press.name) == ("U0ANA", "ana")
    assert (press.choice, press.reference) == ("acknowledge", "installation/1")
    assert press.response_url == "https://hooks.slack.com/actions/1"


def test_a_press_that_is_told_again_is_the_same_and_the_next_is_another() -> None:
    first, again = (parse_press(form(PRESS | {"at": at})) for at in (1, 2))
    other = parse_press(form(PRESS | {"trigger_id": "1.3"}))
    without = [parse_press(form(PRESS | {"trigger_id": None, "at": at})) for at in (1, 1, 2)]

    assert first is not None
    assert again is not None
    assert other is not None
    assert first.id == again.id != other.id
    ids = [one.id for one in without if one is not None]
    assert (len(ids), len(set(ids)), ids[0] == ids[1]) == (3, 2, True)


@given(
    st.recursive(
        st.none() | st.booleans() | st.integers() | st.text(),
        lambda inner: (
            st.lists(inner, max_size=3)
            | st.dictionaries(
                st.sampled_from(["type", "user", "id", "actions", "value", "selected_option"]),
                inner | st.just("block_actions"),
                max_size=4,
            )
        ),
        max_leaves=12,
    )
)
def test_no_payload_breaks_the_parser(payload: object) -> None:
    press = parse_press(form(payload))
    assert press is None or (press.choice and press.reference and press.member)
