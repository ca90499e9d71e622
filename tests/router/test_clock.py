"""The clock: never back, never still."""

from dataclasses import dataclass
from datetime import timedelta
from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from router.clock import SteadyClock
from tests.router.making import NOON


@dataclass
class Machine:
    """What the operating system says."""

    wall: float = NOON.timestamp()
    monotonic: float = 0.0


def steady(machine: Machine, **fields: object) -> SteadyClock:
    return SteadyClock(
        wall_seconds=lambda: machine.wall,
        monotonic_seconds=lambda: machine.monotonic,
        **fields,  # type: ignore[arg-type]
    )


@given(st.lists(st.tuples(st.floats(0, 1000), st.floats(-10, 10)), min_size=1, max_size=10))
def test_within_its_lead_it_never_runs_backwards_and_at_least_as_fast_as_time(
    moves: list[tuple[float, float]],
) -> None:
    machine = Machine()
    clock = steady(machine)
    told = [(clock(), 0.0)]
    for passed, step in moves:
        machine.monotonic += passed
        machine.wall += passed + step
        told.append((clock(), passed))

    tolerance = timedelta(microseconds=2)  # instants are whole microseconds
    for (before, _), (after, passed) in pairwise(told):
        assert after - before >= timedelta(seconds=passed) - tolerance


def test_a_clock_set_back_delays_nothing() -> None:
    machine = Machine()
    clock = steady(machine)
    machine.wall -= 60
    machine.monotonic += 900
    machine.wall += 900

    assert clock() == NOON + timedelta(minutes=15)
    assert clock.ahead == timedelta(minutes=1)


def test_it_starts_where_the_store_left_off() -> None:
    later = NOON + timedelta(minutes=1)
    assert steady(Machine(), not_before=later)() == later


def test_one_moment_of_a_wrong_wall_clock_is_over_when_it_is_over() -> None:
    machine = Machine()
    told: list[timedelta] = []
    clock = steady(machine, on_set_back=told.append)
    machine.wall += 7 * 86_400
    assert clock() == NOON + timedelta(days=7)

    machine.wall -= 7 * 86_400

    assert clock() == NOON
    assert told == [timedelta(days=7)]
    assert clock.ahead == timedelta()


def test_it_does_not_start_in_a_future_that_the_store_has_from_a_wrong_clock() -> None:
    told: list[timedelta] = []
    clock = steady(Machine(), not_before=NOON + timedelta(days=7), on_set_back=told.append)
    assert clock() == NOON
    assert told == [timedelta(days=7)]
