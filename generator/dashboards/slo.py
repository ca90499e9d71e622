"""The SLO dashboards: all of them by what is left of their budgets, and one of them in detail."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from generator.catalog.model import Catalog, Organisation
from generator.dashboards.grafana import Column, Dashboard, Panel, Query, query_variable
from generator.dashboards.place import ChosenPlace, chosen_place
from generator.dashboards.slo_queries import Declared, SloQueries
from generator.dashboards.texts import text
from generator.naming import OBJECTIVE_SERIES, SLO_DASHBOARD_UID, dashboard_uid
from generator.promql.text import select
from guardia.severity import Severity

_CHOSEN = 'service="$service",slo="$slo"'
LEFT_STEPS = (("red", None), ("orange", 0.0), ("green", 0.25))
_LASTS_STEPS = (("red", None), ("orange", 86_400.0), ("green", 604_800.0))
ALERT_STEPS = (("green", None), ("red", 1.0))
_NEAR_STEPS = (("green", None), ("orange", 0.5), ("red", 1.0))


def declared_slos(catalog: Catalog) -> list[Declared]:
    """Return all SLOs of a catalog, each with its service."""
    return [(service, slo) for service in catalog.services for slo in service.slos]


def slo_overview(catalog: Catalog) -> Dashboard:
    """Return the dashboard of all SLOs; it reads recorded series only, so it is always cheap."""
    organisation = catalog.organisation
    place = chosen_place(organisation)
    queries = all_slos(catalog, place)
    named = lines(organisation, queries, "service", "slo")
    gone = f"count(({queries.left()}) < 0) or vector(0)"
    return Dashboard(
        uid=dashboard_uid("slo", "overview"),
        title=f"{organisation.name} / {text(organisation, 'slo_overview')}",
        description=text(organisation, "slo_overview_why"),
        tags=["slo"],
        variables=place.variables,
        panels=[
            _stat(organisation, "slos_count", f"count({select(OBJECTIVE_SERIES, '')})", width=8),
            _stat(organisation, "budgets_gone", gone, steps=ALERT_STEPS, width=8),
            firing(organisation, place.inside('slo!=""'), width=8),
            slo_table(organisation, queries, height=14),
            line(organisation, "left_over_time", queries.left(), named, LEFT_STEPS),
            line(organisation, "failing_over_time", queries.failing(), named),
        ],
    )


def slo_detail(catalog: Catalog) -> Dashboard:
    """Return the dashboard of one SLO, which its reader or an alert's link chooses."""
    organisation = catalog.organisation
    place = chosen_place(organisation)
    labels = sorted({label for _, slo in declared_slos(catalog) for label in slo.by})
    chosen = ",".join([place.inside(_CHOSEN), *(f'{label}=~"${label}"' for label in labels)])
    queries = SloQueries(
        slos=declared_slos(catalog),
        chosen=chosen,
        promised=_CHOSEN,
        store=organisation.intervals.store,
    )
    return Dashboard(
        uid=SLO_DASHBOARD_UID,
        title=f"{organisation.name} / {text(organisation, 'slo_detail')}",
        description=text(organisation, "slo_detail_why"),
        tags=["slo"],
        variables=[*_choice(organisation), *place.variables, *_by(catalog, place, labels)],
        panels=[
            *_figures(organisation, queries, place),
            *_budgets(organisation, queries),
            *_burns(organisation, queries),
        ],
    )


def all_slos(catalog: Catalog, place: ChosenPlace) -> SloQueries:
    """Return queries over every SLO in the chosen place."""
    return SloQueries(
        slos=declared_slos(catalog),
        chosen=place.inside(),
        promised="",
        store=catalog.organisation.intervals.store,
    )


def slo_table(
    organisation: Organisation, queries: SloQueries, *, width: int = 24, height: int
) -> Panel:
    """Return the table of SLOs: what was good, budget left, how long it lasts, and the objective.

    The objective carries no place: only as the last one does Grafana merge it
    into the rows of every region.
    """
    columns = (
        ("good", queries.good(), "percentunit", ()),
        ("budget_left", queries.left(), "percentunit", LEFT_STEPS),
        ("lasts", queries.lasts_seconds(), "s", _LASTS_STEPS),
        ("objective", queries.objective, "percentunit", ()),
    )
    return Panel(
        kind="table",
        title=text(organisation, "slo_table"),
        description=text(organisation, "slo_table_why"),
        queries=[Query(expression=expression, instant=True) for _, expression, _, _ in columns],
        unit="percentunit",
        width=width,
        height=height,
        columns=[
            Column(
                query=chr(ord("A") + index),
                title=text(organisation, name),
                unit=unit,
                steps=steps or (("text", None),),
            )
            for index, (name, _, unit, steps) in enumerate(columns)
        ],
        hidden=["__name__", organisation.environment_label],
        sorted_by=text(organisation, "budget_left"),
    )


def lines(organisation: Organisation, queries: SloQueries, *labels: str) -> str:
    """Return the legend of an SLO's lines: these labels, its region and what it has budgets by.

    Grafana leaves out a label that a series lacks.
    """
    region = () if organisation.regions is None else (organisation.regions.label,)
    by = sorted({label for _, slo in queries.slos for label in slo.by})
    return " ".join(f"{{{{{label}}}}}" for label in (*labels, *region, *by))


def nearness(organisation: Organisation, queries: SloQueries) -> Panel:
    """Return how near each SLO is to an alert of each severity; at 1 it alerts."""
    named = lines(organisation, queries, "slo")
    return Panel(
        kind="timeseries",
        title=text(organisation, "nearness"),
        description=text(organisation, "nearness_why"),
        queries=[
            Query(
                expression=queries.nearness(severity),
                legend=f"{text(organisation, severity.value)} {named}",
            )
            for severity in Severity
            if queries.alerts_with(severity)
        ],
        unit="percentunit",
        steps=_NEAR_STEPS,
        draws_steps=True,
    )


