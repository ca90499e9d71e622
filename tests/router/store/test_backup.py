"""A backup is one instant of the database, complete or not there at all."""

import re
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import pytest
from sqlalchemy import Engine, text

from router.incident.model import IncidentState
from router.store import backup as backups
from router.store.backup import BackupError, DamagedError, back_up, database_file
from router.store.engine import open_engine
from router.store.incidents import record_incident
from router.store.migrations import upgrade
from router.store.notifications import record_notification
from tests.router.making import NOON, incident

GUIDE = Path(__file__).resolve().parents[3] / "docs" / "operations" / "backup.md"


@pytest.fixture
def source(tmp_path: Path) -> Path:
    folder = tmp_path / "live"
    folder.mkdir()
    return folder.resolve() / "guardia.db"


@pytest.fixture
def engine(source: Path) -> Iterator[Engine]:
    """The database as a running router has it: open, its last writes beside the file."""
    opened = open_engine(f"sqlite:///{source}")
    upgrade(opened)
    with opened.connect():
        yield opened
    opened.dispose()


@pytest.fixture
def target(tmp_path: Path) -> Path:
    folder = tmp_path / "backups"
    folder.mkdir()
    return folder / "guardia.db"


def fill(engine: Engine, *, notifications: int = 1, bytes: int = 1) -> None:
    with engine.begin() as tx:
        for _ in range(notifications):
            record_notification(tx, body=b"x" * bytes, content_key="key", now=NOON)


def count_notifications(file: Path) -> int:
    with closing(sqlite3.connect(file)) as connection:
        return int(connection.execute("SELECT count(*) FROM notifications").fetchone()[0])


def test_it_says_what_it_holds(engine: Engine, source: Path, target: Path) -> None:
    with engine.begin() as tx:
        record_incident(tx, None, replace(incident(), number=None))
        over = replace(incident(), number=None, state=IncidentState.RESOLVED, resolved_at=NOON)
        record_incident(tx, None, over)
    fill(engine)

    backup = back_up(source, target, replace=False)

    assert (backup.incidents, backup.open_incidents) == (2, 1)
    assert backup.last_notification_at == NOON
    assert backup.size_bytes == target.stat().st_size
    assert count_notifications(target) == 1


def test_the_copy_is_one_file_for_its_owner_alone(
    engine: Engine, source: Path, target: Path
) -> None:
    fill(engine)
    back_up(source, target, replace=False)
    assert [one.name for one in target.parent.iterdir()] == ["guardia.db"]
    assert target.stat().st_mode & 0o777 == 0o600


def test_any_name_of_a_folder_will_do(tmp_path: Path) -> None:
    folder = tmp_path / "back ups?#%2f"
    folder.mkdir()
    source = folder / "guardia.db"
    plain = open_engine(f"sqlite:///{tmp_path}/guardia.db")
    upgrade(plain)
    plain.dispose()
    (tmp_path / "guardia.db").rename(source)

    assert back_up(source, folder / "copy", replace=False).incidents == 0


