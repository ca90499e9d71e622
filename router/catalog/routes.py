"""Routes of the on-call files, and the one default route."""

from guardia.document import Pointer
from guardia.matcher import Matcher
from guardia.reading import Reading
from router.catalog.delegated import delegated_policy
from router.catalog.hours import read_hours
from router.catalog.names import DEFAULT_ROUTE, Names
from router.catalog.people import read_addresses
from router.routing import PolicyId, Route


def read_routes(reading: Reading, names: Names) -> list[Route]:
    """Return the routes of one file in their order; the default route is not among them."""
    return [
        _route(reading, ("routes", index), names, name=reading.value(("routes", index, "name")))
        for index in range(reading.count(("routes",)))
    ]


def read_default_route(readings: list[Reading], names: Names) -> Route | None:
    """Return the default route; None, with a problem, unless exactly one file declares it."""
    declaring = [r for r in readings if r.value(("default_route",)) is not None]
    for reading in declaring[1:]:
        first = declaring[0].document
        _route_problem(
            reading,
            ("default_route",),
            "a second default route",
            label=f"first declared at {first.path}:{first.key_span(('default_route',)).line}",
            fix="keep one of the two",
        )
    if not declaring:
        if readings and names.complete:
            _route_problem(
                readings[0],
                (),
                "no file of oncall/ declares a default route",
                label="none in this file, nor in another",
                fix="add `default_route:` with `channels:` or a `policy:`",
            )
        return None
    return _route(declaring[0], ("default_route",), names, name=DEFAULT_ROUTE)


def _route_problem(reading: Reading, at: Pointer, message: str, *, label: str, fix: str) -> None:
    reading.problem(
        "route-missing",
        at,
        message,
        label=label,
        why="an alert that no route takes goes there: exactly one place, so that none is lost",
        fix=fix,
        of_key=True,
    )


def _route(reading: Reading, at: Pointer, names: Names, *, name: str) -> Route:
    names.check(reading, (*at, "policy"), "policy", names.policies)
    policy, channels = reading.value((*at, "policy")), read_addresses(reading, (*at, "channels"))
    delegated = reading.value((*at, "escalated_by", "pagerduty"))
    if policy is not None and delegated is not None:
        reading.problem(
            "route-unclear",
            (*at, "escalated_by"),
            f"who escalates on route `{name}`: policy `{policy}`, or PagerDuty?",
            label="beside a `policy`",
            why="both would wake people for the same incident, each without the other's answers",
            fix="keep one of the two",
            of_key=True,
        )
    policy = policy if delegated is None else delegated_policy(delegated)
    if policy is None and not channels:
        reading.problem(
            "route-empty",
            (*at, "name") if "name" in reading.value(at) else at,
            f"route `{name}` leads nowhere",
            label="has no policy and no channels",
            why="alerts that it takes would reach nobody, and later routes never see them",
            fix="add `channels:` to inform or `policy:` to wake people",
        )
    return Route(
        name=name,
        matchers=_matchers(reading, (*at, "match")),
        policy=PolicyId(policy) if policy is not None else None,
        channels=channels,
        continues=reading.value((*at, "continue")) or False,
        hours=read_hours(reading, (*at, "hours"), wakes=policy is not None),
        incident_by=tuple(reading.value((*at, "incident_by"), ())),
    )


def _matchers(reading: Reading, at: Pointer) -> tuple[Matcher, ...]:
    return reading.matchers(
        at,
        why="a matcher that is read otherwise than meant sends pages to the wrong people",
        fix="""write it as in Alertmanager: 'severity="critical"', 'team=~"a|b"'""",
    )
