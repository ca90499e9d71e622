"""Steps to come as JSON, for the API and for `guardia replay`."""

from typing import TypedDict

from router.address import Address
from router.escalation.model import Page, Policy
from router.escalation.outlook import ForeseenStep
from router.oncall.model import Roster


class AddressFields(TypedDict):
    """An address as JSON."""

    channel: str
    address: str


class PageFields(AddressFields):
    """Who would be paged there, and why."""

    person: str
    name: str
    because: str


class StepFields(TypedDict):
    """A step that is still to come."""

    name: str
    at: str
    pages: list[PageFields]
    remarks: list[str]
    informs: list[AddressFields]


def step_as_json(step: ForeseenStep, roster: Roster) -> StepFields:
    """Return a step with its people by name, and why each of them."""
    return {
        "name": step.name,
        "at": step.at.isoformat(),
        "pages": [_page(page, roster) for page in step.pages],
        "remarks": list(step.remarks),
        "informs": [address_as_json(address) for address in step.channels],
    }


def address_as_json(address: Address) -> AddressFields:
    """Return the two parts of an address."""
    return {"channel": address.channel, "address": address.address}


def zone_of(policy: Policy | None, roster: Roster) -> str | None:
    """Return the zone of those who are paged: of the policy's first schedule, else of any.

    None in a catalog without schedules.
    """
    steps = () if policy is None else (*policy.steps, policy.last_resort)
    named = [one for step in steps for one in step.schedules if one in roster.schedules]
    zones = (roster.schedules[schedule].zone.key for schedule in named or roster.schedules)
    return next(zones, None)


def _page(page: Page, roster: Roster) -> PageFields:
    return {
        "person": page.person,
        "name": roster.name_of(page.person),
        **address_as_json(page.address),
        "because": page.because,
    }
