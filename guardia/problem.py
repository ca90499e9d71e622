"""A problem as a value, drawn once for people, machines and code reviews."""

import json
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from itertools import islice
from typing import Any

_LONGEST_LINE = 160  # of a file: what is longer is shown around the mark
# Not splitlines(), which also cuts where editors see a character, such as U+2028.
_LINE_END = re.compile(r"\r\n|\r|\n")
MAX_PROBLEMS = 100  # of the form of one file; whoever has more mends these first
_LONGEST_SENTENCE = 700  # of a problem on a terminal; other forms give all of it


@dataclass(frozen=True, slots=True, kw_only=True, order=True)
class Span:
    """A piece of one line of a declared file. Lines and columns count from 1."""

    path: str
    line: int
    column: int
    end_column: int  # exclusive; equal to `column` for a point between characters


@dataclass(frozen=True, slots=True, kw_only=True)
class Suppression:
    """A comment that allows problems with one code, on one line, for a reason."""

    code: str
    reason: str
    span: Span  # of the comment
    line: int  # where the problem, its value or its key must stand


@dataclass(frozen=True, slots=True, kw_only=True)
class Problem:
    """Something a person has to change in a declared file.

    `code` has its page in docs/problems/. `label` stands under the marked
    text and says what it must be; `why` gives the reason and `fix` a way out.
    One with `allowed` is there to be counted and stops nothing.
    """

    code: str
    message: str
    span: Span
    label: str
    why: str
    fix: str
    allowed: Suppression | None = None


def open_problems(problems: Iterable[Problem]) -> tuple[Problem, ...]:
    """Return the problems that nobody allowed: only these stop anything."""
    return tuple(problem for problem in problems if problem.allowed is None)


def first_problems(path: str, problems: Iterable[Problem]) -> tuple[Problem, ...]:
    """Return the first MAX_PROBLEMS of a file, and one that stands for the rest."""
    found = iter(problems)
    shown = tuple(islice(found, MAX_PROBLEMS))
    if next(found, None) is None:
        return shown
    rest = Problem(
        code="too-many-problems",
        message=f"the form of this file has more than the {MAX_PROBLEMS} problems shown",
        span=Span(path=path, line=1, column=1, end_column=1),
        label="",
        why="a list that nobody reads to its end helps nobody",
        fix="mend those that are shown, and check again; is this a file of the catalog at all?",
    )
    return (*shown, rest)


def sort_problems(problems: Iterable[Problem]) -> tuple[Problem, ...]:
    """Return the problems in reading order: by file, line, column, then code."""
    return tuple(sorted(problems, key=lambda p: (p.span, p.code, p.message)))


def render_text(problems: Iterable[Problem], sources: Mapping[str, str]) -> str:
    """Draw each problem with its line, a mark under the wrong part, why, and a fix.

    `sources` maps a problem's path to that file's text; a file that could not
    be read has none, and then only the sentences are drawn.
    """
    lines_of: dict[str, list[str] | None] = {}
    drawn = []
    for problem in problems:
        path = problem.span.path
        if path not in lines_of:
            source = sources.get(path)
            lines_of[path] = None if source is None else _LINE_END.split(source)
        drawn.append(_draw(problem, lines_of[path]))
    return "\n".join(drawn)


def _draw(problem: Problem, source: list[str] | None) -> str:
    span = problem.span
    place = f"{printable(span.path)}:{span.line}:{span.column}"
    lines = [f"{place}: error[{problem.code}]: {_sentence(problem.message)}"]
    if source is not None:
        lines += _excerpt(span, _sentence(problem.label), source)
    lines += [f"  why: {_sentence(problem.why)}", f"  fix: {_sentence(problem.fix)}"]
    return "\n".join(lines) + "\n"


def _excerpt(span: Span, label: str, text: list[str]) -> list[str]:
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
    return "".join(
        char if char.isprintable() else " " if char.isspace() else "\N{REPLACEMENT CHARACTER}"
        for char in line
    )


def printable(text: str) -> str:
    """Return a text that cannot steer a terminal: what is not printable is written as its escape.

    That includes line ends and the characters that turn the direction of writing.
    """
    return "".join(
        char if char.isprintable() else char.encode("unicode_escape", "surrogatepass").decode()
        for char in text
    )


def _sentence(text: str) -> str:
    cut = text if len(text) <= _LONGEST_SENTENCE else f"{text[:_LONGEST_SENTENCE]}…"
    return printable(cut)


def render_json(problems: Iterable[Problem]) -> str:
    """Return a JSON list with one object a problem, for programs.

    `allowed` is the reason of a problem that the catalog's author allows, and null for others.
    """
    return json.dumps([problem_fields(one) for one in problems], indent=2, ensure_ascii=False)


def problem_fields(problem: Problem) -> dict[str, Any]:
    """Return the object that stands for a problem in JSON."""
    return {
        "code": problem.code,
        "message": problem.message,
        "path": problem.span.path,
        "line": problem.span.line,
        "column": problem.span.column,
        "end_column": problem.span.end_column,
        "label": problem.label,
        "why": problem.why,
        "fix": problem.fix,
        "allowed": problem.allowed.reason if problem.allowed is not None else None,
    }


def parse_problem(fields: Mapping[str, Any]) -> Problem:
    """Return the problem that `problem_fields` wrote, but for who allowed it.

    Raises KeyError or ValueError for what is none. Fields of later versions are ignored.
    """
    line, column, end_column = (int(fields[key]) for key in ("line", "column", "end_column"))
    code, message, path, label, why, fix = (
        str(fields[key]) for key in ("code", "message", "path", "label", "why", "fix")
    )
    span = Span(path=path, line=line, column=column, end_column=end_column)
    return Problem(code=code, message=message, span=span, label=label, why=why, fix=fix)


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
    lines = map(printable, _LINE_END.split(text))  # a log on a terminal must not be steered
    return "%0A".join(line.replace("%", "%25") for line in lines)


def _property(text: str) -> str:
    return _escape(text).replace(":", "%3A").replace(",", "%2C")
