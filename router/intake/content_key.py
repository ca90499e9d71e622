"""What a notification says, as one short text: the same content has the same key."""

import hashlib
from datetime import datetime

import msgspec

from router.intake.notification import Notification


def content_key(notification: Notification) -> str:
    """Return 64 hexadecimal digits that name what the notification says (G2).

    The receiver and the order of alerts do not count, nor do annotations: a
    copy from another Alertmanager peer, or from a second route, says the same.
    A later episode says the same too when its alerts start at the old time or
    at none, so equal keys mean a copy only when they come close together.
    """
    alerts = sorted(
        [
            alert.fingerprint,
            alert.status,
            _written(alert.starts_at),
            "" if alert.firing else _written(alert.ends_at),
        ]
        for alert in notification.alerts
    )
    content = [notification.group_key, notification.truncated_alerts, alerts]
    return hashlib.sha256(msgspec.json.encode(content)).hexdigest()


def _written(instant: datetime | None) -> str:
    return "" if instant is None else instant.isoformat()
