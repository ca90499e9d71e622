"""What notifications and acknowledgements do to an incident (G2, G4)."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from guardia.severity import Severity
from router.incident.acknowledgement import acknowledge
from router.incident.apply import (
    alert_severity,
    apply_notification,
    incident_key,
)
from router.incident.model import Change, EventKind, Incident, IncidentState
from router.intake.notification import Notification
from tests.router.making import NOON, alert_body, minutes, notification

LATER = NOON + minutes(40)
CRITICAL_FIRING = notification(alert_body(severity="critical"))
CRITICAL_RESOLVED = notification(alert_body("resolved", severity="critical"))


def changed(incident: Incident | None, told: Notification, **when: Any) -> Change:
    change = apply_notification(incident, told, now=when.get("now", NOON))
    assert change is not None
    return change


def opened(told: Notification = CRITICAL_FIRING) -> Incident:
    return changed(None, told).incident


def says_nothing_new(incident: Incident, told: Notification, **when: Any) -> bool:
    """Say whether people see no difference: at most, when it was last heard of."""
    change = apply_notification(incident, told, now=when.get("now", LATER))
    if change is None:
        return True
    return not change.is_visible and change.events == () and change.incident.is_open


def kinds(change: Change) -> list[EventKind]:
    return [event.kind for event in change.events]


def test_a_firing_alert_opens_an_incident() -> None:
    change = changed(None, CRITICAL_FIRING)

    assert (change.opened, change.resolved, change.severity_rose) == (True, False, False)
    assert change.incident.state is IncidentState.TRIGGERED
    assert change.incident.severity is Severity.CRITICAL
    assert change.incident.opened_at == NOON
    assert change.incident.number is None
    assert kinds(change) == [EventKind.OPENED, EventKind.ALERT_FIRING]
    assert change.events[0].text == "Opened with severity critical: The database is down"


def test_the_same_notification_again_changes_nothing() -> None:
    assert says_nothing_new(opened(), CRITICAL_FIRING)


def test_the_last_resolve_resolves_the_incident() -> None:
    change = changed(opened(), CRITICAL_RESOLVED, now=LATER)

    assert change.resolved
    assert (change.incident.state, change.incident.resolved_at) == (IncidentState.RESOLVED, LATER)
    assert kinds(change) == [EventKind.ALERT_RESOLVED, EventKind.RESOLVED]
    (alert,) = change.incident.alerts.values()
    assert (alert.firing, alert.ended_at) == (False, NOON + minutes(30))


def test_a_resolve_that_comes_before_any_firing_is_recorded_and_does_not_page() -> None:
    change = changed(None, CRITICAL_RESOLVED)

    assert (change.opened, change.resolved) == (False, True)
    assert change.incident.state is IncidentState.RESOLVED
    assert change.incident.severity is Severity.CRITICAL
    assert kinds(change) == [EventKind.RESOLVED]


def test_a_resolved_incident_that_is_told_of_its_end_again_changes_nothing() -> None:
    over = changed(opened(), CRITICAL_RESOLVED).incident
    assert apply_notification(over, CRITICAL_RESOLVED, now=LATER) is None


def test_what_fires_after_the_end_opens_a_new_incident() -> None:
    over = changed(opened(), CRITICAL_RESOLVED).incident

    change = changed(over, CRITICAL_FIRING, now=LATER)

    assert change.opened
    assert (change.incident.number, change.incident.opened_at) == (None, LATER)


def test_an_end_time_in_the_past_does_not_resolve_what_fires() -> None:
    fires = alert_body(severity="high") | {"endsAt": "2020-01-02T12:34:56Z"}
    assert changed(None, notification(fires)).opened


def test_an_alert_that_is_absent_stays_as_it_was() -> None:
    both = notification(alert_body(instance="a"), alert_body(instance="b"))

    change = changed(opened(both), notification(alert_body("resolved", instance="a")))

    assert not change.resolved
    assert sorted(alert.firing for alert in change.incident.alerts.values()) == [False, True]


def test_a_truncated_notification_never_resolves() -> None:
    cut = notification(alert_body("resolved", severity="critical"), truncatedAlerts=1)

    change = changed(opened(), cut)

    assert not change.resolved
    assert change.incident.is_open
    assert "Alertmanager cut off 1 more" in change.events[0].text
    assert changed(change.incident, CRITICAL_RESOLVED).resolved  # the whole list says it


def test_a_group_without_alerts_changes_nothing() -> None:
    nothing = notification(status="resolved")
    assert apply_notification(None, nothing, now=NOON) is None
    assert apply_notification(opened(), nothing, now=NOON) is None


def test_firing_again_within_the_incident_is_live_even_with_the_same_start() -> None:
    both = opened(notification(alert_body(instance="a"), alert_body(instance="b")))
    one = changed(both, notification(alert_body("resolved", instance="a"))).incident

    change = changed(one, notification(alert_body(instance="a")))

    assert kinds(change) == [EventKind.ALERT_FIRING]
    assert all(alert.firing for alert in change.incident.alerts.values())


def test_the_end_of_an_earlier_episode_does_not_end_this_one() -> None:
    again = notification(alert_body() | {"startsAt": "2026-11-24T13:00:00Z"})
    end_of_the_first = notification(alert_body("resolved"))  # ended at 12:30

    assert apply_notification(opened(again), end_of_the_first, now=LATER) is None


def test_a_firing_entry_wins_over_a_resolved_one_of_the_same_alert() -> None:
    twice = notification(alert_body("firing"), alert_body("resolved"))
    assert changed(None, twice).opened
    assert says_nothing_new(opened(twice), twice)


def test_a_rise_in_severity_is_told_and_ends_an_acknowledgement() -> None:
    high = opened(notification(alert_body(severity="high")))
    taken = acknowledge(high, by="ana", now=NOON).incident

    change = changed(taken, CRITICAL_FIRING, now=LATER)

    assert change.severity_rose
    assert change.incident.severity is Severity.CRITICAL
    assert change.incident.state is IncidentState.TRIGGERED
    assert change.incident.acknowledged_by is None
    assert kinds(change) == [EventKind.ALERT_FIRING, EventKind.SEVERITY_ROSE]
    assert change.events[1].text == (
        "Severity rose from high to critical."
        " ana had acknowledged the milder one: people are paged."
    )


def test_a_fall_in_severity_is_only_an_update() -> None:
    # As measured with Alertmanager: the critical one ends first, listed as resolved.
    both = opened(notification(alert_body(severity="critical"), alert_body(severity="high")))
    taken = acknowledge(both, by="ana", now=NOON).incident

    change = changed(
        taken,
        notification(alert_body("resolved", severity="critical"), alert_body(severity="high")),
    )

    assert (change.opened, change.severity_rose, change.resolved) == (False, False, False)
    assert change.incident.severity is Severity.HIGH
    assert change.incident.state is IncidentState.ACKNOWLEDGED
    assert kinds(change) == [EventKind.ALERT_RESOLVED, EventKind.SEVERITY_FELL]


def test_another_alert_of_the_same_severity_does_not_end_an_acknowledgement() -> None:
    taken = acknowledge(opened(), by="ana", now=NOON).incident

    change = changed(taken, notification(alert_body(severity="critical", instance="b")))

    assert change.incident.state is IncidentState.ACKNOWLEDGED
    assert not change.severity_rose


def test_a_changed_annotation_is_kept_without_a_row_of_the_timeline() -> None:
    worse = alert_body(severity="critical") | {"annotations": {"summary": "Down for 10 minutes"}}

    change = changed(opened(), notification(worse))

    assert change.events == ()
    (alert,) = change.incident.alerts.values()
    assert alert.annotations == {"summary": "Down for 10 minutes"}


def test_an_alert_without_a_start_starts_when_it_is_first_told() -> None:
    told = notification(alert_body() | {"startsAt": None})

    incident = opened(told)

    (alert,) = incident.alerts.values()
    assert alert.starts_at == NOON
    assert says_nothing_new(incident, told)


def test_a_resolve_without_an_end_ends_when_it_is_first_told() -> None:
    ended = alert_body("resolved", instance="a") | {"endsAt": None}
    told = notification(ended, alert_body(instance="b"))
    both = opened(notification(alert_body(instance="a"), alert_body(instance="b")))

    incident = changed(both, told, now=LATER).incident

    assert {alert.ended_at for alert in incident.alerts.values()} == {LATER, None}
    assert apply_notification(incident, told, now=LATER + minutes(1)) is None


def test_hundreds_of_alerts_are_one_row_of_the_timeline() -> None:
    many = notification(*(alert_body(instance=f"node-{number}") for number in range(300)))

    change = changed(None, many)

    assert kinds(change) == [EventKind.OPENED, EventKind.ALERT_FIRING]
    assert change.events[1].text.endswith("; and 295 more")


@pytest.mark.parametrize(
    ("label", "severity"),
    [("critical", Severity.CRITICAL), ("low", Severity.LOW), ("page", Severity.MEDIUM)],
)
def test_a_foreign_severity_ranks_as_medium(label: str, severity: Severity) -> None:
    assert alert_severity({"severity": label}) is severity
    assert alert_severity({}) is Severity.MEDIUM


def test_a_foreign_severity_that_is_mapped_ranks_as_what_it_counts_as() -> None:
    told = notification(alert_body(severity="page"), alert_body(severity="warning"))
    severities = {"page": Severity.CRITICAL, "warning": Severity.LOW}

    change = apply_notification(None, told, now=NOON, severities=severities)

    assert change is not None
    assert change.incident.severity is Severity.CRITICAL
    ranks = {alert.labels["severity"]: alert.severity for alert in change.incident.alerts.values()}
    assert ranks == severities


def test_the_key_is_the_groups_labels_in_any_order_and_not_the_group_key() -> None:
    labels = {"service": "casos", "environment": "prod"}
    swapped = dict(reversed(labels.items()))
    first = notification(alert_body(), groupLabels=labels, groupKey="before a route edit")
    second = notification(alert_body(), groupLabels=swapped, groupKey="after it")

    assert incident_key(first) == incident_key(second)
    assert incident_key(first) != incident_key(notification(alert_body()))


def test_the_key_of_a_group_without_labels_is_its_first_alert() -> None:
    first, second = alert_body(instance="a"), alert_body(instance="b")
    one = notification(first, groupLabels={})

    assert incident_key(one) == incident_key(notification(first, second, groupLabels={}))
    assert incident_key(one) != incident_key(notification(second, groupLabels={}))
    # A group of these labels is something else than an alert of these labels.
    assert incident_key(one) != incident_key(notification(first, groupLabels=first["labels"]))


def test_the_first_acknowledgement_counts_and_the_second_is_noted() -> None:
    first = acknowledge(opened(), by="ana", now=NOON)
    second = acknowledge(first.incident, by="bea", now=LATER)

    assert (first.acknowledged, second.acknowledged) == (True, False)
    assert first.incident.state is IncidentState.ACKNOWLEDGED
    assert (second.incident.acknowledged_by, second.incident.acknowledged_at) == ("ana", NOON)
    assert [event.text for event in (*first.events, *second.events)] == [
        "ana acknowledged it: nobody else is paged.",
        "bea acknowledged it too; ana was first.",
    ]


def test_the_same_person_again_changes_nothing() -> None:
    first = acknowledge(opened(), by="ana", now=NOON)
    again = acknowledge(first.incident, by="ana", now=LATER)

    assert (again.incident, again.events) == (first.incident, ())


def test_an_acknowledgement_after_the_end_leaves_the_end_alone() -> None:
    over = changed(opened(), CRITICAL_RESOLVED).incident

    late = acknowledge(over, by="ana", now=LATER)

    assert late.incident == over
    assert not late.acknowledged
    assert late.events[0].text == "ana acknowledged it after it was resolved."


def test_a_name_cannot_add_lines_to_the_timeline() -> None:
    change = acknowledge(opened(), by="ana\n2026: bea\u202e", now=NOON)
    assert change.events[0].text == "ana 2026: bea acknowledged it: nobody else is paged."


# Laws, over whole histories of an incident.

ALERTS = st.builds(
    lambda status, instance, severity, starts, ends: {
        **alert_body(status, instance=instance, severity=severity),
        "startsAt": f"2026-11-24T12:{starts:02}:00Z",
        "endsAt": f"2026-11-24T12:{ends:02}:00Z",
    },
    st.sampled_from(["firing", "resolved"]),
    st.sampled_from("abc"),
    st.sampled_from(["critical", "high", "low", "page"]),
    st.integers(0, 29),
    st.integers(30, 59),
)
NOTIFICATIONS = st.builds(
    lambda alerts, cut: notification(*alerts, truncatedAlerts=cut),
    st.lists(ALERTS, min_size=1, max_size=4),
    st.sampled_from([0, 0, 0, 2]),
)
HISTORIES = st.lists(NOTIFICATIONS, min_size=1, max_size=6)


def after(history: list[Notification]) -> Incident | None:
    incident: Incident | None = None
    for number, told in enumerate(history):
        change = apply_notification(incident, told, now=NOON + minutes(number))
        incident = change.incident if change is not None else incident
    return incident


@given(HISTORIES)
def test_the_same_notification_at_once_again_changes_nothing(history: list[Notification]) -> None:
    at_once = NOON + minutes(len(history))
    assert apply_notification(after(history), history[-1], now=at_once) is None


@given(HISTORIES)
def test_what_fires_in_the_last_notification_is_in_an_open_incident(
    history: list[Notification],
) -> None:
    incident = after(history)
    assert incident is not None
    firing = {alert.fingerprint for alert in history[-1].alerts if alert.firing}
    assert all(incident.alerts[fingerprint].firing for fingerprint in firing)
    assert incident.is_open or not firing


@given(HISTORIES)
def test_an_incident_is_resolved_only_when_nothing_fires(history: list[Notification]) -> None:
    incident = after(history)
    assert incident is not None
    firing = [alert for alert in incident.alerts.values() if alert.firing]
    if incident.is_open:
        assert firing or any(told.truncated_alerts for told in history)
    else:
        assert not firing
        assert incident.resolved_at is not None
    if firing:
        assert incident.severity is max(
            (alert.severity for alert in firing), key=lambda severity: severity.urgency
        )


@given(alerts=st.lists(ALERTS, min_size=1, max_size=4), data=st.data())
def test_the_order_of_alerts_in_a_body_does_not_matter(
    alerts: list[dict[str, Any]], data: st.DataObject
) -> None:
    different = list({str(alert["labels"]): alert for alert in alerts}.values())
    other_order = data.draw(st.permutations(different))
    one = changed(None, notification(*different))
    assert changed(None, notification(*other_order)).incident == one.incident
