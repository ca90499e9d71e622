"""What differs between two editions of a catalog, in words: as text, Markdown or JSON."""

import re
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass
from itertools import groupby

_LONGEST_PAIR = 60  # characters of both values that stand on one line
_NOTHING = "-"


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """One thing that differs. `before` None: it appears; `after` None: it is gone.

    `subject` is what it belongs to, such as `casos/availability`. `effect` says
    what follows from it. `is_text`: only people read it, nothing works otherwise.
    """

    subject: str
    what: str
    before: str | None
    after: str | None
    effect: str = ""
    is_text: bool = False


def render_changes(changes: Sequence[Change]) -> str:
    """Return the changes as text, those of one subject together."""
    parts = []
    for subject, found in _by_subject(changes):
        lines = [subject]
        for change in found:
            lines += _lines(change)
        parts.append("\n".join(lines))
    return "\n\n".join(parts)


def _lines(change: Change) -> list[str]:
    what = plain(change.what)
    before, after = plain(change.before or ""), plain(change.after or "")
    if change.before is None:
        lines = [f"  + {what}{after and ': '}{after}"]
    elif change.after is None:
        lines = [f"  - {what}{before and ': '}{before}"]
    elif len(before) + len(after) <= _LONGEST_PAIR:
        lines = [f"  ~ {what}: {before} → {after}"]
    else:
        lines = [f"  ~ {what}", f"      before  {before}", f"      after   {after}"]
    return [*lines, *([f"      {plain(change.effect)}"] if change.effect else [])]


def render_markdown(changes: Sequence[Change]) -> str:
    """Return the changes for a review: a table for each subject.

    Whatever a value holds, it ends no cell and is no markup. Source: GitHub
    Flavored Markdown, "Tables" and "Code spans".
    """
    parts = []
    for subject, found in _by_subject(changes):
        rows = [
            f"| {_escape(change.what)} | {_code(change.before)} | {_code(change.after)}"
            f" | {_escape(change.effect)} |"
            for change in found
        ]
        head = ["| what | before | after | so |", "|---|---|---|---|"]
        parts.append("\n".join([f"### {_escape(subject)}", "", *head, *rows]))
    return "\n\n".join(parts)


def changes_as_json(changes: Iterable[Change]) -> list[dict[str, object]]:
    """Return the changes for a program."""
    return [asdict(change) for change in changes]


def plain(text: str) -> str:
    """Return text on one line, without what could steer a terminal."""
    joined = re.sub(r"\s+", " ", text).strip()
    return "".join(char if char.isprintable() else "�" for char in joined)


def _by_subject(changes: Sequence[Change]) -> list[tuple[str, list[Change]]]:
    order = {subject: n for n, subject in enumerate(dict.fromkeys(c.subject for c in changes))}
    ordered = sorted(changes, key=lambda change: order[change.subject])
    return [(plain(name), list(found)) for name, found in groupby(ordered, lambda c: c.subject)]


def _escape(text: str) -> str:
    """Return text that Markdown shows as it is: its signs become character references."""
    return re.sub(r"[&<>`|*_\[\]\\#~@!]", lambda sign: f"&#{ord(sign[0])};", plain(text))


def _code(value: str | None) -> str:
    """Return a value as code in a cell; one that a code span could not hold as an element."""
    if value is None or not plain(value):
        return _NOTHING
    text = plain(value)
    if "`" in text or r"\|" in text:
        return f"<code>{_escape(text)}</code>"
    return f"`{text.replace('|', chr(92) + '|')}`"
