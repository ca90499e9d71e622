"""When to try again."""

from datetime import datetime, timedelta
from typing import Final

from router.channels.outcome import FailureReason, Outcome, Refused, Retry, Sent
from router.message.model import MessageKind

LONGEST_DELAY: Final = timedelta(seconds=60)
GIVE_UP_AFTER: Final = timedelta(days=1)


def backoff(attempts: int) -> timedelta:
    """Return 1 s after the first failure, then twice as long each time, at most a minute."""
    return min(timedelta(seconds=2 ** min(max(attempts, 1) - 1, 10)), LONGEST_DELAY)


def next_delay(outcome: Retry | Refused, *, kind: MessageKind, attempts: int) -> timedelta | None:
    """Return how long to wait before the next attempt, or None to give up.

    `attempts` counts those made. A page is never given up: what refuses it (a
    secret, an address) may be mended, and only an acknowledgement or the end
    of the incident makes it needless. Nor does it wait longer than
    LONGEST_DELAY, whatever the provider asks for: somebody sleeps meanwhile.
    Nothing is given up for a wrong secret alone, since secrets are read again
    at each attempt.
    """
    if isinstance(outcome, Retry):
        delay = max(backoff(attempts), outcome.after or timedelta())
        return min(delay, LONGEST_DELAY) if kind.wakes else delay
    if kind.wakes or outcome.reason is FailureReason.CREDENTIALS:
        return LONGEST_DELAY
    return None


def expire(outcome: Outcome, *, kind: MessageKind, age: timedelta) -> Outcome:
    """Return the outcome, or that of information which is too old to be tried again.

    `age` is the time since the message was asked for, or since its incident
    last changed. What was not tried in all that time is sent: its text is made
    when it is sent, so it is not old. Pages never expire.
    """
    if isinstance(outcome, Sent) or kind.wakes or age < GIVE_UP_AFTER:
        return outcome
    if next_delay(outcome, kind=kind, attempts=1) is None:
        return outcome
    detail = f"older than a day; at last: {outcome.detail}"
    return Refused(reason=FailureReason.EXPIRED, detail=detail)


def repeat_at(
    kind: MessageKind, *, page_ended_at: datetime | None, settles_within: timedelta, now: datetime
) -> datetime | None:
    """Return when what was just accepted is to be sent once more; None: it need not.

    The end of a page that was accepted (or last tried) less than
    `settles_within` ago may have come before the provider knew of the page,
    and then it is lost. Sent again that much later it changes nothing more,
    or all. The second time the page is old enough, so there is no third.
    """
    if kind not in (MessageKind.ACKNOWLEDGE, MessageKind.RESOLVE) or page_ended_at is None:
        return None
    # Below zero a clock was set back in between: who knows how old the page is, but not new.
    is_recent = timedelta() <= now - page_ended_at < settles_within
    return now + settles_within if is_recent else None
