"""What `guardia init` writes, proven by the real promtool: as it is, and with every kind of SLI."""

import re
import subprocess
from pathlib import Path

import pytest

from generator.catalog.model import (
    ExpressionSli,
    FreshnessSli,
    LatencySli,
    RatioSli,
    RawSli,
    UptimeSli,
)
from generator.write import generate, write_files
from guardia.starter import starter_files
from tests.catalogs import read_whole
from tests.tooling import require_tool_set

_COMMENTED_OUT = re.compile(r"^#(  .*)$", re.MULTILINE)  # a comment for people has one space


def write_catalog(to: Path, *, every_kind: bool) -> Path:
    files = starter_files("Example", "en")
    if every_kind:
        services = files["services/example.yaml"]
        files["services/example.yaml"] = _COMMENTED_OUT.sub(r"\1", services)
    for name, text in files.items():
        path = to / "catalog" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    return to / "catalog"


# What the oldest promtool says to each kind of SLI, test_generated_files asks.
@pytest.mark.parametrize(
    ("tools", "every_kind"),
    [("installed", False), ("current", True)],
    ids=["installed-as it is", "current-every kind"],
)
def test_its_generated_tests_pass(tmp_path: Path, tools: str, every_kind: bool) -> None:
    promtool = require_tool_set(tools).promtool
    folder = write_catalog(tmp_path, every_kind=every_kind)
    write_files(generate(read_whole(folder), ["rules", "promtool-tests"]), tmp_path)
    files = [str(path) for path in sorted((tmp_path / "promtool-tests").glob("*.yml"))]
    assert files
    found = subprocess.run(
        [promtool, "test", "rules", *files],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=False,
        timeout=180,
    )
    assert found.returncode == 0, found.stdout + found.stderr
    assert "WARNING" not in found.stdout + found.stderr


def test_every_kind_of_sli_is_in_the_first_service(tmp_path: Path) -> None:
    (service,) = read_whole(write_catalog(tmp_path, every_kind=True)).services
    kinds = {type(slo.sli) for slo in service.slos}
    assert kinds == {RatioSli, LatencySli, ExpressionSli, UptimeSli, FreshnessSli, RawSli}
