"""What happened in PagerDuty: an answer of ours, a row of the timeline, or nothing."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime
from types import MappingProxyType

import pytest

from router.incident.answers import Acknowledge, Answer, Comment, Resolve
from router.incident.model import Event, EventKind, Incident, IncidentState
from router.incident.pagerduty import CLOCKS_APART, HEEDED, OVERTAKING, decide_meaning
from router.intake.pagerduty import PagerDutyEvent
from tests.router.making import NOON, incident, minutes

NOTHING: Mapping[EventKind, datetime] = MappingProxyType({})
BY_ANA = Acknowledge(by="Ana (PagerDuty)", at=NOON + minutes(5))
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
    since: Mapping[EventKind, datetime] = NOTHING,
    of_digest: bool = False,
    ended_by_us: bool = False,
) -> Answer | Event | None:
    return decide_meaning(
        told,
        of or incident(),
        since=since,
        of_digest=of_digest,
        ended_by_us=ended_by_us,
        now=NOON + minutes(6),
    )


def row(found: Answer | Event | None) -> str:
    assert isinstance(found, Event)
    assert found.kind is EventKind.PROVIDER
    return found.text


def test_what_a_person_does_is_the_answer_that_it_is_anywhere() -> None:
    assert meaning(event("acknowledged")) == BY_ANA
    assert meaning(event("resolved")) == Resolve(by="Ana (PagerDuty)")
    note = event("annotated", note="Restarted the pool.")
    assert meaning(note) == Comment(by="Ana (PagerDuty)", text="Restarted the pool.")


@pytest.mark.parametrize("name", ["", "\0\n", "\u202e"])
def test_somebody_without_a_name_is_somebody(name: str) -> None:
    found = meaning(event("acknowledged", agent=name))

    assert isinstance(found, Acknowledge)
    assert found.by == "somebody (PagerDuty)"


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


@pytest.mark.parametrize("kind", ["acknowledged", "resolved"])
@pytest.mark.parametrize(
    ("overtaken_by", "told"),
    [
        (EventKind.PAGED, "an earlier page at 2026-11-24 12:05 UTC"),
        (EventKind.ESCALATED, "an earlier page at 2026-11-24 12:05 UTC"),
        (EventKind.SEVERITY_ROSE, "it at 2026-11-24 12:05 UTC, when it was less severe"),
    ],
)
def test_an_answer_to_what_was_before_does_not_count(
    kind: str, overtaken_by: EventKind, told: str
) -> None:
    at = NOON + minutes(5)  # when Ana did it
    text = row(meaning(event(kind), since={overtaken_by: at + minutes(1)}))

    assert text.startswith(f"Ana (PagerDuty) {kind} {told}")
    # Nor one that is as near as the clocks may differ.
    assert row(meaning(event(kind), since={overtaken_by: at})) == text
    counts = {overtaken_by: at - CLOCKS_APART}
    assert not isinstance(meaning(event(kind), since=counts), Event)
    unknown = event(kind, occurred_at=None)
    assert not isinstance(meaning(unknown, since={overtaken_by: at}), Event)


def test_an_end_from_before_another_alert_fired_does_not_count_but_an_acknowledgement_does() -> (
    None
):
    fired = {EventKind.ALERT_FIRING: NOON + minutes(6)}

    text = row(meaning(event("resolved"), since=fired))

    assert "12:05 UTC, before another alert of it fired" in text
    assert meaning(event("acknowledged"), since=fired) == BY_ANA


def test_resolving_the_page_of_many_takes_each_that_goes_on_and_ends_none() -> None:
    swiped = event("resolved")

    unread = replace(BY_ANA, of_digest=True)
    assert meaning(swiped, of_digest=True) == unread
    assert meaning(swiped, of=OVER, of_digest=True) is None
    fired = {EventKind.ALERT_FIRING: NOON + minutes(6)}
    assert meaning(swiped, of_digest=True, since=fired) == unread
    rose = {EventKind.SEVERITY_ROSE: NOON + minutes(6)}
    assert isinstance(meaning(swiped, of_digest=True, since=rose), Event)


def test_what_overtakes_an_answer_is_told_by_what_says_most() -> None:
    all_of_them = dict.fromkeys(OVERTAKING, NOON + minutes(6))

    assert "people were paged anew since" in row(meaning(event("resolved"), since=all_of_them))


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
