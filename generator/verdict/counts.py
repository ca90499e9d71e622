"""Events counted in slices of time, and how much less than independent ones they tell."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

FEWEST_SLICES = 5  # fewer say next to nothing of how failures come


@dataclass(frozen=True, slots=True, kw_only=True)
class Slices:
    """Events of one side in slices of equal length, oldest first: how many, how many bad.

    Numbers may be fractions: PromQL's rates guess what lies between scrapes.
    """

    total: tuple[float, ...]
    bad: tuple[float, ...]

    @property
    def events(self) -> float:
        """Return the number of all events."""
        return sum(self.total)

    @property
    def bad_events(self) -> float:
        """Return the number of bad events, at most that of all."""
        return min(sum(self.bad), self.events)

    def joined(self, number: int) -> "Slices":
        """Return longer slices, `number` in one; the oldest that fill none are left out."""
        first = len(self.total) % number
        return Slices(total=_sums(self.total[first:], number), bad=_sums(self.bad[first:], number))


def _sums(values: Sequence[float], number: int) -> tuple[float, ...]:
    return tuple(sum(values[at : at + number]) for at in range(0, len(values), number))


def design_effect(slices: Slices) -> float:
    """Return how many times a ratio varies more than if each event failed on its own; at least 1.

    Dividing both counts by it leaves the number of independent events that
    would tell as much. Source: Rao and Scott, "A simple method for the analysis
    of clustered binary data", Biometrics 48 (1992); a slice of time is their
    cluster, and a factor below 1 is chance.
    """
    counted = [(n, x) for n, x in zip(slices.total, slices.bad, strict=True) if n > 0]
    events, bad = slices.events, slices.bad_events
    if len(counted) < 2 or not 0 < bad < events:
        return 1.0
    ratio = bad / events
    squares = sum((x - n * ratio) ** 2 for n, x in counted)
    variance = len(counted) / (len(counted) - 1) * squares / events**2
    return max(1.0, events * variance / (ratio * (1 - ratio)))


def clustering(slices: Slices, lengths: Iterable[int]) -> float:
    """Return the greatest design effect of slices joined by any of `lengths`.

    A burst of failures that lasts longer than a slice shows in longer ones only.
    """
    effects = [
        design_effect(joined)
        for joined in (slices.joined(number) for number in lengths)
        if len(joined.total) >= FEWEST_SLICES
    ]
    return max(effects, default=1.0)


def expected_clustering(
    history: Slices, lengths: Iterable[int], *, events: float, slices: float
) -> float:
    """Return the design effect of `events` in `slices` slices that fail in bursts as `history` did.

    Events of one slice are alike to the same degree (the intra-cluster
    correlation) however many there are, so a side with less traffic sees
    smaller bursts: effect = 1 + (events of a slice − 1) × correlation. Source:
    Kish, "Survey Sampling" (1965), section 5.4.
    """
    found = 1.0
    for number in lengths:
        joined = history.joined(number)
        counted = [n for n in joined.total if n > 0]
        if len(counted) < FEWEST_SLICES:
            continue
        size = sum(n * n for n in counted) / sum(counted)  # as the average event sees its slice
        of_side = events * number / slices
        if size > 1 and of_side > 1:
            correlation = (design_effect(joined) - 1) / (size - 1)
            found = max(found, 1 + (of_side - 1) * correlation)
    return found
