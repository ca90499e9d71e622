"""The address of the router's own heartbeat: a setting or a secret, read at each call."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from router.channels.monitor import Beat, Monitor
from router.settings import read_settings
from tests.fakes.monitor import MonitorFake


@pytest.fixture
def outside() -> Iterator[MonitorFake]:
    with MonitorFake().serving() as fake:
        yield fake


def opened(folder: Path, **environment: str) -> Monitor | None:
    return Monitor.open(
        read_settings(
            {
                "GUARDIA_WEBHOOK_TOKEN_FILE": "/run/secrets/webhook",
                "GUARDIA_API_TOKEN_FILE": "/run/secrets/api",
                "GUARDIA_SECRETS_DIR": str(folder),
                **environment,
            }
        )
    )


def test_without_an_address_there_is_none(tmp_path: Path) -> None:
    assert opened(tmp_path) is None


async def test_the_setting_is_called(tmp_path: Path, outside: MonitorFake) -> None:
    monitor = opened(tmp_path, GUARDIA_HEARTBEAT_URL=outside.ping_url)
    assert monitor is not None
    assert await monitor.beat() == (Beat.SENT, "the answer was 200")
    assert outside.beats == 1


async def test_the_file_is_read_at_each_call(tmp_path: Path, outside: MonitorFake) -> None:
    file = tmp_path / "heartbeat.url"
    file.write_text("https://[broken/secret-path")
    monitor = opened(tmp_path)
    assert monitor is not None
    outcome, detail = await monitor.beat()
    assert outcome is Beat.ADDRESS
    assert "secret-path" not in detail

    file.write_text(f"{outside.ping_url}\n")
    assert (await monitor.beat())[0] is Beat.SENT
    file.unlink()
    assert (await monitor.beat())[0] is Beat.ADDRESS


async def test_nobody_there_is_unreachable_and_the_url_is_not_told(
    tmp_path: Path, outside: MonitorFake
) -> None:
    monitor = opened(tmp_path, GUARDIA_HEARTBEAT_URL=outside.ping_url)
    assert monitor is not None
    with outside.refusing_connections():
        outcome, detail = await monitor.beat()
    assert outcome is Beat.UNREACHABLE
    assert "ping" not in detail
