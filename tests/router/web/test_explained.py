"""What comes next, as the API tells it, is what then happens (G11); and so is what is replayed."""

from datetime import datetime
from typing import Any

import pytest

from guardia.cli.incident_text import render_incident
from router.replay import replay, replay_as_json
from tests.router.making import NOON, minutes, notification_body
from tests.router.road import Road, firing, resolved

pytestmark = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)


def foreseen(coming: dict[str, Any]) -> list[tuple[datetime, list[str]]]:
    return [
        (datetime.fromisoformat(step["at"]), sorted(page["person"] for page in step["pages"]))
        for step in coming["steps"]
    ]


async def happened(road: Road, *, since: datetime) -> list[tuple[datetime, list[str]]]:
    """Let everything happen that comes when nobody answers; return who was woken when."""
    for _ in range(120):
        await road.pass_time(minutes(1))
    found: dict[datetime, list[str]] = {}
    for page in road.fakes.pagerduty.pages:
        if page.at >= since:
            found.setdefault(page.at, []).append(page.person)
    return [(at, sorted(people)) for at, people in found.items()]


async def test_the_steps_that_are_left_are_told_and_then_come(road: Road) -> None:
    await road.receive(firing())
    await road.pass_time(minutes(3))

    coming = (await road.show(1))["next"]

    assert coming["now"] == (NOON + minutes(3)).isoformat()
    assert [step["name"] for step in coming["steps"]] == ["step 2", "the last resort"]
    assert coming["steps"][0]["pages"] == [
        {
            "person": "ben",
            "name": "Engineer ben",
            "channel": "pagerduty",
            "address": "ben",
            "because": "Step 2 of policy plataforma names Engineer ben.",
        }
    ]
    assert foreseen(coming) == await happened(road, since=NOON + minutes(3))
    assert (await road.show(1))["next"] == {
        "now": road.clock.now.isoformat(),
        "text": "All steps of policy plataforma are taken: nobody is left to page.",
        "zone": None,
        "steps": [],
    }


async def test_after_an_answer_nothing_comes_and_it_says_whose(road: Road) -> None:
    await road.receive(firing())
    await road.acknowledge(1, "Engineer ana")
    coming = (await road.show(1))["next"]
    assert coming["text"] == "Engineer ana has it since 2026-11-24 12:00 UTC: nobody else is paged."
    assert coming["steps"] == []

    await road.receive(resolved())
    assert (await road.show(1))["next"]["text"] == (
        "It is over since 2026-11-24 12:00 UTC (no alert fires): nobody is paged any more."
    )


async def test_a_snooze_is_followed_by_the_steps_that_then_come(road: Road) -> None:
    await road.receive(firing())
    await road.api("POST", "/api/incidents/1/snooze", json={"by": "Engineer ana", "for": "30m"})

    coming = (await road.show(1))["next"]

    assert "until 2026-11-24 12:30 UTC: nobody else is paged before." in coming["text"]
    assert foreseen(coming)[0] == (NOON + minutes(30), ["ana"])
    assert foreseen(coming) == await happened(road, since=NOON + minutes(1))


async def test_what_only_informs_pages_nobody(road: Road) -> None:
    await road.receive(firing(severity="high"))
    coming = (await road.show(1))["next"]
    assert (coming["text"], coming["steps"]) == (
        "No policy escalates it: nobody else is paged.",
        [],
    )


async def test_the_text_of_the_command_is_made_of_what_the_api_really_says(road: Road) -> None:
    await road.receive(firing(service="casos"))
    await road.pass_time(minutes(16))

    text = render_incident(await road.show(1))

    lines = text.splitlines()
    assert lines[0] == "#1 triggered, critical: The database is down"
    assert "  critical: DatabaseDown, fires since 2026-11-24 12:00:00 UTC" in lines
    assert '    service="casos", severity="critical"' in lines
    assert (
        "  2026-11-24 12:00:00 UTC: By DatabaseDown on casos (critical): Route critical is the"
        ' first that matches: severity="critical".' in lines
    )
    assert "  Policy plataforma, as edition edition-1 of the catalog has it." in lines
    start = lines.index("  2026-11-24 12:00:00 UTC: Engineer ana")
    assert lines[start + 1 : start + 3] == [
        "    Step 1 of policy plataforma names Engineer ana.",
        "    pagerduty ana: accepted at 2026-11-24 12:00:00 UTC",
    ]
    assert "  2026-11-24 12:16:00 UTC: Engineer ben" in lines
    assert "  slack #operaciones: accepted at 2026-11-24 12:16:00 UTC" in lines
    assert lines[-4] == "  Unless somebody acknowledges (guardia ack 1 --by YOU):"
    assert lines[-3] == (
        "  2026-11-24 12:31:00 UTC (in 15 min): the last resort: Engineer ana by pagerduty,"
        " Engineer ben by pagerduty"
    )


@pytest.mark.parametrize("severity", ["critical", "high", "low", "page"])
async def test_what_is_replayed_is_what_the_router_does(road: Road, severity: str) -> None:
    catalog = road.worker.catalog
    body = notification_body(
        firing(severity=severity, environment="prod"),
        firing(severity=severity, environment="dev", alertname="Other"),
        resolved(severity=severity, environment="qa"),
    )
    found = replay_as_json(replay(body, catalog, now=NOON), catalog, now=NOON)

    assert (await road.post(body)).status_code == 200
    await road.worker.turn()

    assert len(await road.incidents()) == len(found["incidents"]) == 3
    for number, incident in enumerate(found["incidents"], start=1):
        shown = await road.show(number)
        assert (incident["title"], incident["state"]) == (shown["title"], shown["state"])
        texts = [row["text"] for row in shown["timeline"]]
        assert [text for text in incident["told"] if text not in texts] == []
        assert incident["because"] in [*texts, ""]
        informed = {
            (one["channel"], one["address"]) for one in shown["messages"] if one["kind"] == "notice"
        }
        assert {(one["channel"], one["address"]) for one in incident["channels"]} == informed
        steps = [row for row in foreseen(incident) if row[0] > NOON]
        assert steps == foreseen(shown["next"])
