"""Links in pages by e-mail: opening one changes nothing, its buttons act as who got it (G12)."""

import asyncio
import re
from collections.abc import Mapping
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest
from sqlalchemy import select

from router.address import Address
from router.escalation.storm import STORM_FROM
from router.intake.mail_link import LASTS, sign_link
from router.oncall.model import PersonId, Role
from router.store.audit import Entry, list_audit
from router.store.tables import metadata
from router.worker.refusals import MOST_A_MINUTE
from tests.fakes.slack_buttons import Fingers
from tests.router.making import NOON, minutes
from tests.router.road import HandClock, Road, firing, open_road, resolved

ON_SQLITE = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
KEY = "k" * 32
OURS = "https://guardia.conecta360.example/ops"
LINK = re.compile(rf"Answer: ({re.escape(OURS)}/act/\S+)")


@pytest.fixture
def mailed(secrets_dir: Path, road: Road) -> Road:
    """Page Ana and Ben by e-mail alone, with links."""
    (secrets_dir / "link-key").write_text(f"{KEY}\n")
    for name in ("ana", "ben"):
        change_person(
            road, name, addresses=(Address(channel="email", address=f"{name}@example.org"),)
        )
    return road


def change_person(road: Road, name: str, **changes: Any) -> None:
    catalog = road.worker.catalog
    people = dict(catalog.roster.people)
    people[PersonId(name)] = replace(people[PersonId(name)], **changes)
    road.worker.catalog = replace(catalog, roster=replace(catalog.roster, people=people))


def links(road: Road, to: str = "ana") -> list[str]:
    """Return the links in the mails to somebody, oldest first, as paths of the router."""
    mails = [one for one in road.fakes.smtp.mails if f"{to}@example.org" in one.recipients]
    found = [LINK.search(mail.text) for mail in mails]
    return [match[1].removeprefix("https://guardia.conecta360.example") for match in found if match]


async def paged(road: Road, **labels: str) -> str:
    """Page Ana; return the link she got."""
    await road.receive(firing(**labels))
    (link,) = links(road)
    return link


async def press(road: Road, link: str, choice: str, **headers: str) -> httpx.Response:
    """Press a button of the page, as browsers do, and do what is due."""
    sent = {"Sec-Fetch-Site": "same-origin"} | headers
    response = await road.client.post(link, data={"do": choice}, headers=sent)
    await road.worker.turn()
    return response


async def rows(road: Road) -> Mapping[str, list[Any]]:
    """Return every row of every table."""

    def read(tx: Any) -> dict[str, list[Any]]:
        return {
            table.name: [tuple(row) for row in tx.execute(select(table))]
            for table in metadata.sorted_tables
        }

    return await road.store.read(read)


async def audited(road: Road) -> list[Entry]:
    found = await road.store.read(lambda tx: list_audit(tx, limit=1000))
    return [one.entry for one in reversed(found)]


def signed(page: str = "test/1/1.1/ana", person: str = "ana", key: str = KEY) -> str:
    """Return a link as who has the key makes it."""
    return f"/ops/act/{sign_link(page, person, [key], now=NOON)}"


# What it does


async def test_opening_a_link_shows_what_is_wrong_and_who_would_act(mailed: Road) -> None:
    link = await paged(mailed, service="casos")

    shown = await mailed.client.get(link)

    assert shown.status_code == 200
    for part in ("The database is down", "casos", "Engineer ana", "Acknowledge", "Snooze 4 h"):
        assert part in shown.text
    assert shown.headers["cache-control"] == "no-store"
    assert shown.headers["referrer-policy"] == "same-origin"  # the address is the key to act
    assert "form-action 'self'" in shown.headers["content-security-policy"]
    assert "set-cookie" not in shown.headers


@pytest.mark.parametrize("anew", ["escalate", "reopened"])
async def test_what_waits_for_somebody_again_is_acknowledged_by_the_same_link(
    mailed: Road, anew: str
) -> None:
    link = await paged(mailed)
    assert (await press(mailed, link, "acknowledge")).status_code == 303
    if anew == "escalate":
        await mailed.api("POST", "/api/incidents/1/escalate", json={"by": "Engineer ben"})
    else:
        await mailed.receive(resolved())
        await mailed.pass_time(minutes(1))
        await mailed.receive(firing(startsAt="2026-11-24T12:01:00Z"))
    assert (await mailed.show(1))["state"] == "triggered"
    assert 'value="acknowledge"' in (await mailed.client.get(link)).text

    await mailed.pass_time(minutes(1))
    assert (await press(mailed, link, "acknowledge")).status_code == 303

    assert (await mailed.show(1))["acknowledged_by"] == "Engineer ana"
    assert (await press(mailed, link, "acknowledge")).status_code == 409


