"""The canary's verdict: exact limits, published design effects, and what more failures may do."""

import math
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from benchmarks.verdict import FAILING, HEALTHY, MARGINS, Failing, Rates, Scene, simulate
from generator.catalog.model import Organisation, Place, Service
from generator.verdict.comparison import (
    Answer,
    Margins,
    Risks,
    Sample,
    compare,
    compare_with_objective,
    events_needed,
)
from generator.verdict.counts import Slices, clustering, design_effect, expected_clustering
from generator.verdict.judging import (
    Beside,
    Evidence,
    Judged,
    Withheld,
    has_baseline,
    judge,
)
from generator.verdict.limits import incomplete_beta, lower_limit, upper_limit
from generator.verdict.queries import counting, why_not
from generator.verdict.sides import (
    SideError,
    are_apart,
    check_apart,
    check_place_labels,
    choose_place,
    parse_matchers,
    place_matchers,
    render_matchers,
)
from generator.verdict.whole import overall, risks
from tests.catalogs import CATALOG, copy_catalog, read_whole

RISKS = Risks(wrong_yes=0.01, wrong_no=0.05 / 8)
WORSE = [Answer.YES, Answer.NOT_ENOUGH, Answer.NO]


def tail(bad: int, total: int, ratio: float) -> float:
    """Return the probability of so many bad events or more, added up one by one."""
    return math.fsum(
        math.comb(total, k) * ratio**k * (1 - ratio) ** (total - k) for k in range(bad, total + 1)
    )


def slices(bad: list[float], each: float = 1000) -> Slices:
    return Slices(total=(each,) * len(bad), bad=tuple(bad))


# Weil's litters of rats, as Rao and Scott give them: how many of how many pups survived.
CONTROL = "13/13 12/12 9/9 9/9 8/8 8/8 12/13 11/12 9/10 9/10 8/9 11/13 4/5 5/7 7/10 7/10"
TREATED = "12/12 11/11 10/10 9/9 10/11 9/10 9/10 8/9 8/9 4/5 7/9 4/7 5/10 3/6 3/10 0/7"


@pytest.mark.parametrize(("litters", "published"), [(CONTROL, 1.232495), (TREATED, 3.952861)])
def test_the_design_effect_is_the_published_one(litters: str, published: float) -> None:
    pairs = [tuple(map(int, one.split("/"))) for one in litters.split()]
    found = Slices(total=tuple(n for _, n in pairs), bad=tuple(x for x, _ in pairs))
    assert design_effect(found) == pytest.approx(published, abs=1e-6)


@given(total=st.integers(1, 120), data=st.data(), alpha=st.sampled_from([0.05, 0.01, 0.001]))
def test_limits_are_where_the_binomial_tail_has_the_stated_probability(
    total: int, data: st.DataObject, alpha: float
) -> None:
    bad = data.draw(st.integers(0, total))
    low, high = lower_limit(bad, total, alpha), upper_limit(bad, total, alpha)
    assert 0 <= low <= bad / total <= high <= 1
    if bad > 0:
        assert tail(bad, total, low) == pytest.approx(alpha, rel=1e-6)
    if bad < total:
        assert 1 - tail(bad + 1, total, high) == pytest.approx(alpha, rel=1e-6)


def test_limits_hold_for_very_many_events() -> None:
    # The Poisson distribution's known limits for 10 events, two-sided 95 %: 4.795 and 18.391.
    many = 1e9
    assert lower_limit(10, many, 0.025) * many == pytest.approx(4.795, abs=1e-3)
    assert upper_limit(10, many, 0.025) * many == pytest.approx(18.391, abs=1e-3)
    assert incomplete_beta(0.5, 5e6, 5e6) == pytest.approx(0.5, abs=1e-6)


def test_a_step_without_failures_follows_the_rule_of_three() -> None:
    # Hanley and Lippman-Hand (1983): none of n failed, so at most 3/n do, with 95 %.
    assert upper_limit(0, 1000, 0.05) == pytest.approx(0.003, rel=0.01)
    needed = events_needed(MARGINS, RISKS, 1)
    assert upper_limit(0, needed, RISKS.wrong_yes) <= MARGINS.critical
    assert upper_limit(0, needed - 1, RISKS.wrong_yes) > MARGINS.critical


