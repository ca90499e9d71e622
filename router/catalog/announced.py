"""Where colleagues are told who takes over a schedule."""

from collections.abc import Iterable, Mapping

from router.address import Address
from router.escalation.model import Policy
from router.oncall.model import Schedule, ScheduleId
from router.routing import PolicyId, Route

_SLACK = "slack"


def list_announced(
    schedule: Schedule, policies: Mapping[PolicyId, Policy], routes: Iterable[Route]
) -> tuple[Address, ...]:
    """Return where the schedule says; else in Slack, where the routes inform that wake by it."""
    if schedule.announce is not None:
        return schedule.announce
    waking = {one.id for one in policies.values() if _pages(one, schedule.id)}
    found = (one for route in routes if route.policy in waking for one in route.channels)
    return tuple(dict.fromkeys(one for one in found if one.channel == _SLACK))


def _pages(policy: Policy, schedule: ScheduleId) -> bool:
    return any(schedule in step.schedules for step in (*policy.steps, policy.last_resort))
