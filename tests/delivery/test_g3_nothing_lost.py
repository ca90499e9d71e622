"""G3 with whole processes: what is refused or odd is kept and told, also after a crash."""

import json
from collections.abc import Mapping
from time import monotonic
from typing import Any

from tests.delivery.router_process import RouterProcess, Town, guardia, running
from tests.fakes.serving import PATIENCE_SECONDS
from tests.router.making import alert_body, notification_body


def client(town: Town, router: RouterProcess) -> dict[str, str]:
    return {**town.environment(), "GUARDIA_URL": router.url}


def told(environment: Mapping[str, str]) -> list[dict[str, Any]]:
    """Return what was rejected as soon as an incident tells of some; of more in a minute."""
    until = monotonic() + PATIENCE_SECONDS
    while monotonic() < until:
        listed = guardia("rejected", "--format", "json", environment=environment)
        rejected: list[dict[str, Any]] = json.loads(listed.stdout)["rejected"]
        if any(one["incident"] for one in rejected):
            return rejected
    raise AssertionError(f"nobody was told: {rejected}")


def test_refused_bodies_are_kept_whole_or_begun_and_open_one_incident(town: Town) -> None:
    with running(town, GUARDIA_MAX_BODY_BYTES="1000000") as router:
        assert router.post(b'{"status": "\x1b[2J') == 400
        assert router.post(b"x" * 2_000_000) == 413
        rejected = told(client(town, router))

        assert [(one["size_bytes"], one["kept_bytes"]) for one in rejected] == [
            (2_000_000, 65_536),
            (16, 16),
        ]
        assert rejected[1]["incident"] == 1
        assert rejected[0]["user_agent"].startswith("python-httpx/")
        shown = guardia("rejected", "1", environment=client(town, router))
        assert shown.stdout == '{"status": "\\x1b[2J\n'
        listed = guardia("incidents", environment=client(town, router)).stdout.splitlines()
        assert len(listed) == 1
        assert "A notification could not be understood and was not acted on" in listed[0]


def test_killed_right_after_the_refusal_it_tells_people_after_its_restart(town: Town) -> None:
    with running(town, dies="after router.web.webhooks.alertmanager:record_rejected") as router:
        router.post_unanswered(b"[]")
    with running(town) as router:
        assert router.ask("/api/rejected") == {"rejected": [], "next": None}  # it will come again
        assert router.post(b"[]") == 400
        router.kill()
    with running(town) as router:
        assert len(told(client(town, router))) == 1


def test_what_nobody_foresaw_goes_to_the_default_route(town: Town) -> None:
    """A severity that nobody knows, none, and a group without labels."""
    odd = {
        "Unknown": {"severity": "sev-1", "environment": "prod"},
        "None": {"environment": "prod"},
        "Bare": {},
    }
    with running(town) as router:
        for name, labels in odd.items():
            alert = alert_body("firing", **{**labels, "alertname": name})
            assert router.post(notification_body(alert, groupLabels={}, groupKey=name)) == 200

        town.smtp.wait_for(lambda fake: len(fake.mails) == len(odd))
        shown = [router.ask(f"/api/incidents/{number}") for number in (1, 2, 3)]
        assert router.stop() == 0

    names = {one["labels"]["alertname"] for found in shown for one in found["alerts"]}
    assert names == set(odd)
    assert {mail.message["To"] for mail in town.smtp.mails} == {"operaciones@conecta360.example"}
