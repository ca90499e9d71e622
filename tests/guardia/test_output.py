"""The command's output when nobody takes it: a sentence, never a defect."""

import errno
import os
import subprocess
import sys
from pathlib import Path

import pytest

from guardia.cli import check, main
from tests.catalogs import CATALOG, ROOT

FULL = Path("/dev/full")


def guardia(*arguments: str, stdout: int) -> tuple[int, str]:
    done = subprocess.run(
        [sys.executable, "-m", "guardia.cli.main", *arguments],
        stdout=stdout,
        stderr=subprocess.PIPE,
        cwd=ROOT,
        text=True,
        check=False,
        timeout=60,
    )
    return done.returncode, done.stderr


@pytest.mark.skipif(not FULL.exists(), reason="only Linux has a device that is always full")
@pytest.mark.parametrize(
    "arguments",
    [
        ("check", str(CATALOG)),
        ("check", "tests"),
        ("explain",),
        ("explain", "outage-blind"),
        ("diff", str(CATALOG), str(CATALOG)),
    ],
)
def test_a_full_disk_is_a_sentence(arguments: tuple[str, ...]) -> None:
    with FULL.open("w") as full:
        found = guardia(*arguments, stdout=full.fileno())
    assert found == (2, "guardia: cannot write the output: No space left on device\n")


def test_a_reader_that_has_gone_is_told_nothing() -> None:
    reading, writing = os.pipe()
    os.close(reading)
    try:
        assert guardia("explain", stdout=writing) == (1, "")
    finally:
        os.close(writing)


def test_an_error_of_a_file_is_still_a_defect(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def fail(_: object) -> int:
        raise OSError(errno.EIO, "Input/output error", "catalog/catalog.yaml")

    monkeypatch.setattr(check, "run", fail)
    assert main.main(["check"]) == 3
    assert "internal error" in capsys.readouterr().err
