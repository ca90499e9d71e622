"""However many alerts are open, a list reads and shows a line for each incident."""

import re
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Connection, Engine, event

from router.store.incidents import record_incident
from tests.router.making import NOON, incident, incident_alert, minutes
from tests.router.road import Fakes, HandClock
from tests.router.web.page.visit import Page, Site, open_site

SUMMARY = (
    "casos availability en prod/a: en 1h falló el 12.3% de los eventos; a este ritmo"
    " el presupuesto de errores de 30d se agota en 4h 12m."
)
LISTS = ("/incidents", "/history", "/history?service=casos&state=open")


def _store(tx: Connection, count: int, *, alerts: int) -> None:
    for number in range(count):
        members = [
            incident_alert(
                severity="critical",
                service="casos",
                environment="prod",
                region="a",
                n=f"{number}.{one}",
                summary=SUMMARY,
            )
            for one in range(alerts)
        ]
        new = replace(
            incident(*members),
            number=None,
            key=f"group {number}",
            opened_at=NOON - minutes(number),
        )
        record_incident(tx, None, new)


@pytest.fixture
def asked() -> Iterator[list[str]]:
    """The statements that any database is asked."""
    found: list[str] = []

    def remember(_c: object, _u: object, sql: str, *_: object) -> None:
        found.append(sql)

    event.listen(Engine, "before_cursor_execute", remember)
    yield found
    event.remove(Engine, "before_cursor_execute", remember)


@pytest.mark.parametrize("path", LISTS)
async def test_a_list_reads_no_alerts(site: Site, asked: list[str], path: str) -> None:
    visitor = await site.come("ana")
    await site.road.store.write(lambda tx: _store(tx, 5, alerts=20))
    asked.clear()

    page = Page(await visitor.get(path))

    assert page.text.count("20 alerts") == 5
    assert any("FROM incidents" in sql for sql in asked)
    assert not _of_alerts(asked)


async def test_the_list_of_the_api_reads_no_alerts(site: Site, asked: list[str]) -> None:
    await site.road.store.write(lambda tx: _store(tx, 5, alerts=20))
    asked.clear()

    found: list[dict[str, Any]] = await site.road.incidents()

    assert [(one["alerts_total"], one["alerts_firing"]) for one in found] == [(20, 20)] * 5
    assert {one["title"] for one in found} == {f"{SUMMARY} (and 19 more)"}
    assert not _of_alerts(asked)


async def test_a_hundred_large_incidents_are_less_than_60_kb(site: Site) -> None:
    visitor = await site.come("ana")
    await site.road.store.write(lambda tx: _store(tx, 120, alerts=12))

    answer = await visitor.get("/incidents")

    assert Page(answer).text.count("12 alerts") == 100
    assert len(answer.content) < 60_000


@pytest.mark.parametrize(
    ("language", "said"), [("en", "12 alerts"), ("es", "12 alertas"), ("pt", "12 alertas")]
)
async def test_how_many_alerts_it_has_is_said_where_there_is_more_than_one(
    secrets_dir: Path, fakes: Fakes, clock: HandClock, language: str, said: str
) -> None:
    async with open_site(secrets_dir, fakes, clock, language=language) as site:
        await site.road.store.write(lambda tx: _store(tx, 1, alerts=12))
        await site.raise_alert(service="usuarios")

        visitor = await site.come("ana")
        shown = [Page(await visitor.get(path)).text for path in LISTS[:2]]

    assert [re.findall(r"\d+ aler\w+", text) for text in shown] == [[said], [said]]


async def test_what_is_ours_in_a_title_is_said_in_the_readers_language(
    secrets_dir: Path, fakes: Fakes, clock: HandClock
) -> None:
    async with open_site(secrets_dir, fakes, clock, language="es") as site:
        await site.road.store.write(lambda tx: _store(tx, 1, alerts=3))
        visitor = await site.come("ana")
        for path in ("/incidents", "/history", "/incidents/1"):
            assert f"{SUMMARY} (y 2 más)" in Page(await visitor.get(path)).text


def _of_alerts(asked: list[str]) -> list[str]:
    return [sql for sql in asked if re.search(r"\balerts\b", sql)]
