"""Programs of the demo: started with a log each, stopped in reverse order whatever happens."""

import os
import signal
import subprocess
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import ExitStack
from pathlib import Path

from tests.servers import held_port

START_SECONDS = 30
STOP_SECONDS = 10
_HELD = ExitStack()  # for as long as this process lives


class StartError(Exception):
    """A program did not start; the message has the end of its log."""


class Processes:
    """Everything the demo started."""

    def __init__(self, logs: Path) -> None:
        self._logs = logs
        self._running: list[tuple[str, subprocess.Popen[bytes]]] = []

    def start(
        self,
        name: str,
        command: Sequence[str | Path],
        *,
        cwd: Path,
        environment: Mapping[str, str] | None = None,
    ) -> Path:
        """Start a program in a session of its own and return its log.

        Of its own, so that Ctrl-C reaches only the demo, which then stops all
        in order.
        """
        log = self._logs / f"{name}.log"
        with log.open("wb") as output:
            process = subprocess.Popen(
                [str(part) for part in command],
                cwd=cwd,
                env={**os.environ, **(environment or {})},
                stdout=output,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )
        self._running.append((name, process))
        return log

    def wait_until(self, name: str, is_ready: Callable[[], bool]) -> None:
        """Wait until the named program is ready. Raises StartError when it ends or takes long."""
        process = dict(self._running)[name]
        deadline = time.monotonic() + START_SECONDS
        while not is_ready():
            if process.poll() is not None or time.monotonic() > deadline:
                raise StartError(f"{name} did not start:\n{self._end_of_log(name)}")
            time.sleep(0.1)

    def ended(self) -> str | None:
        """Return a sentence about a program that ended by itself, or None."""
        for name, process in self._running:
            if process.poll() is not None:
                return f"{name} ended with code {process.returncode}:\n{self._end_of_log(name)}"
        return None

    def stop(self) -> None:
        """Stop what runs, last started first; what does not listen is killed.

        Not to be interrupted: a second Ctrl-C would leave programs running.
        """
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            signal.signal(number, signal.SIG_IGN)
        while self._running:
            _, process = self._running.pop()
            if process.poll() is None:
                process.send_signal(signal.SIGTERM)
            try:
                process.wait(STOP_SECONDS)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()

    def _end_of_log(self, name: str) -> str:
        text = (self._logs / f"{name}.log").read_text(encoding="utf-8", errors="replace")
        return "\n".join(f"  {line}" for line in text.splitlines()[-12:]) or "  (nothing logged)"


def free_port() -> int:
    """Return a port of 127.0.0.1 for a server that is told its port; nobody else gets it."""
    return _HELD.enter_context(held_port())
