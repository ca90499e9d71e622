"""Whatever people answer, every place agrees: who is paged, what providers are told."""

from dataclasses import replace
from datetime import time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import httpx
import pytest
from sqlalchemy import Connection, select, update

from guardia.maintenance import Maintenance
from router.escalation.model import Policy
from router.incident.again import AGAIN_WITHIN
from router.incident.mute import Announcements
from router.oncall.model import Role
from router.routing import PolicyId
from router.store.store import WAIT_SECONDS
from router.store.tables import timers
from tests.router.making import NOON, minutes, person, policy, roster, step
from tests.router.road import Road, firing, resolved

ANA = {"by": "Engineer ana"}


async def say(road: Road, what: str, **body: Any) -> httpx.Response:
    """Answer the first incident through the API, and do what is due."""
    response = await road.api("POST", f"/api/incidents/1/{what}", json=ANA | body)
    await road.worker.turn()
    return response


def use_policy(road: Road, changed: Policy) -> None:
    road.worker.catalog = replace(road.worker.catalog, policies={changed.id: changed})


async def timeline(road: Road, number: int = 1) -> list[str]:
    return [row["kind"] for row in (await road.show(number))["timeline"]]


async def test_a_snooze_pages_nobody_until_it_ends_and_then_from_the_first_step(road: Road) -> None:
    await road.receive(firing())

    answer = await say(road, "snooze", **{"for": "30m"})
    await road.pass_time(minutes(29))
    assert answer.json()["state"] == "acknowledged"
    assert road.woken() == ["ana"]

    await road.pass_time(minutes(1))

    assert road.woken() == ["ana", "ana"]
    assert [page.dedup_key for page in road.fakes.pagerduty.pages][1] == "test/1/1.2/ana"
    assert "acknowledgement_ended" in await timeline(road)
    await road.pass_time(minutes(15))
    assert road.woken() == ["ana", "ana", "ben"]


async def test_a_snooze_of_what_is_over_by_then_wakes_nobody(road: Road) -> None:
    await road.receive(firing())
    await say(road, "snooze", **{"for": "30m"})
    await road.receive(resolved())

    await road.pass_time(minutes(120))

    assert road.woken() == ["ana"]
    assert (await road.incidents())[0]["state"] == "resolved"


async def test_an_acknowledgement_ends_after_the_policys_time(road: Road) -> None:
    (plataforma,) = road.worker.catalog.policies.values()
    use_policy(road, replace(plataforma, acknowledge_timeout=timedelta(hours=2)))
    await road.receive(firing())
    await road.acknowledge(1, "Engineer ana")
    await road.pass_time(minutes(119))
    assert road.woken() == ["ana"]

    await road.pass_time(minutes(1))

    assert road.woken() == ["ana", "ana"]
    assert (await road.show(1))["state"] == "triggered"


async def test_escalate_takes_the_next_step_now_also_of_what_somebody_has(road: Road) -> None:
    await road.receive(firing())
    await road.acknowledge(1, "Engineer ana")

    answer = await say(road, "escalate")

    assert answer.status_code == 200
    assert road.woken() == ["ana", "ben"]
    assert (await road.show(1))["state"] == "triggered"
    await road.pass_time(minutes(15))
    assert sorted(road.woken()[2:]) == ["ana", "ben"]


async def test_escalate_of_what_was_acknowledged_after_all_steps_takes_the_last_resort(
    road: Road,
) -> None:
    (plataforma,) = road.worker.catalog.policies.values()
    alone = replace(plataforma, steps=plataforma.steps[:1], last_resort=step(people=["ben"]))
    use_policy(road, alone)
    await road.receive(firing())
    await road.acknowledge(1, "Engineer ana")

    await say(road, "escalate")

    assert road.woken() == ["ana", "ben"]


async def test_escalate_of_what_was_given_to_somebody_takes_the_last_resort(road: Road) -> None:
    await road.receive(firing())
    await say(road, "reassign", person="ben")
    await say(road, "ack", by="Engineer ben")

    await say(road, "escalate", by="Engineer ben")

    assert road.woken()[:2] == ["ana", "ben"]
    assert sorted(road.woken()[2:]) == ["ana", "ben"]


