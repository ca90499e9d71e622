"""A small rule file and its test, judged by the real promtools, old and new."""

from pathlib import Path

import pytest

from tests.tooling import SET_NAMES, ToolSet, require_tool_set
from tools.mutate.bench import find_invalid
from tools.mutate.judge import Judge, benches
from tools.mutate.mutants import Mutant, make_mutants
from tools.mutate.suite import Suite, SuiteError, read_suite, untested

RULES = """
groups:
- name: demo
  rules:
  - alert: Down
    expr: sum by (job) (up{job="demo"}) == 0
    for: 2m
    labels:
      severity: high
"""
TESTS = """
rule_files: [../rules/demo.yml]
evaluation_interval: 1m
tests:
- name: two minutes down
  interval: 1m
  input_series: [{series: 'up{job="demo"}', values: "0x5"}]
  promql_expr_test:
  - expr: ALERTS{alertstate="firing"}
    eval_time: 1m
    exp_samples: []
  - expr: ALERTS{alertstate="firing"}
    eval_time: 2m
    exp_samples:
    - labels: ALERTS{alertname="Down",alertstate="firing",job="demo",severity="high"}
      value: 1
- name: up
  interval: 1m
  input_series: [{series: 'up{job="demo"}', values: "1x5"}]
  promql_expr_test:
  - expr: ALERTS
    eval_time: 5m
    exp_samples: []
"""


@pytest.fixture(params=SET_NAMES)
def tools(request: pytest.FixtureRequest) -> ToolSet:
    name: str = request.param
    return require_tool_set(name)


def write(folder: Path, *, rules: str = RULES, tests: str = TESTS) -> Path:
    for name, text in (("rules", rules), ("promtool-tests", tests)):
        (folder / name).mkdir()
        (folder / name / "demo.yml").write_text(text, encoding="utf-8")
    return folder


def judge(suite: Suite, mutants: list[Mutant], tools: ToolSet) -> set[str]:
    """Return the survivors, each as `operator: change`."""
    seen: list[int] = []
    with benches(suite, tools.promtool, 2) as places:
        judging = Judge(suite, places)
        judging.time_scenarios()
        survived = judging.find_survivors(mutants, lambda done, *_: seen.append(done))
    assert seen == list(range(1, len(mutants) + 1))
    return {f"{mutants[at].operator.name}: {mutants[at].difference}" for at in survived}


def test_what_no_test_notices_survives_and_nothing_else(tools: ToolSet, tmp_path: Path) -> None:
    suite = read_suite(write(tmp_path))
    whole = 'sum by (job) (up{job="demo"}) == 0'
    assert judge(suite, make_mutants(suite.rules), tools) == {
        "keep-firing-added: (none) → keep_firing_for: 5m",
        f"matcher-dropped: {whole} → sum by (job) (up{{}}) == 0",
        f"aggregation-replaced: {whole} → max{whole.removeprefix('sum')}",
        f"aggregation-replaced: {whole} → avg{whole.removeprefix('sum')}",
    }


def test_the_one_test_that_notices_is_found_among_many(tools: ToolSet, tmp_path: Path) -> None:
    head, noticing, blind = TESTS.partition("- name: two")[0], *TESTS.split("- name: ")[1:]
    many = head + "".join(f"- name: {test}" for test in [blind] * 8 + [noticing])
    suite = read_suite(write(tmp_path, tests=many))
    mutants = [each for each in make_mutants(suite.rules) if each.operator.name == "for-doubled"]
    with benches(suite, tools.promtool, 1) as (bench,):
        killer = bench.find_killer(mutants[0], suite.scenarios)
        assert killer is suite.scenarios[-1]
        assert bench.find_killer(mutants[0], suite.scenarios[:-1]) is None


def test_each_test_of_a_file_becomes_a_scenario_of_its_own(tmp_path: Path) -> None:
    suite = read_suite(write(tmp_path))
    names = [scenario.document["tests"][0]["name"] for scenario in suite.scenarios]
    assert names == ["two minutes down", "up"]
    assert {scenario.rule_files for scenario in suite.scenarios} == {frozenset({"demo.yml"})}


def test_a_rule_that_prometheus_does_not_load_is_not_a_killed_mutant(
    tools: ToolSet, tmp_path: Path
) -> None:
    suite = read_suite(write(tmp_path, rules=RULES.replace('up{job="demo"}', '{job="demo"}')))
    (tmp_path / "checked").mkdir()
    mutants = make_mutants(suite.rules)
    refused = find_invalid(mutants, tmp_path / "checked", tools.promtool)
    assert {mutants[index].operator.name for index in refused} == {
        "matcher-dropped",  # {} selects everything
        "matcher-turned",  # {job!="demo"} as well
    }


def test_tests_that_are_red_already_judge_nothing(tools: ToolSet, tmp_path: Path) -> None:
    suite = read_suite(write(tmp_path, rules=RULES.replace("2m", "3m")))
    with (
        benches(suite, tools.promtool, 1) as places,
        pytest.raises(SuiteError, match="red before any rule is changed"),
    ):
        Judge(suite, places).time_scenarios()


def test_a_test_of_a_missing_rule_file_is_refused(tmp_path: Path) -> None:
    write(tmp_path, tests=TESTS.replace("demo.yml", "dmeo.yml"))
    with pytest.raises(SuiteError, match=r"names the rule file \.\./rules/dmeo\.yml"):
        read_suite(tmp_path)


def test_a_rule_file_without_a_test_is_named(tmp_path: Path) -> None:
    (write(tmp_path) / "rules" / "lonely.yml").write_text(RULES, encoding="utf-8")
    assert untested(read_suite(tmp_path)) == ["lonely.yml"]