def test_writes_between_two_steps_neither_wait_nor_are_in_the_copy(
    engine: Engine, source: Path, target: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    fill(engine, notifications=50, bytes=4000)
    monkeypatch.setattr(backups, "STEP_PAGES", 1)
    copying = sqlite3.Connection.backup
    written = 0

    def write_meanwhile(
        connection: sqlite3.Connection, *to: sqlite3.Connection, pages: int
    ) -> None:
        def write(_status: int, _remaining: int, _total: int) -> None:
            nonlocal written
            if written < 300:  # a copy that begins anew each time would never end
                fill(engine, bytes=4000)
                written += 1

        copying(connection, *to, pages=pages, progress=write)

    class Watched(sqlite3.Connection):
        backup = write_meanwhile  # type: ignore[assignment]  # the arguments that are used

    opening = sqlite3.connect
    monkeypatch.setattr(
        sqlite3, "connect", lambda *names, **options: opening(*names, factory=Watched, **options)
    )
    back_up(source, target, replace=False)

    assert written > 50
    assert count_notifications(target) == 50
    assert count_notifications(source) == 50 + written


def test_a_router_that_starts_from_the_copy_skips_numbers_given_since(
    engine: Engine, source: Path, target: Path
) -> None:
    with engine.begin() as tx:
        record_incident(tx, None, replace(incident(), number=None, key="first"))
    back_up(source, target, replace=False)

    restored = open_engine(f"sqlite:///{target}")
    with restored.begin() as tx:
        other = replace(incident(), number=None, key="second", alerts={})
        assert record_incident(tx, None, other).number == 1002
    restored.dispose()


def test_also_where_no_incident_was_yet(engine: Engine, source: Path, target: Path) -> None:
    back_up(source, target, replace=False)
    restored = open_engine(f"sqlite:///{target}")
    with restored.begin() as tx:
        assert record_incident(tx, None, replace(incident(), number=None)).number == 1001
    restored.dispose()


def test_a_file_that_is_there_stays_unless_forced(
    engine: Engine, source: Path, target: Path
) -> None:
    fill(engine)
    target.write_text("yesterday's")
    with pytest.raises(BackupError, match="is there already: name another file, or add --force"):
        back_up(source, target, replace=False)
    assert target.read_text() == "yesterday's"

    back_up(source, target, replace=True)
    assert count_notifications(target) == 1


@pytest.mark.parametrize("suffix", ["", "-wal", "-shm", ".lock"])
def test_the_database_itself_is_never_replaced(engine: Engine, source: Path, suffix: str) -> None:
    fill(engine)
    with pytest.raises(BackupError, match="is the database that is to be copied"):
        back_up(source, Path(f"{source}{suffix}"), replace=True)
    assert count_notifications(source) == 1


def test_nor_by_another_name(engine: Engine, source: Path, target: Path) -> None:
    fill(engine)
    target.hardlink_to(source)
    with pytest.raises(BackupError, match="is the database that is to be copied"):
        back_up(source, target, replace=True)


def test_a_folder_is_no_target(engine: Engine, source: Path, target: Path) -> None:
    with pytest.raises(BackupError, match="is there and is no file"):
        back_up(source, target.parent, replace=True)


def test_a_missing_folder_is_said(engine: Engine, source: Path, target: Path) -> None:
    with pytest.raises(BackupError, match="cannot copy .* to .*: No such file or directory"):
        back_up(source, target.parent / "none" / "guardia.db", replace=False)


def test_what_is_no_database_of_the_router_is_refused(source: Path, target: Path) -> None:
    with pytest.raises(BackupError, match="there is no database"):
        back_up(source, target, replace=False)
    source.write_bytes(b"something else" * 1000)
    with pytest.raises(BackupError, match="file is not a database"):
        back_up(source, target, replace=False)
    source.unlink()
    with closing(sqlite3.connect(source)) as other:
        other.execute("CREATE TABLE other (id)")
    with pytest.raises(BackupError, match="is no database of the router"):
        back_up(source, target, replace=False)
    assert list(target.parent.iterdir()) == []


def test_a_damaged_database_gives_no_copy_and_leaves_the_last_good_one(
    source: Path, target: Path
) -> None:
    engine = open_engine(f"sqlite:///{source}")
    upgrade(engine)
    fill(engine, notifications=200, bytes=1000)
    engine.dispose()
    damage(source, table="ix_notifications_received")
    target.write_text("yesterday's")

    with pytest.raises(DamagedError, match="is not whole, and is not kept"):
        back_up(source, target, replace=True)

    assert target.read_text() == "yesterday's"
    assert [one.name for one in target.parent.iterdir()] == ["guardia.db"]


def damage(file: Path, *, table: str) -> None:
    """Overwrite the first page of a table or index with what is none."""
    with closing(sqlite3.connect(file)) as connection:
        page = connection.execute("SELECT rootpage FROM sqlite_master WHERE name = ?", (table,))
        first, size = page.fetchone()[0], connection.execute("PRAGMA page_size").fetchone()[0]
    with file.open("r+b") as raw:
        raw.seek((first - 1) * size)
        raw.write(b"\xff" * size)


def test_only_sqlite_has_a_file(tmp_path: Path) -> None:
    assert database_file(f"sqlite:///{tmp_path}/a b.db") == tmp_path.resolve() / "a b.db"
    assert database_file("postgresql://guardia@db.example/guardia") is None


@pytest.mark.parametrize("database_url", ["postgresql"], indirect=True)
def test_what_the_guide_says_to_do_after_a_restore_of_postgresql(database_url: str) -> None:
    said = re.search(r"```sql\n(.*?;)\n```", GUIDE.read_text(), re.DOTALL)
    assert said is not None
    engine = open_engine(database_url)
    upgrade(engine)
    with engine.begin() as tx:
        tx.execute(text(said[1]))
        assert (record_incident(tx, None, replace(incident(), number=None)).number or 0) > 1000
    engine.dispose()