async def test_escalate_after_the_last_resort_begins_again(road: Road) -> None:
    await road.receive(firing())
    await road.pass_time(minutes(15))
    await road.pass_time(minutes(15))
    assert len(road.woken()) == 4

    await say(road, "escalate")

    assert road.woken()[4:] == ["ana"]
    assert road.fakes.pagerduty.pages[-1].dedup_key == "test/1/1.2/ana"


async def test_escalate_of_what_ended_before_an_upgrade_begins_again(road: Road) -> None:
    """Releases before this one left what had ended at its last resort, not one beyond."""
    await road.receive(firing())
    for _ in range(2):
        await road.pass_time(minutes(15))
    assert len(road.woken()) == 4

    def by_the_earlier_release(tx: Connection) -> None:
        tx.execute(update(timers).values(next_step=timers.c.next_step - 1))

    await road.store.write(by_the_earlier_release)
    await say(road, "escalate")

    assert road.woken()[4:] == ["ana"]
    assert road.fakes.pagerduty.pages[-1].dedup_key == "test/1/1.2/ana"


async def test_given_twice_to_the_same_person_it_rings_once_and_the_answer_says_so(
    road: Road,
) -> None:
    await road.receive(firing())

    first = await say(road, "reassign", person="ben")
    road.clock.advance(timedelta(milliseconds=400))
    second = await say(road, "reassign", person="ben")

    assert (first.json()["already"], second.json()["already"]) == (False, True)
    assert road.woken() == ["ana", "ben"]
    assert len(road.fakes.pagerduty.alerts) == 2
    # Given to somebody else in between, it is given back.
    for to in ("ana", "ben"):
        assert not (await say(road, "reassign", person=to)).json()["already"]
    assert road.woken() == ["ana", "ben", "ana", "ben"]


@pytest.mark.parametrize("by", ["Engineer ana", "Engineer ben"])
async def test_a_next_step_that_somebody_took_meanwhile_is_taken_again_at_once(
    road: Road, by: str
) -> None:
    """The first one's page was answered within seconds, and who asked for it knows better."""
    await road.receive(firing())
    await say(road, "escalate")
    road.clock.advance(timedelta(seconds=8))
    await say(road, "ack", by=by)
    road.clock.advance(timedelta(seconds=8))

    again = await say(road, "escalate")

    assert (again.json()["already"], again.json()["state"]) == (False, "triggered")
    assert road.woken()[:2] == ["ana", "ben"]
    assert sorted(road.woken()[2:]) == ["ana", "ben"]


async def test_given_away_and_back_within_seconds_it_rings_whom_it_is_given_to_again(
    road: Road,
) -> None:
    await road.receive(firing())
    await say(road, "reassign", person="ben")
    await say(road, "reassign", by="Engineer ben", person="ana")

    again = await say(road, "reassign", person="ben")

    assert not again.json()["already"]
    assert road.woken() == ["ana", "ben", "ana", "ben"]


async def test_what_ended_and_came_back_within_seconds_is_escalated_anew(road: Road) -> None:
    await road.receive(firing())
    await say(road, "escalate")
    road.clock.advance(timedelta(seconds=5))
    await road.receive(resolved() | {"endsAt": road.clock.now.isoformat()})
    road.clock.advance(timedelta(seconds=5))
    await road.receive(firing() | {"startsAt": road.clock.now.isoformat()})
    assert road.woken() == ["ana", "ben", "ana"]

    assert not (await say(road, "escalate")).json()["already"]

    assert road.woken() == ["ana", "ben", "ana", "ben"]


def test_a_press_that_is_asked_for_once_more_is_within_the_time_in_which_both_count_once() -> None:
    """Who is told to press again after WAIT_SECONDS may have been stored all the same."""
    assert timedelta(seconds=2 * WAIT_SECONDS) < AGAIN_WITHIN


