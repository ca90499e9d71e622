"""The ten steps of the road, each read from the records of the component that took it."""

import sqlite3
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import httpx

from demo.stage import ROOT, Stage
from generator.naming import BURN_ALERT
from router.oncall.model import ScheduleId
from router.oncall.shifts import on_call

STEP_SECONDS = 40
POLL_SECONDS = 0.1
RESPONDER = "the secondary"


class NotSeenError(Exception):
    """A step left no record in time; the message says where it was looked for."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Seen:
    """What a component's own record says of one step."""

    name: str
    at: datetime
    text: str
    source: str


Look = Callable[[], tuple[datetime, str] | None]


class Road:
    """Follows one fault from the platform to the last edited Slack message."""

    def __init__(self, stage: Stage) -> None:
        self._stage = stage
        self._number = 0  # of the incident, once it is stored
        self._way = ""  # by which it is acknowledged

    def steps(self) -> Iterator[Seen]:
        """Yield the steps as they are seen. Raises NotSeenError for one that is not."""
        yield self._see("fault injected", "platform", self._fault)
        yield self._see("alert firing", "Prometheus API", self._alert)
        yield self._see("notification sent", "Alertmanager's metrics", self._notification)
        yield self._see("stored", "router's database", self._stored)
        yield self._see("primary woken", "PagerDuty", lambda: self._woken(0, "primary"))
        yield self._see("secondary woken", "PagerDuty", lambda: self._woken(1, "secondary"))
        self._acknowledge()
        yield self._see("acknowledged", "PagerDuty", self._acknowledged)
        self._tell_platform("/repair")
        yield self._see("repaired", "platform", self._repaired)
        yield self._see("incident resolved", "router's API", self._resolved)
        yield self._see("Slack shows it", "Slack", self._slack)

    def break_platform(self) -> datetime:
        """Wait until the rules see traffic without errors, then break it; return when."""
        self._see("traffic measured", "Prometheus API", self._measured)
        self._tell_platform("/break")
        at, _ = self._fault() or (datetime.now(UTC), "")
        return at

    def _see(self, name: str, source: str, look: Look) -> Seen:
        deadline = time.monotonic() + STEP_SECONDS
        while True:
            answer = "no record of it"
            try:
                if (found := look()) is not None:
                    return Seen(name=name, at=found[0], text=found[1], source=source)
            except httpx.HTTPError as error:  # asked again: it may only be busy
                answer = f"{type(error).__name__}: {error}"
            ended = self._stage.processes.ended()
            if ended or time.monotonic() > deadline:
                raise NotSeenError(
                    ended or f"`{name}` was not seen in {source} for {STEP_SECONDS} s ({answer})"
                )
            time.sleep(POLL_SECONDS)

    # Each look returns when something happened and what, or None while it has not.

    def _measured(self) -> tuple[datetime, str] | None:
        query = 'slo:error_ratio:5s{service="casos",slo="availability"} == 0'
        results = self._get(f"{self._stage.prometheus}/api/v1/query", query=query)
        return (datetime.now(UTC), "") if results["data"]["result"] else None

    def _fault(self) -> tuple[datetime, str] | None:
        at = self._get(f"{self._stage.platform}/state")["broken_at"]
        return at and (_instant(at), "casos answers every request with 500")

    def _alert(self) -> tuple[datetime, str] | None:
        alerts = self._get(f"{self._stage.prometheus}/api/v1/alerts")["data"]["alerts"]
        for alert in alerts:
            labels = alert["labels"]
            wanted = labels["alertname"] == BURN_ALERT and labels["severity"] == "critical"
            if wanted and alert["state"] == "firing":
                return _instant(alert["activeAt"]), alert["annotations"]["summary"]
        return None

    def _notification(self) -> tuple[datetime, str] | None:
        text = httpx.get(f"{self._stage.alertmanager}/metrics", timeout=5).text
        sent = _sum_of(text, "alertmanager_notifications_total", 'integration="webhook"')
        failed = _sum_of(text, "alertmanager_notifications_failed_total", 'integration="webhook"')
        if sent <= failed:
            return None
        return datetime.now(UTC), f"{sent:.0f} sent to the webhook, {failed:.0f} failed"

    def _stored(self) -> tuple[datetime, str] | None:
        path = self._stage.database
        with closing(sqlite3.connect(f"file:{path}?mode=ro", uri=True)) as database:
            row = database.execute(
                "SELECT received_at, length(body) FROM notifications"
                " WHERE state = 'applied' AND instr(body, ?) ORDER BY id LIMIT 1",
                (BURN_ALERT.encode(),),
            ).fetchone()
        self._number = self._find_number()
        if row is None or not self._number:
            return None
        text = f"notification of {row[1]} bytes, applied to incident #{self._number}"
        return _from_microseconds(row[0]), text

    def _woken(self, index: int, schedule: str) -> tuple[datetime, str] | None:
        pages = self._of_incident(self._records()["pagerduty"]["pages"])
        if len(pages) <= index:
            return None
        page = pages[index]
        at = _instant(page["at"])
        shift = on_call(self._stage.oncall.roster.schedules[ScheduleId(schedule)], at)
        expected = shift.person if shift else None
        if page["person"] != expected:
            raise NotSeenError(f"{page['person']} was woken, but {expected} is on call")
        name = self._stage.oncall.roster.people[shift.person].name if shift else ""
        return at, f"{name}: “{page['summary']}”"

    def _acknowledge(self) -> None:
        """Press the button in Slack as who is on call, or where they have no account, type it."""
        shift = on_call(
            self._stage.oncall.roster.schedules[ScheduleId("secondary")], datetime.now(UTC)
        )
        member = self._stage.oncall.roster.people[shift.person].slack if shift else None
        if member is None:
            return self._type_acknowledge()
        posted = (
            one["ts"]
            for one in self._records()["slack"]["messages"]
            if one["text"].startswith(f"#{self._number} ") and one["thread_ts"] is None
        )
        pressed = {"ts": next(posted, ""), "word": "Acknowledge", "by": member}
        answer = httpx.post(f"{self._stage.inbox}press", data=pressed, timeout=5)
        if answer.status_code != httpx.codes.SEE_OTHER:
            raise NotSeenError(f"Acknowledge could not be pressed in Slack: {answer.text}")
        self._way = "the button in Slack"
        return None

    def _type_acknowledge(self) -> None:
        self._way = f"`guardia ack {self._number}`"
        done = subprocess.run(
            [sys.executable, "-m", "guardia.cli.main", "ack", str(self._number), "--by", RESPONDER],
            cwd=ROOT,
            env={
                "GUARDIA_URL": self._stage.router,
                "GUARDIA_API_TOKEN_FILE": str(self._stage.api_token_file),
            },
            check=False,
            capture_output=True,
            text=True,
            timeout=30,
        )
        if done.returncode != 0:
            raise NotSeenError(f"`guardia ack {self._number}` failed: {done.stdout}{done.stderr}")

    def _acknowledged(self) -> tuple[datetime, str] | None:
        alerts = self._of_incident(self._records()["pagerduty"]["alerts"])
        times = [alert["acknowledged_at"] for alert in alerts]
        if not times or None in times:
            return None
        incident = self._incident()
        who = f"by {incident['acknowledged_by']} with {self._way}"
        return _instant(min(times)), f"{len(times)} alerts acknowledged, {who}"

    def _repaired(self) -> tuple[datetime, str] | None:
        at = self._get(f"{self._stage.platform}/state")["repaired_at"]
        return at and (_instant(at), "casos answers with 200 again")

    def _resolved(self) -> tuple[datetime, str] | None:
        incident = self._incident()
        if incident["state"] != "resolved":
            return None
        pages = len(self._of_incident(self._records()["pagerduty"]["pages"]))
        return _instant(incident["resolved_at"]), f"#{self._number} resolved, {pages} pages in all"

    def _slack(self) -> tuple[datetime, str] | None:
        for message in self._records()["slack"]["messages"]:
            if message["edits"] and message["text"].startswith(f"#{self._number} resolved"):
                last = message["versions"][-1]
                edits = f"one message in #{message['channel']}, edited {message['edits']} times"
                return _instant(last["at"]), f"{edits}: “{message['text']}”"
        return None

    def _tell_platform(self, path: str) -> None:
        httpx.post(f"{self._stage.platform}{path}", timeout=5).raise_for_status()

    def _records(self) -> dict[str, Any]:
        return self._get(f"{self._stage.inbox}records.json")

    def _of_incident(self, records: list[dict[str, Any]]) -> list[dict[str, Any]]:
        """Return what PagerDuty has of our incident: installation/incident/step/person."""
        return [one for one in records if one["dedup_key"].split("/")[1] == str(self._number)]

    def _find_number(self) -> int:
        """Return the number of the incident that holds the burn of casos; 0 while there is none."""
        for found in self._ask_router("/api/incidents")["incidents"]:
            incident = self._ask_router(f"/api/incidents/{found['number']}")
            for alert in incident["alerts"]:
                labels = alert["labels"]
                if labels.get("alertname") == BURN_ALERT and labels.get("service") == "casos":
                    return int(found["number"])
        return 0

    def _incident(self) -> dict[str, Any]:
        return self._ask_router(f"/api/incidents/{self._number}")

    def _ask_router(self, path: str) -> dict[str, Any]:
        token = self._stage.api_token_file.read_text(encoding="utf-8").strip()
        headers = {"Authorization": f"Bearer {token}"}
        answer = httpx.get(f"{self._stage.router}{path}", headers=headers, timeout=5)
        answer.raise_for_status()
        found: dict[str, Any] = answer.json()
        return found

    def _get(self, url: str, **query: str) -> dict[str, Any]:
        answer = httpx.get(url, params=query or None, timeout=5)
        answer.raise_for_status()
        found: dict[str, Any] = answer.json()
        return found


def _instant(text: str) -> datetime:
    # Prometheus writes nanoseconds, of which datetime keeps microseconds.
    return datetime.fromisoformat(text)


def _from_microseconds(number: int) -> datetime:
    return datetime.fromtimestamp(number / 1_000_000, UTC)


def _sum_of(metrics: str, name: str, label: str) -> float:
    lines = [line for line in metrics.splitlines() if line.startswith(f"{name}{{")]
    return sum(float(line.rsplit(" ", 1)[1]) for line in lines if label in line)
