"""The generated configuration in a real Alertmanager, between a stand-in for Prometheus and us.

What G3 and G4 owe to whoever is on call begins here: one outage is one
incident and one page, and nothing is withheld that nobody named.
"""

import json
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from types import MappingProxyType
from typing import Any

import httpx
import pytest

from generator.alertmanager.render import render_alertmanager
from router.store.messages import SENT_BEFORE
from tests import servers
from tests.catalogs import copy_catalog, read_whole
from tests.delivery.router_process import RouterProcess, Town, open_town, running
from tests.fakes.failures import Answer, Call
from tests.fakes.serving import PATIENCE_SECONDS, HttpFake
from tests.tooling import SET_NAMES, ToolSet, require_tool_set

POLL_SECONDS = 0.05

BURN = {
    "alertname": "ErrorBudgetBurn",
    "service": "casos",
    "slo": "availability",
    "team": "plataforma",
    "environment": "prod",
}
DOWN = {
    "alertname": "DatabaseDown",
    "service": "casos",
    "severity": "critical",
    "team": "plataforma",
    "environment": "prod",
}
STALLED = {
    "alertname": "CaseAssignmentStalled",
    "service": "derivacion",
    "severity": "high",
    "team": "plataforma",
    "environment": "prod",
}
DISK = {
    "alertname": "DiskFilling",
    "service": "casos",
    "severity": "high",
    "team": "plataforma",
    "environment": "prod",
}


class Listener(HttpFake):
    """Somebody who takes any webhook: a team's own receiver, a dead man's switch."""

    def answer(self, call: Call) -> Answer | None:
        return Answer(body={})

    def failure_answer(self, status: int) -> Mapping[str, Any]:
        return {}

    def heard(self) -> list[str]:
        """Return the names of the alerts in each notification that was answered 200 or not."""
        bodies = [json.loads(call.body) for call in self.calls]
        return [alert["labels"]["alertname"] for body in bodies for alert in body["alerts"]]


@dataclass(slots=True, kw_only=True)
class Prometheus:
    """What Prometheus does for Alertmanager: it says of each alert that it fires, or ended."""

    alertmanager: str
    began: dict[tuple[tuple[str, str], ...], datetime] = field(default_factory=dict)

    def fire(self, *alerts: Mapping[str, str]) -> None:
        self._post([self._alert(labels, ends_in=timedelta(minutes=4)) for labels in alerts])

    def end(self, *alerts: Mapping[str, str]) -> None:
        self._post([self._alert(labels, ends_in=timedelta()) for labels in alerts])

    def held_back(self) -> dict[str, bool]:
        """Return of each alert's name whether Alertmanager holds it back."""
        found = httpx.get(f"{self.alertmanager}/api/v2/alerts", timeout=PATIENCE_SECONDS).json()
        return {
            alert["labels"]["alertname"]: bool(alert["status"]["inhibitedBy"]) for alert in found
        }

    def _post(self, alerts: list[dict[str, Any]]) -> None:
        answer = httpx.post(
            f"{self.alertmanager}/api/v2/alerts", json=alerts, timeout=PATIENCE_SECONDS
        )
        assert answer.status_code == httpx.codes.OK, answer.text

    def _alert(self, labels: Mapping[str, str], *, ends_in: timedelta) -> dict[str, Any]:
        now = datetime.now(UTC)
        starts_at = self.began.setdefault(tuple(sorted(labels.items())), now)
        return {
            "labels": dict(labels),
            "annotations": {"summary": f"{labels['alertname']} of the test"},
            "startsAt": starts_at.isoformat(),
            "endsAt": (now + ends_in).isoformat(),
            "generatorURL": "http://prometheus.example/graph",
        }


