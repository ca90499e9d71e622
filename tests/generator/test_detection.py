"""The mathematics of detection: the known figures, and laws that hold for any windows."""

from datetime import timedelta
from itertools import pairwise

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from generator.slo.detection import (
    CountedEvents,
    Counter,
    Fault,
    Pair,
    Recording,
    SampledEvents,
    detection,
    reset,
)

SLOW = settings(max_examples=50)  # windows of a thousand recordings take their time
MINUTE, SECOND = timedelta(minutes=1), timedelta(seconds=1)
GOOD, BAD = Counter(good=1, bad=0), Counter(good=0, bad=1)
REQUESTS = CountedEvents(total=(GOOD, BAD), bad=(BAD,))


def recording(
    *,
    events: CountedEvents | SampledEvents = REQUESTS,
    per_second: float = 1000,
    closed: bool = False,
) -> Recording:
    return Recording(
        events=events,
        events_per_second=per_second,
        scrape=15 * SECOND,
        recorded=30 * SECOND,
        rate_windows=(5 * MINUTE, 60 * MINUTE),
        closed=closed,
    )


def pair(rate: float, long: int, short: int, guard: float | None = None, every: int = 30) -> Pair:
    """Return a pair of an objective of 99.9 %, with windows in minutes."""
    return Pair(
        threshold=rate / 1000,
        long=long * MINUTE,
        short=short * MINUTE,
        more_than=guard,
        evaluated=every * SECOND,
    )


WORKBOOK = (
    pair(14.4, 60, 5, 2.5),
    pair(6, 360, 30, 3.5),
    pair(3, 1440, 120, 4.5),
    pair(1, 4320, 360, 9.5),
)


@pytest.mark.parametrize("closed", [False, True])
@pytest.mark.parametrize(
    ("share", "minutes"),
    [(1.0, [1.0, 4.5, 6.5, 6.5]), (0.5, [1.5, 6.5, 11.0, 11.0]), (0.1, [8.5, 24.0, 45.5, 45.5])],
)
def test_the_figures_that_were_measured_on_a_real_prometheus(
    closed: bool, share: float, minutes: list[float]
) -> None:
    """Everything is evaluated each 30 s; the scrape at 0 is the first that shows failures."""
    fault = Fault(share=share, begins_ms=-15_000)
    found = [
        next(
            tick / 2
            for tick in range(1000)
            if recording(closed=closed).holds(one, tick * 30_000, fault, 0)
        )
        for one in WORKBOOK
    ]
    assert found == minutes


def test_the_two_bounds_stand_a_scrape_and_an_evaluation_apart() -> None:
    found = detection(recording(), WORKBOOK[0], 1.0)
    assert found is not None
    # 1.44 % of an hour, seen at once; or after one more scrape and one more evaluation.
    assert abs(found.earliest - 51.84 * SECOND) < SECOND
    assert timedelta(seconds=44) < found.latest - found.earliest <= timedelta(seconds=46)


def test_a_slower_group_adds_its_interval_and_reads_what_the_faster_one_left() -> None:
    fast, slow = (detection(recording(), pair(3, 1440, 120, every=e), 1.0) for e in (30, 150))
    assert fast is not None
    assert slow is not None
    assert slow.earliest == fast.earliest
    assert slow.latest - fast.latest == timedelta(seconds=120 + 30)


def test_at_one_request_a_minute_the_guard_waits_for_the_third_failure() -> None:
    found = detection(recording(per_second=1 / 60), WORKBOOK[0], 1.0)
    assert found is not None
    assert 2.4 * MINUTE < found.earliest < found.latest < 3.5 * MINUTE


def test_what_never_passes_the_threshold_is_never_noticed_and_never_ends() -> None:
    assert detection(recording(), WORKBOOK[0], 0.0143) is None
    assert reset(recording(), WORKBOOK[0], 0.0143) is None
    assert detection(recording(), WORKBOOK[0], 0.0145) is not None
    # Three failures an hour want more requests than these.
    assert detection(recording(per_second=1e-4), WORKBOOK[0], 1.0) is None


def test_after_a_long_outage_the_short_window_ends_the_alert() -> None:
    found = reset(recording(), WORKBOOK[0], 1.0)
    assert found is not None
    assert 5 * MINUTE < found < 5.8 * MINUTE


def test_an_alert_is_kept_for_whole_evaluations() -> None:
    kept = Pair(
        threshold=0.003,
        long=1440 * MINUTE,
        short=120 * MINUTE,
        more_than=None,
        evaluated=150 * SECOND,
        keep_firing_for=151 * SECOND,
    )
    with_it, without = (
        reset(recording(), kept, 1.0),
        reset(recording(), pair(3, 1440, 120, every=150), 1.0),
    )
    assert with_it is not None
    assert without is not None
    assert with_it - without == timedelta(seconds=300)


def test_a_window_that_holds_one_scrape_has_no_rate() -> None:
    narrow = Recording(
        events=REQUESTS,
        events_per_second=1,
        scrape=60 * SECOND,
        recorded=30 * SECOND,
        rate_windows=(60 * SECOND, 3600 * SECOND),
    )
    with pytest.raises(ValueError, match="two scrapes"):
        detection(narrow, WORKBOOK[0], 1.0)


