"""The planted bugs fit the code of today, and each can be judged."""

from pathlib import Path

import pytest

from tools.plant.__main__ import BUGS, Bug, PlantError, planted, read_bugs

ROOT = Path(__file__).parents[2]
DECLARED = read_bugs(BUGS)


@pytest.mark.parametrize("bug", DECLARED, ids=[bug.name for bug in DECLARED])
def test_a_bug_changes_one_place_into_code_that_compiles(bug: Bug) -> None:
    text = (ROOT / bug.file).read_text(encoding="utf-8")
    changed = planted(text, bug)
    assert changed != text
    compile(changed, bug.file, "exec")
    assert bug.tests
    assert all((ROOT / path).exists() for path in bug.tests)


def test_there_is_a_bug_for_each_promise_that_code_can_break() -> None:
    assert {bug.promise for bug in DECLARED} >= {f"G{number}" for number in range(1, 10)}
    assert len({bug.name for bug in DECLARED}) == len(DECLARED) >= 15


def test_a_place_that_is_not_there_is_refused() -> None:
    bug = DECLARED[0]
    with pytest.raises(PlantError, match="stands 0 times"):
        planted("nothing of it\n", bug)
