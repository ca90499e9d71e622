"""`guardia rejected`: what senders wrote reaches no terminal as it came."""

import json
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from typing import Any

import pytest

from guardia.cli.main import main

STEERING = "\x1b[2J\x07\r\u202eX\x9b1m"
ROW = {
    "number": 7,
    "received_at": "2026-11-24T12:00:00.123456+00:00",
    "reason": f'The status of the notification is "{STEERING}", neither firing nor resolved.',
    "address": "198.51.100.7",
    "user_agent": f"Alertmanager/0.27.0{STEERING}",
    "size_bytes": 40_000_000,
    "kept_bytes": 65_536,
    "incident": 12,
}


class Answering(BaseHTTPRequestHandler):
    """A router that knows two rejected bodies."""

    asked: list[str]

    def do_GET(self) -> None:
        self.asked.append(f"{self.path} {self.headers['Authorization']}")
        answers: dict[str, tuple[int, bytes]] = {
            "/api/rejected?limit=50": (200, _json({"rejected": [ROW]})),
            "/api/rejected?limit=2": (200, _json({"rejected": []})),
            "/api/rejected/7": (200, f"a\tb\r\n{STEERING}\xe9".encode() + b"\xff\x00{"),
        }
        status, body = answers.get(self.path, (404, _json({"detail": f"None.{STEERING}"})))
        self.send_response(status)
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: Any) -> None:
        """Say nothing."""


def _json(value: Any) -> bytes:
    return json.dumps(value).encode()


@pytest.fixture
def asked(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[list[str]]:
    """The requests that the router was sent."""
    Answering.asked = []
    server = ThreadingHTTPServer(("127.0.0.1", 0), Answering)
    thread = Thread(target=server.serve_forever)
    thread.start()
    (tmp_path / "token").write_text("# the new one stands first\nsecret\nold\n")
    monkeypatch.setenv("GUARDIA_URL", f"http://127.0.0.1:{server.server_port}")
    monkeypatch.setenv("GUARDIA_API_TOKEN_FILE", str(tmp_path / "token"))
    yield Answering.asked
    server.shutdown()
    thread.join()
    server.server_close()


def test_the_list_says_who_sent_what_and_why_it_was_refused(
    asked: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["rejected"]) == 0

    (line,) = capsys.readouterr().out.splitlines()
    assert line.isprintable()
    assert line.startswith("7      2026-11-24T12:00:00Z  #12    198.51.100.7 Alertmanager/0.27.0")
    assert "(40000000 bytes, the first 65536 kept): The status of the notification is" in line
    assert asked == ["/api/rejected?limit=50 Bearer secret"]


def test_as_json_it_is_all_there_and_harmless(
    asked: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["rejected", "--format", "json"]) == 0
    text = capsys.readouterr().out
    assert json.loads(text) == {"rejected": [ROW]}
    assert all(char.isprintable() or char == "\n" for char in text)
    assert asked


def test_a_body_is_shown_with_its_lines_and_without_what_steers(
    asked: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["rejected", "7"]) == 0
    assert capsys.readouterr().out == (
        "a\tb\n\\x1b[2J\\x07\\r\\u202eX\\x9b1m\N{LATIN SMALL LETTER E WITH ACUTE}\\xff\\x00{\n"
    )
    assert asked == ["/api/rejected/7 Bearer secret"]


def test_an_unknown_number_is_1_and_nothing_rejected_is_said(
    asked: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["rejected", "8"]) == 1
    assert capsys.readouterr().out.rstrip("\n").isprintable()
    assert main(["rejected", "--limit", "2"]) == 0
    assert capsys.readouterr().out == "nothing was rejected\n"
    assert len(asked) == 2


@pytest.mark.parametrize("limit", ["0", "501", "-1", "x", "\N{SUPERSCRIPT TWO}", "9" * 5000])
def test_a_limit_is_a_number_from_1_to_500(limit: str) -> None:
    with pytest.raises(SystemExit) as refused:
        main(["rejected", "--limit", limit])
    assert refused.value.code == 2
