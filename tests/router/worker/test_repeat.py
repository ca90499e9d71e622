"""When an equal notification is a copy of the one before."""

from datetime import timedelta

import pytest

from router.worker.repeat import is_repeat
from tests.router.making import minutes

SECOND = timedelta(seconds=1)


@pytest.mark.parametrize(
    ("all_still_fire", "interval", "within"),
    [(True, 1, minutes(10)), (False, 1, minutes(2.5)), (False, 5, minutes(10))],
)
def test_it_is_one_only_for_as_long_as_a_peer_may_deliver_it(
    all_still_fire: bool, interval: int, within: timedelta
) -> None:
    assert [
        is_repeat(age=age, all_still_fire=lambda: all_still_fire, group_interval=minutes(interval))
        for age in (timedelta(), within - SECOND, within)
    ] == [True, True, False]
