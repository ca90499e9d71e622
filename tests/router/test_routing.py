"""Labels to policy and channels."""

from dataclasses import replace
from datetime import time
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from guardia.matcher import parse_matcher
from router.address import Address
from router.hours import Hours
from router.oncall.model import Restriction
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


TEAM = Address(channel="slack", address="#casos")
COPY = replace(route("copy-to-casos", 'service="casos"'), channels=(TEAM,), continues=True)


def test_a_route_that_continues_adds_its_channels_and_the_next_with_a_policy_wakes() -> None:
    labels = {"environment": "prod", "severity": "critical", "service": "casos"}

    routed = decide_route(labels, (COPY, *ROUTES))

    assert routed.route == "critical-casos"
    assert routed.policy == PolicyId("casos")
    assert routed.channels == (TEAM, *SLACK)
    assert routed.because == (
        'Route copy-to-casos is the first that matches: service="casos".'
        " It continues, and route critical-casos matches too:"
        ' severity="critical" and service="casos".'
    )


def test_what_continues_and_finds_no_other_goes_to_the_default_route_too() -> None:
    """Whoever only wants a copy must not keep an alert from those who would have had it."""
    routed = decide_route({"environment": "prod", "service": "casos"}, (COPY, *ROUTES))

    assert (routed.route, routed.channels) == ("default", (TEAM, *SLACK))
    assert routed.because.endswith("It continues, and route default takes what no other does.")


@given(
    st.lists(st.booleans(), min_size=len(ROUTES), max_size=len(ROUTES)),
    st.dictionaries(
        st.sampled_from(["environment", "severity", "service"]),
        st.sampled_from(["prod", "critical", "casos"]),
    ),
)
def test_continuing_takes_nothing_away(continues: list[bool], labels: dict[str, str]) -> None:
    plain = decide_route(labels, ROUTES)
    going_on = tuple(
        replace(one, continues=goes and bool(one.matchers))
        for one, goes in zip(ROUTES, continues, strict=True)
    )

    routed = decide_route(labels, going_on)

    assert set(plain.channels) <= set(routed.channels)
    assert plain.policy is None or routed.policy == plain.policy


OFFICE = Hours(
    zone=ZoneInfo("Atlantic/Cape_Verde"),
    only=(Restriction(weekdays=frozenset(range(5)), since=time(8, 0), to=time(18, 0)),),
)
MORNINGS = replace(OFFICE, only=(replace(OFFICE.only[0], to=time(12, 0)),))
WAITING = replace(COPY, hours=OFFICE)


def test_a_channel_that_only_routes_with_hours_lead_to_waits_for_the_first_of_them() -> None:
    early = replace(route("early"), channels=(TEAM,), hours=MORNINGS, continues=True)

    routed = decide_route({"service": "casos"}, (early, WAITING, *ROUTES))

    assert routed.hours == {TEAM: (MORNINGS, OFFICE)}


def test_a_route_without_hours_tells_the_channel_at_once_whatever_others_say() -> None:
    for routes in ((COPY, WAITING), (WAITING, COPY)):
        assert decide_route({"service": "casos"}, (*routes, *ROUTES)).hours == {}


def test_hours_and_incident_by_change_neither_policy_nor_channels() -> None:
    labels = {"environment": "prod", "severity": "critical", "service": "casos"}
    plain = decide_route(labels, (COPY, *ROUTES))
    other = tuple(replace(one, hours=OFFICE, incident_by=("x",)) for one in (COPY, *ROUTES))

    routed = decide_route(labels, other)

    assert (routed.policy, routed.channels) == (plain.policy, plain.channels)


def test_the_route_that_says_who_is_woken_says_what_an_incident_is() -> None:
    by = tuple(replace(one, incident_by=(one.name,)) for one in (COPY, *ROUTES))
    labels = {"environment": "prod", "severity": "critical", "service": "casos"}

    assert decide_route(labels, by).incident_by == ("critical-casos",)
