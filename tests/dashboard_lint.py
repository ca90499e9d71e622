"""The conditions of Grafana's dashboard-linter, for tests.

The program itself is written in Go and needs a module of Loki's that our
licence keeps out, so its 17 conditions are checked here as its source states
them. Source: github.com/grafana/dashboard-linter, lint/rules.go and the files
beside it; a rule has the name that it has there.
"""

import re
from collections.abc import Callable, Iterator, Mapping
from typing import Any

import promql_parser
from promql_parser import Call, Expr, MatrixSelector, VectorSelector

from generator.catalog.units import UNITS
from generator.promql.tree import children
from tests.dashboards import Board, filled, panels, variables

Rule = Callable[[Board], Iterator[str]]

_SHOWN = ("stat", "gauge", "timeseries", "table", "graph")
_UNITS = frozenset(UNITS) - {"eps", "mps"}  # which the linter does not know
_FUNCTIONS = ("label_values", "label_names", "metrics", "query_result")
_COUNTED = ("rate", "irate", "increase")


def broken_rules(board: Board) -> dict[str, list[str]]:
    """Return what is wrong by the name of the rule, in the order of the linter."""
    found = {name: list(rule(board)) for name, rule in RULES.items()}
    return {name: wrong for name, wrong in found.items() if wrong}


def _template_datasource(board: Board) -> Iterator[str]:
    sources = [one for one in variables(board).values() if one["type"] == "datasource"]
    if not sources:
        yield "no variable for the data source"
    for one in sources:
        kind = str(one["query"])
        names, labels = {f"{kind}_datasource"}, {f"{kind.title()} data source"}
        if len(sources) == 1:
            names.add("datasource")
            labels.add("Data source")
        if one["name"] not in names or one.get("label") not in labels:
            yield f"{one['name']} is labelled {one.get('label')}"


def _template(name: str) -> Rule:
    def rule(board: Board) -> Iterator[str]:
        found = variables(board).get(name)
        if found is None:
            yield f"no variable {name}"
            return
        wanted = {"type": "query", "label": name.title(), "multi": True, "allValue": ".+"}
        yield from (key for key, value in wanted.items() if found.get(key) != value)
        if _uid(found) not in ("$datasource", "${datasource}"):
            yield "datasource"

    return rule


def _template_label_promql(board: Board) -> Iterator[str]:
    for one in _query_variables(board):
        query = one["query"]
        text = str(query["query"] if isinstance(query, Mapping) else query)
        found = re.search(r"([a-z_]+)\((.+)\)", text)
        asked = "" if found is None else found[2].rpartition(",")[0] or found[2]
        if found is None or found[1] not in _FUNCTIONS or _parsed(asked) is None:
            yield text


def _template_on_time_change(board: Board) -> Iterator[str]:
    yield from (one["name"] for one in _query_variables(board) if one.get("refresh") != 2)


def _panel_datasource(board: Board) -> Iterator[str]:
    sources = [name for name, one in variables(board).items() if one["type"] == "datasource"]
    known = {f"${name}" for name in sources} | {f"${{{name}}}" for name in sources}
    for panel in panels(board):
        if panel["type"] in _SHOWN and _uid(panel) not in known:
            yield str(panel["title"])


def _panel_title_description(board: Board) -> Iterator[str]:
    for panel in panels(board):
        if panel["type"] in _SHOWN and not (panel.get("title") and panel.get("description")):
            yield f"panel {panel['id']}"


def _panel_units(board: Board) -> Iterator[str]:
    for panel in panels(board):
        defaults = panel["fieldConfig"]["defaults"]
        is_judged = panel["type"] in _SHOWN and not defaults.get("mappings")
        if is_judged and defaults.get("unit") not in _UNITS:
            yield f"{panel['title']}: {defaults.get('unit')}"


def _panel_no_targets(board: Board) -> Iterator[str]:
    for panel in panels(board):
        if panel["type"] in _SHOWN and not panel.get("targets"):
            yield str(panel["title"])


