"""`guardia replay`: what a notification would do, and that nothing is done."""

import io
import json
import socket
import sys
from pathlib import Path
from typing import Any

import pytest

from guardia.cli.main import main
from router.store.engine import open_engine
from router.store.migrations import upgrade
from router.store.notifications import record_notification
from tests.catalogs import CATALOG, copy_catalog
from tests.router.making import NOON, alert_body, notification_body

STEERING = "\x1b[2J\x07\r\u202eX\x9b1m"
CRITICAL = notification_body(alert_body("firing", severity="critical", environment="prod"))


class Opened(Exception):  # noqa: N818 - what happened
    """Something opened a socket."""


@pytest.fixture(autouse=True)
def no_socket(monkeypatch: pytest.MonkeyPatch) -> None:
    """Have every socket that anything here makes end the test."""

    def refuse(*_: Any, **__: Any) -> None:
        raise Opened

    monkeypatch.setattr(socket, "socket", refuse)
    for name in ("create_connection", "socketpair", "getaddrinfo"):
        monkeypatch.setattr(socket, name, refuse)


def test_the_trap_for_sockets_works() -> None:
    with pytest.raises(Opened):
        socket.create_connection(("127.0.0.1", 1))
    with pytest.raises(Opened):
        socket.socket()


@pytest.fixture
def body(tmp_path: Path) -> Path:
    file = tmp_path / "body.json"
    file.write_bytes(CRITICAL)
    return file


def replayed(capsys: pytest.CaptureFixture[str], *arguments: str, code: int = 0) -> str:
    catalog = () if "--catalog" in arguments else ("--catalog", str(CATALOG))
    assert main(["replay", *arguments, *catalog]) == code
    return capsys.readouterr().out


