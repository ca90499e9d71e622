"""SQLite has one router: a second one on the same file is refused, and so leases can be freed."""

import fcntl
from typing import IO

from sqlalchemy import Connection, make_url, update

from router.store.tables import MESSAGE_OPEN, messages


class StoreInUseError(Exception):
    """Another process is the router of this file."""


def lock_file(url: str) -> IO[bytes] | None:
    """Take the lock beside a SQLite file; None for databases that several replicas may use.

    The system gives it back when the process ends, however it ends. Keep the
    file open. Raises StoreInUseError, or OSError when it cannot be made.
    """
    parsed = make_url(url)
    if parsed.get_backend_name() != "sqlite" or parsed.database in (None, "", ":memory:"):
        return None
    lock = open(f"{parsed.database}.lock", "ab")  # noqa: SIM115, PTH123  # stays open on purpose
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        lock.close()
        raise StoreInUseError(f"{parsed.database} is in use by another router") from None
    return lock


def release_leases(tx: Connection) -> int:
    """Give back what a router that died was sending, at once; return how many messages.

    Only for who holds the lock: a lease of a living replica must not be touched.
    """
    free = {"state": "pending", "lease_token": None, "leased_until": None}
    left = update(messages).where(MESSAGE_OPEN, messages.c.state == "sending").values(**free)
    return int(tx.execute(left).rowcount)
