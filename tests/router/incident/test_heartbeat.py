"""Heartbeats: what counts as one, when one is missing, and when people hear of it."""

from dataclasses import replace
from datetime import datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from guardia.matcher import parse_matcher
from guardia.severity import Severity
from router.incident.heartbeat import (
    ABANDONED_AFTER,
    LONGEST_PAUSE,
    TOLD_EVERY,
    Heartbeat,
    Watched,
    hear_since,
    is_abandoned,
    look,
    see,
)
from router.incident.heartbeat_told import (
    missed_fingerprint,
    render_missing,
    render_returned,
    split_heartbeats,
)
from router.intake.notification import Notification, parse_notification
from tests.router.making import NOON, alert_body, minutes, notification

EVERY = timedelta(minutes=5)
WATCHDOG = Heartbeat(
    name="watchdog", matchers=(parse_matcher('alertname="Watchdog"'),), every=EVERY
)
SEEN = Watched(name="watchdog", watched_at=NOON, seen_at=NOON)
LONG_AGO = NOON - timedelta(days=1)
DAY = timedelta(days=1)


def watchdog(status: str = "firing", **labels: str) -> dict[str, object]:
    return alert_body(status, alertname="Watchdog", **labels)


def split(told: Notification, held: frozenset[str] = frozenset()) -> tuple[set[str], list[str]]:
    """Return the heartbeats that came, and the alerts that are left with their states."""
    names, rest = split_heartbeats(told, [WATCHDOG], held=held, now=NOON)
    left = [f"{alert.labels['alertname']} {alert.status}" for alert in rest.alerts]
    return set(names), left


def test_a_heartbeat_is_taken_out_and_all_else_stays() -> None:
    told = notification(watchdog(), alert_body(), watchdog(environment="qa"))
    assert split(told) == ({"watchdog"}, ["DatabaseDown firing"])


def test_the_end_of_a_watchdog_is_no_sign_of_life() -> None:
    assert split(notification(watchdog("resolved"))) == (set(), [])


def test_one_that_has_an_incident_from_before_ends_it() -> None:
    told = notification(watchdog())
    held = frozenset(alert.fingerprint for alert in told.alerts)
    assert split(told, held) == ({"watchdog"}, ["Watchdog resolved"])


def test_where_alerts_were_cut_off_a_group_of_heartbeats_alone_stays() -> None:
    told = notification(watchdog(), truncatedAlerts=3)
    assert split(told) == ({"watchdog"}, ["Watchdog firing"])
    told = notification(watchdog(), alert_body(), truncatedAlerts=3)
    assert split(told) == ({"watchdog"}, ["DatabaseDown firing"])


@pytest.mark.parametrize(
    ("watched", "heard_since", "after", "missing"),
    [
        (SEEN, LONG_AGO, EVERY - timedelta(seconds=1), False),
        (SEEN, LONG_AGO, EVERY, True),
        # One that never came counts from when it was first waited for.
        (replace(SEEN, seen_at=None), LONG_AGO, EVERY - timedelta(seconds=1), False),
        (replace(SEEN, seen_at=None), LONG_AGO, EVERY, True),
        # After an outage of ours it has all its time again.
        (replace(SEEN, seen_at=LONG_AGO), NOON, EVERY - timedelta(seconds=1), False),
        (replace(SEEN, seen_at=LONG_AGO), NOON, EVERY, True),
    ],
)
def test_it_is_missing_after_its_time(
    watched: Watched, heard_since: datetime, after: timedelta, missing: bool
) -> None:
    found = look(WATCHDOG, watched, heard_since=heard_since, now=NOON + after)
    assert (found.missed_at is not None) is missing
    assert found.told_at == (NOON + after if missing else None)


def test_people_are_told_once_and_again_every_half_hour() -> None:
    now, known, told = NOON, SEEN, []
    for _ in range(100):
        now += minutes(1)
        known = look(WATCHDOG, known, heard_since=LONG_AGO, now=now)
        if known.told_at == now:
            told.append(now - NOON)
    assert told == [EVERY + n * TOLD_EVERY for n in range(4)]


def test_no_restart_of_ours_ends_what_is_missing() -> None:
    missing = look(WATCHDOG, SEEN, heard_since=LONG_AGO, now=NOON + EVERY)
    later = NOON + EVERY + minutes(1)
    assert look(WATCHDOG, missing, heard_since=later, now=later) == missing


