"""What must come out of each of the 50 webhook bodies that others sent or documented."""

import json
from dataclasses import dataclass
from pathlib import Path

import pytest

from guardia.label import fingerprint
from guardia.severity import Severity
from router.incident.apply import apply_notification
from router.incident.describe import incident_title
from router.incident.model import Change
from router.intake.content_key import content_key
from router.intake.notification import (
    Notification,
    UnreadableNotification,
    parse_notification,
)
from tests.router.making import NOON


@dataclass(frozen=True)
class Opened:
    """It opens an incident, which pages."""

    severity: str
    title: str


@dataclass(frozen=True)
class Recorded:
    """Nothing of it fires: an incident that is over, which does not page."""

    severity: str
    title: str


NOTHING = None


@dataclass(frozen=True)
class Read:
    """It is understood: what was read of it, and what it does."""

    version: str
    alerts: str  # F or R for each: it fires, it is resolved
    fingerprints: str  # T or C for each: taken from the body, computed from the labels
    group_labels: dict[str, str]
    truncated: int  # how many alerts were cut off
    does: Opened | Recorded | None


@dataclass(frozen=True)
class Refused:
    """A guess could hide an alert or end an incident."""

    reason: str


BODIES: dict[str, Read | Refused] = {
    "alertmanager-api-style-2-alerts.json": Read(
        "",
        "FF",
        "CC",
        {"alertname": "InstanceDown"},
        0,
        Opened("medium", "InstanceDown on localhost:5678 (and 1 more)"),
    ),
    "api-sample-no-status.json": Read(
        "",
        "F",
        "T",
        {},
        0,
        Opened(
            "medium",
            "An alert with event_type=PROCESSING_ERROR_ALARM, function_type=vnffm, "
            "perceived_severity=CRITICAL",
        ),
    ),
    "grafana-managed-v1.json": Read(
        "1",
        "F",
        "T",
        {"alertname": "CPU Usage High", "grafana_folder": "alert"},
        0,
        Opened("medium", "CPU Usage High"),
    ),
    "grafana-managed-webhook-notifier.json": Read(
        "1", "F", "T", {"alertname": ""}, 0, Opened("medium", "alert1")
    ),
    "iris-no-version.json": Read(
        "", "F", "C", {"alertname": "testalert"}, 0, Opened("medium", "testsummary")
    ),
    "no-version-2-alerts.json": Read(
        "",
        "RR",
        "TT",
        {"alertname": "airDown", "service": "prometheus"},
        0,
        Recorded("medium", "airDown on prometheus, instance2:7890 (and 1 more)"),
    ),
    "template-placeholder-status.json": Refused(
        'The status of the notification is "${ALERT_STATUS}", neither firing nor resolved.'
    ),
    "unversioned-9-alerts.json": Read(
        "",
        "FFFFFFFFF",
        "TTTTTTTTT",
        {"alertname": "CPUThrottlingHigh", "namespace": "kube-system"},
        0,
        Opened("medium", "CPUThrottlingHigh (and 8 more)"),
    ),
    "unversioned-auditing-6-alerts-no-status.json": Read(
        "",
        "FFFFFF",
        "CCCCCC",
        {"alertname": "ResourceChange"},
        0,
        Opened("medium", "ResourceChange (and 5 more)"),
    ),
    "unversioned-without-namespace.json": Read(
        "", "F", "T", {"alertname": "KubeletDown"}, 0, Opened("critical", "KubeletDown")
    ),
    "v0-production-11-alerts-unicode.json": Read(
        "0",
        "FFFFFFFFFFF",
        "CCCCCCCCCCC",
        {"scada_uuid": "483b197c-7fe8-11e6-b772-acb57db47f23"},
        0,
        Opened("medium", "Memory_aviable_Warning on localhost:9102 (and 7 more)"),
    ),
    "v0-resolved-8-alerts-no-generatorurl.json": Read(
        "0",
        "RRRRRRRR",
        "CCCCCCCC",
        {"alertname": "node_down"},
        0,
        Recorded("critical", "Service mail01.example.com down (and 7 more)"),
    ),
    "v3-alerta.json": Read(
        "3", "F", "C", {"alertname": "failedConnect"}, 0, Opened("critical", "Connect fail")
    ),
    "v3-big-output.json": Read(
        "3",
        "F",
        "C",
        {"alertname": "something_happend", "instance": "server01.int:9100"},
        0,
        Opened(
            "medium",
            "Very long annotation (more than 4096 characters): Lorem ipsum dolor sit "
            "amet, consectetur adipiscing elit, sed do eiusmod tempor incididunt ut "
            "labore et dolore magna aliqua. Ut enim ad minim veniam, quis nostrud "
            "exercitation ullamco laboris nisi ut aliquip ex ea commodo consequat. Duis "
            "aute irure…",
        ),
    ),
    "v3-dingtalk-playground.json": Read(
        "3",
        "FF",
        "CC",
        {"alertname": "something_happened", "instance": "server01.int:9100"},
        0,
        Opened("medium", "Oops, something happened! (and 1 more)"),
    ),
    "v3-empty-value-integer-groupkey.json": Read(
        "3",
        "F",
        "C",
        {"alertname": "empty_value", "instance": "server01.int:9100"},
        0,
        Opened("medium", "Oops, empty value!"),
    ),
    "v3-openfaas-autoscale.json": Read(
        "3",
        "F",
        "C",
        {"alertname": "APIHighInvocationRate", "service": "gateway"},
        0,
        Opened("medium", "High invocation total on gateway:8080"),
    ),
    "v3-simple.json": Read(
        "3",
        "F",
        "C",
        {"alertname": "something_happend", "instance": "server01.int:9100"},
        0,
        Opened("medium", "Oops, something happend!"),
    ),
    "v4-4-alerts.json": Read(
        "4",
        "FRFF",
        "CCCC",
        {"alertname": "CPUHigh"},
        0,
        Opened("critical", "CPUHigh1 on 10.30.1.162 (and 2 more)"),
    ),
    "v4-alerta-heartbeat.json": Read(
        "4", "F", "T", {"alertname": "Heartbeat"}, 0, Opened("medium", "Heartbeat on Monitoring")
    ),
    "v4-alerta.json": Read(
        "4",
        "F",
        "C",
        {"alertname": "thing_dead"},
        0,
        Opened("critical", "No things for over 10 minutes"),
    ),
    "v4-card-3-alerts-long-text.json": Read(
        "4",
        "FFF",
        "TTT",
        {"alertname": "JustATestAlert_1"},
        0,
        Opened("medium", "Ratio(Max(Working Set, RSS) / Reservation) [5m Avg] < 40 % (and 2 more)"),
    ),
    "v4-cli-2-alerts.json": Read(
        "4",
        "FF",
        "CC",
        {"groupLabelKey1": "groupLabelValue1", "groupLabelKey2": "groupLabelValue2"},
        0,
        Opened(
            "medium",
            "An alert with commonLabelKey1=commonLabelValue1, "
            "commonLabelKey2=commonLabelValue2, groupLabelKey1=groupLabelValue1 (and 1 "
            "more)",
        ),
    ),
    "v4-common-labels-only.json": Read(
        "4",
        "F",
        "C",
        {"alertname": "high_memory_load"},
        0,
        Opened("medium", "Server High Memory usage"),
    ),
    "v4-elasticsearch-indexer.json": Read(
        "4", "F", "C", {"alertname": "Foo_Bar"}, 0, Opened("medium", "Alert summary")
    ),
    "v4-empty-status.json": Refused(
        'The status of the notification is "", neither firing nor resolved.'
    ),
    "v4-firing-2-alerts.json": Read(
        "4",
        "FF",
        "TC",
        {"alertname": "HighCPUUsage"},
        0,
        Opened("medium", "CPU usage above 90% on node1 (and 1 more)"),
    ),
    "v4-forwarder-3-alerts.json": Read(
        "4",
        "FFR",
        "CCC",
        {"alertname": "TestAlert", "groupLabel": "GroupLabel"},
        0,
        Opened("critical", "TestAlert1 (and 1 more)"),
    ),
    "v4-gateway-doc.json": Read(
        "4", "F", "T", {"alertname": "example"}, 0, Opened("medium", "Example alert summary")
    ),
    "v4-gateway-parser.json": Read(
        "4", "F", "T", {"alertname": "test"}, 0, Opened("medium", "Test alert")
    ),
    "v4-goalert-doc.json": Read(
        "4", "FF", "TT", {}, 0, Opened("critical", "Instance localhost:9090 down (and 1 more)")
    ),
    "v4-icmp-3-alerts-firing.json": Read(
        "4",
        "FFF",
        "CCC",
        {"alertname": "ICMP ping failed"},
        0,
        Opened("medium", "ICMP ping failed on 172.29.254.66 (and 2 more)"),
    ),
    "v4-icmp-3-alerts-resolved.json": Read(
        "4",
        "RRR",
        "CCC",
        {"alertname": "ICMP ping failed"},
        0,
        Recorded("medium", "ICMP ping failed on 172.29.254.66 (and 2 more)"),
    ),
    "v4-iris.json": Read(
        "4",
        "F",
        "C",
        {"alertname": "testalert", "iris_plan": "testplan"},
        0,
        Opened("medium", "testsummary"),
    ),
    "v4-minimal-no-labels.json": Read("4", "F", "C", {}, 0, Opened("medium", "X")),
    "v4-mixed-firing-resolved.json": Read(
        "4", "FR", "CC", {"job": "node"}, 0, Opened("medium", "Memory usage above 85% on node1")
    ),
    "v4-no-fingerprint.json": Read(
        "4", "R", "C", {}, 0, Recorded("medium", "Disk usage alert on CS30.evilcorp")
    ),
    "v4-no-instance-label.json": Read(
        "4", "R", "T", {}, 0, Recorded("medium", "Disk usage alert on CS30.evilcorp")
    ),
    "v4-no-status.json": Refused("Neither the notification nor alert 1 has a status."),
    "v4-openstack-auto-heal.json": Read(
        "4",
        "F",
        "T",
        {},
        0,
        Opened(
            "medium",
            "An alert with event_type=PROCESSING_ERROR_ALARM, function_type=vnffm, "
            "perceived_severity=CRITICAL",
        ),
    ),
    "v4-resolved-2-alerts.json": Read(
        "4",
        "RR",
        "CC",
        {},
        0,
        Recorded("critical", "Disk usage alert on CS31.evilcorp (and 1 more)"),
    ),
    "v4-resolved-common-items.json": Read(
        "4", "R", "T", {}, 0, Recorded("medium", "CPU throttling")
    ),
    "v4-resolved-empty-alerts.json": Read("4", "", "", {}, 0, NOTHING),
    "v4-resolved-extra-annotations.json": Read(
        "4", "R", "T", {}, 0, Recorded("medium", "Disk usage alert on CS30.evilcorp")
    ),
    "v4-resolved-no-groupkey.json": Read(
        "4", "R", "T", {}, 0, Recorded("medium", "Disk usage alert on CS30.evilcorp")
    ),
    "v4-resolved.json": Read(
        "4",
        "R",
        "T",
        {"alertname": "DiskSpaceLow"},
        0,
        Recorded("critical", "Disk space low on node1"),
    ),
    "v4-team-routing-4-alerts.json": Read(
        "4",
        "FFFR",
        "CCCC",
        {"alertname": "something_happend", "instance": "server01.int:9100"},
        0,
        Opened("medium", "ServicePodIsRestarting on 10.0.0.221:20464 (and 2 more)"),
    ),
    "v4-truncated-2.json": Read(
        "4", "F", "C", {"a": "b"}, 2, Opened("medium", "An alert with g=h")
    ),
    "v4-vmalert-3-alerts-mixed.json": Read(
        "4",
        "FRF",
        "TTT",
        {"alertname": "ServiceDown"},
        0,
        Opened("critical", "Service vmalertmanager is down on 10.244.19.201:9093 (and 1 more)"),
    ),
    "v4-zabbix-resolved.json": Read(
        "4",
        "R",
        "C",
        {"alertname": "InstanceDown"},
        0,
        Recorded("critical", "Instance localhost:9100 down"),
    ),
}


