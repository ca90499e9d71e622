"""kill -9 in the middle of the road: the page still goes out, and wakes once (G1, G5)."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.delivery.router_process import Town, critical, open_town, running


@pytest.fixture
def town(tmp_path: Path) -> Iterator[Town]:
    with open_town(tmp_path) as opened:
        yield opened


def test_killed_after_the_200_while_pagerduty_is_out_of_reach(town: Town) -> None:
    with town.pagerduty.refusing_connections(), running(town) as router:
        assert router.post(critical()) == 200
        router.kill()

    with running(town) as restarted:
        town.pagerduty.wait_for(lambda fake: fake.pages, timeout=20)
        assert restarted.stop() == 0

    assert len(town.pagerduty.pages) == 1


def test_killed_while_the_page_is_on_its_way(town: Town) -> None:
    town.pagerduty.hold_next()  # the request arrives, and nothing is done with it
    with running(town) as router:
        assert router.post(critical()) == 200
        town.pagerduty.wait_for(lambda fake: fake.held == 1, timeout=20)
        router.kill()
    assert town.pagerduty.pages == ()

    with running(town) as restarted:
        town.pagerduty.wait_for(lambda fake: fake.pages, timeout=20)
        assert restarted.stop() == 0

    assert len(town.pagerduty.pages) == 1


def test_killed_after_pagerduty_took_the_page_and_before_that_is_recorded(town: Town) -> None:
    town.pagerduty.hold_next(processes=True)
    with running(town) as router:
        assert router.post(critical()) == 200
        town.pagerduty.wait_for(lambda fake: fake.held == 1, timeout=20)
        router.kill()

    with running(town) as restarted:
        town.pagerduty.wait_for(lambda fake: len(fake.accepted) == 2, timeout=20)
        assert restarted.stop() == 0

    assert [one.outcome for one in town.pagerduty.accepted] == ["opened", "joined"]
    assert len(town.pagerduty.pages) == 1


def test_killed_at_once_and_again_and_again(town: Town) -> None:
    """Whatever the moment: every notification that was answered 200 becomes its page."""
    taken = 0
    for number in range(5):
        with running(town) as router:
            assert router.post(critical(instance=f"db-{number}")) == 200
            taken += 1
            router.kill()

    with running(town) as restarted:
        # All five alerts join one incident of their group, and so one page.
        town.pagerduty.wait_for(lambda fake: fake.pages, timeout=20)
        assert restarted.stop() == 0

    assert taken == 5
    assert len(town.pagerduty.pages) == 1
