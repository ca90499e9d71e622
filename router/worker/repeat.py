"""When a notification that says what one said before is that one again (G2)."""

from datetime import timedelta
from typing import Final

# How long Alertmanager and its peers may still deliver a flush they have begun:
# its budget is group_interval (5m by default) and 15 s a peer.
REPEATED_WITHIN: Final = timedelta(minutes=10)
_PEERS: Final = timedelta(seconds=30)


def is_repeat(*, age: timedelta, all_still_fire: bool, group_interval: timedelta) -> bool:
    """Say whether a notification repeats an equal one that was applied `age` before.

    While all that it tells of as firing still fires, applying it would at most
    undo what happened since: it is a copy for as long as one may be delivered.

    Once another notification has ended one of those alerts, an equal one may
    be the alert firing again, with its old start because Prometheus was away.
    Then only what comes within two flushes of the first is a copy from a peer
    that was overtaken: when in doubt, fire.
    """
    if all_still_fire:
        return age < REPEATED_WITHIN
    return age < min(2 * group_interval + _PEERS, REPEATED_WITHIN)
