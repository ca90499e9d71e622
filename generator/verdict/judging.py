"""One SLI at one step of a canary: what was counted on both sides, and what follows from it."""

from dataclasses import dataclass, replace
from enum import Enum
from statistics import median

from generator.verdict.comparison import (
    Answer,
    Compared,
    Margins,
    Risks,
    Sample,
    compare,
    compare_with_objective,
    events_needed,
)
from generator.verdict.counts import Slices, clustering, expected_clustering

STEP_SLICES = 30  # a minute each in a step of half an hour
EARLIER_SLICES = 6  # of what came before, in the length of a step: it is long, and bursts last

# How many slices are joined to look for bursts. What both sides meet at the same time may
# change within half an hour; between now and then it counts as a difference by chance.
_IN_STEP = (1, 2, 4)
_EARLIER = (1, 2)
_EARLIER_APART = (1, 2, 3, 6)

_ENOUGH_FAILURES = 5  # one by one or bursts: then a side shows by itself how its failures come
_MOST_FOR_YES = 5.0  # times as many events as if failures came one by one
_LEAST_SHARE = 0.1  # of the canary's events: a baseline with fewer is no longer one


class Beside(Enum):
    """What the canary is compared with."""

    STEP = "the baseline in this step"
    EARLIER = "the baseline before this step"
    OBJECTIVE = "the objective"


@dataclass(frozen=True, slots=True, kw_only=True)
class Evidence:
    """What was counted for one SLI: both sides in the step, and the baseline before it.

    Without `baseline` the canary is judged by the objective. `earlier` may be
    empty, and has `earlier_slices` slices in the length of the step.
    """

    canary: Slices
    baseline: Slices | None
    earlier: Slices
    earlier_slices: float = EARLIER_SLICES


class Withheld(Enum):
    """Why there is no yes though the canary is surely not much worse than its baseline."""

    BASELINE_FAILS = "the baseline fails now"
    BASELINE_FAILED = "the baseline failed before, and the canary may fail more than it usually did"


@dataclass(frozen=True, slots=True, kw_only=True)
class Judged:
    """The answer for one SLI, with all that decided it."""

    canary: Sample
    baseline: Sample | None  # None: the objective
    beside: Beside
    margins: Margins
    compared: Compared
    needed: int  # events of a canary without failures that give a yes
    highest: float  # the upper limit of the canary's own ratio, for a yes
    usual: float | None  # the median ratio of the baseline before, when that stands for it
    withheld: Withheld | None = None  # only a yes is

    @property
    def answer(self) -> Answer:
        """Return what is said of the canary."""
        return self.compared.answer if self.withheld is None else Answer.NOT_ENOUGH


def has_baseline(evidence: Evidence) -> bool:
    """Say whether there is anything to compare with."""
    if evidence.baseline is None:
        return True
    return evidence.baseline.events > 0 or evidence.earlier.events > 0


def judge(evidence: Evidence, margins: Margins, risks: Risks) -> Judged:
    """Return the answer for one SLI.

    At the last step the baseline has no traffic any more, or next to none:
    then its events before the step stand for it, and how much its ratio
    changed from one length of a step to the next counts as chance.
    """
    beside = _beside(evidence)
    canary = _sample(evidence.canary, evidence, beside)
    if evidence.baseline is None or beside is Beside.OBJECTIVE:
        baseline, compared = None, compare_with_objective(canary, margins, risks)
    else:
        baseline = _baseline(evidence.baseline, evidence, beside, canary)
        compared = compare(canary, baseline, margins, risks)
    found = Judged(
        canary=canary,
        baseline=baseline,
        beside=beside,
        margins=margins,
        compared=compared,
        needed=events_needed(margins, risks, canary.for_yes),
        highest=canary.above(risks.wrong_yes, canary.for_yes),
        usual=_median_ratio(evidence.earlier) if beside is Beside.EARLIER else None,
    )
    return replace(found, withheld=_withheld(found)) if found.answer is Answer.YES else found


def _withheld(found: Judged) -> Withheld | None:
    """Return why a yes would say too much.

    A canary can kill what both sides need, such as a database, and then is no
    worse than its baseline. Nor is it known to be right where only the baseline
    fails: the canary may be what starves it. And an outage of yesterday, which
    lifts the day's mean, must not license failures of today.
    """
    critical = found.margins.critical
    if found.usual is not None and found.highest >= critical + found.usual:
        return Withheld.BASELINE_FAILED
    if found.beside is not Beside.STEP or found.baseline is None:
        return None
    return Withheld.BASELINE_FAILS if found.baseline.ratio >= critical else None


def _median_ratio(earlier: Slices) -> float:
    ratios = [x / n for n, x in zip(earlier.total, earlier.bad, strict=True) if n > 0]
    return min(median(ratios), 1.0)


def _beside(evidence: Evidence) -> Beside:
    if evidence.baseline is None:
        return Beside.OBJECTIVE
    now = evidence.baseline.events
    is_gone = now < _LEAST_SHARE * evidence.canary.events or now == 0
    return Beside.EARLIER if is_gone and evidence.earlier.events > now else Beside.STEP


def _baseline(baseline: Slices, evidence: Evidence, beside: Beside, canary: Sample) -> Sample:
    """Return the baseline's sample, whose failures come in no smaller bursts than the canary's.

    One burst of the canary beside a baseline without any would look like much
    more than it is if only the canary's events were taken for alike.
    """
    if beside is Beside.EARLIER:
        earlier = evidence.earlier
        effect = clustering(earlier, _EARLIER_APART)
        found = Sample(events=earlier.events, bad=earlier.bad_events, for_yes=effect, for_no=effect)
    else:
        found = _sample(baseline, evidence, beside)
    return replace(
        found,
        for_yes=max(found.for_yes, canary.for_yes),
        for_no=max(found.for_no, canary.for_no),
    )


def _sample(side: Slices, evidence: Evidence, beside: Beside) -> Sample:
    """Return one side's events in the step, with how much less they tell than independent ones.

    A side with few failures shows nothing of how they come, so it is asked how
    the baseline's came: in the step, and before. For a yes the latter count up
    to a bound, or an incident of yesterday would withhold it all day.
    """
    effect = clustering(side, _IN_STEP)
    if evidence.baseline is not None:
        step = evidence.baseline
        slices = len(step.total)
        of_step = expected_clustering(step, _IN_STEP, events=side.events, slices=slices)
        effect = max(effect, of_step)
    usual = min(clustering(evidence.earlier, _EARLIER), _MOST_FOR_YES)
    return Sample(
        events=side.events,
        bad=side.bad_events,
        for_yes=max(effect, usual),
        for_no=max(effect, _usual_for_no(side, evidence, beside)),
    )


def _usual_for_no(side: Slices, evidence: Evidence, beside: Beside) -> float:
    """Return the design effect of a side that fails as the baseline usually did, for a no.

    It is not asked for where a canary's failures are enough to tell how they
    come: if it were like the baseline, the baseline's would come so too, and
    one that fails one by one must not hide behind the bursts of another day.
    Beside a baseline of another time it is: a night may fail more than a day.
    """
    canary = evidence.canary
    shows_itself = canary.bad_events >= _ENOUGH_FAILURES * clustering(canary, _IN_STEP)
    if shows_itself and beside is not Beside.EARLIER:
        return 1.0
    lengths = _EARLIER_APART if beside is Beside.EARLIER else _EARLIER
    return expected_clustering(
        evidence.earlier, lengths, events=side.events, slices=evidence.earlier_slices
    )
