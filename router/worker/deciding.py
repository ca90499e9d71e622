"""What is due to be decided: notifications, ends of waits, steps, next addresses, held notices."""

import asyncio
import logging
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial
from typing import Any, Final, TypeVar

from sqlalchemy import Connection

from router.logs import context
from router.metrics import Metrics
from router.store.awake import find_next_ring, list_rings
from router.store.backlog import find_next_decision
from router.store.incidents import list_revisits, record_unrevisited
from router.store.messages import StoredMessage, find_next_stuck_page, list_stuck_pages
from router.store.notifications import list_pending_notifications
from router.store.store import Store
from router.store.timers import list_due_timers
from router.worker.answers import Answers
from router.worker.applying import Applying, record_unapplied
from router.worker.awake import AwakePeople
from router.worker.decisions import Decisions, record_untaken
from router.worker.held import tell_due
from router.worker.outcomes import ELSEWHERE_AFTER, Outcomes
from router.worker.sifting import SIFTED_FROM, sift_repeats

BATCH: Final = 100
REVISITED_AGAIN: Final = timedelta(seconds=10)  # after a failure

T = TypeVar("T")

logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class DecidingPorts:
    """What deciding needs from outside."""

    store: Store
    clock: Callable[[], datetime]
    metrics: Metrics
    decisions: Callable[[], Decisions]  # by the catalog that counts now
    wake_pages: Callable[[], None]
    wake_senders: Callable[[], None]


@dataclass(frozen=True, slots=True, kw_only=True)
class _Mishap:
    """What is said and stored of a work that raised an error, so that it is tried again later."""

    step: str  # of the metric
    sentence: str
    named: Callable[[int], dict[str, Any]]  # context of the log line
    put_off: Callable[[Connection, int, BaseException], object] | None = None


