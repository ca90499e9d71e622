"""Which series a catalog speaks of: declared, read by an SLI or an alert, or made by our rules."""

from collections.abc import Iterable, Iterator
from datetime import timedelta

from promql_parser import VectorSelector

from generator.catalog.model import (
    ExpressionSli,
    FreshnessSli,
    LatencySli,
    RatioSli,
    RawSli,
    Service,
    Sli,
    UptimeSli,
)
from generator.promql.finding import read_expression
from generator.promql.shown import set_rate_interval
from generator.promql.text import set_window
from generator.promql.tree import metric

_OF_PROMETHEUS = ("up", "ALERTS", "ALERTS_FOR_STATE", "scrape_duration_seconds")
_ANY = timedelta(minutes=5)  # stands for $window while PromQL is read


def known_series(services: Iterable[Service | None], used: Iterable[str]) -> frozenset[str]:
    """Return the names of the series that something in the catalog speaks of.

    `used` are those of the presets. A service that is None could not be read.
    """
    found = (name for one in services if one is not None for name in _of_service(one))
    return frozenset((*_OF_PROMETHEUS, *used, *found))


def metric_names(expression: str) -> tuple[str, ...]:
    """Return the names of the metrics that valid PromQL reads, each once."""
    parts = read_expression(set_window(set_rate_interval(expression), _ANY)).parts()
    names = (metric(part) for part in parts if isinstance(part, VectorSelector))
    return tuple(dict.fromkeys(name for name in names if name))


def _of_service(service: Service) -> Iterator[str]:
    for selector in (service.targets, service.deployments):
        if selector is not None:
            yield selector.metric
    for declared in service.metrics:
        yield from declared.series
    for condition in service.conditions:
        yield from metric_names(condition.expression)
    for slo in service.slos:
        yield from _of_sli(slo.sli)


def _of_sli(sli: Sli) -> Iterator[str]:
    match sli:
        case RatioSli():
            yield from (one.metric for one in (sli.total, sli.bad, sli.good) if one is not None)
        case ExpressionSli():
            for text in (sli.total, sli.bad, sli.good):
                yield from metric_names(text) if text is not None else ()
        case LatencySli():
            base = sli.total.metric.removesuffix("_count")
            yield from (f"{base}{end}" for end in ("_bucket", "_count", "_sum"))
        case UptimeSli():
            yield sli.gauge.metric
        case FreshnessSli():
            yield sli.timestamp.metric
        case RawSli():
            yield from metric_names(sli.error_ratio)
