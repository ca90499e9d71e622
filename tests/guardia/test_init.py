"""`guardia init`: a first catalog that passes the check, and never at the cost of another file."""

import json
import re
from pathlib import Path

import pytest

from guardia.cli.catalog import load_catalog
from guardia.cli.main import main
from guardia.starter import starter_files

LANGUAGES = ("en", "es", "pt")


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_first_catalog_passes_the_check(tmp_path: Path, language: str) -> None:
    folder = tmp_path / "deep" / "catalog"
    assert main(["init", str(folder), "--language", language, "--organisation", "Acme"]) == 0
    loaded = load_catalog(folder)
    assert loaded.problems == ()
    assert loaded.generator is not None
    assert loaded.generator.organisation.language == language
    assert loaded.oncall is not None
    assert loaded.oncall.organisation == "Acme"


@pytest.mark.parametrize(
    "name",
    ['A "quoted" one', "colon: #hash", "back\\slash", "§{language} $x", "Ação e 日本", "{a}"],
)
def test_any_name_of_one_line_arrives_as_it_was_given(tmp_path: Path, name: str) -> None:
    assert main(["init", str(tmp_path / "catalog"), "--organisation", name]) == 0
    oncall = load_catalog(tmp_path / "catalog").oncall
    assert oncall is not None
    assert oncall.organisation == name


@pytest.mark.parametrize("name", ["", "  ", "two\nlines", "\x1b[31m"])
def test_a_name_that_is_no_line_is_refused(
    tmp_path: Path, name: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["init", str(tmp_path / "catalog"), "--organisation", name]) == 2
    assert not (tmp_path / "catalog").exists()
    assert "--organisation" in capsys.readouterr().err


def test_a_second_init_refuses_and_changes_nothing(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = tmp_path / "catalog"
    main(["init", str(folder)])
    (folder / "catalog.yaml").write_text("edited", encoding="utf-8")
    (folder / "runbooks" / "slow-answers.md").unlink()
    before = {path: path.read_bytes() for path in folder.rglob("*") if path.is_file()}

    assert main(["init", str(folder)]) == 2

    assert {path: path.read_bytes() for path in folder.rglob("*") if path.is_file()} == before
    refusal = capsys.readouterr().err
    assert all(path.as_posix() in refusal for path in before)
    assert "slow-answers" not in refusal


@pytest.mark.parametrize(
    "blocker", ["services/casos.yaml", "oncall/team.yml", "runbooks/service-down.md"]
)
def test_a_file_that_would_be_replaced_or_join_in_is_in_the_way(
    tmp_path: Path, blocker: str, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "catalog" / blocker
    path.parent.mkdir(parents=True)
    path.write_text("mine", encoding="utf-8")
    assert main(["init", str(tmp_path / "catalog")]) == 2
    assert path.as_posix() in capsys.readouterr().err
    assert [one for one in tmp_path.rglob("*") if one.is_file()] == [path]


def test_a_file_where_a_folder_belongs_is_in_the_way(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "catalog").write_text("mine", encoding="utf-8")
    assert main(["init", str(tmp_path / "catalog")]) == 2
    assert (tmp_path / "catalog").as_posix() in capsys.readouterr().err


def test_other_files_beside_are_left_alone(tmp_path: Path) -> None:
    (tmp_path / "README.md").write_text("mine", encoding="utf-8")
    assert main(["init", str(tmp_path)]) == 0
    assert (tmp_path / "README.md").read_text(encoding="utf-8") == "mine"


def test_each_modeline_names_a_schema_that_is_there() -> None:
    files = starter_files("Acme", "en")
    declared = [name for name in files if name.endswith(".yaml")]
    assert declared
    for name in declared:
        found = re.match(r"# yaml-language-server: \$schema=(\S+)\n", files[name])
        assert found is not None, name
        schema = (Path("/") / Path(name).parent / found[1]).resolve().relative_to("/").as_posix()
        assert json.loads(files[schema])["title"].startswith("Guardia catalog")


def test_schemas_are_renewed_without_touching_the_catalog(tmp_path: Path) -> None:
    folder = tmp_path / "catalog"
    main(["init", str(folder)])
    schema = folder / ".schema" / "service.json"
    whole = schema.read_text(encoding="utf-8")
    schema.write_text('{"title": "Guardia catalog: an older one"}', encoding="utf-8")
    (folder / "catalog.yaml").write_text("edited", encoding="utf-8")

    assert main(["init", "--schemas", str(folder)]) == 0

    assert schema.read_text(encoding="utf-8") == whole
    assert (folder / "catalog.yaml").read_text(encoding="utf-8") == "edited"


def test_the_check_of_a_first_catalog_counts_one_as_one(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    main(["init", str(tmp_path / "catalog")])
    capsys.readouterr()
    assert main(["check", str(tmp_path / "catalog")]) == 0
    assert capsys.readouterr().out.startswith("no problems: 1 service, ")


def test_schemas_are_not_put_where_there_is_no_catalog(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["init", "--schemas", str(tmp_path / "nowhere")]) == 2
    assert "there is no catalog in" in capsys.readouterr().err
    assert not (tmp_path / "nowhere").exists()


def test_a_schema_of_somebody_else_is_not_replaced(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    schema = tmp_path / ".schema" / "service.json"
    schema.parent.mkdir()
    schema.write_text('{"title": "mine"}', encoding="utf-8")
    (tmp_path / "catalog.yaml").write_text("x", encoding="utf-8")
    assert main(["init", "--schemas", str(tmp_path)]) == 2
    refusal = capsys.readouterr().err
    assert "move it away" in refusal
    assert "another folder" not in refusal
    assert schema.read_text(encoding="utf-8") == '{"title": "mine"}'


def test_all_languages_say_the_same_things() -> None:
    by_language = [set(starter_files("Acme", language)) for language in LANGUAGES]
    assert by_language[0] == by_language[1] == by_language[2]
    services = [starter_files("Acme", one)["services/example.yaml"] for one in LANGUAGES]
    assert len(set(services)) == len(LANGUAGES)
    # Sentences apart, the files are one: no language lacks a part.
    bare = [re.sub(r"^(#? *(?:description|summary): ).*$", r"\1", t, flags=re.M) for t in services]
    assert bare[0] == bare[1] == bare[2]
