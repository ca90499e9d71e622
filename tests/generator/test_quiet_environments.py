"""Past the router, nobody is told more than the router would have told."""

from pathlib import Path

import pytest

from generator.rules.meta import meta_groups
from tests.alertmanager_catalog import copy_full_catalog
from tests.catalogs import read_whole

ONLY_MESSAGES = """\
  - name: not-production
    match: ['environment=~"dev|qa|staging"']
    channels: [slack: "#operaciones-info"]
"""


def critical_alerts_told(folder: Path) -> str:
    """Return the selector of the alerts that are told past the router."""
    (rule,) = [
        rule
        for rule in meta_groups(read_whole(folder))[0].rules
        if getattr(rule, "alert", "") == "CriticalAlertNotRouted"
    ]
    return rule.expression.partition("ALERTS{")[2].partition("}")[0]


def with_routes(folder: Path, old: str, new: str) -> Path:
    file = folder / "oncall" / "plataforma.yaml"
    text = file.read_text(encoding="utf-8")
    assert text.count(old) == 1
    file.write_text(text.replace(old, new), encoding="utf-8")
    return folder


@pytest.mark.parametrize(
    ("routes", "left_out"),
    [
        (ONLY_MESSAGES, ',environment!~"dev|qa|staging"'),
        # What a route asks beside the place may be so: then the next route decides.
        (ONLY_MESSAGES.replace("']", """', 'team="plataforma"']"""), ""),
        (
            ONLY_MESSAGES.replace("']", """', 'severity!="low"']"""),
            ',environment!~"dev|qa|staging"',
        ),
        (ONLY_MESSAGES.replace("']", """', 'severity="low"']"""), ""),
        (ONLY_MESSAGES.replace("dev|qa|staging", "dev"), ',environment!~"dev"'),
        (ONLY_MESSAGES + "    policy: plataforma\n", ""),
        (ONLY_MESSAGES + "    continue: true\n", ""),
        (ONLY_MESSAGES + "    escalated_by: {pagerduty: team}\n", ""),
        ("", ""),
    ],
)
def test_environments_that_only_get_messages_are_left_out_by_name(
    tmp_path: Path, routes: str, left_out: str
) -> None:
    folder = with_routes(copy_full_catalog(tmp_path), ONLY_MESSAGES, routes)

    told = critical_alerts_told(folder)

    assert told == f'alertstate="firing",severity="critical",bypass!="true"{left_out}'


def test_a_policy_that_some_alerts_of_an_environment_reach_keeps_it_told(tmp_path: Path) -> None:
    earlier = """\
  - name: rehearsal
    match: ['environment="staging"', 'team="plataforma"']
    policy: plataforma
"""
    folder = with_routes(copy_full_catalog(tmp_path), ONLY_MESSAGES, earlier + ONLY_MESSAGES)

    assert critical_alerts_told(folder).endswith('environment!~"dev|qa"')


def test_labels_that_only_alertmanager_sees_leave_nothing_out(tmp_path: Path) -> None:
    folder = copy_full_catalog(tmp_path)
    file = folder / "catalog.yaml"
    text = file.read_text(encoding="utf-8")
    file.write_text(
        text.replace(
            "names: [dev, qa, staging, prod]", "names: [dev, qa, staging, prod]\n  on: prometheus"
        ),
        encoding="utf-8",
    )

    assert critical_alerts_told(folder).endswith('bypass!="true"')
