"""A channel is one file and one registration: this test adds one."""

import subprocess
import sys
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Self

import pytest

from router.address import Address
from router.channels.outcome import FailureReason, Outcome, Sent
from router.channels.rate import Rate
from router.channels.registry import REGISTERED, open_channels, prepare_channels
from router.message.model import MessageContext
from router.message.summary import headline
from router.metrics import ATTEMPT_OUTCOMES
from router.settings import Settings
from router.setup import check_setup
from tests.databases import sqlite_database
from tests.router.making import person, roster
from tests.router.road import Fakes, HandClock, firing, on_call_catalog, open_road


class Noticeboard:
    """All that a new channel has to bring."""

    closes_pages = False
    edits_notices = False
    has_threads = False
    rate = Rate(burst=10, every=timedelta(seconds=1), spared=2)
    settles_within = timedelta()

    def __init__(self) -> None:
        self.pinned: list[tuple[str, str, str]] = []

    @classmethod
    def open(cls, settings: Settings) -> Self:
        return cls()

    def prepare(self) -> None:
        pass

    def secrets(self, address: str) -> tuple[str, ...]:
        return (f"noticeboard-{address}",)

    async def attempt(self, context: MessageContext) -> Outcome:
        message = context.message
        self.pinned.append((message.kind, message.address.address, headline(context)))
        return Sent()


@pytest.fixture
def noticeboard(monkeypatch: pytest.MonkeyPatch) -> Noticeboard:
    opened = Noticeboard()
    monkeypatch.setitem(REGISTERED, "noticeboard", lambda _settings: opened)
    return opened


async def test_a_new_channel_pages_informs_is_counted_and_is_checked_at_start(
    noticeboard: Noticeboard, secrets_dir: Path, fakes: Fakes, clock: HandClock, tmp_path: Path
) -> None:
    hall = Address(channel="noticeboard", address="hall")
    ana = person("ana", addresses=[hall])
    catalog = on_call_catalog()
    first, *others = catalog.routes
    catalog = replace(
        catalog,
        roster=roster(ana, person("ben")),
        routes=(replace(first, channels=(hall,)), *others),
    )

    async with open_road(secrets_dir, sqlite_database(tmp_path), fakes, clock) as road:
        road.worker.catalog = catalog
        row = 'guardia_message_attempts_total{channel="noticeboard",kind="page",outcome="sent"}'
        assert await road.metric(row) == "0.0"

        await road.receive(firing())

        assert sorted(noticeboard.pinned) == [
            ("notice", "hall", "#1 critical: The database is down"),
            ("page", "hall", "#1 critical: The database is down"),
        ]
        assert await road.metric(row) == "1.0"
        assert any("noticeboard-hall" in one for one in check_setup(road.settings, catalog))


def test_every_registered_channel_opens(secrets_dir: Path) -> None:
    from router.settings import read_settings

    settings = read_settings(
        {
            "GUARDIA_WEBHOOK_TOKEN_FILE": "a",
            "GUARDIA_API_TOKEN_FILE": "b",
            "GUARDIA_SECRETS_DIR": str(secrets_dir),
        }
    )
    assert open_channels(settings).keys() == {"pagerduty", "slack", "email", "webhook"}


def test_a_channel_that_cannot_be_prepared_keeps_none_of_the_others_from_it(
    caplog: pytest.LogCaptureFixture,
) -> None:
    prepared: list[str] = []

    class Ready(Noticeboard):
        def prepare(self) -> None:
            prepared.append("ready")

    class Broken(Noticeboard):
        def prepare(self) -> None:
            raise ImportError("a library is missing")

    prepare_channels({"broken": Broken(), "ready": Ready()})

    assert prepared == ["ready"]
    assert "the channel broken is not ready" in caplog.text


PREPARED = """
import sys
from pathlib import Path
from router.channels.registry import open_channels, prepare_channels
from router.settings import read_settings
names = ("WEBHOOK_TOKEN_FILE", "API_TOKEN_FILE", "SECRETS_DIR")
channels = open_channels(read_settings({f"GUARDIA_{name}": "." for name in names}))
libraries = {"pdpyras", "slack_sdk.web.async_client", "aiosmtplib", "httpx"}
assert not libraries & sys.modules.keys(), "the start of the router does not wait for them"
prepare_channels(channels)
assert libraries <= sys.modules.keys(), "nor does the first page"
"""


def test_what_channels_load_late_is_loaded_before_the_first_page() -> None:
    subprocess.run([sys.executable, "-c", PREPARED], check=True, timeout=60)


def test_the_metrics_know_every_outcome_of_an_attempt() -> None:
    assert set(ATTEMPT_OUTCOMES) == {"sent", *FailureReason}