@dataclass(frozen=True, slots=True, kw_only=True)
class Road:
    """Everything between Prometheus and the person who is woken."""

    town: Town
    router: RouterProcess
    prometheus: Prometheus
    listener: Listener

    def incident(self, number: int) -> dict[str, Any] | None:
        """Return the incident as the router's API shows it, or None while there is none."""
        headers = {"Authorization": "Bearer api-token"}
        answer = httpx.get(
            f"{self.router.url}/api/incidents/{number}", headers=headers, timeout=PATIENCE_SECONDS
        )
        if answer.status_code == httpx.codes.NOT_FOUND:
            return None
        found: dict[str, Any] = answer.json()
        return found

    def firing(self, number: int) -> list[str]:
        """Return the severities that fire in an incident, worst first."""
        order = ["critical", "high", "medium", "low"]
        alerts = (self.incident(number) or {}).get("alerts", [])
        return sorted((alert["severity"] for alert in alerts if alert["firing"]), key=order.index)

    def wait_for_firing(self, number: int, severities: list[str]) -> None:
        wait_until(lambda: self.firing(number) == severities, f"{severities} in #{number}")

    def sent(self, number: int) -> bool:
        """Say whether all about an incident was sent; some of it may be sent once more."""
        messages = (self.incident(number) or {})["messages"]
        waiting = [one for one in messages if one["state"] in {"pending", "sending"}]
        return all(one["detail"] == SENT_BEFORE for one in waiting)

    def told(self) -> tuple[list[str], list[str], list[str]]:
        """Return each thing that anybody heard of as new: pages, Slack messages, mails."""
        town = self.town
        return (
            [page.dedup_key for page in town.pagerduty.pages],
            [message.ts for message in town.slack.messages],
            [mail.subject for mail in town.smtp.mails],
        )


def wait_until(seen: Callable[[], object], what: str) -> None:
    """Return as soon as `seen()` is true, of somebody who can only be asked."""
    deadline = time.monotonic() + PATIENCE_SECONDS
    while not seen():
        assert time.monotonic() < deadline, f"not within {PATIENCE_SECONDS} s: {what}"
        time.sleep(POLL_SECONDS)


@contextmanager
def road(
    folder: Path,
    tools: ToolSet,
    *,
    settings: str = "",
    maintenance: str = "",
    hides: str = "",
    own: str = "",
    environment: Mapping[str, str] = MappingProxyType({}),
) -> Iterator[Road]:
    """Run all of it, with a generated configuration in seconds; `environment` is the router's.

    `<listener>` and `<mail>` in the texts become the addresses of the fakes.
    """
    with (
        open_town(folder) as town,
        Listener().serving() as listener,
        running(town, **environment) as router,
    ):
        places = {"listener": listener.url, "mail": f"{town.smtp.host}:{town.smtp.port}"}
        catalog = copy_catalog(
            folder,
            changes={
                "catalog.yaml": (
                    "  group_wait: 10s\n  group_interval: 1m\n",
                    f"  group_wait: 200ms\n  group_interval: 200ms\n{_filled(settings, places)}",
                ),
                "services/casos.yaml": (
                    "    runbook: database-down\n",
                    f"    runbook: database-down\n{hides}",
                ),
            },
        )
        _replace(catalog / "catalog.yaml", "http://guardia-router:8080", router.url)
        _replace(
            catalog / "catalog.yaml",
            "/etc/alertmanager/secrets/guardia-token",
            f"{folder}/webhook-token",
        )
        with (catalog / "catalog.yaml").open("a", encoding="utf-8") as file:
            file.write(maintenance)
        if own:
            (catalog / "alertmanager.yaml").write_text(_filled(own, places), encoding="utf-8")
        config = render_alertmanager(read_whole(catalog))["alertmanager/alertmanager.yml"]
        with servers.alertmanager(tools, config) as url:
            yield Road(
                town=town,
                router=router,
                prometheus=Prometheus(alertmanager=url),
                listener=listener,
            )


def _filled(text: str, places: Mapping[str, str]) -> str:
    for name, address in places.items():
        text = text.replace(f"<{name}>", address)
    return text


def _replace(file: Path, old: str, new: str) -> None:
    text = file.read_text(encoding="utf-8")
    assert text.count(old) == 1
    file.write_text(text.replace(old, new), encoding="utf-8")


@pytest.fixture(params=SET_NAMES)
def tools(request: pytest.FixtureRequest) -> ToolSet:
    name: str = request.param
    return require_tool_set(name)


def burn(severity: str) -> dict[str, str]:
    return {**BURN, "severity": severity}


