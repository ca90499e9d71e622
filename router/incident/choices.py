"""What people can choose at a message itself: a few answers that need no more words."""

from collections.abc import Mapping
from datetime import datetime, timedelta
from enum import StrEnum
from types import MappingProxyType
from typing import Final

from router.incident.answers import Acknowledge, Answer, Escalate, Resolve, Snooze


class Choice(StrEnum):
    """One button or entry of a menu."""

    ACKNOWLEDGE = "acknowledge"
    RESOLVE = "resolve"
    ESCALATE = "escalate"
    SNOOZE_30M = "snooze-30m"
    SNOOZE_1H = "snooze-1h"
    SNOOZE_4H = "snooze-4h"


SNOOZES: Final[Mapping[Choice, timedelta]] = MappingProxyType(
    {
        Choice.SNOOZE_30M: timedelta(minutes=30),
        Choice.SNOOZE_1H: timedelta(hours=1),
        Choice.SNOOZE_4H: timedelta(hours=4),
    }
)
# The same by the word for the length alone, as a form has it.
SNOOZE_LENGTHS: Final[Mapping[str, timedelta]] = MappingProxyType(
    {choice.removeprefix("snooze-"): length for choice, length in SNOOZES.items()}
)


def read_choice(text: str) -> Choice | None:
    """Return the choice that a message of ours, perhaps of another release, offered."""
    return Choice(text) if text in list(Choice) else None


def chosen_answer(choice: Choice, *, by: str, now: datetime) -> Answer:
    """Return the answer that somebody gives by a choice."""
    match choice:
        case Choice.ACKNOWLEDGE:
            return Acknowledge(by=by)
        case Choice.RESOLVE:
            return Resolve(by=by)
        case Choice.ESCALATE:
            return Escalate(by=by)
        case _:
            return Snooze(by=by, until=now + SNOOZES[choice])