async def test_a_link_that_changed_nothing_serves_again_when_the_incident_waits(
    mailed: Road,
) -> None:
    """Whoever has it already, from elsewhere, and presses: that is no row of the timeline."""
    link = await paged(mailed)
    await mailed.acknowledge(1, "Engineer ana")
    await mailed.pass_time(minutes(1))
    assert (await press(mailed, link, "acknowledge")).status_code == 303
    await mailed.pass_time(minutes(1))
    await mailed.api("POST", "/api/incidents/1/escalate", json={"by": "Engineer ben"})
    await mailed.pass_time(minutes(1))

    assert 'value="acknowledge"' in (await mailed.client.get(link)).text
    assert (await press(mailed, link, "acknowledge")).status_code == 303

    shown = await mailed.show(1)
    assert (shown["state"], shown["acknowledged_by"]) == ("acknowledged", "Engineer ana")


async def test_the_next_step_is_taken_once_by_a_link_until_somebody_had_it(mailed: Road) -> None:
    link = await paged(mailed)
    answers = [await press(mailed, link, "escalate") for _ in range(2)]
    assert [one.status_code for one in answers] == [303, 409]
    await mailed.pass_time(minutes(1))
    await mailed.acknowledge(1, "Engineer ben")
    assert (await press(mailed, link, "escalate")).status_code == 409  # what it did stands

    await mailed.api("POST", "/api/incidents/1/escalate", json={"by": "Engineer ben"})

    assert (await press(mailed, link, "escalate")).status_code == 303


async def test_a_hundred_openings_change_no_row(mailed: Road) -> None:
    """Programs that scan mail open every link, some with HEAD first."""
    link = await paged(mailed)
    before = await rows(mailed)

    answers = [
        *[await mailed.client.get(link) for _ in range(100)],
        *[await mailed.client.head(link) for _ in range(10)],
        *[await mailed.client.get(f"{link}x") for _ in range(10)],
        *[await mailed.client.get(f"{link}?do=resolve") for _ in range(10)],
    ]

    assert {answer.status_code for answer in answers} == {200, 403}
    assert await rows(mailed) == before


async def test_acknowledging_by_a_link_names_whom_it_was_sent_to(mailed: Road) -> None:
    link = await paged(mailed)

    done = await press(mailed, link, "acknowledge")

    assert done.status_code == 303
    shown = await mailed.client.get(done.headers["location"])
    assert "Engineer ana has it since" in shown.text
    assert 'value="acknowledge"' not in shown.text  # it would be refused
    assert 'value="resolve"' in shown.text
    answered = await mailed.show(1)
    assert (answered["state"], answered["acknowledged_by"]) == ("acknowledged", "Engineer ana")
    await mailed.pass_time(minutes(60))
    assert links(mailed, "ben") == []
    assert "Acknowledged by Engineer ana" in mailed.fakes.slack.messages[0].text
    (entry,) = await audited(mailed)
    assert (entry.person, entry.via, entry.action, entry.done) == (
        "ana", "email", "acknowledge", True,
    )  # fmt: skip


@pytest.mark.parametrize(
    ("choice", "state"),
    [("resolve", "resolved"), ("snooze-1h", "acknowledged"), ("escalate", "triggered")],
)
async def test_each_button_does_what_it_says(mailed: Road, choice: str, state: str) -> None:
    link = await paged(mailed)

    assert (await press(mailed, link, choice)).status_code == 303

    answered = await mailed.show(1)
    assert answered["state"] == state
    if choice == "snooze-1h":
        until = mailed.clock.now + timedelta(hours=1)
        assert answered["acknowledged_until"] == until.isoformat()
    assert len(links(mailed, "ben")) == (1 if choice == "escalate" else 0)


