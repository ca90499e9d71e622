"""Sends what is due: claims under a lease, attempts outside of any transaction, records."""

import asyncio
import logging
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from time import perf_counter
from typing import Final

from sqlalchemy import Connection

from router.catalog import OnCallCatalog
from router.channels.channel import Channel
from router.channels.outcome import FailureReason, Outcome, Refused, Retry, Sent
from router.escalation.decide import foresee
from router.logs import context
from router.message.model import MessageContext, MessageKind
from router.message.own_templates import OwnTemplates
from router.metrics import Metrics
from router.oncall.model import PersonId
from router.store.backlog import find_next_message
from router.store.incidents import find_incident, list_timeline
from router.store.messages import (
    MessageState,
    StoredMessage,
    claim_due_messages,
    list_messages,
)
from router.store.store import Store
from router.store.timers import find_timer
from router.worker.outbox import Outbox
from router.worker.outcomes import Outcomes, is_needless

SLOTS: Final = 16  # attempts at once
ATTEMPT_SECONDS: Final = 12  # below the lease: who is slower is stopped before another claims it

logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class SenderPorts:
    """What a sender needs from outside."""

    store: Store
    channels: Mapping[str, Channel]
    catalog: Callable[[], OnCallCatalog]
    clock: Callable[[], datetime]
    metrics: Metrics
    name: str  # different in every process and for every lane
    external_url: str | None
    templates: OwnTemplates


