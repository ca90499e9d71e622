"""A site for each test, on SQLite: what a page shows does not depend on the database."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tests.router.road import Fakes, HandClock
from tests.router.web.page.visit import Site, open_site


@pytest.fixture
async def site(secrets_dir: Path, fakes: Fakes, clock: HandClock) -> AsyncIterator[Site]:
    async with open_site(secrets_dir, fakes, clock) as opened:
        yield opened
