"""The conditions of a service file: an expression, how long, and examples that prove it."""

from collections.abc import Collection

from generator.catalog.model import Condition
from generator.catalog.selector import check_runbook
from generator.promql.check import check_expression, parse_selector
from guardia.document import Pointer
from guardia.reading import Reading
from guardia.severity import Severity


def read_conditions(
    reading: Reading, runbooks: Collection[str], seen: dict[str, str]
) -> tuple[Condition, ...] | None:
    """Return a service's conditions, or None when one cannot be read; `seen` has all alerts."""
    conditions = []
    for index in range(reading.count(("conditions",))):
        at: Pointer = ("conditions", index)
        reading.duplicate((*at, "alert"), "alert", seen)
        conditions.append(_read_condition(reading, at, runbooks))
    found = tuple(condition for condition in conditions if condition is not None)
    return found if len(found) == len(conditions) else None


def _read_condition(reading: Reading, at: Pointer, runbooks: Collection[str]) -> Condition | None:
    check_runbook(reading, (*at, "runbook"), runbooks)
    holds_for = reading.duration((*at, "for"))
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


def _read_examples(reading: Reading, at: Pointer) -> dict[str, float] | None:
    series: dict[str, float] = reading.value(at)
    wrong = [text for text in series if not _is_series(text)]
    for text in wrong:
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


def _is_series(text: str) -> bool:
    try:
        return all(matcher.operator == "=" for matcher in parse_selector(text).matchers)
    except ValueError:
        return False
