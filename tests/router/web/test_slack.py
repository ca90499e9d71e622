"""POST /webhook/slack: a button pressed there is an answer here; who may, how often (G12)."""

import asyncio
import json
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlencode

import httpx
import pytest

from router.address import Address
from router.channels.slack_reply import reply_in_slack
from router.escalation.storm import STORM_FROM
from router.oncall.model import PersonId, Role
from router.settings import DEFAULTS
from router.store.audit import Entry, list_audit
from router.worker.refusals import MOST_A_MINUTE
from tests.fakes.slack_buttons import Fingers, Press, find_element, words
from tests.fakes.slack_records import Message
from tests.router.making import minutes, person
from tests.router.road import HandClock, Road, firing, open_road, resolved

ON_SQLITE = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
SECRET = "slack-signing-secret"
ANA, BEN, VERA = "U0ANA", "U0BEN", "U0VERA"


@pytest.fixture
def fingers(secrets_dir: Path, road: Road, clock: HandClock) -> Fingers:
    """Let Ana and Ben answer in Slack, and Vera look."""
    (secrets_dir / SECRET).write_text("signing-secret\n")
    catalog = road.worker.catalog
    people = {
        **{
            PersonId(name): replace(catalog.roster.people[PersonId(name)], slack=member)
            for name, member in (("ana", ANA), ("ben", BEN))
        },
        PersonId("vera"): replace(person("vera", addresses=[]), slack=VERA, role=Role.VIEWER),
    }
    road.worker.catalog = replace(catalog, roster=replace(catalog.roster, people=people))
    return Fingers(slack=road.fakes.slack, now=clock)


async def send(road: Road, press: Press, **headers: str) -> httpx.Response:
    """Deliver what was pressed, and do what is due."""
    response = await road.client.post(
        "/webhook/slack", content=press.body, headers=dict(press.headers) | headers
    )
    await road.worker.turn()
    return response


async def press(road: Road, fingers: Fingers, word: str, *, by: str = ANA, at: int = 0) -> None:
    """Press a button of the message as it is now; Slack gets its empty 200."""
    response = await send(road, fingers.press(shown(road, at), word, by=by))
    assert (response.status_code, response.content) == (200, b"")


def shown(road: Road, at: int = 0) -> Message:
    return road.fakes.slack.messages[at]


def told(road: Road) -> list[str]:
    """Return what people were told that nobody else sees."""
    return [reply.text for reply in road.fakes.slack.replies]


async def rows(road: Road, kind: str, number: int = 1) -> list[str]:
    timeline = (await road.show(number))["timeline"]
    return [row["text"] for row in timeline if row["kind"] == kind]


async def audited(road: Road) -> list[Entry]:
    """Return the audit, oldest first."""
    found = await road.store.read(lambda tx: list_audit(tx, limit=1000))
    return [one.entry for one in reversed(found)]


async def counted(road: Road, outcome: str) -> str:
    labels = f'outcome="{outcome}",provider="slack"'
    return await road.metric(f"guardia_provider_events_total{{{labels}}}")


# What people press


async def test_acknowledge_in_slack_stops_paging_and_the_message_says_who_and_when(
    road: Road, fingers: Fingers
) -> None:
    await road.receive(firing())
    assert words(shown(road)) == [
        "Acknowledge", "Resolve", "Escalate", "30 min", "1 h", "4 h", "Open",
    ]  # fmt: skip

    await press(road, fingers, "Acknowledge")

    answered = await road.show(1)
    assert (answered["state"], answered["acknowledged_by"]) == ("acknowledged", "Engineer ana")
    assert shown(road).edits == 1
    assert "Acknowledged by Engineer ana at" in shown(road).text
    (alert,) = road.fakes.pagerduty.alerts
    assert alert.state == "acknowledged"
    await road.pass_time(minutes(60))
    assert road.woken() == ["ana"]
    assert told(road) == []
    (entry,) = await audited(road)
    assert (entry.actor, entry.via, entry.action) == ("Engineer ana", "slack", "acknowledge")
    assert (entry.person, entry.incident_number, entry.done) == ("ana", 1, True)


async def test_every_other_button_does_what_it_says(road: Road, fingers: Fingers) -> None:
    await road.receive(firing())

    await press(road, fingers, "1 h")
    until = (await road.show(1))["acknowledged_until"]
    assert until == (road.clock.now + timedelta(hours=1)).isoformat()

    await press(road, fingers, "Escalate")
    assert road.woken() == ["ana", "ben"]

    await press(road, fingers, "Resolve")
    assert (await road.show(1))["state"] == "resolved"
    await road.pass_time(timedelta(seconds=5))  # Slack takes only so many edits at once
    assert words(shown(road)) == []


