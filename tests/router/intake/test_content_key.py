"""Which notifications say the same."""

from typing import Any

import pytest

from router.intake.content_key import content_key
from tests.router.making import alert_body, notification

ALERTS = (alert_body(instance="a"), alert_body("resolved", instance="b"))


@pytest.mark.parametrize(
    "fields",
    [
        {"receiver": "another-route"},
        {"externalURL": "http://peer-2.example"},
        {"commonLabels": {"a": "b"}},
        {"alerts": list(reversed(ALERTS))},
        {"alerts": [ALERTS[0] | {"annotations": {"summary": "20 % of requests"}}, ALERTS[1]]},
        {"alerts": [ALERTS[0] | {"endsAt": "2026-11-24T12:04:00Z"}, ALERTS[1]]},  # it fires
    ],
)
def test_a_copy_from_another_peer_or_route_says_the_same(fields: dict[str, Any]) -> None:
    assert content_key(notification(*ALERTS, **fields)) == content_key(notification(*ALERTS))


@pytest.mark.parametrize(
    "fields",
    [
        {"groupKey": "another group"},
        {"truncatedAlerts": 1},
        {"alerts": [ALERTS[0]]},
        {"alerts": [ALERTS[0], alert_body("resolved", instance="c")]},
        {"alerts": [ALERTS[0], alert_body(instance="b")]},
        {"alerts": [ALERTS[0] | {"startsAt": "2026-11-24T12:00:01Z"}, ALERTS[1]]},
        {"alerts": [ALERTS[0], ALERTS[1] | {"endsAt": "2026-11-24T12:30:01Z"}]},
    ],
)
def test_whatever_changes_the_incident_says_something_else(fields: dict[str, Any]) -> None:
    assert content_key(notification(*ALERTS, **fields)) != content_key(notification(*ALERTS))


def test_the_key_is_short_text() -> None:
    assert len(content_key(notification(*ALERTS))) == 64
