"""Policies that were made for one incident, when somebody gave it to a person."""

from dataclasses import replace
from datetime import timedelta
from typing import Final

from router.escalation.model import Policy, Step
from router.oncall.model import PersonId
from router.phrase import phrase
from router.routing import PolicyId

# Of what was given to somebody, and no policy escalates. No id of a catalog has a blank.
NO_POLICY: Final = PolicyId("no policy")
_NO_POLICY_BEFORE: Final = "none"  # as earlier releases stored it
_GIVEN: Final = " (given to "


def reassigned(policy: Policy, to: PersonId, *, wait: timedelta) -> Policy:
    """Return a policy that pages one person, and after `wait` whom the policy's end does."""
    step = Step(schedules=(), people=(to,), wait=wait)
    name, _ = split_given(policy.id)  # it may have been given to others before
    return replace(policy, id=PolicyId(f"{name}{_GIVEN}{to})"), steps=(step,), repeat=0, given=True)


def alone(person: PersonId) -> Step:
    """Return a step of one person, after which nobody comes."""
    return Step(schedules=(), people=(person,), wait=timedelta())


def policy_name(policy: Policy) -> str:
    """Return what people call a policy, also one that was made to page one person."""
    name, person = split_given(policy.id)
    if person is None:
        return name
    if name == NO_POLICY:
        return phrase("“given to {person}”", person=person)
    return phrase("{policy} (given to {person})", policy=name, person=person)


def split_given(policy: str) -> tuple[str, str | None]:
    """Return a policy's id in the catalog, and to whom the incident was given instead, if it was.

    The id is NO_POLICY where none would escalate the incident.
    """
    name, _, to = policy.partition(_GIVEN)
    return name, to.removesuffix(")") or None


def as_stored(policy: Policy) -> Policy:
    """Return a policy that was stored, by the id of today where an earlier release made it.

    A catalog may have a policy of the id of then, but that ends with others
    than the person whom it was given to.
    """
    name, person = split_given(policy.id)
    if person is None or name != _NO_POLICY_BEFORE:
        return policy
    if policy.last_resort != alone(PersonId(person)):
        return policy
    return replace(policy, id=PolicyId(f"{NO_POLICY}{_GIVEN}{person})"))
