"""`guardia explain incident N`: the chain from the alert to the person, and what comes next."""

import json
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from typing import Any

import pytest

from guardia.cli.main import main

STEERING = "\x1b[2J\x07\r\u202eX\x9b1m"
REASON = (
    "Step 1 of policy plataforma pages schedule primary: Engineer ana has the shift from"
    " 2026-11-23 09:00 to 2026-11-30 09:00 Atlantic/Cape_Verde (override of primary: swap)."
)


def message(**fields: Any) -> dict[str, Any]:
    return {
        "kind": "page",
        "channel": "pagerduty",
        "address": "ana",
        "person": "ana",
        "name": "Engineer ana",
        "because": REASON,
        "dedup_key": "test/7/1.1/ana",
        "state": "sent",
        "attempts": 1,
        "created_at": "2026-11-24T12:00:02+00:00",
        "due_at": "2026-11-24T12:00:02+00:00",
        "ended_at": "2026-11-24T12:00:03+00:00",
        "reason": None,
        "detail": None,
    } | fields


def notice(**fields: Any) -> dict[str, Any]:
    about = {"kind": "notice", "channel": "slack", "address": "#operaciones", "name": None}
    return message(dedup_key="test/7/notice/slack/#operaciones", because="", **about | fields)


def row(kind: str, text: str, at: str = "2026-11-24T12:00:02+00:00") -> dict[str, str]:
    return {"kind": kind, "text": text, "at": at}


INCIDENT: dict[str, Any] = {
    "number": 7,
    "title": f"The database is down{STEERING}",
    "state": "triggered",
    "severity": "critical",
    "opened_at": "2026-11-24T12:00:02+00:00",
    "alerts": [
        {
            "labels": {
                "alertname": "DatabaseDown",
                "severity": "critical",
                "service": f"casos{STEERING}",
            },
            "firing": True,
            "severity": "critical",
            "starts_at": "2026-11-24T11:59:00+00:00",
            "ended_at": None,
        }
    ],
    "timeline": [
        row("opened", "Opened with severity critical: The database is down"),
        row("routed", f'By DatabaseDown: Route critical matches: severity="critical".{STEERING}'),
        row("paged", "Page to Engineer ana by pagerduty"),
        row("message_sent", "Page to pagerduty ana was accepted."),
    ],
    "messages": [message(), notice()],
    "escalation": {"policy": "plataforma", "catalog_version": "3f2a", "round": 1},
    "next": {
        "now": "2026-11-24T12:05:02+00:00",
        "text": "Unless somebody acknowledges:",
        "zone": "Atlantic/Cape_Verde",
        "steps": [
            {
                "name": "step 2",
                "at": "2026-11-24T12:15:02+00:00",
                "pages": [
                    {
                        "person": "ben",
                        "name": "Engineer ben",
                        "channel": "pagerduty",
                        "address": "ben",
                        "because": "Step 2 of policy plataforma names Engineer ben.",
                    }
                ],
                "remarks": [],
                "informs": [{"channel": "slack", "address": "#direccion"}],
            },
            {
                "name": "the last resort",
                "at": "2026-11-24T12:30:02+00:00",
                "pages": [],
                "remarks": ["Last resort does not reach everybody: left has no address for pages."],
                "informs": [],
            },
        ],
    },
}
EXPECTED = """\
#7 triggered, critical: The database is down�[2J� �X�1m
  opened at 2026-11-24 12:00:02 UTC, 5 min ago

Alerts
  critical: DatabaseDown, fires since 2026-11-24 11:59:00 UTC
    service="casos�[2J� �X�1m", severity="critical"

Where that leads, and why
  2026-11-24 12:00:02 UTC: By DatabaseDown: Route critical matches: severity="critical".�[2J� �X�1m
  Policy plataforma, as edition 3f2a of the catalog has it.

Who was paged, and why
  2026-11-24 12:00:02 UTC: Engineer ana
    Step 1 of policy plataforma pages schedule primary: Engineer ana has the shift from\
 2026-11-23 09:00 to 2026-11-30 09:00 Atlantic/Cape_Verde (override of primary: swap).
    pagerduty ana: accepted at 2026-11-24 12:00:03 UTC

Who was informed
  slack #operaciones: accepted at 2026-11-24 12:00:03 UTC

What else happened
  2026-11-24 12:00:02 UTC: Opened with severity critical: The database is down

What happens next
  Unless somebody acknowledges (guardia ack 7 --by YOU):
  2026-11-24 12:15:02 UTC (in 10 min, Tue 11:15 Atlantic/Cape_Verde): step 2:\
 Engineer ben by pagerduty
    Step 2 of policy plataforma names Engineer ben.
    It also informs slack #direccion.
  2026-11-24 12:30:02 UTC (in 25 min, Tue 11:30 Atlantic/Cape_Verde): the last\
 resort: reaches nobody
    Last resort does not reach everybody: left has no address for pages.
"""


