"""Parts of a notification that may not share an incident."""

from collections.abc import Callable, Hashable, Iterable, Mapping

import msgspec

from router.intake.notification import Notification, NotifiedAlert

IncidentBy = Callable[[Mapping[str, str]], tuple[str, ...]]  # labels -> names of labels


def by_group(_labels: Mapping[str, str]) -> tuple[str, ...]:
    """Return no label: the alert is in the incident of its group."""
    return ()


def split_by_scope(
    notification: Notification,
    scope_labels: Iterable[str],
    incident_by: IncidentBy = by_group,
) -> tuple[Notification, ...]:
    """Return the notification in parts that each speak of one environment and region.

    Alertmanager groups as it is told, and a group may hold dev beside prod: in
    one incident, an acknowledgement of the one would silence the other. The
    scope joins the groupLabels of its part, and with them the incident's key.

    Where `incident_by` returns names of labels for an alert, their values take
    the place of the groupLabels: a group is then several parts, or the same
    part is found in several groups. A label that an alert lacks counts as empty.

    A group without labels holds everything that happens, so there each other
    alert is a part. What was cut off from it belongs to none of the parts; the
    first tells of it. Of another group, any part may have lost some.
    """
    scope_labels = tuple(scope_labels)
    parts: dict[Hashable, list[NotifiedAlert]] = {}
    groups: dict[Hashable, Mapping[str, str]] = {}
    for alert in notification.alerts:
        scope = {name: alert.labels[name] for name in scope_labels if alert.labels.get(name)}
        by = {name: alert.labels.get(name, "") for name in incident_by(alert.labels)}
        group = {**by, **scope} if by else {**notification.group_labels, **scope}
        is_alone = not by and not notification.group_labels
        # Two parts with one incident's key would open it twice: they are one part.
        key: Hashable = alert.fingerprint if is_alone else tuple(sorted(group.items()))
        parts.setdefault(key, []).append(alert)
        groups[key] = {} if is_alone else group
    return tuple(
        msgspec.structs.replace(
            notification,
            alerts=tuple(alerts),
            group_labels=groups[key],
            truncated_alerts=notification.truncated_alerts
            if notification.group_labels or number == 0
            else 0,
        )
        for number, (key, alerts) in enumerate(parts.items())
    )
