"""The conditions of a service file: an expression, how long, and examples that prove it."""

import re
from collections.abc import Collection
from math import isfinite

from generator.catalog.model import Condition
from generator.catalog.organisation import LONGEST_WAIT
from generator.catalog.selector import check_runbook
from generator.promql.check import check_expression, parse_selector
from guardia.document import Pointer
from guardia.reading import Reading
from guardia.severity import Severity

# One action, with strings in it that may hold braces.
_TEMPLATE_ACTION = re.compile(r"\{\{(?:[^{}\"`]|\"(?:[^\"\\]|\\.)*\"|`[^`]*`)*\}\}")


def read_conditions(
    reading: Reading, runbooks: Collection[str], seen: dict[str, str], *, environment_label: str
) -> tuple[Condition, ...] | None:
    """Return a service's conditions, or None when one cannot be read; `seen` has all alerts."""
    conditions = []
    for index in range(reading.count(("conditions",))):
        at: Pointer = ("conditions", index)
        reading.duplicate((*at, "alert"), "alert", seen)
        conditions.append(_read_condition(reading, at, runbooks))
        _check_environment(reading, (*at, "examples", "fires"), environment_label)
    found = tuple(condition for condition in conditions if condition is not None)
    return found if len(found) == len(conditions) else None


def _read_condition(reading: Reading, at: Pointer, runbooks: Collection[str]) -> Condition | None:
    check_runbook(reading, (*at, "runbook"), runbooks)
    holds_for = reading.duration((*at, "for"), longest=LONGEST_WAIT)
    fires = _read_examples(reading, (*at, "examples", "fires"))
    silent = _read_examples(reading, (*at, "examples", "silent"))
    expression = str(reading.value((*at, "expr"))).strip()
    reason = check_expression(expression)
    if reason is not None:
        reading.problem(
            "promql-syntax",
            (*at, "expr"),
            f"this is not PromQL: {reason}",
            label="cannot be evaluated",
            why="Prometheus would refuse the whole rule file, with every other alert in it",
            fix="try the expression in Prometheus, then copy it here",
        )
    for key in ("summary", "description"):
        _check_template(reading, (*at, key))
    if holds_for is None or fires is None or silent is None or reason is not None:
        return None
    return Condition(
        alert=reading.value((*at, "alert")),
        severity=Severity(reading.value((*at, "severity"))),
        expression=expression,
        holds_for=holds_for,
        summary=reading.value((*at, "summary")),
        description=reading.value((*at, "description")),
        runbook=reading.value((*at, "runbook")),
        fires=fires,
        silent=silent,
    )


def _check_template(reading: Reading, at: Pointer) -> None:
    """Note a template whose braces do not pair: Prometheus refuses the whole file for it.

    Source: Prometheus documentation, "Template reference"; the rest of the
    syntax is left to promtool.
    """
    text: str = reading.value(at)
    if not re.search(r"\{\{|\}\}", _TEMPLATE_ACTION.sub("", text)):
        return
    reading.problem(
        "template-invalid",
        at,
        f"`{at[-1]}` is not a template: its braces do not pair",
        label="{{ without }}, or the other way round",
        why="Prometheus would refuse the whole rule file, with every other alert in it",
        fix='write {{ $labels.NAME }} or {{ $value }}; for braces as text write {{ "{{" }}',
    )


def _read_examples(reading: Reading, at: Pointer) -> dict[str, float] | None:
    series: dict[str, float] = reading.value(at)
    for text, value in series.items():
        if not _is_finite(value):
            reading.problem(
                "example-invalid",
                (*at, text),
                f"the example value {value} is no number",
                label="must be a finite number",
                why="promtool writes series as numbers that may grow, and cannot read this one",
                fix="write the number that the series has",
            )
    wrong = [text for text in series if not _is_series(text) or not _is_finite(series[text])]
    for text in (text for text in wrong if not _is_series(text)):
        reading.problem(
            "example-invalid",
            (*at, text),
            f"{text} does not name one series",
            label="must be a metric name with = matchers only",
            why="the example becomes a series of a promtool test, with this value",
            fix='write it as Prometheus shows a series, such as up{job="postgres"}',
            of_key=True,
        )
    return None if wrong else dict(series)


def _check_environment(reading: Reading, at: Pointer, label: str) -> None:
    """An alert without the environment's label would be routed as if it came from nowhere."""
    series: dict[str, float] = reading.value(at)
    parsed = [parse_selector(text) for text in series if _is_series(text)]
    if any(matcher.name == label for selector in parsed for matcher in selector.matchers):
        return
    reading.problem(
        "environment-missing",
        at,
        f"no example has the label `{label}`",
        label=f"give one of the series `{label}`",
        why="every alert must carry it to be routed, and the test proves that it does",
        fix=f'add {label}="…" to the series, and keep the label in `expr`: by ({label})',
        of_key=True,
    )


def _is_finite(value: float) -> bool:
    try:
        return isfinite(value)
    except OverflowError:  # a whole number beyond any float
        return False


def _is_series(text: str) -> bool:
    try:
        return all(matcher.operator == "=" for matcher in parse_selector(text).matchers)
    except ValueError:
        return False
