"""An answer in PagerDuty stops the escalation, whenever the router dies over it, and counts once.

The webhook comes again until it is answered (PagerDuty developer
documentation, "Behavior"): the same body, with the same signature.
"""

from datetime import timedelta

import httpx
import pytest

from tests.delivery.router_process import RouterProcess, Town, critical, running
from tests.fakes.pagerduty import Accepted
from tests.fakes.pagerduty_webhooks import Delivery, Subscription
from tests.fakes.serving import PATIENCE_SECONDS
from tests.router.making import alert_body, notification_body

OURS = {"GUARDIA_EXTERNAL_URL": "https://guardia.example.org"}
BEFORE_COMMIT = "after router.worker.provider_events:PagerDutyEvents.take"
BEFORE_ANSWER = "before router.worker.worker:Worker._look_again"


def deliver(router: RouterProcess, told: Delivery) -> str:
    """Deliver a webhook as PagerDuty does; return what became of it."""
    url = f"{router.url}/webhook/pagerduty"
    answer = httpx.post(
        url, content=told.body, headers=dict(told.headers), timeout=PATIENCE_SECONDS
    )
    assert answer.status_code == 202, answer.text
    return str(answer.json()["outcome"])


def page_another_incident(router: RouterProcess) -> None:
    """Open a second one that nobody takes: it shows that escalation goes on."""
    labels = {"severity": "critical", "environment": "prod", "service": "pagos"}
    body = notification_body(alert_body("firing", **labels), groupLabels={"service": "pagos"})
    assert router.post(body) == 200


def triggers(town: Town, number: int) -> list[Accepted]:
    """Return the pages of an incident that PagerDuty took."""
    return [
        one
        for one in town.pagerduty.accepted
        if one.action == "trigger" and one.dedup_key.split("/")[1] == str(number)
    ]


@pytest.mark.parametrize("dies", [BEFORE_COMMIT, BEFORE_ANSWER])
def test_an_acknowledge_on_the_phone_outlives_the_router_and_counts_once(
    town: Town, dies: str
) -> None:
    (town.folder / "pagerduty-webhook").write_text("whsec\n")
    town.set_clock(town.now())
    subscription = Subscription(now=town.now)
    with running(town, **OURS) as router:
        assert router.post(critical()) == 200
        town.pagerduty.wait_for(lambda fake: fake.pages)
        page_another_incident(router)
        town.pagerduty.wait_for(lambda fake: len(fake.pages) == 2)
        (page,) = triggers(town, 1)
        assert deliver(router, subscription.tell(page, "incident.triggered")) == "unchanged"

    took = subscription.tell(page, "incident.acknowledged", by="Ana María")
    with running(town, dies=dies, **OURS) as router:
        with pytest.raises(httpx.TransportError):
            deliver(router, took)
        router.wait_for_death()

    with running(town, **OURS) as router:
        expected = "acknowledged" if dies == BEFORE_COMMIT else "repeated"
        assert deliver(router, took) == expected
        router.kill()

    with running(town, **OURS) as router:
        assert deliver(router, took) == "repeated"
        town.move_clock(timedelta(minutes=20))
        town.pagerduty.wait_for(lambda _: len(triggers(town, 2)) == 2)
        shown = router.ask("/api/incidents/1")
        assert router.stop() == 0

    assert (shown["state"], shown["acknowledged_by"]) == ("acknowledged", "Ana María (PagerDuty)")
    assert [row["text"] for row in shown["timeline"] if row["kind"] == "acknowledged"] == [
        "Ana María (PagerDuty) acknowledged it: nobody else is paged."
    ]
    assert len(triggers(town, 1)) == 1


def test_without_a_signature_the_escalation_goes_on(town: Town) -> None:
    (town.folder / "pagerduty-webhook").write_text("whsec\n")
    town.set_clock(town.now())
    stranger = Subscription(secrets=("guessed",), gives_keys=True, now=town.now)
    with running(town, **OURS) as router:
        assert router.post(critical()) == 200
        town.pagerduty.wait_for(lambda fake: fake.pages)
        (page,) = triggers(town, 1)
        told = stranger.tell(page, "incident.acknowledged", by="Eve")
        url = f"{router.url}/webhook/pagerduty"
        answer = httpx.post(
            url, content=told.body, headers=dict(told.headers), timeout=PATIENCE_SECONDS
        )
        assert answer.status_code == 403

        town.move_clock(timedelta(minutes=20))
        town.pagerduty.wait_for(lambda _: len(triggers(town, 1)) == 2)
        assert router.stop() == 0
