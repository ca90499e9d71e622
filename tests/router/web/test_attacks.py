"""docs/attacks.md: each row names a test, and that test exists."""

import ast
import re
from functools import cache
from pathlib import Path

import pytest

from tests.catalogs import ROOT

TABLE = (ROOT / "docs" / "attacks.md").read_text(encoding="utf-8")
ROWS = re.findall(r"^\| (?!attack|-)(.+) \| (.+) \| (.+) \|$", TABLE, re.MULTILINE)
LEAST = 20  # of issue 7
# Those that issue 7 names.
NAMED = (
    "replayed",
    "forged",
    "old link",
    "CSRF",
    "clickjacking",
    "open redirect",
    "header",
    "stored XSS",
    "runbook",
    "fixation",
    "brute force",
    "body without end",
)


@cache
def names_in(path: Path) -> frozenset[str]:
    """Return the names of a file's tests."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    functions = (
        one for one in tree.body if isinstance(one, ast.FunctionDef | ast.AsyncFunctionDef)
    )
    return frozenset(one.name for one in functions if one.name.startswith("test_"))


@pytest.mark.parametrize(("attack", "refusal", "test"), ROWS)
def test_each_attack_has_a_test_that_makes_it(attack: str, refusal: str, test: str) -> None:
    found = re.fullmatch(r"`(tests/[\w/]+\.py)::(test_\w+)`", test)
    assert found is not None, test
    path, name = ROOT / found[1], found[2]
    assert name in names_in(path), f"{attack}: {refusal}"


def test_the_table_is_whole() -> None:
    lines = [line for line in TABLE.splitlines() if line.startswith("| ")]
    assert len(ROWS) == len(lines) - 1, "a line of the table is no row"
    assert len(ROWS) >= LEAST
    attacks = " ".join(attack for attack, _, _ in ROWS).lower()
    assert [word for word in NAMED if word.lower() not in attacks] == []
    assert len({test for _, _, test in ROWS}) == len(ROWS), "each attack has a test of its own"