def test_a_body_is_followed_to_the_last_resort_without_a_socket(
    body: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    text = replayed(capsys, str(body), "--at", "2026-11-24 12:00")

    assert text.startswith(
        "A notification (1 firing alert, 0 ended) as if received at 2026-11-24 12:00:00 UTC"
    )
    lines = text.splitlines()
    assert "Incident 1: critical: The database is down" in lines
    assert (
        "  By DatabaseDown (critical): Route critical is the first that matches:"
        ' severity="critical".' in lines
    )
    assert "  Informs slack #operaciones at once." in lines
    assert [line.partition("): ")[2] for line in lines if " Atlantic/Cape_Verde): " in line] == [
        "step 1: Platform engineer 2 by pagerduty",
        "step 2: Platform engineer 3 by pagerduty",
        "the last resort: Platform engineer 1 by pagerduty, Platform engineer 2 by pagerduty,"
        " Platform engineer 3 by pagerduty",
    ]
    assert (
        "      Step 1 of policy plataforma pages schedule primary: Platform engineer 2 has the"
        " shift from Mon 2026-11-23 09:00 Atlantic/Cape_Verde"
        " to Mon 2026-11-30 09:00 Atlantic/Cape_Verde"
        " (rotation of primary)." in lines
    )


def test_another_catalog_has_another_answer(
    body: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    route = "match: ['severity=\"critical\"']\n    policy: plataforma"
    milder = copy_catalog(
        tmp_path, changes={"oncall/plataforma.yaml": (route, route.partition("\n")[0])}
    )
    now = "2026-11-24T12:00Z"

    today = json.loads(replayed(capsys, str(body), "--at", now, "--format", "json"))
    other = json.loads(
        replayed(capsys, str(body), "--at", now, "--format", "json", "--catalog", str(milder))
    )

    assert today["incidents"][0]["policy"] == "plataforma"
    assert [page["person"] for page in today["incidents"][0]["steps"][0]["pages"]] == ["platform-2"]
    assert (other["incidents"][0]["policy"], other["incidents"][0]["steps"]) == (None, [])
    assert other["catalog_version"] != today["catalog_version"]
    assert "Pages nobody: no policy." in replayed(
        capsys, str(body), "--at", now, "--catalog", str(milder)
    )


def test_a_time_of_the_past_has_the_people_of_then(
    body: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    text = replayed(capsys, str(body), "--at", "2026-12-01 09:00-01:00")
    assert "as if received at 2026-12-01 10:00:00 UTC" in text
    assert "step 1: Platform engineer 3 by pagerduty" in text


def test_standard_input_is_read_and_hostile_labels_steer_nothing(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    hostile = alert_body("firing", alertname=STEERING, severity=STEERING)
    hostile["annotations"] = {"summary": STEERING}
    posted = notification_body(hostile, groupLabels={STEERING: STEERING})
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(posted)))

    text = replayed(capsys, "-")

    assert "No other route matches, so route default takes it." in text
    assert all(char.isprintable() or char == "\n" for char in text)


def test_what_is_over_and_what_is_cut_off_is_told_as_the_router_does(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / "body.json"
    file.write_bytes(notification_body(alert_body("resolved", severity="critical")))
    text = replayed(capsys, str(file))
    assert "  Resolved before it was ever reported as firing, so nobody is paged" in text
    assert "Policy" not in text

    file.write_bytes(notification_body(alert_body("resolved"), truncatedAlerts=3))
    assert "(0 firing alerts, 1 ended, 3 cut off)" in replayed(capsys, str(file))


def test_an_unreadable_body_says_why_and_whom_the_router_tells(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / "body.json"
    file.write_text('{"status": "firing", "alerts": []}')

    text = replayed(capsys, str(file), code=1)

    assert text.startswith("Refused: The notification fires but lists no alerts.\n")
    assert "What cannot be understood goes to the default route, default." in text
    assert "  Informs email operaciones@conecta360.example at once." in text
    found = json.loads(replayed(capsys, str(file), "--format", "json", code=1))
    assert found["refused"] == "The notification fires but lists no alerts."


def test_a_stored_notification_is_found_by_its_number_and_replayed_at_its_time(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("GUARDIA_DATABASE", f"sqlite:///{tmp_path}/guardia.db")
    engine = open_engine(f"sqlite:///{tmp_path}/guardia.db")
    upgrade(engine)
    with engine.begin() as tx:
        number = record_notification(tx, body=CRITICAL, content_key="key", now=NOON)
    with engine.begin() as tx:  # as a router that is writing
        record_notification(tx, body=b"", content_key="key", now=NOON)
        text = replayed(capsys, str(number))
    engine.dispose()

    assert "as if received at 2026-11-24 12:00:00 UTC" in text
    assert "step 1: Platform engineer 2 by pagerduty" in text


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (["nowhere.json"], "cannot read nowhere.json: No such file or directory"),
        (["."], "cannot read .: Is a directory"),
        (["-", "--at", "tomorrow"], "--at tomorrow: write it such as '2026-12-24 09:00' (UTC)"),
        (["7"], "no notification 7 is stored"),
        (["9" * 5000], "is stored: it was never received"),
    ],
)
def test_what_cannot_be_replayed_is_one_sentence(
    arguments: list[str],
    sentence: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.setenv("GUARDIA_DATABASE", f"sqlite:///{tmp_path}/guardia.db")
    engine = open_engine(f"sqlite:///{tmp_path}/guardia.db")
    upgrade(engine)
    engine.dispose()
    assert main(["replay", *arguments, "--catalog", str(CATALOG)]) == 2
    assert sentence in capsys.readouterr().err


def test_a_database_that_is_none_is_one_sentence_and_stays_as_it_is(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / "guardia.db"
    for url, sentence in (
        (f"sqlite:///{file}", f"there is no database {file}"),
        ("mysql://x", "GUARDIA_DATABASE must be"),
    ):
        monkeypatch.setenv("GUARDIA_DATABASE", url)
        assert main(["replay", "1", "--catalog", str(CATALOG)]) == 2
        assert sentence in capsys.readouterr().err
    assert not file.exists()

    file.write_bytes(b"")
    monkeypatch.setenv("GUARDIA_DATABASE", f"sqlite:///{file}")
    assert main(["replay", "1", "--catalog", str(CATALOG)]) == 2
    assert "GUARDIA_DATABASE: cannot read the database: no such table" in capsys.readouterr().err
    assert file.read_bytes() == b""


def test_a_catalog_with_problems_shows_them_and_is_2(
    body: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    bad = copy_catalog(
        tmp_path, changes={"oncall/plataforma.yaml": ("policy: plataforma", "policy: nobody")}
    )
    assert main(["replay", str(body), "--catalog", str(bad)]) == 2
    assert "error[unknown-reference]" in capsys.readouterr().err
