"""What colleagues are told of an override: who takes over, how long, by whom and why."""

from typing import Final

from router.oncall.overrides import MadeOverride
from router.phrase import Argument, Phrase, joined, phrase


def announce_made(made: MadeOverride, name: str) -> Phrase:
    """Return the sentence for one that was made; `name` is that of whoever takes over."""
    return joined(announce_taking_over(made, name), _made_by(made.created_by, made.reason))


def announce_taking_over(made: MadeOverride, name: str) -> Phrase:
    """Return who takes over what, from when until when."""
    return _takes_over(name, made.schedule, made.starts_at, made.ends_at)


def announce_cancelled(cancelled: MadeOverride, name: str) -> Phrase:
    """Return the sentence for one that ends before its time, or does not begin."""
    return _cancelled(
        by=cancelled.cancelled_by or "",
        number=cancelled.number,
        name=name,
        schedule=cancelled.schedule,
        start=cancelled.starts_at,
        end=cancelled.ends_at,
    )


def _takes_over(name: str, schedule: str, start: Argument, end: Argument) -> Phrase:
    return phrase(
        "{name} takes over {schedule} from {start} until {end}.",
        name=name,
        schedule=schedule,
        start=start,
        end=end,
    )


def _made_by(by: str, reason: str) -> Phrase:
    if not reason:
        return phrase("Made by {by}.", by=by)
    return phrase("Made by {by}: {reason}", by=by, reason=reason)


def _cancelled(**told: Argument) -> Phrase:
    return phrase(
        "{by} has cancelled override {number}: {name} does not take over {schedule} any more"
        " (it was from {start} until {end}).",
        **told,
    )


# By which an announcement that was kept as plain text is read again.
ANNOUNCED: Final = (
    joined(_takes_over("", "", "", ""), _made_by("", "because")),
    joined(_takes_over("", "", "", ""), _made_by("", "")),
    _cancelled(by="", number="", name="", schedule="", start="", end=""),
)
