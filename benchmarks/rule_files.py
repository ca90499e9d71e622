"""Rule files as they were generated, and as a benchmark runs them: quicker, each once a round."""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any

import yaml

from guardia.duration import format_duration, parse_duration

# How often Guardia's fast rules run; Sloth leaves it to Prometheus' own setting, which we
# set to the same.
ROUND = timedelta(seconds=30)
_RANGE = re.compile(r"([a-zA-Z_:][\w:]*)\{[^{}]*\}\[(\w+)\]")


@dataclass(frozen=True, slots=True, kw_only=True)
class Rules:
    """One tool's generated rules, in the order of its files."""

    tool: str
    groups: tuple[dict[str, Any], ...]

    def expressions(self) -> Iterator[tuple[str, timedelta]]:
        """Yield each rule's expression and how often it runs."""
        for group in self.groups:
            for rule in group["rules"]:
                yield rule["expr"], _interval(group)

    def recorded(self) -> Iterator[tuple[dict[str, Any], timedelta]]:
        """Yield each recording rule and how often it runs."""
        for group in self.groups:
            for rule in group["rules"]:
                if "record" in rule:
                    yield rule, _interval(group)

    def longest_range(self, series: str) -> timedelta:
        """Return the longest range over which any rule reads a series; nothing when none does."""
        ranges = (
            parse_duration(length)
            for expression, _ in self.expressions()
            for name, length in _RANGE.findall(expression)
            if name == series
        )
        return max(ranges, default=timedelta())

    def quicker(self, round_: timedelta) -> str:
        """Return one rule file in which ROUND lasts `round_`, and all intervals shrink alike."""
        shrunk = [
            {**group, "interval": format_duration(_interval(group) * (round_ / ROUND))}
            for group in self.groups
        ]
        return yaml.safe_dump({"groups": shrunk}, sort_keys=False)


def read_rules(tool: str, files: Sequence[Path]) -> Rules:
    """Read the rule files that `tool` generated."""
    documents = [yaml.safe_load(file.read_text(encoding="utf-8")) for file in sorted(files)]
    groups = tuple(group for document in documents for group in document["groups"])
    return Rules(tool=tool, groups=groups)


def _interval(group: dict[str, Any]) -> timedelta:
    return parse_duration(group["interval"]) if "interval" in group else ROUND