@pytest.mark.parametrize(
    ("objective", "burn_rate", "needed"),
    [(0.999, 14.4, 318), (0.995, 14.4, 62), (0.99, 14.4, 30), (0.95, 14.4, 4), (0.95, 2, 44)],
)
def test_a_low_objective_takes_few_events_as_documented(
    objective: float, burn_rate: float, needed: int
) -> None:
    budget = 1 - objective
    margins = Margins(tolerated=budget, critical=burn_rate * budget)
    assert events_needed(margins, RISKS, 1) == needed


@pytest.mark.parametrize(
    ("share", "minutes", "answer"),
    [
        (0.05, 1, Answer.YES),
        *[(1.0, minutes, Answer.NOT_ENOUGH) for minutes in (1, 2, 5, 8)],
        *[(1.0, minutes, Answer.NO) for minutes in (9, 15)],
        *[(0.5, minutes, Answer.NOT_ENOUGH) for minutes in (1, 5)],
        *[(0.5, minutes, Answer.NO) for minutes in (6, 15)],
    ],
)
@pytest.mark.parametrize("each", [60, 6000])
def test_a_burst_in_the_last_minutes_is_answered_as_documented(
    share: float, minutes: int, answer: Answer, each: float
) -> None:
    canary = slices([0.0] * (30 - minutes) + [share * each] * minutes, each=each)
    baseline = slices([each * 9 * HEALTHY] * 30, each=each * 9)
    earlier = slices([each * 50 * HEALTHY] * 288, each=each * 50)
    evidence = Evidence(canary=canary, baseline=baseline, earlier=earlier)
    assert judge(evidence, MARGINS, RISKS).answer is answer


@pytest.mark.parametrize("share", [1 / 9, 1 / 3, 1, 3])
@pytest.mark.parametrize("ratio", [0.001, 0.01, 0.1])
def test_an_equal_canary_is_refused_no_more_often_than_stated_counted_out(
    share: float, ratio: float
) -> None:
    """Every outcome of two binomials, with its probability: no simulation, no approximation."""
    margins = Margins(tolerated=1e-9, critical=0.5)  # so that only chance keeps from a no
    events = 60
    canary, baseline = round(events * share), events
    if share < 1:
        canary, baseline = events, round(events / share)
    wrong = 0.0
    for x in range(canary + 1):
        here = math.comb(canary, x) * ratio**x * (1 - ratio) ** (canary - x)
        if here < 1e-9:
            continue
        for y in range(baseline + 1):
            there = math.comb(baseline, y) * ratio**y * (1 - ratio) ** (baseline - y)
            if there < 1e-9:
                continue
            found = compare(
                Sample(events=canary, bad=x), Sample(events=baseline, bad=y), margins, RISKS
            )
            wrong += here * there * (found.low > 0)
    assert wrong <= RISKS.wrong_no


sides = st.builds(
    lambda events, share, effect, usual: Sample(
        events=events, bad=round(events * share), for_yes=effect, for_no=usual
    ),
    events=st.integers(1, 10**6),
    share=st.one_of(st.just(0.0), st.floats(0, 0.05), st.floats(0, 1)),
    effect=st.one_of(st.just(1.0), st.floats(1, 50)),
    usual=st.one_of(st.just(1.0), st.floats(1, 50)),
)


@given(canary=sides, baseline=sides, more=st.integers(1, 1000))
@settings(max_examples=300)
def test_more_bad_events_never_make_the_answer_better(
    canary: Sample, baseline: Sample, more: int
) -> None:
    worse = replace(canary, bad=min(canary.events, canary.bad + more))
    before = compare(canary, baseline, MARGINS, RISKS).answer
    after = compare(worse, baseline, MARGINS, RISKS).answer
    assert WORSE.index(after) >= WORSE.index(before)
    before = compare_with_objective(canary, MARGINS, RISKS).answer
    after = compare_with_objective(worse, MARGINS, RISKS).answer
    assert WORSE.index(after) >= WORSE.index(before)