def test_an_outage_is_one_incident_one_page_and_one_message_and_its_end_is_quiet(
    tools: ToolSet, tmp_path: Path
) -> None:
    with road(tmp_path, tools) as way:
        # An outage: the critical pair is fastest, the milder ones join one by one.
        way.prometheus.fire(burn("critical"))
        way.town.pagerduty.wait_for(lambda fake: fake.pages)
        for severity, firing in (
            ("high", ["critical", "high"]),
            ("medium", ["critical", "high", "medium"]),
            ("low", ["critical", "high", "medium", "low"]),
        ):
            way.prometheus.fire(burn(severity))
            way.wait_for_firing(1, firing)
        wait_until(lambda: way.sent(1), "all told of the outage")
        told = way.told()

        # Recovery: the short windows end first, worst first.
        for severity, firing in (
            ("critical", ["high", "medium", "low"]),
            ("high", ["medium", "low"]),
            ("medium", ["low"]),
        ):
            way.prometheus.end(burn(severity))
            way.wait_for_firing(1, firing)
        wait_until(lambda: way.sent(1), "all told of the recovery")
        assert way.told() == told

        way.prometheus.end(burn("low"))
        way.wait_for_firing(1, [])
        wait_until(lambda: way.sent(1), "all told of the end")
        way.town.pagerduty.wait_for(lambda fake: [one.state for one in fake.alerts] == ["resolved"])

        assert way.incident(2) is None
        assert way.router.stop() == 0
    assert len(way.town.pagerduty.pages) == 1
    # One message a channel, edited: the low alert's route informs another channel.
    messages = {message.channel.name: message for message in way.town.slack.messages}
    assert len(messages) == len(way.town.slack.messages)
    assert set(messages) == {"operaciones", "operaciones-info"}
    assert all(message.edits >= 1 for message in messages.values())
    assert all("resolved" in message.text for message in messages.values())
    # Only mail cannot be edited: the end is a second one.
    pages, posts, mails = told
    assert way.told() == (
        pages,
        posts,
        [*mails, "[Guardia] #1 resolved: ErrorBudgetBurn of the test"],
    )
    assert (way.town.pagerduty.refused, way.town.slack.refused) == ((), ())


HIDES = "    hides: [{alert: CaseAssignmentStalled}]\n"


def test_only_what_the_catalog_names_is_held_back(tools: ToolSet, tmp_path: Path) -> None:
    elsewhere = {**STALLED, "environment": "qa", "alertname": "CaseAssignmentStalled"}
    nowhere = {name: value for name, value in STALLED.items() if name != "environment"}
    with road(tmp_path, tools, hides=HIDES) as way:
        way.prometheus.fire(DOWN)
        wait_until(lambda: way.firing(1) == ["critical"], "the database's incident")

        way.prometheus.fire(STALLED)
        wait_until(
            lambda: way.prometheus.held_back().get("CaseAssignmentStalled"), "it is held back"
        )
        way.prometheus.fire(DISK)
        wait_until(lambda: way.firing(2) == ["high"], "the disk's incident")
        way.prometheus.fire(elsewhere)
        wait_until(lambda: way.firing(3) == ["high"], "the incident of the other environment")
        way.prometheus.fire(nowhere)
        wait_until(lambda: way.firing(4) == ["high"], "the incident without an environment")

        names = [
            {(alert["labels"]["alertname"], alert["labels"].get("environment")) for alert in alerts}
            for alerts in ((way.incident(number) or {})["alerts"] for number in (1, 2, 3, 4))
        ]
        assert names == [
            {("DatabaseDown", "prod")},
            {("DiskFilling", "prod")},
            {("CaseAssignmentStalled", "qa")},
            {("CaseAssignmentStalled", None)},
        ]
        assert way.prometheus.held_back()["DiskFilling"] is False

        # The cause ends, and what depended on it fires on: now it is told.
        way.prometheus.end(DOWN)
        wait_until(lambda: way.firing(5) == ["high"], "the stalled assignment's incident")


OWN = """routes:
  - receiver: team-log
    matchers: ['team="plataforma"']
receivers:
  - name: team-log
    webhook_configs: [{url: "<listener>/team"}]
"""