async def test_who_snoozed_it_and_acknowledges_it_is_not_woken_when_the_snooze_ends(
    road: Road,
) -> None:
    await road.receive(firing())
    await say(road, "snooze", **{"for": "30m"})
    road.clock.advance(minutes(10))

    answer = await say(road, "ack")

    assert answer.json()["acknowledged_until"] is None
    assert (await timeline(road)).count("acknowledged") == 1
    await road.pass_time(minutes(21))
    assert road.woken() == ["ana"]


async def test_who_has_it_keeps_it_when_somebody_else_snoozes_it(road: Road) -> None:
    await road.receive(firing())
    await say(road, "ack")
    before = await road.show(1)

    answer = await say(road, "snooze", by="Engineer ben", **{"for": "30m"})

    assert answer.json()["already"]
    after = await road.show(1)
    for field in ("acknowledged_by", "acknowledged_at", "acknowledged_until"):
        assert after[field] == before[field]
    await road.pass_time(minutes(31))
    assert road.woken() == ["ana"]


async def test_a_second_persons_acknowledgement_is_not_forgotten_at_the_end_of_the_first(
    road: Road,
) -> None:
    (plataforma,) = road.worker.catalog.policies.values()
    use_policy(road, replace(plataforma, acknowledge_timeout=timedelta(hours=2)))
    await road.receive(firing())
    await say(road, "ack")
    road.clock.advance(minutes(119))

    await say(road, "ack", by="Engineer ben")

    await road.pass_time(minutes(119))
    assert road.woken() == ["ana"]
    assert (await road.show(1))["acknowledged_by"] == "Engineer ana"
    await road.pass_time(minutes(1))
    assert road.woken() == ["ana", "ana"]


async def test_what_nobody_escalates_cannot_be_escalated_but_given_to_a_person(road: Road) -> None:
    await road.receive(firing(severity="high"))

    refused = await say(road, "escalate")
    given = await say(road, "reassign", person="ben")

    assert refused.status_code == 409
    assert "give it to a person" in refused.json()["detail"]
    assert given.status_code == 200
    assert road.woken() == ["ben"]


async def test_reassigned_it_pages_the_other_and_ends_the_first_persons_page(road: Road) -> None:
    await road.receive(firing())
    await road.acknowledge(1, "Engineer ana")
    await road.worker.turn()

    answer = await say(road, "reassign", person="ben")

    assert answer.status_code == 200
    assert road.woken() == ["ana", "ben"]
    withdrawn = road.fakes.pagerduty.alert_of("ana", "test/1/1.1/ana")
    assert withdrawn is not None
    assert withdrawn.state == "resolved"
    await road.pass_time(minutes(15))
    assert sorted(road.woken()[2:]) == ["ana", "ben"]  # the policy's last resort


async def test_a_policy_that_is_called_none_keeps_its_last_resort(road: Road) -> None:
    catalog = road.worker.catalog
    (plataforma,) = catalog.policies.values()
    none = replace(plataforma, id=PolicyId("none"))
    routes = tuple(replace(one, policy=one.policy and none.id) for one in catalog.routes)
    road.worker.catalog = replace(catalog, policies={none.id: none}, routes=routes)
    await road.receive(firing())

    await say(road, "reassign", person="ben")
    await road.pass_time(minutes(15))

    assert road.woken()[:2] == ["ana", "ben"]
    assert sorted(road.woken()[2:]) == ["ana", "ben"]


async def test_what_no_policy_escalates_may_be_given_on_also_after_an_upgrade(road: Road) -> None:
    """An earlier release kept it by the id of a policy that a catalog can hold."""
    await road.receive(firing(severity="high"))
    await say(road, "reassign", person="ben")

    def by_the_earlier_release(tx: Connection) -> None:
        (kept,) = tx.execute(select(timers.c.policy)).scalars()
        tx.execute(update(timers).values(policy=kept | {"id": "none (given to ben)"}))

    await road.store.write(by_the_earlier_release)
    assert (await road.show(1))["escalation"]["policy"] == "no policy (given to ben)"
    await say(road, "reassign", person="ana")
    for _ in range(2):
        await road.pass_time(minutes(15))

    assert road.woken() == ["ben", "ana", "ana"]
    rows = (await road.show(1))["timeline"]
    (ended,) = (row["text"] for row in rows if row["kind"] == "escalation_ended")
    assert "“given to ana”" in ended


