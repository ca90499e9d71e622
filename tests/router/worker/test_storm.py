"""Many incidents for one person within a minute: a few pages, and digests of the rest."""

from collections import Counter

from router.escalation.storm import DIGEST_WAIT, STORM_FROM, STORM_WITHIN
from tests.router.making import minutes
from tests.router.road import Road
from tests.router.storms import (
    SECOND,
    digest_goes_out,
    fires,
    is_digest,
    numbers_in,
    once,
    page_of,
    texts,
    told,
    triggers,
)


async def test_of_a_hundred_incidents_five_wake_at_once_and_one_digest_tells_the_others(
    road: Road,
) -> None:
    await fires(road, range(1, 101))
    assert told(road) == once(range(1, STORM_FROM + 1))

    await digest_goes_out(road)

    assert road.woken() == ["ana"] * (STORM_FROM + 1)
    assert told(road) == once(range(1, 101))
    (digest,) = [one for one in triggers(road) if is_digest(one)]
    assert digest.event["payload"]["summary"].startswith(
        "95 incidents in one page, the worst critical: #6 critical: "
    )
    await road.pass_time(minutes(5))
    assert told(road) == once(range(1, 101)), "nothing is told twice"


async def test_what_comes_while_a_digest_waits_joins_it_and_the_next_one_is_a_minute_later(
    road: Road,
) -> None:
    await fires(road, range(1, 7))
    await road.pass_time(9 * SECOND)
    await fires(road, range(7, 9))
    await road.pass_time(1 * SECOND)
    await fires(road, range(9, 11))
    assert [numbers_in(one) for one in triggers(road) if is_digest(one)] == [[6, 7, 8]]

    await road.pass_time(STORM_WITHIN - SECOND)
    assert told(road) == once(range(1, 9))
    await road.pass_time(SECOND)

    assert [numbers_in(one) for one in triggers(road) if is_digest(one)] == [[6, 7, 8], [9, 10]]


async def test_after_a_quiet_minute_a_page_goes_by_itself_again(road: Road) -> None:
    await fires(road, range(1, 8))
    await road.pass_time(STORM_WITHIN)

    await fires(road, range(8, 9))

    assert told(road) == once(range(1, 9))
    assert not is_digest(triggers(road)[-1])


async def test_whom_a_digest_tells_of_an_incident_counts_as_paged(road: Road) -> None:
    await fires(road, range(1, 8))
    await digest_goes_out(road)
    await road.pass_time(minutes(1))

    assert any("#7 " in one.text for one in road.fakes.slack.messages)
    for message in road.fakes.slack.messages:
        assert "Paged: Engineer ana." in str(message.blocks)


async def test_those_that_a_person_asks_for_do_not_wait_for_others(road: Road) -> None:
    await fires(road, range(1, 8))

    given = await road.api(
        "POST", "/api/incidents/7/reassign", json={"by": "Engineer ben", "person": "ana"}
    )
    assert given.status_code == 200, given.text
    tested = await road.api("POST", "/api/people/ana/test-page", json={"by": "Engineer ben"})
    assert tested.status_code == 201, tested.text
    await road.worker.turn()

    assert sorted(numbers_in(one) for one in triggers(road)[STORM_FROM:]) == [[7], [8]]
    await digest_goes_out(road)
    assert numbers_in(triggers(road)[-1]) == [6], "what was given away is not told again"


async def test_each_incident_says_what_became_of_the_digest_that_tells_it(road: Road) -> None:
    await fires(road, range(1, 9))
    waiting = await page_of(road, 8)
    assert (waiting["state"], waiting["detail"]) == ("dropped", "told with others in one page")
    assert [one["state"] for one in waiting["digest"]["messages"]] == ["pending"]

    await digest_goes_out(road)

    page = await page_of(road, 8)
    assert page["digest"]["other_incidents"] == [6, 7]
    assert [one["state"] for one in page["digest"]["messages"]] == ["sent"]
    assert page["digest"]["messages"][0]["dedup_key"].startswith("test/6/digest.1/")
    timeline = await texts(road, 8)
    assert "Page to pagerduty ana is told with others in one page at" in timeline
    assert "Digest to pagerduty ana was accepted." in timeline
    assert (await page_of(road, 1))["digest"] is None


async def test_an_escalation_in_a_storm_gathers_for_each_person(road: Road) -> None:
    await fires(road, range(1, 11))
    await digest_goes_out(road)

    await road.pass_time(minutes(15))
    await road.pass_time(DIGEST_WAIT)

    assert road.woken() == ["ana"] * 6 + ["ben"] * 6
    of_ben = [one for one in triggers(road) if one.person == "ben"]
    assert Counter(number for one in of_ben for number in numbers_in(one)) == once(range(1, 11))
