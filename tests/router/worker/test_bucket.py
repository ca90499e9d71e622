"""Token buckets: what a provider takes is never exceeded, and pages have the last word."""

from datetime import datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from router.address import Address
from router.channels import pagerduty, slack, smtp, webhook
from router.channels.rate import Rate
from router.worker.bucket import Buckets, close, corrected, free_at, full_bucket, take
from router.worker.retry import LONGEST_DELAY
from tests.router.making import NOON

SECOND = timedelta(seconds=1)
ANA = Address(channel="pagerduty", address="ana")
BEN = Address(channel="pagerduty", address="ben")
RATE = Rate(burst=4, every=SECOND, spared=1)

rates = st.integers(1, 20).flatmap(
    lambda burst: st.builds(
        Rate,
        burst=st.just(burst),
        every=st.timedeltas(timedelta(milliseconds=10), timedelta(seconds=5)),
        spared=st.integers(0, burst - 1),
    )
)
tries = st.lists(
    st.tuples(st.timedeltas(timedelta(), timedelta(seconds=10)), st.booleans()), max_size=60
)


def buckets(rate: Rate = RATE) -> Buckets:
    return Buckets({"pagerduty": rate})


@given(rates, tries, st.timedeltas(timedelta(), timedelta(minutes=2)))
def test_no_span_of_time_holds_more_than_the_burst_and_what_came_back(
    rate: Rate, attempts: list[tuple[timedelta, bool]], span: timedelta
) -> None:
    taken: list[datetime] = []
    bucket, now = full_bucket(NOON), NOON
    for pause, wakes in attempts:
        now += pause
        if free_at(bucket, rate, wakes=wakes, now=now) <= now:
            bucket = take(bucket, rate, now=now)
            taken.append(now)

    for first in taken:
        within = [one for one in taken if first <= one < first + span]
        assert len(within) <= rate.burst + span / rate.every


@given(rates, tries)
def test_what_was_said_to_be_free_then_is_free_then_and_no_earlier(
    rate: Rate, attempts: list[tuple[timedelta, bool]]
) -> None:
    bucket, now = full_bucket(NOON), NOON
    for pause, wakes in attempts:
        now += pause
        free = free_at(bucket, rate, wakes=wakes, now=now)
        assert free_at(bucket, rate, wakes=wakes, now=free) == free
        before = free - timedelta(microseconds=1)
        assert free == now or free_at(bucket, rate, wakes=wakes, now=before) == free
        now = free
        bucket = take(bucket, rate, now=now)


@given(rates, tries)
def test_a_page_never_waits_longer_than_chatter_would(
    rate: Rate, attempts: list[tuple[timedelta, bool]]
) -> None:
    bucket, now = full_bucket(NOON), NOON
    for pause, wakes in attempts:
        now += pause
        page, notice = (free_at(bucket, rate, wakes=one, now=now) for one in (True, False))
        assert page <= notice
        if (page if wakes else notice) <= now:
            bucket = take(bucket, rate, now=now)


def test_chatter_leaves_a_reserve_to_pages() -> None:
    mine = buckets()
    waits = [mine.take(ANA, wakes=False, now=NOON) for _ in range(4)]
    assert waits == [None, None, None, NOON + SECOND]

    assert mine.take(ANA, wakes=True, now=NOON) is None
    assert mine.take(ANA, wakes=True, now=NOON) == NOON + SECOND


def test_one_address_does_not_use_up_the_tokens_of_another() -> None:
    mine = buckets()
    for _ in range(5):
        mine.take(ANA, wakes=True, now=NOON)

    assert mine.take(BEN, wakes=False, now=NOON) is None


def test_a_channel_without_a_rate_is_not_limited() -> None:
    mine, fax = buckets(), Address(channel="fax", address="1")
    assert {mine.take(fax, wakes=False, now=NOON) for _ in range(999)} == {None}


def test_an_address_that_refused_for_the_rate_is_closed_for_as_long_as_it_asked() -> None:
    mine = buckets()
    mine.close(ANA, after=45 * SECOND, now=NOON)

    assert mine.take(ANA, wakes=False, now=NOON + SECOND) == NOON + 45 * SECOND
    assert mine.take(ANA, wakes=False, now=NOON + 45 * SECOND) is None
    assert mine.take(BEN, wakes=False, now=NOON + SECOND) is None


def test_one_that_does_not_say_for_how_long_is_taken_for_empty() -> None:
    mine = buckets()
    mine.close(ANA, after=None, now=NOON)

    assert mine.take(ANA, wakes=True, now=NOON) == NOON + SECOND
    assert mine.take(ANA, wakes=False, now=NOON) == NOON + 2 * SECOND


@given(rates, st.timedeltas(timedelta(), timedelta(days=9)))
def test_a_page_waits_a_minute_at_most_whatever_a_provider_asks_for(
    rate: Rate, after: timedelta
) -> None:
    closed = close(full_bucket(NOON), rate, after=after, now=NOON)
    free = free_at(closed, rate, wakes=True, now=NOON)
    assert free <= NOON + LONGEST_DELAY


@given(rates, st.timedeltas(timedelta(minutes=3), timedelta(days=9)))
def test_a_clock_that_was_ahead_closes_nothing_for_as_long_as_it_was_ahead(
    rate: Rate, lead: timedelta
) -> None:
    bucket = close(full_bucket(NOON + lead), rate, after=timedelta(days=1), now=NOON + lead)
    free = free_at(corrected(bucket, rate, now=NOON), rate, wakes=False, now=NOON)
    assert free <= NOON + rate.burst * rate.every


@pytest.mark.parametrize("wakes", [True, False])
def test_after_a_clock_was_set_back_a_message_is_sent_when_it_was_said_to_be(wakes: bool) -> None:
    shared = buckets()
    shared.take(ANA, wakes=wakes, now=NOON + timedelta(hours=1))

    free = shared.take(ANA, wakes=wakes, now=NOON)

    assert free is not None
    assert free <= NOON + RATE.burst * RATE.every
    assert shared.take(ANA, wakes=wakes, now=free) is None


@pytest.mark.parametrize("rate", [pagerduty.RATE, slack.RATE, smtp.RATE, webhook.RATE])
def test_every_channel_has_tokens_that_only_pages_may_use(rate: Rate) -> None:
    assert 0 < rate.spared < rate.burst


def test_pagerduty_gets_at_most_120_events_in_any_minute() -> None:
    assert pagerduty.RATE.burst + timedelta(minutes=1) / pagerduty.RATE.every <= 120
