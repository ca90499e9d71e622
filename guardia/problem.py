"""A problem as a value, drawn once for people, machines and code reviews."""

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

_LONGEST_LINE = 160  # of a file: what is longer is shown around the mark


@dataclass(frozen=True, slots=True, kw_only=True, order=True)
class Span:
    """A piece of one line of a declared file. Lines and columns count from 1."""

    path: str
    line: int
    column: int
    end_column: int  # exclusive; equal to `column` for a point between characters


@dataclass(frozen=True, slots=True, kw_only=True)
class Problem:
    """Something a person has to change in a declared file.

    `code` has its page in docs/problems/. `label` stands under the marked
    text and says what it must be; `why` gives the reason and `fix` a way out.
    """

    code: str
    message: str
    span: Span
    label: str
    why: str
    fix: str


def sort_problems(problems: Iterable[Problem]) -> tuple[Problem, ...]:
    """Return the problems in reading order: by file, line, column, then code."""
    return tuple(sorted(problems, key=lambda p: (p.span, p.code, p.message)))


def render_text(problems: Iterable[Problem], sources: Mapping[str, str]) -> str:
    """Draw each problem with its line, a mark under the wrong part, why, and a fix.

    `sources` maps a problem's path to that file's text; a file that could not
    be read has none, and then only the sentences are drawn.
    """
    return "\n".join(_draw(problem, sources.get(problem.span.path)) for problem in problems)


def _draw(problem: Problem, source: str | None) -> str:
    span = problem.span
    lines = [f"{span.path}:{span.line}:{span.column}: error[{problem.code}]: {problem.message}"]
    if source is not None:
        lines += _excerpt(span, problem.label, source)
    lines += [f"  why: {problem.why}", f"  fix: {problem.fix}"]
    return "\n".join(lines) + "\n"


def _excerpt(span: Span, label: str, source: str) -> list[str]:
    # Not splitlines(), which also cuts where editors see a character, such as U+2028.
    text = source.replace("\r\n", "\n").replace("\r", "\n").split("\n")
    cut = max(0, span.column - 1 - _LONGEST_LINE // 2) if span.column > _LONGEST_LINE else 0
    width = max(4, len(str(span.line)) + 2)
    shown = [number for number in (span.line - 1, span.line) if 1 <= number <= len(text)]
    lines = [
        f"{number:>{width}} | {_visible(text[number - 1][cut : cut + _LONGEST_LINE])}".rstrip()
        for number in shown
    ]
    column = span.column - 1 - cut
    marks = "^" * max(1, min(span.end_column - span.column, _LONGEST_LINE - column))
    return [*lines, f"{'':>{width}} | {'':{column}}{marks} {label}".rstrip()]


def _visible(line: str) -> str:
    """Keep one column a character: a tab or control character would move or hide the mark."""
    return "".join(char if char.isprintable() else " " for char in line)


def render_json(problems: Iterable[Problem]) -> str:
    """Return a JSON list with one object a problem, for programs."""
    return json.dumps(
        [
            {
                "code": problem.code,
                "message": problem.message,
                "path": problem.span.path,
                "line": problem.span.line,
                "column": problem.span.column,
                "end_column": problem.span.end_column,
                "label": problem.label,
                "why": problem.why,
                "fix": problem.fix,
            }
            for problem in problems
        ],
        indent=2,
        ensure_ascii=False,
    )


def render_github(problems: Iterable[Problem]) -> str:
    """Return workflow commands that GitHub shows beside the changed line.

    Source: GitHub Docs, "Workflow commands for GitHub Actions", setting an
    error message; % and line ends are escaped, in properties also : and ,.
    """
    return "\n".join(
        f"::error file={_property(problem.span.path)},line={problem.span.line},"
        f"col={problem.span.column},title={_property(problem.code)}::"
        + _escape(f"{problem.message}\nwhy: {problem.why}\nfix: {problem.fix}")
        for problem in problems
    )


def _escape(text: str) -> str:
    return text.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")


def _property(text: str) -> str:
    return _escape(text).replace(":", "%3A").replace(",", "%2C")
