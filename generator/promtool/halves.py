"""Stories that prove both thresholds of each pair of windows, at once and whatever the kind.

From raw series a short test gives every window the same ratio, so one of two
thresholds may be too low unnoticed. Here the ratios themselves are made up, as
the rules would record them, where nothing is counted that they could come from.
"""

from collections.abc import Iterator, Sequence
from fractions import Fraction

from generator.catalog.model import LatencySli, RatioSli, UptimeSli
from generator.naming import BURN_ALERT, rate_series, ratio_series
from generator.promtool.model import Case
from generator.promtool.scene import Stage, story_label
from generator.promtool.thresholds import NEAR, just_above, plenty
from generator.slo.burn import BurnWindow
from generator.slo.percent import format_number

STEPS = 3  # evaluations that a story takes


def halves(stage: Stage) -> Iterator[Case]:
    """Yield a story of each pair: first only its long window is above, then only its short one.

    Not told where series carry no place and rules may record a ratio of
    nothing, such as an author's `or vector(0)`, or of what is absent.
    """
    counts_selectors = isinstance(stage.slo.sli, RatioSli | LatencySli | UptimeSli)
    if counts_selectors or story_label(stage.organisation) is not None:
        for pair in stage.slo.burn_windows:
            yield _halves(stage, pair)


def _halves(stage: Stage, pair: BurnWindow) -> Case:
    slo, pace = stage.slo, stage.pace
    below, above = pair.error_ratio(slo.objective) * (1 - NEAR), just_above(pair, slo)
    steps = pace.evaluation // pace.scrape
    many = f"{plenty(slo)}x{STEPS * steps}"  # bad events a second: no guard is in doubt
    scene = stage.scene(f"half of {pair.severity}")
    return scene.case(
        scene.recorded(
            {
                ratio_series(pair.long): _levels([above, below, above], steps),
                ratio_series(pair.short): _levels([below, above, above], steps),
                **{rate_series("errors", window): many for window in slo.rate_windows},
            }
        ),
        *(
            scene.firing(
                (number + 1) * pace.evaluation,
                BURN_ALERT,
                [pair.severity] if number + 1 == STEPS else [],
                only=pair.severity,
            )
            for number in range(STEPS)
        ),
    )


def _levels(levels: Sequence[Fraction], scrapes: int) -> str:
    """Return each level for so many scrapes, in promtool's notation; it begins at the first."""
    runs = [f"{format_number(level)}x{scrapes - 1}" for level in levels]
    return " ".join([format_number(levels[0]), *runs])
