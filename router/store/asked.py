"""Whom an escalation has asked: what stands of its pages, and what its timeline tells."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime
from itertools import chain

from sqlalchemy import Connection

from router.escalation.awake import QUIET
from router.escalation.decide import informed
from router.escalation.model import Asked, Policy
from router.escalation.turn import Turn
from router.message.model import MessageKind, page_round, page_step
from router.oncall.model import PersonId
from router.store.messages import StoredMessage, list_messages
from router.store.timeline import list_timeline
from router.store.timers import Timer


def find_asked(tx: Connection, number: int, timer: Timer) -> Asked:
    """Return whom the escalation that runs has asked, but for pages that a pause dropped."""
    pages: dict[str, dict[PersonId, list[StoredMessage]]] = {}
    for page in list_messages(tx, number, kinds=[MessageKind.PAGE]):
        key, person = page.message.dedup_key, page.message.person
        if person is not None and page_round(key) == timer.round:
            pages.setdefault(page_step(key), {}).setdefault(person, []).append(page)
    asked = Asked(
        people={
            step: frozenset(person for person, own in people.items() if _stands(own))
            for step, people in pages.items()
        }
    )
    escalation = timer.escalation
    if escalation.next_step > asked.last(escalation.policy):
        return asked  # nothing is taken again
    begun = min(one.created_at for own in pages.values() for one in chain(*own.values()))
    return replace(asked, informed=_find_informed(tx, number, escalation.policy, since=begun))


def _find_informed(
    tx: Connection, number: int, policy: Policy, *, since: datetime
) -> frozenset[str]:
    """Return the steps taken since then that only inform: they leave a row, and no page."""
    told = {str(one.text) for one in list_timeline(tx, number) if one.at >= since}
    turns = (Turn(policy=policy, number=number) for number in range(policy.turns + 1))
    return frozenset(
        turn.key
        for turn in turns
        if any(str(one.text) in told for one in informed(turn, now=since))
    )


def _stands(pages: Sequence[StoredMessage]) -> bool:
    """Say whether what a step asked of one person, at all of their addresses, needs no repeating.

    What was told in place of it counts, but does not stand for a ring that was dropped.
    """
    asked_last = pages[-1].message.dedup_key
    own = [one for one in pages if one.message.dedup_key == asked_last]
    dropped = [one for one in own if not one.is_asked]
    standing = [one for one in own if one.is_asked]
    if any(map(_rings, dropped)):
        return any(map(_rings, standing))
    return bool(standing)


def _rings(page: StoredMessage) -> bool:
    return page.message.address.channel not in QUIET
