"""Events for PagerDuty: what it takes, whatever an alert holds."""

import json
from dataclasses import replace

import pytest
from hypothesis import given

from router.incident.model import Incident
from router.message.model import MessageKind
from router.message.pagerduty import render_event
from tests.fakes.pagerduty_rules import BODY_MAX_BYTES, find_errors
from tests.router.making import context, incident, incident_alert
from tests.router.message.hostile import TEXTS, incidents

KEY = "0123456789abcdef0123456789abcdef"
LINKS = {
    "runbook_url": "https://runbooks.conecta360.example/database-down",
    "dashboard_url": "https://grafana.conecta360.example/d/casos",
}


def test_a_page_triggers_with_all_that_a_person_needs() -> None:
    alert = incident_alert(
        severity="critical",
        service="casos",
        environment="prod",
        team="plataforma",
        summary="The database is down",
        annotations=LINKS,
    )

    event = render_event(context(incident(alert)), KEY)

    assert (event["routing_key"], event["event_action"]) == (KEY, "trigger")
    assert event["dedup_key"] == "installation/1/1.1/ana"
    payload = event["payload"]
    assert payload["summary"] == "#1 critical: The database is down"
    assert (payload["source"], payload["severity"]) == ("casos/prod", "critical")
    assert payload["timestamp"] == "2026-11-24T12:00:00+00:00"
    assert (payload["component"], payload["group"], payload["class"]) == (
        "casos",
        "plataforma",
        "DatabaseDown",
    )
    details = payload["custom_details"]
    assert details["why you"] == "Step 1 of policy plataforma names Engineer ana."
    assert details["labels"]["environment"] == "prod"
    assert event["client"] == "Guardia"
    assert event["client_url"] == "https://guardia.example/incidents/1#1.1/ana"
    assert [link["text"] for link in event["links"]] == ["Incident", "Runbook", "Dashboard"]
    assert event["links"][1]["href"] == LINKS["runbook_url"]
    assert find_errors(event) == []


@pytest.mark.parametrize(
    ("severity", "theirs"),
    [
        ("critical", "critical"),
        ("high", "error"),
        ("medium", "warning"),
        ("low", "info"),
        ("page", "warning"),
    ],
)
def test_severities_in_their_words(severity: str, theirs: str) -> None:
    event = render_event(context(incident(incident_alert(severity=severity))), KEY)
    assert event["payload"]["severity"] == theirs


@pytest.mark.parametrize(
    ("kind", "action"),
    [(MessageKind.ACKNOWLEDGE, "acknowledge"), (MessageKind.RESOLVE, "resolve")],
)
def test_acknowledge_and_resolve_name_the_page_and_nothing_else(
    kind: MessageKind, action: str
) -> None:
    event = render_event(context(incident(), kind=kind), KEY)

    assert event == {
        "routing_key": KEY,
        "event_action": action,
        "dedup_key": "installation/1/1.1/ana",
    }
    assert find_errors(event) == []


def test_a_notice_is_not_for_pagerduty() -> None:
    with pytest.raises(ValueError, match="notice"):
        render_event(context(incident(), kind=MessageKind.NOTICE), KEY)


def test_a_dedup_key_too_long_for_them_becomes_the_same_short_one_each_time() -> None:
    events = [
        render_event(context(incident(), kind=kind, dedup_key="x" * 300), KEY)
        for kind in (MessageKind.PAGE, MessageKind.RESOLVE)
    ]
    assert events[0]["dedup_key"] == events[1]["dedup_key"]
    assert len(events[0]["dedup_key"]) <= 255


def test_the_largest_event_is_within_their_limit() -> None:
    long = "\U0001f525" * 5000  # JSON writes each of these with 12 characters
    labels = {f"{number:02}{long}": long for number in range(160)}
    largest = replace(
        incident_alert(annotations={"summary": long, "description": long}), labels=labels
    )
    many = replace(incident(largest), alerts={str(number): largest for number in range(50)})

    event = render_event(context(many, because=long), KEY)

    assert len(json.dumps(event)) <= BODY_MAX_BYTES
    assert find_errors(event) == []


def test_what_is_too_large_loses_the_ends_of_its_longest_labels_and_says_which() -> None:
    alert = incident_alert(
        annotations={"description": "d" * 5_000},
        service="casos",
        query="SELECT " + "a, " * 100_000,
        trace="x" * 350_000,
    )

    event = render_event(context(incident(alert)), KEY)

    details = event["payload"]["custom_details"]
    assert 0.95 * BODY_MAX_BYTES < len(json.dumps(event)) <= BODY_MAX_BYTES
    assert details["labels"]["service"] == "casos"
    assert details["description"] == "d" * 5_000
    assert details["labels"]["query"].endswith("…")
    assert details["labels"]["trace"].endswith("…")
    assert details["shortened"].startswith("The values of these labels were cut after 2")
    assert details["shortened"].endswith(" characters: query, trace.")
    assert find_errors(event) == []


def test_without_long_labels_the_longest_texts_are_cut_and_it_says_so() -> None:
    alert = incident_alert(severity="critical", annotations={"description": "d " * 400_000})

    event = render_event(context(incident(alert)), KEY)

    details = event["payload"]["custom_details"]
    assert 0.95 * BODY_MAX_BYTES < len(json.dumps(event)) <= BODY_MAX_BYTES
    assert details["shortened"].startswith("Every text was cut after ")
    assert details["why you"] == "Step 1 of policy plataforma names Engineer ana."


def test_labels_beyond_a_hundred_are_counted() -> None:
    labels = {f"label_{number:03}": "x" for number in range(130)}
    event = render_event(context(incident(replace(incident_alert(), labels=labels))), KEY)

    sent = event["payload"]["custom_details"]["labels"]
    assert (len(sent), sent["…"]) == (101, "+ 30 more")


@given(incidents(), TEXTS, TEXTS)
def test_whatever_an_alert_holds_pagerduty_takes_the_event(
    hostile: Incident, because: str, url: str
) -> None:
    event = render_event(context(hostile, because=because, incident_url=url), KEY)

    assert find_errors(event) == []
    assert all(link["href"].startswith(("http://", "https://")) for link in event["links"])
    assert "\n" not in event["payload"]["summary"]
