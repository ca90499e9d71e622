"""An incident in labels and in one line."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from router.incident.describe import (
    cut_at_word,
    incident_labels,
    incident_title,
    one_line,
)
from router.incident.model import IncidentState
from tests.router.making import incident, incident_alert


def test_labels_are_those_that_all_firing_alerts_share() -> None:
    about = incident(
        incident_alert(service="casos", severity="high", instance="a"),
        incident_alert(service="casos", severity="critical", instance="b"),
        incident_alert(firing=False, service="derivacion", severity="critical", instance="c"),
    )
    assert incident_labels(about) == {
        "alertname": "DatabaseDown",
        "service": "casos",
        "severity": "critical",  # of the worst, not shared
    }


def test_a_foreign_severity_is_routed_as_it_came() -> None:
    assert incident_labels(incident(incident_alert(severity="page")))["severity"] == "page"


def test_a_missing_severity_stays_missing() -> None:
    about = incident(incident_alert(instance="a"), incident_alert(severity="low", instance="b"))
    assert "severity" not in incident_labels(about)  # the worst has none: it ranks as medium


def test_when_nothing_fires_all_alerts_count() -> None:
    about = incident(
        incident_alert(firing=False, service="casos", severity="low"),
        state=IncidentState.RESOLVED,
    )
    assert incident_labels(about)["service"] == "casos"


def test_the_title_is_the_worst_alerts_summary() -> None:
    about = incident(
        incident_alert(severity="low", instance="db-2", summary="A disk is slow"),
        incident_alert(severity="critical", summary="casos answers 20 % of requests with errors"),
    )
    assert incident_title(about) == "casos answers 20 % of requests with errors (and 1 more)"


def test_the_same_alert_at_a_milder_severity_is_not_one_more() -> None:
    about = incident(
        incident_alert(severity="critical", slo="availability", summary="2 % of events failed"),
        incident_alert(severity="high", slo="availability", summary="1 % of events failed"),
    )
    assert incident_title(about) == "2 % of events failed"


def test_without_a_summary_the_title_is_what_and_where() -> None:
    alert = incident_alert(service="casos", instance="db-1:9187")
    assert incident_title(incident(alert)) == "DatabaseDown on casos, db-1:9187"


def test_without_a_name_the_title_shows_labels() -> None:
    about = incident(incident_alert(alertname="", job="postgres"))
    assert incident_title(about) == "An alert with alertname=, job=postgres"


@given(st.text())
def test_one_line_is_one_visible_line(text: str) -> None:
    line = one_line(text)
    assert line == line.strip()
    assert line.isprintable()
    assert one_line(line) == line


@pytest.mark.parametrize(
    "blank", ["\u3164", "\u115f", "\u1160", "\uffa0", "\u2800", "\u034f", "\ufe0f"]
)
def test_what_has_no_shape_of_its_own_is_no_headline(blank: str) -> None:
    unreadable = incident_alert(alertname="Casos", service="casos")
    shown = replace(unreadable, annotations={"summary": f"{blank} {blank}"})

    assert one_line(blank * 3) == ""
    assert incident_title(incident(shown)) == incident_title(incident(unreadable))
    assert one_line("Casos \u26a0\ufe0f is down") == "Casos \u26a0\ufe0f is down"


@given(st.text(), st.integers(2, 50))
def test_a_cut_text_fits_and_begins_as_before(text: str, limit: int) -> None:
    cut = cut_at_word(text, limit)
    assert len(cut) <= limit
    assert cut == text or text.startswith(cut.removesuffix("…"))


def test_a_text_is_cut_after_a_word_unless_that_leaves_too_little() -> None:
    assert cut_at_word("the database is down", 15) == "the database…"
    assert cut_at_word("a " + "b" * 30, 15) == "a " + "b" * 12 + "…"
