"""Sentences that are kept in English and can be told in the reader's language.

A phrase is the English text itself, so that logs, the database and every
reader of old rows have a sentence. It also knows the words it was made of:
the template, which is what translations are found by, and what fills it.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, Final, Self
from zoneinfo import ZoneInfo

from guardia.duration import spoken_duration

_DAYS: Final = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")  # whatever the system's language
# A Phrase is a str, and told in its turn. English text shows an instant in the zone it is
# given in, since nobody's is known there; a reader sees each in their own.
Argument = str | int | datetime | timedelta


@dataclass(frozen=True, slots=True, kw_only=True)
class Part:
    """One template and what fills it; `many` is its plural, chosen by `count`."""

    template: str
    many: str | None = None
    count: int = 1
    arguments: Mapping[str, Argument]


class Phrase(str):
    """An English text of one or more parts, with a blank between them."""

    parts: tuple[Part, ...]

    def __new__(cls, parts: tuple[Part, ...]) -> Self:
        """Write the English text."""
        made = super().__new__(cls, " ".join(map(in_english, parts)))
        made.parts = parts
        return made

    def __reduce__(self) -> tuple[type["Phrase"], tuple[tuple[Part, ...]]]:
        """Say how it is copied: str's own way would call `__new__` with a text."""
        return Phrase, (self.parts,)


def phrase(template: str, /, **arguments: Argument) -> Phrase:
    """Return one part. `{name}` in the template stands for that argument."""
    return Phrase((Part(template=template, arguments=arguments),))


def counted_phrase(one: str, many: str, count: int, /, **arguments: Argument) -> Phrase:
    """Return one part with the template for `count`, which stands in it as `{count}`."""
    filled = {"count": count, **arguments}
    return Phrase((Part(template=one, many=many, count=count, arguments=filled),))


def joined(*texts: str) -> Phrase:
    """Return all parts in a row; what is no phrase stands as it is, and what is empty is left out.

    Text of others (a label, a comment) is never a template: it is an argument.
    """
    parts = (one.parts if isinstance(one, Phrase) else _verbatim(one) for one in texts if one)
    return Phrase(tuple(part for found in parts for part in found))


def listed(*texts: str, by: str) -> Phrase:
    """Return the texts in a row with `by` between them, each told in its turn."""
    arguments = {f"text_{number}": text for number, text in enumerate(texts)}
    template = by.join(f"{{{name}}}" for name in arguments)
    return Phrase((Part(template=template, arguments=arguments),))


def encode_phrase(text: str) -> list[dict[str, Any]] | None:
    """Return a phrase as JSON; None for text that is none, and is told as it is."""
    if not isinstance(text, Phrase):
        return None
    return [
        {
            "template": part.template,
            **({} if part.many is None else {"many": part.many, "count": part.count}),
            "with": {name: _encode(one) for name, one in part.arguments.items()},
        }
        for part in text.parts
    ]


def decode_phrase(stored: list[dict[str, Any]] | None, otherwise: str) -> str:
    """Return the phrase that was encoded; `otherwise` where none was, or none can be read.

    The English text stands beside it in every row. A row that a later release
    wrote, or that names a zone which this system has not, is told by that: read
    with all others that are due, it must not stop them.
    """
    if stored is None:
        return otherwise
    try:
        return _decode_parts(stored)
    except Exception:
        return otherwise


def _decode_parts(stored: Any) -> Phrase:
    if not isinstance(stored, list):
        raise TypeError("a phrase is kept as a list of parts")
    return Phrase(
        tuple(
            Part(
                template=one["template"],
                many=one.get("many"),
                count=one.get("count", 1),
                arguments={name: _decode(value) for name, value in one["with"].items()},
            )
            for one in stored
        )
    )


def _verbatim(text: str) -> tuple[Part, ...]:
    return (Part(template="{text}", arguments={"text": text}),)


def in_english(part: Part) -> str:
    """Return the text of one part as it is kept."""
    template = part.template if part.many is None or part.count == 1 else part.many
    return template.format_map({name: _shown(one) for name, one in part.arguments.items()})


def _shown(argument: Argument) -> str:
    match argument:
        case datetime(tzinfo=ZoneInfo(key=zone)):
            return f"{_DAYS[argument.weekday()]} {argument:%Y-%m-%d %H:%M} {zone}"
        case datetime():
            return f"{argument.astimezone(UTC):%Y-%m-%d %H:%M} UTC"
        case timedelta():
            return spoken_duration(argument)
    return str(argument)


def _encode(argument: Argument) -> Any:
    match argument:
        case Phrase():
            return {"phrase": encode_phrase(argument)}
        case datetime(tzinfo=ZoneInfo(key=zone)):
            return {"at": argument.astimezone(UTC).isoformat(), "zone": zone}
        case datetime():
            return {"at": argument.isoformat()}
        case timedelta():
            return {"seconds": argument.total_seconds()}
    return argument


def _decode(stored: Any) -> Argument:
    match stored:
        case {"phrase": parts}:
            return _decode_parts(parts)
        case {"at": at, "zone": zone}:
            return datetime.fromisoformat(at).astimezone(ZoneInfo(zone))
        case {"at": at}:
            return datetime.fromisoformat(at)
        case {"seconds": seconds}:
            return timedelta(seconds=seconds)
    found: str | int = stored
    return found
