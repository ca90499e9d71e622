"""What the router reads of the catalog's files, and when two readings are the same."""

import os
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

import router.edition
from guardia.catalog_folder import CatalogFolder, read_catalog_folder, read_oncall_files
from guardia.problem import Problem
from router.catalog import read_oncall
from router.edition import UnsettledError, read_digest, read_edition, read_kept, read_whole
from tests.catalogs import CATALOG, OWN_CATALOG, copy_catalog

ONCALL = "oncall/plataforma.yaml"


@pytest.mark.parametrize("folder", [CATALOG, OWN_CATALOG])
def test_what_is_read_while_the_router_runs_is_what_it_starts_with(folder: Path) -> None:
    at_start, _ = read_oncall(read_catalog_folder(folder)[0])

    assert at_start is not None
    assert read_edition(folder).catalog == at_start


def test_two_readings_of_the_same_files_are_equal_whatever_is_declared(tmp_path: Path) -> None:
    folder = copy_catalog(tmp_path)
    with (folder / "catalog.yaml").open("a") as file:
        file.write("""
maintenance:
  - name: monthly-minor
    every: first sunday of the month
    at: 02:00
    lasts: 2h
    zone: Atlantic/Cape_Verde
  - {name: removal, starts: 2026-12-06 22:00, lasts: 4h, zone: Atlantic/Cape_Verde}
""")

    first, second = read_edition(folder), read_edition(folder)

    assert not first.problems
    assert first == second


def test_all_problems_of_the_routers_files_are_told_in_reading_order(tmp_path: Path) -> None:
    folder = copy_catalog(
        tmp_path,
        changes={ONCALL: ("  - name: critical\n", "  - nam: critical\n")},
    )
    (folder / "oncall" / "other.yaml").write_text("people: 7\n")
    (folder / "services" / "casos.yaml").write_text("service: [\n")

    edition = read_edition(folder)

    assert edition.catalog is None
    assert {Path(one.span.path).name for one in edition.problems} == {
        "plataforma.yaml",
        "other.yaml",
    }
    assert list(edition.problems) == sorted(edition.problems, key=lambda one: one.span)


def test_a_missing_folder_is_a_problem(tmp_path: Path) -> None:
    edition = read_edition(tmp_path / "nowhere")

    assert edition.catalog is None
    assert {one.code for one in edition.problems} == {"file-missing"}


def test_what_is_not_of_the_router_keeps_nothing_from_being_taken_up(tmp_path: Path) -> None:
    folder = copy_catalog(tmp_path)
    (folder / "oncall" / "README.md").write_text("who is who")
    (folder / "services" / "casos.yaml").write_text("service: [\n")

    edition = read_edition(folder)

    assert edition.catalog is not None
    assert [one.code for one in edition.problems] == ["file-unexpected"]


@pytest.mark.parametrize("folder", [CATALOG, OWN_CATALOG])
def test_kept_texts_mean_what_the_files_meant(folder: Path, tmp_path: Path) -> None:
    edition = read_edition(folder)

    catalog, problems = read_kept(tmp_path / "gone", edition.files)

    assert catalog == edition.catalog
    assert not problems


def test_kept_texts_of_several_files_and_odd_line_ends_mean_the_same(tmp_path: Path) -> None:
    folder = copy_catalog(tmp_path)
    (folder / "oncall" / "10-more.yaml").write_bytes(
        "\N{BYTE ORDER MARK}people:\r\n  - id: new-one\r\n    name: Céu\r\n"
        "    pages:\r\n      - email: ceu@conecta360.example\r\n".encode()
    )
    edition = read_edition(folder)
    assert edition.catalog is not None

    assert read_kept(folder, edition.files) == (edition.catalog, ())


def test_kept_texts_that_this_release_does_not_read_are_problems_at_their_place(
    tmp_path: Path,
) -> None:
    files = {**read_edition(CATALOG).files, ONCALL: "people: 7\n"}

    catalog, problems = read_kept(tmp_path, files)

    assert catalog is None
    assert problems[0].span.path == f"{tmp_path}/{ONCALL}"
    assert (problems[0].span.line, problems[0].code) == (1, "wrong-type")


