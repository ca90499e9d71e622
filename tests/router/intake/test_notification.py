"""Bytes to a notification: what is read, what is tolerated, what is refused."""

import json
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from guardia.label import fingerprint
from router.intake.notification import (
    Notification,
    UnreadableNotification,
    parse_notification,
)
from tests.router.making import NOON, alert_body, notification, notification_body


def reason(body: bytes) -> str:
    with pytest.raises(UnreadableNotification) as refused:
        parse_notification(body)
    return refused.value.reason


def test_a_notification_of_version_4_is_read_whole() -> None:
    body = notification_body(
        alert_body(severity="critical") | {"fingerprint": "8df98227bdd81384"},
        alert_body("resolved", instance="b"),
        truncatedAlerts=3,
        notification_reason="some alerts resolved",  # since Alertmanager 0.32
        routeLabels={"team": "platform"},  # of 0.34
    )

    read = parse_notification(body)

    assert (read.version, read.group_key, read.receiver) == ("4", '{}:{service="casos"}', "guardia")
    assert (read.status, read.truncated_alerts) == ("firing", 3)
    assert read.group_labels == {"service": "casos"}
    assert read.external_url == "http://alertmanager.example"
    firing, resolved = read.alerts
    assert firing.labels == {"alertname": "DatabaseDown", "severity": "critical"}
    assert firing.annotations == {"summary": "The database is down"}
    assert firing.generator_url == "http://prometheus.example/graph"
    assert firing.fingerprint == "8df98227bdd81384"
    assert (firing.firing, firing.starts_at, firing.ends_at) == (True, NOON, None)
    assert (resolved.firing, resolved.ends_at) == (False, NOON + timedelta(minutes=30))


@pytest.mark.parametrize("status", ["firing", "resolved"])
def test_the_status_wins_over_the_end_time(status: str) -> None:
    alert = alert_body(status) | {"endsAt": "2020-01-01T00:00:00Z"}
    assert notification(alert).alerts[0].firing is (status == "firing")


def test_an_alert_without_a_status_has_the_notifications() -> None:
    read = notification(alert_body(None), status="firing")
    assert read.alerts[0].status == "firing"


def test_a_notification_without_a_status_has_its_alerts() -> None:
    both = [alert_body("resolved", instance="a"), alert_body("firing", instance="b")]
    assert notification(*both, status=None).status == "firing"
    assert notification(both[0], status=None).status == "resolved"


def test_a_missing_fingerprint_is_computed_from_the_labels() -> None:
    for absent in ({}, {"fingerprint": ""}, {"fingerprint": None}):
        read = notification(alert_body(instance="a") | absent)
        assert read.alerts[0].fingerprint == fingerprint(read.alerts[0].labels)


def test_alerts_that_share_a_fingerprint_but_not_their_labels_are_told_apart() -> None:
    shared = {"fingerprint": "8df98227bdd81384"}
    read = notification(alert_body(instance="a") | shared, alert_body(instance="b") | shared)

    assert [alert.fingerprint for alert in read.alerts] == [
        fingerprint(alert.labels) for alert in read.alerts
    ]


@pytest.mark.parametrize(
    ("field", "written", "attribute", "read"),
    [
        ("version", None, "version", ""),
        ("version", 3, "version", "3"),
        ("groupKey", 43434343434343434343434343, "group_key", "43434343434343434343434343"),
        ("groupKey", None, "group_key", ""),
        ("receiver", None, "receiver", ""),
        ("groupLabels", None, "group_labels", {}),
        ("truncatedAlerts", None, "truncated_alerts", 0),
        ("externalURL", 7.5, "external_url", ""),
        ("unknown", {"deep": [1]}, "version", "4"),
    ],
)
def test_fields_that_decide_nothing_may_be_missing_or_strange(
    field: str, written: Any, attribute: str, read: Any
) -> None:
    assert getattr(notification(alert_body(), **{field: written}), attribute) == read


@pytest.mark.parametrize(
    ("written", "read"),
    [
        ("2017-01-26T08:31:54.865-05:00", datetime(2017, 1, 26, 13, 31, 54, 865000, tzinfo=UTC)),
        ("2019-09-27T16:27:56.612666101Z", datetime(2019, 9, 27, 16, 27, 56, 612666, tzinfo=UTC)),
        ("0001-01-01T00:00:00Z", None),
        ("9999-12-31T23:59:59-23:00", None),
        ("${START_DATE}T00:00:00Z", None),
        (1511794800, None),
        (None, None),
    ],
)
def test_times_are_read_into_utc_and_do_not_stop_an_alert(
    written: object, read: datetime | None
) -> None:
    assert notification(alert_body() | {"startsAt": written}).alerts[0].starts_at == read


def test_annotations_that_are_not_text_are_left_out() -> None:
    annotations = {"summary": "down", "value": 5, "none": None}
    read = notification(alert_body() | {"annotations": annotations})
    assert read.alerts[0].annotations == {"summary": "down"}


