"""PagerDuty's webhooks v3 about the pages that the fake took, signed as the service signs them.

Source: PagerDuty developer documentation, "Webhooks Overview", "Verifying
Signatures"; `incident_key` is null for services that make alerts and
incidents, and only an event that a trigger causes repeats its `client`.
"""

import hashlib
import hmac
import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from itertools import count
from typing import Any

from tests.fakes.pagerduty import Accepted
from tests.fakes.serving import utc_now

_STATUS = {
    "incident.acknowledged": "acknowledged",
    "incident.resolved": "resolved",
}
INTEGRATION = {
    "html_url": "https://example.pagerduty.com/services/PSERVICE/integrations/PINTEGR",
    "id": "PINTEGR",
    "self": "https://api.pagerduty.com/services/PSERVICE/integrations/PINTEGR",
    "summary": "Events API V2",
    "type": "inbound_integration_reference",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Delivery:
    """One POST, as it is made; made again, it is the same."""

    body: bytes
    headers: Mapping[str, str]


@dataclass(slots=True, kw_only=True)
class Subscription:
    """A webhook subscription with its secrets: two while one is replaced by the other."""

    secrets: tuple[str, ...] = ("whsec",)
    gives_keys: bool = False  # of a service that makes incidents without alerts
    now: Callable[[], datetime] = utc_now
    _number: "count[int]" = field(default_factory=lambda: count(1))

    def tell(
        self, page: Accepted, kind: str, *, by: str | None = None, at: datetime | None = None
    ) -> Delivery:
        """Return the event that somebody did `kind` to a page's incident; None: an integration."""
        triggered = kind == "incident.triggered"
        client = {"name": page.event.get("client"), "url": page.event.get("client_url")}
        agent = INTEGRATION if by is None else reference("user", by)
        return self.deliver(
            kind,
            agent=agent,
            client=client if triggered else None,
            data=self.incident(page, status=_STATUS.get(kind, "triggered")),
            at=at,
        )

    def note(self, page: Accepted, text: str, *, by: str) -> Delivery:
        """Return the event that somebody wrote a note: it names the incident by its id alone."""
        incident = self.incident(page)
        about = {key: incident[key] for key in ("html_url", "id", "self")}
        data = {
            "incident": about | {"summary": incident["title"], "type": "incident_reference"},
            "id": "PNOTE",
            "content": text,
            "trimmed": False,
            "type": "incident_note",
        }
        return self.deliver("incident.annotated", agent=reference("user", by), data=data)

    def deliver(
        self,
        kind: str,
        *,
        data: Mapping[str, Any],
        agent: Mapping[str, Any] | None = None,
        client: Mapping[str, Any] | None = None,
        at: datetime | None = None,
    ) -> Delivery:
        """Return any event."""
        number = next(self._number)
        event = {
            "id": f"01EVENT{number:019}",
            "event_type": kind,
            "resource_type": kind.partition(".")[0],
            "occurred_at": (at or self.now()).isoformat(timespec="milliseconds"),
            "agent": agent,
            "client": client,
            "data": data,
        }
        return self.sign(json.dumps({"event": event}).encode(), webhook_id=f"webhook-{number}")

    def sign(self, body: bytes, *, webhook_id: str = "webhook-0") -> Delivery:
        """Return a body with one signature for each secret."""
        headers = {
            "Content-Type": "application/json",
            "User-Agent": "PagerDuty-Webhook/V3.0",
            "X-Webhook-Id": webhook_id,
            "X-PagerDuty-Signature": ",".join(signature(body, one) for one in self.secrets),
        }
        return Delivery(body=body, headers=headers)

    def incident(self, page: Accepted, *, status: str = "triggered") -> dict[str, Any]:
        """Return the incident that a page opened there."""
        known_by = hashlib.sha256(page.dedup_key.encode()).hexdigest()
        number = "Q" + known_by[:13].upper()
        return {
            "id": number,
            "type": "incident",
            "self": f"https://api.pagerduty.com/incidents/{number}",
            "html_url": f"https://example.pagerduty.com/incidents/{number}",
            "number": 2,
            "status": status,
            "incident_key": page.dedup_key if self.gives_keys else None,
            "created_at": page.at.isoformat(),
            "title": page.event["payload"]["summary"],
            "service": reference("service", page.person),
            "assignees": [] if status == "resolved" else [reference("user", page.person)],
            "escalation_policy": reference("escalation_policy", "Default"),
            "teams": [],
            "priority": None,
            "urgency": "high",
            "conference_bridge": None,
            "resolve_reason": None,
        }


def reference(kind: str, name: str) -> dict[str, str]:
    """Return a reference to something of PagerDuty's."""
    known_by = "P" + hashlib.sha256(name.encode()).hexdigest()[:6].upper()
    return {
        "html_url": f"https://example.pagerduty.com/{kind}/{known_by}",
        "id": known_by,
        "self": f"https://api.pagerduty.com/{kind}/{known_by}",
        "summary": name,
        "type": f"{kind}_reference",
    }


def signature(body: bytes, secret: str) -> str:
    """Return one signature of the header."""
    return f"v1={hmac.new(secret.encode('ascii'), body, hashlib.sha256).hexdigest()}"
