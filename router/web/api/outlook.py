"""What comes next for an incident, as JSON (G11)."""

from datetime import datetime

from router.catalog import OnCallCatalog
from router.catalog.todays import todays_destination
from router.escalation.awake import NOBODY, Awake
from router.escalation.decide import NOBODY_ASKED
from router.escalation.foreseen import step_as_json, zone_of
from router.escalation.model import Asked, Policy
from router.escalation.outlook import Outlook, Today, outlook
from router.incident.model import Incident
from router.store.timers import Timer
from router.web.api.shapes import NextView


def render_next(
    incident: Incident,
    timer: Timer | None,
    catalog: OnCallCatalog,
    *,
    now: datetime,
    awake: Awake = NOBODY,
    asked: Asked = NOBODY_ASKED,
) -> NextView:
    """Return why nothing comes any more, or each step with its time, people and reasons.

    `catalog` has the roster with what was changed at run time.
    """
    roster = catalog.roster
    told = find_outlook(incident, timer, catalog, now=now, awake=awake, asked=asked)
    policy = _todays_policy(incident, catalog) if timer is None else timer.escalation.policy
    return {
        "now": now.isoformat(),
        "text": told.text,
        "zone": zone_of(policy, roster),
        "steps": [step_as_json(step, roster) for step in told.steps],
    }


def find_outlook(
    incident: Incident,
    timer: Timer | None,
    catalog: OnCallCatalog,
    *,
    now: datetime,
    awake: Awake = NOBODY,
    asked: Asked = NOBODY_ASKED,
) -> Outlook:
    """Return what comes next, by today's catalog; its roster is as for `render_next`."""
    today = Today(
        roster=catalog.roster,
        policy=_todays_policy(incident, catalog),
        maintenance=catalog.maintenance,
        awake=awake,
        asked=asked,
    )
    escalation = None if timer is None else timer.escalation
    return outlook(incident, escalation, today, now=now)


def _todays_policy(incident: Incident, catalog: OnCallCatalog) -> Policy | None:
    """Return the policy that today's routes lead to; None when they wake nobody."""
    if not incident.alerts:
        return None
    destination = todays_destination(incident, catalog)
    return None if destination.policy is None else catalog.policies.get(destination.policy)
