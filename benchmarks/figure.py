"""One measured figure, with its goal; a list of them as table and as JSON."""

import json
import sys
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path


@dataclass(frozen=True, slots=True, kw_only=True)
class Figure:
    """What was measured. Without a goal it only explains others."""

    name: str
    value: float | None  # None: it could not be measured, and so missed its goal
    unit: str  # "s", "ms", "times", "samples", …
    goal: str | None = None  # "at most 0.3"
    met: bool | None = None
    command: str  # that measures it again


def at_most(name: str, value: float | None, most: float, unit: str, command: str) -> Figure:
    """Return a figure whose goal is to stay at or below `most`."""
    met = value is not None and value <= most
    return Figure(
        name=name, value=value, unit=unit, goal=f"at most {most:g}", met=met, command=command
    )


def at_least(name: str, value: float | None, least: float, unit: str, command: str) -> Figure:
    """Return a figure whose goal is to reach `least`."""
    met = value is not None and value >= least
    return Figure(
        name=name, value=value, unit=unit, goal=f"at least {least:g}", met=met, command=command
    )


def render_table(figures: Sequence[Figure]) -> str:
    """Return one line a figure, missed goals marked."""
    width = max((len(figure.name) for figure in figures), default=0)
    return "".join(
        f"{_mark(figure)} {figure.name:{width}}  {_said(figure)}\n" for figure in figures
    )


def write_results(figures: Iterable[Figure], path: Path) -> None:
    """Write the figures as a JSON list."""
    text = json.dumps([asdict(figure) for figure in figures], indent=2, ensure_ascii=False)
    path.write_text(text + "\n", encoding="utf-8")


def show(figures: Sequence[Figure]) -> int:
    """Print the table and return the exit code: 1 when a goal was missed."""
    sys.stdout.write(render_table(figures))
    return 1 if any(figure.met is False for figure in figures) else 0


def _mark(figure: Figure) -> str:
    return {True: "ok    ", False: "MISSED", None: "      "}[figure.met]


def _said(figure: Figure) -> str:
    value = "not measured" if figure.value is None else f"{figure.value:>10,.4g} {figure.unit}"
    return value if figure.goal is None else f"{value}  (goal: {figure.goal})"
