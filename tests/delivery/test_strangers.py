"""Strangers who open connections and say nothing stop neither pages nor notifications (G12)."""

import resource
import socket
import sqlite3
from collections.abc import Iterator
from contextlib import ExitStack, suppress
from pathlib import Path

import pytest

from tests.delivery.router_process import Town, critical, open_town, over, running
from tests.fakes.serving import PATIENCE_SECONDS


@pytest.fixture
def town(tmp_path: Path) -> Iterator[Town]:
    with open_town(tmp_path) as opened:
        yield opened


def test_idle_connections_keep_nobody_out_and_end(town: Town) -> None:
    with running(town) as router, ExitStack() as strangers:
        # As where the system allows no more.
        resource.prlimit(router.process.pid, resource.RLIMIT_NOFILE, (1024, 1024))
        address = ("127.0.0.1", router.port)
        for _ in range(700):
            strangers.enter_context(socket.create_connection(address, timeout=PATIENCE_SECONDS))
        last = strangers.enter_context(socket.create_connection(address, timeout=PATIENCE_SECONDS))

        assert router.post(critical()) == 200
        town.pagerduty.wait_for(lambda fake: fake.pages)

        with suppress(ConnectionResetError):  # closed as well
            assert last.recv(1) == b""


def test_a_future_left_by_a_wrong_clock_is_not_believed(town: Town) -> None:
    with running(town) as router:
        assert router.post(over()) == 200
        router.stop()
    week = 7 * 86_400 * 1_000_000
    database = sqlite3.connect(town.folder / "guardia.db")
    with database:
        database.execute("UPDATE notifications SET received_at = received_at + ?", (week,))
    database.close()

    with running(town) as router:
        line = router.wait_for_log(
            "the wall clock is far behind the last instant known, and is followed"
        )
        assert line["level"] == "ERROR"
        router.stop()


def test_what_is_missing_is_said_at_the_start(town: Town) -> None:
    (town.folder / "webhook-token").unlink()
    (town.folder / "pagerduty-platform-1").unlink()
    with running(town, GUARDIA_SMTP_HOST="") as router:
        warnings = [line["message"] for line in router.lines if line["level"] == "WARNING"]
    for part in ("webhook-token", "pagerduty-platform-1", "GUARDIA_SMTP_HOST is not set"):
        assert any(part in warning for warning in warnings), part
