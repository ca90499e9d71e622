"""Rules that repeat those of another SLO in all but selectors and thresholds.

How long windows are, and how long an alert is kept, is decided by a template;
generated tests tell it at length of one SLO for all that are alike.
"""

from collections.abc import Iterator, Mapping, Sequence
from typing import get_args

from generator.catalog.model import Catalog
from generator.naming import GroupPart, slo_group
from generator.promtool.tellers import find_tellers
from tools.mutate.change import Rule
from tools.mutate.expression import COMPARISONS, SET_OPERATORS, Expression
from tools.mutate.lexer import LABEL_LISTS, Kind, Zone
from tools.mutate.mutants import Document, Mutant
from tools.mutate.rule_operators import SEVERITY, kind_of
from tools.mutate.suite import Suite

_KEPT = "keep_firing_for"
_WORDS = LABEL_LISTS | SET_OPERATORS | {"bool", "offset"}

_Place = tuple[str, int, int]  # as a mutant's


def without_repetitions(mutants: Sequence[Mutant], suite: Suite, catalog: Catalog) -> list[Mutant]:
    """Return the mutants but those of times in a rule that is like another one, which proves them.

    What else they change is each SLO's own, and so are the times of a rule
    that differs from the other in more than selectors and thresholds.
    """
    proven = dict(_proven(suite.rules, catalog))

    def repeats(mutant: Mutant) -> bool:
        if mutant.place not in proven or mutant.change.rule is None:
            return False
        rule, like = proven[mutant.place]
        changes_times_only = _without_times(rule) == _without_times(mutant.change.rule)
        return changes_times_only and _shape(rule) == _shape(like)

    return [mutant for mutant in mutants if not repeats(mutant)]


def _proven(
    files: Mapping[str, Document], catalog: Catalog
) -> Iterator[tuple[_Place, tuple[Rule, Rule]]]:
    """Yield each rule of an SLO that does not tell at length, and the same one of who does."""
    groups = dict(_groups(files))
    for name, teller in find_tellers(catalog).items():
        for part in get_args(GroupPart) if name != teller else ():
            told = groups.get(slo_group(*teller, part), {})
            for key, (place, rule) in groups.get(slo_group(*name, part), {}).items():
                if key in told:
                    yield place, (rule, told[key][1])


def _groups(
    files: Mapping[str, Document],
) -> Iterator[tuple[str, dict[tuple[str, str], tuple[_Place, Rule]]]]:
    """Yield each group's rules by name and severity, of which no two of an SLO share both."""
    for file, document in files.items():
        for number, group in enumerate(document["groups"]):
            yield (
                group["name"],
                {
                    (rule[kind_of(rule)], rule["labels"].get(SEVERITY, "")): (
                        (file, number, index),
                        rule,
                    )
                    for index, rule in enumerate(group["rules"])
                    if "labels" in rule
                },
            )


def _without_times(rule: Rule) -> Rule:
    tokens = Expression(str(rule["expr"])).tokens
    left = [token.text for token in tokens if token.kind is not Kind.DURATION]
    return {**{key: value for key, value in rule.items() if key != _KEPT}, "expr": left}


def _shape(rule: Rule) -> tuple[object, ...]:
    """Return what rules of one template share: all but selectors, kept labels and thresholds."""
    return rule.get(_KEPT), tuple(_shape_of(Expression(str(rule["expr"]))))


def _shape_of(expression: Expression) -> Iterator[str]:
    for index, token in enumerate(expression.tokens):
        if token.zone in (Zone.MATCHERS, Zone.LABELS) or token.text in "{}":
            continue
        if token.kind is Kind.NUMBER and expression.word(index - 1) in COMPARISONS:
            yield "threshold"
        elif token.kind is Kind.NAME and _is_series(expression, index):
            yield "series"
        else:
            yield token.word


def _is_series(expression: Expression, index: int) -> bool:
    """Tell whether the name is a raw series': what is recorded says in its name over how long."""
    word, following = expression.word(index), expression.word(index + 1)
    is_called = following in ("(", "by", "without")
    return not is_called and ":" not in word and word not in _WORDS
