"""Stories to the YAML that `promtool test rules` runs."""

from datetime import timedelta
from typing import Any

from generator.catalog.model import Catalog, Service
from generator.promtool.condition import condition_cases
from generator.promtool.model import Case
from generator.promtool.slo import SloCases, test_interval
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
        if service.slos or service.conditions
    }


def _test_file(catalog: Catalog, service: Service) -> dict[str, Any]:
    interval = _interval(catalog, service)
    of_slos = [
        _case(case, cases.interval)
        for slo in service.slos
        for cases in [SloCases(catalog, service, slo)]
        for case in cases.cases()
    ]
    of_conditions = [
        _case(case, interval)
        for condition in service.conditions
        for case in condition_cases(service, condition, interval)
    ]
    return {
        "rule_files": [f"../rules/{service.name}.yml"],
        "evaluation_interval": format_duration(interval),
        "group_eval_order": [group.name for group in service_groups(catalog, service)],
        "tests": [*of_slos, *of_conditions],
    }


def _interval(catalog: Catalog, service: Service) -> timedelta:
    """Return the evaluation interval of a file: that of its most demanding SLO."""
    return min(
        (test_interval(slo) for slo in service.slos), default=catalog.organisation.intervals.fast
    )


def _case(case: Case, interval: timedelta) -> dict[str, Any]:
    return {
        "name": case.name,
        "interval": format_duration(interval),
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
