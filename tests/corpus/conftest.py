"""Where the inputs of others are: they are not in the repository (see CONTRIBUTING)."""

import os
from pathlib import Path

import pytest

REPOSITORY = Path(__file__).parents[2]


@pytest.fixture(scope="session")
def corpus() -> Path:
    """Return the folder: $GUARDIA_CORPUS, or ../shared/data next to the repository.

    Without it the tests are skipped, but in CI (environment CI) they fail, so
    that a missing folder never looks like a pass.
    """
    folder = Path(os.environ.get("GUARDIA_CORPUS") or REPOSITORY.parent / "shared" / "data")
    if folder.is_dir():
        return folder
    message = f"no corpus at {folder}: set GUARDIA_CORPUS to the folder (see CONTRIBUTING)"
    if os.environ.get("CI"):
        pytest.fail(message)
    pytest.skip(message)
