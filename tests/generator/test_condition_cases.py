"""The stories that prove a condition: when it must fire, and when it cannot yet."""

from datetime import timedelta
from pathlib import Path

import pytest
import yaml

from generator.promql.finding import Setting
from generator.promql.story_length import check_story, story_scrape
from generator.promtool.condition import condition_cases
from generator.promtool.model import Case, pace_of
from guardia.duration import parse_duration
from tests.catalogs import copy_catalog, read_whole

SCRAPE, MINUTE = timedelta(seconds=15), timedelta(minutes=1)


def first_case(folder: Path, expr: str, value: object) -> Case:
    file = folder / "services" / "casos.yaml"
    service = yaml.safe_load(file.read_text("utf-8"))
    (condition,) = service["conditions"]
    condition |= {
        "expr": expr,
        "for": "2m",
        "summary": "Too many.",
        "examples": {
            "fires": {'x{environment="prod"}': value},
            "silent": {'x{environment="prod"}': 0},
        },
    }
    file.write_text(yaml.safe_dump(service), "utf-8")
    catalog = read_whole(folder)
    found = next(one for one in catalog.services if one.name == "casos")
    return next(
        condition_cases(
            catalog.organisation, found, found.conditions[0], pace_of(catalog.organisation)
        )
    )


def expected_at(case: Case) -> dict[timedelta, bool]:
    return {one.at: bool(one.samples) for one in case.expectations}


def test_a_rate_may_fire_once_its_range_is_full(tmp_path: Path) -> None:
    expr = "sum by (environment) (rate(x[5m])) > 3"
    case = first_case(copy_catalog(tmp_path), expr, "+60")

    assert expected_at(case) == {
        timedelta(seconds=90): False,
        timedelta(minutes=7, seconds=30): True,
    }


def test_what_does_not_grow_fires_after_its_for(tmp_path: Path) -> None:
    expr = "max by (environment) (max_over_time(x[5m])) > 3"
    case = first_case(copy_catalog(tmp_path), expr, 4)

    assert expected_at(case) == {timedelta(seconds=90): False, timedelta(minutes=2): True}


@pytest.mark.parametrize(
    ("text", "apart"),
    [
        ("rate(x[1d]) > 1", "15s"),
        ("rate(x[37h]) > 1", "15s"),
        ("rate(x[38h]) > 1", "30s"),
        ("rate(x[3d]) > 1", "30s"),
        ("rate(x[14d]) > 1", "2m15s"),
        ("rate(x[30d]) > 1", "5m"),
        ("rate(x[1h] offset 14d) > 1", "15s"),  # two hours of samples are read
        ("max_over_time(rate(x[10m])[3d:1m]) > 1", "30s"),
    ],
)
def test_samples_of_long_stories_lie_as_far_apart_as_needed_and_no_further(
    text: str, apart: str
) -> None:
    assert story_scrape(text, holds_for=MINUTE, scrape=SCRAPE) == parse_duration(apart)


@pytest.mark.parametrize(
    ("text", "label", "fix"),
    [
        ("rate(x[40d]) > 1", "more than 5m apart", "look back 1d13h at most"),
        ("rate(x[14d]) > rate(x[5m])", "range of 5m", "look back 1d13h at most"),
        ("changes(x[3d]) > 1", "changes()", "look back 1d13h at most"),
        ("max_over_time(rate(x[1h])[14d:1m]) > 1", "9000 steps", "take steps of 3m"),
    ],
)
def test_what_no_test_can_prove_is_said_with_a_way_out(text: str, label: str, fix: str) -> None:
    setting = Setting(scrape_interval=SCRAPE, retention=timedelta(days=60), kept=())

    (found,) = check_story(text, holds_for=MINUTE, setting=setting)

    assert story_scrape(text, holds_for=MINUTE, scrape=SCRAPE) is None
    assert label in found.label
    assert fix in found.fix
