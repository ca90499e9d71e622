"""The loop that applies notifications, takes the steps that are due, and sends."""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from functools import partial
from typing import Final

from sqlalchemy import Connection

from router.alertmanager import Peers
from router.catalog import OnCallCatalog
from router.channels.channel import Channel
from router.channels.monitor import Monitor
from router.incident.answers import Answer, Recorded
from router.incident.model import Incident
from router.intake.pagerduty import PagerDutyEvent
from router.message.model import MessageKind
from router.message.own_templates import NO_TEMPLATES, OwnTemplates
from router.metrics import Metrics
from router.oncall.model import Person
from router.store.audit import Entry, record_audit
from router.store.store import Store
from router.worker.answers import Answers
from router.worker.bucket import Buckets
from router.worker.deciding import Deciding, DecidingPorts
from router.worker.decisions import Decisions
from router.worker.heartbeats import HeartbeatWatch
from router.worker.outbox import Outbox
from router.worker.own_heartbeat import OwnHeartbeat
from router.worker.provider_events import PagerDutyEvents
from router.worker.reconcile import ReconcilePorts, Reconciler
from router.worker.retention import Retention
from router.worker.sender import CLAIMED_AT_ONCE, Sender, SenderPorts
from router.worker.test_page import PageTests
from router.worker.ways_back import WaysBack

LONGEST_WAIT_SECONDS: Final = 5.0  # so that what a dead replica left is seen in seconds
SHORTEST_WAIT_SECONDS: Final = 0.05  # so that what another replica holds is not asked for in a spin

logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class WorkerPorts:
    """What the worker needs from outside."""

    store: Store
    channels: Mapping[str, Channel]
    clock: Callable[[], datetime]
    metrics: Metrics
    name: str  # different in every process: part of the leases
    retention: timedelta  # how long what is over is kept
    external_url: str | None = None  # what links to incidents begin with; None: no links
    templates: OwnTemplates = NO_TEMPLATES
    monitor: Monitor | None = None  # whom the router tells that it works
    beat_every: timedelta = timedelta(minutes=1)
    peers: Peers | None = None  # of Alertmanager, to be asked what fires