def read(corpus: Path, name: str) -> Notification:
    return parse_notification((corpus / "alertmanager-webhooks" / name).read_bytes())


def what_came_out(corpus: Path, name: str) -> Read | Refused:
    try:
        body = (corpus / "alertmanager-webhooks" / name).read_bytes()
        notification = parse_notification(body)
    except UnreadableNotification as refused:
        return Refused(refused.reason)
    return Read(
        version=notification.version,
        alerts="".join("F" if alert.firing else "R" for alert in notification.alerts),
        fingerprints=origins(notification, body),
        group_labels=dict(notification.group_labels),
        truncated=notification.truncated_alerts,
        does=what_it_does(apply_notification(None, notification, now=NOON)),
    )


def origins(notification: Notification, body: bytes) -> str:
    """Return T for each fingerprint that stands in the body so, and C for each of the labels."""
    sent = [alert.get("fingerprint") for alert in json.loads(body)["alerts"]]
    letters = {True: "T", False: "C"}
    for alert, written in zip(notification.alerts, sent, strict=True):
        assert alert.fingerprint in (written, fingerprint(alert.labels))
    return "".join(
        letters[alert.fingerprint == written]
        for alert, written in zip(notification.alerts, sent, strict=True)
    )


def what_it_does(change: Change | None) -> Opened | Recorded | None:
    if change is None:
        return NOTHING
    assert change.opened is not change.resolved
    kind = Opened if change.opened else Recorded
    return kind(change.incident.severity.value, incident_title(change.incident))


