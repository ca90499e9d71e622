"""Each person is told in their language, and a channel in the organisation's."""

import json
from dataclasses import replace
from zoneinfo import ZoneInfo

import pytest

from router.incident.model import EventKind
from router.message.model import MessageKind
from router.oncall.model import PersonId
from router.phrase import Phrase
from router.store.messages import list_messages
from router.store.timeline import list_timeline
from tests.router.making import minutes
from tests.router.road import Road, firing

ANA, BEN = PersonId("ana"), PersonId("ben")


@pytest.fixture
def mixed(road: Road) -> Road:
    """Ana reads Spanish in Madrid, Ben what the organisation does: Portuguese."""
    catalog = road.worker.catalog
    ana = replace(catalog.roster.people[ANA], language="es", zone=ZoneInfo("Europe/Madrid"))
    people = {**catalog.roster.people, ANA: ana}
    road.worker.catalog = replace(
        catalog, language="pt", roster=replace(catalog.roster, people=people)
    )
    return road


async def test_a_page_is_in_the_language_of_whom_it_wakes(mixed: Road) -> None:
    await mixed.receive(firing())
    await mixed.pass_time(minutes(15))

    events = [json.loads(call.body) for call in mixed.fakes.pagerduty.calls]
    told = {
        event["payload"]["custom_details"]["why you"]
        for event in events
        if event["event_action"] == "trigger"
    }
    assert told == {
        "El paso 1 de la política plataforma nombra a Engineer ana.",
        "O passo 2 da política plataforma indica Engineer ben.",
    }


async def test_a_channel_is_told_in_the_organisations_language(mixed: Road) -> None:
    await mixed.receive(firing())
    await mixed.pass_time(minutes(15))

    notice, reply = mixed.fakes.slack.messages
    assert "Aviso enviado a Engineer ana, Engineer ben. A seguir:" in str(notice.blocks)
    assert "O passo 2 da política plataforma indica Engineer ben." in reply.text


async def test_every_row_of_the_timeline_can_be_told_in_any_language(mixed: Road) -> None:
    mixed.fakes.pagerduty.fail_next(1, status=503)
    await mixed.receive(firing())
    await mixed.pass_time(minutes(15))

    events = await mixed.store.read(lambda tx: list_timeline(tx, 1))
    kinds = {event.kind for event in events}
    assert {EventKind.MESSAGE_FAILED, EventKind.MESSAGE_SENT, EventKind.PAGED} <= kinds
    assert [event.text for event in events if not isinstance(event.text, Phrase)] == []


async def test_why_somebody_is_paged_stays_a_sentence_that_can_be_told(mixed: Road) -> None:
    await mixed.receive(firing())

    (page,) = await mixed.store.read(lambda tx: list_messages(tx, 1, kinds=[MessageKind.PAGE]))

    assert isinstance(page.message.because, Phrase)
    assert page.message.because == "Step 1 of policy plataforma names Engineer ana."
