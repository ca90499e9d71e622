"""The panels, growth figures and own metrics of a service file."""

from collections.abc import Collection, Iterable, Mapping

from generator.catalog.context import ServiceContext
from generator.catalog.expression import check_rate, read_evaluated
from generator.catalog.model import Organisation
from generator.catalog.model_shown import (
    Board,
    ConditionPanel,
    DeclaredMetric,
    Growth,
    Panel,
    PanelQuery,
)
from generator.catalog.preset import was_written_out
from generator.catalog.series import metric_names
from generator.catalog.units import check_unit
from generator.promql.check import check_expression
from generator.promql.finding import read_expression
from generator.promql.labels import possible_labels
from generator.promql.selecting import Selecting, read_selecting
from generator.promql.shown import RATE_INTERVAL, set_rate_interval
from guardia.document import Pointer
from guardia.reading import Reading
from guardia.word import nearest

_PLAIN_UNIT = "short"


def read_panels(reading: Reading) -> tuple[Panel, ...]:
    """Return a service's panels; one that cannot be read is noted and left out."""
    panels = []
    for index in range(reading.count(("panels",))):
        at: Pointer = ("panels", index)
        if was_written_out(reading, at):
            panels.append(_read_panel(reading, at))
    return tuple(panel for panel in panels if panel is not None)


def read_condition_panel(reading: Reading, at: Pointer) -> ConditionPanel:
    """Return how the condition at `at` appears on dashboards."""
    shown = reading.value((*at, "panel"), {})
    if "unit" in shown:
        check_unit(reading, (*at, "panel", "unit"))
    zero = _read_query(reading, (*at, "panel", "zero")) if "zero" in shown else None
    return ConditionPanel(
        title=shown.get("title", reading.value((*at, "alert"))),
        unit=shown.get("unit", _PLAIN_UNIT),
        boards=frozenset(Board(name) for name in shown.get("boards", ())),
        is_plain=shown.get("threshold") == "plain",
        zero=None if zero is None else zero[0],
    )


def read_growth(reading: Reading, context: ServiceContext) -> tuple[Growth, ...]:
    """Return a service's growth figures; one that cannot be read is noted and left out."""
    seen: dict[str, str] = {}
    figures = []
    for index in range(reading.count(("growth",))):
        at: Pointer = ("growth", index)
        reading.duplicate((*at, "name"), "growth", seen)
        figures.append(_read_growth(reading, at, context.organisation))
    return tuple(figure for figure in figures if figure is not None)


def read_metrics(reading: Reading) -> tuple[DeclaredMetric, ...]:
    """Return the metrics that a service declares as its own."""
    written: Mapping[str, Mapping[str, object]] = reading.value(("metrics",), {})
    return tuple(
        DeclaredMetric(
            name=name,
            type=str(one["type"]),
            unit=str(one["unit"]),
            means=str(one["means"]),
            labels=reading.value(("metrics", name, "labels"), {}),
        )
        for name, one in written.items()
    )


def check_shown_metrics(readings: Iterable[Reading], known: Collection[str]) -> None:
    """Note each metric of a panel or growth figure that nothing in the catalog speaks of.

    A misspelt name is an empty panel for ever. `known` are the names of series.
    """
    for reading in readings:
        _check_metrics(reading, known)


def _check_metrics(reading: Reading, known: Collection[str]) -> None:
    queries: list[Pointer] = [
        ("panels", index, "queries", number, "expr")
        for index in range(reading.count(("panels",)))
        if was_written_out(reading, ("panels", index))
        for number in range(reading.count(("panels", index, "queries")))
    ]
    figures: list[Pointer] = [
        ("growth", index, key)
        for index in range(reading.count(("growth",)))
        for key in ("expr", "limit")
    ]
    zeros: list[Pointer] = [
        ("conditions", index, "panel", "zero")
        for index in range(reading.count(("conditions",)))
        if was_written_out(reading, ("conditions", index))
    ]
    for at in [*queries, *figures, *zeros]:
        text = set_rate_interval(str(reading.value(at, 0)))
        if check_expression(text) is None:
            for name in metric_names(text):
                _check_known(reading, at, name, known)


