"""The conditions of a service file: an expression, how long, and examples that prove it."""

from generator.catalog.context import ServiceContext
from generator.catalog.example import check_examples, grows, is_series, read_state
from generator.catalog.expression import (
    check_alert,
    check_provable,
    check_template_labels,
    read_evaluated,
)
from generator.catalog.extras import is_template, read_extras, template_problem
from generator.catalog.hides import read_hides
from generator.catalog.model import Condition
from generator.catalog.organisation import LONGEST_WAIT
from generator.catalog.preset import was_written_out
from generator.catalog.selector import check_runbook
from generator.catalog.shown import read_condition_panel
from generator.catalog.template import check_template_names
from generator.promql.check import parse_selector
from guardia.document import Pointer
from guardia.reading import Reading
from guardia.severity import Severity


def read_conditions(
    reading: Reading, context: ServiceContext, seen: dict[str, str]
) -> tuple[Condition, ...] | None:
    """Return a service's conditions, or None when one cannot be read; `seen` has all alerts."""
    conditions: list[Condition | None] = []
    for index in range(reading.count(("conditions",))):
        at: Pointer = ("conditions", index)
        reading.duplicate((*at, "alert"), "alert", seen)
        if not was_written_out(reading, at):
            conditions.append(None)
            continue
        conditions.append(_read_condition(reading, at, context))
        if context.organisation.environment_on_series:
            label = context.organisation.environment_label
            _check_environment(reading, (*at, "examples", "fires"), label)
    found = tuple(condition for condition in conditions if condition is not None)
    return found if len(found) == len(conditions) else None


def _read_condition(reading: Reading, at: Pointer, context: ServiceContext) -> Condition | None:
    check_runbook(reading, (*at, "runbook"), context.runbooks)
    extras = read_extras(reading, at, context.extras, kept=context.organisation.place_labels)
    if reading.value((*at, "slo")) is not None:
        slos = [slo["name"] for slo in reading.value(("slos",), ())]
        reading.reference((*at, "slo"), "SLO", slos, "declare it under `slos` of this service")
    panel = read_condition_panel(reading, at)
    holds_for = reading.duration((*at, "for"), longest=LONGEST_WAIT)
    fires = read_state(reading, (*at, "examples", "fires"))
    silent = read_state(reading, (*at, "examples", "silent"))
    expression = read_evaluated(reading, (*at, "expr"))
    if expression is not None:
        organisation = context.organisation
        is_sound = check_alert(
            reading, (*at, "expr"), expression, holds_for=holds_for, organisation=organisation
        )
        if is_sound and fires is not None and silent is not None:
            check_examples(reading, (*at, "examples"), expression, fires=fires, silent=silent)
        annotations = [
            (*at, "annotations", name) for name in reading.value((*at, "annotations"), ())
        ]
        check_template_labels(
            reading, [(*at, "summary"), (*at, "description"), *annotations], expression
        )
    for key in ("summary", "description"):
        if not is_template(reading.value((*at, key))):
            template_problem(reading, (*at, key))
        else:
            check_template_names(reading, (*at, key))
    if holds_for is None or fires is None or silent is None or expression is None:
        return None
    if grows(fires, silent):
        check_provable(
            reading,
            (*at, "expr"),
            expression,
            holds_for=holds_for,
            organisation=context.organisation,
        )
    return Condition(
        alert=reading.value((*at, "alert")),
        severity=Severity(reading.value((*at, "severity"))),
        team=reading.value((*at, "team"), context.team),
        expression=expression,
        holds_for=holds_for,
        summary=reading.value((*at, "summary")),
        description=reading.value((*at, "description")),
        runbook=reading.value((*at, "runbook")),
        fires=fires,
        silent=silent,
        hides=read_hides(reading, (*at, "hides")),
        slo=reading.value((*at, "slo")),
        panel=panel,
        extras=extras,
    )


def _check_environment(reading: Reading, at: Pointer, label: str) -> None:
    """An alert without the environment's label would be routed as if it came from nowhere."""
    parsed = [parse_selector(text) for text in reading.value(at) if is_series(text)]
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