async def test_reassigned_to_a_policy_that_one_begins(road: Road) -> None:
    other = replace(
        policy(step(people=["ben"]), last_resort=step(people=["ana"])), id=PolicyId("database")
    )
    catalog = road.worker.catalog
    road.worker.catalog = replace(catalog, policies={**catalog.policies, other.id: other})
    await road.receive(firing())

    await say(road, "reassign", policy="database")

    assert road.woken() == ["ana", "ben"]
    assert (await road.show(1))["escalation"]["policy"] == "database"


@pytest.mark.parametrize(
    ("body", "status", "detail"),
    [
        ({"person": "gone"}, 409, "There is no person gone."),
        ({"person": "vera"}, 409, "Engineer vera is a viewer and could not answer: choose"),
        ({"policy": "gone"}, 409, "There is no policy gone."),
        ({}, 422, "either"),
        ({"person": "ana", "policy": "plataforma"}, 422, "either"),
    ],
)
async def test_giving_it_to_nobody_is_refused_and_changes_nothing(
    road: Road, body: dict[str, str], status: int, detail: str
) -> None:
    catalog = road.worker.catalog
    vera = replace(person("vera"), role=Role.VIEWER)
    people = (*catalog.roster.people.values(), vera)
    road.worker.catalog = replace(catalog, roster=roster(*people))
    await road.receive(firing())
    before = await road.show(1)

    refused = await say(road, "reassign", **body)

    assert (refused.status_code, detail in refused.json()["detail"]) == (status, True)
    assert await road.show(1) == before


async def test_resolved_by_hand_stays_closed_while_the_same_alert_goes_on(road: Road) -> None:
    await road.receive(firing())
    await say(road, "resolve")
    assert (await road.show(1))["state"] == "resolved"

    await road.pass_time(minutes(30))
    await road.receive(firing())

    assert [one["state"] for one in await road.incidents()] == ["resolved"]
    assert road.woken() == ["ana"]


async def test_what_fires_anew_after_it_was_resolved_by_hand_wakes_people(road: Road) -> None:
    await road.receive(firing())
    await say(road, "resolve")

    await road.pass_time(minutes(5))
    await road.receive(firing() | {"startsAt": "2026-11-24T12:04:00Z"})

    assert [one["state"] for one in await road.incidents()] == ["triggered", "resolved"]
    assert road.woken() == ["ana", "ana"]


async def test_what_still_fires_when_alertmanager_repeats_it_hours_later_wakes_people(
    road: Road,
) -> None:
    await road.receive(firing())
    await say(road, "resolve")

    await road.pass_time(minutes(241))
    await road.receive(firing())

    assert [one["state"] for one in await road.incidents()] == ["triggered", "resolved"]


async def test_a_companion_that_fires_is_a_new_incident_of_its_own(road: Road) -> None:
    await road.receive(firing())
    await say(road, "resolve")

    await road.pass_time(minutes(5))
    await road.receive(firing(), firing(instance="b"))

    second = await road.show(2)
    assert [alert["labels"].get("instance") for alert in second["alerts"]] == ["b"]
    assert road.woken() == ["ana", "ana"]


async def test_the_end_of_what_was_closed_by_hand_is_on_its_timeline(road: Road) -> None:
    await road.receive(firing())
    await say(road, "resolve")

    await road.receive(resolved())

    shown = await road.show(1)
    assert [alert["firing"] for alert in shown["alerts"]] == [False]
    assert "alert_resolved" in await timeline(road)
    assert len(await road.incidents()) == 1


async def test_a_comment_is_on_the_timeline(road: Road) -> None:
    await road.receive(firing())

    await say(road, "comment", text="Restarted the pool.")

    rows = (await road.show(1))["timeline"]
    assert ("commented", "Engineer ana: Restarted the pool.") in [
        (row["kind"], row["text"]) for row in rows
    ]


