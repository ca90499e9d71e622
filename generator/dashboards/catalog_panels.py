"""What the catalog shows: the value of each condition, and a service's own panels."""

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from functools import reduce

from promql_parser import Call, VectorSelector

from generator.catalog.model import Catalog, Condition, Organisation, Service
from generator.catalog.model_shown import Board
from generator.catalog.model_shown import Panel as OwnPanel
from generator.dashboards.grafana import Panel, Query
from generator.dashboards.place import ChosenPlace
from generator.dashboards.texts import text
from generator.dashboards.thresholds import (
    SEVERITY_COLORS,
    Steps,
    both_steps,
    plain_steps,
    steps_beyond,
)
from generator.promql.constant import evaluate_constant
from generator.promql.finding import read_expression
from generator.promql.ratio_form import grouping
from generator.promql.selecting import read_selecting
from generator.promql.shown import as_shown, set_rate_interval, watched
from guardia.duration import format_duration
from guardia.severity import Severity

_MOST_QUERIES = 26  # Grafana names them A to Z
_ACTION = re.compile(r"\{\{.*?\}\}", re.DOTALL)


@dataclass(frozen=True, slots=True, kw_only=True)
class Told:
    """What a panel says of an alert, and what of the alert's expression it does not show."""

    alert: str
    sentence: str
    rest: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Shown:
    """A panel of one service; `means` is what its description says of the value alone."""

    service: Service
    panel: Panel
    means: str
    told: tuple[Told, ...] = ()


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
        if before is not None:
            shown = _with_threshold(organisation, before, shown)
        watched_values[key] = shown
    return [
        *(
            _own(organisation, service, panel, place)
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


def _with_threshold(organisation: Organisation, shown: Shown, other: Shown) -> Shown:
    """Return one panel for a value that two conditions compare, with the thresholds of both."""
    panel, told = shown.panel, (*shown.told, *other.told)
    steps = both_steps(panel.steps, other.panel.steps) if panel.draws_steps else panel.steps
    description = _description(organisation, shown.means, told)
    joined = replace(panel, steps=steps, description=description)
    return replace(shown, panel=joined, told=told)


def _description(organisation: Organisation, means: str, told: Sequence[Told]) -> str:
    """Return Markdown: what a value means, when which alert comes, and what else that takes."""
    by_rest: dict[str, list[str]] = {}
    for one in told:
        if one.rest is not None:
            by_rest.setdefault(one.rest, []).append(one.alert)
    rests = (
        f"{text(organisation, 'alerts_only_if', alerts=', '.join(alerts))}\n\n{_code(rest)}"
        for rest, alerts in by_rest.items()
    )
    return "\n\n".join([means, *(one.sentence for one in told), *rests])


def _code(expression: str) -> str:
    """Return a block of code; by its indentation, as the text may hold any quotes."""
    return "\n".join(f"    {line}" for line in expression.splitlines())


def _own(
    organisation: Organisation, service: Service, panel: OwnPanel, place: ChosenPlace
) -> Shown:
    selecting = [query.selecting for query in panel.queries]
    queries = [
        Query(expression=one.inside(place.by_label), legend=query.legend)
        for one, query in zip(selecting, panel.queries, strict=True)
    ]
    limits = [(">=", panel.above), ("<=", panel.below)]
    drawn = [steps_beyond(sign, value, "red") for sign, value in limits if value is not None]
    steps: Steps = reduce(both_steps, drawn) if drawn else ()
    is_of_own_place = any(one.named(place.by_label) for one in selecting)
    means = _means(organisation, panel.description, is_of_own_place=is_of_own_place)
    return Shown(
        service=service,
        panel=_graph(panel.title, means, panel.unit, queries, steps),
        means=means,
    )


def _condition(
    organisation: Organisation, service: Service, condition: Condition, place: ChosenPlace
) -> Shown:
    found = watched(condition.expression)
    value = _with_zero(found.value, condition.panel.zero)
    asked = [_query(organisation, value, place)]
    limit = None if found.limit is None else _constant(found.limit)
    if found.limit is not None and limit is None:
        query, is_of_own_place = _query(organisation, found.limit, place)
        named = replace(query, legend=text(organisation, "limit"))
        asked.append((named, is_of_own_place))
    told = Told(
        alert=condition.alert,
        sentence=text(
            organisation,
            "alerts_after",
            alert=condition.alert,
            severity=text(organisation, condition.severity.value),
            after=format_duration(condition.holds_for),
        ),
        rest=found.rest,
    )
    described = _ACTION.sub("…", condition.description)
    means = _means(organisation, described, is_of_own_place=any(own for _, own in asked))
    panel = _graph(
        condition.panel.title,
        _description(organisation, means, [told]),
        condition.panel.unit,
        [query for query, _ in asked],
        _threshold(condition, found.sign, limit),
    )
    runbook = {text(organisation, "runbook"): f"{organisation.runbooks_url}{condition.runbook}"}
    return Shown(service=service, panel=replace(panel, links=runbook), means=means, told=(told,))


def _with_zero(expression: str, zero: str | None) -> str:
    """Return PromQL that is 0 wherever `zero` has a value and the expression has none."""
    # On lines of its own: an author's comment may end the expression.
    return expression if zero is None else f"(\n{expression}\n) or 0 * (\n{zero}\n)"


def _threshold(condition: Condition, sign: str | None, limit: float | None) -> Steps:
    color = SEVERITY_COLORS[condition.severity]
    if sign is None and condition.panel.zero is not None:
        sign, limit = ">", 0.0  # what has a value only while something is wrong
    if limit is None:
        return ()
    return plain_steps(limit) if condition.panel.is_plain else steps_beyond(sign, limit, color)


def _means(organisation: Organisation, means: str, *, is_of_own_place: bool) -> str:
    """Return what a value means, and that it does not follow the chosen place where so."""
    return f"{means}\n\n{text(organisation, 'own_place')}" if is_of_own_place else means


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


def _query(organisation: Organisation, expression: str, place: ChosenPlace) -> tuple[Query, bool]:
    """Return what is asked, and whether it names a place by itself."""
    asked, longest = as_shown(expression)
    is_of_own_place = False
    with suppress(ValueError):  # a selector by `__name__` cannot be held to a place
        selecting = read_selecting(asked)
        asked = selecting.inside(place.by_label)
        is_of_own_place = selecting.named(place.by_label)
    query = Query(
        expression=asked,
        legend=_legend(expression, organisation.place_labels),
        step=None if longest is None else longest / 4,
    )
    return query, is_of_own_place


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
            description=first.description if is_same else group[0].means,
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
