"""One page for many incidents, as plain text that is not escaped yet.

Whoever it wakes has to see how many there are and the worst of them. Each
incident has its number in it, however many there are: up to NUMBERS of them.
"""

from typing import Any, Final

from router.incident.describe import incident_title
from router.incident.words import severity_word
from router.language import Reader
from router.message.held import HeldLine, carried_by, open_line, over_line
from router.message.model import Carried, MessageContext
from router.message.summary import because, more

NUMBERS: Final = 200  # what has no line of its own is named by its number


def digest_headline(carried: Carried, reader: Reader) -> str:
    """Return how many incidents there are, how bad, and how many nobody has yet."""
    total, left = carried.open_count + carried.over_count, carried.triggered_count
    parts = [reader.counted("{count} incident in one page", "{count} incidents in one page", total)]
    if not carried.open_count:
        parts.append(reader.text("all over"))
    elif not left:
        parts.append(reader.text("none left to acknowledge"))
    elif carried.told:
        worst = severity_word(carried.told[0].incident.severity)
        parts.append(reader.text("the worst {severity}", severity=worst))
    if left and left != total:
        parts.append(
            reader.counted("{count} left to acknowledge", "{count} left to acknowledge", left)
        )
    return ", ".join(parts)


def digest_sentence(context: MessageContext) -> str:
    """Return the headline with what the incidents are, the worst first; as long as it gets."""
    carried, reader = carried_by(context), context.reader
    named = "; ".join(
        f"#{one.number} {reader.say(severity_word(one.incident.severity))}:"
        f" {reader.say(incident_title(one.incident))}"
        for one in carried.told
    )
    headline = digest_headline(carried, reader)
    return f"{headline}: {named}" if named else headline


def digest_lines(context: MessageContext) -> list[HeldLine]:
    """Return a line for each of the first incidents; `digest_rest` names the others."""
    return [
        open_line(one, context) if one.incident.is_open else over_line(one, context)
        for one in carried_by(context).told
    ]


def digest_rest(context: MessageContext, *, after: int) -> str:
    """Return the numbers of the incidents that come after the first ones; nothing without any."""
    carried = carried_by(context)
    numbers = [*(one.number for one in carried.told[after:]), *carried.others]
    if not numbers:
        return ""
    named = [f"#{number}" for number in numbers[:NUMBERS]]
    left_out = more(context.reader, len(numbers) - NUMBERS)
    incidents = ", ".join([*named, *([left_out] if left_out else [])])
    return context.reader.text("And {incidents}", incidents=incidents)


def told_digest(context: MessageContext) -> dict[str, Any]:
    """Return what our own templates of a digest see."""
    lines = digest_lines(context)
    return {
        "headline": digest_headline(carried_by(context), context.reader),
        "because": because(context),
        "lines": lines,
        "rest": digest_rest(context, after=len(lines)),
    }
