"""A command and whatever stands at GUARDIA_URL: a sentence, an exit code, never a lost answer."""

import json
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Event, Thread
from typing import Any

import pytest

from guardia.cli import router_api
from guardia.cli.arguments import DEFAULT_URL
from guardia.cli.main import main

PAGES: dict[str, dict[str, Any]] = {
    "/api/incidents?state=open": {"next": "?state=open&before=2", "numbers": [3, 2]},
    "/api/incidents?state=open&before=2": {"next": None, "numbers": [1]},
}


class Standing(BaseHTTPRequestHandler):
    """What stands there: an answer to everything, or to each path its own."""

    status = 200
    told: bytes | None = b""
    location = ""
    seen: list[str]
    over: Event

    def do_GET(self) -> None:
        self.seen.append(f"{self.command} {self.path}")
        if self.told is None:
            self.over.wait()
            return
        self.send_response(self.status)
        if self.location:
            self.send_header("Location", self.location + self.path)
        self.end_headers()
        self.wfile.write(self.told or _page(self.path))

    def do_POST(self) -> None:
        self.do_GET()

    def log_message(self, *_: Any) -> None:
        """Say nothing."""


def _page(path: str) -> bytes:
    page = PAGES[path]
    listed = [
        {
            "number": number,
            "state": "triggered",
            "severity": "low",
            "opened_at": "2026-11-24T12:00:02+00:00",
            "title": "",
        }
        for number in page["numbers"]
    ]
    return json.dumps({"incidents": listed, "next": page["next"]}).encode()