async def test_buttons_go_when_the_incident_ends_by_itself(road: Road, fingers: Fingers) -> None:
    await road.receive(firing())
    assert "Acknowledge" in words(shown(road))

    await road.receive(resolved())

    assert words(shown(road)) == []


@ON_SQLITE
async def test_without_the_secret_there_are_no_buttons(road: Road, fingers: Fingers) -> None:
    """A button that does nothing would cost the minutes in which somebody believes in it."""
    (road.settings.secrets_dir / SECRET).unlink()

    await road.receive(firing())

    assert words(shown(road)) == []


async def test_a_page_as_a_direct_message_is_answered_there(road: Road, fingers: Fingers) -> None:
    people = road.worker.catalog.roster.people
    people[PersonId("ana")] = replace(
        people[PersonId("ana")], addresses=(Address(channel="slack", address=ANA),)
    )
    await road.receive(firing())
    direct = [one.channel.id for one in road.fakes.slack.messages].index("D0ANA")

    await press(road, fingers, "Acknowledge", at=direct)

    assert (await road.show(1))["acknowledged_by"] == "Engineer ana"
    assert "Acknowledged by Engineer ana at" in shown(road, direct).text


async def test_a_digest_is_acknowledged_with_each_incident_that_it_tells(
    road: Road, fingers: Fingers
) -> None:
    people = road.worker.catalog.roster.people
    people[PersonId("ana")] = replace(
        people[PersonId("ana")], addresses=(Address(channel="slack", address=ANA),)
    )
    for number in range(STORM_FROM + 3):
        labels = {"service": f"service-{number}"}
        await road.receive(firing(**labels), groupLabels=labels)
    for _ in range(3):
        await road.pass_time(minutes(1))
    digest = next(
        at
        for at, one in enumerate(road.fakes.slack.messages)
        if one.channel.id == "D0ANA" and "incidents in one page" in one.text
    )
    assert words(shown(road, digest)) == ["Acknowledge"]

    await press(road, fingers, "Acknowledge", at=digest)

    states = {one["number"]: one["state"] for one in await road.incidents()}
    told_by_it = range(STORM_FROM + 1, STORM_FROM + 4)
    assert sorted(n for n, state in states.items() if state == "acknowledged") == [*told_by_it]


async def test_who_comes_second_is_recorded_and_told_who_was_first(
    road: Road, fingers: Fingers
) -> None:
    await road.receive(firing())
    old = shown(road)
    await press(road, fingers, "Acknowledge")

    await send(road, fingers.press(old, "Acknowledge", by=BEN))

    assert (await road.show(1))["acknowledged_by"] == "Engineer ana"
    assert len(await rows(road, "acknowledged")) == 2
    assert [entry.actor for entry in await audited(road)] == ["Engineer ana", "Engineer ben"]
    (sentence,) = told(road)
    assert sentence.startswith("Engineer ana has had incident 1 since")


async def test_a_double_tap_on_escalate_takes_one_step_and_says_so(
    road: Road, fingers: Fingers
) -> None:
    await road.receive(firing())
    taps = [fingers.press(shown(road), "Escalate", by=ANA) for _ in range(2)]

    await send(road, taps[0])
    road.clock.advance(timedelta(milliseconds=400))
    await send(road, taps[1])

    assert road.woken() == ["ana", "ben"]
    assert (await rows(road, "commented")) == [
        "Engineer ana wants the next step again within seconds: that counts once."
    ]
    assert told(road) == ["The next step for incident 1 was taken a moment ago: that counts once."]
    await road.pass_time(timedelta(seconds=30))
    await press(road, fingers, "Escalate")
    assert sorted(road.woken()[2:]) == ["ana", "ben"]  # who wants more gets it: the last resort


async def test_a_snooze_of_what_somebody_else_has_says_that_it_changes_nothing(
    road: Road, fingers: Fingers
) -> None:
    await road.receive(firing())
    await press(road, fingers, "Acknowledge")

    await press(road, fingers, "30 min", by=BEN)

    (sentence,) = told(road)
    assert sentence.startswith("Engineer ana has had incident 1 since")
    assert sentence.endswith("your snooze is recorded, and changes nothing.")
    await road.pass_time(minutes(31))
    assert road.woken() == ["ana"]


