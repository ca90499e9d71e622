"""When to try again: laws over every outcome."""

from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from router.channels.outcome import FailureReason, Refused, Retry
from router.message.model import MessageKind
from router.worker.retry import GIVE_UP_AFTER, LONGEST_DELAY, backoff, next_delay

SECOND = timedelta(seconds=1)
reasons = st.sampled_from(FailureReason)
ages = st.timedeltas(timedelta(), timedelta(days=400))
outcomes = st.one_of(
    st.builds(Retry, reason=reasons, detail=st.just(""), after=st.none() | ages),
    st.builds(Refused, reason=reasons, detail=st.just("")),
)


def test_it_doubles_from_a_second_to_a_minute() -> None:
    delays = [backoff(attempts) / SECOND for attempts in range(1, 9)]
    assert delays == [1, 2, 4, 8, 16, 32, 60, 60]


@given(outcomes, st.integers(1, 10**6), ages)
def test_a_page_is_never_given_up(outcome: Retry | Refused, attempts: int, age: timedelta) -> None:
    delay = next_delay(outcome, kind=MessageKind.PAGE, attempts=attempts, age=age)
    assert delay is not None
    assert SECOND <= delay <= LONGEST_DELAY, "somebody sleeps, whatever the provider asks for"


@given(outcomes, st.sampled_from(MessageKind), st.integers(1, 10**6), ages)
def test_nothing_comes_before_the_provider_wants_it(
    outcome: Retry | Refused, kind: MessageKind, attempts: int, age: timedelta
) -> None:
    delay = next_delay(outcome, kind=kind, attempts=attempts, age=age)
    if isinstance(outcome, Retry) and outcome.after is not None and delay is not None:
        longest = LONGEST_DELAY if kind is MessageKind.PAGE else timedelta.max
        assert delay >= min(outcome.after, longest)


@pytest.mark.parametrize("reason", FailureReason)
def test_a_notice_is_given_up_after_a_day(reason: FailureReason) -> None:
    outcome = Retry(reason=reason, detail="")
    for age, given_up in ((GIVE_UP_AFTER - SECOND, False), (GIVE_UP_AFTER, True)):
        delay = next_delay(outcome, kind=MessageKind.NOTICE, attempts=9, age=age)
        assert (delay is None) == given_up
