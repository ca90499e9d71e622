"""What time does to incidents: one that fails holds up no other, and what is over comes back."""

from sqlalchemy import update

from router.store.tables import incidents
from tests.router.making import minutes
from tests.router.road import Road, firing, resolved


async def test_an_incident_that_cannot_be_read_keeps_no_step_from_being_taken(road: Road) -> None:
    await road.receive(firing())
    snooze = {"by": "Engineer ana", "for": "10m"}
    await road.api("POST", "/api/incidents/1/snooze", json=snooze)
    await road.receive(firing(service="usuarios"), groupLabels={"service": "usuarios"})
    spoilt = update(incidents).where(incidents.c.number == 1).values(severity="odd")
    await road.store.write(lambda tx: tx.execute(spoilt))

    await road.pass_time(minutes(15))

    assert road.woken() == ["ana", "ana", "ben"]
    assert await road.metric('guardia_worker_failures_total{step="revisit"}') == "1.0"


async def test_once_it_can_be_read_again_its_snooze_ends(road: Road) -> None:
    await road.receive(firing())
    snooze = {"by": "Engineer ana", "for": "10m"}
    await road.api("POST", "/api/incidents/1/snooze", json=snooze)
    this = update(incidents).where(incidents.c.number == 1)
    await road.store.write(lambda tx: tx.execute(this.values(severity="odd")))
    await road.pass_time(minutes(10))
    await road.store.write(lambda tx: tx.execute(this.values(severity="critical")))

    await road.pass_time(minutes(1))

    assert road.woken() == ["ana", "ana"]


async def test_a_snooze_of_what_wakes_nobody_any_more_does_not_end_with_a_promise(
    road: Road,
) -> None:
    await road.receive(firing(), firing(alertname="Slow", severity="high"))
    snooze = {"by": "Engineer ana", "for": "10m"}
    await road.api("POST", "/api/incidents/1/snooze", json=snooze)
    await road.receive(resolved())

    await road.pass_time(minutes(10))

    assert road.woken() == ["ana"]
    rows = (await road.show(1))["timeline"]
    (ended,) = [row["text"] for row in rows if row["kind"] == "acknowledgement_ended"]
    assert "no route wakes people for it any more" in ended


async def test_a_reopened_incident_holds_all_of_its_alerts_whatever_group_tells_them(
    road: Road,
) -> None:
    await road.receive(firing(), firing(instance="b"))
    await road.receive(resolved(), resolved(instance="b"))
    await road.receive(firing())

    await road.receive(firing(instance="b"), groupLabels={"instance": "b"})

    assert len(await road.incidents()) == 1
