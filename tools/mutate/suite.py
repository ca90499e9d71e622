"""Generated rule files and the scenarios that test them, each a promtool file of its own."""

from collections.abc import Iterator, Mapping, Sequence, Set
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import yaml

from generator.yaml_text import render_yaml
from tools.mutate.mutants import Document

RULES, TESTS = "rules", "promtool-tests"


class SuiteError(Exception):
    """Why no mutant can be judged: one sentence for a person."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Scenario:
    """One item of the `tests` of a promtool file, as a file of its own.

    The tests of a file do not see each other, so it may be taken apart, and a
    mutant's run ends at the first red scenario.
    """

    path: str  # below the folder of everything that is generated
    document: Mapping[str, Any]
    rule_files: frozenset[str]  # names below rules/


@dataclass(frozen=True, slots=True, kw_only=True)
class Suite:
    """What is judged: rule files by name, and the scenarios that test them."""

    rules: Mapping[str, Document]
    scenarios: tuple[Scenario, ...]

    def scenarios_of(self, rule_file: str) -> list[Scenario]:
        """Return the scenarios that a change of this rule file can turn red."""
        return [each for each in self.scenarios if rule_file in each.rule_files]

    def only_for(self, rule_files: Set[str]) -> "Suite":
        """Return the suite with only the scenarios that a change of these files can turn red."""
        scenarios = tuple(each for each in self.scenarios if each.rule_files & rule_files)
        return replace(self, scenarios=scenarios)

    def write(self, folder: Path) -> None:
        """Write all rule files and all scenarios below `folder`."""
        (folder / RULES).mkdir()
        (folder / TESTS).mkdir()
        for name, document in self.rules.items():
            (folder / RULES / name).write_text(render_yaml(document), encoding="utf-8")
        for scenario in self.scenarios:
            text = render_yaml(scenario.document)
            (folder / scenario.path).write_text(text, encoding="utf-8")


def read_suite(folder: Path) -> Suite:
    """Read the rules/ and promtool-tests/ of a folder.

    Raises SuiteError where one is empty, or where a test names a rule file
    that is not there: for promtool that is a warning, and all would be green.
    """
    rules = {path.name: _read(path) for path in sorted((folder / RULES).glob("*.yml"))}
    tests = sorted((folder / TESTS).glob("*.yml"))
    if not rules or not tests:
        raise SuiteError(f"there are {len(rules)} rule files and {len(tests)} test files")
    scenarios = tuple(scenario for path in tests for scenario in _take_apart(path, rules))
    return Suite(rules=rules, scenarios=scenarios)


def _take_apart(path: Path, rules: Mapping[str, Document]) -> Iterator[Scenario]:
    document = _read(path)
    rule_files = _rule_files(document, path, rules)
    for number, test in enumerate(document["tests"]):
        yield Scenario(
            path=f"{TESTS}/{path.stem}.{number:04}.yml",
            document={**document, "tests": [test]},
            rule_files=rule_files,
        )


def _rule_files(document: Document, path: Path, rules: Mapping[str, Document]) -> frozenset[str]:
    folder = (path.parent.parent / RULES).resolve()
    named: set[str] = set()
    for pattern in document["rule_files"]:
        found = {each.resolve() for each in path.parent.glob(pattern)}
        names = {each.name for each in found if each.parent == folder and each.name in rules}
        if not names or len(names) < len(found):
            raise SuiteError(f"{path.name} names the rule file {pattern}, which is not in {RULES}/")
        named |= names
    return frozenset(named)


def untested(suite: Suite) -> Sequence[str]:
    """Return the rule files that no test names."""
    return [name for name in suite.rules if not suite.scenarios_of(name)]


def _read(path: Path) -> Document:
    # The safe loader, made of C.
    document: Document = yaml.load(path.read_text(encoding="utf-8"), yaml.CSafeLoader)
    return document