@pytest.mark.parametrize(
    ("choice", "told"),
    [
        ("acknowledge", "Engineer ana acknowledged it after it was resolved."),
        ("resolve", "Engineer ana resolved it too; it was over already."),
    ],
)
async def test_who_is_slower_than_the_end_is_told_so_and_kept_as_on_the_page(
    mailed: Road, choice: str, told: str
) -> None:
    link = await paged(mailed)
    await mailed.api("POST", "/api/incidents/1/resolve", json={"by": "Engineer ben"})
    await mailed.pass_time(minutes(1))

    done = await press(mailed, link, choice)

    assert done.status_code == 303
    shown = await mailed.client.get(done.headers["location"])
    assert "recorded" in shown.text
    assert "Resolved by Engineer ben" in shown.text
    after = await mailed.show(1)
    assert (after["state"], after["resolved_by"]) == ("resolved", "Engineer ben")
    assert told in [row["text"] for row in after["timeline"]]
    entry = (await audited(mailed))[-1]
    assert (entry.person, entry.action, entry.done) == ("ana", choice, True)


async def test_who_acknowledges_second_by_a_link_is_told_who_was_first(mailed: Road) -> None:
    link = await paged(mailed)
    await mailed.acknowledge(1, "Engineer ben")
    await mailed.pass_time(minutes(1))
    assert "Acknowledge too" in (await mailed.client.get(link)).text

    done = await press(mailed, link, "acknowledge")

    shown = await mailed.client.get(done.headers["location"])
    assert "Recorded. Engineer ben was first, and has it." in shown.text
    assert 'value="acknowledge"' not in shown.text
    rows = [row["text"] for row in (await mailed.show(1))["timeline"]]
    assert "Engineer ana acknowledged it too; Engineer ben was first." in rows


async def test_behind_a_link_stands_where_to_read_on_and_whom_it_wakes(mailed: Road) -> None:
    alert = firing(service="casos")
    alert["annotations"] |= {
        "runbook_url": "https://wiki.conecta360.example/casos",
        "dashboard_url": "javascript:alert(1)",
    }
    await mailed.receive(alert)
    (link,) = links(mailed)

    shown = (await mailed.client.get(link)).text

    assert 'href="/ops/incidents/1"' in shown
    assert 'href="https://wiki.conecta360.example/casos"' in shown
    assert "javascript:" not in shown
    assert "Firing since" in shown
    assert "Nobody has acknowledged it. Paged at 12:00 UTC: Engineer ana." in shown


async def test_resolving_by_a_link_asks_first(mailed: Road) -> None:
    link = await paged(mailed)

    shown = (await mailed.client.get(link)).text

    asked = re.search(r"<details.*?</details>", shown, re.DOTALL)
    assert asked is not None
    assert "wake nobody for 4 h or longer" in asked[0]
    assert re.findall(r'value="(\w+)"', asked[0]) == ["resolve"]
    assert shown.count('value="resolve"') == 1


async def test_a_link_in_a_digest_acknowledges_all_that_it_tells(mailed: Road) -> None:
    for number in range(STORM_FROM + 3):
        labels = {"service": f"service-{number}"}
        await mailed.receive(firing(**labels), groupLabels=labels)
    for _ in range(2):
        await mailed.pass_time(minutes(1))
    link = links(mailed)[-1]
    shown = await mailed.client.get(link)
    assert "Acknowledge" in shown.text
    assert "Resolve" not in shown.text

    assert (await press(mailed, link, "resolve")).status_code == 404
    assert (await press(mailed, link, "acknowledge")).status_code == 303

    taken = [one["number"] for one in await mailed.incidents() if one["state"] == "acknowledged"]
    assert sorted(taken) == [STORM_FROM + 1, STORM_FROM + 2, STORM_FROM + 3]


async def test_a_link_in_a_digest_of_which_nothing_is_left_answers_for_nothing(
    mailed: Road,
) -> None:
    """Its incidents were given to somebody else, who is to be woken until they answer."""
    for number in range(STORM_FROM + 2):
        labels = {"service": f"service-{number}"}
        await mailed.receive(firing(**labels), groupLabels=labels)
    for _ in range(2):
        await mailed.pass_time(minutes(1))
    link = links(mailed)[-1]
    told = (STORM_FROM + 1, STORM_FROM + 2)
    for number in told:
        given = {"by": "Engineer ana", "person": "ben"}
        await mailed.api("POST", f"/api/incidents/{number}/reassign", json=given)

    shown = await mailed.client.get(link)

    assert shown.status_code == 404
    assert "None of its incidents is left in this page" in shown.text
    assert (await refused(mailed, link)).startswith("404 None of its incidents is left")
    assert {(await mailed.show(number))["state"] for number in told} == {"triggered"}