@pytest.fixture
def url(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """The address of what stands there."""
    monkeypatch.setattr(Standing, "seen", [], raising=False)
    monkeypatch.setattr(Standing, "over", Event(), raising=False)
    server = ThreadingHTTPServer(("127.0.0.1", 0), Standing)
    thread = Thread(target=server.serve_forever, args=(0.01,))
    thread.start()
    (tmp_path / "token").write_text("secret\n")
    address = f"http://127.0.0.1:{server.server_port}"
    monkeypatch.setenv("GUARDIA_URL", address)
    monkeypatch.setenv("GUARDIA_API_TOKEN_FILE", str(tmp_path / "token"))
    yield address
    Standing.over.set()
    server.shutdown()
    thread.join()
    server.server_close()


def set_answer(monkeypatch: pytest.MonkeyPatch, status: int, told: bytes | None) -> None:
    monkeypatch.setattr(Standing, "status", status)
    monkeypatch.setattr(Standing, "told", told)


def refusal(capsys: pytest.CaptureFixture[str], *command: str) -> str:
    """Return why a command could not ask; it says nothing else."""
    assert main(command) == 2
    told = capsys.readouterr()
    assert told.out == ""
    return told.err.removeprefix("guardia: ").removesuffix("\n")


def test_a_redirect_is_told_and_not_followed(
    url: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    set_answer(monkeypatch, 301, b"Moved")
    monkeypatch.setattr(Standing, "location", url + "/elsewhere")

    assert refusal(capsys, "ack", "7", "--by", "ana") == (
        f"{url} sends on to {url}/elsewhere, and nothing was done: GUARDIA_URL names its address"
    )
    assert Standing.seen == ["POST /api/incidents/7/ack"]  # nobody else is shown the token


@pytest.mark.parametrize(
    ("answer", "sentence"),
    [
        ((200, b"<html>"), "what answers at {url} is not the router (HTTP 200); "),
        ((200, b"[]"), "what answers at {url} is not the router (HTTP 200); "),
        ((401, b'{"message": "no"}'), "what answers at {url} is not the router (HTTP 401); "),
        ((404, b"not found"), "what answers at {url} is not the router (HTTP 404); "),
        ((502, b"<html>"), "the proxy at {url} does not reach the router (HTTP 502)"),
        ((503, b'{"detail": "Busy."}'), "the router at {url} cannot do this now: Busy."),
        ((404, b'{"detail": "Not Found."}'), "the router at {url} does not know this request: "),
        ((405, b'{"detail": "Method Not Allowed."}'), "the router at {url} does not know this req"),
        (
            (401, b'{"detail": "No."}'),
            "the router at {url} refuses the token of GUARDIA_API_TOKEN_F",
        ),
    ],
)
def test_what_is_no_answer_of_the_router_is_told_as_what_it_is(
    url: str,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    answer: tuple[int, bytes],
    sentence: str,
) -> None:
    set_answer(monkeypatch, *answer)

    assert refusal(capsys, "incidents").startswith(sentence.format(url=url))


def test_an_answer_that_may_have_been_given_is_told_so(
    url: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    set_answer(monkeypatch, 200, None)
    monkeypatch.setattr(router_api, "TIMEOUT_SECONDS", 0.2)

    silent = (
        f"the router at {url} does not answer (not within 0.2 s); GUARDIA_URL names its address"
    )
    assert refusal(capsys, "incidents") == silent
    assert refusal(capsys, "escalate", "7", "--by", "ana") == (
        f"{silent}. It may have been done all the same: look before you repeat it"
    )


def test_what_speaks_no_https_is_told_so(
    url: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    address = url.replace("http:", "https:")
    monkeypatch.setenv("GUARDIA_URL", address)

    assert refusal(capsys, "ack", "7", "--by", "ana").startswith(
        f"what answers at {address} does not speak https ("
    )


@pytest.mark.parametrize(
    "address",
    [
        *("http://", "http://[::1", "http://router:99999", "http://router:x", "http://a b"),
        *("http://router/?x=1", "http://router/#top"),
    ],
)
@pytest.mark.usefixtures("url")
def test_an_address_that_is_none_is_told_what_one_is(
    address: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("GUARDIA_URL", address)

    told = refusal(capsys, "incidents")

    assert told.startswith(
        "GUARDIA_URL must be the router's address, such as http://127.0.0.1:8080"
    )
    assert repr(address.rstrip("/")) in told


@pytest.mark.usefixtures("url")
def test_a_secret_in_the_address_is_refused_and_not_shown(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("GUARDIA_URL", "http://ana:hidden@router")

    told = refusal(capsys, "incidents")

    assert told.startswith("GUARDIA_URL must hold no user and no password")
    assert "hidden" not in told


@pytest.mark.parametrize("token", ["a\x01b", "€uro"])
@pytest.mark.usefixtures("url")
def test_a_token_that_no_header_holds_is_refused_and_not_shown(
    token: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "token").write_text(f"{token}\n", encoding="utf-8")

    told = refusal(capsys, "incidents")

    assert told == f"GUARDIA_API_TOKEN_FILE: {tmp_path / 'token'} does not begin with a token"
    assert Standing.seen == []


@pytest.mark.usefixtures("url")
def test_all_pages_of_a_long_list_are_listed(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    set_answer(monkeypatch, 200, b"")

    assert main(["incidents"]) == 0

    assert [line[:2] for line in capsys.readouterr().out.splitlines()] == ["#3", "#2", "#1"]


@pytest.mark.parametrize(
    ("command", "sentence"),
    [
        (["explain", "#3"], "did you mean: guardia explain incident 3?"),
        (["explain", "incidents", "3"], "or: guardia explain incident N"),
        (
            ["oncall", "who", "--router", "http://router/"],
            "http://router/ is no schedule; GUARDIA_URL names the router to be asked",
        ),
    ],
)
@pytest.mark.usefixtures("url")
def test_a_slip_of_the_hand_is_told_what_was_meant(
    command: list[str], sentence: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert refusal(capsys, *command).endswith(sentence)


@pytest.mark.parametrize(
    "command",
    [
        *("ack", "snooze", "escalate", "reassign", "comment", "resolve", "awake", "incidents"),
        *("rejected", "reload", "test-page", "token", "audit", "oncall override"),
    ],
)
def test_the_help_of_what_asks_the_router_says_where_that_is(
    command: str, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit):
        main([*command.split(), "--help"])

    told = " ".join(capsys.readouterr().out.split())
    assert f"Asks the router at GUARDIA_URL (default: {DEFAULT_URL}), with" in told
    assert "that GUARDIA_API_TOKEN_FILE names." in told