async def test_a_test_page_offers_no_next_step(road: Road, fingers: Fingers) -> None:
    people = road.worker.catalog.roster.people
    people[PersonId("ana")] = replace(
        people[PersonId("ana")], addresses=(Address(channel="slack", address=ANA),)
    )

    await road.api("POST", "/api/people/ana/test-page", json={"by": "Engineer ben"})
    await road.worker.turn()

    assert words(shown(road)) == ["Acknowledge", "Resolve", "30 min", "1 h", "4 h", "Open"]


async def test_a_link_and_other_interactions_are_taken_and_do_nothing(
    road: Road, fingers: Fingers
) -> None:
    await road.receive(firing())
    before = await road.show(1)

    await press(road, fingers, "Open")
    deep = b"payload=" + b"[" * 9000 + b"]" * 9000
    several = b"&".join([b"a=1"] * 50)
    for body in (b"", b"payload=", b"payload=7", b"ssl_check=1", b"\xff", several, deep):
        assert (await send(road, fingers.sign(body))).status_code == 200

    assert await road.show(1) == before
    assert await counted(road, "ignored") == "8.0"


# What is refused


async def test_who_is_not_in_the_catalog_is_told_what_to_ask_for(
    road: Road, fingers: Fingers
) -> None:
    await road.receive(firing())
    before = await road.show(1)

    await press(road, fingers, "Acknowledge", by="U0EVE")

    assert await road.show(1) == before
    assert [sentence for sentence in told(road) if "`slack: U0EVE`" in sentence] == told(road) != []
    (entry,) = await audited(road)
    assert (entry.actor, entry.person, entry.done) == ("u0eve (U0EVE)", None, False)
    assert await counted(road, "refused") == "1.0"


async def test_who_may_only_look_changes_nothing(road: Road, fingers: Fingers) -> None:
    await road.receive(firing())
    before = await road.show(1)

    await press(road, fingers, "Resolve", by=VERA)

    assert await road.show(1) == before
    assert [sentence for sentence in told(road) if "viewer" in sentence] == told(road) != []
    (entry,) = await audited(road)
    assert (entry.person, entry.action, entry.done) == ("vera", "resolve", False)


async def test_the_same_press_again_counts_once(road: Road, fingers: Fingers) -> None:
    await road.receive(firing())
    again = fingers.press(shown(road), "Escalate", by=ANA)
    await send(road, again)
    assert road.woken() == ["ana", "ben"]
    before = await road.show(1)

    await road.pass_time(minutes(1))
    assert (await send(road, again)).status_code == 200

    assert road.woken() == ["ana", "ben"]
    assert (await road.show(1))["timeline"] == before["timeline"]
    assert await counted(road, "repeated") == "1.0"
    assert [entry.done for entry in await audited(road)] == [True, False]


@pytest.mark.parametrize(
    ("value", "outcome", "words_of_it"),
    [
        ("acknowledge elsewhere/1", "unknown", "another installation"),
        ("acknowledge test/2", "unknown", "no such incident"),
        ("acknowledge test", "unknown", "no such incident"),
        ("acknowledge test//", "unknown", "no such incident"),
        ("acknowledge test/" + "9" * 30, "unknown", "no such incident"),
        ("acknowledge test/-1", "unknown", "no such incident"),
        ("acknowledge test/1/1.1/ana", "unknown", "no such incident"),
        ("explode test/1", "unknown", "no such choice"),
        ("acknowledge", "ignored", None),
        ("", "ignored", None),
        ("acknowledge test/1\n", "ignored", None),
    ],
)
async def test_what_no_message_of_this_installation_holds_changes_nothing(
    road: Road, fingers: Fingers, value: str, outcome: str, words_of_it: str | None
) -> None:
    await road.receive(firing())
    before = await road.show(1)
    action = {**find_element(shown(road), "Acknowledge"), "value": value}

    response = await send(road, fingers.send(shown(road), action, by=ANA))

    assert response.status_code == 200
    assert await road.show(1) == before
    assert await counted(road, outcome) == "1.0"
    assert [words_of_it in sentence for sentence in told(road) if words_of_it] == (
        [True] if words_of_it else []
    )


async def test_a_press_after_the_end_says_that_it_is_over(road: Road, fingers: Fingers) -> None:
    await road.receive(firing())
    old = shown(road)
    await road.receive(resolved())
    before = await road.show(1)

    await send(road, fingers.press(old, "Escalate", by=ANA))
    assert await road.show(1) == before
    await send(road, fingers.press(old, "Acknowledge", by=ANA))

    refused, late = told(road)
    assert refused.startswith("Incident 1 is over since")
    assert late.startswith("Incident 1 was over already, since")
    after = await road.show(1)
    assert (after["state"], after["acknowledged_by"]) == ("resolved", None)
    assert "acknowledged it after it was resolved" in after["timeline"][-1]["text"]


