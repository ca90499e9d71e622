"""One question for a verdict: which SLIs, which slices, and what Prometheus counts in them."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from fractions import Fraction

from generator.catalog.model import ExpressionSli, Organisation, Place, Service, Slo
from generator.slo.burn import WORKBOOK_BURN_WINDOWS, error_budget
from generator.slo.percent import format_number, format_percent
from generator.verdict.comparison import Answer, Margins
from generator.verdict.counts import FEWEST_SLICES, Slices
from generator.verdict.judging import (
    EARLIER_SLICES,
    STEP_SLICES,
    Evidence,
    Judged,
    has_baseline,
    judge,
)
from generator.verdict.queries import Counting, counting, why_not
from generator.verdict.sides import are_apart, place_matchers, render_matchers
from generator.verdict.whole import overall, risks
from guardia.cli.errors import UsageError
from guardia.cli.verdict_prometheus import Grid, Prometheus
from guardia.duration import format_duration
from guardia.matcher import Matcher

_SECOND = timedelta(seconds=1)
_SCRAPES = 4  # in a slice at least, or chance decides which slice an event counts in


@dataclass(frozen=True, slots=True, kw_only=True)
class Question:
    """What is asked: a service in one place, its two sides, a step and what came before it."""

    organisation: Organisation
    service: Service
    place: Place
    canary: tuple[Matcher, ...]
    baseline: tuple[Matcher, ...] | None  # None: the objective
    step: timedelta
    history: timedelta
    looks: int  # in the whole rollout
    burn_rate: Fraction | None  # that a yes excludes; None: as each SLO alerts
    ends_at: datetime

    def slices(self) -> Grid:
        """Return the slices of the step, none shorter than a few scrapes.

        Raises UsageError for a step that is too short for that.
        """
        shortest = _SCRAPES * self.organisation.scrape_interval
        number = min(STEP_SLICES, self.step // shortest)
        if number < FEWEST_SLICES:
            raise UsageError(
                f"a step of {format_duration(self.step)} is too short to see how failures come:"
                f" with scrapes every {format_duration(self.organisation.scrape_interval)} it takes"
                f" {format_duration(FEWEST_SLICES * shortest)} at least"
            )
        length = self.step / number // _SECOND * _SECOND
        return Grid(ends_at=self.ends_at, slice=length, number=number)

    def earlier(self) -> Grid:
        """Return the slices before the step."""
        step = self.slices()
        length = max(self.step // EARLIER_SLICES // _SECOND * _SECOND, step.slice)
        return Grid(ends_at=step.starts_at, slice=length, number=self.history // length)


@dataclass(frozen=True, slots=True, kw_only=True)
class JudgedSlo:
    """One SLO and what was found for it; `counts_births` where no first failure was lost."""

    slo: Slo
    judged: Judged
    counts_births: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """The answer for the whole service, with all that it follows from."""

    question: Question
    slos: tuple[JudgedSlo, ...]
    not_judged: tuple[tuple[Slo, str], ...]  # with the reason

    @property
    def answer(self) -> Answer:
        """Return the worst answer of all SLOs."""
        return overall([one.judged.answer for one in self.slos])


def ask(question: Question, prometheus: Prometheus) -> Verdict:
    """Return the verdict. Raises UsageError where there is nothing to judge by."""
    reasons = [(slo, why_not(slo.sli)) for slo in question.service.slos]
    judgeable = [slo for slo, reason in reasons if reason is None]
    not_judged = tuple((slo, reason) for slo, reason in reasons if reason is not None)
    if not judgeable:
        raise UsageError(_nothing(question.service, not_judged))
    level = risks(steps=question.looks, slis=len(judgeable))
    found = []
    for slo in judgeable:
        margins = _margins(question, slo)
        evidence = _evidence(question, slo, prometheus)
        if not has_baseline(evidence):
            raise UsageError(_no_baseline(question, slo))
        found.append(
            JudgedSlo(
                slo=slo,
                judged=judge(evidence, margins, level),
                counts_births=not isinstance(slo.sli, ExpressionSli),
            )
        )
    return Verdict(question=question, slos=tuple(found), not_judged=not_judged)


def _nothing(service: Service, not_judged: tuple[tuple[Slo, str], ...]) -> str:
    if not not_judged:
        return f"{service.name} has no SLO to judge a canary by: declare one that counts requests"
    listed = "; ".join(f"{slo.name}: {reason}" for slo, reason in not_judged)
    return f"{service.name} has no SLI that can be judged ({listed}); declare one of requests"


def _no_baseline(question: Question, slo: Slo) -> str:
    matchers = render_matchers(question.baseline or ())
    return (
        f"no event of the baseline {{{matchers}}} was counted for {slo.name}, neither in the step"
        f" nor in {format_duration(question.history)} before it: check its matchers, or leave"
        " --baseline out to judge the canary by the objective"
    )


def _margins(question: Question, slo: Slo) -> Margins:
    """Return how much more may fail: a burn rate of 1, and the one that a yes excludes."""
    budget = error_budget(slo.objective)
    pairs = slo.burn_windows or WORKBOOK_BURN_WINDOWS
    rate = pairs[0].burn_rate if question.burn_rate is None else question.burn_rate
    if rate * budget >= 1:
        raise UsageError(
            f"a burn rate of {format_number(rate)} means more failures than events for {slo.name}"
            f" ({format_percent(slo.objective)}): give a smaller --burn-rate"
        )
    return Margins(tolerated=float(budget), critical=float(max(rate, Fraction(1)) * budget))


def _evidence(question: Question, slo: Slo, prometheus: Prometheus) -> Evidence:
    step, earlier = question.slices(), question.earlier()
    canary, baseline = question.canary, question.baseline
    nothing = Slices(total=(), bad=())

    def count(side: tuple[Matcher, ...], grid: Grid, *, is_new: bool) -> Slices:
        return _count(question, slo, prometheus, side, grid, is_new=is_new)

    if baseline is not None:
        _check_no_event_on_both(question, slo, prometheus, baseline)
    return Evidence(
        canary=count(canary, step, is_new=True),
        baseline=None if baseline is None else count(baseline, step, is_new=False),
        earlier=nothing if baseline is None else count(baseline, earlier, is_new=False),
        earlier_slices=question.step / earlier.slice,
    )


def _count(
    question: Question,
    slo: Slo,
    prometheus: Prometheus,
    side: tuple[Matcher, ...],
    grid: Grid,
    *,
    is_new: bool,
) -> Slices:
    asked = _asked(question, slo, side, grid, is_new=is_new)
    total = prometheus.ask(asked.total, grid)
    counted = prometheus.ask(asked.counted, grid)
    if asked.is_good:
        both = zip(total, counted, strict=True)
        counted = tuple(max(every - good, 0.0) for every, good in both)
    return Slices(total=total, bad=counted)


def _asked(
    question: Question, slo: Slo, side: tuple[Matcher, ...], grid: Grid, *, is_new: bool
) -> Counting:
    place = place_matchers(question.organisation, question.place)
    try:
        return counting(slo.sli, render_matchers((*side, *place)), grid.slice, is_new=is_new)
    except ValueError as error:
        raise UsageError(f"{slo.name} cannot be asked for one side alone: {error}") from None


def _check_no_event_on_both(
    question: Question, slo: Slo, prometheus: Prometheus, baseline: tuple[Matcher, ...]
) -> None:
    """Raise UsageError when events of the step count on both sides, which would make them equal."""
    if are_apart(question.canary, baseline):
        return
    step, both = question.slices(), (*question.canary, *baseline)
    asked = _asked(question, slo, both, step, is_new=True)
    shared = sum(prometheus.ask(asked.total, step))
    if shared > 0:
        sides = (render_matchers(question.canary), render_matchers(baseline))
        raise UsageError(
            f"{shared:,.0f} events of {slo.name} count on both sides, {{{sides[0]}}} and"
            f" {{{sides[1]}}}: tell canary and baseline apart, such as by"
            """ 'version="NEW"' and 'version!="NEW"'"""
        )
