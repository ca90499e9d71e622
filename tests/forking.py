"""Processes of `guardia` that begin with all of it imported, which takes most of their time.

In place of `python -m MODULE ARGUMENTS`: Python's own fork server imports tests.preloaded, once in
each process of pytest, and nothing more runs there. What is forked from it has an environment,
a folder, outputs, signals and descriptors of its own, as a process that is started has. It cannot
show that an import is missing, nor the very end of an interpreter: some tests start `cold`.
"""

import atexit
import os
import runpy
import signal
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import chdir
from multiprocessing import get_context
from multiprocessing.connection import Connection
from pathlib import Path
from typing import TextIO

from tests.catalogs import ROOT

_SERVER = get_context("forkserver")
_SERVER.set_forkserver_preload(["tests.forking", "tests.preloaded"])


class Forked:
    """A process, with what tests use of `subprocess.Popen`; its outputs are UTF-8."""

    def __init__(
        self,
        module: str,
        arguments: Sequence[str],
        *,
        cwd: Path,
        env: Mapping[str, str],
        stdout: Connection,
        stderr: Connection,
    ) -> None:
        self._process = _SERVER.Process(
            target=_become,
            args=(module, arguments),
            kwargs={"cwd": cwd, "env": dict(env), "stdout": stdout, "stderr": stderr},
            daemon=True,  # or pytest would wait for it at its end
        )
        with chdir(ROOT):  # from here the server imports this clone, not one that is installed
            self._process.start()
        stdout.close()
        stderr.close()
        assert self._process.pid is not None
        self.pid = self._process.pid
        self.stdout: TextIO | None = None

    def poll(self) -> int | None:
        """Return its exit code, negative for the signal it died of; None while it runs."""
        return self._process.exitcode

    def wait(self, timeout: float) -> int:
        """Return its exit code. Raises TimeoutExpired if it still runs after `timeout` seconds."""
        self._process.join(timeout)
        code = self.poll()
        if code is None:
            raise subprocess.TimeoutExpired(str(self.pid), timeout)
        return code

    def send_signal(self, number: int) -> None:
        if self.poll() is None:
            os.kill(self.pid, number)

    def kill(self) -> None:
        self.send_signal(signal.SIGKILL)


Process = Forked | subprocess.Popen[str]


def start(
    module: str, *arguments: str, cwd: Path, env: Mapping[str, str], cold: bool = False
) -> Process:
    """Start it. What it writes, to stdout or stderr, is read from the `stdout` that it has here."""
    if cold:
        return subprocess.Popen(
            [sys.executable, "-m", module, *arguments],
            cwd=cwd,
            env=dict(env),
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            encoding="utf-8",
        )
    reading, writing = _pipe()
    forked = Forked(module, arguments, cwd=cwd, env=env, stdout=writing, stderr=writing)
    forked.stdout = reading
    return forked


def run(
    module: str,
    *arguments: str,
    cwd: Path,
    env: Mapping[str, str],
    cold: bool = False,
    timeout: float = 60,
) -> subprocess.CompletedProcess[str]:
    """Run it to its end. Raises TimeoutExpired, once it is killed, after `timeout` seconds."""
    if cold:
        return subprocess.run(
            [sys.executable, "-m", module, *arguments],
            cwd=cwd,
            env=dict(env),
            capture_output=True,
            encoding="utf-8",
            check=False,
            timeout=timeout,
        )
    (out, stdout), (err, stderr) = _pipe(), _pipe()
    with out, err, ThreadPoolExecutor(2) as readers:
        forked = Forked(module, arguments, cwd=cwd, env=env, stdout=stdout, stderr=stderr)
        written, complained = readers.submit(out.read), readers.submit(err.read)
        try:
            code = forked.wait(timeout)
        finally:
            forked.kill()
        return subprocess.CompletedProcess(
            [module, *arguments], code, written.result(timeout), complained.result(timeout)
        )


def _pipe() -> tuple[TextIO, Connection]:
    """Return the end that is read here, and the one that another process can be given."""
    reading, writing = _SERVER.Pipe(duplex=False)
    with reading:
        return os.fdopen(os.dup(reading.fileno()), encoding="utf-8"), writing


def _become(
    module: str,
    arguments: Sequence[str],
    *,
    cwd: Path,
    env: Mapping[str, str],
    stdout: Connection,
    stderr: Connection,
) -> None:
    """Run a module as `python -m` does, in a process that has just been forked."""
    import tests.preloaded  # noqa: F401  # here, where the server did not find it

    os.dup2(stdout.fileno(), 1)
    os.dup2(stderr.fileno(), 2)
    stdout.close()
    stderr.close()
    sys.stdout = os.fdopen(1, "w", encoding="utf-8", closefd=False)
    sys.stderr = os.fdopen(2, "w", buffering=1, encoding="utf-8", closefd=False)
    os.closerange(3, os.sysconf("SC_OPEN_MAX"))  # what is left is the server's
    os.environ.clear()
    os.environ.update(env)
    time.tzset()
    os.chdir(cwd)
    sys.argv[1:] = arguments
    try:
        runpy.run_module(module, run_name="__main__", alter_sys=True)
    finally:
        atexit._run_exitfuncs()
