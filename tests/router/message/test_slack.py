"""Slack messages: what it takes, and nothing in them that an alert could make."""

import re
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from router.incident.model import Event, EventKind, Incident, IncidentState
from router.message.model import MessageKind
from router.message.slack import escape, render_slack
from tests.fakes.slack_rules import BLOCKS_TEXT_MAX, find_block_errors, text_length
from tests.router.making import NOON, context, incident, incident_alert, minutes
from tests.router.message.hostile import TEXTS, incidents


def texts(block: dict[str, Any]) -> str:
    return str(text_of(block)["text"])


def text_of(block: dict[str, Any]) -> dict[str, Any]:
    found: dict[str, Any] = block["elements"][0] if block["type"] == "context" else block["text"]
    return found


def test_a_message_says_what_is_wrong_who_is_woken_and_what_happened() -> None:
    paged = Event(at=NOON, kind=EventKind.PAGED, text="Page to Engineer ana by pagerduty.")
    alert = incident_alert(
        severity="critical", service="casos", environment="prod", summary="casos is down"
    )

    message = render_slack(context(incident(alert), timeline=[paged], paged=["ana"]))

    header, state, alerts, place, links, timeline = message.blocks
    assert texts(header) == "#1 critical: casos is down"
    assert texts(state) == (
        "Firing since 24 Nov 2026 12:00 UTC; nobody has acknowledged it yet.\n"
        "Paged: Engineer ana. Nobody is left to page.\n"
        "Why you: Step 1 of policy plataforma names Engineer ana."
    )
    assert texts(alerts) == "critical: DatabaseDown on casos, since 24 Nov 2026 12:00 UTC"
    assert texts(place) == "environment=prod, service=casos"
    assert texts(links) == "<https://guardia.example/incidents/1|Incident>"
    assert texts(timeline) == "24 Nov 2026 12:00:00 UTC Page to Engineer ana by pagerduty."
    assert message.text.startswith("#1 critical: casos is down. Firing since")


@pytest.mark.parametrize(
    ("about", "header", "state"),
    [
        (
            incident(
                state=IncidentState.ACKNOWLEDGED,
                acknowledged_by="ana",
                acknowledged_at=NOON + minutes(5),
            ),
            "#1 critical, acknowledged: DatabaseDown",
            "Acknowledged by Engineer ana at 24 Nov 2026 12:05 UTC.",
        ),
        (
            incident(state=IncidentState.RESOLVED, resolved_at=NOON + minutes(30)),
            "#1 resolved: DatabaseDown",
            "Resolved at 24 Nov 2026 12:30 UTC, after 30 min.",
        ),
    ],
)
def test_an_edited_message_says_how_it_stands_now(about: Incident, header: str, state: str) -> None:
    message = render_slack(context(about, because=""))
    assert [texts(block) for block in message.blocks[:2]] == [header, state]


@given(incidents(), TEXTS, TEXTS, st.lists(TEXTS, max_size=8))
def test_whatever_an_alert_holds_slack_takes_the_message_and_reads_no_markup(
    hostile: Incident, because: str, url: str, told: list[str]
) -> None:
    timeline = [Event(at=NOON, kind=EventKind.PAGED, text=text) for text in told]
    message = render_slack(context(hostile, because=because, incident_url=url, timeline=timeline))

    assert find_block_errors(message.blocks) == []
    assert text_length(message.blocks) <= BLOCKS_TEXT_MAX
    assert 0 < len(message.text) <= 4000
    assert not set("<>") & set(message.text)
    for block in message.blocks:
        text = text_of(block)
        if text["type"] == "plain_text":
            assert text["emoji"] is False
            assert not set("<>") & set(text["text"])
        else:
            link = r"<https?://[^<>|\s]+\|(Incident|Runbook|Dashboard)>"
            assert re.fullmatch(rf"{link}( · {link})*", text["text"])


@given(incidents(), TEXTS)
def test_slack_takes_the_buttons_of_any_incident(hostile: Incident, url: str) -> None:
    shown = context(hostile, incident_url=url, dedup_key=f"{'f' * 16}/{10**18}/notice/slack/C1")

    blocks = render_slack(shown, has_buttons=True).blocks

    assert find_block_errors(blocks) == []
    assert text_length(blocks) <= BLOCKS_TEXT_MAX
    elements = [len(block["elements"]) for block in blocks if block["type"] == "actions"]
    assert elements in ([4], [5]) if hostile.is_open else not elements


@pytest.mark.parametrize(
    ("kind", "state", "answerable"),
    [
        (MessageKind.NOTICE, IncidentState.TRIGGERED, True),
        (MessageKind.NOTICE, IncidentState.ACKNOWLEDGED, True),
        (MessageKind.NOTICE, IncidentState.RESOLVED, False),
        (MessageKind.PAGE, IncidentState.TRIGGERED, True),
        (MessageKind.ACKNOWLEDGE, IncidentState.ACKNOWLEDGED, True),
        (MessageKind.RESOLVE, IncidentState.TRIGGERED, False),  # it was given to somebody else
        (MessageKind.ESCALATION, IncidentState.TRIGGERED, False),  # the notice above has them
    ],
)
def test_there_are_buttons_where_an_answer_still_counts(
    kind: MessageKind, state: IncidentState, answerable: bool
) -> None:
    about = incident(state=state, resolved_at=NOON if state is IncidentState.RESOLVED else None)

    blocks = render_slack(context(about, kind=kind), has_buttons=True).blocks

    assert any(block["type"] == "actions" for block in blocks) is answerable
    assert not any(
        block["type"] == "actions" for block in render_slack(context(about, kind=kind)).blocks
    )


@given(TEXTS, st.integers(10, 200))
def test_an_escaped_text_fits_and_has_no_half_entity(text: str, limit: int) -> None:
    escaped = escape(text, limit)
    assert len(escaped) <= limit
    assert not set("<>") & set(escaped)
    assert re.fullmatch(r"([^&]|&(amp|lt|gt);)*", escaped, re.DOTALL)
