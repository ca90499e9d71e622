"""What colleagues are told of an override: who takes over, how long, by whom and why."""

from router.oncall.overrides import MadeOverride
from router.phrase import Phrase, joined, phrase


def announce_made(made: MadeOverride, name: str) -> Phrase:
    """Return the sentence for one that was made; `name` is that of whoever takes over."""
    told = phrase(
        "{name} takes over {schedule} from {start} until {end}.",
        name=name,
        schedule=made.schedule,
        start=made.starts_at,
        end=made.ends_at,
    )
    if not made.reason:
        return joined(told, phrase("Made by {by}.", by=made.created_by))
    return joined(told, phrase("Made by {by}: {reason}", by=made.created_by, reason=made.reason))


def announce_cancelled(cancelled: MadeOverride, name: str) -> Phrase:
    """Return the sentence for one that ends before its time, or does not begin."""
    return phrase(
        "{by} has cancelled override {number}: {name} does not take over {schedule} any more"
        " (it was from {start} until {end}).",
        by=cancelled.cancelled_by or "",
        number=cancelled.number,
        name=name,
        schedule=cancelled.schedule,
        start=cancelled.starts_at,
        end=cancelled.ends_at,
    )
