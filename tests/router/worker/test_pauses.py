"""What a silence drops is asked for again after it: that, and nothing else."""

from dataclasses import replace
from datetime import timedelta

from router.address import Address
from router.escalation.model import Step
from router.oncall.model import PersonId
from tests.fakes.alertmanager import AlertmanagerFake
from tests.router.making import minutes, person, step
from tests.router.road import Road
from tests.router.worker.test_reconcile import alert, alertmanager, minute, road, silence

__all__ = ["alertmanager", "road"]  # fixtures

HALF_A_MINUTE = timedelta(seconds=31)


def reached_at(road: Road, name: str, *addresses: Address) -> None:
    """Let a person have these addresses alone."""
    catalog = road.worker.catalog
    people = {**catalog.roster.people, PersonId(name): person(name, addresses=addresses)}
    road.worker.catalog = replace(catalog, roster=replace(catalog.roster, people=people))


def escalates_by(road: Road, *steps: Step, last_resort: Step) -> None:
    """Let the only policy have these steps."""
    catalog = road.worker.catalog
    (policy,) = catalog.policies.values()
    by_these = replace(policy, steps=steps, repeat=0, last_resort=last_resort)
    road.worker.catalog = replace(catalog, policies={policy.id: by_these})


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


async def test_who_was_reached_by_a_later_step_is_not_woken_by_the_one_that_is_taken_again(
    road: Road, alertmanager: AlertmanagerFake
) -> None:
    both = step(people=["ana", "ben"], wait=timedelta(seconds=25))
    escalates_by(road, both, step(people=["ana"]), last_resort=step(people=["ana"]))
    reached_at(road, "ben", Address(channel="email", address="ben@conecta360.example"))
    road.fakes.smtp.fail_next(None)
    road.fakes.pagerduty.fail_next(None, status=503)
    await road.receive(alert())
    await road.pass_time(timedelta(seconds=25))
    road.fakes.pagerduty.heal()
    for _ in range(6):
        await road.pass_time(timedelta(seconds=4))
    woken = road.woken()
    assert set(woken) == {"ana"}

    await silenced_for_a_minute(road, alertmanager)

    assert road.woken() == woken
    assert [mail.recipients for mail in road.fakes.smtp.mails] == [("ben@conecta360.example",)]


async def test_a_step_that_only_informed_is_not_waited_for_again(
    road: Road, alertmanager: AlertmanagerFake
) -> None:
    informs = step(channels=[Address(channel="slack", address="#operaciones")])
    escalates_by(road, step(people=["ben"]), informs, last_resort=step(people=["ana"]))
    reached_at(road, "ben", Address(channel="email", address="ben@conecta360.example"))
    road.fakes.smtp.fail_next(None)
    await road.receive(alert())
    await minute(road, 10)
    assert "informs slack #operaciones" in str((await road.show(1))["timeline"])

    await silenced_for_a_minute(road, alertmanager)
    assert (len(road.fakes.smtp.mails), road.woken()) == (1, [])
    await minute(road, 15)

    assert road.woken() == ["ana"]


async def test_a_last_resort_of_which_everybody_was_reached_elsewhere_ends_no_policy(
    road: Road, alertmanager: AlertmanagerFake
) -> None:
    """The page that was dropped was still tried at the first address: the second has rung."""
    secrets = road.settings.secrets_dir
    (secrets / "pagerduty-ana").rename(secrets / "pagerduty-ana-new")
    first, second = (Address(channel="pagerduty", address=one) for one in ("ana", "ana-new"))
    reached_at(road, "ana", first, second)
    escalates_by(road, last_resort=step(people=["ana"]))
    await road.receive(alert())
    await road.pass_time(HALF_A_MINUTE)
    await road.worker.turn()
    assert len(road.fakes.pagerduty.pages) == 1
    escalates_by(road, step(people=["ben"]), last_resort=step(people=["ben"]))

    await silenced_for_a_minute(road, alertmanager)

    assert len(road.fakes.pagerduty.pages) == 1
    assert "of today begins" not in str((await road.show(1))["timeline"])
    assert await road.metric('guardia_worker_failures_total{step="nobody_reached"}') == "0.0"


async def test_what_comes_next_names_only_who_is_asked_again(
    road: Road, alertmanager: AlertmanagerFake
) -> None:
    escalates_by(road, step(people=["ana", "ben"]), last_resort=step(people=["ben"]))
    reached_at(road, "ana", Address(channel="email", address="ana@conecta360.example"))
    road.fakes.smtp.fail_next(None)
    await road.receive(alert())
    assert road.woken() == ["ben"]
    silence(alertmanager, alert())
    await minute(road, 2)
    alertmanager.lists(alert())
    road.clock.advance(minutes(1))
    await road.worker.reconcile()

    first, *_ = (await road.show(1))["next"]["steps"]

    assert [page["person"] for page in first["pages"]] == ["ana"]
