"""How often `guardia verdict` is wrong: many simulated canaries whose truth is known.

python -m benchmarks.verdict [--rollouts 300] [--table]
"""

import argparse
import math
import random
import sys
from collections.abc import Sequence
from dataclasses import dataclass

from benchmarks.figure import Figure, at_least, at_most, show
from generator.explaining.table import render_table
from generator.verdict.comparison import Answer, Margins
from generator.verdict.counts import Slices
from generator.verdict.judging import EARLIER_SLICES, STEP_SLICES, Evidence, judge
from generator.verdict.whole import overall, risks

COMMAND = "python -m benchmarks.verdict"
STEPS = (0.10, 0.25, 0.50, 1.0)  # the canary's share of the traffic
STEP_SECONDS = 1800
EARLIER_STEPS = 48  # a day
SLIS = 2  # availability and speed, say
HEALTHY = 0.0002  # of the baseline's events fail
MARGINS = Margins(tolerated=0.001, critical=0.0144)  # 99.9 %, and its critical burn rate of 14.4
TRAFFIC = (1, 10, 100)  # events a second of both sides
CANARIES = {
    "equal": HEALTHY,
    "burn rate 1 more": HEALTHY + MARGINS.tolerated,
    "burn rate 5": 0.005,
    "critical, 14.4": MARGINS.critical,
}
SEED = 1


@dataclass(frozen=True, slots=True, kw_only=True)
class Failing:
    """How failures come. All kinds have the same error ratio in the long run.

    `together`: each failure brings so many, all told, in the same slice, as
    those of a client that tries again. `share`: in bursts of `lasts` seconds in
    which this share of a side's events fails, as with a pod that restarts.
    `shared`: bursts come upon both sides at once, as with a database that
    hesitates, and what the canary fails more comes one by one.
    """

    name: str
    together: float = 1.0
    share: float = 0.0
    lasts: float = 120.0
    shared: bool = False


