"""Operators that change what stands around a rule's PromQL: labels, times, names, annotations."""

from collections.abc import Callable, Iterator, Mapping
from typing import Any

from guardia.severity import Severity
from tools.mutate.change import NOTHING, Change, Rule, one_line
from tools.mutate.scaling import scale_duration

SEVERITY = "severity"
ADDED = "5m"


def next_severity(rule: Rule) -> Iterator[Change]:
    """Change the severity to the next one; behind the last comes the first."""
    order = [str(severity) for severity in Severity]
    severity = _labels(rule).get(SEVERITY)
    if severity in order:
        following = order[(order.index(severity) + 1) % len(order)]
        yield _with_label(rule, SEVERITY, following)


def change_labels(rule: Rule) -> Iterator[Change]:
    """Change each label but the severity."""
    for name, value in _labels(rule).items():
        if name != SEVERITY:
            yield _with_label(rule, name, f"{value}_changed")


def drop_labels(rule: Rule) -> Iterator[Change]:
    """Drop each label."""
    return (_without(rule, "labels", name) for name in _labels(rule))


def drop_annotations(rule: Rule) -> Iterator[Change]:
    """Drop each annotation."""
    return (_without(rule, "annotations", name) for name in rule.get("annotations") or {})


def scale_time(key: str, factor: float) -> Callable[[Rule], Iterator[Change]]:
    """Multiply an alert's `for` or `keep_firing_for`, where it has one."""

    def mutate(rule: Rule) -> Iterator[Change]:
        if key in rule:
            yield _with(rule, key, scale_duration(str(rule[key]), factor))

    return mutate


def remove_time(key: str) -> Callable[[Rule], Iterator[Change]]:
    """Remove an alert's `for` or `keep_firing_for`."""

    def mutate(rule: Rule) -> Iterator[Change]:
        if key in rule:
            left = {name: value for name, value in rule.items() if name != key}
            yield Change(before=f"{key}: {rule[key]}", after=NOTHING, rule=left)

    return mutate


def add_time(key: str) -> Callable[[Rule], Iterator[Change]]:
    """Add a `for` or a `keep_firing_for` to an alert without one."""

    def mutate(rule: Rule) -> Iterator[Change]:
        if "alert" in rule and key not in rule:
            yield _with(rule, key, ADDED)

    return mutate


def rename(rule: Rule) -> Iterator[Change]:
    """Change the name that a recording rule or an alert gives."""
    key = kind_of(rule)
    yield _with(rule, key, f"{rule[key]}_changed")


def remove(rule: Rule) -> Iterator[Change]:
    """Remove the whole rule."""
    yield Change(before=f"{kind_of(rule)}: {rule[kind_of(rule)]}", after=NOTHING, rule=None)


def kind_of(rule: Rule) -> str:
    """Return the key with the rule's name: `alert` or `record`."""
    return "alert" if "alert" in rule else "record"


def _labels(rule: Rule) -> Mapping[str, Any]:
    return rule.get("labels") or {}


def _with(rule: Rule, key: str, value: str) -> Change:
    before = f"{key}: {rule[key]}" if key in rule else NOTHING
    return Change(before=before, after=f"{key}: {value}", rule={**rule, key: value})


def _with_label(rule: Rule, name: str, value: str) -> Change:
    labels = {**_labels(rule), name: value}
    return Change(
        before=f"{name}: {_labels(rule)[name]}",
        after=f"{name}: {value}",
        rule={**rule, "labels": labels},
    )


def _without(rule: Rule, key: str, name: str) -> Change:
    left = {other: value for other, value in rule[key].items() if other != name}
    before = one_line(f"{name}: {rule[key][name]}")
    return Change(before=before, after=NOTHING, rule={**rule, key: left})