class Worker:
    """Loops over one store: deciding, sending pages, sending the rest, deleting what is old."""

    def __init__(self, ports: WorkerPorts, catalog: OnCallCatalog) -> None:
        self._ports = ports
        self.catalog = catalog
        self._decide_wake = asyncio.Event()
        self._retention_wake = asyncio.Event()
        self._retention = Retention(
            store=ports.store,
            clock=ports.clock,
            metrics=ports.metrics,
            retention=ports.retention,
        )
        self.turned_at: datetime | None = None
        self.ways_back = WaysBack(
            ports.store,
            clock=ports.clock,
            answers=lambda: Answers(decisions=self._decisions()),
            look_again=self._look_again,
        )
        self._heartbeats = HeartbeatWatch(
            store=ports.store,
            clock=ports.clock,
            metrics=ports.metrics,
            catalog=lambda: self.catalog,
            tell=self.wake,
        )
        self._own_heartbeat = OwnHeartbeat(ports, turned_at=lambda: self.turned_at)
        self._buckets = Buckets({name: one.rate for name, one in ports.channels.items()})
        self._pages = self._sender("pages", *(kind for kind in MessageKind if kind.wakes))
        self._others = self._sender("others", *(kind for kind in MessageKind if not kind.wakes))
        self._deciding = Deciding(
            DecidingPorts(
                store=ports.store,
                clock=ports.clock,
                metrics=ports.metrics,
                decisions=self._decisions,
                wake_pages=self._pages.wake.set,
                wake_senders=self._wake_senders,
            )
        )
        self._reconcile_wake = asyncio.Event()
        self._reconciler = Reconciler(
            ReconcilePorts(
                store=ports.store,
                peers=ports.peers,
                clock=ports.clock,
                metrics=ports.metrics,
                decisions=self._decisions,
                changed=self._look_again,
            )
        )

    async def turn(self) -> None:
        """Do everything that is due, to the end, as the loops of `run` do."""
        await self._heartbeats.look()
        await self.decide()
        await self.ways_back.refusals.tell_rest()
        for sender in (self._pages, self._others):
            while self._is_due(await sender.next_due()) and await sender.start_due():
                await sender.finish()

    def _is_due(self, at: datetime | None) -> bool:
        return at is not None and at <= self._ports.clock()

    async def next_due(self) -> datetime | None:
        """Return when the next decision or message is due."""
        lanes = (self._deciding, self._pages, self._others)
        dues = [await one.next_due() for one in lanes]
        return min((due for due in dues if due is not None), default=None)

    async def run(self, stop: asyncio.Event) -> None:
        """Work until `stop` is set, then finish the attempts that are under way."""
        loops = [
            self._loop(stop, self._decide_wake, self._decide_due),
            *(
                self._loop(stop, sender.wake, _send_due(sender))
                for sender in (self._pages, self._others)
            ),
            self._loop(stop, self._retention_wake, self._retention.delete_due),
            self._loop(stop, self._heartbeats.wake, self._heartbeats.look),
            self._loop(stop, self._reconcile_wake, self._reconciler.reconcile_due),
            self._loop(stop, self._own_heartbeat.wake, self._own_heartbeat.beat_due),
            self._wake_at(stop),
        ]
        await asyncio.gather(*loops)
        await asyncio.gather(self._pages.finish(), self._others.finish())

    async def reconcile(self) -> datetime:
        """Compare with Alertmanager if it is time; return when it is next."""
        return await self._reconciler.reconcile_due()

    def _look_again(self) -> None:
        self.wake()
        self._wake_senders()

    def take_up(self, catalog: OnCallCatalog) -> None:
        """Decide by this catalog from now on; what runs keeps the policy it began with."""
        self.catalog = catalog

    def wake(self) -> None:
        """Look at once: a notification is stored."""
        self._decide_wake.set()

    async def answer(
        self, number: int, given: Answer, entry: Entry | None = None
    ) -> Recorded | None:
        """Record what somebody answers, from whatever channel; None for no such incident.

        `entry` is the row of the audit that is kept with it. Raises AnswerRefused.
        """
        now = self._ports.clock()
        answers = Answers(decisions=self._decisions())

        def give(tx: Connection) -> Recorded | None:
            recorded = answers.give(tx, number, given, now=now)
            if entry is not None and recorded is not None:
                record_audit(tx, entry)
            return recorded

        recorded = await self._ports.store.write(give)
        self._look_again()
        return recorded

    async def take_pagerduty_event(self, event: PagerDutyEvent) -> str:
        """Do what happened in PagerDuty here too, once; return what became of it."""
        now = self._ports.clock()
        events = PagerDutyEvents(
            answers=Answers(decisions=self._decisions()), external_url=self._ports.external_url
        )
        taken = await self._ports.store.write(partial(events.take, event=event, now=now))
        self._look_again()
        return taken

    async def test_page(self, person: Person, by: str, entry: Entry | None = None) -> Incident:
        """Page every address of a person to see whether they work. Raises PageTestRefused."""
        now = self._ports.clock()
        tests = PageTests(decisions=self._decisions())

        def send(tx: Connection) -> Incident:
            opened = tests.send(tx, person, by=by, now=now)
            if entry is not None:
                record_audit(tx, replace(entry, incident_number=opened.number))
            return opened

        opened = await self._ports.store.write(send)
        self.wake()
        self._wake_senders()
        return opened

    async def decide(self) -> bool:
        """Apply what was received and take the steps that are due; False when nothing was."""
        return await self._deciding.decide()

    async def _decide_due(self) -> datetime | None:
        due = await self._deciding.decide_all()
        await self.ways_back.refusals.tell_rest()
        self.turned_at = self._ports.clock()
        self._ports.metrics.turn_at.set(self.turned_at.timestamp())
        return due

    async def _loop(
        self,
        stop: asyncio.Event,
        wake: asyncio.Event,
        work: Callable[[], Awaitable[datetime | None]],
    ) -> None:
        """Work, then sleep until woken or due; an error (the database is down) ends no loop."""
        while not stop.is_set():
            wake.clear()
            seconds = 1.0
            try:
                due = await work()
                seconds = LONGEST_WAIT_SECONDS
                if due is not None:
                    seconds = (due - self._ports.clock()).total_seconds()
            except Exception:
                self._ports.metrics.failures.labels("turn").inc()
                logger.exception("the worker failed, it tries again in a second")
            seconds = min(max(seconds, SHORTEST_WAIT_SECONDS), LONGEST_WAIT_SECONDS)
            try:
                await asyncio.wait_for(wake.wait(), seconds)
            except TimeoutError:
                continue

    async def _wake_at(self, stop: asyncio.Event) -> None:
        await stop.wait()
        self.wake()
        self._retention_wake.set()
        self._heartbeats.wake.set()
        self._reconcile_wake.set()
        self._own_heartbeat.wake.set()
        self._wake_senders()

    def _wake_senders(self) -> None:
        self._pages.wake.set()
        self._others.wake.set()

    def _decisions(self) -> Decisions:
        outbox = Outbox(installation=self._ports.store.installation, channels=self._ports.channels)
        return Decisions(catalog=self.catalog, outbox=outbox, metrics=self._ports.metrics)

    def _sender(self, lane: str, *kinds: MessageKind) -> Sender:
        ports = SenderPorts(
            store=self._ports.store,
            channels=self._ports.channels,
            catalog=lambda: self.catalog,
            clock=self._ports.clock,
            metrics=self._ports.metrics,
            name=f"{self._ports.name}:{lane}",
            external_url=self._ports.external_url,
            templates=self._ports.templates,
            buckets=self._buckets,
        )
        return Sender(ports, kinds)


def _send_due(sender: Sender) -> Callable[[], Awaitable[datetime | None]]:
    async def send_due() -> datetime | None:
        while await sender.start_due() == CLAIMED_AT_ONCE:
            pass
        return await sender.next_due()

    return send_due
