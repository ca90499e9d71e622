"""What `python -m tools.mutate` refuses at once, before minutes of work."""

import sys
from pathlib import Path

import pytest

from tests.tooling import require_tool_set
from tools.mutate.__main__ import main


def run(monkeypatch: pytest.MonkeyPatch, *arguments: str) -> int:
    monkeypatch.setattr(sys, "argv", ["mutate", *arguments])
    return main()


def test_a_missing_catalog_is_said_and_judges_nothing(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    require_tool_set("installed")
    assert run(monkeypatch, str(tmp_path / "nowhere")) == 2
    assert "mutate: there is no folder" in capsys.readouterr().err


@pytest.mark.parametrize(
    "arguments",
    [("--only", "("), ("--sample", "0"), ("--jobs", "two"), ("--report", "nowhere/report.md")],
)
def test_an_argument_that_cannot_be_used_ends_it(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], arguments: tuple[str, str]
) -> None:
    with pytest.raises(SystemExit) as ended:
        run(monkeypatch, *arguments)
    assert ended.value.code == 2
    assert f"argument {arguments[0]}: {arguments[1]!r} is no" in capsys.readouterr().err
