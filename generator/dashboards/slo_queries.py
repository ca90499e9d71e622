"""PromQL over the recorded series of many SLOs, whose windows and pairs may differ."""

from collections.abc import Callable, Hashable, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Literal, TypeVar

from generator.catalog.model import RawSli, Service, Slo
from generator.naming import OBJECTIVE_SERIES, Events, rate_series, ratio_series, stored_series
from generator.promql.text import quote, select
from generator.slo.burn import BurnWindow
from generator.slo.percent import format_number
from guardia.severity import Severity

Declared = tuple[Service, Slo]
Side = Literal["long", "short"]
_Key = TypeVar("_Key", bound=Hashable)


@dataclass(frozen=True, slots=True, kw_only=True)
class SloQueries:
    """Queries over `slos`, by series with the matchers `chosen`.

    `promised` are the matchers of the objective, which carries no place.
    `store` is how often the sparse copies are recorded.
    """

    slos: Sequence[Declared]
    chosen: str
    promised: str
    store: timedelta

    @property
    def objective(self) -> str:
        """Return the objectives, 0..1."""
        return select(OBJECTIVE_SERIES, self.promised)

    def left(self) -> str:
        """Return the share of the error budget that is left in each SLO's window; below 0: over."""
        return f"1 - {self._burn(self._each(lambda slo: slo.window, self._ratio))}"

    def good(self) -> str:
        """Return the share of good events in each SLO's window."""
        return f"1 - ({self._each(lambda slo: slo.window, self._ratio)})"

    def failing(self) -> str:
        """Return the share of bad events over each SLO's shortest window."""
        return self._each(lambda slo: slo.base, self._ratio)

    def events(self, events: Events) -> str:
        """Return events a second; SLIs whose events are not counted have none."""
        return self._each(
            lambda slo: None if isinstance(slo.sli, RawSli) else slo.base,
            lambda window: select(rate_series(events, window), self.chosen),
        )

    def lasts_seconds(self) -> str:
        """Return how long each budget lasts at the rate of the worst pair's long window.

        Seconds = (budget − ratio of the window) × window ÷ ratio of the long window.
        """

        def seconds(windows: tuple[timedelta, timedelta]) -> str:
            whole, long = windows
            budget = f"on (service, slo) group_left () (1 - {self.objective})"
            over = f"({self._ratio(whole)} - {budget})"
            length = whole // timedelta(seconds=1)
            return f"-1 * {over} * {length} / ({self._ratio(long)} > 0)"

        return self._each(
            lambda slo: (slo.window, slo.burn_windows[0].long) if slo.burn_windows else None,
            seconds,
        )

    def pair_burn(self, severity: Severity, side: Side) -> str:
        """Return the burn rate over the long or the short window of a severity's pair."""

        def window(slo: Slo) -> timedelta | None:
            pair = _pair(slo, severity)
            return None if pair is None else pair.long if side == "long" else pair.short

        return self._burn(self._each(window, self._ratio))

    def pair_threshold(self, severity: Severity) -> str:
        """Return the burn rate above which a severity alerts."""
        return self._each(
            lambda slo: _rate(slo, severity),
            lambda rate: f"{rate} * ({self.objective} > bool 0)",
        )

    def nearness(self, severity: Severity) -> str:
        """Return how near each SLO is to a severity's alert: from 1 on its long window alerts."""

        def key(slo: Slo) -> tuple[timedelta, str] | None:
            pair = _pair(slo, severity)
            return None if pair is None else (pair.long, format_number(pair.burn_rate))

        return self._each(key, lambda found: f"{self._burn(self._ratio(found[0]))} / {found[1]}")

    def alerts_with(self, severity: Severity) -> bool:
        """Say whether any of the SLOs alerts with this severity."""
        return any(_pair(slo, severity) is not None for _, slo in self.slos)

    def bad_each_day(self) -> str:
        """Return the bad events of the day that ends at each moment."""

        def counted(window: timedelta) -> str:
            stored = select(stored_series("errors", window, self.store), self.chosen)
            # What was recorded, never extrapolated: a young history is no whole day.
            return f"sum_over_time({stored}[1d]) * {self.store // timedelta(seconds=1)}"

        return self._each(_stored_window, counted)

    def left_of_range(self) -> str:
        """Return the share of the budget left over the picture's whole time, event-weighted."""

        def ratio(window: timedelta) -> str:
            errors, total = (
                f"avg_over_time({select(stored_series(of, window, self.store), self.chosen)}"
                "[$__range])"
                for of in _BAD_AND_ALL
            )
            return f"{errors} / ({total} > 0)"

        return f"1 - {self._burn(self._each(_stored_window, ratio))}"

    def _ratio(self, window: timedelta) -> str:
        return select(ratio_series(window), self.chosen)

    def _burn(self, ratio: str) -> str:
        """Return a ratio as a burn rate, joined on the SLO's stable ids only."""
        return f"({ratio}) / on (service, slo) group_left () (1 - {self.objective})"

    def _each(self, key: Callable[[Slo], _Key | None], render: Callable[[_Key], str]) -> str:
        """Return one query for all SLOs: `render` for those of each key; none where it is None.

        Another SLO may record the same series for another end, so each part
        but that of the most is held to its own SLOs, and that to what is left.
        """
        groups: dict[_Key | None, list[Declared]] = {}
        for service, slo in self.slos:
            groups.setdefault(key(slo), []).append((service, slo))
        keys = [one for one in groups if one is not None]
        if not keys:
            return "vector(0) < 0"  # no SLO has it: an empty answer
        if len(groups) == 1:
            return render(keys[0])
        most = max(keys, key=lambda one: len(groups[one]))
        others = [one for name, ones in groups.items() if name != most for one in ones]
        parts = [f"(({render(most)}) unless on (service, slo) ({_named(others)}))"]
        parts += [
            f"(({render(one)}) and on (service, slo) ({_named(groups[one])}))"
            for one in keys
            if one != most
        ]
        return " or ".join(parts)


_BAD_AND_ALL: tuple[Events, Events] = ("errors", "total")


def _named(slos: Sequence[Declared]) -> str:
    """Return the objectives of exactly these SLOs."""
    by_service: dict[str, list[str]] = {}
    for service, slo in slos:
        by_service.setdefault(service.name, []).append(slo.name)
    return " or ".join(
        select(OBJECTIVE_SERIES, f"service={quote(service)},slo=~{quote('|'.join(names))}")
        for service, names in by_service.items()
    )


def _stored_window(slo: Slo) -> timedelta | None:
    return None if isinstance(slo.sli, RawSli) else slo.rate_windows[1]


def _pair(slo: Slo, severity: Severity) -> BurnWindow | None:
    return next((pair for pair in slo.burn_windows if pair.severity is severity), None)


def _rate(slo: Slo, severity: Severity) -> str | None:
    pair = _pair(slo, severity)
    return None if pair is None else format_number(pair.burn_rate)
