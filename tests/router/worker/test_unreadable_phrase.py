"""A sentence of a row that cannot be read is told by its English text and stops nobody's page."""

import logging
from typing import Any
from uuid import uuid4

import pytest
from sqlalchemy import update

from router.message.model import MessageKind
from router.store.messages import list_messages
from router.store.tables import events, messages
from router.store.timeline import list_timeline
from tests.router.making import notification_body
from tests.router.road import Road, firing

AT = "2026-11-24T12:00:00+00:00"


@pytest.mark.parametrize(
    "stored",
    [
        [{"template": "at {x}", "with": {"x": {"at": AT, "zone": "America/Nowhere"}}}],
        [{"template": "at {x}", "with": {}}],
        [{"text": "of a later release"}],
        "text",
    ],
)
async def test_an_unreadable_sentence_stops_no_page(road: Road, stored: Any) -> None:
    for name in ("A", "B"):
        alert = firing(alertname=name, service=name)
        await road.post(notification_body(alert, groupKey=name, groupLabels={"alertname": name}))
    await road.worker.decide()
    spoil = update(messages).where(messages.c.incident_number == 1, messages.c.kind == "page")
    await road.store.write(lambda tx: tx.execute(spoil.values(because_phrase=stored)))
    first = update(events).where(events.c.incident_number == 1)
    await road.store.write(lambda tx: tx.execute(first.values(phrase=stored)))

    await road.worker.turn()

    assert road.woken() == ["ana", "ana"]
    (page,) = await road.store.read(lambda tx: list_messages(tx, 1, kinds=[MessageKind.PAGE]))
    assert page.message.because == "Step 1 of policy plataforma names Engineer ana."
    assert all(event.text for event in await road.store.read(lambda tx: list_timeline(tx, 1)))
    assert (await road.acknowledge(1, "Engineer ana")).status_code == 200
    shown = await road.show(1)
    assert shown["state"] == "acknowledged"


async def test_it_is_logged_once_for_each(road: Road, caplog: pytest.LogCaptureFixture) -> None:
    await road.receive(firing())
    text = f"told in English, once: {uuid4()}"
    spoil = update(messages).values(because_phrase="text", because=text)
    await road.store.write(lambda tx: tx.execute(spoil))

    with caplog.at_level(logging.ERROR, "router.store.phrases"):
        for _ in range(3):
            await road.store.read(lambda tx: list_messages(tx, 1, kinds=list(MessageKind)))

    (line,) = caplog.records
    assert line.getMessage().endswith(f"English stands: {text}")
