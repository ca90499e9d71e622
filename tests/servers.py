"""Real Prometheus, Alertmanager and PostgreSQL for the length of a `with` block.

Each listens on a free port of 127.0.0.1, keeps its files in a temporary folder,
and is ready when the block begins and gone when it ends.
"""

import os
import signal
import socket
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from http.client import HTTPConnection, HTTPException
from pathlib import Path

from tests.tooling import ToolSet

START_SECONDS = 60.0
STOP_SECONDS = 60.0
_POLL_SECONDS = 0.05


class ServerError(Exception):
    """A server that did not start or stop, with the end of its log."""


@contextmanager
def prometheus(
    tools: ToolSet,
    config: str,
    *,
    rule_files: Mapping[str, str] | None = None,
    storage: Path | None = None,
    arguments: Sequence[str] = (),
) -> Iterator[str]:
    """Run Prometheus and give its base URL.

    `rule_files` maps file names to their text. They lie beside the configuration,
    whose own `rule_files:` names them. `storage` may hold blocks already.
    """
    with tempfile.TemporaryDirectory(prefix="guardia-prometheus-") as name, held_port() as port:
        folder = Path(name)
        for file_name, text in (rule_files or {}).items():
            (folder / file_name).write_text(text, encoding="utf-8")
        config_path = folder / "prometheus.yml"
        config_path.write_text(config, encoding="utf-8")
        command = [
            str(tools.prometheus),
            f"--config.file={config_path}",
            f"--storage.tsdb.path={storage or folder / 'storage'}",
            f"--web.listen-address=127.0.0.1:{port}",
            *arguments,
        ]
        with _running(command, folder, is_ready=lambda: _answers(port)):
            yield f"http://127.0.0.1:{port}"


@contextmanager
def alertmanager(tools: ToolSet, config: str, *, arguments: Sequence[str] = ()) -> Iterator[str]:
    """Run Alertmanager, with no cluster, and give its base URL."""
    with tempfile.TemporaryDirectory(prefix="guardia-alertmanager-") as name, held_port() as port:
        folder = Path(name)
        config_path = folder / "alertmanager.yml"
        config_path.write_text(config, encoding="utf-8")
        command = [
            str(tools.alertmanager),
            f"--config.file={config_path}",
            f"--storage.path={folder / 'storage'}",
            f"--web.listen-address=127.0.0.1:{port}",
            "--cluster.listen-address=",
            *arguments,
        ]
        with _running(command, folder, is_ready=lambda: _answers(port)):
            yield f"http://127.0.0.1:{port}"


@contextmanager
def postgresql(bin_folder: Path, *, options: Mapping[str, str] | None = None) -> Iterator[str]:
    """Run a fresh PostgreSQL and give its URL, `postgresql://...`.

    It does not wait for the disk (fsync=off), nor write for a torn page, as tests
    kill processes and not the machine; `options` sets that and any other parameter otherwise.
    """
    with tempfile.TemporaryDirectory(prefix="guardia-postgresql-") as name, held_port() as port:
        folder = Path(name)
        as_user = _as_unprivileged(bin_folder / "initdb", folder)
        cluster = folder / "cluster"
        initdb = [
            *as_user, str(bin_folder / "initdb"), f"--pgdata={cluster}", "--username=postgres",
            "--auth=trust", "--encoding=UTF8", "--locale=C", "--no-sync",
        ]  # fmt: skip
        made = subprocess.run(initdb, cwd=folder, capture_output=True, text=True, check=False)
        if made.returncode != 0:
            raise ServerError(f"initdb failed: {made.stderr.strip()}")
        url = f"postgresql://postgres@127.0.0.1:{port}/postgres"
        settings = {
            "listen_addresses": "127.0.0.1",
            "port": str(port),
            "unix_socket_directories": "",
            "fsync": "off",
            "full_page_writes": "off",
        } | dict(options or {})
        command = [*as_user, str(bin_folder / "postgres"), "-D", str(cluster)]
        for key, value in settings.items():
            command += ["-c", f"{key}={value}"]
        probe = [str(bin_folder / "psql"), "--quiet", "--no-psqlrc", "--command=select 1", url]
        # SIGTERM waits for clients to leave; SIGINT ends their sessions.
        with _running(
            command, folder, is_ready=lambda: _succeeds(probe), stop_signal=signal.SIGINT
        ):
            yield url


