"""Sends what is due: claims under a lease, attempts outside of any transaction, records."""

import asyncio
import logging
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from time import perf_counter
from typing import Final

from sqlalchemy import Connection

from router.address import Address
from router.catalog import OnCallCatalog
from router.channels.channel import Channel
from router.channels.outcome import FailureReason, Outcome, Refused, Retry, Sent
from router.logs import context
from router.message.model import Message, MessageContext, MessageKind
from router.message.own_templates import OwnTemplates
from router.metrics import Metrics
from router.oncall.model import is_service
from router.store.leases import Hold, claim_due_messages, find_next_message
from router.store.messages import StoredMessage
from router.store.store import Store
from router.worker.bucket import Buckets
from router.worker.message_context import read_context
from router.worker.outbox import Outbox
from router.worker.outcomes import Outcomes
from router.worker.retry import expire
from router.worker.slots import Slots

CLAIMED_AT_ONCE: Final = 16
# Together below the lease: who is slower is stopped before another claims the message.
READ_SECONDS: Final = 5
ATTEMPT_SECONDS: Final = 12

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
    buckets: Buckets  # shared by the lanes of a process


class Sender:
    """One lane: kinds of messages that share their slots, so that pages never wait for notices.

    Nor does one address wait for another: each has slots and a token bucket of its own.
    """

    def __init__(self, ports: SenderPorts, kinds: Sequence[MessageKind]) -> None:
        self._ports = ports
        self._kinds = tuple(kinds)
        self._wakes = any(kind.wakes for kind in self._kinds)
        self._slots = Slots()
        self._running: set[asyncio.Task[None]] = set()
        self._claims = 0
        self.wake = asyncio.Event()

    async def start_due(self) -> int:
        """Claim what is due into the free slots and begin; return how many messages.

        Fewer than CLAIMED_AT_ONCE: nothing else was due that has a slot.
        """
        now, running = self._ports.clock(), self._slots.copy()
        self._claims += 1
        token = f"{self._ports.name}:{self._claims}"

        def claim(tx: Connection) -> list[StoredMessage]:
            slots = running.copy()  # a work may run twice
            return claim_due_messages(
                tx,
                now=now,
                lease_token=token,
                limit=CLAIMED_AT_ONCE,
                kinds=self._kinds,
                full=slots.full(),
                admit=lambda address: self._admit(slots, address, now=now),
            )

        claimed = await self._ports.store.write(claim)
        for message in claimed:
            self._begin(message)
        return len(claimed)

    async def finish(self) -> None:
        """Wait for the attempts that are under way."""
        while self._running:
            await asyncio.wait(set(self._running))

    async def next_due(self) -> datetime | None:
        """Return when this lane has to look again; None when the end of an attempt will tell."""
        full, now = self._slots.full(), self._ports.clock()
        return await self._ports.store.read_to_page(
            lambda tx: find_next_message(tx, self._kinds, now=now, full=full)
        )

    def _admit(self, slots: Slots, address: Address, *, now: datetime) -> Hold | None:
        """Count one message to an address, or say why it has to wait. In the writer's thread."""
        if not slots.take(address):
            return Hold()
        free_at = self._ports.buckets.take(address, wakes=self._wakes, now=now)
        if free_at is None:
            return None
        slots.free(address)
        return Hold(until=free_at, every=self._ports.buckets.distance(address.channel))

    def _begin(self, claimed: StoredMessage) -> None:
        address = claimed.message.address
        self._slots.take(address)
        task = asyncio.create_task(self._send(claimed))
        self._running.add(task)

        def end(task: asyncio.Task[None]) -> None:
            self._running.discard(task)
            self._slots.free(address)
            self.wake.set()

        task.add_done_callback(end)

    async def _send(self, claimed: StoredMessage) -> None:
        """Attempt and record. An error here leaves the lease, which ends by itself."""
        try:
            outcome = await self._read_and_attempt(claimed)
            if outcome is None:
                await self._drop(claimed)
                return
            now = self._ports.clock()
            outcome = expire(outcome, kind=claimed.message.kind, age=now - claimed.created_at)
            self._log(claimed, outcome)
            self._close_bucket(claimed.message.address, outcome, now=now)
            outcomes = self._outcomes()
            recorded = await self._ports.store.write(
                lambda tx: outcomes.record(tx, claimed, outcome, now=now)
            )
            if recorded and isinstance(outcome, Sent):
                self._count_page(claimed.message)
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

    async def _read_and_attempt(self, claimed: StoredMessage) -> Outcome | None:
        """Attempt once; None for a page that is needless.

        What to say is read for each message on its own and outside of the
        claim: an incident that cannot be read or rendered holds up no other.
        """
        try:
            rendered = await self._ports.store.read_to_page(
                partial(self._context, claimed), seconds=READ_SECONDS
            )
        except Exception as error:
            logger.exception(
                "a message could not be made, it is tried again",
                extra=context(message_id=claimed.id),
            )
            detail = f"unforeseen {type(error).__name__} while reading its incident"
            return Retry(reason=FailureReason.INTERNAL, detail=detail)
        return None if rendered is None else await self._attempt(rendered)

    def _context(self, claimed: StoredMessage, tx: Connection) -> MessageContext | None:
        ports = self._ports
        return read_context(
            tx,
            claimed,
            ports.catalog(),
            external_url=ports.external_url,
            templates=ports.templates,
            now=ports.clock(),
        )

    def _close_bucket(self, address: Address, outcome: Outcome, *, now: datetime) -> None:
        if isinstance(outcome, Retry) and outcome.reason is FailureReason.RATE_LIMITED:
            self._ports.buckets.close(address, after=outcome.after, now=now)

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
            return Retry(reason=FailureReason.INTERNAL, detail=detail)
        finally:
            self._ports.metrics.attempt_seconds.labels(name).observe(perf_counter() - started)

    def _outcomes(self) -> Outcomes:
        ports = self._ports
        outbox = Outbox(installation=ports.store.installation, channels=ports.channels)
        return Outcomes(outbox=outbox, catalog=ports.catalog())

    def _count_page(self, accepted: Message) -> None:
        """Count what woke a person; whom a provider's service wakes is not known here."""
        person = accepted.person
        if accepted.is_quiet:
            return
        if accepted.kind.wakes and person is not None and not is_service(person):
            self._ports.metrics.pages.labels(person).inc()

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
