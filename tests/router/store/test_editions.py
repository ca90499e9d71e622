"""The editions kept for a start with bad files, as each database keeps them."""

from collections.abc import Iterator
from dataclasses import replace

import pytest
from sqlalchemy import Engine, func, select

from router.store.editions import MOST_EDITIONS, KeptEdition, find_last_edition, record_edition
from router.store.engine import open_engine, reading
from router.store.migrations import upgrade
from router.store.tables import editions
from tests.router.making import NOON, minutes

HOSTILE = "a: '; DROP TABLE editions; --'\r\n\tb: \N{RIGHT-TO-LEFT OVERRIDE}ção \U0001f525\n"
FIRST = KeptEdition(
    version="5c0f6a7d2b91",
    files={"catalog.yaml": HOSTILE, "oncall/plataforma.yaml": "people: []\n"},
    taken_up_at=NOON,
)


@pytest.fixture
def engine(database_url: str) -> Iterator[Engine]:
    opened = open_engine(database_url)
    upgrade(opened)
    yield opened
    opened.dispose()


def keep(engine: Engine, *kept: KeptEdition) -> None:
    for edition in kept:
        with engine.begin() as tx:
            record_edition(tx, edition)


def last(engine: Engine) -> KeptEdition | None:
    with reading(engine) as tx:
        return find_last_edition(tx)


def versions(engine: Engine) -> list[str]:
    with reading(engine) as tx:
        return list(tx.execute(select(editions.c.version).order_by(editions.c.id)).scalars())


def test_before_the_first_there_is_none(engine: Engine) -> None:
    assert last(engine) is None


def test_an_edition_comes_back_to_the_byte(engine: Engine) -> None:
    keep(engine, FIRST)
    assert last(engine) == FIRST


def test_a_file_name_that_is_no_text_is_kept_too(engine: Engine) -> None:
    odd = replace(FIRST, files={"oncall/\udcff.yaml": "people: []\n"})
    keep(engine, odd)
    assert last(engine) == odd


def test_the_last_taken_up_counts_whatever_the_clock_said(engine: Engine) -> None:
    set_back = replace(FIRST, version="second", taken_up_at=NOON - minutes(90))
    keep(engine, FIRST, set_back)
    assert last(engine) == set_back


def test_restarts_with_the_same_files_push_nothing_out(engine: Engine) -> None:
    keep(engine, FIRST)
    keep(engine, *(replace(FIRST, taken_up_at=NOON + minutes(count)) for count in range(10)))

    assert last(engine) == FIRST
    assert versions(engine) == [FIRST.version]


def test_files_that_mean_the_same_are_kept_anew_when_their_bytes_differ(engine: Engine) -> None:
    commented = replace(FIRST, files={**FIRST.files, "catalog.yaml": "# changed\n"})
    keep(engine, FIRST, commented)
    assert last(engine) == commented


def test_an_edition_that_comes_back_is_the_last_again(engine: Engine) -> None:
    second = replace(FIRST, version="second", files={"catalog.yaml": "b: 2\n"})
    keep(engine, FIRST, second, FIRST)
    assert last(engine) == FIRST


def test_only_the_newest_few_are_kept(engine: Engine) -> None:
    keep(engine, *(replace(FIRST, version=str(number)) for number in range(MOST_EDITIONS + 3)))
    assert versions(engine) == [str(number) for number in range(3, MOST_EDITIONS + 3)]


def test_what_is_not_committed_leaves_what_was_kept(engine: Engine) -> None:
    keep(engine, FIRST)
    with engine.connect() as tx:
        record_edition(tx, replace(FIRST, version="second"))
        tx.rollback()
    assert last(engine) == FIRST


@pytest.mark.parametrize("database_url", ["postgresql"], indirect=True)
def test_two_replicas_at_once_keep_the_same_edition_without_an_error(engine: Engine) -> None:
    with engine.connect() as one, engine.connect() as other:
        record_edition(one, FIRST)
        record_edition(other, FIRST)
        one.commit()
        other.commit()

    assert last(engine) == FIRST
    with reading(engine) as tx:
        assert tx.execute(select(func.count()).select_from(editions)).scalar_one() <= 2
