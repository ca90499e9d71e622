"""Alertmanager's API v2, as far as the router reads it: groups, silences, status.

Source: Alertmanager 0.25 and 0.34, api/v2/openapi.yaml; tests/delivery asks real ones.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, ClassVar

from tests.fakes.failures import Answer, Call
from tests.fakes.serving import HttpFake, utc_now


@dataclass(frozen=True, slots=True, kw_only=True)
class Listed:
    """One alert that fires."""

    alert: Mapping[str, Any]  # as in a webhook
    group_labels: Mapping[str, str]
    receiver: str
    silenced_by: tuple[str, ...] = ()
    inhibited_by: tuple[str, ...] = ()


class AlertmanagerFake(HttpFake):
    """A peer that lists what a test says."""

    methods: ClassVar[Sequence[str]] = ("GET",)

    def __init__(self, *, now: Callable[[], datetime] = utc_now) -> None:
        super().__init__(now=now)
        self.listed: list[Listed] = []
        self.silences: dict[str, dict[str, Any]] = {}
        self.started_at = now() - timedelta(days=1)

    def lists(self, *alerts: Mapping[str, Any], **fields: Any) -> None:
        """List these alerts and no others."""
        wanted: dict[str, Any] = {"group_labels": {"service": "casos"}, "receiver": "guardia"}
        self.listed = [Listed(alert=alert, **(wanted | fields)) for alert in alerts]

    def silence(self, name: str, *, by: str, until: datetime, comment: str) -> None:
        """Know a silence; the alerts that it hides are listed with its name."""
        self.silences[name] = {
            "id": name,
            "createdBy": by,
            "comment": comment,
            "endsAt": until.isoformat(),
            "startsAt": self.now().isoformat(),
            "updatedAt": self.now().isoformat(),
            "matchers": [],
            "status": {"state": "active"},
        }

    def answer(self, call: Call) -> Answer | None:
        match call.path:
            case "/api/v2/alerts/groups":
                return Answer(body=[_group(one) for one in self.listed])
            case "/api/v2/silences":
                return Answer(body=list(self.silences.values()))
            case "/api/v2/status":
                return Answer(body={"uptime": self.started_at.isoformat(), "cluster": {}})
            case _:
                return None

    def failure_answer(self, status: int) -> Mapping[str, Any]:
        return {"code": status, "message": "failed on demand"}


def _group(listed: Listed) -> dict[str, Any]:
    hidden = bool(listed.silenced_by or listed.inhibited_by)
    alert = {
        "labels": listed.alert["labels"],
        "annotations": listed.alert["annotations"],
        "startsAt": listed.alert["startsAt"],
        "endsAt": listed.alert["startsAt"],
        "updatedAt": listed.alert["startsAt"],
        "generatorURL": listed.alert["generatorURL"],
        "fingerprint": listed.alert["fingerprint"],
        "receivers": [{"name": listed.receiver}],
        "status": {
            "state": "suppressed" if hidden else "active",
            "silencedBy": list(listed.silenced_by),
            "inhibitedBy": list(listed.inhibited_by),
        },
    }
    return {
        "labels": listed.group_labels,
        "receiver": {"name": listed.receiver},
        "alerts": [alert],
    }
