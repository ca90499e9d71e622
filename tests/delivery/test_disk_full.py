"""A disk that takes nothing more: 503, and no harm once there is room again (G1)."""

import resource
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.delivery.router_process import RouterProcess, Town, critical, open_town, running


@pytest.fixture
def town(tmp_path: Path) -> Iterator[Town]:
    with open_town(tmp_path) as opened:
        yield opened


def let_files_grow(router: RouterProcess, *, to_bytes: int) -> None:
    """Limit what the router may write; beyond it every write fails."""
    _, hard = resource.prlimit(router.process.pid, resource.RLIMIT_FSIZE)
    resource.prlimit(router.process.pid, resource.RLIMIT_FSIZE, (to_bytes, hard))


def test_a_full_disk_is_503_and_what_comes_after_is_paged(town: Town) -> None:
    with running(town) as router:
        let_files_grow(router, to_bytes=0)
        assert router.post(critical()) == 503
        assert router.post(critical()) == 503

        let_files_grow(router, to_bytes=resource.RLIM_INFINITY)
        assert router.post(critical()) == 200
        town.pagerduty.wait_for(lambda fake: fake.pages, timeout=20)
        assert router.stop() == 0

    assert len(town.pagerduty.pages) == 1
    assert {"Traceback" in str(line) for line in router.lines} == {False}


def test_a_disk_that_fills_after_the_200_delays_the_page_and_loses_it_not(town: Town) -> None:
    gate = town.pagerduty.hold_next(processes=True)
    with running(town) as router:
        assert router.post(critical()) == 200
        town.pagerduty.wait_for(lambda fake: fake.held == 1, timeout=20)
        let_files_grow(router, to_bytes=0)
        gate.open()  # the outcome of the page cannot be recorded
        router.wait_for_log("the outcome of a message is not recorded, it is claimed again")

        let_files_grow(router, to_bytes=resource.RLIM_INFINITY)
        router.kill()

    with running(town) as restarted:
        town.pagerduty.wait_for(lambda fake: len(fake.accepted) == 2, timeout=20)
        assert restarted.stop() == 0

    assert len(town.pagerduty.pages) == 1
