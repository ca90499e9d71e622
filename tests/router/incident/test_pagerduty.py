"""What happened in PagerDuty: an answer of ours, a row of the timeline, or nothing."""

from dataclasses import replace
from datetime import datetime

import pytest

from router.incident.answers import Acknowledge, Answer, Comment, Resolve
from router.incident.model import Event, EventKind, Incident, IncidentState
from router.incident.pagerduty import HEEDED, decide_meaning
from router.intake.pagerduty import PagerDutyEvent
from tests.router.making import NOON, incident, minutes

OVER = incident(state=IncidentState.RESOLVED, resolved_at=NOON)


def event(kind: str, **fields: object) -> PagerDutyEvent:
    """Return what Ana did in PagerDuty, five minutes after the incident began."""
    base = PagerDutyEvent(
        id="01",
        kind=f"incident.{kind}",
        occurred_at=NOON + minutes(5),
        agent="Ana",
        by_person=True,
        incident_id="Q1",
        incident_key="",
        client_url="",
    )
    return replace(base, **fields)  # type: ignore[arg-type]


def meaning(
    told: PagerDutyEvent,
    *,
    of: Incident | None = None,
    paged_since: datetime | None = None,
    ended_by_us: bool = False,
) -> Answer | Event | None:
    return decide_meaning(
        told,
        of or incident(),
        paged_since=paged_since,
        ended_by_us=ended_by_us,
        now=NOON + minutes(6),
    )


def row(found: Answer | Event | None) -> str:
    assert isinstance(found, Event)
    assert found.kind is EventKind.PROVIDER
    return found.text


def test_what_a_person_does_is_the_answer_that_it_is_anywhere() -> None:
    assert meaning(event("acknowledged")) == Acknowledge(by="Ana (PagerDuty)")
    assert meaning(event("resolved")) == Resolve(by="Ana (PagerDuty)")
    note = event("annotated", note="Restarted the pool.")
    assert meaning(note) == Comment(by="Ana (PagerDuty)", text="Restarted the pool.")


@pytest.mark.parametrize("name", ["", "\0\n", "\u202e"])
def test_somebody_without_a_name_is_somebody(name: str) -> None:
    assert meaning(event("acknowledged", agent=name)) == Acknowledge(by="somebody (PagerDuty)")


def test_a_name_is_one_line_of_bearable_length() -> None:
    found = meaning(event("acknowledged", agent="Ana\nMaria " + "x" * 5000))

    assert isinstance(found, Acknowledge)
    assert found.by.startswith("Ana Maria x")
    assert len(found.by) < 120


@pytest.mark.parametrize("kind", ["acknowledged", "resolved"])
@pytest.mark.parametrize("of", [incident(), OVER], ids=["open", "over"])
def test_what_we_did_ourselves_changes_nothing_when_it_comes_back(kind: str, of: Incident) -> None:
    echo = event(kind, by_person=False, agent="Events API V2")

    assert meaning(echo, of=of, ended_by_us=True) is None


def test_an_end_that_neither_a_person_nor_we_made_is_told_and_ends_nothing_here() -> None:
    by_itself = event("resolved", by_person=False, agent="")

    assert "by itself; here it goes on" in row(meaning(by_itself))
    assert meaning(by_itself, of=OVER) is None


def test_a_merge_there_ends_nothing_here() -> None:
    text = row(meaning(event("resolved", merged=True)))

    assert text.startswith("Ana (PagerDuty) merged it into another incident")


@pytest.mark.parametrize(("kind", "done"), [("acknowledged",) * 2, ("resolved",) * 2])
def test_an_answer_from_before_people_were_paged_anew_does_not_count(kind: str, done: str) -> None:
    text = row(meaning(event(kind), paged_since=NOON + minutes(5.1)))

    assert text.startswith(f"Ana (PagerDuty) {done} an earlier page at 2026-11-24 12:05 UTC")
    assert not isinstance(meaning(event(kind), paged_since=NOON + minutes(5)), Event)
    assert not isinstance(
        meaning(event(kind, occurred_at=None), paged_since=NOON + minutes(5.1)), Event
    )


@pytest.mark.parametrize(
    ("told", "text"),
    [
        (event("unacknowledged", by_person=False), "Not acknowledged any more in PagerDuty;"),
        (
            event("escalated", by_person=False, assignees=("Ben", "Cy")),
            "Escalated in PagerDuty to Ben, Cy.",
        ),
        (event("reassigned", assignees=("Ben",)), "Reassigned in PagerDuty by Ana to Ben."),
        (event("delegated", policy="Data"), "Given in PagerDuty by Ana to its policy Data."),
        (event("reopened"), "Reopened in PagerDuty by Ana; here it stays triggered."),
    ],
)
def test_the_rest_of_what_happens_there_is_on_the_timeline(told: PagerDutyEvent, text: str) -> None:
    assert row(meaning(told)).startswith(text)


@pytest.mark.parametrize("kind", ["triggered", "priority_updated", "of_next_year"])
def test_what_says_nothing_new_is_no_row(kind: str) -> None:
    assert meaning(event(kind)) is None
    assert meaning(event("annotated", note=" \n")) is None


def test_every_kind_that_means_something_is_heeded() -> None:
    kinds = [kind.removeprefix("incident.") for kind in HEEDED]
    silent = {kind for kind in kinds if meaning(event(kind, note="x")) is None}

    assert silent == {"triggered"}
