"""What is kept of refusals while strangers try to drown it."""

from datetime import timedelta

import pytest

from router.store.audit import Entry, list_audit
from router.worker.refusals import MOST_A_MINUTE, MOST_OF_ONE
from tests.router.making import minutes
from tests.router.road import Road

pytestmark = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
SECOND = timedelta(seconds=1)


async def kept(road: Road) -> list[Entry]:
    found = await road.store.read(lambda tx: list_audit(tx, limit=1000))
    return [one.entry for one in reversed(found)]


async def junk(road: Road, times: int) -> None:
    for _ in range(times):
        answer = await road.client.post("/act/x", data={"do": "resolve"})
        assert answer.status_code == 404


async def test_what_a_known_one_is_refused_is_kept_beside_any_junk(road: Road) -> None:
    asked = {"name": "Insider", "role": "viewer", "purpose": "api", "by": "x"}
    token = (await road.api("POST", "/api/tokens", json=asked)).json()["token"]
    await junk(road, 2 * MOST_A_MINUTE)

    headers = {"Authorization": f"Bearer {token}"}
    for _ in range(MOST_OF_ONE + 5):
        answer = await road.client.post("/api/incidents/1/resolve", json={}, headers=headers)
        assert answer.status_code == 403

    actors = [entry.actor for entry in await kept(road) if not entry.done]
    assert actors == ["a stranger"] * MOST_A_MINUTE + ["Insider"] * MOST_OF_ONE


async def test_the_rest_of_the_strangers_is_one_row_a_minute(road: Road) -> None:
    await junk(road, MOST_A_MINUTE + 7)
    await road.pass_time(minutes(1) - SECOND)
    assert len(await kept(road)) == MOST_A_MINUTE

    await road.pass_time(SECOND)
    await road.pass_time(minutes(5))

    (*_, rest) = await kept(road)
    assert len(await kept(road)) == MOST_A_MINUTE + 1
    assert (rest.actor, rest.done) == ("strangers", False)
    assert rest.detail.startswith("7 more since 12:00:00 UTC")
