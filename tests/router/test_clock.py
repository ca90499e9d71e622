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


@given(st.lists(st.tuples(st.floats(0, 1000), st.floats(-100_000, 100_000)), min_size=1))
def test_it_never_runs_backwards_and_at_least_as_fast_as_time(
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
    machine.wall -= 3600
    machine.monotonic += 900

    assert clock() == NOON + timedelta(minutes=15)


def test_it_starts_where_the_store_left_off() -> None:
    later = NOON + timedelta(hours=1)
    assert steady(Machine(), not_before=later)() == later
