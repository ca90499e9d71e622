"""What differs between two catalogs: organisation, services, SLOs, conditions."""

from collections.abc import Callable, Collection, Iterator, Mapping
from dataclasses import fields, is_dataclass, replace
from typing import Any, TypeVar

from generator.catalog.model import (
    Catalog,
    Condition,
    ExpressionSli,
    FreshnessSli,
    LatencySli,
    Organisation,
    RatioSli,
    RawSli,
    Service,
    Slo,
    UptimeSli,
)
from generator.comparing.describe import describe, in_words
from generator.comparing.slo import compare_slos, describe_new_slo
from generator.promql.check import Selector
from guardia.change import Change

# Fields that people read and nothing else depends on.
_TEXTS = {"description", "summary", "annotations", "links"}
_ORGANISATION_TEXTS = {"name"}
# Values that are told as one; of all others, the fields that differ.
_WHOLE = (
    Selector,
    RatioSli,
    ExpressionSli,
    LatencySli,
    UptimeSli,
    FreshnessSli,
    RawSli,
)
# What the generated tests are made of: an edit of it changes no alert.
_EXAMPLES = {"fires", "silent"}


def compare_catalogs(before: Catalog, after: Catalog) -> list[Change]:
    """Return every difference between two catalogs, from the organisation down."""
    return [
        *_compare_organisations(before.organisation, after.organisation),
        *_compare_fields("alertmanager.yaml", before.own_alertmanager, after.own_alertmanager),
        *_compare_named(
            {one.name: one for one in before.services},
            {one.name: one for one in after.services},
            _compare_services,
            _describe_service,
        ),
    ]


def _compare_organisations(before: Organisation, after: Organisation) -> Iterator[Change]:
    for change in _compare_fields("organisation", before, after, skip={"maintenance"}):
        yield _as_text(change) if change.what in _ORGANISATION_TEXTS else change
    old = {one.name: one for one in before.maintenance}
    new = {one.name: one for one in after.maintenance}
    for name in dict.fromkeys([*old, *new]):
        if old.get(name) != new.get(name):
            yield Change(
                subject="maintenance",
                what=name,
                before=_or_none(old.get(name)),
                after=_or_none(new.get(name)),
            )


def _or_none(value: Any) -> str | None:
    return None if value is None else describe(value)


def _compare_services(name: str, before: Service, after: Service) -> Iterator[Change]:
    yield from _compare_fields(name, before, after, skip={"name", "slos", "conditions"})
    yield from _compare_named(
        {f"{name}/{one.name}": one for one in before.slos},
        {f"{name}/{one.name}": one for one in after.slos},
        _compare_slos,
        describe_new_slo,
    )
    yield from _compare_named(
        {f"{name}: {one.alert}": one for one in before.conditions},
        {f"{name}: {one.alert}": one for one in after.conditions},
        _compare_conditions,
        _describe_condition,
    )


def _compare_slos(name: str, before: Slo, after: Slo) -> Iterator[Change]:
    yield from compare_slos(name, before, after)
    told = {"name", "objective", "windows", "rate_windows", "burn_windows"}
    yield from _compare_fields(name, before, after, skip=told)


def _compare_conditions(name: str, before: Condition, after: Condition) -> Iterator[Change]:
    for change in _compare_fields(name, before, after, skip={"alert"}):
        yield _as_text(change) if change.what in _EXAMPLES else change


def _describe_service(service: Service) -> str:
    slos, conditions = len(service.slos), len(service.conditions)
    return (
        f"service of team {service.team} with {slos} SLO{'' if slos == 1 else 's'}"
        f" and {conditions} condition{'' if conditions == 1 else 's'}"
    )


def _describe_condition(condition: Condition) -> str:
    return (
        f"{condition.severity} alert when {condition.expression}"
        f" for {describe(condition.holds_for)}"
    )


_T = TypeVar("_T")


def _compare_named(
    before: Mapping[str, _T],
    after: Mapping[str, _T],
    compare: Callable[[str, _T, _T], Iterator[Change]],
    describe_whole: Callable[[_T], str],
) -> Iterator[Change]:
    """Yield what differs between things of one name, and things that only one side has."""
    for name in dict.fromkeys([*before, *after]):
        if name not in after:
            yield Change(
                subject=name, what="removed", before=describe_whole(before[name]), after=None
            )
        elif name not in before:
            yield Change(subject=name, what="new", before=None, after=describe_whole(after[name]))
        elif before[name] != after[name]:
            yield from compare(name, before[name], after[name])


def _compare_fields(
    subject: str, before: Any, after: Any, *, skip: Collection[str] = (), within: str = ""
) -> Iterator[Change]:
    """Yield each field that differs, so that no field of the model is ever forgotten."""
    for field in fields(before):
        name = field.name
        old, new = getattr(before, name), getattr(after, name)
        if name in skip or old == new:
            continue
        if is_dataclass(old) and type(old) is type(new) and not isinstance(old, _WHOLE):
            yield from _compare_fields(subject, old, new, within=_inside(within, name))
            continue
        yield Change(
            subject=subject,
            what=f"{within}{in_words(name)}",
            before=describe(old),
            after=describe(new),
            is_text=name in _TEXTS,
        )


def _inside(within: str, name: str) -> str:
    # What the extras of an alert are called needs no mention of "extras".
    return within if name == "extras" else f"{within}{in_words(name)} "


def _as_text(change: Change) -> Change:
    return replace(change, is_text=True)
