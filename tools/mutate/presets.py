"""A catalog with a service for each preset of a condition, so that its rules are mutated too."""

from collections.abc import Iterator, Sequence, Set
from dataclasses import replace
from pathlib import Path

import yaml

from generator.presets.model import Preset, PresetKind
from generator.presets.read import read_presets
from tests.catalogs import copy_catalog
from tests.preset_catalog import alert_of, examples_of, presets_of, using
from tests.preset_stories import STORIES
from tests.preset_stories.story import promtool_test
from tools.mutate.mutants import Mutant
from tools.mutate.suite import RULES, TESTS, Scenario, Suite

PREFIX = "preset-"
_ALLOW = "# guardia: allow outage-blind: it has conditions only, and no targets\n"
_TEAM = "plataforma"


def write_catalog(folder: Path) -> Path:
    """Write the tests' catalog with these services instead, and return where it is.

    Each has a rule file of its own, so that only a preset's own tests judge it.
    """
    catalog = copy_catalog(folder)
    for file in (catalog / "services").glob("*.yaml"):
        file.unlink()
    for preset in presets_of(PresetKind.CONDITION):
        service = _service(preset)
        text = _ALLOW + yaml.safe_dump(service, sort_keys=False)
        (catalog / "services" / f"{service['service']}.yaml").write_text(text, "utf-8")
    return catalog


def without_presets(mutants: Sequence[Mutant], suite: Suite, catalog: Path) -> list[Mutant]:
    """Return a catalog's mutants but those of PromQL and times that a preset gave.

    A preset's are the same wherever it is used, and are judged with its stories, which a
    catalog's own tests do not have. What stands around them is the catalog's own.
    """
    given = dict(_given_by_presets(catalog))

    def is_given(mutant: Mutant) -> bool:
        rule = suite.rules[mutant.file]["groups"][mutant.group]["rules"][mutant.rule]
        changed = mutant.change.rule
        names = (rule.get("labels", {}).get("service"), rule.get("alert"))
        if changed is None or names not in given:
            return False
        keys = {key for key in {**rule, **changed} if rule.get(key) != changed.get(key)}
        return keys <= given[names]

    return [mutant for mutant in mutants if not is_given(mutant)]


def _given_by_presets(catalog: Path) -> Iterator[tuple[tuple[str, str], Set[str]]]:
    """Yield service, alert and the keys of its rule for each condition that uses a preset."""
    for file in sorted((catalog / "services").rglob("*.yaml")):
        service = yaml.safe_load(file.read_text("utf-8"))
        for condition in service.get("conditions", ()):
            if "use" in condition:
                names = (service["service"], condition["alert"])
                yield names, {"expr", "for", "keep_firing_for"} - condition.keys()


def with_stories(suite: Suite) -> Suite:
    """Return the suite of that catalog with the stories that tests tell of presets, too.

    An example is one state that lasts; stories are what it cannot say.
    """
    return replace(suite, scenarios=(*suite.scenarios, *_stories()))


def _stories() -> Iterator[Scenario]:
    for number, story in enumerate(STORIES.values()):
        preset = read_presets()[story.preset]
        if story.given.items() <= _arguments(preset).items():  # as the rule file has them
            name = f"{_name(preset)}.yml"
            yield Scenario(
                path=f"{TESTS}/story-{number:03}.yml",
                document={
                    "rule_files": [f"../{RULES}/{name}"],
                    "evaluation_interval": "15s",
                    "tests": [promtool_test(story, _alert(preset))],
                },
                rule_files=frozenset({name}),
            )


def _arguments(preset: Preset) -> dict[str, str]:
    """Return the arguments of its first story that gives any, and the examples of the others."""
    given = (one.given for one in STORIES.values() if one.preset == preset.id and one.given)
    return {**examples_of(preset), **next(given, {})}


def _name(preset: Preset) -> str:
    return PREFIX + preset.id.replace("/", "-")


def _alert(preset: Preset) -> str:
    return f"Preset{alert_of(preset)}"


def _service(preset: Preset) -> dict[str, object]:
    return {
        "service": _name(preset),
        "team": _TEAM,
        "description": preset.description,
        "conditions": [{**using(preset), "with": _arguments(preset), "alert": _alert(preset)}],
    }
