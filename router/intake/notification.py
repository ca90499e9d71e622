"""One POST of Alertmanager: bytes to a verified notification."""

import re
from collections import Counter
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any, Literal

import msgspec

from guardia.label import fingerprint

Status = Literal["firing", "resolved"]


class UnreadableNotification(Exception):  # noqa: N818 - says what it is; a sentence for senders
    """The body is not a notification we may act on. `reason` is one plain sentence."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


class NotifiedAlert(msgspec.Struct, frozen=True, kw_only=True):
    """One alert as a notification tells it.

    `starts_at` and `ends_at` are UTC; None when the sender does not say
    (Alertmanager writes the year 1 for the end of an alert that fires).
    """

    status: Status
    labels: Mapping[str, str]
    annotations: Mapping[str, str]
    starts_at: datetime | None
    ends_at: datetime | None
    generator_url: str
    fingerprint: str

    @property
    def firing(self) -> bool:
        """Say whether it fires. The status wins over `ends_at` (G4)."""
        return self.status == "firing"


class Notification(msgspec.Struct, frozen=True, kw_only=True):
    """One POST, whatever its version. Texts that the sender left out are empty."""

    version: str
    group_key: str
    receiver: str
    status: Status
    group_labels: Mapping[str, str]
    alerts: tuple[NotifiedAlert, ...]
    truncated_alerts: int
    external_url: str
    found: bool = False  # by reconciling: Alertmanager itself has not told us


def parse_notification(body: bytes) -> Notification:
    """Return the notification in `body`.

    Tolerant where that is harmless: other versions, fields that are missing
    or unknown, a groupKey that is a number, times that cannot be read.
    Raises UnreadableNotification where a guess could hide an alert or end an
    incident: no status, another status than firing or resolved, alerts
    without labels, a count of truncated alerts that is not one.

    Source: Alertmanager documentation, "Configuration", webhook_config.
    """
    fields = _decode(body)
    alerts = fields.get("alerts")
    if not isinstance(alerts, list):
        raise UnreadableNotification("The body has no list of alerts.")
    status = _status(fields.get("status"), "the notification")
    if status == "firing" and not alerts:
        raise UnreadableNotification("The notification fires but lists no alerts.")
    parsed = _with_own_fingerprints([_alert(a, n, status) for n, a in enumerate(alerts, start=1)])
    return Notification(
        version=_text(fields.get("version")),
        group_key=_text(fields.get("groupKey")),
        receiver=_text(fields.get("receiver")),
        status=status or _derived_status(parsed),
        group_labels=_labels(fields.get("groupLabels"), "The groupLabels"),
        alerts=tuple(parsed),
        truncated_alerts=_truncated(fields.get("truncatedAlerts")),
        external_url=_text(fields.get("externalURL")),
        found=fields.get("foundByReconciling") is True,
    )


def _decode(body: bytes) -> dict[str, Any]:
    try:
        fields = msgspec.json.decode(body)
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise UnreadableNotification(f"The body is not JSON: {error}.") from None
    except RecursionError:
        raise UnreadableNotification("The body is nested too deeply.") from None
    if not isinstance(fields, dict):
        raise UnreadableNotification("The body is not a JSON object.")
    return fields


def _alert(value: object, number: int, group_status: Status | None) -> NotifiedAlert:
    if not isinstance(value, dict):
        raise UnreadableNotification(f"Alert {number} is not a JSON object.")
    labels = _labels(value.get("labels"), f"The labels of alert {number}")
    if not labels:
        raise UnreadableNotification(f"Alert {number} has no labels, so it cannot be recognised.")
    status = _status(value.get("status"), f"alert {number}") or group_status
    if status is None:
        raise UnreadableNotification(f"Neither the notification nor alert {number} has a status.")
    return NotifiedAlert(
        status=status,
        labels=labels,
        annotations=_annotations(value.get("annotations")),
        starts_at=_instant(value.get("startsAt")),
        ends_at=_instant(value.get("endsAt")),
        generator_url=_text(value.get("generatorURL")),
        fingerprint=_fingerprint(value.get("fingerprint")) or fingerprint(labels),
    )


def _fingerprint(value: object) -> str:
    """Return the fingerprint as sent when it has the form of one, else nothing.

    Alertmanager sends 16 hexadecimal digits; an arbitrary text could be longer
    than a database can index.
    """
    text = _text(value)
    return text if re.fullmatch("[0-9a-f]{1,64}", text) else ""


def _with_own_fingerprints(alerts: list[NotifiedAlert]) -> list[NotifiedAlert]:
    """Give alerts that share a fingerprint but not their labels the computed one each.

    Otherwise the end of one would be taken for the end of the other.
    """
    label_sets = {(alert.fingerprint, frozenset(alert.labels.items())) for alert in alerts}
    claims = Counter(claimed for claimed, _ in label_sets)
    return [
        alert
        if claims[alert.fingerprint] == 1
        else msgspec.structs.replace(alert, fingerprint=fingerprint(alert.labels))
        for alert in alerts
    ]


def _status(value: object, whose: str) -> Status | None:
    if value is None:
        return None
    if value == "firing":
        return "firing"
    if value == "resolved":
        return "resolved"
    raise UnreadableNotification(
        f"The status of {whose} is {_shown(value)}, neither firing nor resolved."
    )


def _derived_status(alerts: list[NotifiedAlert]) -> Status:
    if not alerts:
        raise UnreadableNotification("The notification has no status and no alerts.")
    return "firing" if any(alert.firing for alert in alerts) else "resolved"


def _labels(value: object, whose: str) -> dict[str, str]:
    if value is None:
        return {}
    if not isinstance(value, dict):
        raise UnreadableNotification(f"{whose} are not a JSON object.")
    for name, text in value.items():
        if not isinstance(text, str):
            raise UnreadableNotification(f"{whose} are not all text: see {_shown(name)}.")
    return value


def _annotations(value: object) -> dict[str, str]:
    """Return the annotations that are text; they inform people and decide nothing."""
    pairs = value.items() if isinstance(value, dict) else ()
    return {name: text for name, text in pairs if isinstance(text, str)}


def _truncated(value: object) -> int:
    if value is None:
        return 0
    if isinstance(value, bool) or not isinstance(value, int) or not 0 <= value < 2**31:
        raise UnreadableNotification(
            f"The truncatedAlerts are {_shown(value)}, not a count: alerts may be missing."
        )
    return value


def _text(value: object) -> str:
    """Return a text or whole number as text (old groupKeys are numbers); anything else is empty."""
    if isinstance(value, str):
        return value
    return str(value) if isinstance(value, int) and not isinstance(value, bool) else ""


def _instant(value: object) -> datetime | None:
    """Return a time in UTC, or None for none, for Go's zero time and for what is not a time."""
    if not isinstance(value, str):
        return None
    try:
        instant = msgspec.convert(value, datetime)
        if instant.tzinfo is None:
            return instant.replace(tzinfo=UTC) if instant.year > 1 else None
        return instant.astimezone(UTC) if instant.year > 1 else None
    except (msgspec.ValidationError, OverflowError):
        return None


def _shown(value: object) -> str:
    return msgspec.json.encode(value).decode()[:40] if isinstance(value, str | int) else "no text"
