"""One page for many incidents, as plain text that is not escaped yet.

Whoever it wakes has to see how many there are and the worst of them. Each
incident has its number in it, however many there are: up to NUMBERS of them.
"""

from typing import Any, Final

from router.incident.describe import incident_title, one_line
from router.message.held import HeldLine, carried_by, open_line, over_line
from router.message.model import Carried, MessageContext

NUMBERS: Final = 200  # what has no line of its own is named by its number


def digest_headline(carried: Carried) -> str:
    """Return how many incidents there are, how bad, and how many nobody has yet."""
    total = carried.open_count + carried.over_count
    what = f"{total} incident{'' if total == 1 else 's'} in one page"
    if not carried.open_count:
        return f"{what}, all over"
    if not carried.triggered_count:
        return f"{what}, none left to acknowledge"
    if carried.told:
        what = f"{what}, the worst {carried.told[0].incident.severity}"
    if carried.triggered_count == total:
        return what
    return f"{what}, {carried.triggered_count} left to acknowledge"


def digest_sentence(context: MessageContext) -> str:
    """Return the headline with what the incidents are, the worst first; as long as it gets."""
    carried = carried_by(context)
    named = "; ".join(
        f"#{one.number} {one.incident.severity}: {incident_title(one.incident)}"
        for one in carried.told
    )
    headline = digest_headline(carried)
    return f"{headline}: {named}" if named else headline


def digest_lines(context: MessageContext) -> list[HeldLine]:
    """Return a line for each of the first incidents; `digest_rest` names the others."""
    return [
        open_line(one, context) if one.incident.is_open else over_line(one)
        for one in carried_by(context).told
    ]


def digest_rest(context: MessageContext, *, after: int) -> str:
    """Return the numbers of the incidents that come after the first ones; nothing without any."""
    carried = carried_by(context)
    numbers = [*(one.number for one in carried.told[after:]), *carried.others]
    if not numbers:
        return ""
    named = ", ".join(f"#{number}" for number in numbers[:NUMBERS])
    more = len(numbers) - NUMBERS
    return f"And {named}, + {more} more" if more > 0 else f"And {named}"


def told_digest(context: MessageContext) -> dict[str, Any]:
    """Return what our own templates of a digest see."""
    lines = digest_lines(context)
    return {
        "headline": digest_headline(carried_by(context)),
        "because": one_line(context.message.because),
        "lines": lines,
        "rest": digest_rest(context, after=len(lines)),
    }
