"""Which SLOs of a service can tell a story in one place, so that a place is not needed for each."""

from collections.abc import Iterable
from datetime import timedelta

from generator.catalog.model import Service, Slo
from generator.promtool.traffic import Stretch, is_own, strange_series, traffic_series

MOST = 10  # in one place: each new one is held against all that are there
_STRETCH = Stretch(scrapes=1, good=1, bad=1)
_SCRAPE = timedelta(seconds=1)


def shared_places(service: Service) -> dict[str, str]:
    """Return for each SLO, by name, the first of those with which it shares places.

    In one place every rule of the service finds the series of all who share
    it, so only SLOs share that count nothing of each other's, strangers'
    included, and that wait equally long for traffic.
    """
    groups: list[list[Slo]] = []
    for slo in service.slos:
        if groups and len(groups[-1]) < MOST and all(_may_share(slo, one) for one in groups[-1]):
            groups[-1].append(slo)
        else:
            groups.append([slo])
    return {slo.name: group[0].name for group in groups for slo in group}


def _may_share(one: Slo, other: Slo) -> bool:
    return (
        one.no_traffic_for == other.no_traffic_for
        and not any(is_own(other.sli, text) for text in _series(one))
        and not any(is_own(one.sli, text) for text in _series(other))
    )


def _series(slo: Slo) -> Iterable[str]:
    return [
        *traffic_series(slo.sli, [_STRETCH], {}, scrape=_SCRAPE),
        *strange_series(slo.sli, _STRETCH, {}),
    ]