@given(canary=sides, baseline=sides)
def test_bursts_only_make_the_interval_wider(canary: Sample, baseline: Sample) -> None:
    alone = compare(canary, baseline, MARGINS, RISKS)
    burst = replace(canary, for_yes=canary.for_yes * 2, for_no=canary.for_no * 2)
    clustered = compare(burst, baseline, MARGINS, RISKS)
    assert clustered.low <= alone.low + 1e-9
    assert clustered.high >= alone.high - 1e-9
    assert alone.low <= canary.ratio - baseline.ratio <= alone.high


@given(canary=sides, baseline=sides, times=st.integers(2, 20))
def test_the_same_ratios_from_more_events_tell_more(
    canary: Sample, baseline: Sample, times: int
) -> None:
    def scaled(side: Sample) -> Sample:
        return replace(side, events=side.events * times, bad=side.bad * times)

    few = compare(canary, baseline, MARGINS, RISKS)
    many = compare(scaled(canary), scaled(baseline), MARGINS, RISKS)
    assert many.low >= few.low - 1e-9
    assert many.high <= few.high + 1e-9


@given(one=sides, other=sides)
def test_sides_that_swap_turn_the_interval_round(one: Sample, other: Sample) -> None:
    even = Risks(wrong_yes=0.01, wrong_no=0.01)
    one, other = (replace(side, for_no=side.for_yes) for side in (one, other))
    there, back = compare(one, other, MARGINS, even), compare(other, one, MARGINS, even)
    assert there.low == pytest.approx(-back.high, abs=1e-9)
    assert not there.answer is back.answer is Answer.NO


def test_nothing_counted_is_never_a_yes() -> None:
    nothing = Sample(events=0, bad=0)
    baseline = Sample(events=10**6, bad=0)
    assert compare(nothing, baseline, MARGINS, RISKS).answer is Answer.NOT_ENOUGH
    assert compare_with_objective(nothing, MARGINS, RISKS).answer is Answer.NOT_ENOUGH


def test_what_is_worse_beyond_chance_and_still_tolerated_may_go_on() -> None:
    found = compare(
        Sample(events=10**7, bad=5000), Sample(events=10**8, bad=20_000), MARGINS, RISKS
    )
    assert found.low > 0
    assert found.high < MARGINS.tolerated
    assert found.answer is Answer.YES


@pytest.mark.parametrize("canary", [0.0, 50.0, 500.0])
def test_beside_a_baseline_that_fails_now_there_is_no_yes(canary: float) -> None:
    """The canary may have killed the database of both, or starve the baseline alone."""

    def answer(bad: float) -> Answer:
        baseline = slices([bad] * 30, each=9000)
        evidence = Evidence(
            canary=slices([canary] * 30, each=9000), baseline=baseline, earlier=slices([1.0] * 288)
        )
        return judge(evidence, MARGINS, RISKS).answer

    assert answer(130) is not Answer.YES
    assert answer(4500) is Answer.NOT_ENOUGH


def test_ten_failures_at_once_tell_as_little_as_one() -> None:
    burst = slices([0.0] * 29 + [10.0], each=60)
    spread = slices([1.0, 0.0, 0.0] * 10, each=60)
    quiet = slices([0.0] * 30, each=540)
    earlier = Slices(total=(), bad=())

    def answer(canary: Slices) -> Answer:
        evidence = Evidence(canary=canary, baseline=quiet, earlier=earlier)
        return judge(evidence, MARGINS, RISKS).answer

    assert design_effect(burst) == pytest.approx(10, rel=0.01)
    assert answer(burst) is Answer.NOT_ENOUGH
    assert answer(spread) is Answer.NO


