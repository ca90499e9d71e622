"""Files on disk: stale ones are named, written whole, and somebody's own stay."""

from pathlib import Path

import pytest

from generator.write import NOT_OURS, Stale, generate, list_stale, write_files
from generator.yaml_text import HEADER, render_yaml
from tests.catalogs import CATALOG, read_whole

FILES = {
    "rules/casos.yml": render_yaml({"groups": []}),
    "dashboards/slo.json": '{\n  "uid": "guardia-slo"\n}\n',
}


def test_written_files_are_not_stale(tmp_path: Path) -> None:
    assert [found.reason for found in write_files(FILES, tmp_path)] == ["missing", "missing"]
    assert list_stale(FILES, tmp_path) == []
    assert (tmp_path / "rules/casos.yml").read_text() == FILES["rules/casos.yml"]
    assert write_files(FILES, tmp_path) == []


def test_an_edited_and_a_left_over_file_are_named(tmp_path: Path) -> None:
    write_files(FILES, tmp_path)
    (tmp_path / "rules/casos.yml").write_text(HEADER + "groups: [edited]\n")
    (tmp_path / "rules/gone.yml").write_text(HEADER + "groups: []\n")
    assert list_stale(FILES, tmp_path) == [
        Stale(path="rules/casos.yml", reason="differs"),
        Stale(path="rules/gone.yml", reason="no longer generated"),
    ]


@pytest.mark.parametrize(
    ("path", "text"),
    [
        ("rules/own.yml", "groups: []\n"),
        ("dashboards/own.json", '{"uid": "copy-of-slo", "tags": ["guardia"]}'),
        ("dashboards/broken.json", "{"),
        ("dashboards/list.json", "[]"),
        ("rules/notes.txt", HEADER),
    ],
)
def test_what_we_did_not_generate_stays(tmp_path: Path, path: str, text: str) -> None:
    write_files(FILES, tmp_path)
    (tmp_path / path).write_text(text)
    assert write_files(FILES, tmp_path) == []
    assert (tmp_path / path).read_text() == text


@pytest.mark.parametrize("path", sorted(FILES))
def test_somebodys_own_file_is_never_overwritten_and_nothing_else_is_written(
    tmp_path: Path, path: str
) -> None:
    (tmp_path / path).parent.mkdir()
    (tmp_path / path).write_text("mine\n")
    stale = write_files(FILES, tmp_path)
    assert Stale(path=path, reason=NOT_OURS) in stale
    written = [file for file in tmp_path.rglob("*") if file.is_file()]
    assert written == [tmp_path / path]
    assert (tmp_path / path).read_text() == "mine\n"


def test_folders_and_dangling_links_are_in_the_way_or_passed_over(tmp_path: Path) -> None:
    (tmp_path / "rules" / "casos.yml").mkdir(parents=True)
    (tmp_path / "rules" / "old.yml").symlink_to(tmp_path / "nowhere")
    (tmp_path / "rules" / "dir.yml").mkdir()
    assert list_stale(FILES, tmp_path) == [
        Stale(path="dashboards/slo.json", reason="missing"),
        Stale(path="rules/casos.yml", reason=NOT_OURS),
    ]


def test_a_folder_that_links_nowhere_is_an_error_that_says_so(tmp_path: Path) -> None:
    (tmp_path / "rules").symlink_to("nowhere")
    with pytest.raises(FileNotFoundError) as caught:
        write_files(FILES, tmp_path)
    assert caught.value.filename == str(tmp_path / "rules")
    assert caught.value.strerror == "it links to nowhere, which is not there"
    assert not [path for path in tmp_path.rglob("*") if path.is_file()]


def test_a_service_taken_out_of_the_catalog_takes_its_file_along(tmp_path: Path) -> None:
    write_files(FILES, tmp_path)
    write_files({"dashboards/slo.json": FILES["dashboards/slo.json"]}, tmp_path)
    assert not (tmp_path / "rules/casos.yml").exists()
    assert list(tmp_path.rglob(".*.new")) == []


def test_other_folders_than_the_chosen_are_neither_made_nor_looked_at(tmp_path: Path) -> None:
    catalog = read_whole(CATALOG)
    rules = generate(catalog, ["rules"])
    assert {path.split("/")[0] for path in rules} == {"rules"}
    assert rules.items() <= generate(catalog).items()
    write_files(FILES, tmp_path)
    (tmp_path / "rules/casos.yml").write_text(HEADER)
    (tmp_path / "dashboards/slo.json").write_text('{"uid": "guardia-old"}')
    assert write_files({}, tmp_path, ["rules"]) == [
        Stale(path="rules/casos.yml", reason="no longer generated")
    ]
    assert (tmp_path / "dashboards/slo.json").exists()
