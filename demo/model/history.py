"""The platform's past as OpenMetrics with timestamps, for promtool to make blocks of."""

from array import array
from collections.abc import Iterable, Iterator, Mapping
from itertools import groupby
from operator import itemgetter
from pathlib import Path
from typing import TextIO

from demo.model.exposition import family_of
from demo.model.meter import Meter
from demo.model.places import Target
from demo.model.setting import Series, Setting, Values, series

_UP = series("up")
_TICK = itemgetter(0)
_Labels = tuple[tuple[str, str], ...]


class _Column:
    """The samples of one series: two arrays, since a day has millions of them."""

    def __init__(self) -> None:
        self.ticks = array("L")
        self.values = array("d")


# By series without the label `le`, so that a histogram's buckets stay together.
_Groups = dict[_Labels, dict[str, _Column]]


def write_history(
    path: Path, setting: Setting, targets: Iterable[Target], *, ticks: int, every: int = 1
) -> int:
    """Write `ticks` ticks from the start, with `up`, and return the number of samples.

    A sample stands at the end of each `every`-th tick, from tick 0 on, as if
    scraped then. For `promtool tsdb create-blocks-from openmetrics`. Families
    and series are contiguous, as the OpenMetrics specification asks.
    """
    families: dict[tuple[str, str], _Groups] = {}
    for target in targets:
        columns = _columns(scrapes(setting, target, ticks=ticks, every=every))
        for each, column in columns.items():
            labels = (*each.labels, *target.labels.items())
            group = tuple(pair for pair in labels if pair[0] != "le")
            family = families.setdefault(family_of(each.name), {})
            family.setdefault(group, {})[_head(each.name, labels)] = column
    stamps = {
        tick: str(setting.starts_at + setting.time_of(tick)) for tick in range(0, ticks + 1, every)
    }
    with path.open("w", encoding="utf-8") as text:
        written = sum(
            _write_family(text, stamps, name=name, kind=kind, groups=groups)
            for (name, kind), groups in families.items()
        )
        text.write("# EOF\n")
    return written


def _columns(scraped: Iterable[tuple[int, Values]]) -> dict[Series, _Column]:
    """Turn pages into series; those that follow each other with the same series, all at once."""
    found: dict[Series, _Column] = {}
    for names, pages in groupby(scraped, key=lambda scrape: tuple(scrape[1])):
        ticks, rows = zip(*((tick, values.values()) for tick, values in pages), strict=True)
        for name, values in zip(names, zip(*rows, strict=True), strict=True):
            column = found.setdefault(name, _Column())
            column.ticks.extend(ticks)
            column.values.extend(values)
    return found


def scrapes(
    setting: Setting, target: Target, *, ticks: int, every: int = 1
) -> Iterator[tuple[int, Values]]:
    """Yield what Prometheus would store of a target: the tick, and all series with `up`."""
    meter = Meter(setting, target)
    for tick in range(0, ticks + 1, every):
        yield tick, {**meter.read(setting, tick), _UP: 1.0}


def _head(name: str, labels: _Labels) -> str:
    written = ",".join(f'{label}="{_escaped(value)}"' for label, value in labels)
    return f"{name}{{{written}}}"


def _escaped(value: str) -> str:
    return value.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")


def _write_family(
    text: TextIO, stamps: Mapping[int, str], *, name: str, kind: str, groups: _Groups
) -> int:
    text.write(f"# TYPE {name} {kind}\n")
    written = 0
    for columns in groups.values():
        samples = [
            (tick, head, value)
            for head, column in columns.items()
            for tick, value in zip(column.ticks, column.values, strict=True)
        ]
        samples.sort(key=_TICK)  # at each tick the columns stay in their order
        text.writelines(f"{head} {value!r} {stamps[tick]}\n" for tick, head, value in samples)
        written += len(samples)
    return written