def events(organisation: Organisation, queries: SloQueries, *, every: str, bad: str) -> Panel:
    """Return all events and the bad ones a second, with the legends of both."""
    return Panel(
        kind="timeseries",
        title=text(organisation, "events"),
        description=text(organisation, "events_why"),
        queries=[
            Query(expression=queries.events("total"), legend=every),
            Query(expression=queries.events("errors"), legend=bad),
        ],
        unit="reqps",
    )


def firing(organisation: Organisation, matchers: str, *, width: int = 6) -> Panel:
    """Return the number of alerts that fire now, of those with the matchers."""
    inside = ",".join(part for part in ('alertstate="firing"', matchers) if part)
    counted = f"count({select('ALERTS', inside)}) or vector(0)"
    return _stat(organisation, "alerts_firing", counted, steps=ALERT_STEPS, width=width)


def _choice(organisation: Organisation) -> list[Mapping[str, Any]]:
    slos = select(OBJECTIVE_SERIES, 'service="$service"')
    return [
        query_variable(
            "service", text(organisation, "service"), f"label_values({OBJECTIVE_SERIES}, service)"
        ),
        query_variable("slo", "SLO", f"label_values({slos}, slo)"),
    ]


def _by(catalog: Catalog, place: ChosenPlace, labels: Sequence[str]) -> list[Mapping[str, Any]]:
    """Return a variable for each label that some SLO keeps a budget by."""
    recorded = select("", place.inside(f'__name__=~"slo:error_ratio:.+",{_CHOSEN}'))
    return [
        query_variable(label, label, f"label_values({recorded}, {label})", several=True)
        for label in labels
    ]


def _figures(
    organisation: Organisation, queries: SloQueries, place: ChosenPlace
) -> Iterator[Panel]:
    yield _stat(organisation, "objective", queries.objective, unit="percentunit", width=4)
    yield _stat(organisation, "good", queries.good(), unit="percentunit", width=4)
    yield _stat(organisation, "budget_left", queries.left(), "percentunit", LEFT_STEPS, width=4)
    yield _stat(organisation, "lasts", queries.lasts_seconds(), "s", _LASTS_STEPS, width=4)
    yield _stat(organisation, "failing", queries.failing(), unit="percentunit", width=4)
    yield firing(organisation, place.inside(_CHOSEN), width=4)


def _budgets(organisation: Organisation, queries: SloQueries) -> Iterator[Panel]:
    named = lines(organisation, queries)
    yield line(organisation, "left_over_time", queries.left(), named, LEFT_STEPS)
    for name, since in (("left_of_month", "now/M"), ("left_of_quarter", "now/fQ")):
        yield Panel(
            kind="stat",
            title=text(organisation, name),
            description=text(organisation, "left_of_calendar_why"),
            queries=[Query(expression=queries.left_of_range(), instant=True)],
            unit="percentunit",
            width=6,
            steps=LEFT_STEPS,
            time_from=since,
        )
    every, bad = (_told(organisation, name, named) for name in ("all_events", "bad_events"))
    yield events(organisation, queries, every=every, bad=bad)
    yield Panel(
        kind="timeseries",
        title=text(organisation, "bad_each_day"),
        description=text(organisation, "bad_each_day_why"),
        queries=[Query(expression=queries.bad_each_day(), legend=bad)],
        unit="short",
        bars=True,
        time_from="now-30d",
    )


def _burns(organisation: Organisation, queries: SloQueries) -> Iterator[Panel]:
    named = lines(organisation, queries)
    for severity in Severity:
        if not queries.alerts_with(severity):
            continue
        yield Panel(
            kind="timeseries",
            title=text(organisation, "burn", severity=text(organisation, severity.value)),
            description=text(organisation, "burn_why"),
            queries=[
                Query(
                    expression=queries.pair_burn(severity, "long"),
                    legend=_told(organisation, "long_window", named),
                ),
                Query(
                    expression=queries.pair_burn(severity, "short"),
                    legend=_told(organisation, "short_window", named),
                ),
                Query(
                    expression=queries.pair_threshold(severity),
                    legend=text(organisation, "alerts_from"),
                ),
            ],
            unit="short",
        )


def _stat(
    organisation: Organisation,
    name: str,
    expression: str,
    unit: str = "short",
    steps: Sequence[tuple[str, float | None]] = (("text", None),),
    *,
    width: int,
) -> Panel:
    return Panel(
        kind="stat",
        title=text(organisation, name),
        description=text(organisation, f"{name}_why"),
        queries=[Query(expression=expression, instant=True)],
        unit=unit,
        width=width,
        height=4,
        steps=steps,
    )


def line(
    organisation: Organisation,
    name: str,
    expression: str,
    legend: str,
    steps: Sequence[tuple[str, float | None]] = (("green", None),),
    *,
    unit: str = "percentunit",
) -> Panel:
    """Return a graph, of shares unless a unit says otherwise, with the texts of that name."""
    return Panel(
        kind="timeseries",
        title=text(organisation, name),
        description=text(organisation, f"{name}_why"),
        queries=[Query(expression=expression, legend=legend or "__auto")],
        unit=unit,
        steps=steps,
        draws_steps=len(steps) > 1,
    )


def _told(organisation: Organisation, name: str, named: str) -> str:
    return f"{text(organisation, name)} {named}".rstrip()
