"""Stories of the requests that a service answers over HTTP."""

from collections.abc import Mapping

from tests.preset_stories.samples import counter
from tests.preset_stories.story import HERE, Story

# By a label that the alert does not keep: a matcher that is missing on one side is noticed then.
CASOS = f'{HERE},namespace="casos",job="casos"'
CANARY = f'{HERE},namespace="canary",job="casos"'
OF_CASOS = {"match": 'namespace="casos"'}


def answers(*, bad: str, good: str) -> Mapping[str, str]:
    return {
        f'http_requests_total{{{CASOS},code="500"}}': bad,
        f'http_requests_total{{{CASOS},code="200"}}': good,
    }


def times(labels: str, *, all_: str, quick: str) -> Mapping[str, str]:
    """Return a histogram of which `quick` are answered within 3 s, and the others within 6 s."""
    histogram = "http_request_duration_seconds"
    return {
        f'{histogram}_bucket{{{labels},le="3"}}': quick,
        f'{histogram}_bucket{{{labels},le="6"}}': all_,
        f'{histogram}_bucket{{{labels},le="+Inf"}}': all_,
        f"{histogram}_count{{{labels}}}": all_,
    }


STORIES = {
    "few failures, of several codes and instances, count together": Story(
        preset="http/error-rate",
        given=OF_CASOS,
        series={
            f'http_requests_total{{{CASOS},code="500",instance="a"}}': counter((0.25, 60)),
            f'http_requests_total{{{CASOS},code="503",instance="b"}}': counter((0.25, 60)),
            f'http_requests_total{{{CASOS},code="200",instance="a"}}': counter((7, 60)),
        },
        true_at=("10m",),
    ),
    "nine failures are chance, whatever else is answered and fails elsewhere": Story(
        preset="http/error-rate",
        given=OF_CASOS,
        series={
            **answers(bad=counter((0.45, 60)), good=counter((3, 60))),
            f'http_requests_total{{{CANARY},code="500"}}': counter((1, 60)),
        },
        empty_at=("10m",),
    ),
    "all fail for 10 minutes, then a share of ten times as many that is fine": Story(
        preset="http/error-rate",
        given=OF_CASOS,
        series=answers(
            bad=counter((0, 20), (4, 40), (1.2, 80)), good=counter((4, 20), (0, 40), (38.8, 80))
        ),
        quiet_at=("10m30s",),
        fires_at=("10m45s",),
        true_at=("18m45s",),
        empty_at=("20m15s",),
    ),
    "few requests to two instances, of which one is slow, count together": Story(
        preset="http/slow-answers",
        given=OF_CASOS,
        series={
            **times(f'{CASOS},instance="a"', all_=counter((0.5, 60)), quick=counter((0.5, 60))),
            **times(f'{CASOS},instance="b"', all_=counter((0.5, 60)), quick="0x60"),
        },
        true_at=("10m",),
    ),
    "of nineteen requests the slowest one would decide, whatever is asked elsewhere": Story(
        preset="http/slow-answers",
        given=OF_CASOS,
        series={
            **times(CASOS, all_=counter((0.95, 60)), quick="0x60"),
            f"http_request_duration_seconds_count{{{CANARY}}}": counter((1, 60)),
        },
        empty_at=("10m",),
    ),
    "answers are slow for 10 minutes": Story(
        preset="http/slow-answers",
        given=OF_CASOS,
        series=times(CASOS, all_=counter((4, 140)), quick=counter((4, 20), (0.8, 40), (4, 80))),
        quiet_at=("10m15s",),
        fires_at=("10m30s",),
        true_at=("18m45s",),
        empty_at=("20m15s",),
    ),
    "requests stay away for 20 minutes": Story(
        preset="http/no-requests",
        series={f"http_requests_total{{{CASOS}}}": counter((1, 80), (0, 80), (1, 20))},
        empty_at=("34m30s", "40m30s"),
        true_at=("35m15s",),
        quiet_at=("36m30s",),
        fires_at=("37m",),
    ),
}
