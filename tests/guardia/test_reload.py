"""`guardia reload`: what it prints of the router's answer."""

import json
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from typing import Any

import pytest

from guardia.cli.main import main
from guardia.problem import Problem, Span, problem_fields

PROBLEM = Problem(
    code="unknown-reference",
    message="there is no policy `plat\x1b[2Jforma`",
    span=Span(path="/etc/guardia/oncall/team.yaml", line=50, column=13, end_column=22),
    label="must be a policy",
    why="alerts of this route would wake nobody",
    fix="name one that is declared",
)


class Answering(BaseHTTPRequestHandler):
    """A router with one answer."""

    asked: list[str]
    status: int
    answer: dict[str, Any]

    def do_POST(self) -> None:
        self.asked.append(f"{self.path} {self.headers['Authorization']}")
        self.send_response(self.status)
        self.end_headers()
        self.wfile.write(json.dumps(self.answer).encode())

    def log_message(self, *_: Any) -> None:
        """Say nothing."""


@pytest.fixture
def asked(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[list[str]]:
    """The requests that the router was sent."""
    Answering.asked = []
    server = ThreadingHTTPServer(("127.0.0.1", 0), Answering)
    thread = Thread(target=server.serve_forever)
    thread.start()
    (tmp_path / "token").write_text("secret\n")
    monkeypatch.setenv("GUARDIA_URL", f"http://127.0.0.1:{server.server_port}")
    monkeypatch.setenv("GUARDIA_API_TOKEN_FILE", str(tmp_path / "token"))
    yield Answering.asked
    server.shutdown()
    thread.join()
    server.server_close()


def set_answer(monkeypatch: pytest.MonkeyPatch, status: int, **answer: Any) -> None:
    monkeypatch.setattr(Answering, "status", status, raising=False)
    monkeypatch.setattr(Answering, "answer", answer, raising=False)


@pytest.mark.parametrize(
    ("changed", "line"),
    [
        (True, "catalog 3f2a is in force now\n"),
        (False, "catalog 3f2a is in force as before: nothing has changed\n"),
    ],
)
def test_it_says_which_catalog_is_in_force(
    asked: list[str],
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    *,
    changed: bool,
    line: str,
) -> None:
    set_answer(monkeypatch, 200, catalog="3f2a", changed=changed)

    assert main(["reload"]) == 0

    assert capsys.readouterr().out == line
    assert asked == ["/-/reload Bearer secret"]


@pytest.mark.usefixtures("asked")
def test_problems_are_drawn_as_check_draws_them_and_steer_no_terminal(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    detail = "The catalog's files have 1 problem; catalog 3f2a stays in force."
    set_answer(monkeypatch, 422, detail=detail, problems=[problem_fields(PROBLEM)])

    assert main(["reload"]) == 1

    assert capsys.readouterr().out == (
        "/etc/guardia/oncall/team.yaml:50:13: error[unknown-reference]:"
        " there is no policy `plat\\x1b[2Jforma`\n"
        "  why: alerts of this route would wake nobody\n"
        "  fix: name one that is declared\n"
        "\n"
        "The catalog's files have 1 problem; catalog 3f2a stays in force.\n"
    )


@pytest.mark.usefixtures("asked")
@pytest.mark.parametrize("problems", [None, 7, [7], [{"code": "x"}]])
def test_problems_in_a_form_that_is_not_known_leave_the_sentence(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], problems: Any
) -> None:
    set_answer(monkeypatch, 422, detail="Refused.\x1b[2J", problems=problems)

    assert main(["reload"]) == 1

    assert capsys.readouterr().out == "Refused.\\x1b[2J\n"


@pytest.mark.usefixtures("asked")
def test_a_router_that_cannot_read_now_is_no_problem_of_the_catalog(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    set_answer(monkeypatch, 503, detail="The catalog's files could not be read in time.")

    assert main(["reload"]) == 2

    assert "could not be read in time" in capsys.readouterr().err
