"""docs/on-call.md: its catalog is valid, and its commands print what it shows."""

import re
import shlex
from pathlib import Path

import pytest

from guardia.cli.main import main
from tests.catalogs import ROOT, copy_catalog

GUIDE = ROOT / "docs" / "on-call.md"
RUN = re.compile(r"```console\n\$ guardia ([^\n]+)\n```\n\n```text\n(.*?)```\n", re.S)


def examples() -> list[tuple[str, str]]:
    return RUN.findall(GUIDE.read_text("utf-8"))


@pytest.fixture
def catalog(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return the guide's catalog: the project's with the guide's on-call file."""
    (text,) = re.findall(
        r"```yaml\n(# yaml-language-server.*?)```\n", GUIDE.read_text("utf-8"), re.S
    )
    folder = copy_catalog(tmp_path)
    (folder / "oncall" / "plataforma.yaml").write_text(text, encoding="utf-8")
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("GUARDIA_SECRETS_DIR", raising=False)
    return folder


def test_its_catalog_has_no_problems(catalog: Path) -> None:
    assert main(["check", str(catalog)]) == 0


def test_it_shows_each_command() -> None:
    assert [command.split()[:2] for command, _ in examples()] == [
        ["oncall", "who"],
        ["oncall", "calendar"],
        ["oncall", "check"],
    ]


@pytest.mark.parametrize(("command", "shown"), examples())
@pytest.mark.usefixtures("catalog")
def test_its_commands_print_what_it_shows(
    command: str, shown: str, capsys: pytest.CaptureFixture[str]
) -> None:
    main(shlex.split(command))
    assert capsys.readouterr().out == shown
