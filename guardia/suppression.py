"""Problems that a catalog's author allows, with a reason, in a comment beside them."""

import re
from collections.abc import Callable, Iterable, Iterator
from dataclasses import replace

from guardia.pages import list_codes
from guardia.problem import Problem, Span, Suppression
from guardia.word import nearest

# Judgement calls: with or without one of these, the files are the same, Prometheus
# loads them, and somebody who knows the metrics may know better (or their Prometheus,
# which may be newer than the names we know). Whatever leaves the catalog unreadable, or
# an alert without a way to people, is not here.
ALLOWABLE = frozenset(
    {
        "absent-without-for",
        "annotation-template-label-missing",
        "avg-of-ratio",
        "comparison-impossible",
        "comparison-missing",
        "condition-untestable",
        "counter-no-rate",
        "critical-wakes-nobody",
        "group-label-dropped",
        "matching-impossible",
        "offset-negative",
        "outage-blind",
        "quantile-range",
        "range-beyond-retention",
        "rate-of-sum",
        "rate-on-gauge",
        "rate-range-too-short",
        "regexp-redundant",
        "route-value-unknown",
        "template-name-unknown",
        "viewer-woken",
    }
)
FORM = "# guardia: allow CODE: reason"
_NEAR = 10  # lines between a problem and a comment that somebody wrote for it

_CANDIDATE = re.compile(
    r"(?:^|(?<=[ \t]))#[ \t]*guardia(?:[ \t]*:|[ \t]+allow\b)[^\r\n]*", re.I | re.M
)
_SIGN = re.compile(r"(?:^|(?<=[ \t]))#")
_COMMENT = re.compile(
    r"#[ \t]*guardia:[ \t]*allow[ \t]+(?P<code>[a-z0-9-]+)[ \t]*(?::[ \t]*(?P<reason>.*))?"
)


def may_hold_suppressions(text: str) -> bool:
    """Say whether a look at the comments of `text` is worth while."""
    return _CANDIDATE.search(text) is not None


def read_suppressions(
    path: str,
    text: str,
    *,
    is_comment: Callable[[int], bool],
    place: Callable[[int], tuple[int, int]],
) -> tuple[tuple[Suppression, ...], tuple[Problem, ...]]:
    """Return the suppressions that the comments of one file declare, and what is wrong with them.

    `is_comment` says whether the `#` at an index begins a comment; elsewhere
    it is text. `place` gives its line and column, from 1. A comment behind a
    value speaks of its own line, one on a line of its own of the next line
    that is no comment.
    """
    lines = re.split(r"\r\n|\r|\n", text)
    suppressions, problems = [], []
    for match in _CANDIDATE.finditer(text):
        line, column = place(match.start())
        before = lines[line - 1][: column - 1]
        signs = [sign.start() for sign in _SIGN.finditer(before)]
        inside = any(is_comment(match.start() - len(before) + index) for index in signs)
        if inside or not is_comment(match.start()):  # in another comment, or in a text
            continue
        written = match[0].rstrip()
        span = Span(path=path, line=line, column=column, end_column=column + len(written))
        parsed = _COMMENT.fullmatch(written)
        problem = _check(parsed, written, span)
        if problem is not None:
            problems.append(problem)
        if parsed is None or problem is not None:
            continue
        suppressions.append(
            Suppression(
                code=parsed["code"],
                reason=parsed["reason"].strip(),
                span=span,
                line=_line_meant(lines, line),
            )
        )
    return tuple(suppressions), tuple(problems)


def unused_suppressions(
    suppressions: Iterable[Suppression], problems: Iterable[Problem]
) -> Iterator[Problem]:
    """Yield a problem for each suppression that allowed none of `problems`.

    Call it with all problems of a catalog, and only when every other one is
    mended: what could not be checked may still need its suppression.
    """
    used = {problem.allowed.span for problem in problems if problem.allowed is not None}
    for suppression in suppressions:
        if suppression.span not in used:
            yield Problem(
                code="suppression-unused",
                message=f"nothing here has the problem `{suppression.code}`",
                span=suppression.span,
                label="allows nothing",
                why="an exception that outlives its cause would hide the next mistake on this line",
                fix="remove the comment, or move it to the line of the problem or the line above",
            )


def point_to_comments(
    problems: Iterable[Problem], suppressions: Iterable[Suppression]
) -> Iterator[Problem]:
    """Yield the problems; an open one also names a comment that just misses it.

    That is the nearest one with its code that allows nothing else, a few lines away.
    """
    found = tuple(problems)
    used = {problem.allowed.span for problem in found if problem.allowed is not None}
    idle = [suppression for suppression in suppressions if suppression.span not in used]
    for problem in found:
        near = [one for one in idle if _just_misses(one, problem)]
        if problem.allowed is not None or not near:
            yield problem
            continue
        line = problem.span.line
        comment = min(near, key=lambda one: abs(one.span.line - line))
        yield replace(
            problem,
            fix=f"{problem.fix}; a comment on line {comment.span.line} allows this code, but"
            f" speaks of line {comment.line}: put it on the line before the key of this value",
        )


def _just_misses(suppression: Suppression, problem: Problem) -> bool:
    there, here = suppression.span, problem.span
    is_near = abs(there.line - here.line) <= _NEAR
    return suppression.code == problem.code and there.path == here.path and is_near


def _line_meant(lines: list[str], line: int) -> int:
    if not lines[line - 1].lstrip().startswith("#"):
        return line
    while line < len(lines) and lines[line].lstrip().startswith("#"):
        line += 1
    return line + 1


def _check(parsed: re.Match[str] | None, written: str, span: Span) -> Problem | None:
    if parsed is None:
        return _invalid(
            span,
            f"{written} is not read",
            label=f"must be {FORM}",
            why="a comment that nobody reads allows nothing, and looks as if it did",
        )
    code, reason = parsed["code"], parsed["reason"] or ""
    if code not in ALLOWABLE:
        guess = nearest(code, ALLOWABLE) if code not in list_codes() else None
        return _invalid(
            span,
            f"`{code}` cannot be allowed",
            label=f"did you mean `{guess}`?" if guess else "not a code that may be allowed",
            why="only judgement calls may be: with any other problem the catalog would not work",
            fix=f"mend the problem; what may be allowed: {', '.join(sorted(ALLOWABLE))}",
        )
    if not re.search(r"\w", reason):
        return _invalid(
            span,
            f"`{code}` is allowed without a reason",
            label="must say why",
            why="who reads this later has to know whether the exception still holds",
            fix=f"write # guardia: allow {code}: and the reason in a few words",
        )
    return None


def _invalid(span: Span, message: str, *, label: str, why: str, fix: str = "") -> Problem:
    return Problem(
        code="suppression-invalid",
        message=message,
        span=span,
        label=label,
        why=why,
        fix=fix or f"write {FORM}",
    )
