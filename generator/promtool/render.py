"""Stories to the YAML that `promtool test rules` runs."""

from collections.abc import Iterable, Iterator, Sequence
from typing import Any

from generator.catalog.model import Catalog, Organisation, Service, Slo
from generator.naming import OWN_NAME, slo_file
from generator.promtool.condition import condition_cases, condition_paces
from generator.promtool.days import pace_of_days, tells_days, uneven_days
from generator.promtool.meta import meta_cases
from generator.promtool.model import Case, Pace, TestFile, merge, pace_of
from generator.promtool.scene import story_label
from generator.promtool.service import TargetStories
from generator.promtool.side_by_side import side_by_side
from generator.promtool.slo import SloStories
from generator.promtool.tellers import SloName, find_tellers
from generator.promtool.windows import WindowStories, paces
from generator.rules.meta import meta_groups
from generator.rules.model import RuleGroup
from generator.rules.render import groups_by_file
from generator.two_processes import map_rendered
from generator.yaml_text import render_yaml
from guardia.duration import format_duration


def render_promtool_tests(catalog: Catalog) -> dict[str, str]:
    """Return test files by path: for each rule file one a pace, which loads that file alone.

    Source: Prometheus documentation, "Unit testing for rules". The interval is
    always written (before 2.49 a missing one loads no data), and the groups'
    order too: promtool runs groups in a random order, and ours read each other.
    """
    tellers = find_tellers(catalog)

    def render_service(service: Service) -> dict[str, str]:
        groups = groups_by_file(catalog, service)
        files: dict[str, str] = {}
        for slo in service.slos:
            name = SloName(service.name, slo.name)
            file = slo_file(*name)
            tests = _slo_tests(catalog, service, slo, whole=tellers[name] == name)
            files |= _render(file, tests, groups[file], apart=".")
        if service.name in groups:
            tests = _service_tests(catalog, service)
            files |= _render(service.name, tests, groups[service.name], apart="_")
        return files

    files: dict[str, str] = {}
    for rendered in map_rendered(render_service, catalog.services):
        files |= rendered
    if cases := meta_cases(catalog):
        test = TestFile(name="", pace=pace_of(catalog.organisation), cases=cases)
        files |= _render(OWN_NAME, [test], meta_groups(catalog), apart="_")
    return files


def _render(
    rules: str, tests: Iterable[TestFile], groups: Sequence[RuleGroup], *, apart: str
) -> dict[str, str]:
    """Return the tests of a rule file by path; `apart` stands before a test's name.

    No SLO has an underscore in its name, so none is taken for a test of the service.
    """
    return {
        f"promtool-tests/{rules}{test.name and apart}{test.name}.yml": render_yaml(
            {
                "rule_files": [f"../rules/{rules}.yml"],
                "evaluation_interval": format_duration(test.pace.evaluation),
                "group_eval_order": [group.name for group in groups],
                "tests": [_case(rules, case, test.pace) for case in test.cases],
            }
        )
        for test in tests
        if test.cases
    }


def _slo_tests(catalog: Catalog, service: Service, slo: Slo, *, whole: bool) -> Iterator[TestFile]:
    """Yield the tests of one SLO; `whole`: also what is the same for every SLO like it."""
    organisation = catalog.organisation
    stories = SloStories(catalog, service, slo)
    yield TestFile(
        name="",
        pace=pace_of(organisation),
        cases=[
            *_together(organisation, stories.at_once(), "at once"),
            *_together(organisation, stories.over_minutes(whole=whole), "over minutes"),
            *_together(organisation, stories.without_traffic(), "no traffic"),
        ],
    )
    if not whole:
        return
    for pace in paces(slo):
        every = format_duration(pace.evaluation)
        windows = WindowStories(catalog, service, slo, pace).stories()
        cases = _together(organisation, windows, f"windows, every {every}")
        yield TestFile(name=every, pace=pace, cases=cases)
    if tells_days(slo):
        days = uneven_days(catalog, service, slo)
        yield TestFile(name="days", pace=pace_of_days(slo), cases=[days])


def _service_tests(catalog: Catalog, service: Service) -> Iterator[TestFile]:
    """Yield the tests of a service's targets and conditions.

    Conditions that look back over hours, and over days, have tests of their own.
    """
    organisation = catalog.organisation
    targets = TargetStories(catalog, service)
    usual = pace_of(organisation)
    for pace, conditions in condition_paces(organisation, service.conditions).items():
        cases = side_by_side(
            (one, condition_cases(organisation, service, one, pace)) for one in conditions
        )
        if pace == usual:
            of_targets = _together(organisation, targets.stories(), "over minutes")
            yield TestFile(name="", pace=pace, cases=[*of_targets, *targets.absences(), *cases])
        else:
            hours = pace.scrape == usual.scrape
            name = "hours" if hours else f"samples-{format_duration(pace.scrape)}"
            yield TestFile(name=name, pace=pace, cases=cases)


def _together(organisation: Organisation, stories: Iterable[Case], name: str) -> list[Case]:
    """Return one case that tells all stories; without a place to keep them apart, each."""
    cases = list(stories)
    if story_label(organisation) is None:
        return cases
    return [merge(name, cases)] if cases else []


def _case(name: str, case: Case, pace: Pace) -> dict[str, Any]:
    return {
        "name": f"{name}: {case.name}",
        "interval": format_duration(pace.scrape),
        "input_series": [
            {"series": name, "values": values} for name, values in case.series.items()
        ],
        "promql_expr_test": [
            {
                "expr": expectation.expression,
                "eval_time": format_duration(expectation.at),
                "exp_samples": [
                    {"labels": labels, "value": value} for labels, value in expectation.samples
                ],
            }
            for expectation in case.expectations
        ],
    }
