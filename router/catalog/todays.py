"""Where an incident leads today: its routes, and by which policy somebody gets the next step."""

from router.catalog import OnCallCatalog
from router.escalation.model import Escalation, Policy
from router.incident.destination import Destination, decide_destination
from router.incident.model import Incident
from router.incident.test_page import is_page_test
from router.phrase import phrase


def todays_destination(incident: Incident, catalog: OnCallCatalog) -> Destination:
    """Return where today's routes lead; a test page has none, not even when its snooze ends."""
    if is_page_test(incident):
        because = phrase("A test page takes no route: nobody else is paged.")
        return Destination(policy=None, channels=(), because=because)
    return decide_destination(incident, catalog.routes, catalog.severities)


def todays_policy(incident: Incident, catalog: OnCallCatalog) -> Policy | None:
    """Return the policy that today's routes give an incident, else the default route's."""
    if is_page_test(incident):
        return None
    chosen = todays_destination(incident, catalog).policy or catalog.routes[-1].policy
    return None if chosen is None else catalog.policies.get(chosen)


def may_escalate(incident: Incident, escalation: Escalation | None, catalog: OnCallCatalog) -> bool:
    """Say whether somebody who wants the next step now gets one, of an incident that is open.

    `escalation` is the one that runs or ran; None where none ever did. It decides what is
    offered and what is refused alike.
    """
    if is_page_test(incident):
        return False
    if escalation is not None:
        return True
    return bool(incident.alerts) and todays_policy(incident, catalog) is not None
