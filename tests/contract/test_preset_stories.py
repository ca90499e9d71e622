"""The stories of presets, told to promtool, old and new."""

import re
import subprocess
from datetime import timedelta
from pathlib import Path

import pytest
import yaml

from generator.presets.argument import read_argument
from generator.presets.read import read_presets
from generator.presets.render import Setting, render_preset
from tests.preset_stories import STORIES
from tests.preset_stories.story import Story, promtool_test
from tests.tooling import SET_NAMES, ToolSet, require_tool_set

ALERT = "Story"
SETTING = Setting(
    language="en", place={"environment": "prod"}, scrape_interval=timedelta(seconds=15)
)


@pytest.fixture(params=SET_NAMES)
def tools(request: pytest.FixtureRequest) -> ToolSet:
    return require_tool_set(str(request.param))


def family(story: Story) -> str:
    return story.preset.partition("/")[0]


@pytest.mark.parametrize("about", sorted({family(story) for story in STORIES.values()}))
def test_promtool_agrees_with_the_stories(about: str, tools: ToolSet, tmp_path: Path) -> None:
    """In one process, which takes as long to start as a story takes."""
    stories = {name: story for name, story in STORIES.items() if family(story) == about}
    numbered = enumerate(stories.items(), 1)
    files = [write(story, f"{number} {name}", tmp_path) for number, (name, story) in numbered]

    found = subprocess.run(
        [tools.promtool, "test", "rules", *files],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=False,
    )

    assert found.returncode == 0, found.stdout + found.stderr
    assert found.stdout.count("SUCCESS") == len(stories)


def write(story: Story, name: str, to: Path) -> str:
    """Write a story and its rule; return the file's name, by which promtool tells what is red."""
    assert story.true_at or story.empty_at or story.fires_at or story.quiet_at
    stem = re.sub(r"\W+", "-", name)
    rules = {"groups": [{"name": "story", "rules": [rule_of(story)]}]}
    (to / f"{stem}.rules.yml").write_text(yaml.safe_dump(rules), "utf-8")
    test = {
        "rule_files": [f"{stem}.rules.yml"],
        "evaluation_interval": "15s",
        "tests": [promtool_test(story, ALERT)],
    }
    (to / f"{stem}.yml").write_text(yaml.safe_dump(test), "utf-8")
    return f"{stem}.yml"


def rule_of(story: Story) -> dict[str, str]:
    preset = read_presets()[story.preset]
    arguments = {
        name: read_argument(parameter, story.given.get(name, parameter.example))
        for name, parameter in preset.parameters.items()
    }
    assert story.given.keys() <= arguments.keys()
    said = render_preset(preset, arguments, SETTING)
    return {"alert": ALERT, "expr": str(said["expr"]), "for": str(said["for"])}
