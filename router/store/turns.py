"""Routers that share a PostgreSQL write by turns, so that no two wait for each other in a circle.

A batch of the writer locks what its works need, in the order in which they came:

| work | locks, in this order |
|---|---|
| a notification | its row, unless another has it; heartbeats by name; incidents by number |
| an answer, an acknowledgement that ends | the incident; its messages; digests that tell it |
| a step that is due | the incident; for each page its address, and the digest that waits there |
| an answer to a digest, "I am awake", held notices | incidents by number; then as an answer |
| an event of PagerDuty's | what of theirs it is about; then as an answer to a digest |
| what came of an attempt | incidents by number; the message; then as an answer |
| a claim, sifted copies, what is old | rows that nobody has: it waits for none |
| a new incident | its key and its alerts' fingerprints, which are unique while it is open |
| an event or message of any incident | that incident, as every row that refers to one |

Of two batches, each may want what the other began with, and not of one table
only. So a batch first waits for its turn, while it holds nothing.
"""

import hashlib
from typing import Final

from sqlalchemy import Connection, text

from router.store.lease_clock import is_shared

TURN_SECONDS: Final = 3  # longer than a batch takes, and short beside what a caller waits
_TURN: Final = 5_821_004_327_716_940_113  # PostgreSQL's advisory locks have numbers, not names
# In one statement, since every write begins with it; what it set ends with a failed wait.
_TAKE: Final = text(
    f"""
    DO $$ DECLARE usual text := current_setting('lock_timeout');
    BEGIN
        PERFORM set_config('lock_timeout', '{TURN_SECONDS}s', true);
        PERFORM pg_advisory_xact_lock({_TURN});
        PERFORM set_config('lock_timeout', usual, true);
    EXCEPTION WHEN lock_not_available OR query_canceled THEN NULL;
    END $$
    """
)


def take_turn(tx: Connection) -> None:
    """Wait until no other router commits a batch; it is our turn until the transaction ends.

    To be called first, while `tx` holds no lock. Whoever stands still with its
    turn holds up nobody for longer than `TURN_SECONDS` a batch: then it is
    written without one. Rows are locked all the same, so nothing but the order
    depends on turns, nor on whether a router of an earlier release takes any.
    """
    if is_shared(tx):
        tx.execute(_TAKE)


def lock_name(tx: Connection, name: str) -> None:
    """Let one router at a time decide about what has no row that could be locked, until it commits.

    On SQLite one transaction writes at a time anyway.
    """
    if not is_shared(tx):
        return
    number = int.from_bytes(hashlib.sha256(name.encode()).digest()[:8], signed=True)
    tx.execute(text("SELECT pg_advisory_xact_lock(:number)"), {"number": number})
