"""Stories to the YAML that `promtool test rules` runs."""

from collections.abc import Iterator, Sequence
from typing import Any

from generator.catalog.model import Catalog, Service
from generator.promtool.condition import condition_cases
from generator.promtool.model import Case, Pace, merge, pace_of
from generator.promtool.service import TargetStories
from generator.promtool.slo import SloStories
from generator.rules.render import service_groups
from generator.yaml_text import render_yaml
from guardia.duration import format_duration


def render_promtool_tests(catalog: Catalog) -> dict[str, str]:
    """Return one test file a service, by path; each loads that service's rules.

    Source: Prometheus documentation, "Unit testing for rules". The interval is
    always written (before 2.49 a missing one loads no data), and the groups'
    order too: promtool runs groups in a random order, and ours read each other.
    """
    return {
        f"promtool-tests/{service.name}.yml": render_yaml(_test_file(catalog, service))
        for service in catalog.services
    }


def _test_file(catalog: Catalog, service: Service) -> dict[str, Any]:
    pace = pace_of(catalog.organisation)
    return {
        "rule_files": [f"../rules/{service.name}.yml"],
        "evaluation_interval": format_duration(pace.evaluation),
        "group_eval_order": [group.name for group in service_groups(catalog, service)],
        "tests": [_case(service, case, pace) for case in _cases(catalog, service)],
    }


def _cases(catalog: Catalog, service: Service) -> Iterator[Case]:
    slos = [SloStories(catalog, service, slo) for slo in service.slos]
    for together in _apart(slos):
        for same_story in zip(*(slo.stories() for slo in together), strict=True):
            yield merge(same_story[0].name, same_story)
    yield from TargetStories(catalog, service).stories()
    for condition in service.conditions:
        yield from condition_cases(catalog.organisation, service, condition)


def _apart(slos: Sequence[SloStories]) -> list[list[SloStories]]:
    """Return the SLOs in groups within which none counts another one's series."""
    groups: list[list[SloStories]] = []
    for slo in slos:
        for group in groups:
            if not any(slo.feeds(other) or other.feeds(slo) for other in group):
                group.append(slo)
                break
        else:
            groups.append([slo])
    return groups


def _case(service: Service, case: Case, pace: Pace) -> dict[str, Any]:
    return {
        "name": f"{service.name}: {case.name}",
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
