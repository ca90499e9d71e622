"""`guardia serve` and the commands that talk to it, as processes that start as a user's do."""

import socket
from collections.abc import Iterator
from functools import partial
from pathlib import Path

import httpx
import pytest

from tests.delivery import router_process
from tests.delivery.router_process import Town, copy_catalog, critical, open_town, over
from tests.delivery.router_process import running_cold as running
from tests.fakes.alertmanager import AlertmanagerFake

guardia = partial(router_process.guardia, cold=True)


@pytest.fixture
def town(tmp_path: Path) -> Iterator[Town]:
    with open_town(tmp_path) as opened:
        yield opened


def test_from_the_alert_to_the_acknowledgement_and_the_end(town: Town) -> None:
    copy_catalog(town.folder / "catalog")
    with (
        AlertmanagerFake().serving() as alertmanager,
        running(
            town,
            GUARDIA_ALERTMANAGERS=alertmanager.url,
            GUARDIA_CATALOG=str(town.folder / "catalog"),
        ) as router,
    ):
        client = {
            **town.environment(),
            "GUARDIA_URL": router.url,
        }
        assert router.post(critical()) == 200
        town.pagerduty.wait_for(lambda fake: fake.pages)

        listed = guardia("incidents", environment=client)
        assert listed.stdout.startswith("#1      triggered    critical")
        shown = guardia("incidents", "1", environment=client)
        assert "Unless somebody acknowledges, step 2 of policy plataforma" in shown.stdout

        acknowledged = guardia("ack", "1", "--by", "Platform engineer 1", environment=client)
        assert acknowledged.returncode == 0, acknowledged.stderr
        assert "acknowledged by Platform engineer 1" in acknowledged.stdout
        town.pagerduty.wait_for(lambda fake: [one.state for one in fake.alerts] == ["acknowledged"])

        unknown = guardia("ack", "7", "--by", "Platform engineer 1", environment=client)
        assert (unknown.returncode, unknown.stdout) == (1, "There is no incident 7.\n")

        assert router.post(over()) == 200
        town.pagerduty.wait_for(lambda fake: [one.state for one in fake.alerts] == ["resolved"])
        assert guardia("incidents", environment=client).stdout == "no open incidents\n"
        assert router.stop() == 0
    assert {line["level"] for line in router.lines} == {"INFO"}
    assert router.lines[-1]["message"] == "stopped"


def test_every_answer_is_a_command(town: Town) -> None:
    with running(town) as router:
        client = {**town.environment(), "GUARDIA_URL": router.url}

        def say(*command: str) -> tuple[int, str]:
            told = guardia(*command, "--by", "Platform engineer 1", environment=client)
            return told.returncode, told.stdout

        assert router.post(critical()) == 200
        town.pagerduty.wait_for(lambda fake: fake.pages)

        code, told = say("snooze", "1", "--for", "30m")
        assert code == 0
        assert "#1 acknowledged: " in told
        assert ", until 20" in told
        code, told = say("reassign", "1", "--person", "platform-3")
        assert (code, "#1 triggered: " in told) == (0, True)
        assert say("escalate", "1")[0] == 0
        assert say("comment", "1", "Restarted the pool.")[0] == 0
        code, told = say("resolve", "1")
        assert (code, "#1 resolved: " in told) == (0, True)

        assert say("escalate", "1") == (1, "Incident 1 is resolved: there is nobody to page.\n")
        assert say("reassign", "1", "--person", "gone")[0] == 1
        assert say("snooze", "9") == (1, "There is no incident 9.\n")
        shown = guardia("incidents", "1", environment=client).stdout
        assert "Platform engineer 1: Restarted the pool." in shown
        assert "Platform engineer 1 gave it to platform-3." in shown


def test_no_secret_reaches_the_logs(town: Town) -> None:
    with running(town) as router:
        router.post(critical())
        town.pagerduty.wait_for(lambda fake: fake.pages)
        httpx.get(f"{router.url}/api/incidents", headers={"Authorization": "Bearer guess"})
        router.stop()

    logged = str(router.lines)
    for secret in ("webhook-token", "api-token", "xoxb-test", "1" * 32, "2" * 32, "3" * 32):
        assert secret not in logged


def test_a_second_router_on_the_same_file_is_refused(town: Town) -> None:
    with running(town):
        second = guardia("serve", environment=town.environment())

    assert second.returncode == 2
    assert "in use by another router" in second.stderr
    assert "Traceback" not in second.stderr


def test_a_bad_catalog_is_refused_with_its_problems(town: Town, tmp_path: Path) -> None:
    bad = tmp_path / "catalog"
    (bad / "oncall").mkdir(parents=True)
    (bad / "oncall" / "team.yaml").write_text("policies:\n  - id: x\n    steps: []\n")

    refused = guardia("serve", environment=town.environment(GUARDIA_CATALOG=str(bad)))

    assert refused.returncode == 1
    assert "oncall/team.yaml:" in refused.stdout
    assert "Traceback" not in refused.stderr


def test_missing_settings_are_said_all_at_once(town: Town) -> None:
    environment = town.environment()
    for name in ("GUARDIA_WEBHOOK_TOKEN_FILE", "GUARDIA_SECRETS_DIR"):
        del environment[name]

    refused = guardia("serve", environment=environment)

    assert refused.returncode == 2
    assert "GUARDIA_WEBHOOK_TOKEN_FILE must be set" in refused.stderr
    assert "GUARDIA_SECRETS_DIR must be set" in refused.stderr


def test_a_taken_port_and_a_lost_database_are_sentences(town: Town) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        address = f"127.0.0.1:{taken.getsockname()[1]}"
        refused = guardia("serve", environment=town.environment(GUARDIA_LISTEN=address))
    assert refused.returncode == 2
    assert f"cannot listen on {address}" in refused.stderr

    nowhere = "sqlite:////nonexistent/guardia.db"
    refused = guardia("serve", environment=town.environment(GUARDIA_DATABASE=nowhere))
    assert refused.returncode == 2
    assert "cannot open the database" in refused.stderr
    assert "Traceback" not in refused.stderr


def test_commands_say_when_there_is_no_router(town: Town) -> None:
    environment = town.environment(GUARDIA_URL="http://127.0.0.1:1")
    refused = guardia("incidents", environment=environment)
    assert refused.returncode == 2
    assert "http://127.0.0.1:1 does not answer" in refused.stderr

    (town.folder / "api-token").unlink()
    refused = guardia("ack", "1", environment=environment)
    assert refused.returncode == 2
    assert "GUARDIA_API_TOKEN_FILE: cannot read" in refused.stderr
