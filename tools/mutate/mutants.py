"""All mutants of a set of rule files."""

import hashlib
import json
import random
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from tools.mutate.change import Change, Rule
from tools.mutate.operators import OPERATORS, Operator
from tools.mutate.rule_operators import SEVERITY, kind_of

Document = Mapping[str, Any]  # a rule file as it is read


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Mutant:
    """One rule of one file, changed by one operator."""

    operator: Operator
    file: str  # its name below rules/
    group: int
    rule: int  # index in its group
    title: str  # for people: `casos/conditions: DatabaseDown (critical)`
    change: Change

    @property
    def place(self) -> tuple[str, int, int]:
        """Return what all mutants of one rule share."""
        return self.file, self.group, self.rule

    @property
    def difference(self) -> str:
        """Return the change in one line."""
        return f"{self.change.before} → {self.change.after}"


def make_mutants(files: Mapping[str, Document]) -> list[Mutant]:
    """Return every mutant of every rule, in the files' order; none twice, none like the original.

    Raises ValueError for an expression that cannot be cut into tokens.
    """
    return [
        mutant
        for name, document in files.items()
        for group, content in enumerate(document["groups"])
        for index, rule in enumerate(content["rules"])
        for mutant in _of_rule(rule, name, group, index, str(content["name"]))
    ]


def _of_rule(rule: Rule, file: str, group: int, index: int, group_name: str) -> Iterator[Mutant]:
    seen = {_fingerprint(rule)}
    for operator in OPERATORS:
        for change in operator.mutate(rule):
            fingerprint = _fingerprint(change.rule)
            if fingerprint not in seen:
                seen.add(fingerprint)
                yield Mutant(
                    operator=operator,
                    file=file,
                    group=group,
                    rule=index,
                    title=_title(rule, group_name),
                    change=change,
                )


def mutated(document: Document, mutant: Mutant) -> Document:
    """Return the rule file with the mutant in its rule's place. A group may be left empty."""
    groups = list(document["groups"])
    rules = list(groups[mutant.group]["rules"])
    rules[mutant.rule : mutant.rule + 1] = (
        [] if mutant.change.rule is None else [mutant.change.rule]
    )
    groups[mutant.group] = {**groups[mutant.group], "rules": rules}
    return {**document, "groups": groups}


def draw_sample(mutants: Sequence[Mutant], size: int, seed: int) -> list[Mutant]:
    """Return `size` of the mutants in their order, the same ones for the same seed."""
    if size >= len(mutants):
        return list(mutants)
    # Chance for a sample of work, not for a secret.
    chosen = random.Random(seed).sample(range(len(mutants)), size)  # noqa: S311
    return [mutants[index] for index in sorted(chosen)]


def _title(rule: Rule, group_name: str) -> str:
    severity = (rule.get("labels") or {}).get(SEVERITY)
    return f"{group_name}: {rule[kind_of(rule)]}" + (f" ({severity})" if severity else "")


def _fingerprint(rule: Rule | None) -> bytes:
    return hashlib.sha256(json.dumps(rule, sort_keys=True).encode()).digest()