class Answering(BaseHTTPRequestHandler):
    """A router that knows one incident."""

    shown: dict[str, Any]

    def do_GET(self) -> None:
        found = self.path == "/api/incidents/7" and self.headers["Authorization"] == "Bearer secret"
        answer = self.shown if found else {"detail": f"There is no such incident.{STEERING}"}
        self.send_response(200 if found else 404)
        self.end_headers()
        self.wfile.write(json.dumps(answer).encode())

    def log_message(self, *_: Any) -> None:
        """Say nothing."""


@pytest.fixture
def router(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[type[Answering]]:
    Answering.shown = INCIDENT
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


def explained(capsys: pytest.CaptureFixture[str], *arguments: str) -> str:
    assert main(["explain", "incident", *arguments]) == 0
    return capsys.readouterr().out


@pytest.mark.usefixtures("router")
def test_the_whole_chain_is_told_and_no_text_of_an_alert_steers_the_terminal(
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert explained(capsys, "7") == EXPECTED
    assert explained(capsys, "#7") == EXPECTED


@pytest.mark.usefixtures("router")
def test_as_json_it_is_the_routers_answer_and_harmless(capsys: pytest.CaptureFixture[str]) -> None:
    text = explained(capsys, "7", "--format", "json")
    assert json.loads(text) == INCIDENT
    assert all(char.isprintable() or char == "\n" for char in text)


@pytest.mark.parametrize(
    ("sent", "told"),
    [
        (message(attempts=3), "accepted at 2026-11-24 12:00:03 UTC (attempt 3)"),
        (
            message(state="failed", reason="address", detail=f"no such key{STEERING}"),
            "given up at 2026-11-24 12:00:03 UTC: no such key�[2J� �X�1m",
        ),
        (message(state="dropped", detail="acknowledged first"), "not sent: acknowledged first"),
        (message(state="sending", attempts=2), "is being sent (attempt 2)"),
        (message(state="pending", attempts=0), "waits to be sent, at 2026-11-24 12:00:02 UTC"),
        (
            message(state="pending", detail="accepted, and sent once more"),
            "accepted, and sent once more, at 2026-11-24 12:00:02 UTC",
        ),
        (
            message(state="pending", reason="unreachable", detail="no answer"),
            "not accepted so far, tried again at 2026-11-24 12:00:02 UTC: no answer",
        ),
        (
            message(kind="resolve"),
            "told that it is over: accepted at 2026-11-24 12:00:03 UTC",
        ),
    ],
)
def test_what_came_of_a_message_is_said_in_words(
    sent: dict[str, Any],
    told: str,
    router: type[Answering],
    capsys: pytest.CaptureFixture[str],
) -> None:
    router.shown = INCIDENT | {"messages": [message(), sent]}
    separator = ", " if sent["kind"] == "resolve" else ": "
    assert f"    pagerduty ana{separator}{told}\n" in explained(capsys, "7")


def test_what_became_of_the_page_that_tells_many_is_said_of_each(
    router: type[Answering], capsys: pytest.CaptureFixture[str]
) -> None:
    key = "test/6/digest.1/ana"
    of_digest = [
        message(kind="digest", dedup_key=key, state="pending", reason="unreachable"),
        message(kind="digest", dedup_key=key, channel="email", address="ana@conecta360.example"),
        message(kind="acknowledge", dedup_key=key),
    ]
    carried = message(
        state="dropped",
        detail="told with others in one page",
        digest={"other_incidents": [6, 8], "messages": of_digest},
    )
    router.shown = INCIDENT | {"messages": [carried, *of_digest]}

    text = explained(capsys, "7")

    together = " in one page with 2 other incidents"
    assert text.split(REASON)[1].split("\n\n")[0] == (
        f"\n    pagerduty ana{together}: not accepted so far,"
        " tried again at 2026-11-24 12:00:02 UTC: unreachable"
        f"\n    email ana@conecta360.example{together}: accepted at 2026-11-24 12:00:03 UTC"
        "\n    pagerduty ana, told that somebody has it: accepted at 2026-11-24 12:00:03 UTC"
    )
    assert "Who was informed" not in text, "a digest that began with this incident is its page"


def test_nobody_paged_and_nothing_to_come_is_said(
    router: type[Answering], capsys: pytest.CaptureFixture[str]
) -> None:
    coming = INCIDENT["next"] | {"text": "No policy escalates it.", "steps": [], "zone": None}
    router.shown = INCIDENT | {"messages": [], "escalation": None, "next": coming}

    text = explained(capsys, "7")

    assert "Who was paged, and why\n  nobody\n" in text
    assert "Who was informed" not in text
    assert text.endswith("What happens next\n  No policy escalates it.\n")


def test_of_many_alerts_the_worst_that_fire_are_shown_and_the_others_counted(
    router: type[Answering], capsys: pytest.CaptureFixture[str]
) -> None:
    (alert,) = INCIDENT["alerts"]
    others = [alert | {"firing": False, "ended_at": "2026-11-24T12:01:00+00:00"}] * 6
    mild = alert | {"severity": "low", "labels": {"alertname": "Mild"}}
    router.shown = INCIDENT | {"alerts": [*others, mild, alert]}

    lines = explained(capsys, "7").splitlines()

    shown = [line for line in lines if " since " in line or "ended at" in line]
    assert [line.split(",")[0].strip() for line in shown[:3]] == [
        "critical: DatabaseDown",
        "low: Mild",
        "critical: DatabaseDown",
    ]
    assert "  and 3 more alerts" in lines


@pytest.mark.usefixtures("router")
def test_an_unknown_number_is_a_sentence_and_1(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["explain", "incident", "8"]) == 1
    out = capsys.readouterr().out
    assert out.startswith("There is no such incident.")
    assert out.rstrip("\n").isprintable()


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        ([], "name one incident, such as: guardia explain incident 1042"),
        (["1", "2"], "name one incident, such as: guardia explain incident 1042"),
        (["casos"], "'casos' is no number of an incident, such as 1042"),
    ],
)
def test_what_names_no_incident_is_told_so(
    arguments: list[str], sentence: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["explain", "incident", *arguments]) == 2
    assert capsys.readouterr().err == f"guardia: {sentence}\n"


@pytest.mark.usefixtures("router")
def test_without_token_or_router_it_is_one_sentence(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("GUARDIA_URL", "http://127.0.0.1:1")
    assert main(["explain", "incident", "7"]) == 2
    assert "the router at http://127.0.0.1:1 does not answer" in capsys.readouterr().err

    monkeypatch.delenv("GUARDIA_API_TOKEN_FILE")
    assert main(["explain", "incident", "7"]) == 2
    assert "GUARDIA_API_TOKEN_FILE must name the file" in capsys.readouterr().err