@pytest.mark.parametrize("length", ["", "soon", "0s", "8d", "-1h"])
async def test_a_snooze_of_no_usable_length_is_refused(road: Road, length: str) -> None:
    await road.receive(firing())

    refused = await say(road, "snooze", **{"for": length})

    assert refused.status_code in (409, 422)
    assert (await road.show(1))["state"] == "triggered"


async def test_strangers_answer_nothing(road: Road) -> None:
    await road.receive(firing())

    for what in ("ack", "resolve", "snooze", "escalate", "reassign", "comment"):
        answer = await road.client.post(f"/api/incidents/1/{what}", json=ANA)
        assert answer.status_code == 401

    assert (await road.show(1))["state"] == "triggered"


async def test_an_incident_that_comes_back_at_once_is_the_same_and_pages_anew(road: Road) -> None:
    await road.receive(firing())
    await road.acknowledge(1, "Engineer ana")
    await road.receive(resolved())
    await road.pass_time(minutes(5))

    await road.receive(firing() | {"startsAt": "2026-11-24T12:05:00Z"})

    assert [one["number"] for one in await road.incidents()] == [1]
    assert road.woken() == ["ana", "ana"]
    assert "reopened" in await timeline(road)


async def test_what_flaps_is_held_open_and_wakes_nobody_again(road: Road) -> None:
    await road.receive(firing())
    for minute in (2, 4):
        await road.receive(resolved() | {"endsAt": f"2026-11-24T12:0{minute - 1}:00Z"})
        await road.pass_time(minutes(2))
        await road.receive(firing() | {"startsAt": f"2026-11-24T12:0{minute}:00Z"})
    await road.acknowledge(1, "Engineer ana")
    woken = len(road.woken())

    await road.receive(resolved() | {"endsAt": "2026-11-24T12:05:00Z"})
    assert (await road.show(1))["state"] == "acknowledged"
    await road.pass_time(minutes(5))
    await road.receive(firing() | {"startsAt": "2026-11-24T12:09:00Z"})
    await road.receive(resolved() | {"endsAt": "2026-11-24T12:10:00Z"})
    await road.pass_time(minutes(14))
    assert (await road.show(1))["state"] == "acknowledged"

    await road.pass_time(minutes(1))

    assert (await road.show(1))["state"] == "resolved"
    assert len(road.woken()) == woken


async def test_announced_maintenance_wakes_nobody_before_its_end_and_is_on_the_record(
    road: Road,
) -> None:
    """Until 14:00 UTC for casos: the channel is told at once, people when it should be over."""
    announce(road)
    await road.receive(firing(service="casos"))

    assert road.woken() == []
    assert [message.channel.name for message in road.fakes.slack.messages] == ["operaciones"]
    rows = (await road.show(1))["timeline"]
    assert any("pool-upgrade" in row["text"] and row["kind"] == "paused" for row in rows)

    await road.pass_time(minutes(119))
    assert road.woken() == []
    await road.pass_time(minutes(1))
    assert road.woken() == ["ana"]


async def test_what_was_mended_within_the_maintenance_wakes_nobody(road: Road) -> None:
    announce(road)
    await road.receive(firing(service="casos"))
    await road.receive(resolved(service="casos"))

    await road.pass_time(minutes(240))

    assert road.woken() == []


async def test_another_service_is_paged_for_during_the_maintenance(road: Road) -> None:
    announce(road)

    await road.receive(firing(service="usuarios"))

    assert road.woken() == ["ana"]


async def test_a_person_who_escalates_is_not_held_back_by_the_maintenance(road: Road) -> None:
    announce(road)
    await road.receive(firing(service="casos"))

    await say(road, "escalate")

    assert road.woken() == ["ana"]


def announce(road: Road) -> None:
    one = Maintenance(
        name="pool-upgrade",
        services=("casos",),
        environments=(),
        zone=ZoneInfo("UTC"),
        days=NOON.date(),
        begins=time(11, 0),
        lasts=timedelta(hours=3),
    )
    catalog = road.worker.catalog
    road.worker.catalog = replace(catalog, maintenance=Announcements(announced=(one,)))
