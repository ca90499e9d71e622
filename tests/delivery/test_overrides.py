"""`guardia oncall override` and a running router: who took over is woken, also after a crash."""

import json
from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from tests.delivery.router_process import MIDWEEK, Town, critical, guardia, open_town, running


@pytest.fixture
def town(tmp_path: Path) -> Iterator[Town]:
    with open_town(tmp_path) as opened:
        opened.set_clock(MIDWEEK)
        yield opened


def run(client: dict[str, str], *arguments: str, code: int = 0) -> str:
    done = guardia("oncall", *arguments, environment=client)
    assert done.returncode == code, (done.stdout, done.stderr)
    return done.stdout if code < 2 else done.stderr


def on_call(client: dict[str, str], *arguments: str) -> dict[str, Any]:
    """Return who has `primary` by the router."""
    told = run(client, "who", "primary", "--router", "--format", "json", *arguments)
    (only,) = json.loads(told)
    found: dict[str, Any] = only
    return found


def test_who_took_over_is_woken_also_by_a_router_that_was_killed_since(town: Town) -> None:
    tomorrow = f"{town.now() + timedelta(days=1):%Y-%m-%d %H:%M}"
    with running(town) as router:
        client = {**town.environment(), "GUARDIA_URL": router.url}
        has_it = on_call(client)["shift"]["person"]
        other = next(name for name in ("platform-1", "platform-2") if name != has_it)
        told = run(
            client,
            *("override", "primary", other, "--until", tomorrow),
            *("--by", "Platform engineer 3", "--reason", "a train"),
        )
        router.kill()

    first, *rows = told.splitlines()
    assert first.startswith(f"override 1: Platform engineer {other[-1]} takes over primary from ")
    assert first.endswith(f" until {datetime.fromisoformat(tomorrow):%a} {tomorrow}")
    assert [row.split("  ")[2] for row in rows] == [has_it, other, has_it]
    assert "override 1 of primary, made at run time by Platform engineer 3: a train" in rows[1]

    with running(town) as router:
        assert router.post(critical()) == 200
        town.pagerduty.wait_for(lambda fake: fake.pages)
        assert router.stop() == 0
    assert town.pagerduty.pages[0].person == other


def test_it_is_listed_and_cancelled(town: Town) -> None:
    with running(town) as router:
        client = {**town.environment(), "GUARDIA_URL": router.url}
        assert run(client, "override", "--list") == "no override counts now or later\n"
        assert run(client, "override", "--all") == "no override was ever made\n"
        day = f"{town.now() + timedelta(days=30):%Y-%m-%d}"
        span = ("--from", f"{day} 10:00", "--until", f"{day} 14:00+01:00")
        run(client, "override", "primary", "platform-3", *span, "--by", "Platform engineer 1")

        (row,) = run(client, "override", "--list").splitlines()
        before = on_call(client, "--at", f"{day} 10:30")
        cancelled = run(client, "override", "--cancel", "1", "--by", "Platform engineer 2")
        after = on_call(client, "--at", f"{day} 10:30")
        again = run(client, "override", "--cancel", "1", "--by", "Platform engineer 3")
        unknown = run(client, "override", "--cancel", "2", "--by", "Platform engineer 2", code=1)
        left = run(client, "override", "--list", "--format", "json")
        history = run(client, "override", "--all")
        router.stop()

    # On the schedule's clock, which is an hour behind UTC all year.
    assert f"{day} 10:00  " in row
    assert f"{day} 12:00 Atlantic/Cape_Verde" in row
    assert row.split()[:3] == ["1", "primary", "platform-3"]
    # On the schedule's clock, which is an hour behind UTC all year.
    assert f"{day} 10:00  " in row
    assert f"{day} 12:00 Atlantic/Cape_Verde" in row
    assert before["shift"]["person"] == "platform-3"
    assert cancelled.startswith("override 1 of primary is cancelled, by Platform engineer 2 at ")
    assert "made at run time" not in after["shift"]["because"]
    assert again.splitlines()[0] == cancelled.splitlines()[0]
    assert unknown == "There is no override 2.\n"
    assert json.loads(left) == {"overrides": [], "next": None}
    assert "by Platform engineer 1  cancelled by Platform engineer 2 at " in history


def test_what_cannot_be_meant_is_a_sentence_and_an_exit_code(town: Town) -> None:
    with running(town) as router:
        client = {**town.environment(), "GUARDIA_URL": router.url}
        until = ("--until", "2031-01-01 09:00")
        refused = {
            arguments: run(client, "override", *arguments, code=code)
            for arguments, code in (
                ((), 2),
                (("primary", "platform-1"), 2),
                (("primry", "platform-1", *until), 2),
                (("primary", "platform-1", "--until", "noon"), 2),
                (("primary", "platform-1", "--until", "2026-01-01"), 1),
                (("primary", "platform1", "--until", "2026-01-01"), 1),
                (("primary", "platform-1", *until, "--by", "\n"), 1),
                (("--cancel", "x"), 2),
            )
        }
        assert run(client, "who", "primry", "--router", code=2).endswith("did you mean primary?\n")
        router.stop()

    said = list(refused.values())
    assert "oncall override SCHEDULE PERSON --until TIME" in said[0]
    assert "oncall override SCHEDULE PERSON --until TIME" in said[1]
    assert said[2].endswith("did you mean primary?\n")
    assert "--until noon: write it such as" in said[3]
    assert said[4] == "It would end in the past: what is over is not changed.\n"
    assert said[5] == "The catalog has no such person. Did you mean platform-1?\n"
    assert said[6].startswith("`by` must be 1 to 200 printable characters")
    assert "is no number of an override" in said[7]
    assert not any("Traceback" in text for text in said)


def test_without_a_router_it_says_so(town: Town) -> None:
    client = town.environment(GUARDIA_URL="http://127.0.0.1:1")
    for arguments in (("override", "--list"), ("who", "--router")):
        assert "http://127.0.0.1:1 does not answer" in run(client, *arguments, code=2)
