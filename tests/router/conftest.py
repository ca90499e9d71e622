"""A whole router for the tests of its parts that touch the world."""

import os
import zlib
from collections.abc import AsyncIterator, Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from tests.databases import DATABASES
from tests.router.compiling import create_compiling_engine
from tests.router.road import Fakes, HandClock, Road, open_road, serving_fakes, write_secrets

WHOLE_ROUTERS = ("web", "worker")
ON_BOTH = ("test_crashes.py", "test_storm_crashes.py")


@pytest.hookimpl(tryfirst=True)
def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """Run each test of a whole router on one kind of database: by its name, half of them on each.

    What differs between them is in router.store, whose tests run on both, as do those of crashes
    and of processes. A test that needs one of them says so itself. GUARDIA_EACH_DATABASE=1 in the
    environment runs all on both.
    """
    test = metafunc.definition
    folder = test.path.relative_to(Path(__file__).parent).parts[0]
    says_so = any("database_url" in mark.args[0] for mark in test.iter_markers("parametrize"))
    if (
        "database_url" in metafunc.fixturenames
        and folder in WHOLE_ROUTERS
        and test.path.name not in ON_BOTH
        and not says_so
        and os.environ.get("GUARDIA_EACH_DATABASE") != "1"
    ):
        one = DATABASES[zlib.crc32(test.nodeid.encode()) % len(DATABASES)]
        test.add_marker(pytest.mark.parametrize("database_url", [one], indirect=True))


@pytest.fixture(scope="session", autouse=True)
def statements_compiled_once() -> Iterator[None]:
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr("router.store.engine.create_engine", create_compiling_engine)
        yield


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
