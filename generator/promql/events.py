"""How one good and one bad event show in the counters that two PromQL expressions add up."""

from collections.abc import Sequence

import promql_parser

from generator.promql.check import Selector, parse_expression, selector_of
from generator.promql.example import Labels, counterexample_labels, example_labels
from generator.promql.text import series
from guardia.matcher import matches_all

Event = dict[str, float]  # series -> how much one event adds to it


def event_examples(counted: str, total: str, *, part: str) -> tuple[Event, Event] | None:
    """Return what a good and what a bad event add to which series.

    `counted` is the expression of the bad events when `part` is "bad", else of
    the good ones. Returns None when an expression does more than add up rates
    of counters, or when no labels were found that tell the two apart.
    """
    own, every = added_counters(counted), added_counters(total)
    if not own or not every:
        return None
    inside, outside = _inside(own, every), _outside(own, every)
    if inside is None or outside is None:
        return None
    # A sum of two counters has no value while one of them is missing: so all are there.
    for selector in (*own, *every):
        if (labels := example_labels(selector.matchers)) is not None:
            inside.setdefault(series(selector.metric, labels), 0)
    return (outside, inside) if part == "bad" else (inside, outside)


def added_counters(expression: str) -> tuple[Selector, ...] | None:
    """Return the counters whose rates an expression adds up; None when it does anything else."""
    return _added(parse_expression(expression))


def _added(node: object) -> tuple[Selector, ...] | None:
    found: tuple[Selector, ...] | None = None
    match node:
        case promql_parser.ParenExpr():
            found = _added(node.expr)
        case promql_parser.AggregateExpr() if str(node.op) == "sum":
            found = _added(node.expr)
        case promql_parser.Call() if node.func.name == "rate":
            ranged = node.args[0]
            if isinstance(ranged, promql_parser.MatrixSelector):
                selector = selector_of(ranged.vector_selector)
                found = None if selector is None else (selector,)
        case promql_parser.Call() if node.func.name == "vector":
            found = ()
        case promql_parser.BinaryExpr() if str(node.op) in ("+", "or"):
            left, right = _added(node.lhs), _added(node.rhs)
            found = None if left is None or right is None else left + right
    return found


def _inside(own: Sequence[Selector], every: Sequence[Selector]) -> Event | None:
    """Return the series of an event that is counted, and is in the total."""
    for selector in own:
        shared = next((one for one in every if one.metric == selector.metric), None)
        matchers = (*(shared.matchers if shared else ()), *selector.matchers)
        labels = example_labels(matchers)
        if labels is None:
            continue
        event: Event = {series(selector.metric, labels): 1}
        if not _counts(every, selector.metric, labels):
            first = every[0]
            more = example_labels(first.matchers)
            if more is None or _counts(own, first.metric, more):
                continue
            event[series(first.metric, more)] = 1
        return event
    return None


def _outside(own: Sequence[Selector], every: Sequence[Selector]) -> Event | None:
    """Return the series of an event that is only in the total."""
    for selector in every:
        same = [one for one in own if one.metric == selector.metric]
        labels = (
            counterexample_labels(selector.matchers, same[0].matchers)
            if same
            else example_labels(selector.matchers)
        )
        if labels is not None and not _counts(own, selector.metric, labels):
            return {series(selector.metric, labels): 1}
    return None


def _counts(selectors: Sequence[Selector], metric: str, labels: Labels) -> bool:
    return any(one.metric == metric and matches_all(one.matchers, labels) for one in selectors)
