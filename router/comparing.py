"""What differs between two on-call catalogs: people, schedules, policies, routes."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from typing import TypeVar
from zoneinfo import ZoneInfo

from guardia.change import Change
from guardia.duration import format_duration
from router.address import Address
from router.catalog import OnCallCatalog
from router.escalation.model import Policy, Step
from router.hours import Hours
from router.oncall.model import (
    Days,
    Layer,
    Member,
    Override,
    Person,
    Restriction,
    Schedule,
    is_service,
)
from router.oncall.wall_clock import WEEKDAYS, show_moment
from router.routing import Route

_T = TypeVar("_T")


def compare_oncall(before: OnCallCatalog, after: OnCallCatalog) -> list[Change]:
    """Return every difference between two on-call catalogs, but for the alerts that move."""
    return [
        *_compare("people", _people(before), _people(after), _describe_person),
        *_renamed(before, after),
        *_compare_schedules(before, after),
        *_compare("policies", _policies(before), _policies(after), _describe_policy),
        *_compare("routes", _routes(before), _routes(after), _describe_route),
        *_reordered(before, after),
    ]


def _compare(
    subject: str,
    before: Mapping[str, _T],
    after: Mapping[str, _T],
    describe: Callable[[_T], str],
) -> Iterator[Change]:
    for name in dict.fromkeys([*before, *after]):
        old = describe(before[name]) if name in before else None
        new = describe(after[name]) if name in after else None
        if old != new:
            yield Change(subject=subject, what=name, before=old, after=new)


def _compare_schedules(before: OnCallCatalog, after: OnCallCatalog) -> Iterator[Change]:
    """Yield the schedules that change, with the policies whose pages go to others then."""
    found = _compare("schedules", _schedules(before), _schedules(after), _describe_schedule)
    for change in found:
        policies = [
            str(policy.id)
            for policy in after.policies.values()
            if any(change.what in step.schedules for step in (*policy.steps, policy.last_resort))
        ]
        used = f"used by policy {', '.join(policies)}" if policies else "no policy uses it"
        yield replace(change, effect=used)


def _renamed(before: OnCallCatalog, after: OnCallCatalog) -> Iterator[Change]:
    for person, name in before.names.items():
        if after.names.get(person, name) != name:
            yield Change(
                subject="people",
                what=f"{person} is shown as",
                before=name,
                after=after.names[person],
                is_text=True,
            )


def _reordered(before: OnCallCatalog, after: OnCallCatalog) -> Iterator[Change]:
    """Yield a change of order among the routes that stay: the first that matches decides."""
    old, new = list(_routes(before)), list(_routes(after))
    stayed = [name for name in old if name in new]
    if stayed != [name for name in new if name in old]:
        yield Change(subject="routes", what="order", before=", ".join(old), after=", ".join(new))


def _people(catalog: OnCallCatalog) -> dict[str, Person]:
    """Return the people; a service that PagerDuty escalates is part of its routes."""
    people = catalog.roster.people
    return {str(name): one for name, one in people.items() if not is_service(name)}


def _schedules(catalog: OnCallCatalog) -> dict[str, Schedule]:
    return {str(name): one for name, one in catalog.roster.schedules.items()}


def _policies(catalog: OnCallCatalog) -> dict[str, Policy]:
    return {str(name): one for name, one in catalog.policies.items() if not is_service(name)}


def _routes(catalog: OnCallCatalog) -> dict[str, Route]:
    return {one.name: one for one in catalog.routes}


def _describe_person(person: Person) -> str:
    return f"paged by {_addresses(person.addresses)}"


def _describe_schedule(schedule: Schedule) -> str:
    parts = [_describe_layer(layer) for layer in schedule.layers]
    parts += [_describe_override(override, schedule.zone) for override in schedule.overrides]
    zones = {layer.rotation.zone for layer in schedule.layers}
    parts += [f"shown in {schedule.zone.key}"] if zones != {schedule.zone} else []
    parts += ["gaps intended"] if schedule.gaps_intended else []
    return "; ".join(parts)


def _describe_layer(layer: Layer) -> str:
    rotation = layer.rotation
    people = ", ".join(_describe_member(one) for one in rotation.people)
    unit = "day" if isinstance(rotation.shift, Days) else "month"
    count = rotation.shift.count
    return (
        f"{'' if layer.name is None else f'layer {layer.name}: '}"
        f"{people} for {count} {unit}{'' if count == 1 else 's'} each from"
        f" {rotation.starts_on.isoformat()}, handoff at {rotation.handoff:%H:%M}"
        f" ({rotation.zone.key}){' only ' if layer.only else ''}"
        f"{' and '.join(_describe_restriction(one) for one in layer.only)}"
    )


def _describe_member(member: Member) -> str:
    dates = [("from", member.joins_on), ("until", member.leaves_on)]
    written = [f"{word} {day.isoformat()}" for word, day in dates if day is not None]
    return f"{member.person} ({' '.join(written)})" if written else member.person


def _describe_restriction(restriction: Restriction) -> str:
    days = ", ".join(WEEKDAYS[day] for day in sorted(restriction.weekdays))
    return f"{days} {restriction.since:%H:%M} to {restriction.to:%H:%M}"


def _describe_override(override: Override, zone: ZoneInfo) -> str:
    starts_at, ends_at = (show_moment(at, zone) for at in (override.starts_at, override.ends_at))
    return f"{override.person} instead from {starts_at} to {ends_at}"


def _describe_policy(policy: Policy) -> str:
    steps = "; ".join(
        f"{_describe_step(step)}, wait {format_duration(step.wait)}" for step in policy.steps
    )
    repeat = f"; {policy.repeat} times again" if policy.repeat else ""
    timeout = policy.acknowledge_timeout
    held = f"; acknowledged for {format_duration(timeout)}" if timeout is not None else ""
    return f"{steps}{repeat}; last resort {_describe_step(policy.last_resort)}{held}"


def _describe_step(step: Step) -> str:
    informed = [f"inform {_addresses(step.channels)}"] if step.channels else []
    schedules = (f"schedule {one}" for one in step.schedules)
    return " and ".join([*schedules, *step.people, *informed])


def _describe_route(route: Route) -> str:
    matchers = ", ".join(str(matcher) for matcher in route.matchers) or "what no other route takes"
    parts = [] if route.policy is None else [_describe_waking(route.policy)]
    parts += [_addresses(route.channels)] if route.channels else []
    parts += [] if route.hours is None else [_describe_hours(route.hours)]
    parts += [f"incidents by {', '.join(route.incident_by)}"] if route.incident_by else []
    parts += ["later routes too"] if route.continues else []
    return f"{matchers} → {', '.join(parts)}"


def _describe_waking(policy: str) -> str:
    if is_service(policy):
        return f"escalated by PagerDuty service {policy.partition(':')[2]}"
    return f"policy {policy}"


def _describe_hours(hours: Hours) -> str:
    spans = " and ".join(_describe_restriction(one) for one in hours.only)
    return f"told {spans} ({hours.zone.key})"


def _addresses(addresses: tuple[Address, ...]) -> str:
    return ", ".join(f"{one.channel} {one.address}" for one in addresses)


def pageable(policy: Policy, catalog: OnCallCatalog) -> frozenset[str]:
    """Return everybody whom a policy may page, at whatever time."""
    people: set[str] = set()
    for step in (*policy.steps, policy.last_resort):
        people |= {str(person) for person in step.people}
        for name in step.schedules:
            people |= {str(person) for person in catalog.roster.schedules[name].people}
    return frozenset(people)
