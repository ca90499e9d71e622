"""`guardia explain`: every page can be read on a terminal, also when Guardia is installed."""

import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

from guardia.cli.main import main
from guardia.pages import first_sentence, list_codes, read_page, render_page
from tests.catalogs import ROOT


@pytest.mark.parametrize("code", list_codes())
def test_a_page_fits_a_terminal_and_shows_no_markup(code: str) -> None:
    text = render_page(read_page(code), width=80)
    for line in text.splitlines():
        if not line.startswith("  "):  # an example stays as it is drawn
            assert len(line) <= 80, line
            assert "**" not in line
            assert "](" not in line
    assert "```" not in text
    assert f"error[{code}]: " in text


@pytest.mark.parametrize("code", list_codes())
def test_a_code_has_one_line_of_meaning(code: str) -> None:
    sentence = first_sentence(read_page(code))
    assert sentence.endswith(".")
    assert "\n" not in sentence
    assert sentence[0].isupper() or sentence[0] == "`"


def test_the_list_has_every_code(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["explain"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert [line.split()[0] for line in lines] == list(list_codes())


def test_a_page_says_whether_its_problem_may_be_allowed(
    capsys: pytest.CaptureFixture[str],
) -> None:
    main(["explain", "rate-on-gauge"])
    assert "# guardia: allow rate-on-gauge: reason" in capsys.readouterr().out
    main(["explain", "yaml-syntax"])
    assert "guardia: allow" not in capsys.readouterr().out


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (["objectiv-range"], "did you mean objective-range?"),
        (["x" * 200], "`guardia explain` lists all codes"),
        (["../README"], "`guardia explain` lists all codes"),
        (["README"], "`guardia explain` lists all codes"),
        (["yaml-syntax", "wrong-type"], "one code at a time"),
    ],
)
def test_an_unknown_code_is_wrong_usage(
    arguments: list[str], sentence: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["explain", *arguments]) == 2
    assert sentence in capsys.readouterr().err


def test_the_wheel_brings_the_pages(tmp_path: Path) -> None:
    subprocess.run(
        [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", tmp_path],
        cwd=ROOT,
        check=True,
        capture_output=True,
    )
    (wheel,) = tmp_path.glob("*.whl")
    names = zipfile.ZipFile(wheel).namelist()
    pages = {Path(name).stem for name in names if name.startswith("guardia/problems/")}
    assert pages - {"README"} == set(list_codes())
    assert {name for name in names if name.endswith("service.json")} == {
        "guardia/schema/service.json"
    }
