"""`guardia test-page PERSON`: what came of each address, in words and as an exit code."""

import json
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from typing import Any

import pytest

from guardia.cli.main import main
from guardia.cli.test_page import WAIT_SECONDS, wait_for_outcomes

STEERING = "\x1b[2J\x07\r\u202eX"


def page(state: str, **fields: Any) -> dict[str, Any]:
    return {
        "kind": "page",
        "channel": "pagerduty",
        "address": "ana",
        "state": state,
        "reason": None,
        "detail": None,
    } | fields


class Answering(BaseHTTPRequestHandler):
    """A router that pages one person."""

    asked: list[Any]
    pages: list[dict[str, Any]]

    def do_POST(self) -> None:
        body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        self.asked.append((self.path, body))
        if self.path == "/api/people/ana/test-page":
            self._answer(201, {"incident": 7, "person": "ana", "name": f"Engineer ana{STEERING}"})
        else:
            self._answer(404, {"detail": f"The catalog has no such person.{STEERING}"})

    def do_GET(self) -> None:
        notice = page("pending") | {"kind": "notice"}
        self._answer(200, {"messages": [*self.pages, notice]})

    def _answer(self, status: int, body: dict[str, Any]) -> None:
        self.send_response(status)
        self.end_headers()
        self.wfile.write(json.dumps(body).encode())

    def log_message(self, *_: Any) -> None:
        """Say nothing."""


@pytest.fixture
def router(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[type[Answering]]:
    Answering.asked, Answering.pages = [], []
    server = ThreadingHTTPServer(("127.0.0.1", 0), Answering)
    thread = Thread(target=server.serve_forever, args=(0.01,))
    thread.start()
    (tmp_path / "token").write_text("secret\n")
    monkeypatch.setenv("GUARDIA_URL", f"http://127.0.0.1:{server.server_port}")
    monkeypatch.setenv("GUARDIA_API_TOKEN_FILE", str(tmp_path / "token"))
    yield Answering
    server.shutdown()
    thread.join()
    server.server_close()


def test_each_address_is_told_and_all_accepted_is_0(
    router: type[Answering], capsys: pytest.CaptureFixture[str]
) -> None:
    router.pages = [page("sent"), page("sent", channel="email", address="ana@x.example")]

    assert main(["test-page", "ana", "--by", "Engineer ben"]) == 0

    assert capsys.readouterr().out == (
        "#7: test page for Engineer ana\N{REPLACEMENT CHARACTER}[2J"
        "\N{REPLACEMENT CHARACTER} \N{REPLACEMENT CHARACTER}X, it ends by itself in 10 minutes\n"
        "  pagerduty ana: accepted\n"
        "  email ana@x.example: accepted\n"
    )
    assert router.asked == [("/api/people/ana/test-page", {"by": "Engineer ben"})]


@pytest.mark.parametrize(
    ("failed", "told"),
    [
        (
            page("pending", reason="credentials", detail=f"no file pagerduty-ana{STEERING}"),
            "not accepted (credentials): no file pagerduty-ana",
        ),
        (page("failed", reason="address", detail="no such mailbox"), "not sent: no such mailbox"),
        (page("dropped", detail="acknowledged first"), "not sent: acknowledged first"),
    ],
)
def test_an_address_that_has_to_be_mended_is_said_at_once_and_is_1(
    failed: dict[str, Any],
    told: str,
    router: type[Answering],
    capsys: pytest.CaptureFixture[str],
) -> None:
    router.pages = [page("sent", channel="email"), failed]

    assert main(["test-page", "ana", "--by", "x"]) == 1

    out = capsys.readouterr().out
    assert f"  pagerduty ana: {told}" in out
    assert all(char.isprintable() or char == "\n" for char in out)


def test_whoever_is_not_there_is_a_sentence_and_1(
    router: type[Answering], capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["test-page", "../x y", "--by", "x"]) == 1
    assert capsys.readouterr().out.startswith("The catalog has no such person.")
    assert router.asked == [("/api/people/..%2Fx%20y/test-page", {"by": "x"})]


class Watch:
    """A clock that only sleeping moves."""

    def __init__(self) -> None:
        self.now = 0.0

    def monotonic(self) -> float:
        return self.now

    def sleep(self, seconds: float) -> None:
        self.now += seconds


def test_what_may_pass_is_waited_for_and_then_told_as_it_is() -> None:
    watch = Watch()
    waiting = page("pending", reason="unreachable", detail="no answer")

    def read() -> list[dict[str, Any]]:
        return [page("sent") if watch.now >= 5 else waiting]

    assert wait_for_outcomes(read, monotonic=watch.monotonic, sleep=watch.sleep) == [page("sent")]
    assert watch.now == 5

    watch = Watch()
    never = wait_for_outcomes(lambda: [waiting], monotonic=watch.monotonic, sleep=watch.sleep)
    assert never == [waiting]
    assert WAIT_SECONDS <= watch.now <= WAIT_SECONDS + 1