class Sender:
    """One lane: kinds of messages that share their slots, so that pages never wait for notices."""

    def __init__(self, ports: SenderPorts, kinds: Sequence[MessageKind]) -> None:
        self._ports = ports
        self._kinds = tuple(kinds)
        self._running: set[asyncio.Task[None]] = set()
        self._claims = 0
        self.wake = asyncio.Event()

    async def start_due(self) -> bool:
        """Claim what is due into the free slots and begin; False when nothing was claimed."""
        free = SLOTS - len(self._running)
        if free <= 0:
            return False
        now = self._ports.clock()
        self._claims += 1
        token = f"{self._ports.name}:{self._claims}"

        def claim(tx: Connection) -> list[tuple[StoredMessage, MessageContext | None]]:
            claimed = claim_due_messages(
                tx, now=now, lease_token=token, limit=free, kinds=self._kinds
            )
            return [(one, self._context(tx, one, now=now)) for one in claimed]

        claimed = await self._ports.store.write(claim)
        for message, rendered in claimed:
            task = asyncio.create_task(self._send(message, rendered))
            self._running.add(task)
            task.add_done_callback(self._finished)
        return bool(claimed)

    async def finish(self) -> None:
        """Wait for the attempts that are under way."""
        while self._running:
            await asyncio.wait(set(self._running))

    async def next_due(self) -> datetime | None:
        """Return when this lane has to look again; None while all its slots are taken."""
        if len(self._running) >= SLOTS:
            return None  # the end of an attempt wakes it
        kinds = self._kinds
        return await self._ports.store.read(lambda tx: find_next_message(tx, kinds))

    def _finished(self, task: asyncio.Task[None]) -> None:
        self._running.discard(task)
        self.wake.set()

    def _context(
        self, tx: Connection, claimed: StoredMessage, *, now: datetime
    ) -> MessageContext | None:
        """Return what to render, from the incident as it is now; None for a needless page."""
        number = claimed.message.incident_number
        incident = find_incident(tx, number)
        if incident is None or is_needless(claimed, incident):
            return None
        catalog, external_url = self._ports.catalog(), self._ports.external_url
        timer = find_timer(tx, number)
        pages = list_messages(tx, number, kinds=[MessageKind.PAGE])
        return MessageContext(
            message=claimed.message,
            incident=incident,
            timeline=list_timeline(tx, number),
            incident_url=f"{external_url}/incidents/{number}" if external_url else "",
            names=catalog.names,
            paged=_paged(pages),
            following=None
            if timer is None
            else foresee(timer.escalation, incident, catalog.roster),
            sent_before=claimed.provider_id or _followed(pages, claimed),
            thread=_thread(tx, claimed),
            now=now,
            templates=self._ports.templates,
        )

    async def _send(self, claimed: StoredMessage, rendered: MessageContext | None) -> None:
        """Attempt and record. An error here leaves the lease, which ends by itself."""
        try:
            if rendered is None:
                await self._drop(claimed)
                return
            outcome = await self._attempt(rendered)
            self._log(claimed, outcome)
            now = self._ports.clock()
            outcomes = self._outcomes()
            await self._ports.store.write(lambda tx: outcomes.record(tx, claimed, outcome, now=now))
        except Exception:
            self._ports.metrics.failures.labels("record_outcome").inc()
            logger.exception(
                "the outcome of a message is not recorded, it is claimed again",
                extra=context(message_id=claimed.id),
            )

    async def _drop(self, claimed: StoredMessage) -> None:
        now = self._ports.clock()
        outcomes = self._outcomes()
        await self._ports.store.write(lambda tx: outcomes.drop(tx, claimed, now=now))

    async def _attempt(self, rendered: MessageContext) -> Outcome:
        """Attempt once. Whatever a channel raises is a failed attempt, not a stuck message."""
        name = rendered.message.address.channel
        channel = self._ports.channels.get(name)
        if channel is None:
            return Refused(reason=FailureReason.ADDRESS, detail=f"there is no channel {name!r}")
        started = perf_counter()
        try:
            return await asyncio.wait_for(channel.attempt(rendered), ATTEMPT_SECONDS)
        except TimeoutError:
            detail = f"no answer within {ATTEMPT_SECONDS} s"
            return Retry(reason=FailureReason.UNREACHABLE, detail=detail)
        except Exception as error:
            logger.exception("a channel failed in an unforeseen way", extra=context(channel=name))
            detail = f"unforeseen {type(error).__name__} in channel {name}"
            return Retry(reason=FailureReason.PROVIDER_ERROR, detail=detail)
        finally:
            self._ports.metrics.attempt_seconds.labels(name).observe(perf_counter() - started)

    def _outcomes(self) -> Outcomes:
        ports = self._ports
        outbox = Outbox(installation=ports.store.installation, channels=ports.channels)
        return Outcomes(outbox=outbox, roster=ports.catalog().roster)

    def _log(self, claimed: StoredMessage, outcome: Outcome) -> None:
        message = claimed.message
        came_to = "sent" if isinstance(outcome, Sent) else outcome.reason.value
        self._ports.metrics.attempts.labels(
            message.address.channel, message.kind.value, came_to
        ).inc()
        logger.log(
            logging.INFO if isinstance(outcome, Sent) else logging.WARNING,
            "message %s",
            came_to,
            extra=context(
                incident=message.incident_number,
                kind=message.kind.value,
                channel=message.address.channel,
                address=message.address.address,
                attempt=claimed.attempts,
                detail="" if isinstance(outcome, Sent) else outcome.detail,
            ),
        )


def _paged(pages: Iterable[StoredMessage]) -> tuple[PersonId, ...]:
    """Return whom a page went to, or is on its way to; each person once, the first paged first."""
    vain = (MessageState.DROPPED, MessageState.FAILED)
    people = (page.message.person for page in pages if page.state not in vain)
    return tuple(dict.fromkeys(person for person in people if person is not None))


def _followed(pages: Iterable[StoredMessage], claimed: StoredMessage) -> str | None:
    """Return the provider's id of the page that is acknowledged or resolved."""
    message = claimed.message
    if message.kind not in (MessageKind.ACKNOWLEDGE, MessageKind.RESOLVE):
        return None
    same = (message.dedup_key, message.address)
    found = (one for one in pages if (one.message.dedup_key, one.message.address) == same)
    return next((one.provider_id for one in found), None)


def _thread(tx: Connection, claimed: StoredMessage) -> str | None:
    """Return the provider's id of the notice under which a step is told."""
    message = claimed.message
    if message.kind is not MessageKind.ESCALATION:
        return None
    notices = list_messages(tx, message.incident_number, kinds=[MessageKind.NOTICE])
    found = (one for one in notices if one.message.address == message.address)
    return next((one.provider_id for one in found), None)
