"""Values of the catalog in words: announced maintenance and SLIs as people say them."""

from datetime import date, time, timedelta
from fractions import Fraction
from zoneinfo import ZoneInfo

import pytest

from generator.catalog.model import ExpressionSli, FreshnessSli, UptimeSli
from generator.comparing.describe import describe
from generator.promql.check import parse_selector
from guardia.maintenance import Maintenance, Recurrence, parse_recurrence

ZONE = ZoneInfo("Atlantic/Cape_Verde")


def maintenance(days: date | Recurrence, **others: tuple[str, ...]) -> Maintenance:
    return Maintenance(
        name="patches",
        services=others.get("services", ()),
        environments=others.get("environments", ()),
        zone=ZONE,
        days=days,
        begins=time(2),
        lasts=timedelta(hours=1),
    )


@pytest.mark.parametrize(
    ("every", "words"),
    [
        ("day", "every day"),
        ("sunday", "sunday"),
        ("last sunday of the month", "last sunday"),
        ("second monday of the month", "2. monday"),
        ("day 15 of the month", "day 15 of the month"),
        ("last day of the month", "last day of the month"),
    ],
)
def test_each_recurrence_has_words(every: str, words: str) -> None:
    found = describe(maintenance(parse_recurrence(every)))
    assert found == f"patches: {words} at 02:00 (Atlantic/Cape_Verde) for 1h"


def test_a_maintenance_says_where_and_when() -> None:
    once = maintenance(date(2026, 12, 6), services=("casos",), environments=("prod",))
    assert describe(once).endswith(
        "2026-12-06 at 02:00 (Atlantic/Cape_Verde) for 1h for casos in prod"
    )
    some_months = maintenance(parse_recurrence("last day of the month", ["january", "july"]))
    assert "last day of the month in january, july at" in describe(some_months)


def test_each_kind_of_sli_shows_its_series() -> None:
    up = parse_selector('up{job="casos"}')
    assert describe(UptimeSli(gauge=up)) == 'up{job="casos"} is 1'
    old = FreshnessSli(timestamp=up, within=timedelta(hours=26))
    assert describe(old) == 'up{job="casos"} within 1d2h'
    own = ExpressionSli(
        total="sum(rate(a_total[$window]))",
        bad="sum(rate(b_total[$window]))",
        good=None,
        good_event={"a_total": 1.0},
        bad_event={"a_total": 1.0, "b_total": 0.5},
    )
    assert describe(own) == (
        "bad sum(rate(b_total[$window])) of sum(rate(a_total[$window]))"
        " (examples: good a_total=1; bad a_total=1, b_total=0.5)"
    )


def test_a_share_is_a_percentage_and_nothing_has_a_word() -> None:
    assert describe(Fraction(999, 1000)) == "99.9%"
    assert describe(None) == describe(()) == describe({}) == "none"
    assert (describe(True), describe(False)) == ("yes", "no")
