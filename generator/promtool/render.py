"""Stories to the YAML that `promtool test rules` runs."""

from collections.abc import Iterator, Sequence
from typing import Any

from generator.catalog.model import Catalog, Organisation, Service, Slo
from generator.naming import OWN_NAME
from generator.promtool.condition import condition_cases, condition_paces
from generator.promtool.days import pace_of_days, tells_days, uneven_days
from generator.promtool.meta import meta_cases
from generator.promtool.model import Case, Pace, TestFile, merge, pace_of
from generator.promtool.neighbours import shared_places
from generator.promtool.scene import story_label
from generator.promtool.service import TargetStories
from generator.promtool.slo import SloStories
from generator.promtool.tellers import SloName, find_tellers
from generator.promtool.windows import WindowStories, paces
from generator.rules.model import RuleGroup
from generator.rules.render import groups_by_file
from generator.two_processes import map_rendered
from generator.yaml_text import render_yaml
from guardia.duration import format_duration


def render_promtool_tests(catalog: Catalog) -> dict[str, str]:
    """Return test files by path: for each service one a pace, which loads that service's rules.

    Source: Prometheus documentation, "Unit testing for rules". The interval is
    always written (before 2.49 a missing one loads no data), and the groups'
    order too: promtool runs groups in a random order, and ours read each other.
    """
    groups = groups_by_file(catalog)
    tellers = find_tellers(catalog)

    def render_service(service: Service) -> dict[str, str]:
        names = [SloName(service.name, slo.name) for slo in service.slos]
        slos = [slo for slo, name in zip(service.slos, names, strict=True) if tellers[name] == name]
        tests = (
            _production_test(catalog, service, slos),
            *_slow_test(catalog.organisation, service),
            *_window_tests(catalog, service, slos),
            *_days_tests(catalog, service, slos),
        )
        return {
            f"promtool-tests/{service.name}{test.name and '.'}{test.name}.yml": _render(
                service.name, test, groups[service.name]
            )
            for test in tests
        }

    files: dict[str, str] = {}
    for rendered in map_rendered(render_service, catalog.services):
        files |= rendered
    if cases := meta_cases(catalog):
        test = TestFile(name="", pace=pace_of(catalog.organisation), cases=cases)
        files[f"promtool-tests/{OWN_NAME}.yml"] = _render(OWN_NAME, test, groups[OWN_NAME])
    return files


def _render(name: str, test: TestFile, groups: Sequence[RuleGroup]) -> str:
    return render_yaml(
        {
            "rule_files": [f"../rules/{name}.yml"],
            "evaluation_interval": format_duration(test.pace.evaluation),
            "group_eval_order": [group.name for group in groups],
            "tests": [_case(name, case, test.pace) for case in test.cases],
        }
    )


def _production_test(catalog: Catalog, service: Service, told_for: Sequence[Slo]) -> TestFile:
    organisation = catalog.organisation
    places = shared_places(service)
    slos = [SloStories(catalog, service, slo, told_with=places[slo.name]) for slo in service.slos]
    minutes = [
        list(stories.over_minutes(whole=slo in told_for))
        for slo, stories in zip(service.slos, slos, strict=True)
    ]
    targets = TargetStories(catalog, service)
    pace = pace_of(organisation)
    conditions = [
        condition_cases(organisation, service, condition, pace)
        for condition in condition_paces(organisation, service.conditions)[pace]
    ]
    return TestFile(
        name="",
        pace=pace,
        cases=[
            *_together(organisation, [list(slo.at_once()) for slo in slos], "at once"),
            *_together(organisation, [*minutes, list(targets.stories())], "over minutes"),
            *_together(organisation, [list(slo.without_traffic()) for slo in slos], "no traffic"),
            *targets.absences(),
            *(case for cases in conditions for case in cases),
        ],
    )


def _slow_test(organisation: Organisation, service: Service) -> Iterator[TestFile]:
    """Yield the tests of the conditions that look back over hours, and over days, if any do."""
    usual = pace_of(organisation)
    for pace, conditions in condition_paces(organisation, service.conditions).items():
        if pace != usual:
            hours = pace.scrape == usual.scrape
            name = "hours" if hours else f"samples-{format_duration(pace.scrape)}"
            cases = (condition_cases(organisation, service, one, pace) for one in conditions)
            yield TestFile(name=name, pace=pace, cases=[case for some in cases for case in some])


def _window_tests(catalog: Catalog, service: Service, slos: Sequence[Slo]) -> Iterator[TestFile]:
    found = dict.fromkeys(pace for slo in slos for pace in paces(slo))
    for pace in sorted(found, key=lambda one: (one.evaluation, one.scrape)):
        stories = [list(WindowStories(catalog, service, slo, pace).stories()) for slo in slos]
        every = format_duration(pace.evaluation)
        is_only = sum(one.evaluation == pace.evaluation for one in found) == 1
        name = every if is_only else f"{every}-{format_duration(pace.scrape)}"
        cases = _together(catalog.organisation, stories, f"windows, every {every}")
        yield TestFile(name=name, pace=pace, cases=cases)


def _days_tests(catalog: Catalog, service: Service, slos: Sequence[Slo]) -> Iterator[TestFile]:
    """Yield one test for each length of a window; the SLOs with it tell side by side."""
    found: dict[Pace, list[list[Case]]] = {}
    for slo in slos:
        if tells_days(slo):
            found.setdefault(pace_of_days(slo), []).append([uneven_days(catalog, service, slo)])
    for number, (pace, cases) in enumerate(found.items()):
        name = "days" if number == 0 else f"days-{format_duration(pace.evaluation)}"
        together = _together(catalog.organisation, cases, "busy days, quiet nights")
        yield TestFile(name=name, pace=pace, cases=together)


def _together(organisation: Organisation, slos: Sequence[Sequence[Case]], name: str) -> list[Case]:
    """Return few cases that tell all stories; without a place to keep them apart, more."""
    if story_label(organisation) is not None:
        every = [case for stories in slos for case in stories]
        return [merge(name, every)] if every else []
    cases = []
    for apart in _apart(slos):
        told = dict.fromkeys(case.name for stories in apart for case in stories)
        cases += [
            merge(name, (case for stories in apart for case in stories if case.name == name))
            for name in told
        ]
    return cases


def _apart(slos: Sequence[Sequence[Case]]) -> list[list[Sequence[Case]]]:
    """Return the SLOs in groups within which no two have a metric in common."""
    groups: list[tuple[set[str], list[Sequence[Case]]]] = []
    for stories in slos:
        metrics = {text.partition("{")[0] for case in stories for text in case.series}
        for taken, group in groups:
            if not taken & metrics:
                taken.update(metrics)
                group.append(stories)
                break
        else:
            groups.append((metrics, [stories]))
    return [group for _, group in groups]


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
