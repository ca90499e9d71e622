"""When to try again."""

from datetime import timedelta
from typing import Final

from router.channels.outcome import FailureReason, Refused, Retry
from router.message.model import MessageKind

LONGEST_DELAY: Final = timedelta(seconds=60)
GIVE_UP_AFTER: Final = timedelta(days=1)


def backoff(attempts: int) -> timedelta:
    """Return 1 s after the first failure, then twice as long each time, at most a minute."""
    return min(timedelta(seconds=2 ** min(max(attempts, 1) - 1, 10)), LONGEST_DELAY)


def next_delay(
    outcome: Retry | Refused, *, kind: MessageKind, attempts: int, age: timedelta
) -> timedelta | None:
    """Return how long to wait before the next attempt, or None to give up.

    `attempts` counts those made, `age` is the time since the message was
    asked for. A page is never given up: what refuses it (a secret, an
    address) may be mended, and only an acknowledgement or the end of the
    incident makes it needless. Nor does it wait longer than LONGEST_DELAY,
    whatever the provider asks for: somebody sleeps meanwhile. Nothing is given
    up for a wrong secret before a day has passed, since secrets are read again
    at each attempt.
    """
    is_page = kind is MessageKind.PAGE
    if not is_page and age >= GIVE_UP_AFTER:
        return None
    if isinstance(outcome, Retry):
        delay = max(backoff(attempts), outcome.after or timedelta())
        return min(delay, LONGEST_DELAY) if is_page else delay
    if is_page or outcome.reason is FailureReason.CREDENTIALS:
        return LONGEST_DELAY
    return None
