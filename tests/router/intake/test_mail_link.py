"""Links in e-mails: only ours are believed, for a day."""

import re
from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from router.intake.mail_link import LASTS, LinkRefused, parse_keys, read_link, sign_link
from tests.router.making import NOON

KEY, NEXT = "k" * 32, "n" * 40
PAGE = "installation/1/1.1/ana"


def is_refused(token: str, *keys: str) -> bool:
    try:
        read_link(token, keys or [KEY], now=NOON)
    except LinkRefused as error:
        return error.expired_at is None
    return False


def test_a_link_says_what_was_signed_until_it_ends() -> None:
    token = sign_link(PAGE, "ana", [KEY], now=NOON)
    second = timedelta(seconds=1)

    link = read_link(token, [KEY], now=NOON + LASTS - second)

    assert (link.page, link.person, link.ends_at) == (PAGE, "ana", NOON + LASTS)
    with pytest.raises(LinkRefused) as refused:
        read_link(token, [KEY], now=NOON + LASTS)
    assert refused.value.expired_at == NOON + LASTS


def test_a_key_is_replaced_while_old_links_still_count() -> None:
    old = sign_link(PAGE, "ana", [KEY], now=NOON)
    new = sign_link(PAGE, "ana", [NEXT, KEY], now=NOON)

    assert not is_refused(old, NEXT, KEY)
    assert not is_refused(new, NEXT)
    assert is_refused(new, KEY)
    assert is_refused(old, NEXT)


@given(st.integers(0, 200), st.characters())
def test_no_other_token_says_anything_else(at: int, sign: str) -> None:
    """The end of its Base64 may be written in several ways: what it says stays the same."""
    token = sign_link(PAGE, "ana", [KEY], now=NOON)
    changed = token[: at % len(token)] + sign + token[at % len(token) + 1 :]

    assert is_refused(changed) or read_link(changed, [KEY], now=NOON) == read_link(
        token, [KEY], now=NOON
    )


@given(st.text(max_size=60), st.text(max_size=20))
def test_a_link_is_a_path_that_proxies_and_mail_programs_leave_alone(
    page: str, person: str
) -> None:
    token = sign_link(page, person, [KEY], now=NOON)
    assert re.fullmatch(r"[A-Za-z0-9_-]+[.][A-Za-z0-9_-]+[A-Za-z0-9]", token)
    link = read_link(token, [KEY], now=NOON)
    assert (link.page, link.person) == (page, person)


@pytest.mark.parametrize("token", ["", ".", "..", "a.b", "é", "\0", "x" * 5000, "." * 1000])
def test_what_is_no_link_is_refused(token: str) -> None:
    assert is_refused(token)


def test_without_a_key_nothing_is_believed() -> None:
    token = sign_link(PAGE, "ana", [KEY], now=NOON)
    with pytest.raises(LinkRefused):
        read_link(token, [], now=NOON)


def test_all_links_to_one_person_in_one_page_are_one() -> None:
    first = read_link(sign_link(PAGE, "ana", [KEY], now=NOON), [KEY], now=NOON)
    later = NOON + timedelta(minutes=1)
    again = read_link(sign_link(PAGE, "ana", [KEY], now=later), [KEY], now=later)
    other = read_link(sign_link(PAGE, "ben", [KEY], now=NOON), [KEY], now=NOON)

    assert first.id == again.id != other.id


def test_keys_are_lines_that_nobody_guesses() -> None:
    assert parse_keys(f"# until Monday {KEY}\n\n {NEXT} \nshort\n{KEY}") == (NEXT, KEY)