def understood() -> list[str]:
    return [name for name, outcome in BODIES.items() if isinstance(outcome, Read)]


def test_every_body_is_stated(corpus: Path) -> None:
    files = {path.name for path in (corpus / "alertmanager-webhooks").glob("*.json")}
    assert files == set(BODIES)


@pytest.mark.parametrize("name", sorted(BODIES))
def test_what_comes_out(corpus: Path, name: str) -> None:
    assert what_came_out(corpus, name) == BODIES[name]


@pytest.mark.parametrize("name", understood())
def test_the_same_body_again_changes_nothing(corpus: Path, name: str) -> None:
    notification = read(corpus, name)
    first = apply_notification(None, notification, now=NOON)
    if first is not None:
        assert apply_notification(first.incident, notification, now=NOON) is None


@pytest.mark.parametrize("name", understood())
def test_alerts_of_one_body_are_told_apart(corpus: Path, name: str) -> None:
    alerts = read(corpus, name).alerts
    label_sets = {frozenset(alert.labels.items()) for alert in alerts}
    assert len({alert.fingerprint for alert in alerts}) == len(label_sets)


def test_a_firing_body_and_its_resolve_are_one_incident(corpus: Path) -> None:
    opened = apply_notification(None, read(corpus, "v4-icmp-3-alerts-firing.json"), now=NOON)
    assert opened is not None

    resolve = read(corpus, "v4-icmp-3-alerts-resolved.json")
    resolved = apply_notification(opened.incident, resolve, now=NOON)

    assert resolved is not None
    assert resolved.resolved
    assert set(resolved.incident.alerts) == set(opened.incident.alerts)


