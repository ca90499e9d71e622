"""The programs that `make tools` brings start, answer and stop on this machine."""

import signal
import subprocess
from pathlib import Path

import httpx
import psycopg
import pytest

from tests import servers
from tests.tooling import SET_NAMES, TOOLS, ToolSet, require_postgresql, require_tool_set
from tools.current import wanted_versions

NO_SCRAPES = "global: {scrape_interval: 1s}\n"
NO_RECEIVER = "route: {receiver: nobody}\nreceivers: [{name: nobody}]\n"


@pytest.fixture(params=SET_NAMES)
def tools(request: pytest.FixtureRequest) -> ToolSet:
    name: str = request.param
    return require_tool_set(name)


def test_each_program_says_the_recorded_version(tools: ToolSet) -> None:
    for program in ("promtool", "prometheus", "alertmanager", "amtool"):
        said = output_of([getattr(tools, program), "--version"])
        assert said.startswith(f"{program}, version {tools.versions[program]}")


def test_the_current_set_has_the_pinned_versions() -> None:
    assert require_tool_set("current").versions == wanted_versions()


def test_prometheus_evaluates_a_rule_file(tools: ToolSet) -> None:
    rule = "groups: [{name: g, interval: 1s, rules: [{record: one, expr: vector(1)}]}]\n"
    config = NO_SCRAPES + "rule_files: [rules.yaml]\n"
    with servers.prometheus(tools, config, rule_files={"rules.yaml": rule}) as url:
        assert '"name":"one"' in httpx.get(f"{url}/api/v1/rules").text


def test_alertmanager_is_ready_and_says_its_version(tools: ToolSet) -> None:
    with servers.alertmanager(tools, NO_RECEIVER) as url:
        status = httpx.get(f"{url}/api/v2/status").text
    assert f'"version":"{tools.versions["alertmanager"]}' in status


def test_a_server_that_cannot_start_says_why(tools: ToolSet) -> None:
    with (
        pytest.raises(servers.ServerError, match="receiver"),
        servers.alertmanager(tools, "route: {receiver: unknown}\n"),
    ):
        pass


def test_the_process_started_is_alertmanager_itself(tools: ToolSet, tmp_path: Path) -> None:
    (tmp_path / "alertmanager.yml").write_text(NO_RECEIVER)
    port = servers.free_port()
    command = [
        str(tools.alertmanager),
        "--config.file=alertmanager.yml",  # relative: a wrapper keeps the working folder
        f"--web.listen-address=127.0.0.1:{port}",
        "--cluster.listen-address=",
    ]
    with subprocess.Popen(
        command, cwd=tmp_path, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
    ) as process:
        assert process.stdout is not None
        heard = any("Listening on" in line for line in process.stdout)

        process.send_signal(signal.SIGTERM)
        process.stdout.read()  # ends when no process holds the pipe any more

    assert heard
    # It may be killed before it has set up its own, orderly way to stop.
    assert process.returncode in {0, -signal.SIGTERM}


def test_debians_alertmanager_starts_only_with_its_templates_in_place(tmp_path: Path) -> None:
    unpacked = TOOLS / "installed" / "root" / "usr" / "bin" / "prometheus-alertmanager"
    if not unpacked.exists():
        pytest.skip("the system's own Alertmanager is in use")
    (tmp_path / "alertmanager.yml").write_text(NO_RECEIVER)

    address = f"--web.listen-address=127.0.0.1:{servers.free_port()}"
    command = [
        str(unpacked),
        "--config.file=alertmanager.yml",
        address,
        "--cluster.listen-address=",
    ]
    bare = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False)
    with servers.alertmanager(require_tool_set("installed"), NO_RECEIVER):
        pass  # it is ready, so it has read them

    assert bare.returncode == 1
    assert "default.tmpl: no such file or directory" in bare.stderr


def test_postgresql_runs_a_query_and_stops() -> None:
    with servers.postgresql(require_postgresql()) as url, psycopg.connect(url) as connection:
        row = connection.execute("select current_setting('fsync'), current_user").fetchone()
    assert row == ("off", "postgres")
    with pytest.raises(psycopg.OperationalError):
        psycopg.connect(url, connect_timeout=2)


def output_of(command: list[str | Path], cwd: Path | None = None) -> str:
    done = subprocess.run(
        command, cwd=cwd, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False
    )
    assert done.returncode == 0, done.stdout
    return done.stdout
