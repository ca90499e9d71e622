"""The rules of access by themselves: rate, forms, origins, paths, names."""

from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from router.web.access.credentials import (
    new_sign_in_token,
    sign,
    typed_token,
    unsign,
)
from router.web.access.cross_site import is_foreign
from router.web.access.forms import BadForm, parse_form
from router.web.access.rate import FailureRate, Rate, network_of
from router.web.access.site import HOME, Site, local_path
from tests.router.making import NOON
from tests.router.road import HandClock

SECOND = timedelta(seconds=1)


def test_one_address_waits_and_another_does_not() -> None:
    clock = HandClock()
    rate = FailureRate(clock, each=Rate(burst=2, every=10 * SECOND))

    assert [rate.take("203.0.113.9") for _ in range(3)] == [timedelta()] * 2 + [10 * SECOND]
    assert rate.take("203.0.113.10") == timedelta()
    clock.advance(4 * SECOND)
    assert rate.take("203.0.113.9") == 6 * SECOND
    clock.advance(6 * SECOND)
    assert rate.take("203.0.113.9") == timedelta()
    assert rate.take("203.0.113.9") == 10 * SECOND


def test_many_addresses_together_are_limited_too() -> None:
    rate = FailureRate(HandClock(), total=Rate(burst=5, every=SECOND))

    waits = [rate.take(f"203.0.113.{number}") for number in range(7)]

    assert waits == [timedelta()] * 5 + [SECOND] * 2


def test_what_is_remembered_is_bounded() -> None:
    rate = FailureRate(HandClock(), total=Rate(burst=10_000, every=SECOND), most=100)

    for number in range(1000):
        rate.take(f"2001:db8:{number:x}::1")

    assert len(rate) == 100


def test_a_clock_that_is_set_back_locks_nobody_out() -> None:
    clock = HandClock()
    rate = FailureRate(clock, each=Rate(burst=1, every=10 * SECOND))
    rate.take("203.0.113.9")

    clock.advance(-timedelta(days=1))

    assert rate.take("203.0.113.9") == 10 * SECOND
    clock.advance(10 * SECOND)
    assert rate.take("203.0.113.9") == timedelta()


@given(st.lists(st.integers(0, 30), min_size=1, max_size=60))
def test_no_more_get_through_than_the_rate_says(pauses: list[int]) -> None:
    clock, each = HandClock(), Rate(burst=3, every=10 * SECOND)
    rate = FailureRate(clock, each=each)
    taken = []

    for pause in pauses:
        clock.advance(pause * SECOND)
        if rate.take("203.0.113.9") == timedelta():
            taken.append(clock.now)

    for index, first in enumerate(taken):
        for count, last in enumerate(taken[index:], start=1):
            assert count <= each.burst + (last - first) / each.every


@pytest.mark.parametrize(
    ("address", "network"),
    [
        ("203.0.113.9", "203.0.113.9"),
        ("2001:db8:0:1:aaaa::1", "2001:db8:0:1::"),
        ("2001:db8:0:1:bbbb::2", "2001:db8:0:1::"),
        ("::ffff:203.0.113.9", "203.0.113.9"),
        (None, "unknown"),
        ("testclient", "unknown"),
    ],
)
def test_all_addresses_that_one_caller_has_are_one(address: str | None, network: str) -> None:
    assert network_of(address) == network


@given(st.dictionaries(st.text(min_size=1, max_size=20), st.text(max_size=50), max_size=10))
def test_a_form_comes_as_it_was_written(fields: dict[str, str]) -> None:
    from urllib.parse import urlencode

    try:
        body = urlencode(fields).encode()
    except UnicodeEncodeError:  # half a surrogate pair: no browser sends it
        return
    assert parse_form(body) == fields


@given(st.binary(max_size=200))
def test_any_bytes_are_a_form_or_refused(body: bytes) -> None:
    try:
        fields = parse_form(body)
    except BadForm:
        return
    assert all(isinstance(value, str) for value in fields.values())


@given(st.text(max_size=40) | st.text("/\\.:@?#%ab \t\r\n", max_size=12))
def test_no_text_leads_to_another_site(text: str) -> None:
    path = local_path(text)

    assert path in (HOME, text)
    assert path.startswith("/")
    assert not path.startswith(("//", "/\\"))
    assert path.isascii()
    assert not set(path) & set("\\\t\r\n\0 ")


@pytest.mark.parametrize(
    ("origin", "host", "is_one"),
    [
        ("https://guardia.example", "x.example", True),
        ("https://guardia.example:443", "x.example", False),  # browsers leave the usual port out
        ("http://guardia.example", "x.example", False),
        ("https://x.example", "x.example", True),
        ("http://x.example:8080", "x.example:8080", True),
        ("https://x.example.evil.example", "x.example", False),
        ("https://evil.example", "", False),
        ("null", "null", False),
        ("file://", "", False),
        ("http://[", "[", False),
        ("https://x.example]", "x.example]", False),
        ("", "", False),
    ],
)
def test_an_origin_is_ours_by_the_address_or_by_the_host(
    origin: str, host: str, is_one: bool
) -> None:
    site = Site(external_url="https://guardia.example/ops")

    assert site.is_ours(origin, host=host) is is_one
    assert is_foreign({"origin": origin, "host": host}, site) is not is_one


def test_what_is_signed_counts_for_its_secret_and_its_time() -> None:
    text = sign(["/oncall"], "secret", now=NOON)

    assert unsign(text, "secret", seconds=600, now=NOON + 600 * SECOND) == ["/oncall"]
    assert unsign(text, "secret", seconds=600, now=NOON + 601 * SECOND) is None
    assert unsign(text, "another", seconds=600, now=NOON) is None
    assert unsign(text, "", seconds=600, now=NOON) is None
    assert unsign("x" * 100_000, "secret", seconds=600, now=NOON) is None


@given(st.text(max_size=60))
def test_whatever_is_typed_is_a_token_or_none(text: str) -> None:
    token = new_sign_in_token()

    assert typed_token(token) == token
    assert typed_token(token.upper().replace("-", "  ")) == token
    assert typed_token(typed_token(text)) == typed_token(text)
