"""What a whole router needs around it."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.databases import DATABASES, empty_database
from tests.delivery.router_process import Town, open_town


@pytest.fixture(params=DATABASES)
def database_url(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    """A database of each kind as a router finds it that is started for the first time."""
    with empty_database(request, tmp_path) as url:
        yield url


@pytest.fixture
def town(tmp_path: Path, database_url: str) -> Iterator[Town]:
    """The providers, with a database of each kind."""
    with open_town(tmp_path, database=database_url) as opened:
        yield opened
