"""Each rule file stands by itself: what its rules read of what rules record, it records."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from promql_parser import VectorSelector

from generator.catalog.model import Catalog
from generator.promql.check import matchers_of
from generator.promql.finding import read_expression
from generator.promql.tree import walk
from generator.rules.model import AlertingRule, RecordingRule, RuleGroup
from generator.rules.render import groups_by_file
from guardia.starter import starter_files
from tests.catalogs import CATALOG, OWN_CATALOG, read_whole

Series = tuple[str, str | None, str | None]  # name, and the values of service and slo


@pytest.fixture(params=["frozen", "the project's own", "a new one"])
def catalog(request: pytest.FixtureRequest, tmp_path: Path) -> Catalog:
    if request.param != "a new one":
        return read_whole(CATALOG if request.param == "frozen" else OWN_CATALOG)
    for name, text in starter_files("Example", "en").items():
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    return read_whole(tmp_path)


def recorded(groups: tuple[RuleGroup, ...]) -> set[Series]:
    return {
        (rule.record, rule.labels.get("service"), rule.labels.get("slo"))
        for group in groups
        for rule in group.rules
        if isinstance(rule, RecordingRule)
    }


def read(rule: RecordingRule | AlertingRule) -> Iterator[Series]:
    """Yield what a rule reads that only rules record: those names alone have a colon."""
    for part in walk(read_expression(rule.expression).top):
        if isinstance(part, VectorSelector) and ":" in (part.name or ""):
            equal = {one.name: one.value for one in matchers_of(part) if one.operator == "="}
            yield part.name or "", equal.get("service"), equal.get("slo")


def test_no_rule_reads_what_another_file_records(catalog: Catalog) -> None:
    found = 0
    for service in catalog.services:
        for file, groups in groups_by_file(catalog, service).items():
            rules = [rule for group in groups for rule in group.rules]
            wanted = {series for rule in rules for series in read(rule)}
            assert wanted <= recorded(groups), file
            found += len(wanted)
    assert found
