"""The examples of docs/api.md, run as they stand."""

import json
import re
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.databases import sqlite_database
from tests.router.road import API_TOKEN
from tests.router.web.served_api import Served, serving_api
from tests.tooling import report_missing

GUIDE = Path(__file__).parents[3] / "docs" / "api.md"
EXAMPLES = re.findall(r"```sh\n(.*?)```\n\n```json\n(.*?)```", GUIDE.read_text("utf-8"), re.DOTALL)


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    folder = tmp_path_factory.mktemp("api")
    with serving_api(folder, sqlite_database(folder)) as opened:
        yield opened


def test_no_example_stands_without_its_answer() -> None:
    assert len(EXAMPLES) == GUIDE.read_text("utf-8").count("```sh") >= 6


@pytest.mark.parametrize(("command", "expected"), EXAMPLES, ids=[one[1][:40] for one in EXAMPLES])
def test_an_example_is_answered_as_it_says(command: str, expected: str, served: Served) -> None:
    shell, curl = shutil.which("sh"), shutil.which("curl")
    if shell is None or curl is None:
        report_missing("curl")
    environment = {"ROUTER": served.url, "TOKEN": API_TOKEN, "PATH": str(Path(curl).parent)}

    done = subprocess.run(
        [shell, "-euc", command], env=environment, capture_output=True, timeout=60, check=True
    )

    assert holds(json.loads(done.stdout), json.loads(expected)), done.stdout.decode()


@pytest.mark.parametrize(
    ("told", "expected", "held"),
    [
        ({"a": 1, "b": 2}, {"a": 1}, True),
        ({"a": 1}, {"a": 2}, False),
        ({}, {"a": None}, False),
        ([{"a": 1, "b": 2}], [{"a": 1}], True),
        ([{"a": 1}, {}], [{"a": 1}], False),
        ([], [], True),
        ("x", "y", False),
    ],
)
def test_an_answer_holds_what_is_shown_of_it(told: Any, expected: Any, held: bool) -> None:
    assert holds(told, expected) is held


def holds(told: Any, expected: Any) -> bool:
    """Say whether an answer has what is shown: of objects some fields, of lists every row."""
    if isinstance(expected, dict):
        return isinstance(told, dict) and all(
            name in told and holds(told[name], value) for name, value in expected.items()
        )
    if isinstance(expected, list):
        return len(told) == len(expected) and all(map(holds, told, expected))
    return bool(told == expected)
