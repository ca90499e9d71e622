"""Environments whose critical alerts wake nobody, by the routes of the on-call files.

While the router is gone, critical alerts are told past it, to people: that
must not become more than the router itself would have told.
"""

from collections.abc import Iterator, Mapping, Sequence

from generator.catalog.model import Organisation
from guardia.document import Document
from guardia.matcher import Matcher, parse_matcher
from guardia.severity import Severity


def quiet_environments(organisation: Organisation, oncall: Sequence[Document]) -> tuple[str, ...]:
    """Return the declared environments in which no critical alert can reach a policy.

    What a route asks of other labels may be so or not: a policy behind it may
    be reached, and routes behind it too. Where no environment would be left,
    none is quiet: what is told past the router is then all that there is.
    """
    routes = list(_routes(oncall))
    found = tuple(
        name
        for name in organisation.environments
        if not _may_wake(
            routes,
            {organisation.environment_label: name, "severity": Severity.CRITICAL.value},
        )
    )
    return found if len(found) < len(organisation.environments) else ()


def _routes(oncall: Sequence[Document]) -> Iterator[Mapping[str, object]]:
    """Yield the routes as written, in the router's order: the default route is the last."""
    for document in oncall:
        yield from document.value.get("routes", ())
    for document in oncall:
        if "default_route" in document.value:
            yield document.value["default_route"]


def _may_wake(routes: Sequence[Mapping[str, object]], known: Mapping[str, str]) -> bool:
    for route in routes:
        takes = _takes(route.get("match", ()), known)
        if takes is False:
            continue
        if "policy" in route or "escalated_by" in route:
            return True
        if takes and not route.get("continue", False):
            return False
    return False


def _takes(match: object, known: Mapping[str, str]) -> bool | None:
    """Say whether matchers take the alerts with these labels; None where others decide too."""
    matchers = _parsed(match)
    if matchers is None:
        return None
    if not all(one.matches(known) for one in matchers if one.name in known):
        return False
    return True if all(one.name in known for one in matchers) else None


def _parsed(match: object) -> list[Matcher] | None:
    """Return the matchers, or None where one is wrong, of which the router's half tells."""
    if not isinstance(match, list | tuple):
        return None
    try:
        return [parse_matcher(str(text)) for text in match]
    except ValueError:
        return None
