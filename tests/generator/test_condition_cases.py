"""The stories that prove a condition: when it must fire, and when it cannot yet."""

from datetime import timedelta
from pathlib import Path

import yaml

from generator.promtool.condition import condition_cases
from generator.promtool.model import Case, pace_of
from tests.catalogs import copy_catalog, read_whole


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
