"""Alerts that others run, as our dashboards would show them."""

from pathlib import Path

import promql_parser

from generator.promql.check import check_expression
from generator.promql.selecting import select_everywhere
from generator.promql.shown import as_shown, set_rate_interval, watched
from tests.corpus.test_promql_lint import rules

HERE = 'environment="$environment"'


def test_alerts_of_others_are_split_and_held_to_a_place_without_loss(corpus: Path) -> None:
    alerts = [str(rule["expr"]) for _, rule in rules(corpus / "rules") if "alert" in rule]
    alerts = [text for text in dict.fromkeys(alerts) if check_expression(text) is None]
    split = placed = 0
    for text in alerts:
        found = watched(text)
        for part in (found.value, found.limit):
            if part is not None:
                promql_parser.parse(set_rate_interval(as_shown(part)[0]))
        split += found.sign is not None
        try:
            edited = select_everywhere(text, HERE)
        except ValueError:
            continue
        placed += 1
        promql_parser.parse(edited)
        assert edited.replace(f"{HERE},", "").replace(f"{{{HERE}}}", "").replace(
            "{}", ""
        ) == text.replace("{}", "")
    # The others compare nothing at their top, or two things; three name no metric.
    assert (len(alerts), split, placed) == (616, 539, 613)
