"""When a notification that says what one said before is that one again (G2)."""

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Final

from sqlalchemy import Connection

from router.intake.notification import Notification
from router.store.alerts import list_firing
from router.store.notifications import StoredNotification

# How long Alertmanager and its peers may still deliver a flush they have begun:
# its budget is group_interval (5m by default) and 15 s a peer.
REPEATED_WITHIN: Final = timedelta(minutes=10)
_PEERS: Final = timedelta(seconds=30)


def repeats(
    tx: Connection,
    stored: StoredNotification,
    notification: Notification,
    copied_at: datetime,
    *,
    group_interval: timedelta,
) -> bool:
    """Say whether a notification repeats an equal one, received at `copied_at` and applied."""
    firing = {alert.fingerprint for alert in notification.alerts if alert.firing}
    return is_repeat(
        age=stored.received_at - copied_at,
        all_still_fire=lambda: firing <= list_firing(tx, firing),
        group_interval=group_interval,
    )


def is_repeat(
    *, age: timedelta, all_still_fire: Callable[[], bool], group_interval: timedelta
) -> bool:
    """Say whether a notification repeats an equal one that was applied `age` before.

    While all that it tells of as firing still fires, applying it would at most
    undo what happened since: it is a copy for as long as one may be delivered.

    Once another notification has ended one of those alerts, an equal one may
    be the alert firing again, with its old start because Prometheus was away.
    Then only what comes within two flushes of the first is a copy from a peer
    that was overtaken: when in doubt, fire. So whether they fire is only asked of
    what comes later than that.
    """
    if age < min(2 * group_interval + _PEERS, REPEATED_WITHIN):
        return True
    return age < REPEATED_WITHIN and all_still_fire()
