"""What can be wrong with a file before its meaning is asked for, each with a way out."""

import re

import yaml

from guardia.lines import Lines
from guardia.problem import Problem, Span

MAX_DEPTH = 60  # lists and mappings inside each other; catalogs need about ten


def syntax_problem(path: str, text: str, error: yaml.YAMLError) -> Problem:
    """Return what PyYAML could not read, where, and the usual cause of it."""
    mark = getattr(error, "problem_mark", None)
    reason = getattr(error, "problem", None) or getattr(error, "reason", None) or "not YAML"
    context = getattr(error, "context", None)
    position = getattr(error, "position", None)
    # A character that YAML forbids has a position and no mark.
    index = mark.index if mark is not None else position if isinstance(position, int) else 0
    line, column = Lines(text).place(index)
    label, fix = _advice(text, line)
    return Problem(
        code="yaml-syntax",
        message=f"this is not YAML: {f'{context}, ' if context else ''}{reason}",
        span=Span(path=path, line=line, column=column, end_column=column + 1),
        label=label,
        why="the rest of the file cannot be read, so nothing in it was checked",
        fix=fix,
    )


def _advice(text: str, line: int) -> tuple[str, str]:
    """Return what to say under the mark, and a way out, by the usual causes."""
    lines = re.split(r"\r\n|\r|\n", text)
    here = lines[max(0, line - 2) : line]
    if any(re.match(r"[ ]*\t", one) for one in here):
        return "a tab", "indent with spaces: YAML does not allow tabs there"
    if any(re.match(r"\s*(\{\{-?|\{%)", one) for one in here):
        return (
            "a template, not YAML",
            "render the template first, and check what it gives",
        )
    if any("{{" in one for one in here):
        return (
            "reading stopped here",
            "put a text that begins with {{ in quotes; render a template of Helm or the like first",
        )
    return "reading stopped here", "look at the indentation, quotes and colons here and above"


def too_deep_problem(span: Span) -> Problem:
    """Return that the value at `span` is nested deeper than `MAX_DEPTH`."""
    return Problem(
        code="yaml-syntax",
        message=f"lists and mappings stand inside each other more than {MAX_DEPTH} deep",
        span=span,
        label="reading stopped here",
        why="nothing in a catalog is nested so deep, and reading it could end the process",
        fix="look for an opening bracket that is never closed, or is repeated",
    )


def merge_problem(span: Span) -> Problem:
    """Return that a merge key does not merge."""
    return Problem(
        code="yaml-syntax",
        message="`<<` does not merge anything",
        span=span,
        label="a merge key",
        why="YAML 1.2 has no merge keys: a reader could not see which value counts",
        fix="write the keys out here; what holds for all belongs under `slo_defaults`",
    )


def empty_problem(path: str) -> Problem:
    """Return that a file declares nothing."""
    return Problem(
        code="yaml-syntax",
        message="the file is empty",
        span=Span(path=path, line=1, column=1, end_column=1),
        label="nothing here",
        why="every file of a catalog declares something",
        fix="declare it, or remove the file",
    )


def duplicate_problem(key: str, span: Span, first: Span) -> Problem:
    """Return that a key is given twice."""
    return Problem(
        code="duplicate-key",
        message=f"`{key}` is given twice",
        span=span,
        label=f"first given on line {first.line}",
        why="only one of the two could count, and a reader cannot see which",
        fix=f"keep one of them: line {first.line} or line {span.line}",
    )


def key_problem(span: Span, node: yaml.Node) -> Problem:
    """Return that a key is not text."""
    if not isinstance(node, yaml.ScalarNode):
        return Problem(
            code="wrong-type",
            message="a key must be text, not a list or mapping",
            span=span,
            label="not text",
            why="keys name things, and names are text; {{ … }} is read as a mapping in a mapping",
            fix="put a text that begins with {{ in quotes; render a template of Helm or the like"
            " first",
        )
    return Problem(
        code="wrong-type",
        message=f"a key must be text, not {node.value}",
        span=span,
        label="not text",
        why="keys name things, and names are text",
        fix=f'write it in quotes: "{node.value}"',
    )


def tag_problem(tag: str, span: Span) -> Problem:
    """Return that a tag asks for a type that catalogs do not have."""
    return Problem(
        code="yaml-syntax",
        message=f"cannot read this value as {tag.removeprefix('tag:yaml.org,2002:')}",
        span=span,
        label="this value",
        why="a catalog holds text, numbers, true/false, lists and mappings only",
        fix="remove the tag, or write the value in quotes",
    )
