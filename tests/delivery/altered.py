"""Runs `guardia` as tests need it: ending at an exact point, or by a wall clock that they move.

    python -m tests.delivery.altered serve

Nothing of this is in the router: what `DIES`, `FREEZES`, `SETS` and `CLOCK` in the
environment name is put in place of its own before the command runs. `DIES` is
such as `before router.worker.sender:Sender._begin` or `after module:name`, with
`#2` behind it for the second call; at that point the process ends itself with
SIGKILL. With `FREEZES` it stops until SIGCONT. `SETS` are constants in seconds, such
as `router.store.engine:SILENCE_SECONDS=2`. `CLOCK` is a file with the seconds that the
wall clock is ahead; the worker looks ten times a second, so that it sees at
once when that changes.
"""

import functools
import importlib
import inspect
import json
import os
import signal
import sys
import threading
import time
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from types import SimpleNamespace
from typing import Any

LOOK_SECONDS = 0.1


def main() -> int:
    """Alter what the environment names, then run the command."""
    for variable, number in (("DIES", signal.SIGKILL), ("FREEZES", signal.SIGSTOP)):
        if point := os.environ.pop(variable, ""):
            _signal_at(point, number)
    for setting in os.environ.pop("SETS", "").split():
        place, _, value = setting.partition("=")
        module, _, name = place.partition(":")
        constants = vars(importlib.import_module(module))
        seconds = json.loads(value)
        of_time = isinstance(constants[name], timedelta)
        constants[name] = timedelta(seconds=seconds) if of_time else seconds
    if file := os.environ.pop("CLOCK", ""):
        _move_clock(Path(file))
    from guardia.cli.main import main as run

    return run()


def _signal_at(point: str, number: signal.Signals) -> None:
    when, _, place = point.partition(" ")
    place, _, count = place.partition("#")
    module, _, path = place.partition(":")
    *owners, name = path.split(".")
    owner: Any = importlib.import_module(module)
    for one in owners:
        owner = getattr(owner, one)
    real = getattr(owner, name)
    setattr(owner, name, _signalling(real, number, when=when, left=int(count or 1)))


def _signalling(
    real: Callable[..., Any], number: signal.Signals, *, when: str, left: int
) -> Callable[..., Any]:
    """Return a function that sends itself a signal before or after a call of the real one."""

    def reach(moment: str) -> None:
        nonlocal left
        left -= moment == when
        if moment == when and left == 0:
            # To this thread: sent to the process, it may be a moment late.
            signal.pthread_kill(threading.get_ident(), number)

    @functools.wraps(real)
    def call(*arguments: Any, **named: Any) -> Any:
        reach("before")
        result = real(*arguments, **named)
        reach("after")
        return result

    @functools.wraps(real)
    async def call_and_wait(*arguments: Any, **named: Any) -> Any:
        reach("before")
        result = await real(*arguments, **named)
        reach("after")
        return result

    return call_and_wait if inspect.iscoroutinefunction(real) else call


def _move_clock(file: Path) -> None:
    from router import main as router
    from router.worker import worker

    def wall_seconds() -> float:
        return time.time() + float(file.read_text(encoding="utf-8"))

    moved = SimpleNamespace(time=wall_seconds, monotonic=time.monotonic)
    vars(router)["time"] = moved
    vars(worker)["LONGEST_WAIT_SECONDS"] = LOOK_SECONDS


if __name__ == "__main__":
    sys.exit(main())
