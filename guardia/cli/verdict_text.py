"""A verdict as text for people and pipeline logs, and as JSON."""

import json
from collections.abc import Iterator
from datetime import datetime
from fractions import Fraction
from typing import Any

from generator.explaining.table import render_table
from generator.slo.percent import format_number, format_percent
from generator.verdict.comparison import Answer, Sample
from generator.verdict.judging import Beside, Judged, Withheld
from generator.verdict.sides import render_matchers
from guardia.cli.verdict_asking import JudgedSlo, Question, Verdict
from guardia.duration import format_duration
from guardia.problem import printable

_LAST_LINE = {
    Answer.YES: "verdict: yes, go on",
    Answer.NO: "verdict: no, roll back",
    Answer.NOT_ENOUGH: "verdict: not enough traffic, wait and ask again",
}
_CLUSTERED = 2  # from here on a design effect is worth a word


def render_text(verdict: Verdict) -> str:
    """Return the verdict for people; its last line is the answer."""
    rows: list[tuple[str, ...]] = [("SLI", "side", "events", "bad", "errors", "design effect")]
    for one in verdict.slos:
        rows += _rows(one)
    answers = [
        f"{one.slo.name}: {one.judged.answer.value}: {sentence}"
        for one in verdict.slos
        for sentence in [" ".join(_sentences(one))]
    ]
    left_out = [f"{slo.name}: not judged: {reason}" for slo, reason in verdict.not_judged]
    return "\n".join(
        [
            _heading(verdict.question),
            "",
            render_table(rows, indent="  "),
            "",
            *answers,
            *left_out,
            "",
            _LAST_LINE[verdict.answer],
        ]
    )


def _heading(question: Question) -> str:
    place = question.place
    where = place.environment if place.region is None else f"{place.environment}, {place.region}"
    baseline = "the objective"
    if question.baseline is not None:
        baseline = f"{{{render_matchers(question.baseline)}}}"
    grid = question.slices()
    return printable(
        f"{question.service.name} in {where}: {{{render_matchers(question.canary)}}} beside"
        f" {baseline}, {_instant(grid.starts_at)} to {_instant(grid.ends_at)} UTC"
        f" ({format_duration(question.step)})"
    )


def _instant(at: datetime) -> str:
    return f"{at:%Y-%m-%d %H:%M:%S}"


def _rows(one: JudgedSlo) -> Iterator[tuple[str, ...]]:
    judged = one.judged
    yield (one.slo.name, "canary", *_numbers(judged.canary))
    if judged.baseline is not None:
        side = "baseline" if judged.beside is Beside.STEP else "baseline before"
        yield ("", side, *_numbers(judged.baseline))


def _numbers(sample: Sample) -> tuple[str, ...]:
    return (
        f"{sample.events:,.0f}",
        f"{sample.bad:,.0f}",
        _percent(sample.ratio) if sample.events else "-",
        _effect(sample),
    )


def _effect(sample: Sample) -> str:
    yes, no = f"{sample.for_yes:.1f}", f"{sample.for_no:.1f}"
    return yes if yes == no else f"{yes} for a yes, {no} for a no"


def _sentences(one: JudgedSlo) -> Iterator[str]:
    judged = one.judged
    if judged.baseline is None:
        yield _beside_objective(judged)
    else:
        yield _beside_baseline(judged)
    if judged.compared.answer is Answer.NOT_ENOUGH and judged.canary.for_yes >= _CLUSTERED:
        yield (
            "Failures come together here, and a burst tells as little as one failure: time helps"
            " more than traffic."
        )
    if judged.beside is Beside.EARLIER:
        yield "The baseline has no traffic to speak of any more, so that before the step counts."
    if judged.withheld is None and _baseline_fails(judged):
        yield "The baseline fails as in an outage."
    if not one.counts_births:
        yield "Counted by the catalog's rates, which lose the first failures of new pods."


def _baseline_fails(judged: Judged) -> bool:
    return judged.baseline is not None and judged.baseline.ratio >= judged.margins.critical