def test_a_burst_that_fills_two_slices_shows_when_they_are_joined() -> None:
    found = slices([0.0] * 14 + [6.0, 6.0] + [0.0] * 14)
    assert clustering(found, (1,)) == pytest.approx(6, rel=0.05)
    assert clustering(found, (1, 2, 4)) == pytest.approx(12, rel=0.05)


def test_of_the_baselines_bursts_a_smaller_side_gets_its_part() -> None:
    history = slices([0.0, 100.0, 0.0] * 30, each=1000)
    whole = design_effect(history)
    tenth = expected_clustering(history, (1,), events=600, slices=6)
    same = expected_clustering(history, (1,), events=6000, slices=6)
    assert same == pytest.approx(whole, rel=1e-9)
    assert tenth == pytest.approx(1 + (whole - 1) * 99 / 999, rel=1e-9)
    assert expected_clustering(slices([]), (1,), events=600, slices=6) == 1


@given(
    bad=st.lists(st.integers(0, 50), min_size=0, max_size=40),
    total=st.lists(st.integers(0, 50), min_size=40, max_size=40),
)
def test_a_design_effect_is_a_number_from_1_on(bad: list[int], total: list[int]) -> None:
    found = Slices(
        total=tuple(total[: len(bad)]),
        bad=tuple(min(x, n) for x, n in zip(bad, total, strict=False)),
    )
    effect = design_effect(found)
    assert effect >= 1
    assert math.isfinite(effect)
    assert clustering(found, (1, 2, 4)) >= 1


def test_the_baseline_before_the_step_stands_in_when_it_has_no_traffic_any_more() -> None:
    canary = slices([0.0] * 30)
    gone = slices([0.0] * 30, each=0)
    earlier = slices([1.0] * 60)
    evidence = Evidence(canary=canary, baseline=gone, earlier=earlier)
    found = judge(evidence, MARGINS, RISKS)
    assert found.beside is Beside.EARLIER
    assert found.baseline is not None
    assert found.baseline.events == 60_000
    still = replace(evidence, baseline=slices([0.0] * 30, each=200))
    assert judge(still, MARGINS, RISKS).beside is Beside.STEP
    assert judge(replace(evidence, baseline=None), MARGINS, RISKS).beside is Beside.OBJECTIVE
    assert not has_baseline(replace(evidence, earlier=slices([])))


def test_a_baseline_that_changes_from_one_half_hour_to_the_next_proves_less() -> None:
    """A night that fails more than the day is no reason to refuse a canary."""
    canary = slices([2.0] * 30)
    gone = slices([0.0] * 30, each=0)
    even = slices([1.0] * 288)
    uneven = slices(([0.0] * 36 + [2.0] * 36) * 4)

    def answer(earlier: Slices) -> Answer:
        return judge(Evidence(canary=canary, baseline=gone, earlier=earlier), MARGINS, RISKS).answer

    assert answer(even) is Answer.NO
    assert answer(uneven) is Answer.YES


def test_an_outage_of_yesterday_does_not_license_failures_at_the_last_step() -> None:
    """Four hours at 20 % make a mean of 3 %, which 2 % would lie below for good."""
    gone = slices([0.0] * 30, each=0)

    def judged(bad: float, earlier: list[float]) -> Judged:
        evidence = Evidence(
            canary=slices([bad] * 30, each=300),
            baseline=gone,
            earlier=slices(earlier, each=1500),
        )
        return judge(evidence, MARGINS, RISKS)

    outage = [0.0] * 100 + [300.0] * 48 + [0.0] * 140
    failing = judged(6, outage)
    assert failing.compared.answer is Answer.YES
    assert (failing.answer, failing.withheld) == (Answer.NOT_ENOUGH, Withheld.BASELINE_FAILED)
    assert judged(0.1, outage).answer is Answer.YES
    # A baseline that always failed as much is no outage, and a canary like it goes on.
    assert judged(6, [30.0] * 288).answer is Answer.YES


