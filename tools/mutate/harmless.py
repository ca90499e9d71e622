"""Survivors that were looked at and mean nothing, each with its reason."""

import re
from collections.abc import Sequence
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any

import yaml

from tools.mutate.mutants import Mutant
from tools.mutate.suite import SuiteError

DECLARED = Path(__file__).parent / "harmless.yaml"
DECLARED_OF_PRESETS = DECLARED.with_name("harmless-presets.yaml")  # beside those of all rules


@dataclass(frozen=True, slots=True, kw_only=True)
class Harmless:
    """Which survivors are harmless, as regular expressions, and why."""

    operator: str  # matches the whole name
    rule: str  # found somewhere in the title, `casos/conditions: DatabaseDown (critical)`
    change: str  # found somewhere in `before → after`
    reason: str

    def covers(self, mutant: Mutant) -> bool:
        """Tell whether this entry gives the reason for that survivor."""
        return bool(
            re.fullmatch(self.operator, mutant.operator.name)
            and re.search(self.rule, mutant.title)
            and re.search(self.change, mutant.difference)
        )

    def __str__(self) -> str:
        return f"{self.operator} | {self.rule} | {self.change}"


def read_harmless(text: str) -> list[Harmless]:
    """Return the entries of harmless.yaml.

    Raises SuiteError for what is no list in YAML, and for an entry without
    exactly the four keys, with an empty reason or with an invalid pattern.
    """
    try:
        items = yaml.safe_load(text) or []
    except yaml.YAMLError as error:
        raise SuiteError(f"harmless.yaml: {' '.join(str(error).split())}") from None
    if not isinstance(items, list):
        raise SuiteError("harmless.yaml: give a list")
    return [_entry(number, item) for number, item in enumerate(items, start=1)]


def _entry(number: int, item: Any) -> Harmless:
    keys = [field.name for field in fields(Harmless)]
    if not isinstance(item, dict) or sorted(item) != sorted(keys):
        raise SuiteError(f"harmless.yaml, entry {number}: give {', '.join(keys)}, and nothing else")
    if not all(isinstance(value, str) and value.strip() for value in item.values()):
        raise SuiteError(f"harmless.yaml, entry {number}: each value is a text, and none is empty")
    for key in ("operator", "rule", "change"):
        try:
            re.compile(item[key])
        except re.error as error:
            raise SuiteError(f"harmless.yaml, entry {number}: {key}: {error}") from None
    return Harmless(**item)


def find_reason(mutant: Mutant, entries: Sequence[Harmless]) -> str | None:
    """Return why the survivor is harmless, or None where nobody said so."""
    return next((entry.reason for entry in entries if entry.covers(mutant)), None)


def find_stale(entries: Sequence[Harmless], survivors: Sequence[Mutant]) -> list[Harmless]:
    """Return the entries that cover no survivor: what they excuse is noticed now, or gone."""
    return [entry for entry in entries if not any(map(entry.covers, survivors))]