def _beside_baseline(judged: Judged) -> str:
    if judged.withheld is not None:
        return _why_withheld(judged, judged.withheld)
    compared, margins = judged.compared, judged.margins
    low, high, critical = (
        _points(number) for number in (compared.low, compared.high, margins.critical)
    )
    match judged.answer:
        case Answer.NO:
            return f"its error ratio is {low} to {high} points higher, which is beyond chance."
        case Answer.YES if compared.low > 0:
            return (
                f"its error ratio is {low} to {high} points higher, beyond chance, but by less than"
                f" the tolerated {_points(margins.tolerated)}."
            )
        case Answer.YES if compared.high <= 0:
            return f"its error ratio is {_points(-compared.high)} points lower at least."
        case Answer.YES:
            return (
                f"its error ratio is {high} points higher at most; {critical} would have been seen."
            )
    return _too_few(judged, f"its error ratio may be {high} points higher", critical)


def _why_withheld(judged: Judged, withheld: Withheld) -> str:
    match withheld:
        case Withheld.BASELINE_FAILS:
            fails = "both fail" if judged.canary.bad > 0 else "the baseline fails"
            return (
                f"{fails} now, and the canary may be what breaks the baseline: wait until that is"
                " over, or roll back."
            )
        case Withheld.BASELINE_FAILED:
            usual = judged.usual or 0.0
            return (
                f"{_percent(judged.highest)} may fail, and a yes excludes"
                f" {_percent(usual + judged.margins.critical)}, as the baseline failed"
                f" {_percent(usual)} as a rule: when it failed more, that licenses no failures now."
                " Wait and ask again, or roll back."
            )


def _beside_objective(judged: Judged) -> str:
    compared, margins = judged.compared, judged.margins
    low, high, budget, critical = (
        _percent(number)
        for number in (compared.low, compared.high, margins.tolerated, margins.critical)
    )
    match judged.answer:
        case Answer.NO:
            return f"{low} to {high} fail, surely more than the {budget} that may."
        case Answer.YES:
            return f"{high} fail at most; {critical} would have been seen."
    return _too_few(judged, f"{high} may fail", critical)


def _too_few(judged: Judged, known: str, critical: str) -> str:
    if judged.canary.events == 0:
        return (
            "no event of the canary was counted: does traffic reach it, and are its matchers right?"
        )
    return (
        f"{known}, and a yes excludes {critical}: {judged.needed:,} events without a failure would"
        " do, more with some."
    )


def _points(number: float) -> str:
    """Return a difference of error ratios in percentage points."""
    return format_number(Fraction(number) * 100, digits=3)


def _percent(number: float) -> str:
    return format_percent(Fraction(number), digits=3)


def render_json(verdict: Verdict) -> str:
    """Return the verdict as JSON; all ratios are shares, 0..1."""
    question = verdict.question
    grid = question.slices()
    shown = {
        "verdict": verdict.answer.value,
        "service": question.service.name,
        "environment": question.place.environment,
        "region": question.place.region,
        "canary": render_matchers(question.canary),
        "baseline": None if question.baseline is None else render_matchers(question.baseline),
        "starts_at": grid.starts_at.isoformat(),
        "ends_at": grid.ends_at.isoformat(),
        "slos": [_slo_as_json(one) for one in verdict.slos],
        "not_judged": [{"slo": slo.name, "reason": reason} for slo, reason in verdict.not_judged],
    }
    return json.dumps(shown, indent=2, ensure_ascii=False)


def _slo_as_json(one: JudgedSlo) -> dict[str, Any]:
    judged = one.judged
    return {
        "slo": one.slo.name,
        "verdict": judged.answer.value,
        "because": " ".join(_sentences(one)),
        "beside": judged.beside.value,
        "canary": _sample_as_json(judged.canary),
        "baseline": None if judged.baseline is None else _sample_as_json(judged.baseline),
        "higher_by": {"from": judged.compared.low, "to": judged.compared.high},
        "tolerated": judged.margins.tolerated,
        "critical": judged.margins.critical,
        "events_needed": judged.needed,
    }


def _sample_as_json(sample: Sample) -> dict[str, float]:
    return {
        "events": sample.events,
        "bad": sample.bad,
        "error_ratio": sample.ratio,
        "design_effect_for_yes": sample.for_yes,
        "design_effect_for_no": sample.for_no,
    }
