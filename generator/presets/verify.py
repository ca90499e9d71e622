"""Which presets work with what targets export: each metric that they read, looked up on pages."""

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from enum import StrEnum

from generator.presets.argument import usual_arguments
from generator.presets.model import Preset, UsedMetric
from generator.presets.page import Page
from generator.presets.render import render_metrics
from guardia.word import nearest

BY_PROMETHEUS = "Prometheus"  # writes `up` itself: no page has it
_CLOSE = 0.8  # names of metrics are long and many, and alike


class State(StrEnum):
    """What the pages say of one metric of a preset."""

    FOUND = "found"
    LABELS_NOT_SHOWN = "labels-not-shown"  # on a list of names
    NO_SERIES = "no-series"  # declared, so its labels are unknown
    LACKS_LABELS = "lacks-labels"
    MISSING = "missing"
    ELSEWHERE = "elsewhere"  # another exporter's, whose page was not given


# What is known to be there, or cannot be known from such pages.
_FINE = frozenset({State.FOUND, State.LABELS_NOT_SHOWN, State.ELSEWHERE})


@dataclass(frozen=True, slots=True, kw_only=True)
class VerifiedMetric:
    """A metric with its state: the labels that no series has, or a name that may be meant."""

    metric: UsedMetric
    state: State
    lacks: tuple[str, ...] = ()
    guess: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class VerifiedPreset:
    """A preset with the state of each metric that it reads."""

    preset: Preset
    metrics: tuple[VerifiedMetric, ...]

    @property
    def works(self) -> bool:
        """Tell whether nothing that it reads is known to be missing."""
        return all(one.state in _FINE for one in self.metrics)


def verify_presets(
    presets: Sequence[Preset], pages: Sequence[Page], *, named: str | None = None
) -> tuple[VerifiedPreset, ...]:
    """Return the presets that the pages concern, of all; or the family or preset `named`, whole.

    A page concerns a preset when it has one of its metrics. One that several
    exporters have, such as process_start_time_seconds, does not count for that.
    """
    telling = _telling(presets)
    chosen = [one for one in presets if named is None or named in (one.id, one.family)]
    verified = (_verify(one, pages, telling, every=named is not None) for one in chosen)
    return tuple(one for one in verified if one is not None)


def _telling(presets: Sequence[Preset]) -> Collection[str]:
    """Return the metrics that say whose page it is."""
    exporters: dict[str, set[str]] = {}
    for preset in presets:
        for metric in _metrics(preset):
            exporters.setdefault(metric.name, set()).add(metric.exporter)
    return {name for name, of in exporters.items() if len(of) == 1 and of != {BY_PROMETHEUS}}


def _metrics(preset: Preset) -> tuple[UsedMetric, ...]:
    return render_metrics(preset, usual_arguments(preset))


def _verify(
    preset: Preset, pages: Sequence[Page], telling: Collection[str], *, every: bool
) -> VerifiedPreset | None:
    metrics = _metrics(preset)
    there = {one.exporter for one in metrics if one.name in telling and _is_on(one.name, pages)}
    if not there and not every:
        return None
    expected = there or {one.exporter for one in metrics} - {BY_PROMETHEUS}
    return VerifiedPreset(
        preset=preset,
        metrics=tuple(
            VerifiedMetric(metric=one, state=State.ELSEWHERE)
            if one.exporter not in expected and not _is_on(one.name, pages)
            else verify_metric(one, pages)
            for one in metrics
        ),
    )


def _is_on(name: str, pages: Iterable[Page]) -> bool:
    return any(name in page.series or name in page.declared for page in pages)


def verify_metric(metric: UsedMetric, pages: Sequence[Page]) -> VerifiedMetric:
    """Return what the pages say of one metric: on one of them it has to be whole."""
    with_it = [page for page in pages if metric.name in page.series]
    needed = frozenset(metric.labels)
    lacking = [
        sorted(needed - labels)
        for page in with_it
        for labels in page.series[metric.name]
        if page.shows_labels or not needed
    ]
    if lacking:
        fewest = min(lacking, key=lambda one: (len(one), one))
        state = State.LACKS_LABELS if fewest else State.FOUND
        return VerifiedMetric(metric=metric, state=state, lacks=tuple(fewest))
    if with_it:
        return VerifiedMetric(metric=metric, state=State.LABELS_NOT_SHOWN)
    if _is_on(metric.name, pages):
        return VerifiedMetric(metric=metric, state=State.NO_SERIES)
    known = {name for page in pages for name in (*page.series, *page.declared)}
    guess = nearest(metric.name, known, close=_CLOSE)
    return VerifiedMetric(metric=metric, state=State.MISSING, guess=guess)
