"""Which SLOs tell at length: what only windows and kind decide is told once for all alike."""

from collections.abc import Hashable
from typing import NamedTuple

from generator.catalog.model import Catalog, ExpressionSli, RatioSli, Service, Slo


class SloName(NamedTuple):
    """One SLO of a catalog."""

    service: str
    slo: str


def find_tellers(catalog: Catalog) -> dict[SloName, SloName]:
    """Return for each SLO the one whose long stories prove its windows; itself, where it tells.

    Thresholds are no part of it: those are told of every SLO.
    """
    found: dict[SloName, SloName] = {}
    first: dict[Hashable, SloName] = {}
    for service in catalog.services:
        for slo in service.slos:
            name = SloName(service.name, slo.name)
            template = name if catalog.organisation.window_tests_for_every_slo else None
            found[name] = first.setdefault(template or _template(service, slo), name)
    return found


def _template(service: Service, slo: Slo) -> Hashable:
    pairs = tuple((p.severity, p.long, p.short, p.keep_firing_for) for p in slo.burn_windows)
    counts_good = isinstance(slo.sli, RatioSli | ExpressionSli) and slo.sli.good is not None
    lost = (bool(slo.by), service.targets is None)
    return (type(slo.sli), counts_good, slo.windows, slo.rate_windows, pairs, lost)
