"""Answers by a button in Slack or a link in a mail, to whole routers: in time, once, and by people.

A program that scans mail opens every link; Slack shows an error to whoever
pressed when three seconds pass without an answer.
"""

import re
from collections.abc import Iterator
from contextlib import contextmanager
from time import monotonic
from typing import Any

import httpx
import pytest
from sqlalchemy import Connection, select, text

from router.store.engine import open_engine, reading
from router.store.tables import metadata
from tests.delivery.router_process import (
    RouterProcess,
    Town,
    copy_catalog,
    critical,
    guardia,
    running,
)
from tests.fakes.serving import PATIENCE_SECONDS
from tests.fakes.slack_buttons import Fingers, Press

SLACK_WAITS_SECONDS = 3  # Slack developer documentation, "Handling user interaction"
OURS = "https://guardia.example.org"
LINK = re.compile(rf"{re.escape(OURS)}(/act/\S+)")
BEFORE_COMMIT = "after router.worker.callbacks:Callbacks.take"
AFTER_COMMIT = "before router.worker.worker:Worker._look_again"


@pytest.fixture
def by_mail(town: Town) -> dict[str, str]:
    """Return the settings of a router that pages by mail alone and takes answers back."""
    (town.folder / "link-key").write_text("k" * 32)
    catalog = town.folder / "catalog"
    people = copy_catalog(catalog)
    people.write_text(re.sub(r" +- pagerduty: .*\n", "", people.read_text()))
    return {"GUARDIA_CATALOG": str(catalog), "GUARDIA_EXTERNAL_URL": OURS}


def mailed_link(town: Town) -> str:
    """Return the path of the link in the page that was mailed."""
    town.smtp.wait_for(lambda fake: any(LINK.search(one.text) for one in fake.mails))
    found = [match for one in town.smtp.mails if (match := LINK.search(one.text))]
    return found[0][1]


def pressed(town: Town, word: str = "Acknowledge") -> Press:
    """Return a press of a button in the notice, once that is there."""
    town.slack.wait_for(lambda fake: fake.messages)
    return Fingers(slack=town.slack).press(town.slack.messages[0], word, by="U001")


def send(
    router: RouterProcess, press: Press, *, seconds: float = PATIENCE_SECONDS
) -> httpx.Response:
    url = f"{router.url}/webhook/slack"
    return httpx.post(url, content=press.body, headers=dict(press.headers), timeout=seconds)


def rows(town: Town) -> dict[str, list[Any]]:
    """Return every row of every table."""
    engine = open_engine(town.database)
    with reading(engine) as connection:
        found = {
            table.name: [tuple(row) for row in connection.execute(select(table))]
            for table in metadata.sorted_tables
        }
    engine.dispose()
    return found


@contextmanager
def holding_the_store(town: Town) -> Iterator[None]:
    """Let nobody write to incidents for as long as the block lasts."""
    engine = open_engine(town.database)
    with engine.connect() as connection:
        _lock(connection)
        yield
        connection.rollback()
    engine.dispose()


def _lock(connection: Connection) -> None:
    if connection.dialect.name == "sqlite":
        connection.exec_driver_sql("UPDATE installation SET checks = checks")
    else:
        connection.execute(text("LOCK TABLE incidents IN EXCLUSIVE MODE"))


def all_is_sent(incident: dict[str, Any]) -> bool:
    return {one["state"] for one in incident["messages"]} == {"sent"}


def test_a_hundred_openings_of_a_mailed_link_leave_every_row_as_it_was(
    town: Town, by_mail: dict[str, str]
) -> None:
    with running(town, **by_mail) as router:
        assert router.post(critical()) == 200
        link = f"{router.url}{mailed_link(town)}"
        router.wait_for("/api/incidents/1", all_is_sent)
        before = rows(town)

        with httpx.Client(timeout=PATIENCE_SECONDS) as scanner:
            statuses = {scanner.get(link).status_code for _ in range(100)}
            statuses |= {scanner.head(link).status_code for _ in range(5)}

        after = rows(town)
        pressed = httpx.post(link, data={"do": "acknowledge"}, timeout=PATIENCE_SECONDS)
        shown = router.ask("/api/incidents/1")
        assert router.stop() == 0

    assert statuses == {200}
    assert after == before
    assert pressed.status_code == 303
    assert shown["acknowledged_by"].startswith("Platform engineer")


def test_slack_has_its_answer_in_time_while_the_store_stands_still(
    town: Town, by_mail: dict[str, str]
) -> None:
    with running(town, **by_mail) as router:
        assert router.post(critical()) == 200
        press = pressed(town)

        with holding_the_store(town):
            began = monotonic()
            answer = send(router, press, seconds=SLACK_WAITS_SECONDS)
            took = monotonic() - began
            held = rows(town)["provider_events"]

        shown = router.wait_for(
            "/api/incidents/1", lambda incident: incident["state"] == "acknowledged"
        )
        assert router.stop() == 0

    assert (answer.status_code, answer.content) == (200, b"")
    assert took < SLACK_WAITS_SECONDS
    assert held == []
    assert shown["acknowledged_by"] == "Platform engineer 1"


@pytest.mark.parametrize("dies", [BEFORE_COMMIT, AFTER_COMMIT])
def test_a_press_that_a_router_dies_of_counts_once_when_it_is_made_again(
    town: Town, by_mail: dict[str, str], dies: str
) -> None:
    with running(town, **by_mail) as router:
        assert router.post(critical()) == 200
        press = pressed(town, "Escalate")
        router.stop()

    with running(town, dies=dies, **by_mail) as router:
        assert send(router, press).status_code == 200  # answered before it is done
        router.wait_for_death()

    with running(town, **by_mail) as router:
        assert send(router, press).status_code == 200
        shown = router.wait_for(
            "/api/incidents/1",
            lambda incident: any(row["kind"] == "escalated" for row in incident["timeline"]),
        )
        assert router.stop() == 0

    assert [row["kind"] for row in shown["timeline"]].count("escalated") == 1
    assert len(rows(town)["provider_events"]) == 1


def test_the_command_says_what_is_acknowledged_and_until_when(
    town: Town, by_mail: dict[str, str]
) -> None:
    town.set_clock(town.now())
    with running(town, **by_mail) as router:
        assert router.post(critical()) == 200
        # Only what somebody was told of is acknowledged: of a mail that is taken, and recorded so.
        shown = router.wait_for("/api/incidents/1", all_is_sent)
        (page,) = [one for one in shown["messages"] if one["person"]]
        environment = town.environment(GUARDIA_URL=router.url)
        person = page["person"]
        begun = guardia("awake", person, "--for", "90m", environment=environment)
        ended = guardia("awake", person, "--end", environment=environment)
        again = guardia("awake", person, "--end", environment=environment)
        refused = guardia("awake", person, "--until", "tomorrow", environment=environment)
        unknown = guardia("awake", "nobody", environment=environment)
        shown = router.ask("/api/incidents/1")
        assert router.stop() == 0

    name = shown["acknowledged_by"]
    assert re.fullmatch(rf"{name} is awake until .{{16}} UTC; acknowledged: #1\n", begun.stdout)
    assert (ended.stdout, again.stdout) == (
        f"{name} is rung again\n",
        f"{name} was not said to be awake\n",
    )
    assert [one.returncode for one in (begun, ended, again, refused, unknown)] == [0, 0, 0, 1, 1]
    assert "such as 08:00" in refused.stdout
    assert "no such person" in unknown.stdout
