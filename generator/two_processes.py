"""The same work for many values: half of it in a second process, where there can be one."""

import marshal
import os
from collections.abc import Callable, Sequence
from typing import NoReturn, TypeVar

_Value = TypeVar("_Value")
_Rendered = TypeVar("_Rendered")  # a text, or texts by path: what marshal carries

FEWEST = 20  # below, starting a process takes longer than it saves


def map_rendered(
    render: Callable[[_Value], _Rendered], values: Sequence[_Value]
) -> list[_Rendered]:
    """Return render(value) for each value, in order: the same as without a second process.

    That one is forked, so it has the values already, and only its results
    come back. It counts for nothing when it fails: its half is then rendered here,
    and whatever was wrong is raised here. Only for processes without threads.
    """
    if len(values) < FEWEST or not hasattr(os, "fork"):
        return [render(value) for value in values]
    half = len(values) // 2
    from_child, to_parent = os.pipe()
    child = os.fork()
    if child == 0:
        os.close(from_child)  # or writing would not end when the parent no longer reads
        _render_and_end(render, values[half:], to_parent)
    os.close(to_parent)
    with os.fdopen(from_child, "rb") as pipe:
        try:
            rendered = [render(value) for value in values[:half]]
            sent = pipe.read()
        finally:
            pipe.close()  # a child that still writes must not wait for ever
            _, status = os.waitpid(child, 0)
    if status:
        return [*rendered, *(render(value) for value in values[half:])]
    return [*rendered, *marshal.loads(sent)]  # noqa: S302  # written by ourselves, a moment ago


def _render_and_end(
    render: Callable[[_Value], _Rendered], values: Sequence[_Value], to_parent: int
) -> NoReturn:
    # Nothing of the parent may run here, such as what it does at its end: hence _exit.
    status = 1
    try:
        with os.fdopen(to_parent, "wb") as pipe:
            marshal.dump([render(value) for value in values], pipe)
        status = 0
    finally:
        os._exit(status)
