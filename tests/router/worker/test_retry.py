"""When to try again: laws over every outcome."""

from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from router.channels.outcome import FailureReason, Refused, Retry, Sent
from router.message.model import MessageKind
from router.worker.retry import (
    GIVE_UP_AFTER,
    LONGEST_DELAY,
    backoff,
    expire,
    next_delay,
    repeat_at,
)
from tests.router.making import NOON

SECOND = timedelta(seconds=1)
MINUTE = timedelta(minutes=1)
YEAR = timedelta(days=365)
CREDENTIALS = FailureReason.CREDENTIALS
reasons = st.sampled_from(FailureReason)
ages = st.timedeltas(timedelta(), timedelta(days=400))
outcomes = st.one_of(
    st.builds(Retry, reason=reasons, detail=st.just(""), after=st.none() | ages),
    st.builds(Refused, reason=reasons, detail=st.just("")),
)
information = st.sampled_from([kind for kind in MessageKind if not kind.wakes])
wakes = st.sampled_from([MessageKind.PAGE, MessageKind.DIGEST])


def test_it_doubles_from_a_second_to_a_minute() -> None:
    delays = [backoff(attempts) / SECOND for attempts in range(1, 9)]
    assert delays == [1, 2, 4, 8, 16, 32, 60, 60]


@given(outcomes, wakes, st.integers(1, 10**6), ages)
def test_a_page_is_never_given_up(
    outcome: Retry | Refused, kind: MessageKind, attempts: int, age: timedelta
) -> None:
    assert expire(outcome, kind=kind, age=age) == outcome
    delay = next_delay(outcome, kind=kind, attempts=attempts)
    assert delay is not None
    assert SECOND <= delay <= LONGEST_DELAY, "somebody sleeps, whatever the provider asks for"


@given(outcomes, st.sampled_from(MessageKind), st.integers(1, 10**6))
def test_nothing_comes_before_the_provider_wants_it(
    outcome: Retry | Refused, kind: MessageKind, attempts: int
) -> None:
    delay = next_delay(outcome, kind=kind, attempts=attempts)
    if isinstance(outcome, Retry) and outcome.after is not None and delay is not None:
        longest = LONGEST_DELAY if kind.wakes else timedelta.max
        assert delay >= min(outcome.after, longest)


@given(outcomes, information, st.timedeltas(GIVE_UP_AFTER, timedelta(days=400)))
def test_information_older_than_a_day_is_not_tried_again_and_says_why(
    outcome: Retry | Refused, kind: MessageKind, age: timedelta
) -> None:
    expired = expire(outcome, kind=kind, age=age)

    assert isinstance(expired, Refused)
    assert next_delay(expired, kind=kind, attempts=1) is None
    refused_for_good = isinstance(outcome, Refused) and outcome.reason is not CREDENTIALS
    assert expired.reason is (outcome.reason if refused_for_good else FailureReason.EXPIRED)
    assert outcome.detail in expired.detail, "what it failed for stays known"


@given(outcomes, information, st.timedeltas(timedelta(), GIVE_UP_AFTER - SECOND))
def test_information_of_today_does_not_expire(
    outcome: Retry | Refused, kind: MessageKind, age: timedelta
) -> None:
    assert expire(outcome, kind=kind, age=age) == outcome


def test_what_is_sent_at_last_is_sent() -> None:
    assert expire(Sent(), kind=MessageKind.NOTICE, age=timedelta(days=9)) == Sent()


ends_of_pages = st.sampled_from([MessageKind.ACKNOWLEDGE, MessageKind.RESOLVE])


@given(ends_of_pages, st.timedeltas(timedelta(), MINUTE - SECOND))
def test_the_end_of_a_page_that_came_early_is_sent_once_more_and_then_no_more(
    kind: MessageKind, age: timedelta
) -> None:
    again = repeat_at(kind, page_ended_at=NOON, settles_within=MINUTE, now=NOON + age)

    assert again == NOON + age + MINUTE
    assert repeat_at(kind, page_ended_at=NOON, settles_within=MINUTE, now=again) is None


@given(ends_of_pages, st.timedeltas(MINUTE, YEAR) | st.timedeltas(-YEAR, -SECOND))
def test_the_end_of_an_older_page_is_sent_once(kind: MessageKind, age: timedelta) -> None:
    """Nor does a page from the future, as a clock set back leaves it, repeat it on and on."""
    assert repeat_at(kind, page_ended_at=NOON, settles_within=MINUTE, now=NOON + age) is None


@pytest.mark.parametrize("kind", [MessageKind.PAGE, MessageKind.NOTICE, MessageKind.ESCALATION])
def test_nothing_but_the_end_of_a_page_is_sent_twice(kind: MessageKind) -> None:
    assert repeat_at(kind, page_ended_at=NOON, settles_within=MINUTE, now=NOON) is None


def test_where_everything_takes_effect_at_once_nothing_is_sent_twice() -> None:
    kind = MessageKind.RESOLVE
    assert repeat_at(kind, page_ended_at=NOON, settles_within=timedelta(), now=NOON) is None
    assert repeat_at(kind, page_ended_at=None, settles_within=MINUTE, now=NOON) is None
