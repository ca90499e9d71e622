"""Generated rules as Prometheus would have evaluated them in a past that is given as blocks.

`promtool tsdb create-blocks-from rules` would leave a block a rule and two
hours, and alerts out. Here the real Prometheus answers one range query a rule,
each at the interval of its group, in as many passes as rules read rules; so a
rule sees what those that it reads recorded at the same instant, as within a
group. Only what an alert waits for is decided here, as Prometheus documents
`for` and `keep_firing_for`.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import yaml
from promql_parser import VectorSelector

from generator.promql.finding import read_expression
from guardia.duration import parse_duration
from tests.past import Answers, History, Past, labels_of, write_past

ALERTS = "ALERTS"
# An alert is not looked for longer: more than any `for` and `keep_firing_for` together.
ALERT_SECONDS = 7200.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Rule:
    """One rule of a generated file; its times in seconds."""

    record: str  # an alert records ALERTS
    expression: str
    labels: Mapping[str, str]
    every: float
    waits: float = 0.0
    keeps: float = 0.0

    @property
    def reads(self) -> frozenset[str]:
        """Return the names of the series that it asks for."""
        return names_read(self.expression)


@cache  # each pass asks again
def names_read(expression: str) -> frozenset[str]:
    return frozenset(
        str(part.name or "")
        for part in read_expression(expression).parts()
        if isinstance(part, VectorSelector)
    )


def evaluate_rules(
    history: History, texts: Iterable[str], *, starts: float, ends: float, folder: Path
) -> int:
    """Add to a history what generated rule files record, and return the number of rules."""
    rules = [rule for text in texts for rule in _read(text)]
    for number, some in enumerate(_passes(rules)):
        past: Past = {}
        with history.served() as answers:
            for rule in some:
                _evaluate(answers, rule, past, starts=starts, ends=ends)
        file = folder / f"rules-{number}.om"
        write_past(file, past)
        history.add(file)
    return len(rules)


def _read(text: str) -> Iterator[Rule]:
    for group in yaml.load(text, Loader=yaml.CSafeLoader)["groups"]:
        for rule in group["rules"]:
            named = {"alertname": rule["alert"]} if "alert" in rule else {}
            yield Rule(
                record=rule.get("record", ALERTS),
                expression=rule["expr"],
                labels={**rule.get("labels", {}), **named},
                every=_seconds(group["interval"]),
                waits=_seconds(rule.get("for")),
                keeps=_seconds(rule.get("keep_firing_for")),
            )


def _passes(rules: list[Rule]) -> Iterator[list[Rule]]:
    """Yield rules so that none reads what is recorded with it or later; alerts come last."""
    left = [rule for rule in rules if rule.record != ALERTS]
    while left:
        missing = {rule.record for rule in left}
        ready = [rule for rule in left if not rule.reads & missing]
        assert ready, f"rules read each other in a circle: {sorted(missing)}"
        yield ready
        left = [rule for rule in left if rule.reads & missing]
    alerts = [rule for rule in rules if rule.record == ALERTS]
    yield [rule for rule in alerts if ALERTS not in rule.reads]
    yield [rule for rule in alerts if ALERTS in rule.reads]


def _evaluate(answers: Answers, rule: Rule, past: Past, *, starts: float, ends: float) -> None:
    is_alert = rule.record == ALERTS
    first = max(starts, ends - ALERT_SECONDS) if is_alert else starts
    first = first // rule.every * rule.every
    recorded = past.setdefault(rule.record, {})
    for one in answers.range(rule.expression, starts=first, ends=ends, step=rule.every):
        kept = {name: value for name, value in one["metric"].items() if name != "__name__"}
        labels = {**kept, **rule.labels}
        found = {labels_of(labels): one["values"]}
        if is_alert:
            states = alert_states(rule, {at for at, _ in one["values"]}, ends=ends)
            found = {
                labels_of({**labels, "alertstate": state}): [(at, 1) for at in times]
                for state, times in states.items()
            }
        assert not recorded.keys() & found.keys(), f"recorded twice: {labels}"
        recorded.update(found)


def alert_states(rule: Rule, held: set[float], *, ends: float) -> dict[str, list[float]]:
    """Return when one alert was pending and when it fired, of when its expression held.

    Source: Prometheus documentation, "Alerting rules"; rules/alerting.go.
    """
    found: dict[str, list[float]] = {"pending": [], "firing": []}
    began: float | None = None
    missing: float | None = None  # since when it fires without its expression
    fires = False
    at = min(held)
    while at <= ends:
        if at in held:
            began, missing = at if began is None else began, None
            fires = fires or at - began >= rule.waits
        else:
            missing = at if missing is None else missing
            if not (fires and at - missing < rule.keeps):
                began, fires = None, False
        if began is not None:
            found["firing" if fires else "pending"].append(at)
        at += rule.every
    return {state: times for state, times in found.items() if times}


def _seconds(text: str | None) -> float:
    return 0.0 if text is None else parse_duration(text).total_seconds()
