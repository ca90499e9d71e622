"""A backup beside a router at work, and a router that starts from it."""

import sqlite3
import threading
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from tests.delivery.router_process import (
    RouterProcess,
    Town,
    critical,
    guardia,
    open_town,
    running,
)


@pytest.fixture
def town(tmp_path: Path) -> Iterator[Town]:
    with open_town(tmp_path) as opened:
        yield opened


@dataclass(slots=True)
class Load:
    """The numbers of the notifications that were answered with 200."""

    stored: list[int] = field(default_factory=list)
    some: threading.Event = field(default_factory=threading.Event)


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
                load.stored.append(number)
            if len(load.stored) >= 40:
                load.some.set()

    senders = [threading.Thread(target=send, args=(first,)) for first in (0, 1)]
    for sender in senders:
        sender.start()
    try:
        yield load
    finally:
        enough.set()
        for sender in senders:
            sender.join()


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
            assert load.some.wait(60)
            before = list(load.stored)
            made = guardia("backup", str(copy), environment=town.environment())
            during = len(load.stored) - len(before)
        assert router.stop() == 0

    assert made.returncode == 0, made.stderr
    assert made.stdout.startswith(f"{copy}: ")
    assert "open), last notification 20" in made.stdout
    assert during > 0  # the router went on answering
    held = bodies(copy)
    assert [number for number in before if f'"number": "{number}"' not in held] == []


def test_a_router_from_the_copy_goes_on_where_it_stopped(town: Town) -> None:
    copy, live = town.folder / "copy.db", town.folder / "guardia.db"
    gate = town.pagerduty.hold_next(processes=True)
    with running(town) as router:
        assert router.post(critical()) == 200
        town.pagerduty.wait_for(lambda fake: fake.held == 1, timeout=20)
        made = guardia("backup", str(copy), environment=town.environment())
        gate.open()  # the page was on its way at that moment, and is taken
        town.pagerduty.wait_for(lambda fake: len(fake.accepted) == 1, timeout=20)
        router.kill()
    assert made.returncode == 0, made.stderr
    for lost in town.folder.glob("guardia.db*"):
        lost.unlink()
    copy.rename(live)

    with running(town) as restored:
        town.pagerduty.wait_for(lambda fake: len(fake.accepted) == 2, timeout=20)
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
