"""A run's result, as text for the terminal and as Markdown."""

import math
from collections.abc import Iterable, Sequence

from tools.mutate.result import ENOUGH_RATIO, Count, Result, Verdict

_COLUMNS = ("operator", "mutants", "killed", "survived", "harmless")


def render_text(result: Result) -> str:
    """Return the table, the survivors and the verdict for a terminal."""
    rows = [_COLUMNS, *(_cells(count) for count in _counts(result))]
    width = max(len(row[0]) for row in rows)
    lines = [f"{row[0]:{width}}" + "".join(f"{cell:>10}" for cell in row[1:]) for row in rows]
    survivors = [_survivor_text(verdict) for verdict in result.survivors]
    heading = f"Mutants of the rules of {result.subject}"
    return "\n".join([heading, "", *lines, "", *survivors, *_verdict_lines(result)])


def render_markdown(result: Result) -> str:
    """Return the same as a Markdown document."""
    head = [f"| {' | '.join(_COLUMNS)} |", "|---" + "|--:" * (len(_COLUMNS) - 1) + "|"]
    rows = [f"| {' | '.join(_cells(count))} |" for count in _counts(result)]
    lines = [f"# Mutants of the rules of {result.subject}", "", *head, *rows, ""]
    lines += [f"- {line}" for line in _verdict_lines(result)]
    if result.survivors:
        lines += ["", "## Survivors", "", *map(_survivor_markdown, result.survivors)]
    return "\n".join(lines) + "\n"


def _counts(result: Result) -> list[Count]:
    kinds = result.by_kind()
    return [*result.by_operator(), *(kinds if len(kinds) > 1 else ()), result.total]


def _cells(count: Count) -> tuple[str, ...]:
    numbers = (count.mutants, count.killed, count.survived, count.harmless)
    return (count.name, *map(str, numbers))


def _survivor_text(verdict: Verdict) -> str:
    mutant = verdict.mutant
    return (
        f"{mutant.file} | {mutant.title} | {mutant.operator.name}\n"
        f"  - {mutant.change.before}\n"
        f"  + {mutant.change.after}\n"
        f"  {_reason(verdict)}\n"
    )


def _survivor_markdown(verdict: Verdict) -> str:
    mutant = verdict.mutant
    return (
        f"- {mutant.file}, {mutant.title}, {mutant.operator.name}:"
        f" `{mutant.change.before}` → `{mutant.change.after}`. {_reason(verdict)}"
    )


def _reason(verdict: Verdict) -> str:
    return "no reason given" if verdict.reason is None else f"harmless: {verdict.reason}"


def _verdict_lines(result: Result) -> Iterable[str]:
    total = result.total
    yield (
        f"score: {_percent(total.score_without_harmless_ratio)}"
        f" of the {total.mutants - total.harmless} mutants that are not harmless killed"
        f" ({_percent(ENOUGH_RATIO)} wanted),"
        f" {_percent(total.score_ratio)} of all {total.mutants}"
    )
    yield f"{result.invalid} more mutants are not valid and were left out"
    yield f"{len(result.unexplained)} survivors without a reason"
    yield from _stale_lines(result)


def _stale_lines(result: Result) -> Sequence[str]:
    return [f"harmless.yaml: no survivor matches {entry}; remove it" for entry in result.stale]


def _percent(ratio: float) -> str:
    """Return the ratio in percent, rounded down: 94.99 % is not 95 %."""
    return f"{math.floor(ratio * 1000) / 10:g} %"