async def test_only_pages_to_people_carry_a_link(mailed: Road) -> None:
    await mailed.receive(firing(severity="high"))
    (notice,) = mailed.fakes.smtp.mails
    assert "/act/" not in notice.message.as_string()
    assert not [name for name in notice.message if name.lower().startswith("list-unsubscribe")]


@ON_SQLITE
@pytest.mark.parametrize("content", [None, "", "too short"])
async def test_without_a_key_pages_are_sent_without_a_link(
    mailed: Road, content: str | None
) -> None:
    file = mailed.settings.secrets_dir / "link-key"
    file.unlink()
    if content is not None:
        file.write_text(content)

    await mailed.receive(firing())

    (mail,) = [one for one in mailed.fakes.smtp.mails if "ana@example.org" in one.recipients]
    assert "/act/" not in mail.text
    assert (await mailed.client.get(signed())).status_code in (403, 404)


# What is refused: with a sentence, and nothing is changed


async def refused(road: Road, link: str, choice: str = "acknowledge", **headers: str) -> str:
    """Press a button in vain; return the status and the sentence."""
    incidents = await road.incidents()
    response = await press(road, link, choice, **headers)
    assert await road.incidents() == incidents
    sentence = re.search(r'role="alert">([^<]+)<', response.text)
    assert sentence is not None, response.text
    assert [entry.done for entry in await audited(road)][-1:] == [False]
    return f"{response.status_code} {sentence[1]}"


async def test_a_link_works_once_for_each_button(mailed: Road) -> None:
    link = await paged(mailed)
    assert (await press(mailed, link, "escalate")).status_code == 303
    at = mailed.clock.now
    await mailed.pass_time(minutes(5))
    before = (await mailed.show(1))["timeline"]

    told = await refused(mailed, link, "escalate")

    assert told.startswith("409 Engineer ana has done this already, at")
    assert f"{at:%H:%M}" in told
    assert (await mailed.show(1))["timeline"] == before
    again = await press(mailed, link, "escalate")
    assert f'href="{link}"' in again.text  # back to how it stands
    assert (await press(mailed, link, "acknowledge")).status_code == 303


async def test_a_link_ends_after_a_day_and_its_answers_with_the_incident(mailed: Road) -> None:
    link = await paged(mailed)
    mailed.clock.advance(LASTS)
    assert (await refused(mailed, link)).startswith("410 This link ended at")
    assert (await mailed.client.get(link)).status_code == 410

    mailed.clock.advance(-timedelta(hours=1))
    await mailed.receive(resolved())
    for choice in ("escalate", "snooze-1h"):
        assert (await refused(mailed, link, choice)).startswith("410 Incident 1 is over since")
    shown = await mailed.client.get(link)
    assert shown.status_code == 200
    assert "<form" not in shown.text


@pytest.mark.parametrize(
    ("link", "told"),
    [
        (signed(key="g" * 32), "403 This link is not whole, or not of this router"),
        (signed() + "A", "403 This link is not whole"),
        ("/ops/act/x", "403 This link is not whole"),
        (signed("elsewhere/1/1.1/ana"), "403 This is of another installation"),
        (signed(person="left"), "403 You are not in the on-call catalog any more"),
        (signed("test/2/1.1/ana"), "404 There is no such incident any more"),
    ],
)
async def test_a_link_that_is_not_of_here_does_nothing(mailed: Road, link: str, told: str) -> None:
    await paged(mailed)

    assert (await refused(mailed, link)).startswith(told)
    assert (await mailed.client.get(link)).status_code == int(told[:3])


async def test_who_may_only_look_by_now_or_has_left_is_refused(mailed: Road) -> None:
    link = await paged(mailed)
    change_person(mailed, "ana", role=Role.VIEWER)
    assert (await refused(mailed, link)).startswith(
        "403 Your role in the on-call catalog is viewer"
    )

    catalog = mailed.worker.catalog
    people = {name: one for name, one in catalog.roster.people.items() if name != "ana"}
    mailed.worker.catalog = replace(catalog, roster=replace(catalog.roster, people=people))
    assert (await refused(mailed, link)).startswith("403 You are not in the on-call catalog")