@contextmanager
def held_port(port: int = 0) -> Iterator[int]:
    """Give a port of 127.0.0.1 that a server can be told to take, and nobody else gets meanwhile.

    A free one, or `port`: who connects before somebody listens there is refused. It is bound
    without listening. Linux gives such a port to nobody who asks for any; who
    asks for this one gets it, since all servers here set SO_REUSEADDR as we do.
    """
    with socket.socket() as holder:
        holder.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        holder.bind(("127.0.0.1", port))
        yield holder.getsockname()[1]


def free_port() -> int:
    """Return a port of 127.0.0.1 that nobody listens on now."""
    with held_port() as port:
        return port


@contextmanager
def _running(
    command: Sequence[str],
    folder: Path,
    *,
    is_ready: Callable[[], bool],
    stop_signal: signal.Signals = signal.SIGTERM,
) -> Iterator[None]:
    log_path = folder / "log"
    with log_path.open("wb") as log:
        server = subprocess.Popen(
            command, cwd=folder, stdin=subprocess.DEVNULL, stdout=log, stderr=log
        )
    try:
        _wait_until_ready(server, log_path, is_ready)
        yield
    finally:
        _stop(server, log_path, stop_signal)


def _wait_until_ready(
    server: subprocess.Popen[bytes], log_path: Path, is_ready: Callable[[], bool]
) -> None:
    deadline = time.monotonic() + START_SECONDS
    while not is_ready():
        try:
            code = server.wait(timeout=_POLL_SECONDS)
        except subprocess.TimeoutExpired:
            if time.monotonic() > deadline:
                raise ServerError(
                    f"not ready after {START_SECONDS} s: {_end_of(log_path)}"
                ) from None
        else:
            raise ServerError(f"ended with code {code}: {_end_of(log_path)}")


def _stop(server: subprocess.Popen[bytes], log_path: Path, stop_signal: signal.Signals) -> None:
    server.send_signal(stop_signal)
    try:
        server.wait(timeout=STOP_SECONDS)
    except subprocess.TimeoutExpired:
        server.kill()
        server.wait()
        raise ServerError(f"did not stop in {STOP_SECONDS} s: {_end_of(log_path)}") from None


def _answers(port: int) -> bool:
    connection = HTTPConnection("127.0.0.1", port, timeout=1)
    try:
        connection.request("GET", "/-/ready")
        return connection.getresponse().status == 200
    except (OSError, HTTPException):
        return False
    finally:
        connection.close()


def _succeeds(command: Sequence[str]) -> bool:
    return subprocess.run(command, capture_output=True, check=False).returncode == 0


def _end_of(log_path: Path) -> str:
    return log_path.read_text(encoding="utf-8", errors="replace")[-2000:]


def _as_unprivileged(program: Path, folder: Path) -> list[str]:
    """Give the command prefix under which PostgreSQL, which refuses root, runs.

    Both ways exec, so signals reach the server itself.
    """
    if os.geteuid() != 0:
        return []
    as_nobody = ["setpriv", "--reuid=nobody", "--regid=nogroup", "--clear-groups"]
    if _succeeds([*as_nobody, str(program), "--version"]):
        subprocess.run(["chown", "nobody:nogroup", str(folder)], check=True)
        return as_nobody
    # A clone in a folder that only root may enter: still root to the files, but
    # another user in the server's eyes.
    return ["unshare", "--user", "--map-user=nobody", "--map-group=nogroup"]
