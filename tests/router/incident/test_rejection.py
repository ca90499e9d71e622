"""The incident about what could not be understood: how it grows, and when it ends (G3)."""

from dataclasses import replace
from datetime import timedelta

import pytest

from router.incident.acknowledgement import acknowledge
from router.incident.model import Incident, IncidentState
from router.incident.rejection import Untold, apply_rejections, close_when_quiet
from router.intake.notification import parse_notification
from router.intake.rejection import REJECTION_BODY, REJECTION_FINGERPRINT, REJECTION_LABELS
from tests.router.making import NOON, minutes

DAY = timedelta(hours=24)


def untold(count: int = 1, *, reason: str = "The body is not JSON.", **last: str) -> Untold:
    sender = {"last_address": "198.51.100.7", "last_user_agent": "Alertmanager/0.27.0"} | last
    return Untold(count=count, first_at=NOON, last_number=count, last_reason=reason, **sender)


def opened() -> Incident:
    change = apply_rejections(None, untold(), told=0, now=NOON + minutes(1))
    assert change is not None
    assert change.opened
    return replace(change.incident, number=1)


def test_the_alert_that_is_stored_is_the_one_that_the_incident_holds() -> None:
    (alert,) = parse_notification(REJECTION_BODY).alerts
    assert (alert.labels, alert.fingerprint) == (REJECTION_LABELS, REJECTION_FINGERPRINT)
    assert list(opened().alerts) == [REJECTION_FINGERPRINT]


def test_it_fires_since_the_first_one_and_says_what_happened() -> None:
    (alert,) = opened().alerts.values()
    assert alert.starts_at == NOON
    assert alert.annotations == {
        "summary": "A notification could not be understood and was not acted on",
        "description": "Rejected so far: 1, the last from 198.51.100.7 (Alertmanager/0.27.0):"
        " The body is not JSON. What was received is kept: `guardia rejected` lists it."
        " Alerts may be missing until the sender is mended.",
    }


def test_more_add_one_row_and_wake_nobody_who_has_it() -> None:
    taken = acknowledge(opened(), by="Engineer ana", now=NOON + minutes(2)).incident

    change = apply_rejections(taken, untold(4), told=1, now=NOON + minutes(3))

    assert change is not None
    assert [event.text for event in change.events] == [
        "4 more rejected, the last from 198.51.100.7 (Alertmanager/0.27.0): The body is not JSON."
    ]
    assert (change.opened, change.newly_firing, change.severity_rose) == (False, False, False)
    assert change.incident.state is IncidentState.ACKNOWLEDGED
    (alert,) = change.incident.alerts.values()
    assert alert.annotations["description"].startswith("Rejected so far: 5,")
    assert alert.starts_at == NOON


def test_what_senders_write_is_one_short_visible_line() -> None:
    hostile = "\x1b[31m\n" + "x" * 10_000
    change = apply_rejections(
        None, untold(reason=hostile, last_user_agent=hostile), told=0, now=NOON
    )
    assert change is not None
    for text in (change.events[-1].text, str(change.incident.alerts)):
        assert text.isprintable()
        assert len(text) < 1500
    unknown = apply_rejections(None, untold(last_address="", last_user_agent=""), told=0, now=NOON)
    assert unknown is not None
    assert "the last from an unknown address: " in unknown.events[-1].text


@pytest.mark.parametrize("quiet", [minutes(0), DAY - minutes(1), DAY, 10 * DAY])
def test_it_ends_after_a_quiet_day_and_only_when_somebody_has_it(quiet: timedelta) -> None:
    now = NOON + quiet
    taken = acknowledge(opened(), by="Engineer ana", now=NOON).incident

    assert close_when_quiet(opened(), last_at=NOON, now=now) is None
    change = close_when_quiet(taken, last_at=NOON, now=now)

    assert (change is not None) is (quiet >= DAY)
    if change is not None:
        assert change.resolved
        assert change.incident.state is IncidentState.RESOLVED
        assert "Engineer ana has seen it" in change.events[0].text
        assert close_when_quiet(change.incident, last_at=NOON, now=now) is None