def test_an_incident_of_yesterday_withholds_no_yes_and_hides_no_steady_failing() -> None:
    incident = slices([0.0] * 200 + [400.0] * 4 + [0.0] * 84, each=800)
    quiet = slices([0.0] * 30, each=540)

    def answer(bad: list[float]) -> Answer:
        canary = slices(bad, each=60)
        evidence = Evidence(canary=canary, baseline=quiet, earlier=incident)
        return judge(evidence, MARGINS, RISKS).answer

    assert answer([0.0] * 30) is Answer.YES
    assert answer([1.0] * 30) is Answer.NO
    # A few failures may be a small part of such an incident, and are no longer evidence.
    few = [0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 1.0] * 4 + [0.0, 0.0]
    assert answer(few) is not Answer.NO
    calm = slices([0.0] * 288, each=800)
    canary = slices(few, each=60)
    found = judge(Evidence(canary=canary, baseline=quiet, earlier=calm), MARGINS, RISKS)
    assert found.answer is Answer.NO


def test_one_no_outweighs_all_and_one_doubt_every_yes() -> None:
    assert overall([Answer.YES, Answer.NOT_ENOUGH, Answer.NO]) is Answer.NO
    assert overall([Answer.YES, Answer.NOT_ENOUGH]) is Answer.NOT_ENOUGH
    assert overall([Answer.YES]) is Answer.YES
    assert risks(steps=4, slis=2).wrong_no * 8 == pytest.approx(0.05)


@pytest.mark.parametrize(
    ("tolerated", "critical"), [(0, 0.1), (0.1, 0.05), (0.1, 1), (math.nan, 0.1)]
)
def test_margins_that_make_no_sense_are_refused(tolerated: float, critical: float) -> None:
    with pytest.raises(ValueError, match="margins"):
        Margins(tolerated=tolerated, critical=critical)


@pytest.mark.parametrize(
    "text",
    [
        'version="v2"} or up{',
        'version="v2"}[5m',
        'version="v2"} offset 5m #',
        'version="v2"}#',
        "",
        "version",
        '{version="v2"}',
        '__name__="up"',
        '__name__=~"up.*"',
        'version="v2" or version="v3"',
        'version=~"("',
        'version=~"(?<!x)y"',
        'version="v2"' * 1000,
    ],
)
def test_what_is_no_list_of_matchers_is_refused(text: str) -> None:
    with pytest.raises(SideError, match="matchers"):
        parse_matchers(text)


@given(
    value=st.text(st.characters(codec="utf-8", exclude_characters="\0"), max_size=30),
    operator=st.sampled_from(["=", "!="]),
)
def test_any_value_is_only_ever_a_value(value: str, operator: str) -> None:
    written = render_matchers(parse_matchers(f'version{operator}"x"'))
    assert written == f'version{operator}"x"'
    (matcher,) = parse_matchers('version="x"')
    text = render_matchers([replace(matcher, value=value, operator=operator)])
    (back,) = parse_matchers(text)
    assert (back.value, back.operator) == (value, operator)


@pytest.fixture(scope="module")
def frozen() -> tuple[Organisation, Service]:
    catalog = read_whole(CATALOG)
    return catalog.organisation, catalog.services[0]


def test_no_event_may_count_on_both_sides() -> None:
    def apart(canary: str, baseline: str) -> None:
        check_apart(parse_matchers(canary), parse_matchers(baseline))

    apart('version="v2"', 'version="v1"')
    apart('version="v2"', 'version!="v2"')
    apart('version="v2"', 'track="stable"')
    with pytest.raises(SideError, match=r'\{version="v2"\} would count on both sides'):
        apart('version="v2"', 'version=~"v.*"')


@pytest.mark.parametrize(
    ("canary", "baseline", "sure"),
    [
        ('version="v2"', 'version="v1"', True),
        ('version="v2"', 'version!="v2"', True),
        ('version=~"v3.*"', 'version="v2"', True),
        ('version="v2",track="new"', 'version=~"v.*",track="old"', True),
        ('version=~"v2[.].+"', 'version=~".+[.]1"', False),
        ('version="v2"', 'track="stable"', False),
        ('version="v2"', 'version=~"v.*"', False),
    ],
)
def test_matchers_that_may_share_events_are_known(canary: str, baseline: str, sure: bool) -> None:
    sides = parse_matchers(canary), parse_matchers(baseline)
    assert are_apart(*sides) == are_apart(*reversed(sides)) == sure


