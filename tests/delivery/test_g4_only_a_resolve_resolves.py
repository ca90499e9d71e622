"""G4 with whole processes: what is over is over, and a real Alertmanager is asked what is."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from functools import partial
from operator import lt
from typing import Any

import httpx
import pytest

from tests import servers
from tests.delivery.router_process import RouterProcess, Town, outage, running
from tests.fakes.serving import PATIENCE_SECONDS
from tests.router.making import alert_body, notification_body
from tests.tooling import SET_NAMES, ToolSet, require_tool_set

LABELS = {
    "alertname": "DatabaseDown",
    "severity": "critical",
    "environment": "prod",
    "service": "casos",
}
CONFIG = """
route:
  receiver: guardia
  group_by: [service]
  group_wait: 0s
  group_interval: 1s
receivers:
  - name: guardia
    webhook_configs:
      - url: http://{address}/webhook
        http_config: {{authorization: {{credentials: webhook-token}}}}
"""
MINUTE = timedelta(minutes=1)
LOOKED_AT = "guardia_reconcile_timestamp_seconds"


def test_neither_an_end_time_nor_absence_nor_a_cut_off_list_resolves(town: Town) -> None:
    ended = alert_body("resolved", severity="critical", environment="prod", instance="b")
    fires_with_end = alert_body("firing", severity="critical", environment="prod", instance="a")
    fires_with_end["endsAt"] = "2026-11-24T12:30:00Z"
    other = alert_body("firing", severity="critical", environment="prod", instance="c")
    with running(town) as router:
        assert router.post(outage("Early", "resolved")) == 200  # before any firing
        router.wait_for("/api/incidents", lambda found: len(found["incidents"]) == 1)
        assert router.ask("/api/incidents/1")["state"] == "resolved"

        for body in (
            notification_body(fires_with_end, other),
            notification_body(other),  # absent: the first
            notification_body(ended, truncatedAlerts=2),
        ):
            assert router.post(body) == 200
        shown = router.wait_for("/api/incidents/2", lambda found: len(found["alerts"]) == 3)
        town.pagerduty.wait_for(lambda fake: fake.pages)
        assert router.stop() == 0

    assert shown["state"] == "triggered"
    firing = {one["labels"]["instance"]: one["firing"] for one in shown["alerts"]}
    assert firing == {"a": True, "b": False, "c": True}
    assert len(town.pagerduty.pages) == 1


class Alertmanager:
    """A real one, told by a stand-in for Prometheus what fires, and by people what is silenced."""

    def __init__(self, url: str) -> None:
        self.url = url
        self.began = datetime.now(UTC)

    def tell(self, *, ends_in: timedelta) -> None:
        now = datetime.now(UTC)
        self._post(
            "alerts",
            [
                {
                    "labels": LABELS,
                    "annotations": {"summary": "The database is down"},
                    "startsAt": self.began.isoformat(),
                    "endsAt": (now + ends_in).isoformat(),
                }
            ],
        )

    def silence(self, *, until: datetime) -> None:
        matcher = {"name": "service", "value": "casos", "isRegex": False, "isEqual": True}
        self._post(
            "silences",
            {
                "matchers": [matcher],
                "startsAt": datetime.now(UTC).isoformat(),
                "endsAt": until.isoformat(),
                "createdBy": "Platform engineer 3",
                "comment": "the pool is being moved",
            },
        )

    def _post(self, path: str, body: list[Mapping[str, Any]] | Mapping[str, Any]) -> None:
        answer = httpx.post(f"{self.url}/api/v2/{path}", json=body, timeout=PATIENCE_SECONDS)
        assert answer.status_code == httpx.codes.OK, answer.text


@contextmanager
def road(town: Town, tools: ToolSet) -> Iterator[tuple[Alertmanager, RouterProcess]]:
    """Run Alertmanager and the router, each with the other's address."""
    with servers.held_port() as port:
        address = f"127.0.0.1:{port}"
        town.set_clock(town.now())
        with (
            servers.alertmanager(tools, CONFIG.format(address=address)) as url,
            running(town, GUARDIA_LISTEN=address, GUARDIA_ALERTMANAGERS=url) as router,
        ):
            yield Alertmanager(url), router


@pytest.fixture(params=SET_NAMES)
def tools(request: pytest.FixtureRequest) -> ToolSet:
    name: str = request.param
    return require_tool_set(name)


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_a_silence_in_alertmanager_pauses_paging_and_the_end_that_it_swallows_is_found(
    town: Town, tools: ToolSet
) -> None:
    until = datetime.now(UTC) + timedelta(days=2)
    with road(town, tools) as (alertmanager, router):
        alertmanager.tell(ends_in=timedelta(hours=1))
        town.pagerduty.wait_for(lambda fake: fake.pages)
        router.wait_for("/api/incidents/1", lambda found: found["escalation"]["due_at"])

        alertmanager.silence(until=until)
        town.move_clock(MINUTE)
        paused = router.wait_for(
            "/api/incidents/1", lambda found: found["escalation"]["due_at"] is None
        )
        told = " ".join(row["text"] for row in paused["timeline"])
        assert f"silenced by Platform engineer 3 until {until:%Y-%m-%d %H:%M} UTC" in told
        assert "the pool is being moved" in told

        town.move_clock(30 * MINUTE)
        assert router.post(outage("Another")) == 200
        town.pagerduty.wait_for(lambda fake: len(fake.pages) == 2)
        assert router.ask("/api/incidents/1")["escalation"]["due_at"] is None

        alertmanager.tell(ends_in=timedelta())
        for _ in range(7):  # the first look notes it, those of the next five minutes agree
            town.move_clock(MINUTE)
            since = town.now().timestamp() - 1
            router.wait_for_metric(LOOKED_AT, partial(lt, since))
        ended = router.wait_for("/api/incidents/1", lambda found: found["state"] == "resolved")
        town.pagerduty.wait_for(lambda fake: "resolved" in [one.state for one in fake.alerts])
        assert router.stop() == 0
    assert "Alertmanager does not list it any more" in str(ended["timeline"])
    assert len(town.pagerduty.pages) == 2
