"""Changes as text and Markdown: whatever a value holds, it stays in its place."""

import html
import re

from hypothesis import given
from hypothesis import strategies as st

from guardia.change import Change, changes_as_json, plain, render_changes, render_markdown

VALUES = st.text(
    st.sampled_from(
        ["|", "`", "\\", "\n", "<", ">", "&", "*", "_", "a", " ", "[", "#", "\x1b", "ñ"]
    ),
    min_size=1,
    max_size=12,
)


def change(
    before: str | None, after: str | None, *, what: str = "expr", effect: str = ""
) -> Change:
    return Change(subject="casos", what=what, before=before, after=after, effect=effect)


def cells(row: str) -> list[str]:
    """Split a row as GitHub does: a backslash takes the next sign with it, a bare | ends a cell."""
    found = re.findall(r"((?:\\[!-/:-@\[-`{-~]|[^|])*)\|", row)
    return [one.strip() for one in found[1:]]  # the row begins with |


def shown(cell: str) -> str:
    """Return what a reader sees of a cell with code."""
    unescaped = cell.replace(r"\|", "|")
    if cell.startswith("<code>"):
        return html.unescape(cell.removeprefix("<code>").removesuffix("</code>"))
    span = re.fullmatch(r"`([^`]*)`", unescaped)
    assert span is not None, cell
    return span[1]


@given(value=VALUES, effect=VALUES, what=VALUES)
def test_no_value_breaks_out_of_its_cell(value: str, effect: str, what: str) -> None:
    table = render_markdown([change(value, None, what=what, effect=effect)])
    rows = table.split("\n")
    assert len(rows) == 5
    found = cells(rows[-1])
    assert len(found) == 4
    if plain(value):
        assert shown(found[1]) == plain(value)
    assert html.unescape(found[3]) == plain(effect)
    assert not re.search(r"[<>`*_\[\]]", found[3])


@given(value=VALUES)
def test_nothing_steers_a_terminal_or_adds_a_line(value: str) -> None:
    text = render_changes([change(value, "after")])
    assert text.replace("\n", "").isprintable()
    assert len(text.split("\n")) in (2, 4)


def test_what_appears_goes_and_changes_looks_so() -> None:
    changes = [
        change(None, "1m", what="for"),
        change("critical", None, what="severity"),
        change("1h", "2h", what="long"),
    ]
    assert render_changes(changes) == (
        "casos\n  + for: 1m\n  - severity: critical\n  ~ long: 1h → 2h"
    )


def test_long_values_stand_below_each_other() -> None:
    text = render_changes([change("a" * 40, "b" * 40)])
    assert text == f"casos\n  ~ expr\n      before  {'a' * 40}\n      after   {'b' * 40}"


def test_changes_of_one_subject_stand_together() -> None:
    other = Change(subject="routes", what="low", before="a", after="b")
    text = render_changes([change("1", "2"), other, change("3", "4")])
    assert [line for line in text.split("\n") if line and not line.startswith(" ")] == [
        "casos",
        "routes",
    ]


def test_programs_get_every_field() -> None:
    assert changes_as_json([change("1", None)]) == [
        {
            "subject": "casos",
            "what": "expr",
            "before": "1",
            "after": None,
            "effect": "",
            "is_text": False,
        }
    ]
