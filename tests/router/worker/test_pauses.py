"""What a silence drops is asked for again after it: that, and nothing else."""

from dataclasses import replace
from datetime import timedelta

from router.address import Address
from router.oncall.model import PersonId
from tests.fakes.alertmanager import AlertmanagerFake
from tests.router.making import person
from tests.router.road import Road
from tests.router.worker.test_reconcile import alert, alertmanager, minute, road, silence

__all__ = ["alertmanager", "road"]  # fixtures

HALF_A_MINUTE = timedelta(seconds=31)


def reached_at(road: Road, name: str, *addresses: Address) -> None:
    """Let a person have these addresses alone."""
    catalog = road.worker.catalog
    people = {**catalog.roster.people, PersonId(name): person(name, addresses=addresses)}
    road.worker.catalog = replace(catalog, roster=replace(catalog.roster, people=people))


async def paged(road: Road) -> list[str]:
    rows = (await road.show(1))["timeline"]
    return [row["text"] for row in rows if row["kind"] == "paged"]


async def silenced_for_a_minute(road: Road, alertmanager: AlertmanagerFake) -> None:
    """Let a silence hide the alert, what failed be mended meanwhile, and the silence end."""
    silence(alertmanager, alert())
    await minute(road, 2)
    road.fakes.smtp.heal()
    alertmanager.lists(alert())
    await minute(road, 3)


async def test_of_two_steps_only_the_page_that_was_dropped_is_asked_for_again(
    road: Road, alertmanager: AlertmanagerFake
) -> None:
    reached_at(road, "ana", Address(channel="email", address="ana@conecta360.example"))
    road.fakes.smtp.fail_next(None)
    await road.receive(alert())
    await road.pass_time(HALF_A_MINUTE)
    await road.pass_time(HALF_A_MINUTE)
    assert road.woken() == ["ben"]

    await silenced_for_a_minute(road, alertmanager)

    assert road.woken() == ["ben"]
    assert [mail.recipients for mail in road.fakes.smtp.mails] == [("ana@conecta360.example",)]
    told = await paged(road)
    assert [("ana" in one, "ben" in one) for one in told] == [
        (True, False),
        (False, True),
        (True, False),
    ]
