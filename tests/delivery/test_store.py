"""What `guardia serve` does with its database at the start."""

import subprocess
import sys
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path

import pytest

from router.store.engine import open_engine
from router.store.migrations import upgrade
from router.store.notifications import record_applied, record_notification
from tests.delivery.router_process import ROOT, Town, open_town, running


@pytest.fixture
def town(tmp_path: Path) -> Iterator[Town]:
    with open_town(tmp_path) as opened:
        yield opened


def test_a_file_on_a_network_file_system_is_refused(town: Town) -> None:
    mounts = town.folder / "mountinfo"
    mounts.write_text(f"2 1 0:2 / {town.folder.resolve()} rw - nfs4 files.example:/x rw\n")
    started = subprocess.run(
        [
            sys.executable,
            "-c",
            "import pathlib, sys; from guardia.cli.main import main;"
            "from router.store import network;"
            "network.MOUNTS = pathlib.Path(sys.argv[1]); sys.exit(main(['serve']))",
            str(mounts),
        ],
        cwd=ROOT,
        env=town.environment(),
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert started.returncode == 2
    assert "is on a network file system (nfs4), where SQLite loses data" in started.stderr
    assert not (town.folder / "guardia.db").exists()


def test_what_is_older_than_the_retention_goes_at_the_start(town: Town) -> None:
    now = datetime.now(UTC)
    engine = open_engine(f"sqlite:///{town.folder}/guardia.db")
    upgrade(engine)
    with engine.begin() as tx:
        for age in (timedelta(days=15), timedelta(days=13), timedelta(minutes=1)):
            record = partial(record_notification, tx, body=b"x", content_key="key")
            record_applied(tx, record(now=now - age), repeated=False)
    engine.dispose()

    with running(town, GUARDIA_RETENTION="2w") as router:
        said = router.wait_for_log("what is older than GUARDIA_RETENTION is deleted")
        assert router.stop() == 0

    assert (said["notifications"], said["incidents"], said["rejected"]) == (1, 0, 0)
