"""Presets among the mutants: each has rules of its own, which its tests and stories judge."""

from pathlib import Path

from generator.presets.model import PresetKind
from generator.write import generate, write_files
from guardia.cli.catalog import load_catalog
from tests.preset_catalog import presets_of
from tests.preset_stories import STORIES
from tools.mutate.mutants import make_mutants
from tools.mutate.presets import with_stories, without_presets, write_catalog
from tools.mutate.suite import Suite, read_suite, untested

BROKER_DOWN = "preset-kafka-broker-down.yml"


def test_each_preset_has_a_rule_file_with_tests_and_its_stories(tmp_path: Path) -> None:
    suite = with_stories(generated(write_catalog(tmp_path), tmp_path / "out"))

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
    suite = with_stories(generated(write_catalog(tmp_path), tmp_path / "out"))

    kept = suite.only_for({BROKER_DOWN})

    assert kept.rules == suite.rules
    assert kept.scenarios
    assert {name for one in kept.scenarios for name in one.rule_files} == {BROKER_DOWN}


def test_what_a_preset_gave_is_left_out_and_what_stands_around_it_is_not(tmp_path: Path) -> None:
    catalog = write_catalog(tmp_path)

    left = operators_of_broker_down(catalog, tmp_path / "out")

    assert {"rule-removed", "severity-next", "label-dropped"} <= left
    assert not {"comparison-turned", "matcher-dropped", "for-doubled", "keep-firing-added"} & left


def test_what_is_written_beside_a_preset_is_the_catalogs_own(tmp_path: Path) -> None:
    catalog = write_catalog(tmp_path)
    file = catalog / "services" / "preset-kafka-broker-down.yaml"
    text = file.read_text("utf-8")
    file.write_text(text.replace("conditions:\n- ", "conditions:\n- for: 3m\n  "), "utf-8")

    left = operators_of_broker_down(catalog, tmp_path / "out")

    assert "for-doubled" in left
    assert not {"comparison-turned", "matcher-dropped"} & left


def operators_of_broker_down(catalog: Path, out: Path) -> set[str]:
    suite = generated(catalog, out)
    left = without_presets(make_mutants(suite.rules), suite, catalog)
    return {one.operator.name for one in left if one.file == BROKER_DOWN}


def generated(catalog: Path, out: Path) -> Suite:
    loaded = load_catalog(catalog)
    assert not loaded.problems
    assert loaded.generator is not None
    out.mkdir()
    write_files(generate(loaded.generator), out)
    return read_suite(out)