@st.composite
def recordings(draw: st.DrawFn) -> Recording:
    """Return any recording whose windows hold a few scrapes and evaluations."""
    scrape = draw(st.integers(1, 20))
    recorded = draw(st.sampled_from([scrape, 2 * scrape, 7]))
    base = draw(st.integers(3, 12)) * max(scrape, recorded)
    counted = (
        CountedEvents(total=(GOOD, BAD), bad=(BAD,)),
        CountedEvents(total=(GOOD, BAD), good=(GOOD,)),
        CountedEvents(total=(Counter(good=1, bad=1),), bad=(BAD,)),
        CountedEvents(total=(Counter(good=1, bad=1),), good=(GOOD,)),
    )
    return Recording(
        events=draw(st.sampled_from(counted)),
        events_per_second=draw(st.sampled_from([0.01, 1.0, 1000.0])),
        scrape=scrape * SECOND,
        recorded=recorded * SECOND,
        rate_windows=(base * SECOND, 4 * base * SECOND),
        closed=draw(st.booleans()),
    )


@st.composite
def pairs(draw: st.DrawFn, of: Recording) -> Pair:
    base = of.rate_windows[0]
    short = draw(st.sampled_from([base, 2 * base, 3 * base]))
    return Pair(
        threshold=draw(st.floats(0.001, 0.5)),
        long=short * draw(st.integers(2, 5)),
        short=short,
        more_than=draw(st.sampled_from([None, 0.507, 9.503])),
        evaluated=of.recorded * draw(st.integers(1, 5)),
    )


@SLOW
@given(data=st.data(), share=st.floats(0.01, 1))
def test_once_it_fires_it_fires_while_the_fault_lasts(data: st.DataObject, share: float) -> None:
    record = data.draw(recordings())
    one = data.draw(pairs(record))
    assume(abs(share - one.threshold) > 1e-6)  # a tie is decided by floating point
    phase = data.draw(st.integers(0, record.scrape // SECOND - 1)) * 1000
    fault = Fault(share=share)
    length = (one.long + 2 * record.rate_windows[0]) // SECOND
    results = [
        record.holds(one, at * 1000, fault, at * 1000 - phase)
        for at in range(0, length, max(1, length // 60))
    ]
    assert all(after or not before for before, after in pairwise(results))


@SLOW
@given(data=st.data(), share=st.floats(0.01, 0.5))
def test_more_failures_are_noticed_no_later(data: st.DataObject, share: float) -> None:
    record = data.draw(recordings())
    one = data.draw(pairs(record))
    assume(abs(share - one.threshold) > 1e-6)
    fewer, more = detection(record, one, share), detection(record, one, 2 * share)
    if fewer is not None:
        assert more is not None
        assert more.earliest <= fewer.earliest <= fewer.latest
        assert more.latest <= fewer.latest


@SLOW
@given(data=st.data())
def test_a_short_cut_over_equal_recordings_changes_nothing(data: st.DataObject) -> None:
    """Sums skip what is clean or full; one by one they are the same."""
    record = data.draw(recordings())
    window = record.rate_windows[0] * data.draw(st.sampled_from([2, 3, 5]))
    at = data.draw(st.integers(0, 4000)) * 1000
    fault = Fault(
        share=0.3,
        begins_ms=data.draw(st.integers(-3000, 2000)) * 1000,
        ends_ms=data.draw(st.none() | st.integers(2000, 4000).map(lambda s: s * 1000)),
    )
    errors, total = record.events_in(window, at, fault, at)
    every = record.recorded // timedelta(milliseconds=1)
    start = at - window // timedelta(milliseconds=1)
    slowly = [0.0, 0.0]
    for tick in range(at, start - 1 if record.closed else start, -every):
        bad, all_events = record.rates_at(record.rate_windows[0], tick, fault, at)
        slowly[0] += bad * every / 1000
        slowly[1] += all_events * every / 1000
    assert errors == pytest.approx(slowly[0], abs=1e-6)
    assert total == pytest.approx(slowly[1], abs=1e-6)


def test_samples_fail_from_the_first_one_after_the_fault_began() -> None:
    sampled = recording(events=SampledEvents(), per_second=1 / 15)
    guard = Pair(
        threshold=0.0, long=60 * MINUTE, short=5 * MINUTE, more_than=2.5, evaluated=30 * SECOND
    )
    fault = Fault(share=1.0)
    fired = [tick for tick in range(0, 120, 15) if sampled.holds(guard, tick * 1000, fault, 0)]
    assert fired[0] == 45


@SLOW
@given(data=st.data(), share=st.floats(0.02, 1))
def test_whenever_scrapes_and_evaluations_come_it_fires_within_the_bounds(
    data: st.DataObject, share: float
) -> None:
    record = data.draw(recordings())
    one = data.draw(pairs(record))
    assume(abs(share - one.threshold) > 1e-6)
    bounds = detection(record, one, share)
    assume(bounds is not None)
    assert bounds is not None
    tick = record.recorded // timedelta(milliseconds=1)
    slow = one.evaluated // timedelta(milliseconds=1)
    scrape = record.scrape // timedelta(milliseconds=1)
    begins = data.draw(st.integers(0, tick - 1))
    scraped = data.draw(st.integers(0, scrape - 1))
    # The slower group runs some time after the rates were recorded.
    after = data.draw(st.integers(0, tick - 1)) if slow != tick else 0
    first = data.draw(st.integers(0, slow // tick - 1)) * tick + after
    fault = Fault(share=share, begins_ms=begins)
    for at in range(
        first, first + begins + bounds.latest // timedelta(milliseconds=1) + slow, slow
    ):
        if record.holds(one, at // tick * tick, fault, scraped):
            fired = (at - begins) * timedelta(milliseconds=1)
            assert bounds.earliest <= fired <= bounds.latest
            return
    raise AssertionError("it never fires")
