"""What `guardia generate` says it did."""

from pathlib import Path

import pytest

from guardia.cli.main import main
from tests.catalogs import copy_catalog


def test_written_and_removed_files_are_counted_apart(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = copy_catalog(tmp_path)
    arguments = ["generate", folder.as_posix(), "--out", tmp_path.as_posix(), "--only", "rules"]
    assert main(arguments) == 0
    assert capsys.readouterr().out.endswith("4 of 4 files written\n")
    (tmp_path / "rules" / "derivacion.yml").rename(tmp_path / "rules" / "gone.yml")

    assert main(arguments) == 0

    assert capsys.readouterr().out.splitlines() == [
        "rules/derivacion.yml: written",
        "rules/gone.yml: removed",
        "1 of 4 files written, 1 removed",
    ]
