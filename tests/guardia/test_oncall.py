"""`guardia oncall`: what depends on the clock or on files; its texts are in tests/cases/."""

import json
import subprocess
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from icalendar import Calendar

from guardia.cli.main import main
from tests.catalogs import CATALOG, ROOT, copy_catalog

COMMAND = [sys.executable, "-m", "guardia.cli.main", "oncall"]


def printed(capsys: pytest.CaptureFixture[str], *arguments: str, code: int = 0) -> str:
    assert main(["oncall", *arguments]) == code
    return capsys.readouterr().out


def test_without_a_time_it_is_now(capsys: pytest.CaptureFixture[str]) -> None:
    before = datetime.now(UTC) - timedelta(minutes=1)
    found = json.loads(printed(capsys, "who", "--catalog", str(CATALOG), "--format", "json"))

    assert {one["schedule"] for one in found} == {"primary", "secondary"}
    for one in found:
        assert before <= datetime.fromisoformat(one["at"]) <= datetime.now(UTC)
        assert datetime.fromisoformat(one["shift"]["starts_at"]) <= datetime.now(UTC)
        assert one["shift"]["ends_at"] == one["next"]["starts_at"]


def test_nobody_on_call_is_said_and_is_an_exit_code(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    gone = (
        "people: [platform-1, platform-2, platform-3]\n      shift: 7d\n      starts: 2026-01-05 #"
    )
    left = gone.replace(
        "[platform-1, platform-2, platform-3]", "[{person: platform-1, until: 2026-02-02}]"
    )
    folder = copy_catalog(tmp_path, changes={"oncall/plataforma.yaml": (gone, left)})
    arguments = ("who", "primary", "--at", "2026-02-02 09:00", "--catalog", str(folder))

    shown = printed(capsys, *arguments, code=1)

    assert shown.split()[:2] == ["primary", "nobody"]
    assert "nobody follows within a year" in shown


def test_a_calendar_for_a_calendar_program() -> None:
    arguments = f"calendar primary --from 2026-11-23 --weeks 3 --format ical --catalog {CATALOG}"
    done = subprocess.run([*COMMAND, *arguments.split()], cwd=ROOT, capture_output=True, check=True)
    events = Calendar.from_ical(done.stdout).walk("VEVENT")
    assert [event.decoded("DTSTART").day for event in events] == [16, 23, 30, 7]
    assert len({str(event["UID"]) for event in events}) == 4


@pytest.mark.parametrize(
    "arguments",
    [
        ["calendar"],
        ["calendar", "primry"],
        ["calendar", "--person", "platform-11"],
        ["who", "--at", "noon"],
        ["who", "--catalog", "/nowhere"],
        ["check", "--secrets", "/nowhere"],
    ],
)
def test_what_cannot_be_answered_is_a_sentence(
    arguments: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["oncall", *arguments]) == 2
    assert capsys.readouterr().err.startswith("guardia: ")


@pytest.mark.parametrize("weeks", ["0", "-1", "many", "531", "9" * 5000])
def test_weeks_are_a_number_that_can_be_shown(
    weeks: str, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as exited:
        main(["oncall", "check", "--weeks", weeks])
    assert exited.value.code == 2
    assert "is not a number of weeks up to 530" in capsys.readouterr().err


def test_an_address_whose_secret_is_missing_is_found(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    for name in ("platform-1", "platform-2"):
        (tmp_path / f"pagerduty-{name}").write_text("k" * 32)
    (tmp_path / "pagerduty-platform-3").write_text("")  # as good as none
    arguments = ["check", "--catalog", str(CATALOG), "--secrets", str(tmp_path), "--format", "json"]

    found = json.loads(printed(capsys, *arguments, code=1))

    assert [(one["kind"], one["subject"], one["text"]) for one in found] == [
        ("person", "person platform-3", "cannot be paged by pagerduty platform-3")
    ]


def test_a_webhook_needs_its_key_and_its_url(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    oncall = "oncall/plataforma.yaml"
    change = ("- pagerduty: platform-1 ", "- webhook: bridge ")
    catalog = copy_catalog(tmp_path / "catalog", changes={oncall: change})
    secrets = tmp_path / "secrets"
    secrets.mkdir()
    for name in ("pagerduty-platform-2", "pagerduty-platform-3", "webhook-bridge"):
        (secrets / name).write_text("k" * 32)
    arguments = ["check", "--catalog", str(catalog), "--secrets", str(secrets)]

    assert "cannot be paged by webhook bridge" in printed(capsys, *arguments, code=1)
    (secrets / "webhook-bridge.url").write_text("https://bridge.example.org/hook")
    assert "webhook" not in printed(capsys, *arguments, code=0)


def test_the_routers_own_folder_of_secrets_is_looked_at(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("GUARDIA_SECRETS_DIR", str(tmp_path))
    shown = printed(capsys, "check", "--catalog", str(CATALOG), code=1)
    assert "person platform-1: cannot be paged by pagerduty platform-1\n" in shown
    assert "3 findings in 8 weeks" in shown
