"""Canary against baseline for one SLI: worse beyond chance, surely not much worse, or too few."""

import math
from dataclasses import dataclass
from enum import Enum

from generator.verdict.limits import lower_limit, upper_limit


class Answer(Enum):
    """What is said of a canary, from good news to bad."""

    YES = "yes"
    NOT_ENOUGH = "not enough traffic"
    NO = "no"


@dataclass(frozen=True, slots=True, kw_only=True)
class Sample:
    """Events of one side, how many were bad, and their design effect.

    The design effect differs by the answer that the events are held against.
    """

    events: float
    bad: float
    for_yes: float = 1.0
    for_no: float = 1.0

    @property
    def ratio(self) -> float:
        """Return the error ratio, 0..1; 0 where nothing was counted."""
        return self.bad / self.events if self.events > 0 else 0.0

    def below(self, alpha: float, effect: float) -> float:
        """Return the lower limit of the true ratio, for events with a design effect."""
        return lower_limit(self.bad / effect, self.events / effect, alpha)

    def above(self, alpha: float, effect: float) -> float:
        """Return the upper limit of the true ratio, for events with a design effect."""
        return upper_limit(self.bad / effect, self.events / effect, alpha)


@dataclass(frozen=True, slots=True, kw_only=True)
class Margins:
    """How much more may fail, as error ratios: what is tolerated, and what must have been seen."""

    tolerated: float
    critical: float

    def __post_init__(self) -> None:
        if not 0 < self.tolerated <= self.critical < 1:
            raise ValueError("margins lie between 0 and 1, the tolerated one is not the greater")


@dataclass(frozen=True, slots=True, kw_only=True)
class Risks:
    """How probable one wrong answer may be, at most: of each kind, for one SLI at one step."""

    wrong_yes: float
    wrong_no: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Compared:
    """By how much the canary's error ratio may lie above the baseline's, and the answer."""

    low: float
    high: float
    answer: Answer


def compare(canary: Sample, baseline: Sample, margins: Margins, risks: Risks) -> Compared:
    """Return what the canary's events say beside the baseline's.

    No: its ratio is higher beyond chance, and by more than is tolerated for
    all that is known. Yes: not so, and surely by less than is critical. More
    bad events of the canary never make the answer better. For the same
    design effects, that is.

    Source of the limits of a difference: Zou and Donner, "Construction of
    confidence limits about effect measures: a general approach", Statistics in
    Medicine 27 (2008), the square-and-add of Newcombe (ibid. 17, 1998, method
    10) with the exact limits of each side in place of the score's, which say
    "no" too easily where the canary is the smaller side.
    """
    difference = canary.ratio - baseline.ratio
    low = difference - math.hypot(
        canary.ratio - canary.below(risks.wrong_no, canary.for_no),
        baseline.above(risks.wrong_no, baseline.for_no) - baseline.ratio,
    )
    high = difference + math.hypot(
        canary.above(risks.wrong_yes, canary.for_yes) - canary.ratio,
        baseline.ratio - baseline.below(risks.wrong_yes, baseline.for_yes),
    )
    return Compared(low=low, high=high, answer=_answer(low, high, margins))


def compare_with_objective(canary: Sample, margins: Margins, risks: Risks) -> Compared:
    """Return what the canary's events say beside what the objective allows.

    The tolerated margin is then what may fail at all: a canary that surely
    fails more is refused.
    """
    low = canary.below(risks.wrong_no, canary.for_no)
    high = canary.above(risks.wrong_yes, canary.for_yes)
    return Compared(low=low, high=high, answer=_answer(low - margins.tolerated, high, margins))


def _answer(beyond: float, high: float, margins: Margins) -> Answer:
    if beyond > 0 and high >= margins.tolerated:
        return Answer.NO
    return Answer.YES if high < margins.critical else Answer.NOT_ENOUGH


def events_needed(margins: Margins, risks: Risks, effect: float) -> int:
    """Return how many events of a canary without a failure are enough for a yes."""
    return math.ceil(effect * math.log(risks.wrong_yes) / math.log1p(-margins.critical))