def _read_panel(reading: Reading, at: Pointer) -> Panel | None:
    check_unit(reading, (*at, "unit"))
    queries = []
    for index in range(reading.count((*at, "queries"))):
        query: Pointer = (*at, "queries", index)
        read = _read_query(reading, (*query, "expr"))
        if read is not None:
            expression, selecting = read
            legend = reading.value((*query, "legend"))
            queries.append(PanelQuery(expression=expression, selecting=selecting, legend=legend))
    if len(queries) < reading.count((*at, "queries")):
        return None
    return Panel(
        title=reading.value((*at, "title")),
        description=reading.value((*at, "description")),
        unit=reading.value((*at, "unit")),
        boards=frozenset(Board(name) for name in reading.value((*at, "boards"), ())),
        queries=tuple(queries),
        above=reading.value((*at, "above")),
        below=reading.value((*at, "below")),
    )


def _read_query(reading: Reading, at: Pointer) -> tuple[str, Selecting] | None:
    """Return PromQL that a dashboard can ask in one place, or None with what is wrong noted."""
    text: str = str(reading.value(at)).strip()
    reason = check_expression(set_rate_interval(text))
    if reason is None:
        try:
            return text, read_selecting(text)
        except ValueError as error:
            reason = str(error)
    reading.problem(
        "promql-syntax",
        at,
        f"this cannot be shown: {reason}",
        label="cannot be evaluated",
        why="Grafana would show an error in place of the graph",
        fix=f"try the expression in Prometheus with 5m for {RATE_INTERVAL}, then copy it here",
    )
    return None


def _read_growth(reading: Reading, at: Pointer, organisation: Organisation) -> Growth | None:
    check_unit(reading, (*at, "unit"))
    expression = _read_recorded(reading, (*at, "expr"), organisation)
    limit: str | float | None = reading.value((*at, "limit"))
    if isinstance(limit, str):
        limit = _read_recorded(reading, (*at, "limit"), organisation)
        if limit is None:
            return None
    if expression is None:
        return None
    if isinstance(limit, int | float):
        _check_one_limit(reading, at, expression, organisation)
    return Growth(
        name=reading.value((*at, "name")),
        title=reading.value((*at, "title")),
        description=reading.value((*at, "description")),
        unit=reading.value((*at, "unit")),
        expression=expression,
        limit=None if limit is None else str(limit),
    )


def _read_recorded(reading: Reading, at: Pointer, organisation: Organisation) -> str | None:
    """Return PromQL that a rule can record, or None with what is wrong noted."""
    text = read_evaluated(reading, at)
    if text is not None:
        check_rate(reading, at, text, organisation=organisation, by=())
    return text


def _check_one_limit(
    reading: Reading, at: Pointer, expression: str, organisation: Organisation
) -> None:
    """Note a number as the limit of an expression that may have several values for one place."""
    labels = possible_labels(read_expression(expression).top)
    place = organisation.series_labels
    more = sorted(labels.names - set(place))
    if not labels.all_but and not more:
        return
    kept = ", ".join(f"`{name}`" for name in more) or "labels beside those of the place"
    by = f" by ({', '.join(place)})" if place else ""
    reading.problem(
        "limit-of-each-series",
        (*at, "limit"),
        f"the number would be the limit of each series, and `expr` keeps {kept}",
        label="of how much?",
        why="the dashboard adds up the values of a place, and their limits too",
        fix=f"write `expr` with one value for each place, such as sum{by} (…); or write the limit"
        " as PromQL",
    )


def _check_known(reading: Reading, at: Pointer, name: str, known: Collection[str]) -> None:
    if name in known:
        return
    guess = nearest(name, known)
    reading.problem(
        "metric-unknown",
        at,
        f"nothing in the catalog speaks of the metric `{name}`",
        label=f"did you mean `{guess}`?" if guess else "not declared",
        why="a name that nobody exports is an empty panel, and nobody sees why",
        fix=f"write `{guess}`, or declare it under `metrics` of the service that exports it"
        if guess
        else "declare it under `metrics` of the service that exports it",
        inside=name,
    )
