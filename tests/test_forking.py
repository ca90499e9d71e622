"""tests.forking: what is forked is to the code in it as a process that was started."""

import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests import forking
from tests.catalogs import ROOT

# Of a process: all that it could have from another than whoever started it.
TELL = """
import json, os, signal, sys, threading, time
from pathlib import Path
print(json.dumps({
    "arguments": sys.argv,
    "environment": dict(os.environ),
    "folder": os.getcwd(),
    "files": [name for name in os.listdir("/proc/self/fd") if Path("/proc/self/fd", name).exists()],
    "handlers": {number.name: str(signal.getsignal(number)) for number in signal.valid_signals()
                 if isinstance(number, signal.Signals)},
    "blocked": [int(number) for number in signal.pthread_sigmask(signal.SIG_BLOCK, [])],
    "zone": time.tzname,
    "threads": threading.active_count(),
    "session": [os.getpgrp(), os.getsid(0)],
    "name": __name__,
    "encoding": [sys.stdout.encoding, sys.stderr.encoding],
    "buffered": [sys.stdout.line_buffering, sys.stderr.line_buffering],
}))
"""


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Where modules of a test are, which it runs by their name."""
    monkeypatch.syspath_prepend(tmp_path)
    return tmp_path


def environment(folder: Path) -> dict[str, str]:
    return {"PATH": os.environ["PATH"], "LC_ALL": "C.UTF-8", "PYTHONPATH": str(folder)}


def told(folder: Path, *, cold: bool) -> dict[str, Any]:
    (folder / "tell.py").write_text(TELL, encoding="utf-8")
    env = environment(folder) | {"TZ": "America/Lima"}
    done = forking.run("tell", "one", "two", cwd=folder, env=env, cold=cold)
    assert (done.returncode, done.stderr) == (0, "")
    found: dict[str, Any] = json.loads(done.stdout)
    return found


def test_it_is_what_a_process_that_was_started_is(folder: Path) -> None:
    with (folder / "open").open("w") as ours:
        os.set_inheritable(ours.fileno(), True)
        assert told(folder, cold=False) == told(folder, cold=True)


def test_nothing_of_the_last_one_is_left(folder: Path) -> None:
    module = folder / "leave.py"
    module.write_text("import os, sys; os.environ['LEFT'] = 'x'; sys.leave = 1; os.chdir('/')")
    assert forking.run("leave", cwd=folder, env=environment(folder)).returncode == 0
    (folder / "look.py").write_text("import sys; print(hasattr(sys, 'leave'))")
    assert forking.run("look", cwd=folder, env=environment(folder)).stdout == "False\n"
    assert "LEFT" not in told(folder, cold=False)["environment"]


@pytest.mark.parametrize("cold", [False, True])
@pytest.mark.parametrize(
    ("code", "ends"),
    [
        ("import sys; sys.exit(3)", 3),
        ("pass", 0),
        ("raise ValueError('no')", 1),
        ("import os, signal; os.kill(os.getpid(), signal.SIGKILL)", -signal.SIGKILL),
        ("import os, signal; os.kill(os.getpid(), signal.SIGTERM)", -signal.SIGTERM),
        ("import atexit, os; atexit.register(os._exit, 7)", 7),
    ],
)
def test_how_it_ends_is_seen(folder: Path, code: str, ends: int, cold: bool) -> None:
    (folder / "end.py").write_text(code)
    done = forking.run("end", cwd=folder, env=environment(folder), cold=cold)
    assert done.returncode == ends
    assert ("ValueError: no" in done.stderr) == ("ValueError" in code)


@pytest.fixture(params=[False, True])
def reading(request: pytest.FixtureRequest, folder: Path) -> Iterator[forking.Process]:
    """A process that says when it is there, and then waits."""
    (folder / "wait.py").write_text(
        "import signal, sys\nprint('there', flush=True)\nprint('and here', file=sys.stderr)\n"
        "while True: signal.pause()\n"
    )
    process = forking.start("wait", cwd=folder, env=environment(folder), cold=request.param)
    assert process.stdout is not None
    assert process.stdout.readline() == "there\n"
    assert process.stdout.readline() == "and here\n"
    yield process
    process.kill()
    process.wait(20)
    process.stdout.close()


def test_it_is_stopped_and_waited_for_as_any(reading: forking.Process) -> None:
    assert reading.poll() is None
    with pytest.raises(subprocess.TimeoutExpired):
        reading.wait(0.01)
    reading.send_signal(signal.SIGSTOP)
    reading.send_signal(signal.SIGTERM)
    assert reading.poll() is None
    reading.send_signal(signal.SIGCONT)
    assert reading.wait(20) == -signal.SIGTERM
    reading.kill()  # gone already
    assert reading.poll() == -signal.SIGTERM
    assert reading.stdout is not None
    assert reading.stdout.read() == ""  # nobody else holds its output open


def test_one_that_does_not_end_in_its_time_is_killed(folder: Path) -> None:
    (folder / "stay.py").write_text("import signal\nwhile True: signal.pause()\n")
    with pytest.raises(subprocess.TimeoutExpired):
        forking.run("stay", cwd=folder, env=environment(folder), timeout=0.2)


def test_the_project_is_there_before_it_begins_but_what_is_run(folder: Path) -> None:
    (folder / "there.py").write_text("import sys; print(*sys.modules)")
    there = forking.run("there", cwd=folder, env=environment(folder)).stdout.split()
    assert {"router.main", "alembic.command", "guardia.cli.check"} <= set(there)
    assert not {"guardia.cli.main", "tests.delivery.altered", "pytest"} & set(there)


def test_the_project_is_that_of_the_tests(folder: Path) -> None:
    (folder / "whose.py").write_text("import router.main; print(router.main.__file__)")
    whose = forking.run("whose", cwd=folder, env=environment(folder)).stdout
    assert whose == f"{ROOT / 'router' / 'main.py'}\n"


def test_importing_the_project_starts_nothing() -> None:
    """Nothing that a fork would lack, or have from another process."""
    look = (
        "import os, threading; before = os.listdir('/proc/self/fd'); import tests.preloaded;"
        "print(threading.active_count(), os.listdir('/proc/self/fd') == before)"
    )
    done = subprocess.run(
        [sys.executable, "-c", look],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
        timeout=60,
    )
    assert done.stdout == "1 True\n"
