"""The stories of presets, told to promtool, old and new."""

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


@pytest.mark.parametrize("name", STORIES)
def test_promtool_agrees_with_the_story(name: str, tools: ToolSet, tmp_path: Path) -> None:
    story = STORIES[name]
    assert story.true_at or story.empty_at or story.fires_at or story.quiet_at
    rules = {"groups": [{"name": "story", "rules": [rule_of(story)]}]}
    (tmp_path / "rules.yml").write_text(yaml.safe_dump(rules), "utf-8")
    test = {
        "rule_files": ["rules.yml"],
        "evaluation_interval": "15s",
        "tests": [promtool_test(story, ALERT)],
    }
    (tmp_path / "story.yml").write_text(yaml.safe_dump(test), "utf-8")

    found = subprocess.run(
        [tools.promtool, "test", "rules", "story.yml"],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=False,
    )

    assert found.returncode == 0, found.stdout + found.stderr


def rule_of(story: Story) -> dict[str, str]:
    preset = read_presets()[story.preset]
    arguments = {
        name: read_argument(parameter, story.given.get(name, parameter.example))
        for name, parameter in preset.parameters.items()
    }
    assert story.given.keys() <= arguments.keys()
    said = render_preset(preset, arguments, SETTING)
    return {"alert": ALERT, "expr": str(said["expr"]), "for": str(said["for"])}
