"""How often whom was woken: the counter from which the load of on-call duty is drawn."""

from tests.router.making import minutes
from tests.router.road import Road, firing
from tests.router.storms import digest_goes_out, fires
from tests.router.worker.test_delegated import SERVICE, delegating

__all__ = ["delegating"]  # a fixture


async def pages_of(road: Road, person: str) -> str:
    return await road.metric(f'guardia_pages_accepted_total{{person="{person}"}}')


async def test_everybody_of_the_catalog_begins_at_zero(road: Road) -> None:
    assert await pages_of(road, "ana") == "0.0"
    assert await pages_of(road, "ben") == "0.0"


async def test_each_accepted_page_counts_for_whom_it_wakes(road: Road) -> None:
    await road.receive(firing())
    assert (await pages_of(road, "ana"), await pages_of(road, "ben")) == ("1.0", "0.0")

    await road.pass_time(minutes(15))

    assert road.woken() == ["ana", "ben"]
    assert (await pages_of(road, "ana"), await pages_of(road, "ben")) == ("1.0", "1.0")


async def test_a_page_that_no_provider_accepts_counts_for_nobody(road: Road) -> None:
    road.fakes.pagerduty.fail_next(None, status=503)

    await road.receive(firing())

    assert await pages_of(road, "ana") == "0.0"


async def test_what_informs_and_what_ends_a_page_count_for_nobody(road: Road) -> None:
    await road.receive(firing(severity="high"))
    assert await pages_of(road, "ana") == "0.0"

    await road.receive(firing(service="derivacion"), groupLabels={"service": "derivacion"})
    await road.acknowledge(2, "Engineer ana")
    await road.worker.turn()

    assert await pages_of(road, "ana") == "1.0"


async def test_a_digest_of_many_incidents_counts_once(road: Road) -> None:
    await fires(road, range(1, 101))
    await digest_goes_out(road)

    assert await pages_of(road, "ana") == f"{float(len(road.woken()))}"


async def test_whom_a_service_of_pagerduty_wakes_is_not_counted(delegating: Road) -> None:
    await delegating.receive(firing())

    assert len(delegating.fakes.pagerduty.accepted) == 1
    assert await pages_of(delegating, SERVICE) == "absent"