FAILING = (
    Failing(name="one by one"),
    Failing(name="five at a time", together=5),
    Failing(name="bursts of one side", share=0.05),
    Failing(name="bursts of both sides", share=0.05, shared=True),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Scene:
    """A service with a canary: events a second of both together, and what fails."""

    per_second: float
    ratio: float  # of the canary's events
    failing: Failing


@dataclass(frozen=True, slots=True, kw_only=True)
class Rates:
    """Shares of all rollouts: each step's answers, a no at any step, and a yes at each."""

    steps: tuple[dict[Answer, float], ...]
    any_no: float
    all_yes: float


def main() -> int:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rollouts", type=int, default=300)
    parser.add_argument("--table", action="store_true", help="all rates, for docs/canary.md")
    args = parser.parse_args()
    if args.table:
        sys.stdout.write(f"{_table(args.rollouts)}\n")
        return 0
    return show(measure(rollouts=args.rollouts))


def measure(*, rollouts: int = 300) -> list[Figure]:
    """Return the rates of wrong verdicts, each the worst of all traffic levels, in percent."""

    def worst(rates: Sequence[float]) -> float:
        return round(100 * max(rates), 2)

    equal = {failing: _at_all(HEALTHY, failing, rollouts) for failing in FAILING}
    critical = {failing: _at_all(MARGINS.critical, failing, rollouts) for failing in FAILING}
    found = []
    for failing in FAILING:
        passed = [one.all_yes for one in critical[failing]]
        refused = [one.any_no for one in equal[failing]]
        first = [step[Answer.YES] for one in critical[failing] for step in one.steps]
        name = f"verdict, {failing.name}"
        found += [
            at_most(f"{name}: equal canary refused", worst(refused), 5, "%", COMMAND),
            at_most(f"{name}: critical one passes all steps", worst(passed), 1, "%", COMMAND),
            _yes_at_a_step(f"{name}: critical one gets a yes at a step", worst(first), failing),
        ]
    alone = critical[FAILING[0]]
    least = round(100 * min(one.any_no for one in alone), 2)
    found.append(at_least("verdict, one by one: critical one refused", least, 99, "%", COMMAND))
    return found


def _yes_at_a_step(name: str, percent: float, failing: Failing) -> Figure:
    if failing is FAILING[0]:
        return at_most(name, percent, 1, "%", COMMAND)
    # Nobody can tell the size of bursts of which none or one was seen: measured, not promised.
    return Figure(name=name, value=percent, unit="%", command=COMMAND)


def _at_all(ratio: float, failing: Failing, rollouts: int) -> list[Rates]:
    scenes = (Scene(per_second=rate, ratio=ratio, failing=failing) for rate in TRAFFIC)
    return [simulate(scene, rollouts=rollouts, seed=SEED) for scene in scenes]


def _table(rollouts: int) -> str:
    """Return all rates in percent: of rollouts, and of steps as yes / not enough / no."""
    rows: list[tuple[str, ...]] = [
        ("failures", "events/s", "canary", "no in all", "passes", "10 %", "25 %", "50 %", "100 %")
    ]
    for failing in FAILING:
        for rate in TRAFFIC:
            for name, ratio in CANARIES.items():
                scene = Scene(per_second=rate, ratio=ratio, failing=failing)
                found = simulate(scene, rollouts=rollouts, seed=SEED)
                rows.append((failing.name, str(rate), name, *_cells(found)))
    return render_table(rows)


def _cells(found: Rates) -> tuple[str, ...]:
    steps = (" / ".join(f"{100 * step[one]:.3g}" for one in Answer) for step in found.steps)
    return (f"{100 * found.any_no:.3g}", f"{100 * found.all_yes:.3g}", *steps)


def simulate(scene: Scene, *, rollouts: int, seed: int) -> Rates:
    """Return how often each answer was given."""
    chance = random.Random(seed)  # noqa: S311  # a simulation
    answers = [_rollout(scene, chance) for _ in range(rollouts)]
    return Rates(
        steps=tuple(
            {one: given.count(one) / rollouts for one in Answer}
            for given in zip(*answers, strict=True)
        ),
        any_no=sum(Answer.NO in given for given in answers) / rollouts,
        all_yes=sum(set(given) == {Answer.YES} for given in answers) / rollouts,
    )


def _rollout(scene: Scene, chance: random.Random) -> list[Answer]:
    """Return the answers of one rollout that goes through all steps, whatever is said.

    Only the first SLI fails more than on the baseline.
    """

    failing = scene.failing

    def pattern(ratio: float, slices: int = STEP_SLICES, steps: int = 1) -> Sequence[float]:
        return _ratios(failing, ratio, steps * slices, STEP_SECONDS / slices, chance)

    def side(share: float, ratios: Sequence[float], slices: int = STEP_SLICES) -> Slices:
        mean = scene.per_second * share * STEP_SECONDS / slices
        total = [_poisson(mean, chance) for _ in ratios]
        bad = [
            min(events, _failures(events * now, failing.together, chance))
            for events, now in zip(total, ratios, strict=True)
        ]
        return Slices(total=tuple(total), bad=tuple(bad))

    def evidence(share: float, ratio: float, before: Slices) -> Evidence:
        healthy = pattern(HEALTHY)
        ours = [one + ratio - HEALTHY for one in healthy] if failing.shared else pattern(ratio)
        return Evidence(canary=side(share, ours), baseline=side(1 - share, healthy), earlier=before)

    slis = [
        (ratio, side(1.0, pattern(HEALTHY, EARLIER_SLICES, EARLIER_STEPS), EARLIER_SLICES))
        for ratio in (scene.ratio, *[HEALTHY] * (SLIS - 1))
    ]
    level = risks(steps=len(STEPS), slis=SLIS)
    return [
        overall([judge(evidence(share, *sli), MARGINS, level).answer for sli in slis])
        for share in STEPS
    ]


def _ratios(
    failing: Failing, ratio: float, number: int, seconds: float, chance: random.Random
) -> Sequence[float]:
    """Return the error ratio of each slice."""
    if not failing.share:
        return [ratio] * number
    found = [0.0] * number
    begins = ratio / failing.share / failing.lasts  # bursts a second
    at = -failing.lasts
    while True:
        at += chance.expovariate(begins)
        if at >= number * seconds:
            return [min(one, 1.0) for one in found]
        for index in range(max(0, int(at // seconds)), number):
            inside = min(at + failing.lasts, (index + 1) * seconds) - max(at, index * seconds)
            if inside <= 0:
                break
            found[index] += failing.share * inside / seconds


def _failures(mean: float, together: float, chance: random.Random) -> int:
    if together == 1:
        return _poisson(mean, chance)
    # How many come together is geometric, 1 and more.
    groups = _poisson(mean / together, chance)
    return sum(
        1 + int(math.log(1 - chance.random()) / math.log(1 - 1 / together)) for _ in range(groups)
    )


def _poisson(mean: float, chance: random.Random) -> int:
    """Return a number with the Poisson distribution; from 50 on rounded from the normal one."""
    if mean > 50:
        return max(0, round(chance.gauss(mean, math.sqrt(mean))))
    product, least, number = chance.random(), math.exp(-mean), 0
    while product > least:
        product *= chance.random()
        number += 1
    return number


if __name__ == "__main__":
    sys.exit(main())
