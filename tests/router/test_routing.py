"""Labels to policy and channels."""

import pytest

from guardia.matcher import parse_matcher
from router.address import Address
from router.routing import PolicyId, Route, decide_route

SLACK = (Address(channel="slack", address="#operaciones"),)


def route(name: str, *matchers: str, policy: str | None = None) -> Route:
    return Route(
        name=name,
        matchers=tuple(parse_matcher(text) for text in matchers),
        policy=PolicyId(policy) if policy else None,
        channels=SLACK,
    )


ROUTES = (
    route("not-production", 'environment!="prod"'),
    route("critical-casos", 'severity="critical"', 'service="casos"', policy="casos"),
    route("critical", 'severity="critical"', policy="plataforma"),
    route("default"),
)


@pytest.mark.parametrize(
    ("labels", "name"),
    [
        ({"environment": "prod", "severity": "critical", "service": "casos"}, "critical-casos"),
        ({"environment": "prod", "severity": "critical", "service": "derivacion"}, "critical"),
        ({"environment": "qa", "severity": "critical"}, "not-production"),
        ({"severity": "critical"}, "not-production"),  # an absent label counts as empty
        ({"environment": "prod", "severity": "page"}, "default"),
    ],
)
def test_the_first_route_whose_matchers_all_match_decides(
    labels: dict[str, str], name: str
) -> None:
    assert decide_route(labels, ROUTES).route == name


def test_the_decision_says_policy_channels_and_why() -> None:
    routed = decide_route({"environment": "prod", "severity": "critical"}, ROUTES)

    assert routed.policy == PolicyId("plataforma")
    assert routed.channels == SLACK
    assert routed.because == 'Route critical is the first that matches: severity="critical".'


def test_the_default_route_says_that_no_other_matches() -> None:
    routed = decide_route({"environment": "prod"}, ROUTES)

    assert routed.because == "No other route matches, so route default takes it."


def test_routes_without_a_default_are_refused_when_nothing_matches() -> None:
    with pytest.raises(ValueError, match="must have no matchers"):
        decide_route({"environment": "prod"}, ROUTES[:2])
