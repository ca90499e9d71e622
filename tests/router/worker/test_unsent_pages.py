"""Pages that are on their way when the incident is given away, silenced, or flaps."""

from datetime import timedelta
from typing import Any

from router.message.model import MessageKind
from router.store.leases import claim_due_messages
from tests.fakes.alertmanager import AlertmanagerFake
from tests.router.making import minutes, notification_body
from tests.router.road import Road, firing
from tests.router.worker.test_reconcile import alert, alertmanager, minute, road, silence

__all__ = ["alertmanager", "road"]  # fixtures


async def being_sent(road: Road, *alerts: dict[str, Any]) -> None:
    """Receive, and let another replica claim the page and die."""
    await road.post(notification_body(*alerts))
    await road.worker.decide()
    claimed = await road.store.write(
        lambda tx: claim_due_messages(
            tx, now=road.clock(), lease_token="dead:1", limit=5, kinds=[MessageKind.PAGE]
        )
    )
    assert len(claimed) == 1


async def test_a_page_that_was_being_sent_does_not_wake_who_gave_it_away(road: Road) -> None:
    await being_sent(road, firing())
    given = {"by": "Engineer ana", "person": "ben"}
    await road.api("POST", "/api/incidents/1/reassign", json=given)
    await road.worker.turn()
    assert road.woken() == ["ben"]
    await road.end_leases()
    assert road.woken() == ["ben"]


async def test_a_page_that_was_being_sent_is_not_tried_again_once_it_is_silenced(
    road: Road, alertmanager: AlertmanagerFake
) -> None:
    await being_sent(road, alert())
    silence(alertmanager, alert())
    road.clock.advance(minutes(1))
    await road.worker.reconcile()
    await road.end_leases()
    assert road.woken() == []


async def test_after_a_silence_a_page_goes_elsewhere_again(
    road: Road, alertmanager: AlertmanagerFake
) -> None:
    road.fakes.pagerduty.fail_next(None, status=503)
    road.fakes.smtp.fail_next(None)
    await road.receive(alert())
    await road.pass_time(timedelta(seconds=31))
    await road.worker.turn()
    assert not road.fakes.smtp.mails
    silence(alertmanager, alert())
    await minute(road, 2)
    road.fakes.smtp.heal()
    alertmanager.lists(alert())
    await minute(road, 3)
    assert [mail.recipients for mail in road.fakes.smtp.mails][:1] == [("ana@conecta360.example",)]


async def test_what_flaps_above_an_alert_that_stays_does_not_wake_who_has_it(
    road: Road,
) -> None:
    stays = firing(severity="high")
    await road.receive(firing(), stays)
    await road.acknowledge(1, "Engineer ana")
    for _ in range(3):
        await road.pass_time(minutes(5))
        over = {"status": "resolved", "endsAt": road.clock().isoformat()}
        await road.receive(firing() | over, stays)
        await road.pass_time(minutes(5))
        await road.receive(firing() | {"startsAt": road.clock().isoformat()}, stays)
        await road.acknowledge(1, "Engineer ana")
    assert road.woken() == ["ana"]
