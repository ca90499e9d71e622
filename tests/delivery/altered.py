"""Runs `guardia` as tests need it: dying at an exact point, or by a wall clock that they move.

    python -m tests.delivery.altered serve

Nothing of this is in the router: what `DIES` and `CLOCK` in the environment
name is put in place of its own before the command runs. `DIES` is such as
`before router.worker.sender:Sender._begin` or `after module:name`, with `#2`
behind it for the second call. `CLOCK` is a file with the seconds that the
wall clock is ahead; the worker looks ten times a second, so that it sees at
once when that changes.
"""

import functools
import importlib
import inspect
import os
import signal
import sys
import time
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any

LOOK_SECONDS = 0.1


def main() -> int:
    """Alter what the environment names, then run the command."""
    if point := os.environ.pop("DIES", ""):
        _die_at(point)
    if file := os.environ.pop("CLOCK", ""):
        _move_clock(Path(file))
    from guardia.cli.main import main as run

    return run()


def _die_at(point: str) -> None:
    when, _, place = point.partition(" ")
    place, _, count = place.partition("#")
    module, _, path = place.partition(":")
    *owners, name = path.split(".")
    owner: Any = importlib.import_module(module)
    for one in owners:
        owner = getattr(owner, one)
    setattr(owner, name, _dying(getattr(owner, name), when=when, left=int(count or 1)))


def _dying(real: Callable[..., Any], *, when: str, left: int) -> Callable[..., Any]:
    """Return a function that ends the process before or after a call of the real one."""

    def die_at(moment: str) -> None:
        nonlocal left
        left -= moment == when
        if moment == when and left == 0:
            os.kill(os.getpid(), signal.SIGKILL)

    @functools.wraps(real)
    def call(*arguments: Any, **named: Any) -> Any:
        die_at("before")
        result = real(*arguments, **named)
        die_at("after")
        return result

    @functools.wraps(real)
    async def call_and_wait(*arguments: Any, **named: Any) -> Any:
        die_at("before")
        result = await real(*arguments, **named)
        die_at("after")
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