def test_alerts_that_were_cut_off_are_told(corpus: Path) -> None:
    change = apply_notification(None, read(corpus, "v4-truncated-2.json"), now=NOON)
    assert change is not None
    assert "Alertmanager cut off 2 more" in change.events[-1].text


def test_a_group_key_of_20_digits_keeps_them_all(corpus: Path) -> None:
    notification = read(corpus, "v3-empty-value-integer-groupkey.json")
    assert notification.group_key == "43434343434343434343"


def test_an_emoji_and_a_local_time_come_through(corpus: Path) -> None:
    notification = read(corpus, "v0-production-11-alerts-unicode.json")
    texts = " ".join(t for alert in notification.alerts for t in alert.annotations.values())
    assert any(ord(character) > 0x7F for character in texts)
    assert {a.starts_at.utcoffset() for a in notification.alerts if a.starts_at} == {
        NOON.utcoffset()
    }


def test_a_foreign_severity_ranks_as_medium(corpus: Path) -> None:
    change = apply_notification(None, read(corpus, "v4-iris.json"), now=NOON)
    assert change is not None
    (alert,) = change.incident.alerts.values()
    assert (alert.labels["severity"], alert.severity) == ("page", Severity.MEDIUM)


def test_different_contents_have_different_keys(corpus: Path) -> None:
    keys = {name: content_key(read(corpus, name)) for name in understood()}
    firing, resolved = "v4-icmp-3-alerts-firing.json", "v4-icmp-3-alerts-resolved.json"
    assert keys[firing] != keys[resolved]
