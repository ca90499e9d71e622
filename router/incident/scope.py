"""Parts of a notification that may not share an incident."""

from collections.abc import Hashable, Iterable

import msgspec

from router.intake.notification import Notification, NotifiedAlert


def split_by_scope(
    notification: Notification, scope_labels: Iterable[str]
) -> tuple[Notification, ...]:
    """Return the notification in parts that each speak of one environment and region.

    Alertmanager groups as it is told, and a group may hold dev beside prod: in
    one incident, an acknowledgement of the one would silence the other. The
    scope joins the groupLabels of its part, and with them the incident's key.

    A group without labels holds everything that happens, so there each alert
    is a part. What was cut off from it belongs to none of them; the first
    tells of it.
    """
    scope_labels = tuple(scope_labels)
    parts: dict[Hashable, list[NotifiedAlert]] = {}
    for alert in notification.alerts:
        scope = tuple(alert.labels.get(label, "") for label in scope_labels)
        key = scope if notification.group_labels else alert.fingerprint
        parts.setdefault(key, []).append(alert)
    if not notification.group_labels:
        return tuple(
            msgspec.structs.replace(
                notification,
                alerts=tuple(alerts),
                truncated_alerts=0 if number else notification.truncated_alerts,
            )
            for number, alerts in enumerate(parts.values())
        )
    return tuple(_scoped(notification, alerts, scope_labels) for alerts in parts.values())


def _scoped(
    notification: Notification, alerts: list[NotifiedAlert], scope_labels: tuple[str, ...]
) -> Notification:
    labels = alerts[0].labels
    scope = {label: labels[label] for label in scope_labels if labels.get(label)}
    return msgspec.structs.replace(
        notification, alerts=tuple(alerts), group_labels={**notification.group_labels, **scope}
    )
