"""A backup beside a router at work, and a router that starts from it."""

import signal
import sqlite3
import threading
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from time import monotonic, sleep

import pytest

from tests import forking
from tests.delivery.router_process import (
    PATIENT,
    POLL_SECONDS,
    ROOT,
    RouterProcess,
    Town,
    critical,
    guardia,
    open_town,
    running,
)
from tests.fakes.serving import PATIENCE_SECONDS


@pytest.fixture
def town(tmp_path: Path) -> Iterator[Town]:
    with open_town(tmp_path) as opened:
        yield opened


@dataclass(slots=True)
class Load:
    """The numbers of the notifications that were answered with 200."""

    stored: list[int] = field(default_factory=list)
    changed: threading.Condition = field(default_factory=threading.Condition)

    def add(self, number: int) -> None:
        with self.changed:
            self.stored.append(number)
            self.changed.notify_all()

    def wait_for(self, count: int) -> None:
        """Return once this many more are stored."""
        with self.changed:
            enough = len(self.stored) + count
            assert self.changed.wait_for(lambda: len(self.stored) >= enough, 3 * PATIENCE_SECONDS)


@contextmanager
def under_load(router: RouterProcess) -> Iterator[Load]:
    """Send notifications without a pause."""
    load = Load()
    enough = threading.Event()

    def send(first: int) -> None:
        for number in range(first, 1_000_000, 2):
            if enough.is_set():
                return
            if router.post(critical(service="casos", number=str(number), text="x" * 2000)) == 200:
                load.add(number)

    senders = [threading.Thread(target=send, args=(first,)) for first in (0, 1)]
    for sender in senders:
        sender.start()
    try:
        yield load
    finally:
        enough.set()
        for sender in senders:
            sender.join()


@contextmanager
def frozen_backup(town: Town, copy: Path) -> Iterator[forking.Process]:
    """Begin a backup that stands still in its middle for as long as the block lasts."""
    environment = town.environment(FREEZES="after router.store.backup:_copy")
    module = "tests.delivery.altered"
    backup = forking.start(module, "backup", str(copy), cwd=ROOT, env=environment)
    deadline = monotonic() + PATIENCE_SECONDS
    while Path(f"/proc/{backup.pid}/stat").read_text().rpartition(") ")[2][0] != "T":
        assert monotonic() < deadline
        assert backup.poll() is None
        sleep(POLL_SECONDS)
    try:
        yield backup
    finally:
        backup.send_signal(signal.SIGCONT)


def bodies(database: Path) -> str:
    """Return all notifications of a database, which must be whole."""
    with closing(sqlite3.connect(database)) as connection:
        assert connection.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
        assert connection.execute("PRAGMA foreign_key_check").fetchall() == []
        rows = connection.execute("SELECT body FROM notifications").fetchall()
        return "".join(row[0].decode() for row in rows)


def test_it_holds_everything_answered_before_it_began(town: Town) -> None:
    copy = town.folder / "copy.db"
    with running(town) as router:
        with under_load(router) as load:
            load.wait_for(40)
            before = list(load.stored)
            with frozen_backup(town, copy) as backup:
                load.wait_for(1)  # the router goes on answering
            assert backup.stdout is not None
            told = backup.stdout.read()
            assert backup.wait(PATIENCE_SECONDS) == 0, told
            backup.stdout.close()
        assert router.stop() == 0

    assert told.startswith(f"{copy}: ")
    assert "open), last notification 20" in told
    held = bodies(copy)
    assert [number for number in before if f'"number": "{number}"' not in held] == []


def test_a_router_from_the_copy_goes_on_where_it_stopped(town: Town) -> None:
    copy, live = town.folder / "copy.db", town.folder / "guardia.db"
    gate = town.pagerduty.hold_next(processes=True)
    with running(town, sets=PATIENT) as router:
        assert router.post(critical()) == 200
        town.pagerduty.wait_for(lambda fake: fake.held == 1)
        made = guardia("backup", str(copy), environment=town.environment())
        gate.open()  # the page was on its way at that moment, and is taken
        town.pagerduty.wait_for(lambda fake: len(fake.accepted) == 1)
        router.kill()
    assert made.returncode == 0, made.stderr
    for lost in town.folder.glob("guardia.db*"):
        lost.unlink()
    copy.rename(live)

    with running(town) as restored:
        town.pagerduty.wait_for(lambda fake: len(fake.accepted) == 2)
        assert restored.stop() == 0

    assert len(town.pagerduty.pages) == 1  # the same key: nobody is woken twice


def test_a_copy_is_not_overwritten(town: Town) -> None:
    copy = town.folder / "copy.db"
    copy.write_text("yesterday's")
    with running(town) as router:
        refused = guardia("backup", str(copy), environment=town.environment())
        forced = guardia("backup", "--force", str(copy), environment=town.environment())
        assert router.stop() == 0
    assert refused.returncode == 2
    assert "add --force" in refused.stderr
    assert forced.returncode == 0
    assert "no notification yet" in forced.stdout
    assert bodies(copy) == ""


def test_postgresql_has_its_own_tools(town: Town) -> None:
    environment = town.environment(GUARDIA_DATABASE="postgresql://u:hunter2@db.example/guardia")
    refused = guardia("backup", str(town.folder / "copy.db"), environment=environment)
    assert refused.returncode == 2
    assert "pg_dump" in refused.stderr
    assert "hunter2" not in refused.stderr