def test_a_resolved_notification_may_list_no_alerts() -> None:
    assert notification(status="resolved").alerts == ()


@pytest.mark.parametrize(
    ("body", "sentence"),
    [
        (b"", "The body is not JSON: Input data was truncated."),
        (b"\xff{}", "The body is not JSON: JSON is malformed: invalid character (byte 0)."),
        (
            b'{"status": "\xff"}',
            "The body is not JSON: 'utf-8' codec can't decode byte 0xff in position 0:"
            " invalid start byte.",
        ),
        (b"[" * 100_000, "The body is nested too deeply."),
        (b'"\\ud800"', "The body is not JSON: Input data was truncated."),
        (b"[]", "The body is not a JSON object."),
        (b"{}", "The body has no list of alerts."),
        (b'{"status": "firing", "alerts": {}}', "The body has no list of alerts."),
        (b'{"alerts": []}', "The notification has no status and no alerts."),
        (b'{"status": "firing", "alerts": []}', "The notification fires but lists no alerts."),
        (b'{"status": "firing", "alerts": [7]}', "Alert 1 is not a JSON object."),
    ],
)
def test_what_is_no_notification_is_refused_with_a_sentence(body: bytes, sentence: str) -> None:
    assert reason(body) == sentence


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        ({"status": ""}, 'The status of alert 1 is "", neither firing nor resolved.'),
        (
            {"status": "${ALERT_STATUS}"},
            'The status of alert 1 is "${ALERT_STATUS}", neither firing nor resolved.',
        ),
        ({"labels": {}}, "Alert 1 has no labels, so it cannot be recognised."),
        ({"labels": None}, "Alert 1 has no labels, so it cannot be recognised."),
        ({"labels": ["a"]}, "The labels of alert 1 are not a JSON object."),
        ({"labels": {"code": 500}}, 'The labels of alert 1 are not all text: see "code".'),
    ],
)
def test_an_alert_that_leaves_us_guessing_is_refused(change: dict[str, Any], sentence: str) -> None:
    assert reason(notification_body(alert_body() | change)) == sentence


@pytest.mark.parametrize(
    ("field", "written", "sentence"),
    [
        ("status", "pending", 'The status of the notification is "pending", neither firing nor'),
        ("status", 1, "The status of the notification is 1, neither firing nor resolved."),
        ("truncatedAlerts", -1, "The truncatedAlerts are -1, not a count"),
        ("truncatedAlerts", "2", 'The truncatedAlerts are "2", not a count'),
        ("truncatedAlerts", 10**30, "The truncatedAlerts are 1000"),
        ("groupLabels", {"a": 1}, 'The groupLabels are not all text: see "a".'),
    ],
)
def test_a_notification_that_leaves_us_guessing_is_refused(
    field: str, written: object, sentence: str
) -> None:
    assert reason(notification_body(alert_body(), **{field: written})).startswith(sentence)


def test_a_notification_without_any_status_is_refused() -> None:
    sentence = "Neither the notification nor alert 1 has a status."
    assert reason(notification_body(alert_body(None), status=None)) == sentence


def read_or_refused(body: bytes) -> Notification | None:
    try:
        return parse_notification(body)
    except UnreadableNotification:
        return None


@given(st.binary())
def test_any_bytes_are_refused_with_a_reason_or_are_a_json_object(body: bytes) -> None:
    read = read_or_refused(body)
    assert read is not None or reason(body)
    assert read is None or isinstance(json.loads(body), dict)


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text() | st.just("firing"),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
    max_leaves=10,
)
STRANGE_ALERTS = st.fixed_dictionaries(
    {},
    optional={
        "status": st.sampled_from(["firing", "resolved"]) | JSON,
        "labels": st.dictionaries(st.text(), st.text(), min_size=1) | JSON,
        "annotations": JSON,
        "startsAt": JSON | st.datetimes().map(datetime.isoformat),
        "endsAt": JSON | st.text("0123456789-:TZ+."),
        "fingerprint": JSON,
        "generatorURL": JSON,
    },
)


@given(
    st.fixed_dictionaries(
        {"alerts": st.lists(STRANGE_ALERTS | JSON, max_size=4) | JSON},
        optional=dict.fromkeys(
            ("status", "version", "groupKey", "groupLabels", "truncatedAlerts"), JSON
        ),
    )
)
def test_any_json_is_read_or_refused_and_what_is_read_can_be_stored(value: Any) -> None:
    read = read_or_refused(json.dumps(value).encode())
    if read is not None:
        assert len(read.alerts) == len(value["alerts"])
        for alert in read.alerts:
            json.dumps([dict(alert.labels), dict(alert.annotations)]).encode()
            assert alert.starts_at is None or alert.starts_at.tzinfo is UTC