async def test_what_makes_no_sense_now_is_said(road: Road, fingers: Fingers) -> None:
    await road.receive(firing(severity="high"))
    assert "Escalate" not in words(shown(road))  # no policy escalates it

    old = {**find_element(shown(road), "Acknowledge"), "value": "escalate test/1"}
    await send(road, fingers.send(shown(road), old, by=ANA))

    (sentence,) = told(road)
    assert "give it to a person" in sentence
    assert [entry.done for entry in await audited(road)] == [False]


# Who may


@ON_SQLITE
async def test_what_slack_did_not_sign_or_long_ago_changes_nothing_and_is_recorded(
    road: Road, fingers: Fingers
) -> None:
    await road.receive(firing())
    before = await road.show(1)
    good = fingers.press(shown(road), "Acknowledge", by=ANA)
    at = int(good.headers["X-Slack-Request-Timestamp"])
    forged = replace(fingers, secret="guessed").press(shown(road), "Acknowledge", by=ANA)
    old = fingers.sign(good.body, at=road.clock.now - timedelta(minutes=5, seconds=1))
    early = fingers.sign(good.body, at=road.clock.now + timedelta(minutes=5, seconds=2))

    for answer in (
        await send(road, replace(good, body=good.body.replace(ANA.encode(), BEN.encode()))),
        await send(road, forged),
        await send(road, old),
        await send(road, early),
        await send(road, good, **{"X-Slack-Request-Timestamp": str(at + 1)}),
        await send(road, good, **{"X-Slack-Request-Timestamp": ""}),
        await send(road, good, **{"X-Slack-Request-Timestamp": "1e9"}),
        await send(road, good, **{"X-Slack-Request-Timestamp": "9" * 400}),
        await send(road, good, **{"X-Slack-Signature": ""}),
        await send(road, good, **{"X-Slack-Signature": "v0="}),
        await road.client.post("/webhook/slack", content=good.body),
    ):
        assert answer.status_code == 403
        assert answer.headers["content-type"] == "application/problem+json"

    assert await road.show(1) == before
    assert [entry.done for entry in await audited(road)] == [False] * 11
    assert await counted(road, "unauthorized") == "11.0"
    await send(road, good)
    assert (await road.show(1))["state"] == "acknowledged"


@ON_SQLITE
async def test_a_press_of_nearly_five_minutes_ago_counts(road: Road, fingers: Fingers) -> None:
    await road.receive(firing())
    pressed = fingers.press(shown(road), "Acknowledge", by=ANA)
    road.clock.advance(timedelta(minutes=5))

    await send(road, pressed)

    assert (await road.show(1))["state"] == "acknowledged"


@ON_SQLITE
async def test_forgeries_by_the_hundred_do_not_fill_the_audit(road: Road, fingers: Fingers) -> None:
    forged = replace(fingers, secret="guessed").sign(b"payload=")
    for _ in range(3 * MOST_A_MINUTE):
        assert (await send(road, forged)).status_code == 403
    assert len(await audited(road)) == MOST_A_MINUTE

    await road.pass_time(minutes(1))
    await send(road, forged)

    # One row counts those that were not kept by themselves.
    assert len(await audited(road)) == MOST_A_MINUTE + 2
    assert await counted(road, "unauthorized") == f"{3 * MOST_A_MINUTE + 1}.0"


@ON_SQLITE
async def test_a_secret_is_replaced_without_a_gap(road: Road, fingers: Fingers) -> None:
    file = road.settings.secrets_dir / SECRET
    after = replace(fingers, secret="next")
    file.write_text("# until Monday\nsigning-secret\n\nnext\n")
    for sender in (fingers, after):
        assert (await send(road, sender.sign(b"payload="))).status_code == 200
    file.write_text("next\n")
    assert (await send(road, after.sign(b"payload="))).status_code == 200
    assert (await send(road, fingers.sign(b"payload="))).status_code == 403


@ON_SQLITE
@pytest.mark.parametrize("content", [None, "", "# nothing yet\n"])
async def test_without_a_secret_nobody_is_believed(
    road: Road, fingers: Fingers, content: str | None
) -> None:
    file = road.settings.secrets_dir / SECRET
    file.unlink()
    if content is not None:
        file.write_text(content)

    assert (await send(road, fingers.sign(b"payload="))).status_code == 503
    assert await counted(road, "unavailable") == "1.0"


