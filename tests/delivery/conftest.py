"""What a whole router needs around it."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.delivery.router_process import Town, open_town


@pytest.fixture
def town(tmp_path: Path, database_url: str) -> Iterator[Town]:
    """The providers, with a database of each kind."""
    with open_town(tmp_path, database=database_url) as opened:
        yield opened