class Deciding:
    """Takes what is due off the store's lists; one that fails holds up no other."""

    def __init__(self, ports: DecidingPorts) -> None:
        self._ports = ports

    async def decide(self) -> bool:
        """Apply what was received and take the steps that are due; False when nothing was."""
        ports = self._ports
        pending, applied = await self._apply_pending()
        revisited = await self._revisit_due()
        taken = await self._take_due_steps()
        elsewhere = await self._page_elsewhere()
        rung = await self._end_awake()
        told = await tell_due(ports.store, ports.metrics, now=ports.clock())
        if applied or told:
            # Only now: who informs would take the time in which the first step is decided.
            ports.wake_senders()
        return pending or revisited or taken or elsewhere or rung or told

    async def decide_all(self) -> datetime | None:
        """Decide until nothing is due, and return when the next thing is."""
        decided = True
        due: datetime | None = self._ports.clock()
        while decided and due is not None and due <= self._ports.clock():
            decided = await self.decide()
            due = await self.next_due()
        return due

    async def next_due(self) -> datetime | None:
        """Return when the next decision is due; None while nothing waits."""
        now = self._ports.clock()

        def read(tx: Connection) -> tuple[datetime | None, ...]:
            asked_at = find_next_stuck_page(tx, asked_after=now - ELSEWHERE_AFTER)
            elsewhere_at = None if asked_at is None else asked_at + ELSEWHERE_AFTER
            return find_next_decision(tx), elsewhere_at, find_next_ring(tx, after=now)

        found = await self._ports.store.read_to_page(read)
        return min((at for at in found if at is not None), default=None)

    async def _apply_pending(self) -> tuple[bool, bool]:
        """Return whether any notification waited, and whether any said more than a copy does."""
        store, now = self._ports.store, self._ports.clock()
        pending = await store.read_to_page(
            lambda tx: list_pending_notifications(tx, now=now, limit=BATCH)
        )
        applying = Applying(decisions=self._ports.decisions())

        def put_off(tx: Connection, number: int, error: BaseException) -> object:
            shown = f"{type(error).__name__}: {error}"[:1000]
            return record_unapplied(tx, number, error=shown, now=now)

        mishap = _Mishap(
            step="apply",
            sentence="a notification could not be applied, it is kept and tried again",
            named=lambda number: {"notification": number},
            put_off=put_off,
        )
        repeated = await self._sift(pending)
        self._ports.metrics.applied.labels("repeated").inc(len(repeated))
        new = [number for number in pending if number not in repeated]
        results = await self._do_each(new, partial(applying.apply, now=now), mishap)
        for result in results.values():
            self._ports.metrics.applied.labels(result).inc()
        if "changed" in results.values():
            self._ports.wake_pages()
        return bool(pending), not set(results.values()) <= {"repeated", "elsewhere"}

    async def _sift(self, pending: Sequence[int]) -> set[int]:
        """Return what repeats, taken off the list. Where that fails, each is judged in its turn."""
        if len(pending) < SIFTED_FROM:
            return set()
        catalog = self._ports.decisions().catalog
        try:
            return set(await self._ports.store.write(lambda tx: sift_repeats(tx, pending, catalog)))
        except Exception:
            self._ports.metrics.failures.labels("apply").inc()
            logger.exception("copies could not be sifted, each is judged in its turn")
            return set()

    async def _revisit_due(self) -> bool:
        """End acknowledgements, and incidents that were held open, whose time has come."""
        store, now = self._ports.store, self._ports.clock()
        due = await store.read_to_page(lambda tx: list_revisits(tx, now=now, limit=BATCH))
        decisions = self._ports.decisions()
        mishap = _Mishap(
            step="revisit",
            sentence="an incident whose time has come could not be changed, it is tried again",
            named=lambda number: {"incident": number},
            put_off=lambda tx, number, _: record_unrevisited(
                tx, number, until=now + REVISITED_AGAIN
            ),
        )
        await self._do_each(due, partial(decisions.revisit, now=now), mishap)
        if due:
            self._ports.wake_senders()
        return bool(due)

    async def _take_due_steps(self) -> bool:
        store, now = self._ports.store, self._ports.clock()
        due = await store.read_to_page(lambda tx: list_due_timers(tx, now=now, limit=BATCH))
        decisions = self._ports.decisions()
        mishap = _Mishap(
            step="escalate",
            sentence="a step could not be taken, it is tried again",
            named=lambda number: {"incident": number},
            put_off=lambda tx, number, _: record_untaken(tx, number, now=now),
        )
        await self._do_each(due, partial(decisions.take_step, now=now), mishap)
        if due:
            self._ports.wake_senders()
        return bool(due)

    async def _page_elsewhere(self) -> bool:
        """Page people at their next address too whose page nobody took for half a minute.

        By the clock and not by the end of an attempt: one may hang, and the
        next may be a minute away because the provider asks for it.
        """
        store, now = self._ports.store, self._ports.clock()
        stuck = await store.read_to_page(
            lambda tx: list_stuck_pages(tx, asked_by=now - ELSEWHERE_AFTER, limit=BATCH)
        )
        decisions = self._ports.decisions()
        outcomes = Outcomes(outbox=decisions.outbox, catalog=decisions.catalog)
        pages = {one.id: one for one in stuck if outcomes.next_address(one.message) is not None}

        def page(tx: Connection, message: int) -> bool:
            return outcomes.page_elsewhere(tx, pages[message].message, now=now)

        mishap = _Mishap(
            step="page_elsewhere",
            sentence="a page could not be sent elsewhere too, it is tried again",
            named=lambda message: _incident_of(pages[message]),
        )
        recorded = await self._do_each(list(pages), page, mishap)
        is_recorded = any(recorded.values())
        if is_recorded:
            self._ports.wake_senders()
        return is_recorded

    async def _end_awake(self) -> bool:
        """Ring again whose time of being awake has come, for what nobody has."""
        store, now = self._ports.store, self._ports.clock()
        over = dict(enumerate(await store.read_to_page(lambda tx: list_rings(tx, now=now))))
        people = AwakePeople(answers=Answers(decisions=self._ports.decisions()))

        def end(tx: Connection, index: int) -> bool:
            return people.end_over(tx, over[index], now=now)

        mishap = _Mishap(
            step="end_awake",
            sentence="somebody who is awake no more could not be rung, it is tried again",
            named=lambda index: {"person": over[index]},
        )
        ended = await self._do_each(list(over), end, mishap)
        if ended:
            self._ports.wake_senders()
        return any(ended.values())

    async def _do_each(
        self, items: Sequence[int], work: Callable[[Connection, int], T], mishap: _Mishap
    ) -> dict[int, T]:
        """Do the work for each item in a transaction; return what came of those that did not fail.

        All at once, so that they share a commit; the writer keeps their order.
        """
        store = self._ports.store
        results = await asyncio.gather(
            *(store.write(partial(_swapped, work, item)) for item in items),
            return_exceptions=True,
        )
        done: dict[int, T] = {}
        for item, result in zip(items, results, strict=True):
            if isinstance(result, BaseException):
                await self._put_off(item, result, mishap)
            else:
                done[item] = result
        return done

    async def _put_off(self, item: int, error: BaseException, mishap: _Mishap) -> None:
        self._ports.metrics.failures.labels(mishap.step).inc()
        logger.error(mishap.sentence, exc_info=error, extra=context(**mishap.named(item)))
        put_off = mishap.put_off
        if put_off is not None:
            await self._ports.store.write(lambda tx: put_off(tx, item, error))


def _swapped(work: Callable[[Connection, int], T], item: int, tx: Connection) -> T:
    return work(tx, item)


def _incident_of(page: StoredMessage) -> dict[str, Any]:
    return {"incident": page.message.incident_number}
