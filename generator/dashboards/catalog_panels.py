"""What the catalog shows: the value of each condition, and a service's own panels."""

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from functools import reduce
from math import isfinite

from promql_parser import Call, VectorSelector

from generator.catalog.model import Catalog, Condition, Organisation, Service
from generator.catalog.model_shown import Board
from generator.catalog.model_shown import Panel as OwnPanel
from generator.dashboards.grafana import Panel, Query
from generator.dashboards.place import ChosenPlace
from generator.dashboards.texts import text
from generator.promql.constant import evaluate_constant
from generator.promql.finding import read_expression
from generator.promql.ratio_form import grouping
from generator.promql.shown import as_shown, set_rate_interval, watched
from guardia.duration import format_duration
from guardia.severity import Severity

_COLORS = {
    Severity.CRITICAL: "red",
    Severity.HIGH: "orange",
    Severity.MEDIUM: "yellow",
    Severity.LOW: "blue",
}
_LITTLE = 1e-9
_MOST_QUERIES = 26  # Grafana names them A to Z
_ACTION = re.compile(r"\{\{.*?\}\}", re.DOTALL)
Steps = Sequence[tuple[str, float | None]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Shown:
    """A panel of one service."""

    service: Service
    panel: Panel


def service_panels(
    organisation: Organisation, service: Service, place: ChosenPlace, board: Board | None = None
) -> list[Shown]:
    """Return what a service shows: its own panels, then its conditions, the worst first.

    With `board`, only what belongs there.
    """
    order = list(Severity)
    conditions = sorted(
        (one for one in service.conditions if board is None or board in one.panel.boards),
        key=lambda one: order.index(one.severity),
    )
    watched_values: dict[tuple[str, ...], Shown] = {}
    for one in conditions:
        shown = _condition(organisation, service, one, place)
        key = (shown.panel.title, *(query.expression for query in shown.panel.queries))
        before = watched_values.get(key)
        watched_values[key] = shown if before is None else _with_threshold(before, shown)
    return [
        *(
            _own(service, panel, place)
            for panel in service.panels
            if board is None or board in panel.boards
        ),
        *watched_values.values(),
    ]


def board_panels(catalog: Catalog, board: Board, place: ChosenPlace) -> list[Panel]:
    """Return the panels of all services for one dashboard; alike ones become one with all lines."""
    alike: dict[tuple[str, str], list[Shown]] = {}
    for service in catalog.services:
        for shown in service_panels(catalog.organisation, service, place, board):
            alike.setdefault((shown.panel.title, shown.panel.unit), []).append(shown)
    return [panel for group in alike.values() for panel in _together(group)]


def _with_threshold(shown: Shown, other: Shown) -> Shown:
    """Return one panel for a value that two conditions compare, with the thresholds of both."""
    panel, more = shown.panel, other.panel
    steps = panel.steps
    if panel.draws_steps:
        steps = _both(panel.steps, more.steps)
    after = more.description.split("\n\n")[-1]
    joined = replace(panel, steps=steps, description=f"{panel.description}\n\n{after}")
    return replace(shown, panel=joined)


def _both(one: Steps, other: Steps) -> Steps:
    """Return the colours of two thresholds at once: between each two limits the worse one."""
    limits = sorted({value for _, value in (*one, *other) if value is not None})
    steps: list[tuple[str, float | None]] = [(_worse(one[0][0], other[0][0]), None)]
    for limit in limits:
        color = _worse(_color(one, limit), _color(other, limit))
        if color != steps[-1][0]:
            steps.append((color, limit))
    return steps


def _color(steps: Steps, value: float) -> str:
    return [color for color, start in steps if start is None or start <= value][-1]


def _worse(one: str, other: str) -> str:
    return min(one, other, key=[*_COLORS.values(), "green"].index)


def _own(service: Service, panel: OwnPanel, place: ChosenPlace) -> Shown:
    queries = [
        Query(expression=place.only(query.expression), legend=query.legend)
        for query in panel.queries
    ]
    limits = [(">=", panel.above), ("<=", panel.below)]
    drawn = [_steps(sign, value, "red") for sign, value in limits if value is not None]
    steps: Steps = reduce(_both, drawn) if drawn else ()
    return Shown(
        service=service,
        panel=_graph(panel.title, panel.description, panel.unit, queries, steps),
    )


def _condition(
    organisation: Organisation, service: Service, condition: Condition, place: ChosenPlace
) -> Shown:
    found = watched(condition.expression)
    queries = [_query(organisation, found.value, place)]
    limit = None if found.limit is None else _constant(found.limit)
    if found.limit is not None and limit is None:
        asked = _query(organisation, found.limit, place)
        queries.append(replace(asked, legend=text(organisation, "limit")))
    steps: Steps = () if limit is None else _steps(found.sign, limit, _COLORS[condition.severity])
    after = text(
        organisation,
        "alerts_after",
        alert=condition.alert,
        severity=condition.severity.value,
        after=format_duration(condition.holds_for),
    )
    panel = _graph(
        condition.panel.title,
        f"{_ACTION.sub('…', condition.description)}\n\n{after}",
        condition.panel.unit,
        queries,
        steps,
    )
    runbook = {text(organisation, "runbook"): f"{organisation.runbooks_url}{condition.runbook}"}
    return Shown(service=service, panel=replace(panel, links=runbook))


def _graph(
    title: str, description: str, unit: str, queries: Sequence[Query], steps: Steps
) -> Panel:
    return Panel(
        kind="timeseries",
        title=title,
        description=description,
        queries=queries,
        unit=unit,
        steps=steps or (("green", None),),
        draws_steps=bool(steps),
    )


def _query(organisation: Organisation, expression: str, place: ChosenPlace) -> Query:
    asked, longest = as_shown(expression)
    with suppress(ValueError):  # a selector by `__name__` cannot be held to a place
        asked = place.only(asked)
    return Query(
        expression=asked,
        legend=_legend(expression, organisation.place_labels),
        step=None if longest is None else longest / 4,
    )


def _legend(expression: str, of_place: Sequence[str]) -> str:
    """Return the labels that tell a query's lines apart, as far as that can be told."""
    labels = grouping(read_expression(set_rate_interval(expression)).top)
    named = [label for label in labels or () if label not in of_place]
    return " ".join(f"{{{{{label}}}}}" for label in named) or "__auto"


def _constant(expression: str) -> float | None:
    """Return the number that an expression is, or None where it reads series or the clock."""
    found = read_expression(expression)
    if any(isinstance(part, VectorSelector | Call) for part in found.parts()):
        return None
    return evaluate_constant(found.top, 0.0)


def _steps(sign: str | None, limit: float, color: str) -> Steps:
    """Return the colours of a value for which `value sign limit` is bad.

    A colour holds from its value on, so what is only bad beyond the limit
    begins a little above it.
    """
    if sign is None or not isfinite(limit):
        return ()
    beyond = limit + max(abs(limit), 1) * _LITTLE
    # Of what is counted there is nothing below zero: then "equal" has no good side below.
    equal: Steps = (("green", None), (color, limit), ("green", beyond))
    by_sign: dict[str, Steps] = {
        ">": (("green", None), (color, beyond)),
        ">=": (("green", None), (color, limit)),
        "<": ((color, None), ("green", limit)),
        "<=": ((color, None), ("green", beyond)),
        "==": equal if limit > 0 else ((color, None), ("green", beyond)),
    }
    return by_sign.get(sign, ())


def _together(group: Sequence[Shown]) -> Iterator[Panel]:
    """Yield panels with the lines of every service in the group."""
    first = group[0].panel
    if len(group) == 1:
        yield first
        return
    queries = [
        replace(query, legend=_prefixed(shown.service.name, query.legend))
        for shown in group
        for query in shown.panel.queries
    ]
    is_same = all(shown.panel.steps == first.steps for shown in group)
    links: Mapping[str, str] | None = first.links if _same_links(group) else None
    for index, some in enumerate(_chunks(queries, _MOST_QUERIES)):
        yield replace(
            first,
            title=first.title if index == 0 else f"{first.title} ({index + 1})",
            description=first.description if is_same else first.description.split("\n\n")[0],
            queries=some,
            steps=first.steps if is_same else (("green", None),),
            draws_steps=is_same and first.draws_steps,
            links=links,
        )


def _same_links(group: Iterable[Shown]) -> bool:
    return len({tuple((shown.panel.links or {}).items()) for shown in group}) == 1


def _prefixed(service: str, legend: str) -> str:
    if "{{job}}" in legend:  # which says it already
        return legend
    return service if legend == "__auto" else f"{service} {legend}"


def _chunks(queries: Sequence[Query], size: int) -> Iterator[Sequence[Query]]:
    for start in range(0, len(queries), size):
        yield queries[start : start + size]
