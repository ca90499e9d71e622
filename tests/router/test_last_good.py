"""The last good catalog: what is kept of it, and when it stands in for bad files."""

import logging
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from sqlalchemy import Connection, func, select, text

from router.edition import Edition, read_edition, read_whole
from router.last_good import MAX_KEPT_BYTES, CatalogRefusedError, LastGood, stand_in
from router.store.editions import KeptEdition, find_last_edition
from router.store.store import Store
from router.store.tables import editions
from tests.catalogs import CATALOG, copy_catalog
from tests.router.making import NOON, minutes
from tests.router.road import HandClock

ONCALL = "oncall/plataforma.yaml"


@pytest.fixture
def store(database_url: str) -> Iterator[Store]:
    opened = Store(database_url, new_installation="test", queue_limit=100)
    yield opened
    opened.close()


@pytest.fixture
def edition() -> Edition:
    return read_edition(CATALOG)


def committed(store: Store) -> KeptEdition | None:
    """Return what is kept once all that was queued is done."""
    store.write_now(lambda _tx: None)
    return store.read_now(find_last_edition)


def count_kept(tx: Connection) -> int:
    return tx.execute(select(func.count()).select_from(editions)).scalar_one()


def kept_of(edition: Edition) -> KeptEdition:
    assert edition.catalog is not None
    return KeptEdition(version=edition.catalog.version, files=edition.files, taken_up_at=NOON)


def bad_files(tmp_path: Path) -> Path:
    return copy_catalog(tmp_path, changes={ONCALL: ("  - name: critical\n", "  - nam: c\n")})


def test_what_was_kept_stands_in_for_bad_files(
    store: Store, edition: Edition, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    LastGood(store, clock=HandClock()).keep(edition)
    folder = bad_files(tmp_path)

    catalog = stand_in(read_whole(folder), committed(store), root=folder)

    assert catalog == edition.catalog
    (told,) = caplog.records
    assert told.levelno == logging.ERROR
    assert told.__dict__["context"] == {
        "catalog": catalog.version,
        "taken_up_at": NOON.isoformat(),
    }


def test_an_edition_is_kept_once_with_the_time_it_was_taken_up(
    store: Store, edition: Edition
) -> None:
    clock = HandClock()
    last_good = LastGood(store, clock=clock)
    for _ in range(3):
        last_good.keep(edition)
        clock.advance(minutes(1))

    assert committed(store) == kept_of(edition)
    assert store.read_now(count_kept) == 1


def test_the_next_edition_is_the_one_that_stands_in(
    store: Store, edition: Edition, tmp_path: Path
) -> None:
    changed = read_edition(copy_catalog(tmp_path, changes={ONCALL: ("engineer 1", "engineer 9")}))
    last_good = LastGood(store, clock=HandClock())
    last_good.keep(edition)
    last_good.keep(changed)

    assert committed(store) == kept_of(changed)


def test_one_that_could_not_be_written_is_tried_again_and_told_once(
    store: Store, edition: Edition, caplog: pytest.LogCaptureFixture
) -> None:
    last_good = LastGood(store, clock=HandClock())
    store.write_now(lambda tx: tx.execute(text("ALTER TABLE editions RENAME TO hidden")))
    for _ in range(3):
        last_good.keep(edition)
        store.write_now(lambda _tx: None)
    told = [one.getMessage() for one in caplog.records if one.levelno >= logging.ERROR]
    assert len(told) == 1
    assert told[0].startswith("the catalog in force is not kept for a restart yet: ")
    assert "editions" in told[0]
    assert "\n" not in told[0]

    store.write_now(lambda tx: tx.execute(text("ALTER TABLE hidden RENAME TO editions")))
    last_good.keep(edition)

    assert committed(store) == kept_of(edition)


def test_one_that_is_too_large_is_warned_of_once_and_the_one_before_stays(
    store: Store, edition: Edition, caplog: pytest.LogCaptureFixture
) -> None:
    last_good = LastGood(store, clock=HandClock())
    last_good.keep(edition)
    large = replace(edition, files={**edition.files, "oncall/large.yaml": "é" * MAX_KEPT_BYTES})
    for _ in range(3):
        last_good.keep(large)

    assert committed(store) == kept_of(edition)
    warned = [one.getMessage() for one in caplog.records if one.levelno == logging.WARNING]
    assert len(warned) == 1
    assert "the catalog is not kept for a restart" in warned[0]


def test_a_store_that_closes_stops_nothing(database_url: str, edition: Edition) -> None:
    store = Store(database_url, new_installation="test", queue_limit=100)
    last_good = LastGood(store, clock=HandClock())
    store.close()
    last_good.keep(edition)
    last_good.keep(edition)

    opened = Store(database_url, new_installation="test", queue_limit=100)
    assert opened.read_now(find_last_edition) is None
    opened.close()


def nothing(_edition: Edition) -> None:
    """Give nothing: the router never went by a good catalog."""


def of_another_release(edition: Edition) -> KeptEdition:
    later = edition.files[ONCALL].replace("policies:", "escalations:")
    return replace(kept_of(edition), files={**edition.files, ONCALL: later})


def without_files(edition: Edition) -> KeptEdition:
    return replace(kept_of(edition), files={})


@pytest.mark.parametrize(
    ("keep", "why"),
    [
        (nothing, "the database has no catalog that was in force before"),
        (of_another_release, f"this release does not read it: {{root}}/{ONCALL}:"),
        (without_files, "this release does not read it: {root}/catalog.yaml:1:1: file-missing: "),
    ],
)
def test_where_nothing_stands_in_the_start_is_refused_with_the_reason_and_the_problems(
    edition: Edition, tmp_path: Path, keep: Callable[[Edition], KeptEdition | None], why: str
) -> None:
    folder = bad_files(tmp_path)
    reading = read_whole(folder)

    with pytest.raises(CatalogRefusedError) as refused:
        stand_in(reading, keep(edition), root=folder)

    assert why.format(root=folder) in str(refused.value)
    assert "\n" not in str(refused.value)
    assert refused.value.reading.problems == reading.problems