def test_a_place_is_chosen_by_the_command_not_by_a_side(
    frozen: tuple[Organisation, Service],
) -> None:
    organisation, service = frozen
    assert choose_place(organisation, service, "prod", None) == Place(
        environment="prod", region=None
    )
    with pytest.raises(SideError, match="runs in dev, qa, staging, prod: say which"):
        choose_place(organisation, service, None, None)
    with pytest.raises(SideError, match="did you mean prod"):
        choose_place(organisation, service, "prodd", None)
    with pytest.raises(SideError, match="leave --region out"):
        choose_place(organisation, service, "prod", "a")
    with pytest.raises(SideError, match="use --environment for both"):
        check_place_labels(organisation, parse_matchers('environment="prod"'))


def test_a_region_is_asked_for_where_there_are_several(tmp_path: Path) -> None:
    organisation = "organisation: Conecta360\n"
    regions = "regions: {label: region, names: [a, b], environments: [prod]}\n"
    folder = copy_catalog(
        tmp_path, changes={"catalog.yaml": (organisation, organisation + regions)}
    )
    # Conditions and people of the frozen catalog know no regions.
    (folder / "services" / "derivacion.yaml").unlink()
    text = (folder / "services" / "casos.yaml").read_text(encoding="utf-8")
    (folder / "services" / "casos.yaml").write_text(text.split("conditions:")[0], encoding="utf-8")
    catalog = read_whole(folder)
    (service,) = catalog.services

    with pytest.raises(SideError, match="runs in a, b: say which with --region"):
        choose_place(catalog.organisation, service, "prod", None)
    place = choose_place(catalog.organisation, service, "prod", "b")
    assert render_matchers(place_matchers(catalog.organisation, place)) == (
        'environment="prod",region="b"'
    )
    assert choose_place(catalog.organisation, service, "qa", None).region is None


def test_a_query_holds_the_side_in_every_selector(frozen: tuple[Organisation, Service]) -> None:
    _, service = frozen
    (slo,) = service.slos
    assert why_not(slo.sli) is None
    found = counting(slo.sli, 'version="v2"', timedelta(minutes=1), is_new=True)
    total = 'http_requests_total{version="v2",instance!="",job="casos"}'
    bad = 'http_requests_total{version="v2",job="casos",code=~"5.."}'
    reset = (
        f"sum by (job, instance, pod) (last_over_time({total}[1m])"
        f" - last_over_time({total}[1h] offset 1m)) < 0"
    )
    assert found.counted == (
        f"sum((last_over_time({bad}[1m]) - last_over_time({bad}[1h] offset 1m) >= 0"
        f" unless on (job, instance, pod) ({reset})) or last_over_time({bad}[1m]))"
    )
    assert not found.is_good


@pytest.mark.parametrize("failing", FAILING, ids=lambda failing: failing.name)
def test_simulated_canaries_are_judged_as_stated(failing: Failing) -> None:
    """Few rollouts, so wide bounds; benchmarks/verdict.py measures the rates."""

    def rates(ratio: float) -> Rates:
        return simulate(Scene(per_second=10, ratio=ratio, failing=failing), rollouts=60, seed=3)

    equal, critical = rates(HEALTHY), rates(MARGINS.critical)
    assert equal.any_no <= 0.05
    assert critical.all_yes == 0
    assert critical.any_no >= 0.8


def test_a_service_with_ten_requests_a_second_gets_an_answer_at_each_step() -> None:
    found = simulate(Scene(per_second=10, ratio=HEALTHY, failing=FAILING[0]), rollouts=60, seed=3)
    assert found.all_yes >= 0.9
    found = simulate(
        Scene(per_second=10, ratio=MARGINS.critical, failing=FAILING[0]), rollouts=60, seed=3
    )
    assert found.steps[0][Answer.NO] >= 0.95