@pytest.mark.parametrize("gone", ["catalog.yaml", ONCALL])
def test_kept_texts_of_which_one_is_gone_are_no_catalog(tmp_path: Path, gone: str) -> None:
    files = {path: text for path, text in read_edition(CATALOG).files.items() if path != gone}

    catalog, problems = read_kept(tmp_path, files)

    assert catalog is None
    assert "file-missing" in {one.code for one in problems}


def test_the_start_reads_the_same_edition_and_tells_of_the_other_files_too(tmp_path: Path) -> None:
    folder = copy_catalog(tmp_path)
    (folder / "oncall" / "README.md").write_text("who is who")
    (folder / "services" / "casos.yaml").write_text("service: [\n")

    reading = read_whole(folder)

    assert reading.edition == read_edition(folder)
    assert [Path(one.span.path).name for one in reading.problems] == ["README.md", "casos.yaml"]
    assert [Path(one.span.path).name for one in reading.other_problems] == ["casos.yaml"]
    assert f"{folder}/services/casos.yaml" in reading.sources
    assert set(reading.edition.files) == {"catalog.yaml", ONCALL}


def test_the_start_refuses_what_a_reload_refuses_with_the_same_problems(tmp_path: Path) -> None:
    folder = copy_catalog(tmp_path, changes={ONCALL: ("  - name: critical\n", "  - nam: c\n")})
    (folder / "catalog.yaml").write_text("organisation: 7\n")
    (folder / "services" / "casos.yaml").write_text("service: [\n")

    reading = read_whole(folder)

    assert reading.edition.catalog is None
    assert reading.edition.problems == read_edition(folder).problems
    assert reading.problems[-1].span.path == f"{folder}/services/casos.yaml"


def change_a_byte(folder: Path) -> None:
    file = folder / ONCALL
    times = file.stat()
    file.write_text(file.read_text().replace("Platform engineer 3", "Platform engineer 4"))
    # As `cp -p`, or a second change within one tick of the clock: neither time nor size tells.
    os.utime(file, ns=(times.st_atime_ns, times.st_mtime_ns))


def change_the_organisation(folder: Path) -> None:
    with (folder / "catalog.yaml").open("a") as file:
        file.write("# changed\n")


def add_a_file(folder: Path) -> None:
    (folder / "oncall" / "new.yaml").write_text("people: []\n")


def rename_a_file(folder: Path) -> None:
    (folder / ONCALL).rename(folder / "oncall" / "other.yaml")


def take_everything_away(folder: Path) -> None:
    shutil.rmtree(folder)


@pytest.mark.parametrize(
    "change",
    [change_a_byte, change_the_organisation, add_a_file, rename_a_file, take_everything_away],
)
def test_any_change_of_the_routers_files_is_seen(
    tmp_path: Path, change: Callable[[Path], None]
) -> None:
    folder = copy_catalog(tmp_path)
    before = read_digest(folder)

    change(folder)

    assert read_digest(folder) != before


def test_what_the_router_does_not_read_is_no_change(tmp_path: Path) -> None:
    folder = copy_catalog(tmp_path)
    before = read_digest(folder)

    (folder / "services" / "casos.yaml").write_text("service: other\n")
    (folder / "oncall" / ".plataforma.yaml.swp").write_text("half")
    (folder / "oncall" / "plataforma.yaml~").write_text("old")
    (folder / ONCALL).touch()

    assert read_digest(folder) == before


def test_files_that_change_while_they_are_read_are_read_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = copy_catalog(tmp_path)
    readings = 0

    def read_and_change(root: Path) -> tuple[CatalogFolder, tuple[Problem, ...]]:
        nonlocal readings
        readings += 1
        found = read_oncall_files(root)
        if readings == 1:
            text = (folder / ONCALL).read_text()
            (folder / ONCALL).write_text(text.replace("engineer 1", "engineer 9"))
        return found

    monkeypatch.setattr(router.edition, "read_oncall_files", read_and_change)
    edition = read_edition(folder)

    assert edition.catalog is not None
    assert "Platform engineer 9" in edition.catalog.names.values()
    assert edition.digest == read_digest(folder)


def test_files_that_never_settle_are_not_read(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = copy_catalog(tmp_path)

    def read_and_change(root: Path) -> tuple[CatalogFolder, tuple[Problem, ...]]:
        change_the_organisation(root)
        return read_oncall_files(root)

    monkeypatch.setattr(router.edition, "read_oncall_files", read_and_change)
    with pytest.raises(UnsettledError, match="change while they are read"):
        read_edition(folder)
