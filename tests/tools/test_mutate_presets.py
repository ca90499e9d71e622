"""Presets among the mutants: each has rules of its own, which its tests and stories judge."""

from pathlib import Path

from generator.presets.model import PresetKind
from generator.write import generate, write_files
from guardia.cli.catalog import load_catalog
from tests.contract.test_preset_stories import STORIES
from tests.preset_catalog import presets_of
from tools.mutate.presets import with_stories, write_catalog
from tools.mutate.suite import read_suite, untested


def test_each_preset_has_a_rule_file_with_tests_and_its_stories(tmp_path: Path) -> None:
    loaded = load_catalog(write_catalog(tmp_path))
    assert not loaded.problems
    assert loaded.generator is not None
    out = tmp_path / "out"
    out.mkdir()
    write_files(generate(loaded.generator), out)

    suite = with_stories(read_suite(out))

    names = {
        f"preset-{preset.id.replace('/', '-')}.yml" for preset in presets_of(PresetKind.CONDITION)
    }
    assert names <= suite.rules.keys()
    assert not set(untested(suite)) & names
    told = {story.preset for story in STORIES.values()}
    by_stories = {
        name for one in suite.scenarios if "story-" in one.path for name in one.rule_files
    }
    assert by_stories == {f"preset-{preset.replace('/', '-')}.yml" for preset in told}


def test_only_scenarios_that_a_change_can_turn_red_are_kept(tmp_path: Path) -> None:
    loaded = load_catalog(write_catalog(tmp_path))
    assert loaded.generator is not None
    out = tmp_path / "out"
    out.mkdir()
    write_files(generate(loaded.generator), out)
    suite = with_stories(read_suite(out))

    kept = suite.only_for({"preset-kafka-broker-down.yml"})

    assert kept.rules == suite.rules
    assert kept.scenarios
    assert {name for one in kept.scenarios for name in one.rule_files} == {
        "preset-kafka-broker-down.yml"
    }
