"""The dashboard of Guardia itself: does the router take in, decide, wake people, and whom."""

from collections.abc import Iterator, Sequence
from datetime import timedelta

from generator.catalog.model import Catalog, Organisation
from generator.dashboards.grafana import Column, Dashboard, Panel, Query
from generator.dashboards.texts import text
from generator.naming import dashboard_uid
from generator.promql.shown import RATE_INTERVAL
from generator.promql.text import sum_by
from generator.rules.meta import meta_groups
from generator.rules.router import LATE_SECONDS, PAGE_LATE_SECONDS
from generator.rules.router_series import (
    ATTEMPT_BUCKETS,
    ATTEMPTS,
    COMMIT_BUCKETS,
    FAILED_STEPS,
    HEARTBEAT_SEEN,
    LAST_WEBHOOK,
    OPEN_INCIDENTS,
    OVERDUE,
    OWN_HEARTBEAT,
    PAGES,
    PEERS,
    POSTS,
    RECONCILED,
    RECONCILED_AT,
    RELOADED,
    RELOADS,
    TURN,
    WAITING,
    WRITABLE,
    RouterSeries,
)

Steps = Sequence[tuple[str, float | None]]
_PLAIN: Steps = (("text", None),)
_LATE: Steps = (("green", None), ("red", float(LATE_SECONDS)))
_PAGE_LATE: Steps = (("green", None), ("red", float(PAGE_LATE_SECONDS)))
_WORKS: Steps = (("red", None), ("green", 1.0))
_HOUR = timedelta(hours=1)


def router_dashboards(catalog: Catalog) -> list[Dashboard]:
    """Return the dashboard of the router, none where its metrics are nobody's to look at.

    Replicas share one store: what they read from it is the same, what they
    count adds up, and of what each does for itself the best is shown.
    """
    if not meta_groups(catalog):
        return []
    organisation = catalog.organisation
    own = RouterSeries(organisation)
    board = Dashboard(
        uid=dashboard_uid("router"),
        title=f"{organisation.name} / {text(organisation, 'router')}",
        description=text(organisation, "router_why"),
        tags=["router"],
        variables=(),
        panels=[
            *_now(organisation, own),
            *_load(organisation, own),
            *_intake(organisation, own),
            *_queues(organisation, own),
            *_messages(organisation, own),
            *_rest(organisation, own),
        ],
    )
    return [board]


def _now(organisation: Organisation, own: RouterSeries) -> Iterator[Panel]:
    pages = own.select(OVERDUE, 'queue="pages"')
    queues = own.select(OVERDUE, 'queue!="pages"')
    turn = f"time() - max({own.select(TURN)} > 0)"
    yield _stat(organisation, "router_open", f"max({own.select(OPEN_INCIDENTS)})", "short")
    yield _stat(organisation, "router_pages", f"max({pages})", "s", _PAGE_LATE)
    yield _stat(organisation, "router_overdue", f"max({queues})", "s", _LATE)
    yield _stat(organisation, "router_turn", turn, "s", _LATE)
    for name, series in (("router_store", WRITABLE), ("router_catalog", RELOADED)):
        best = "max" if series is WRITABLE else "min"
        yield _stat(organisation, name, f"{best}({own.select(series)})", "bool_yes_no", _WORKS)


def _load(organisation: Organisation, own: RouterSeries) -> Iterator[Panel]:
    def woken(span: str) -> str:
        counted = sum_by(["person"], f"increase({own.select(PAGES)}[{span}])")
        return f"round({counted})"

    yield Panel(
        kind="timeseries",
        title=text(organisation, "router_load"),
        description=text(organisation, "router_load_why"),
        queries=[Query(expression=woken("1h"), legend="{{person}}", step=_HOUR)],
        unit="short",
        width=16,
        bars=True,
        time_from="now-7d",
    )
    yield Panel(
        kind="table",
        title=text(organisation, "router_load_sum"),
        description=text(organisation, "router_load_sum_why"),
        queries=[Query(expression=f"sort_desc({woken('$__range')})", instant=True)],
        unit="short",
        width=8,
        columns=[Column(query="A", title=text(organisation, "router_woken"), unit="short")],
        time_from="now-30d",
    )


