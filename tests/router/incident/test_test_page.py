"""A test page's incident says that it is a test, and its end ends no other."""

from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from router.incident.apply import apply_notification
from router.incident.describe import incident_title
from router.incident.model import IncidentState
from router.incident.test_page import (
    APART,
    PageTestRefused,
    explain_page_test,
    find_test_key,
    open_page_test,
    refuse_too_soon,
    render_end,
)
from router.intake.notification import parse_notification
from tests.router.making import NOON, person

ANA = person("ana")


def test_it_says_who_asked_and_that_nothing_is_wrong() -> None:
    change = open_page_test(ANA, by="Engineer ben", now=NOON)
    assert incident_title(change.incident) == (
        "Test page for Engineer ana, asked for by Engineer ben: nothing is wrong"
    )
    (alert,) = change.incident.alerts.values()
    assert alert.labels == {"alertname": "GuardiaTestPage", "person": "ana", "severity": "low"}
    assert explain_page_test("Engineer ben") == (
        "This is a test that Engineer ben asked for: nothing is wrong, nobody else is paged."
    )


@given(by=st.text(max_size=300))
def test_whoever_asks_stays_one_visible_line(by: str) -> None:
    change = open_page_test(ANA, by=by, now=NOON)
    for text in (incident_title(change.incident), explain_page_test(by)):
        assert text.isprintable()
        assert len(text) < 300
        assert "nothing is wrong" in text


def test_all_tests_of_a_person_have_one_key_and_others_another() -> None:
    assert open_page_test(ANA, by="x", now=NOON).incident.key == find_test_key(ANA)
    assert find_test_key(person("ben")) != find_test_key(ANA)


def test_its_end_ends_it_and_not_a_later_one() -> None:
    first = open_page_test(ANA, by="x", now=NOON).incident
    later = open_page_test(ANA, by="x", now=NOON + APART).incident
    end, at = parse_notification(render_end(first)), NOON + timedelta(minutes=10)

    ended = apply_notification(first, end, now=at)
    assert ended is not None
    assert ended.incident.state is IncidentState.RESOLVED
    assert incident_title(ended.incident) == incident_title(first)
    untouched = apply_notification(later, end, now=at)
    assert untouched is None or untouched.incident.is_open


def test_the_next_has_to_wait_a_minute() -> None:
    last = open_page_test(ANA, by="x", now=NOON).incident
    with pytest.raises(PageTestRefused) as refused:
        refuse_too_soon(ANA, last, now=NOON + timedelta(seconds=59))
    assert refused.value.reason == (
        "Engineer ana had a test page less than a minute ago: the next can be sent in 1 s."
    )
    refuse_too_soon(ANA, last, now=NOON + timedelta(seconds=60))
    refuse_too_soon(ANA, None, now=NOON)