@pytest.mark.parametrize("choice", ["", "explode", "reassign", "acknowledge ", "x" * 10_000])
async def test_a_button_that_is_not_on_the_page_does_nothing(mailed: Road, choice: str) -> None:
    link = await paged(mailed)
    assert (await refused(mailed, link, choice)).startswith("404 There is no such incident")


@ON_SQLITE
@pytest.mark.parametrize("site", ["cross-site", "same-site", "nonsense"])
async def test_a_form_on_another_site_does_nothing(mailed: Road, site: str) -> None:
    link = await paged(mailed)
    told = await refused(mailed, link, **{"Sec-Fetch-Site": site})
    assert told.startswith("403 Another site sent this")


@ON_SQLITE
async def test_a_browser_that_tells_only_its_origin_is_judged_by_that(mailed: Road) -> None:
    """As Safari before 16.4."""
    link = await paged(mailed)
    for origin in ("https://elsewhere.example", "null"):
        answer = await mailed.client.post(
            link, data={"do": "acknowledge"}, headers={"Origin": origin}
        )
        assert answer.status_code == 403

    ours = {"Origin": "https://guardia.conecta360.example"}
    answer = await mailed.client.post(link, data={"do": "acknowledge"}, headers=ours)

    assert answer.status_code == 303


@ON_SQLITE
async def test_what_is_no_form_does_nothing(mailed: Road) -> None:
    link = await paged(mailed)
    answers = [
        await mailed.client.post(link, json={"do": "acknowledge"}),
        await mailed.client.post(link, data={"do": "x" * 20_000}),
        await mailed.client.post(link),
    ]
    assert {answer.status_code for answer in answers} <= {400, 404, 413, 415}
    assert (await mailed.show(1))["state"] == "triggered"


@ON_SQLITE
async def test_guessing_links_does_not_fill_the_audit(mailed: Road) -> None:
    await paged(mailed)
    for number in range(2 * MOST_A_MINUTE):
        assert (await press(mailed, f"/ops/act/guess{number}", "acknowledge")).status_code == 403
    assert len(await audited(mailed)) == MOST_A_MINUTE


@ON_SQLITE
async def test_labels_are_text_on_the_page(mailed: Road) -> None:
    link = await paged(mailed, service="<script>alert(1)</script>")
    shown = await mailed.client.get(link)
    assert "<script>alert" not in shown.text
    assert "&lt;script&gt;alert(1)" in shown.text


@ON_SQLITE
async def test_a_store_that_is_away_is_said(mailed: Road, monkeypatch: pytest.MonkeyPatch) -> None:
    link = await paged(mailed)
    monkeypatch.setattr("router.web.actions.WAIT_SECONDS", 0.0)

    answer = await press(mailed, link, "acknowledge")

    assert answer.status_code == 503
    assert "try again, or answer in PagerDuty" in answer.text


# Two people at once


async def test_a_button_and_a_link_at_once_are_both_recorded_and_one_is_first(
    mailed: Road, secrets_dir: Path, clock: HandClock
) -> None:
    (secrets_dir / "slack-signing-secret").write_text("signing-secret")
    change_person(mailed, "ben", slack="U0BEN")
    link = await paged(mailed)
    fingers = Fingers(slack=mailed.fakes.slack, now=clock)
    button = fingers.press(mailed.fakes.slack.messages[0], "Acknowledge", by="U0BEN")
    folder, database = mailed.settings.secrets_dir, mailed.settings.database
    async with open_road(folder, database, mailed.fakes, clock, name="replica-2") as other:
        other.worker.catalog = mailed.worker.catalog
        by_slack, by_link = await asyncio.gather(
            other.client.post("/webhook/slack", content=button.body, headers=dict(button.headers)),
            mailed.client.post(link, data={"do": "acknowledge"}),
        )
    await mailed.worker.turn()

    assert (by_slack.status_code, by_link.status_code) == (200, 303)
    done = [entry for entry in await audited(mailed) if entry.done]
    assert sorted(entry.via for entry in done) == ["email", "slack"]
    shown = await mailed.show(1)
    told = [row["text"] for row in shown["timeline"] if row["kind"] == "acknowledged"]
    assert len(told) == 2
    assert shown["acknowledged_by"] == done[0].actor
    assert told[0].startswith(done[0].actor)