def test_what_was_received_before_it_was_missing_does_not_end_that() -> None:
    missing = replace(SEEN, missed_at=NOON + EVERY, told_at=NOON + EVERY)
    late = see(missing, received_at=NOON + minutes(1))
    assert (late.seen_at, late.missed_at) == (NOON + minutes(1), NOON + EVERY)
    back = see(late, received_at=NOON + EVERY)
    assert (back.seen_at, back.missed_at, back.told_at) == (NOON + EVERY, None, None)


def test_notifications_that_overtake_each_other_leave_the_latest_instant() -> None:
    assert see(replace(SEEN, seen_at=NOON + DAY), received_at=NOON).seen_at == NOON + DAY


def test_one_found_missing_by_a_wrong_clock_ends_all_the_same() -> None:
    ahead = replace(SEEN, missed_at=NOON + DAY, told_at=NOON + DAY)
    known = look(WATCHDOG, ahead, heard_since=LONG_AGO, now=NOON)
    assert see(known, received_at=NOON).missed_at is None


def test_a_clock_that_was_wrong_postpones_nothing_for_long() -> None:
    ahead = replace(SEEN, seen_at=NOON + timedelta(days=400), watched_at=NOON + DAY)
    known = look(WATCHDOG, ahead, heard_since=LONG_AGO, now=NOON)
    assert (known.seen_at, known.watched_at) == (NOON, NOON)
    found = look(WATCHDOG, known, heard_since=LONG_AGO, now=NOON + EVERY)
    assert found.missed_at == NOON + EVERY


@given(steps=st.lists(st.integers(1, 30), min_size=40, max_size=60), kept=st.booleans())
def test_hearing_goes_on_while_looks_do(steps: list[int], kept: bool) -> None:
    since = last = NOON
    for seconds in steps:
        now = last + timedelta(seconds=seconds)
        since = hear_since(since, last_look_at=last, now=now)
        last = now
    assert since == NOON
    pause = LONGEST_PAUSE if kept else LONGEST_PAUSE + timedelta(seconds=1)
    assert (hear_since(since, last_look_at=last, now=last + pause) == NOON) is kept


def test_hearing_begins_at_the_start_and_anew_when_the_clock_is_set_back() -> None:
    assert hear_since(None, last_look_at=None, now=NOON) == NOON
    back = NOON - minutes(10)
    assert hear_since(NOON - DAY, last_look_at=NOON, now=back) == back


def test_what_no_catalog_declares_any_more_is_given_up_after_a_while() -> None:
    told = replace(SEEN, missed_at=NOON, told_at=NOON)
    assert not is_abandoned(told, now=NOON + ABANDONED_AFTER - timedelta(seconds=1))
    assert is_abandoned(told, now=NOON + ABANDONED_AFTER)
    assert not is_abandoned(SEEN, now=NOON + DAY)


def test_what_is_told_is_a_notification_and_its_end_is_found_under_other_labels() -> None:
    heartbeat = replace(WATCHDOG, severity=Severity.HIGH, labels={"environment": "prod"})
    missing = replace(SEEN, missed_at=NOON + EVERY)
    told = parse_notification(render_missing(heartbeat, missing))
    (alert,) = told.alerts
    assert alert.labels == {
        "alertname": "HeartbeatMissed",
        "heartbeat": "watchdog",
        "severity": "high",
        "environment": "prod",
    }
    assert alert.firing
    assert alert.starts_at == NOON + EVERY
    assert alert.annotations["summary"] == "The heartbeat watchdog did not come for 5m"
    assert "last came at 2026-11-24 12:00:00 UTC" in alert.annotations["description"]
    assert told.group_labels == {"alertname": "HeartbeatMissed", "heartbeat": "watchdog"}

    for end in (
        render_returned(missing, at=NOON + DAY, heartbeat=WATCHDOG),
        render_returned(missing, at=NOON + DAY),
    ):
        (ended,) = parse_notification(end).alerts
        assert (ended.status, ended.ends_at) == ("resolved", NOON + DAY)
        assert ended.fingerprint == alert.fingerprint == missed_fingerprint("watchdog")


def test_no_label_of_the_catalog_takes_the_place_of_its_own() -> None:
    hostile = replace(WATCHDOG, labels={"alertname": "Other", "heartbeat": "other"})
    (alert,) = parse_notification(render_missing(hostile, replace(SEEN, missed_at=NOON))).alerts
    assert (alert.labels["alertname"], alert.labels["heartbeat"]) == ("HeartbeatMissed", "watchdog")


def test_one_that_never_came_says_so() -> None:
    missing = Watched(name="watchdog", watched_at=NOON, missed_at=NOON + EVERY)
    (alert,) = parse_notification(render_missing(WATCHDOG, missing)).alerts
    assert 'alertname="Watchdog" never came' in alert.annotations["description"]
