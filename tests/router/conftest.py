"""A whole router for the tests of its parts that touch the world."""

from collections.abc import AsyncIterator, Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from tests.router.road import Fakes, HandClock, Road, open_road, serving_fakes, write_secrets


@pytest.fixture
def clock() -> HandClock:
    return HandClock()


@pytest.fixture
def fakes(clock: HandClock) -> Iterator[Fakes]:
    with ExitStack() as stack:
        yield serving_fakes(stack, clock)


@pytest.fixture
def secrets_dir(tmp_path: Path) -> Path:
    folder = tmp_path / "secrets"
    folder.mkdir()
    write_secrets(folder)
    return folder


@pytest.fixture
async def road(
    secrets_dir: Path, database_url: str, fakes: Fakes, clock: HandClock
) -> AsyncIterator[Road]:
    """A whole router on each database."""
    async with open_road(secrets_dir, database_url, fakes, clock) as opened:
        yield opened