def _intake(organisation: Organisation, own: RouterSeries) -> Iterator[Panel]:
    posts = sum_by(["outcome"], f"rate({own.select(POSTS)}[{RATE_INTERVAL}])")
    yield _graph(organisation, "router_posts", [Query(expression=posts, legend="{{outcome}}")])
    yield _graph(
        organisation,
        "router_commit",
        [
            Query(expression=_quantile(own, COMMIT_BUCKETS, share), legend=legend)
            for share, legend in (("0.5", "P50"), ("0.99", "P99"))
        ],
        "s",
    )


def _queues(organisation: Organisation, own: RouterSeries) -> Iterator[Panel]:
    overdue = f"max by (queue) ({own.select(OVERDUE)})"
    waiting = f"max by (queue) ({own.select(WAITING)})"
    legend = "{{queue}}"
    yield _graph(
        organisation, "router_queues", [Query(expression=overdue, legend=legend)], "s", _LATE
    )
    yield _graph(
        organisation, "router_waiting", [Query(expression=waiting, legend=legend)], "short"
    )


def _messages(organisation: Organisation, own: RouterSeries) -> Iterator[Panel]:
    yield _counted(organisation, "router_attempts", own.select(ATTEMPTS), ["channel", "outcome"])
    slow = _quantile(own, ATTEMPT_BUCKETS, "0.99", by="channel")
    yield _graph(
        organisation, "router_attempt_time", [Query(expression=slow, legend="{{channel}}")], "s"
    )


def _rest(organisation: Organisation, own: RouterSeries) -> Iterator[Panel]:
    yield _counted(organisation, "router_failures", own.select(FAILED_STEPS), ["step"])
    ages = {
        text(organisation, "router_webhook"): f"max({own.select(LAST_WEBHOOK)} > 0)",
        "{{heartbeat}}": f"max by (heartbeat) ({own.select(HEARTBEAT_SEEN)} > 0)",
        text(organisation, "router_own_heartbeat"): f"max({own.select(OWN_HEARTBEAT)} > 0)",
        text(organisation, "router_reconciled"): f"max({own.select(RECONCILED_AT)} > 0)",
    }
    yield _graph(
        organisation,
        "router_ages",
        [Query(expression=f"time() - {at}", legend=legend) for legend, at in ages.items()],
        "s",
    )
    yield _counted(organisation, "router_reloads", own.select(RELOADS), ["outcome"])
    yield _counted(organisation, "router_findings", own.select(RECONCILED), ["finding"])
    peers = f"max by (state) ({own.select(PEERS)})"
    yield _graph(
        organisation, "router_peers", [Query(expression=peers, legend="{{state}}")], "short"
    )


def _quantile(own: RouterSeries, buckets: str, share: str, *, by: str | None = None) -> str:
    labels = ["le"] if by is None else [by, "le"]
    counted = sum_by(labels, f"rate({own.select(buckets)}[{RATE_INTERVAL}])")
    return f"histogram_quantile({share}, {counted})"


def _counted(organisation: Organisation, name: str, counter: str, labels: Sequence[str]) -> Panel:
    """Return how often what happened; what never does has no line."""
    counted = sum_by(labels, f"increase({counter}[{RATE_INTERVAL}])")
    legend = " ".join(f"{{{{{label}}}}}" for label in labels)
    return Panel(
        kind="timeseries",
        title=text(organisation, name),
        description=text(organisation, f"{name}_why"),
        queries=[Query(expression=f"{counted} > 0", legend=legend)],
        unit="short",
        bars=True,
    )


def _graph(
    organisation: Organisation,
    name: str,
    queries: Sequence[Query],
    unit: str = "reqps",
    steps: Steps = (("green", None),),
) -> Panel:
    return Panel(
        kind="timeseries",
        title=text(organisation, name),
        description=text(organisation, f"{name}_why"),
        queries=queries,
        unit=unit,
        steps=steps,
        draws_steps=len(steps) > 1,
    )


def _stat(
    organisation: Organisation, name: str, expression: str, unit: str, steps: Steps = _PLAIN
) -> Panel:
    return Panel(
        kind="stat",
        title=text(organisation, name),
        description=text(organisation, f"{name}_why"),
        queries=[Query(expression=expression, instant=True)],
        unit=unit,
        width=4,
        height=4,
        steps=steps,
    )