def test_a_teams_own_route_is_told_and_keeps_nothing_from_the_router(
    tools: ToolSet, tmp_path: Path
) -> None:
    with road(tmp_path, tools, own=OWN) as way:
        way.prometheus.fire(burn("critical"), DISK)

        way.town.pagerduty.wait_for(lambda fake: fake.pages)
        wait_until(lambda: way.incident(1) and way.incident(2), "both incidents")
        way.listener.wait_for(lambda fake: set(fake.heard()) == {"ErrorBudgetBurn", "DiskFilling"})

        assert sorted([way.firing(1), way.firing(2)]) == [["critical"], ["high"]]
        assert way.incident(3) is None


def test_a_teams_own_receiver_that_fails_delays_no_page(tools: ToolSet, tmp_path: Path) -> None:
    with road(tmp_path, tools, own=OWN) as way:
        way.listener.fail_next(None, status=500)
        way.prometheus.fire(burn("critical"))

        way.town.pagerduty.wait_for(lambda fake: fake.pages)
        way.listener.wait_for(lambda fake: fake.calls)

        assert way.firing(1) == ["critical"]
        assert way.incident(2) is None


FALLBACK = """  fallback:
    email:
      to: oncall@conecta360.example
      from: alertmanager@conecta360.example
      smarthost: <mail>
      require_tls: false
  watchdog:
    every: 10s
    dead_mans_switch: {url: "<listener>/switch"}
"""


def test_while_the_router_is_gone_critical_alerts_reach_the_fallback(
    tools: ToolSet, tmp_path: Path
) -> None:
    with road(tmp_path, tools, settings=FALLBACK) as way:
        way.router.kill()
        way.prometheus.fire(
            {"alertname": "RouterDown", "severity": "critical", "bypass": "true"},
            {
                **BURN,
                "severity": "critical",
                "bypass": "true",
                "alertname": "CriticalAlertNotRouted",
                "original_alert": "ErrorBudgetBurn",
            },
        )

        way.town.smtp.wait_for(lambda fake: len(fake.mails) == 2)
        subjects = " ".join(mail.subject for mail in way.town.smtp.mails)
        assert "RouterDown" in subjects
        assert "ErrorBudgetBurn" in subjects
        assert {mail.message["To"] for mail in way.town.smtp.mails} == {"oncall@conecta360.example"}


# On every day and at every hour, so that the test's own time does not count.
MAINTENANCE = """
maintenance:
  - {name: patches, services: [casos], every: day, at: 00:00, lasts: 1d, zone: UTC}
"""


def test_the_fallback_is_not_told_of_what_is_announced(tools: ToolSet, tmp_path: Path) -> None:
    announced, other = (
        {
            "alertname": "CriticalAlertNotRouted",
            "severity": "critical",
            "bypass": "true",
            "original_alert": "ErrorBudgetBurn",
            "service": service,
        }
        for service in ("casos", "derivacion")
    )
    router_down = {"alertname": "RouterDown", "severity": "critical", "bypass": "true"}
    with road(tmp_path, tools, settings=FALLBACK, maintenance=MAINTENANCE) as way:
        way.prometheus.fire(announced)
        way.prometheus.fire(other, router_down)  # later, and after the same wait

        way.town.smtp.wait_for(lambda fake: len(fake.mails) == 2)
        subjects = " ".join(mail.subject for mail in way.town.smtp.mails)
        assert "RouterDown" in subjects
        assert "derivacion" in subjects
        assert "casos" not in subjects


def test_the_watchdog_reaches_the_switch_and_opens_no_incident(
    tools: ToolSet, tmp_path: Path
) -> None:
    with road(tmp_path, tools, settings=FALLBACK) as way:
        way.prometheus.fire({"alertname": "Watchdog", "severity": "low"})
        way.listener.wait_for(lambda fake: fake.calls)
        assert {call.path for call in way.listener.calls} == {"/switch"}

        # An alert that comes later is told, so the Watchdog would have been too.
        way.prometheus.fire(DISK)
        wait_until(lambda: way.incident(1), "the disk's incident")
        assert way.firing(1) == ["high"]
        assert way.incident(2) is None
