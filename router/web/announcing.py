"""Colleagues are told of an override, whichever way it was made or cancelled by."""

from collections.abc import Callable
from datetime import datetime
from functools import partial

from sqlalchemy import Connection

from router.catalog import OnCallCatalog
from router.oncall.announced import announce_cancelled, announce_made
from router.oncall.overrides import MadeOverride
from router.store.announcements import record_announcement
from router.web.ports import WebPorts

Announce = Callable[[Connection, MadeOverride], None]


def announcing(ports: WebPorts, *, now: datetime) -> Announce:
    """Return what tells of an override, in the transaction that makes or cancels it."""
    installation = ports.store.installation
    return partial(_announce, catalog=ports.catalog(), installation=installation, now=now)


def _announce(
    tx: Connection, one: MadeOverride, *, catalog: OnCallCatalog, installation: str, now: datetime
) -> None:
    name = catalog.names.get(one.person, one.person)
    is_made = one.cancelled_at is None
    record_announcement(
        tx,
        announce_made(one, name) if is_made else announce_cancelled(one, name),
        catalog.announced(one.schedule),
        installation=installation,
        subject=f"override/{one.number}",
        by=(one.created_by if is_made else one.cancelled_by) or "",
        now=now,
    )
