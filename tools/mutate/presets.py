"""A catalog with a service for each preset of a condition, so that its rules are mutated too."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import yaml

from generator.presets.model import Preset, PresetKind
from generator.presets.read import read_presets
from tests.catalogs import copy_catalog
from tests.contract.test_preset_stories import STORIES, Story
from tests.preset_catalog import alert_of, examples_of, presets_of, using
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
                    "tests": [_test(story, f'count(ALERTS{{alertname="{_alert(preset)}"}})')],
                },
                rule_files=frozenset({name}),
            )


def _test(story: Story, asked: str) -> dict[str, object]:
    """Return a promtool test of a rule: pending or firing when the story says that it is true."""
    wanted = {**dict.fromkeys(story.true_at, True), **dict.fromkeys(story.empty_at, False)}
    return {
        "interval": "15s",
        "input_series": [{"series": one, "values": all_} for one, all_ in story.series.items()],
        "promql_expr_test": [
            {
                "expr": f"clamp_max({asked}, 1)",
                "eval_time": at,
                "exp_samples": [{"labels": "{}", "value": 1}] if is_true else [],
            }
            for at, is_true in wanted.items()
        ],
    }


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
