"""One scrape of a target, as text."""

from collections.abc import Iterable

from prometheus_client import Metric
from prometheus_client.exposition import generate_latest

from demo.model.declared import BY_SERIES_NAME
from demo.model.setting import Values


class _Families:
    """Samples by metric, as the client library takes them from a collector."""

    def __init__(self, values: Values) -> None:
        self._found: dict[str, Metric] = {}
        for (series_name, labels), value in values.items():
            name, kind = family_of(series_name)
            meaning = BY_SERIES_NAME[series_name].help
            family = self._found.setdefault(name, Metric(name, meaning, kind))
            family.add_sample(series_name, dict(labels), value)

    def collect(self) -> Iterable[Metric]:
        return self._found.values()


def family_of(series_name: str) -> tuple[str, str]:
    """Return the name and type under which the formats list a series."""
    metric = BY_SERIES_NAME.get(series_name)
    if metric is None:  # `up`, which Prometheus itself writes
        return series_name, "gauge"
    if metric.type == "counter":
        # The formats know no counter without the suffix; some exporters do.
        name = metric.name.removesuffix("_total")
        return name, "unknown" if name == metric.name else "counter"
    return metric.name, metric.type


def render_page(values: Values) -> bytes:
    """Return one scrape in Prometheus's text format."""
    return generate_latest(_Families(values))
