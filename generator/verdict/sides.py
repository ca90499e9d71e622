"""The two sides of a canary as an operator names them: matchers, an environment, a region."""

from collections.abc import Collection, Sequence

from generator.catalog.model import Organisation, Place, Service
from generator.promql.check import parse_selector
from generator.promql.example import example_labels
from generator.promql.text import quote
from guardia.matcher import Matcher
from guardia.word import nearest

_ANY_METRIC = "x"


class SideError(ValueError):
    """What the sides cannot be told by; the message says what, and the way out."""


def parse_matchers(text: str) -> tuple[Matcher, ...]:
    """Return the matchers of one side, such as `version="v2",track="canary"`.

    Raises SideError for anything else. The text is only read: what is asked of
    Prometheus is written anew from the matchers.
    """
    try:
        selector = parse_selector(f"{_ANY_METRIC}{{{text}}}")
    except ValueError as error:
        raise SideError(
            f"""{text!r} is no list of matchers such as 'version="v2"': {error}"""
        ) from None
    names = [matcher.name for matcher in selector.matchers]
    if not names or "__name__" in text:
        raise SideError(f"""{text!r} names no label; write matchers such as 'version="v2"'""")
    return selector.matchers


def check_apart(canary: Sequence[Matcher], baseline: Sequence[Matcher]) -> None:
    """Raise SideError when an event can be seen to count on both sides.

    Sides told apart by different labels are not judged here: see `are_apart`.
    """
    if {one.name for one in canary} != {one.name for one in baseline}:
        return
    both = example_labels((*canary, *baseline))
    if both is not None:
        shown = ",".join(f"{name}={quote(value)}" for name, value in both.items())
        raise SideError(f"{{{shown}}} would count on both sides: tell canary and baseline apart")


def are_apart(canary: Sequence[Matcher], baseline: Sequence[Matcher]) -> bool:
    """Say whether no event can count on both sides: one names a value that the other excludes.

    Otherwise, such as of two regular expressions, only the events themselves can tell.
    """
    return any(
        not other.matches({one.name: one.value})
        for mine, others in ((canary, baseline), (baseline, canary))
        for one in mine
        if one.operator == "="
        for other in others
        if other.name == one.name
    )


def choose_place(
    organisation: Organisation, service: Service, environment: str | None, region: str | None
) -> Place:
    """Return the one place that is meant.

    Raises SideError when it is not known, or there are several to choose from.
    """
    places = service.places
    names = list(dict.fromkeys(place.environment for place in places))
    # Where each environment has a Prometheus of its own, its address has chosen already.
    is_chosen = not organisation.environment_on_series and environment is None
    if not is_chosen:
        name = _chosen("environment", environment, names, service)
        places = tuple(place for place in places if place.environment == name)
    regions = list(dict.fromkeys(place.region for place in places if place.region is not None))
    if not regions:
        if region is not None:
            raise SideError(f"{service.name} has no regions there: leave --region out")
        return places[0]
    chosen = _chosen("region", region, regions, service)
    return next(place for place in places if place.region == chosen)


def _chosen(what: str, name: str | None, known: Collection[str], service: Service) -> str:
    if name is None and len(known) == 1:
        return next(iter(known))
    if name in known and name is not None:
        return name
    listed = ", ".join(known)
    if name is None:
        raise SideError(f"{service.name} runs in {listed}: say which with --{what}")
    guess = nearest(name, known)
    hint = f"it runs in {listed}" if guess is None else f"did you mean {guess}?"
    raise SideError(f"{service.name} does not run in {what} {name!r}: {hint}")


def place_matchers(organisation: Organisation, place: Place) -> tuple[Matcher, ...]:
    """Return what selects the series of one place."""
    found = []
    if organisation.environment_on_series:
        found.append((organisation.environment_label, place.environment))
    if organisation.regions is not None and place.region is not None:
        found.append((organisation.regions.label, place.region))
    return tuple(Matcher(name=name, operator="=", value=value) for name, value in found)


def check_place_labels(organisation: Organisation, matchers: Sequence[Matcher]) -> None:
    """Raise SideError when a side names the place by itself: both must be in the same."""
    options = dict(zip(organisation.place_labels, ("--environment", "--region"), strict=False))
    for matcher in matchers:
        if matcher.name in options:
            raise SideError(f"{matcher} chooses a place: use {options[matcher.name]} for both")


def render_matchers(matchers: Sequence[Matcher]) -> str:
    """Return what stands between the braces of a selector."""
    return ",".join(f"{one.name}{one.operator}{quote(one.value)}" for one in matchers)
