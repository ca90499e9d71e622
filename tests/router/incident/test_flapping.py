"""What comes back soon is the same incident; what comes back often is held open."""

from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from guardia.severity import Severity
from router.incident.acknowledgement import acknowledge
from router.incident.answers import Resolve, answer
from router.incident.apply import apply_notification, record_ends
from router.incident.episodes import FLAPPING_FROM
from router.incident.model import Change, EventKind, Incident, IncidentState
from router.incident.revisit import revisit
from router.intake.notification import Notification
from tests.router.making import MINUTE, NOON, alert_body, minutes, notification

FIRING = notification(alert_body(severity="critical"))
RESOLVED = notification(alert_body("resolved", severity="critical"))
WITHIN = minutes(15)


def firing_since(minute: float) -> Notification:
    starts_at = (NOON + minutes(minute)).isoformat()
    return notification(alert_body(severity="critical") | {"startsAt": starts_at})


def ended_at(minute: float) -> Notification:
    at = (NOON + minutes(minute)).isoformat()
    return notification(alert_body("resolved", severity="critical") | {"endsAt": at})


def change(incident: Incident | None, told: Notification, minute: float) -> Change:
    now = NOON + minutes(minute)
    found = apply_notification(incident, told, now=now, reopen_within=WITHIN)
    assert found is not None
    return found


def flapped(times: int) -> tuple[Incident, float]:
    """Return an incident that was reopened so often and fires, and the minute it is."""
    incident, minute = change(None, FIRING, 0).incident, 0.0
    for _ in range(times):
        incident = change(incident, ended_at(minute + 1), minute + 1).incident
        incident = change(incident, firing_since(minute + 2), minute + 2).incident
        minute += 2
    return incident, minute


def test_what_fires_again_soon_is_the_same_incident_and_pages_anew() -> None:
    incident = change(None, FIRING, 0).incident
    incident = acknowledge(incident, by="ana", now=NOON + MINUTE).incident
    over = change(incident, ended_at(2), 2).incident

    again = change(over, firing_since(10), 10)

    assert (again.reopened, again.opened, again.pages_anew) == (True, False, True)
    assert again.incident.state is IncidentState.TRIGGERED
    assert again.incident.acknowledged_by is None
    assert again.incident.opened_at == NOON
    assert again.incident.reopened == 1
    assert again.events[0].kind is EventKind.REOPENED
    assert "8 min after its end" in again.events[0].text


def test_what_fires_again_later_is_a_new_incident() -> None:
    over = change(change(None, FIRING, 0).incident, ended_at(2), 2).incident

    again = change(over, firing_since(17), 17)

    assert (again.reopened, again.opened) == (False, True)


def test_what_somebody_resolved_by_hand_is_not_reopened() -> None:
    closed = answer(change(None, FIRING, 0).incident, Resolve(by="ana"), now=NOON).incident

    again = change(closed, firing_since(3), 3)

    assert again.opened


def test_a_first_and_second_end_are_believed() -> None:
    for times in range(FLAPPING_FROM):
        incident, minute = flapped(times)
        assert change(incident, ended_at(minute + 1), minute + 1).resolved


def test_an_end_after_many_is_held_back_and_pages_nobody_when_it_does_not_last() -> None:
    incident, minute = flapped(FLAPPING_FROM)
    incident = acknowledge(incident, by="ana", now=NOON + minutes(minute)).incident

    held = change(incident, ended_at(minute + 1), minute + 1)
    assert not held.resolved
    assert held.incident.is_quiet
    assert held.incident.closes_at == NOON + minutes(minute + 1) + WITHIN
    assert held.events[-1].kind is EventKind.HELD_OPEN

    back = change(held.incident, firing_since(minute + 3), minute + 3)
    assert (back.reopened, back.pages_anew) == (False, False)
    assert back.incident.closes_at is None
    assert back.incident.acknowledged_by == "ana"


def test_an_end_that_is_told_twice_does_not_hold_it_longer() -> None:
    incident, minute = flapped(FLAPPING_FROM)
    held = change(incident, ended_at(minute + 1), minute + 1).incident

    now = NOON + minutes(minute + 8)
    told_again = apply_notification(held, ended_at(minute + 1), now=now, reopen_within=WITHIN)

    closes_at = held.closes_at if told_again is None else told_again.incident.closes_at
    assert closes_at == NOON + minutes(minute + 1) + WITHIN


def test_what_was_cut_off_may_fire_and_is_not_held_as_quiet() -> None:
    incident, minute = flapped(FLAPPING_FROM)
    held = change(incident, ended_at(minute + 1), minute + 1).incident
    truncated = notification(alert_body("resolved", severity="critical"), truncatedAlerts=3)

    seen = change(held, truncated, minute + 2).incident

    assert seen.closes_at is None
    assert not seen.is_quiet


def cut_off_after(minute: float) -> Incident:
    """Return an incident that somebody has, open only for what was cut off from its end."""
    at = (NOON + minutes(minute)).isoformat()
    over = alert_body("resolved", severity="critical") | {"endsAt": at}
    taken = acknowledge(change(None, FIRING, 0).incident, by="ana", now=NOON).incident
    return change(taken, notification(over, truncatedAlerts=3), minute).incident


def test_what_fires_long_after_all_that_is_known_ended_is_nobodys() -> None:
    """What was cut off keeps it open: without this, for ever, and with whoever had it then."""
    fired = change(cut_off_after(5), firing_since(20), 20)

    assert fired.pages_anew
    assert fired.incident.state is IncidentState.TRIGGERED
    assert EventKind.ACKNOWLEDGEMENT_ENDED in [event.kind for event in fired.events]


def test_what_fires_soon_after_all_that_is_known_ended_stays_with_who_has_it() -> None:
    fired = change(cut_off_after(5), firing_since(19), 19)

    assert not fired.pages_anew
    assert fired.incident.state is IncidentState.ACKNOWLEDGED


def test_the_end_of_what_was_closed_by_hand_is_recorded_and_opens_nothing() -> None:
    closed = answer(change(None, FIRING, 0).incident, Resolve(by="ana"), now=NOON).incident

    assert record_ends(closed, FIRING, now=NOON + MINUTE) is None
    ended = record_ends(closed, ended_at(5), now=NOON + minutes(5))

    assert ended is not None
    assert not ended.incident.firing
    assert ended.incident.state is IncidentState.RESOLVED
    assert [event.kind for event in ended.events] == [EventKind.ALERT_RESOLVED]


@given(st.lists(st.tuples(st.booleans(), st.integers(1, 40)), min_size=1, max_size=25))
def test_an_incident_that_fires_is_open_and_one_that_is_over_does_not(
    history: list[tuple[bool, int]],
) -> None:
    """Whatever the times between: no firing alert in a closed incident, none closed too early."""
    incident, minute, told = change(None, FIRING, 0).incident, 0, True
    for fires, wait in history:
        minute += wait
        now = NOON + minutes(minute)
        due = revisit(incident, now=now)
        incident = incident if due is None else due.incident
        body: Any = firing_since(minute) if fires else ended_at(minute)
        found = apply_notification(incident, body, now=now, reopen_within=WITHIN)
        incident = incident if found is None else found.incident
        told = fires
        assert bool(incident.firing) is told
        assert incident.is_open or not incident.firing
        assert incident.severity is Severity.CRITICAL
