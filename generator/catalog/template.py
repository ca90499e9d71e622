"""Names in the templates of annotations: functions and variables that Prometheus must know."""

import re
from collections.abc import Iterator
from dataclasses import dataclass

from guardia.document import Pointer
from guardia.reading import Reading
from guardia.word import nearest

# Source: Prometheus, template/template.go: what 2.42 knows, and what came later; and Go,
# package text/template, "Functions".
_PROMETHEUS = frozenset(
    {
        "args", "externalURL", "first", "graphLink", "humanize", "humanize1024",
        "humanizeDuration", "humanizePercentage", "humanizeTimestamp", "label", "match",
        "parseDuration", "pathPrefix", "query", "reReplaceAll", "safeHtml", "sortByLabel",
        "stripDomain", "stripPort", "strvalue", "tableLink", "title", "toLower", "toTime",
        "toUpper", "value",
    }
)  # fmt: skip
_SINCE = {"now": "3.6", "toDuration": "3.6", "urlQueryEscape": "3.8"}
_GO = frozenset(
    {
        "and", "call", "eq", "ge", "gt", "html", "index", "js", "le", "len", "lt", "ne", "not",
        "or", "print", "printf", "println", "slice", "urlquery",
    }
)  # fmt: skip
_FUNCTIONS = _PROMETHEUS | _GO
# Source: Go, text/template/parse/lex.go, `key`, and the constants of expressions.
_KEYWORDS = frozenset(
    {
        "block", "break", "continue", "define", "else", "end", "false", "if", "nil", "range",
        "template", "true", "with",
    }
)  # fmt: skip
# Source: Prometheus, rules/alerting.go, which declares them before each template; `$` is Go's.
_VARIABLES = frozenset({"$", "$externalLabels", "$externalURL", "$labels", "$value"})

_ACTION = re.compile(r"\{\{(?:/\*.*?\*/|[^{}\"`]|\"(?:[^\"\\]|\\.)*\"|`[^`]*`)*\}\}", re.DOTALL)
_TOKEN = re.compile(
    r"/\*.*?\*/"
    r"|\"(?:[^\"\\]|\\.)*\"|`[^`]*`|'(?:[^'\\]|\\.)*'"
    r"|(?P<declared>\$\w+)(?=\s*(?:,\s*\$\w+\s*)?:=)"
    r"|(?P<variable>\$\w*)"
    r"|\.\w*"  # a field, which hangs on a value
    r"|\d[\w.]*"
    r"|(?P<word>[^\W\d]\w*)",
    re.DOTALL,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class UnknownName:
    """A function or variable that a template uses, as written, after `nth` others like it.

    `guess` is what was most likely meant; `since` the Prometheus that brought it.
    """

    name: str
    nth: int
    guess: str | None
    since: str | None


def unknown_names(template: str) -> Iterator[UnknownName]:
    """Yield each name once that Prometheus 2.42 would refuse in this template.

    Variables that the template declares are known from there on; its braces
    must pair.
    """
    variables, seen = set(_VARIABLES), set()
    for action in _ACTION.finditer(template):
        for token in _TOKEN.finditer(template, action.start() + 2, action.end() - 2):
            if token["declared"] is not None:
                variables.add(token["declared"])
            name = token["variable"] or token["word"]
            if name is None or name in seen or name in variables | _FUNCTIONS | _KEYWORDS:
                continue
            seen.add(name)
            pattern = rf"(?<![\w:]){re.escape(name)}(?![\w:])"
            before = re.findall(pattern, template[: token.start()])
            yield UnknownName(
                name=name, nth=len(before), guess=_guess(name, variables), since=_SINCE.get(name)
            )


def check_template_names(reading: Reading, at: Pointer) -> None:
    """Note functions and variables in the template at `at` that Prometheus does not know."""
    for unknown in unknown_names(reading.value(at)):
        name, guess = unknown.name, unknown.guess
        what = "variable" if name.startswith("$") else "function"
        message, label = f"templates know no {what} `{name}`", "would be refused"
        fix = "use a function of Prometheus' template reference, or a text in quotes"
        if what == "variable":
            fix = "use $labels, $value, $externalLabels or $externalURL, or declare it before"
        if unknown.since is not None:
            message = f"`{name}` is only known since Prometheus {unknown.since}"
            fix = "leave it out; where every Prometheus is new enough, allow it in a comment"
        elif guess is not None:
            label, fix = f"did you mean {guess}?", f"write {guess}"
        reading.problem(
            "template-name-unknown",
            at,
            message,
            label=label,
            why="Prometheus would refuse the whole rule file, with every other alert in it",
            fix=fix,
            inside=name,
            nth=unknown.nth,
        )


def _guess(name: str, variables: set[str]) -> str | None:
    """Return what was meant: `labels` without its sign is no misspelt function."""
    if name.startswith("$"):
        return nearest(name, variables - {"$"})
    if f"${name}" in variables:
        return f"${name}"
    return nearest(name, _FUNCTIONS)