@ON_SQLITE
@pytest.mark.parametrize("content", [None, "", "# nothing yet\n"])
async def test_without_a_secret_there_is_no_button_that_nobody_could_answer(
    road: Road, fingers: Fingers, content: str | None
) -> None:
    file = road.settings.secrets_dir / SECRET
    file.unlink()
    if content is not None:
        file.write_text(content)

    await road.receive(firing())
    assert words(shown(road)) == []

    file.write_text("signing-secret\n")
    await road.acknowledge(1, by="ana")
    await road.pass_time(timedelta(seconds=5))  # Slack takes only so many edits at once
    assert "Resolve" in words(shown(road))


@ON_SQLITE
async def test_a_body_larger_than_slack_sends_is_not_read_to_its_end(
    road: Road, fingers: Fingers
) -> None:
    answer = await send(road, fingers.sign(b" " * (256 * 1024 + 1)))

    assert answer.status_code == 413
    assert await counted(road, "too_large") == "1.0"


# When something is out of order


@ON_SQLITE
async def test_when_the_store_does_not_answer_whoever_pressed_is_told(
    road: Road, fingers: Fingers, monkeypatch: pytest.MonkeyPatch
) -> None:
    await road.receive(firing())
    monkeypatch.setattr("router.web.actions.WAIT_SECONDS", 0.0)

    await press(road, fingers, "Acknowledge")

    (sentence,) = told(road)
    assert sentence.startswith("The router cannot do this now.")
    assert await counted(road, "unavailable") == "1.0"


@pytest.mark.parametrize(
    "url",
    [
        "https://hooks.slack.com/actions/T0/1/x",
        "http://hooks.slack.com/actions/T0/1/x",
        "http://169.254.169.254/latest/meta-data",
        "https://hooks.slack.com.example/x",
        "https://hooks.slack.com@198.51.100.7/x",
        "file:///etc/passwd",
        "not an address",
    ],
)
async def test_only_slacks_own_address_is_ever_called_back(
    url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whoever has the signing secret still cannot make the router call others (SSRF)."""
    called: list[str] = []

    async def post(self: httpx.AsyncClient, url: str, **_: Any) -> httpx.Response:
        called.append(url)
        return httpx.Response(200)

    monkeypatch.setattr(httpx.AsyncClient, "post", post)

    await reply_in_slack(url, "A sentence.", base=DEFAULTS["GUARDIA_SLACK_HOOKS_URL"])

    assert called == ([url] if url.startswith("https://hooks.slack.com/") else [])


@ON_SQLITE
async def test_a_defect_of_ours_is_told_to_whoever_pressed(
    road: Road, fingers: Fingers, monkeypatch: pytest.MonkeyPatch
) -> None:
    await road.receive(firing())

    def fail(*_: Any, **__: Any) -> None:
        raise ZeroDivisionError

    monkeypatch.setattr("router.worker.callbacks.Callbacks.take", fail)
    await press(road, fingers, "Acknowledge")

    (sentence,) = told(road)
    assert sentence.startswith("The router cannot do this now.")
    assert (await road.show(1))["state"] == "triggered"


@ON_SQLITE
async def test_that_the_reply_fails_changes_nothing_else(road: Road, fingers: Fingers) -> None:
    await road.receive(firing())
    stranger = fingers.press(
        shown(road), "Acknowledge", by="U0EVE", response_url=f"{road.fakes.slack.hooks_url}gone"
    )

    assert (await send(road, stranger)).status_code == 200
    assert await counted(road, "refused") == "1.0"


@pytest.mark.parametrize("database_url", ["postgresql"], indirect=True)
async def test_two_replicas_that_are_told_of_one_press_do_it_once(
    road: Road, fingers: Fingers
) -> None:
    await road.receive(firing())
    presses = [fingers.press(shown(road), "Acknowledge", by=ANA) for _ in range(10)]
    folder, database = road.settings.secrets_dir, road.settings.database
    async with open_road(folder, database, road.fakes, road.clock, name="replica-2") as other:
        other.worker.catalog = road.worker.catalog
        posts = [
            one.client.post("/webhook/slack", content=each.body, headers=dict(each.headers))
            for each in presses
            for one in (road, other)
        ]
        answers = await asyncio.gather(*posts)

    assert {answer.status_code for answer in answers} == {200}
    done = [entry for entry in await audited(road) if entry.done]
    assert len(done) == len(presses)


def test_the_fake_signs_a_form_with_one_payload() -> None:
    """Its body is what the documentation shows, so that the parser is not tested by itself."""
    body = urlencode({"payload": json.dumps({"type": "block_actions"})}).encode()
    assert parse_qs(body.decode()) == {"payload": ['{"type": "block_actions"}']}
