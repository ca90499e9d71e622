"""Once a minute: what Alertmanager lists beside what we hold (G4, and what users call stale)."""

import logging
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial
from typing import Final

from sqlalchemy import Connection

from guardia.matcher import matches_all
from router.alertmanager import Answers, Peers
from router.catalog import OnCallCatalog
from router.incident.model import Change, Incident
from router.incident.reconcile import (
    GONE_AFTER,
    Findings,
    Memory,
    compare,
    find_stale,
    mark,
    render_found,
    render_gone,
    stale_after,
)
from router.intake.alertmanager import ListedAlert, merge
from router.intake.content_key import content_key
from router.intake.notification import parse_notification
from router.logs import context
from router.metrics import Metrics
from router.store.alerts import (
    ClosedByHand,
    list_closed_by_hand,
    list_holders,
    list_open_alerts,
    list_silent_incidents,
)
from router.store.incidents import find_incident
from router.store.notifications import record_notification
from router.store.store import Store
from router.worker.decisions import Decisions

EVERY: Final = timedelta(minutes=1)

logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class ReconcilePorts:
    """What reconciling needs from outside. `peers` is None where no Alertmanager is named."""

    store: Store
    peers: Peers | None
    clock: Callable[[], datetime]
    metrics: Metrics
    decisions: Callable[[], Decisions]
    changed: Callable[[], None]  # there is something to apply, or to send


class Reconciler:
    """Compares; what differs is marked at once, or goes the road of a notification."""

    def __init__(self, ports: ReconcilePorts) -> None:
        self._ports = ports
        self._memory = Memory()
        self._done_at: datetime | None = None

    async def reconcile_due(self) -> datetime:
        """Reconcile if it is time; return when to call again."""
        now = self._ports.clock()
        if self._done_at is not None and timedelta() <= now - self._done_at < EVERY:
            return self._done_at + EVERY
        self._done_at = now
        if self._ports.peers is not None:
            await self._compare(await self._ports.peers.ask(), self._ports.peers.receiver, now=now)
        await self._mark_stale(now=now)
        self._ports.metrics.reconciled_at.set(now.timestamp())
        return now + EVERY

    async def _compare(self, answers: Answers, receiver: str, *, now: datetime) -> None:
        self._ports.metrics.alertmanagers.labels("silent").set(len(answers.silent))
        self._ports.metrics.alertmanagers.labels("answering").set(len(answers.listings))
        if not answers.listings:
            return
        catalog = self._ports.decisions().catalog
        listed = _without_heartbeats(merge(answers.listings), catalog)
        since = now - catalog.repeat_interval
        held, closed = await self._ports.store.read_to_page(
            lambda tx: (list_open_alerts(tx), list_closed_by_hand(tx, listed, since=since))
        )
        findings = compare(
            held,
            listed,
            self._memory,
            closed=_still_closed(closed, listed),
            is_conclusive=all(now - one.started_at >= GONE_AFTER for one in answers.listings),
            group_interval=catalog.group_interval,
            now=now,
        )
        self._memory = findings.memory
        await self._tell(findings, receiver, now=now)
        await self._change(
            findings.marks, partial(mark, listed=listed, now=now), "suppression", now=now
        )

    async def _change(
        self,
        numbers: Iterable[int],
        find: Callable[[Incident], Change | None],
        finding: str,
        *,
        now: datetime,
    ) -> None:
        """Record what is found of each incident; one that fails holds up no other."""
        decisions = self._ports.decisions()
        for number in sorted(numbers):
            work = partial(_record_found, decisions=decisions, number=number, find=find, now=now)
            try:
                is_visible = await self._ports.store.write(work)
            except Exception:
                self._ports.metrics.failures.labels("reconcile").inc()
                logger.exception(
                    "an incident could not be compared with Alertmanager, it is tried again",
                    extra=context(incident=number),
                )
                continue
            if is_visible:
                self._count(finding)
                self._ports.changed()

    async def _tell(self, findings: Findings, receiver: str, *, now: datetime) -> None:
        """Store what was missed as notifications: from here on it is as if they had come."""
        bodies = render_found(findings.adopted, receiver=receiver)
        for _ in bodies:
            self._count("adopted")
        if findings.gone:
            ended = await self._ports.store.read_to_page(
                lambda tx: _render_ends(tx, findings.gone, receiver, now=now)
            )
            bodies += ended
            for _ in ended:
                self._count("gone")
        for body in bodies:
            await self._store(body, now=now)
        if bodies:
            self._ports.changed()

    async def _store(self, body: bytes, *, now: datetime) -> None:
        key = content_key(parse_notification(body))
        number = await self._ports.store.write(
            lambda tx: record_notification(tx, body=body, content_key=key, now=now)
        )
        logger.warning(
            "Alertmanager lists otherwise than it told us, and that is stored as a notification",
            extra=context(notification=number),
        )

    async def _mark_stale(self, *, now: datetime) -> None:
        decisions = self._ports.decisions()
        after = stale_after(
            repeat_interval=decisions.catalog.repeat_interval,
            group_interval=decisions.catalog.group_interval,
        )
        silent = await self._ports.store.read_to_page(
            lambda tx: list_silent_incidents(tx, before=now - after)
        )
        await self._change(silent, partial(find_stale, after=after, now=now), "stale", now=now)

    def _count(self, finding: str) -> None:
        self._ports.metrics.reconciled.labels(finding).inc()


def _record_found(
    tx: Connection,
    *,
    decisions: Decisions,
    number: int,
    find: Callable[[Incident], Change | None],
    now: datetime,
) -> bool:
    """Do what is found of an open incident; False when that is nothing for people."""
    incident = find_incident(tx, number, to_change=True)
    change = find(incident) if incident is not None and incident.is_open else None
    if change is None:
        return False
    decisions.record(tx, incident, change, now=now)
    return change.is_visible


def _still_closed(
    closed: Mapping[str, ClosedByHand], listed: Mapping[str, ListedAlert]
) -> frozenset[str]:
    """Return what goes on as it was when somebody closed it; what began anew since is news."""
    return frozenset(key for key, one in closed.items() if listed[key].starts_at <= one.starts_at)


def _without_heartbeats(
    listed: dict[str, ListedAlert], catalog: OnCallCatalog
) -> dict[str, ListedAlert]:
    """Leave heartbeats out: they prove that notifications come, and must come by themselves."""
    return {
        key: alert
        for key, alert in listed.items()
        if not any(matches_all(one.matchers, alert.labels) for one in catalog.heartbeats)
    }


def _render_ends(
    tx: Connection, gone: frozenset[str], receiver: str, *, now: datetime
) -> list[bytes]:
    numbers = sorted(set(list_holders(tx, gone).values()))
    incidents = [find_incident(tx, number) for number in numbers]
    bodies = [
        render_gone(incident, gone, receiver=receiver, now=now)
        for incident in incidents
        if incident is not None
    ]
    return [body for body in bodies if body is not None]