def _target_promql(board: Board) -> Iterator[str]:
    yield from (text for text in _targets(board) if _parsed(text) is None)


def _target_rate_interval(board: Board) -> Iterator[str]:
    # Filled with a length that nobody writes, so that only the variable gives it.
    for text in _targets(board):
        own = text.replace("$__rate_interval", "4m7s")
        for node, parents in _walk(own):
            if not isinstance(node, MatrixSelector) or node.range.total_seconds() == 247:
                continue
            parent = parents[-1] if parents else None
            if isinstance(parent, Call) and parent.func.name not in ("rate", "irate"):
                continue
            if parent is not None:
                yield text


def _target_matcher(name: str) -> Rule:
    def rule(board: Board) -> Iterator[str]:
        for text in _targets(board):
            # The variable stays as it is, within a string.
            for node, _ in _walk(text):
                if isinstance(node, VectorSelector) and not any(
                    (one.name, str(one.op), one.value) == (name, "MatchOp.Re", f"${name}")
                    for one in node.matchers.matchers
                ):
                    yield text
                    break

    return rule


def _target_counter(board: Board) -> Iterator[str]:
    """Stricter than the linter, which by the end of a selector's text sees none with matchers."""
    for text in _targets(board):
        for node, parents in _walk(text):
            if not isinstance(node, VectorSelector) or not str(node.name).endswith("_total"):
                continue
            counted = len(parents) > 1 and isinstance(parents[-1], MatrixSelector)
            call = parents[-2] if counted else None
            if not (isinstance(call, Call) and call.func.name in _COUNTED):
                yield text


def _of_loki(board: Board) -> Iterator[str]:
    """Queries of Loki are not judged here: there must be none."""
    for one in variables(board).values():
        if one["type"] == "datasource" and one["query"] == "loki":
            yield str(one["name"])
    for panel in panels(board):
        for one in (panel, *panel["targets"]):
            if (one.get("datasource") or {}).get("type") == "loki":
                yield str(panel["title"])


def _uneditable(board: Board) -> Iterator[str]:
    if board.get("editable") is not False:
        yield "editable"


RULES: Mapping[str, Rule] = {
    "template-datasource-rule": _template_datasource,
    "template-job-rule": _template("job"),
    "template-instance-rule": _template("instance"),
    "template-label-promql-rule": _template_label_promql,
    "template-on-time-change-reload-rule": _template_on_time_change,
    "panel-datasource-rule": _panel_datasource,
    "panel-title-description-rule": _panel_title_description,
    "panel-units-rule": _panel_units,
    "panel-no-targets-rule": _panel_no_targets,
    "target-logql-rule": _of_loki,
    "target-logql-auto-rule": _of_loki,
    "target-promql-rule": _target_promql,
    "target-rate-interval-rule": _target_rate_interval,
    "target-job-rule": _target_matcher("job"),
    "target-instance-rule": _target_matcher("instance"),
    "target-counter-agg-rule": _target_counter,
    "uneditable-dashboard": _uneditable,
}


def _query_variables(board: Board) -> Iterator[dict[str, Any]]:
    yield from (one for one in variables(board).values() if one["type"] == "query")


def _uid(of: Mapping[str, Any]) -> str:
    return str((of.get("datasource") or {}).get("uid"))


def _targets(board: Board) -> Iterator[str]:
    for panel in panels(board):
        yield from (str(target["expr"]) for target in panel["targets"])


def _parsed(text: str) -> Expr | None:
    try:
        return promql_parser.parse(filled(text))
    except ValueError:
        return None


def _walk(text: str) -> Iterator[tuple[Expr, list[Expr]]]:
    """Yield each part of PromQL with what it is part of; nothing of what is none."""
    text = re.sub(r"\$\{?(__\w+)\}?", lambda match: filled(match[0]), text)
    try:
        todo: list[tuple[Expr, list[Expr]]] = [(promql_parser.parse(text), [])]
    except ValueError:
        return
    while todo:
        node, parents = todo.pop()
        yield node, parents
        todo += [(child, [*parents, node]) for child in children(node)]
