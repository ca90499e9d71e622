"""Which alerts of a notification may share an incident."""

from collections.abc import Mapping

from hypothesis import given
from hypothesis import strategies as st

from router.incident.apply import incident_key
from router.incident.scope import split_by_scope
from router.intake.notification import Notification
from tests.router.making import alert_body, notification

SCOPE = ("environment", "region")


def by_service(_labels: Mapping[str, str]) -> tuple[str, ...]:
    return ("service", "instance")


def shown(part: Notification) -> list[dict[str, str]]:
    return [
        {name: value for name, value in alert.labels.items() if name != "alertname"}
        for alert in part.alerts
    ]


def test_by_its_own_labels_one_group_is_several_incidents() -> None:
    two = [alert_body(service="casos", instance=name) for name in ("a", "b")]
    again = alert_body(service="casos", instance="a", slo="latency")

    parts = split_by_scope(notification(*two, again), SCOPE, by_service)

    assert [len(part.alerts) for part in parts] == [2, 1]
    assert [dict(part.group_labels) for part in parts] == [
        {"service": "casos", "instance": "a"},
        {"service": "casos", "instance": "b"},
    ]


def test_by_its_own_labels_several_groups_are_one_incident() -> None:
    alert = alert_body(service="casos", instance="a")
    keys = {
        incident_key(part)
        for group in ({"alertname": "A"}, {"alertname": "B", "team": "x"}, {})
        for part in split_by_scope(notification(alert, groupLabels=group), SCOPE, by_service)
    }

    assert len(keys) == 1


def test_environment_and_region_always_count() -> None:
    alerts = [
        alert_body(service="casos", environment=environment, region=region)
        for environment in ("dev", "prod")
        for region in ("north", "south")
    ]

    parts = split_by_scope(notification(*alerts), SCOPE, by_service)

    assert len({incident_key(part) for part in parts}) == len(parts) == 4


def test_a_label_that_is_not_there_counts_as_empty() -> None:
    """So such alerts share one incident, and keep it whatever else their labels say."""
    bare = [alert_body(x="1"), alert_body(x="2"), alert_body(instance="", x="3")]

    for group in ({"x": "y"}, {}):
        (part,) = split_by_scope(notification(*bare, groupLabels=group), SCOPE, by_service)

        assert len(part.alerts) == 3
        assert dict(part.group_labels) == {"service": "", "instance": ""}


def test_what_is_cut_off_from_a_group_leaves_every_part_in_doubt() -> None:
    two = [alert_body(service="casos", instance=name) for name in ("a", "b")]

    def cut_off(**fields: object) -> list[int]:
        cut = notification(*two, truncatedAlerts=7, **fields)
        return [part.truncated_alerts for part in split_by_scope(cut, SCOPE, by_service)]

    assert cut_off() == [7, 7]
    assert cut_off(groupLabels={}) == [7, 0]


VALUES = st.sampled_from(["", "a", "b"])
ALERTS = st.lists(
    st.fixed_dictionaries(
        {}, optional=dict.fromkeys(("environment", "service", "instance", "way"), VALUES)
    ),
    min_size=1,
    max_size=6,
)


@given(ALERTS, st.dictionaries(st.sampled_from(["service", "instance", "slo"]), VALUES))
def test_whatever_the_routes_say_each_alert_is_in_one_part_and_each_key_opens_one_incident(
    labels: list[dict[str, str]], group: dict[str, str]
) -> None:
    def by(alert: Mapping[str, str]) -> tuple[str, ...]:
        return {"a": ("service",), "b": ("service", "instance")}.get(alert.get("way", ""), ())

    alerts = [alert_body(n=str(number), **one) for number, one in enumerate(labels)]
    parts = split_by_scope(notification(*alerts, groupLabels=group), SCOPE, by)

    numbers = [one["n"] for part in parts for one in shown(part)]
    assert sorted(numbers) == sorted(str(number) for number in range(len(labels)))
    assert len({incident_key(part) for part in parts}) == len(parts)
    assert all(len({one.get("environment", "") for one in shown(part)}) == 1 for part in parts)
