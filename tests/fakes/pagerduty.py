"""PagerDuty's Events API v2 for alert events, with one person behind each integration key.

Source: PagerDuty developer documentation, "Send an Alert Event", sections
"Alert De-Duplication" and "Event Action Behavior".
"""

from collections import deque
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any, Literal
from uuid import uuid4

from tests.fakes.failures import Answer, Call
from tests.fakes.pagerduty_rules import UnreadableError, find_errors, parse_event
from tests.fakes.serving import HttpFake, utc_now

ENQUEUE = "/v2/enqueue"
RATE_WINDOW = timedelta(seconds=60)

State = Literal["triggered", "acknowledged", "resolved"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Alert:
    """An alert of one integration, open until resolved."""

    person: str
    routing_key: str
    dedup_key: str
    summary: str
    source: str
    severity: str
    state: State
    triggers: int  # events that opened or joined it
    opened_at: datetime
    acknowledged_at: datetime | None = None
    resolved_at: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Page:
    """Somebody was woken."""

    person: str
    dedup_key: str
    summary: str
    severity: str
    at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Accepted:
    """An event that was answered 202, and what became of it."""

    person: str
    action: str
    dedup_key: str
    outcome: Literal["opened", "joined", "acknowledged", "resolved", "dropped"]
    event: Mapping[str, Any]
    at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Refused:
    """A request that was answered 400 or 429."""

    status: int
    errors: tuple[str, ...]
    body: bytes
    at: datetime


class PagerDutyFake(HttpFake):
    """Accepts, refuses and remembers alert events as the service does.

    keys: person -> integration key; a trigger with that key wakes that person.
    schema: the OpenAPI document of the Events API, to check each event with too.
    events_per_minute: answer 429 beyond it, for each key, over the last 60 s.
    settles_after: how long an alert is not known yet to an acknowledge or resolve:
        events are accepted at once and worked on later, each on its own.
    """

    def __init__(
        self,
        *,
        keys: Mapping[str, str],
        schema: Mapping[str, Any] | None = None,
        events_per_minute: int | None = None,
        settles_after: timedelta = timedelta(),
        now: Callable[[], datetime] = utc_now,
    ) -> None:
        super().__init__(now=now)
        self.keys = dict(keys)
        self._people = {key: person for person, key in self.keys.items()}
        if len(self._people) != len(self.keys):
            raise ValueError("two people share one integration key")
        self._schema = schema
        self.events_per_minute = events_per_minute
        self.settles_after = settles_after
        self._recent: dict[str, deque[datetime]] = {}
        self._alerts: list[Alert] = []
        self._pages: list[Page] = []
        self._accepted: list[Accepted] = []
        self._refused: list[Refused] = []

    # Records

    @property
    def pages(self) -> tuple[Page, ...]:
        """Who was woken, in order."""
        with self.changed:
            return tuple(self._pages)

    @property
    def alerts(self) -> tuple[Alert, ...]:
        """Every alert as it is now, in the order of opening."""
        with self.changed:
            return tuple(self._alerts)

    @property
    def accepted(self) -> tuple[Accepted, ...]:
        """Every event answered 202, in order."""
        with self.changed:
            return tuple(self._accepted)

    @property
    def dropped(self) -> tuple[Accepted, ...]:
        """Events answered 202 that changed nothing: no open alert had their key."""
        return tuple(one for one in self.accepted if one.outcome == "dropped")

    @property
    def refused(self) -> tuple[Refused, ...]:
        """Every request answered 400 or 429 by a rule, in order."""
        with self.changed:
            return tuple(self._refused)

    def alert_of(self, person: str, dedup_key: str) -> Alert | None:
        """Return the latest alert with that key, open or resolved."""
        found = [
            alert
            for alert in self.alerts
            if alert.person == person and alert.dedup_key == dedup_key
        ]
        return found[-1] if found else None

    # Answers

    def answer(self, call: Call) -> Answer | None:
        if call.path != ENQUEUE:
            return None
        try:
            event = parse_event(call.body, call.headers.get("content-type", ""))
        except UnreadableError as problem:
            return self._refuse(
                call,
                400,
                status="Unrecognized object",
                message="Event object format is unrecognized",
                errors=[str(problem)],
            )
        errors = find_errors(event, self._schema)
        if not errors and event["routing_key"] not in self._people:
            errors = ["Invalid routing key"]
        if errors:
            return self._refuse(
                call,
                400,
                status="invalid event",
                message="Event object is invalid",
                errors=errors,
            )
        if self._exceeds_rate(event["routing_key"]):
            return self._refuse(call, 429, **self.failure_answer(429))
        return self._accept(event)

    def failure_answer(self, status: int) -> Mapping[str, Any]:
        """Return a body by the OpenAPI document, response "Error"."""
        if status == 429:
            return {
                "status": "throttle exceeded",
                "message": "Requests for this service are arriving too quickly.",
                "errors": ["Retry later"],
            }
        return {"status": "error", "message": "Internal Server Error", "errors": []}

    def _refuse(self, call: Call, code: int, **body: Any) -> Answer:
        self._refused.append(
            Refused(
                status=code, errors=tuple(body.get("errors", ())), body=call.body, at=self.now()
            )
        )
        return Answer(status=code, body=body)

    def _exceeds_rate(self, routing_key: str) -> bool:
        if self.events_per_minute is None:
            return False
        now = self.now()
        recent = self._recent.setdefault(routing_key, deque())
        while recent and recent[0] <= now - RATE_WINDOW:
            recent.popleft()
        if len(recent) >= self.events_per_minute:
            return True
        recent.append(now)
        return False

    def _accept(self, event: Mapping[str, Any]) -> Answer:
        person = self._people[event["routing_key"]]
        dedup_key = event.get("dedup_key") or uuid4().hex
        now = self.now()
        self._accepted.append(
            Accepted(
                person=person,
                action=event["event_action"],
                dedup_key=dedup_key,
                outcome=self._apply(event, person, dedup_key, now),
                event=event,
                at=now,
            )
        )
        body = {"status": "success", "message": "Event processed", "dedup_key": dedup_key}
        return Answer(status=202, body=body)

    def _apply(
        self, event: Mapping[str, Any], person: str, dedup_key: str, now: datetime
    ) -> Literal["opened", "joined", "acknowledged", "resolved", "dropped"]:
        """Change the alerts; the key alone does not find an alert, the integration must match."""
        index = self._find_open(event["routing_key"], dedup_key)
        if event["event_action"] == "trigger":
            if index is not None:
                alert = self._alerts[index]
                self._alerts[index] = replace(alert, triggers=alert.triggers + 1)
                return "joined"
            self._open(event, person, dedup_key, now)
            return "opened"
        if index is None or now < self._alerts[index].opened_at + self.settles_after:
            return "dropped"
        if event["event_action"] == "acknowledge":
            alert = self._alerts[index]
            self._alerts[index] = replace(
                alert, state="acknowledged", acknowledged_at=alert.acknowledged_at or now
            )
            return "acknowledged"
        self._alerts[index] = replace(self._alerts[index], state="resolved", resolved_at=now)
        return "resolved"

    def _find_open(self, routing_key: str, dedup_key: str) -> int | None:
        for index, alert in enumerate(self._alerts):
            same = (alert.routing_key, alert.dedup_key) == (routing_key, dedup_key)
            if same and alert.state != "resolved":
                return index
        return None

    def _open(self, event: Mapping[str, Any], person: str, dedup_key: str, now: datetime) -> None:
        payload = event["payload"]
        self._alerts.append(
            Alert(
                person=person,
                routing_key=event["routing_key"],
                dedup_key=dedup_key,
                summary=payload["summary"],
                source=payload["source"],
                severity=payload["severity"],
                state="triggered",
                triggers=1,
                opened_at=now,
            )
        )
        self._pages.append(
            Page(
                person=person,
                dedup_key=dedup_key,
                summary=payload["summary"],
                severity=payload["severity"],
                at=now,
            )
        )
