"""A door for each test."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.router.road import HandClock
from tests.router.web.access.door import Door, open_door


@pytest.fixture
def door(tmp_path: Path, clock: HandClock) -> Iterator[Door]:
    """Nothing is set up: only tokens that a command makes let anybody in."""
    with open_door(tmp_path, clock) as opened:
        yield opened
