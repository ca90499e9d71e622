"""G2 with whole processes: the same notification again changes nothing, whoever sends it when."""

import threading
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from typing import Any

from tests.delivery.router_process import RouterProcess, Town, critical, over, running
from tests.delivery.store_out_of_order import taking_nothing
from tests.fakes.serving import PATIENCE_SECONDS
from tests.router.making import alert_body, notification_body

PEERS = 6
APPLIED = "guardia_notifications_applied_total"


def told_otherwise(**labels: str) -> bytes:
    """Return the same alert after an edit of Alertmanager's routes: of another group and key."""
    alert = alert_body("firing", severity="critical", environment="prod", **labels)
    return notification_body(
        alert,
        groupKey='{}/{team="x"}:{alertname="DatabaseDown"}',
        groupLabels={"alertname": "DatabaseDown"},
    )


def wait_until_applied(router: RouterProcess, count: int) -> None:
    """Return once the worker has decided what this many notifications change."""
    router.wait_for_metric(APPLIED, lambda total: total == count)


def incident(router: RouterProcess, number: int) -> dict[str, Any]:
    """Return an incident without what the passing of time alone changes."""
    shown = router.ask(f"/api/incidents/{number}")
    return {name: shown[name] for name in ("state", "severity", "alerts", "timeline", "messages")}


def test_a_storm_of_retries_after_503s_is_one_incident_and_one_page(town: Town) -> None:
    """Each peer of Alertmanager tries again after a 5xx until it is taken."""
    refused = threading.Semaphore(0)

    def send(router: RouterProcess) -> int:
        attempts = 0
        while (status := router.post(critical())) != 200:
            assert status == 503
            attempts += 1
            refused.release()
        return attempts

    with running(town) as router, ThreadPoolExecutor(PEERS) as peers:
        with taking_nothing(town, router):
            sending = [peers.submit(send, router) for _ in range(PEERS)]
            for _ in range(3 * PEERS):
                assert refused.acquire(timeout=PATIENCE_SECONDS)
        attempts = [one.result(PATIENCE_SECONDS) for one in sending]

        town.pagerduty.wait_for(lambda fake: fake.pages)
        wait_until_applied(router, PEERS)
        assert len(router.ask("/api/incidents")["incidents"]) == 1
        assert router.stop() == 0

    assert sum(attempts) >= 3 * PEERS
    assert len(town.pagerduty.accepted) == 1


def test_copies_late_copies_and_other_group_keys_change_nothing(town: Town) -> None:
    town.set_clock(town.now())
    with running(town) as router:
        assert router.post(critical()) == 200
        town.pagerduty.wait_for(lambda fake: fake.pages)
        router.wait_for(
            "/api/incidents/1",
            lambda found: {one["state"] for one in found["messages"]} == {"sent"},
        )
        before = incident(router, 1)
        router.kill()

    with running(town) as restarted:
        assert restarted.post(critical()) == 200  # of a peer that waited for the first
        assert restarted.post(told_otherwise()) == 200
        wait_until_applied(restarted, 2)
        town.move_clock(timedelta(minutes=10))
        assert restarted.post(critical()) == 200  # of repeat_interval
        wait_until_applied(restarted, 3)
        assert incident(restarted, 1) == before

        assert restarted.post(over()) == 200
        restarted.wait_for("/api/incidents/1", lambda found: found["state"] == "resolved")
        assert restarted.post(critical()) == 200  # of a peer that is slow
        assert restarted.post(over()) == 200
        wait_until_applied(restarted, 6)
        listed = restarted.ask("/api/incidents")["incidents"]
        assert [(one["number"], one["state"]) for one in listed] == [(1, "resolved")]
        assert restarted.stop() == 0

    assert len(town.pagerduty.pages) == 1
