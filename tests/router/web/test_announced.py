"""Whoever makes or cancels an override, colleagues read it in Slack: once, also after a crash."""

from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

from router.address import Address
from router.incident.model import IncidentState
from router.store import tables
from router.store.history import Sought, search_incidents
from tests.router.making import policy, roster, schedule, step
from tests.router.road import Fakes, HandClock, Road, open_road

TOLD = (
    "Engineer ben takes over primary from 24 Nov 2026 12:00 UTC−1"
    " until 24 Nov 2026 17:30 UTC−1. Made by Engineer ana: a train"
)


def on_call_by_schedule(road: Road, **changed: Any) -> None:
    """The policy of critical alerts pages by `primary`."""
    catalog = road.worker.catalog
    primary = replace(schedule("primary", "ana", "ben"), **changed)
    people = list(catalog.roster.people.values())
    platform = policy(step(schedules=["primary"]), last_resort=step(people=["ana"]))
    road.worker.catalog = replace(
        catalog,
        roster=roster(*people, schedules=[primary, schedule("spare", "ben")]),
        policies={platform.id: platform},
    )


async def make(road: Road, **fields: Any) -> Any:
    usual = {
        "schedule": "primary",
        "person": "ben",
        "from": "2026-11-24T13:00:00Z",
        "until": "2026-11-24T18:30:00Z",
        "by": "Engineer ana",
        "reason": "a train",
    }
    answer = await road.api("POST", "/api/overrides", json=usual | fields)
    assert answer.status_code == 201, answer.text
    return answer.json()


async def cancel(road: Road, number: int = 1) -> None:
    body = {"by": "Engineer ben"}
    answer = await road.api("POST", f"/api/overrides/{number}/cancel", json=body)
    assert answer.status_code == 200, answer.text


def told(fakes: Fakes) -> list[str]:
    return [message.text for message in fakes.slack.messages]


async def test_who_from_when_until_when_by_whom_and_why(road: Road, fakes: Fakes) -> None:
    on_call_by_schedule(road)
    await make(road)
    await road.worker.turn()

    assert told(fakes) == [TOLD]
    assert [message.channel.name for message in fakes.slack.messages] == ["operaciones"]
    assert road.woken() == []
    assert fakes.smtp.mails == ()


async def test_one_that_is_cancelled_is_told_once(road: Road, fakes: Fakes) -> None:
    on_call_by_schedule(road)
    await make(road)
    await road.worker.turn()
    await cancel(road)
    await cancel(road)
    await road.worker.turn()

    assert told(fakes)[1:] == [
        "Engineer ben has cancelled override 1: Engineer ben does not take over primary any more"
        " (it was from 24 Nov 2026 12:00 UTC−1 until 24 Nov 2026 17:30 UTC−1)."
    ]


async def test_the_channel_reads_it_in_its_language(road: Road, fakes: Fakes) -> None:
    on_call_by_schedule(road)
    road.worker.catalog = replace(road.worker.catalog, language="es")
    await make(road)
    await road.worker.turn()
    (said,) = told(fakes)
    assert "Engineer ben" in said
    assert "24 nov 2026 12:00" in said


async def test_it_goes_where_the_schedule_says_and_nowhere_without_a_place(
    road: Road, fakes: Fakes
) -> None:
    on_call_by_schedule(road, announce=(Address(channel="slack", address="U0ANA"),))
    await make(road)
    await make(road, schedule="spare")
    await road.worker.turn()
    assert [message.channel.id for message in fakes.slack.messages] == ["D0ANA"]

    on_call_by_schedule(road, announce=())
    await make(road)
    await road.worker.turn()
    assert len(fakes.slack.messages) == 1


async def test_text_of_people_is_no_markup(road: Road, fakes: Fakes) -> None:
    on_call_by_schedule(road)
    hostile = "<!channel> <https://evil.example|here> *b* & `c` @here"
    await make(road, reason=hostile)
    await road.worker.turn()

    (message,) = fakes.slack.messages
    (block,) = message.blocks
    assert block["text"]["type"] == "plain_text"
    escaped = "&lt;!channel&gt; &lt;https://evil.example|here&gt; *b* &amp; `c` @here"
    assert block["text"]["text"].endswith(escaped)
    assert "<" not in message.text


async def test_a_crash_leaves_the_override_with_its_announcement(
    secrets_dir: Path, database_url: str, fakes: Fakes, clock: HandClock
) -> None:
    async with open_road(secrets_dir, database_url, fakes, clock) as road:
        on_call_by_schedule(road)
        await make(road)
        # What is made for an edition that is gone meanwhile was made all the same.
    async with open_road(secrets_dir, database_url, fakes, clock) as restarted:
        await restarted.worker.turn()
        await restarted.worker.turn()
    (said,) = told(fakes)
    assert said.startswith("Engineer ben takes over primary from 24 Nov 2026 13:00 UTC")


async def test_an_answer_that_was_lost_does_not_tell_it_twice(road: Road, fakes: Fakes) -> None:
    """In a channel named by its id, where the bot may read what it posted."""
    place = Address(channel="slack", address=fakes.slack.channel_id("#operaciones"))
    on_call_by_schedule(road, announce=(place,))
    await make(road)
    fakes.slack.fail_next(1, drops_connection=True, processes=True)
    await road.worker.turn()
    await road.pass_time(timedelta(seconds=2))
    await road.pass_time(timedelta(seconds=2))
    assert told(fakes) == [TOLD]


async def test_what_becomes_of_it_is_seen_and_nothing_is_open(road: Road, fakes: Fakes) -> None:
    on_call_by_schedule(road)
    await make(road)
    await road.worker.turn()

    def search(tx: Any) -> Any:
        return search_incidents(tx, Sought(), limit=5)

    (carrier,) = road.store.read_now(search)
    assert carrier.state is IncidentState.RESOLVED
    shown = await road.show(carrier.number)
    (message,) = shown["messages"]
    assert (message["kind"], message["state"]) == ("announcement", "sent")
    assert any("Engineer ben takes over primary" in row["text"] for row in shown["timeline"])
    rows = road.store.read_now(lambda tx: tx.execute(tables.timers.select()).all())
    assert rows == []


async def test_an_override_that_is_refused_is_not_told(road: Road, fakes: Fakes) -> None:
    on_call_by_schedule(road)
    answer = await road.api(
        "POST",
        "/api/overrides",
        json={"schedule": "primary", "person": "x", "from": "2026-11-24T13:00:00Z"}
        | {"until": "2026-11-24T18:30:00Z", "by": "Engineer ana"},
    )
    assert answer.status_code == 422
    await road.worker.turn()
    assert told(fakes) == []
