"""Which SLOs of a service can tell a story in one place, so that a place is not needed for each."""

from collections.abc import Sequence
from datetime import timedelta
from typing import NamedTuple

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
    groups: list[list[_Neighbour]] = []
    for slo in service.slos:
        new = _Neighbour(slo, _series(slo))
        if groups and len(groups[-1]) < MOST and all(_may_share(new, one) for one in groups[-1]):
            groups[-1].append(new)
        else:
            groups.append([new])
    return {one.slo.name: group[0].slo.name for group in groups for one in group}


class _Neighbour(NamedTuple):
    """An SLO, and the names of the series that its stories tell of."""

    slo: Slo
    series: Sequence[str]


def _may_share(one: _Neighbour, other: _Neighbour) -> bool:
    return (
        one.slo.no_traffic_for == other.slo.no_traffic_for
        and not any(is_own(other.slo.sli, text) for text in one.series)
        and not any(is_own(one.slo.sli, text) for text in other.series)
    )


def _series(slo: Slo) -> list[str]:
    return [
        *traffic_series(slo.sli, [_STRETCH], {}, scrape=_SCRAPE),
        *strange_series(slo.sli, _STRETCH, {}),
    ]
