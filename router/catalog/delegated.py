"""Routes that leave the escalation to PagerDuty: one trigger to a team's key, and no more.

Inside the router such a route has a policy like any other, whose only step
is its last resort, and that names the team's service as if it were a person.
So all that holds for pages holds for this one: the outbox, retries, timeline.
"""

from collections.abc import Iterable
from datetime import timedelta

from router.address import Address
from router.escalation.model import Policy, Step
from router.oncall.model import Person, PersonId, is_service, service_id
from router.routing import PolicyId, Route


def delegated_policy(key: str) -> PolicyId:
    """Return the id of the policy that triggers the service of this secret's name."""
    return PolicyId(service_id(key))


def list_delegated(routes: Iterable[Route]) -> tuple[Policy, ...]:
    """Return the policies that such routes lead to, each once."""
    named = {route.policy for route in routes if route.policy is not None}
    return tuple(
        Policy(
            id=policy,
            steps=(),
            last_resort=Step(schedules=(), people=(PersonId(policy),), wait=timedelta()),
        )
        for policy in sorted(named)
        if is_service(policy)
    )


def list_services(policies: Iterable[Policy]) -> tuple[Person, ...]:
    """Return PagerDuty's services as those whom delegated policies page."""
    keys = [policy.id.partition(":")[2] for policy in policies]
    return tuple(
        Person(
            id=service_id(key),
            name=f"PagerDuty service {key}",
            addresses=(Address(channel="pagerduty", address=key),),
        )
        for key in keys
    )
