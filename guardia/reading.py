"""Reading one document: a getter returns the value, or notes a problem and returns None."""

import re
from collections.abc import Collection
from datetime import time, timedelta
from typing import Any
from zoneinfo import ZoneInfo, available_timezones

from guardia.document import Document, Pointer
from guardia.duration import format_duration, guess_duration, parse_duration
from guardia.matcher import Matcher, guess_matcher, parse_matcher
from guardia.problem import Problem
from guardia.word import nearest

_MOST_NAMES = 20  # that one sentence lists
# Names of files beside the IANA database's: settings of a machine, and editions of it
# that count leap seconds or are missing.
_OF_MACHINE = re.compile(r"localtime|posixrules|Factory|(?:right|posix)/(?P<place>.*)")


class Reading:
    """One pass over a document that already passed its schema.

    Problems go to the list that the caller shares between documents, so that
    one run reports all of them.
    """

    def __init__(self, document: Document, problems: list[Problem]) -> None:
        self.document = document
        self._problems = problems

    def value(self, pointer: Pointer, default: Any = None) -> Any:
        """Return the value at `pointer`, or the default where the file leaves it out."""
        found = self.document.value
        for part in pointer:
            if isinstance(part, str) and part not in found:
                return default
            found = found[part]
        return found

    def count(self, pointer: Pointer) -> int:
        """Return how many items the list at `pointer` has; none when it is left out."""
        return len(self.value(pointer, ()))

    def problem(
        self,
        code: str,
        pointer: Pointer,
        message: str,
        *,
        label: str,
        why: str,
        fix: str,
        of_key: bool = False,
        inside: str = "",
        nth: int = 0,
    ) -> None:
        """Note a problem of the value at `pointer`, or of the key that leads to it.

        `inside` is a piece of the value, as it is written: when it stands there,
        it alone is marked, after `nth` others. This is the one place that decides whether a
        problem is allowed: a suppression must be on the line of the mark, of
        the value's beginning or of its key.
        """
        document = self.document
        value, key = document.span(pointer), document.key_span(pointer)
        marked = document.span_inside(pointer, inside, nth=nth) if inside else value
        span = key if of_key else marked
        lines = {span.line, value.line, key.line}
        allowed = next(
            (one for one in document.suppressions if one.code == code and one.line in lines), None
        )
        self._problems.append(
            Problem(
                code=code,
                message=message,
                span=span,
                label=label,
                why=why,
                fix=fix,
                allowed=allowed,
            )
        )

    def duration(self, pointer: Pointer, *, longest: timedelta | None = None) -> timedelta | None:
        """Return the length of time written at `pointer`; None when it is left out or wrong."""
        text = self.value(pointer)
        if text is None:
            return None
        try:
            length = parse_duration(text)
            if longest is None or length <= longest:
                return length
            self.problem(
                "duration-invalid",
                pointer,
                f"`{pointer[-1]}`: {text!r} is longer than {format_duration(longest)}",
                label="too long",
                why="what is that long here is mostly a slip of the unit",
                fix=f"write {format_duration(longest)} or less",
            )
            return None
        except ValueError as error:
            guess = guess_duration(text)
            self.problem(
                "duration-invalid",
                pointer,
                f"`{pointer[-1]}`: {error}",
                label=f"did you mean {guess}?" if guess else "not a length of time",
                why="lengths are written as Prometheus writes them: 30s, 5m, 2m30s, 1h, 30d",
                fix="write a number and its unit, the larger unit first",
            )
            return None

    def time_of_day(self, pointer: Pointer, *, why: str, example: str) -> time | None:
        """Return the wall clock's time written at `pointer`, such as 09:00; None when it is wrong.

        `why` it must be right and an `example` are shown with the problem.
        """
        text = self.value(pointer)
        if re.fullmatch(r"([01]\d|2[0-3]):[0-5]\d", text, re.ASCII):
            return time.fromisoformat(text)
        self.problem(
            "time-invalid",
            pointer,
            f"{text} is not a time of day",
            label="must be HH:MM, from 00:00 to 23:59",
            why=why,
            fix=f"write hours and minutes with two digits each, such as {example}",
        )
        return None

    def zone(self, pointer: Pointer, *, why: str) -> ZoneInfo | None:
        """Return the IANA time zone named at `pointer`; None when there is no such zone."""
        text = self.value(pointer)
        is_of_machine = _OF_MACHINE.fullmatch(text)
        try:
            if not is_of_machine:
                return ZoneInfo(text)
        except (LookupError, ValueError, OSError):
            # No such file, a name that leads out of the database, a folder of it.
            pass
        known = {name for name in available_timezones() if not _OF_MACHINE.fullmatch(name)}
        guess = nearest(is_of_machine["place"] or "" if is_of_machine else text, known)
        self.problem(
            "zone-unknown",
            pointer,
            f"what the time zone {text} means depends on the machine"
            if is_of_machine
            else f"there is no time zone {text}",
            label=f"did you mean {guess}?" if guess else "must be a name of the IANA database",
            why=why,
            fix=f"write {guess}" if guess else "use a name such as Atlantic/Cape_Verde or UTC",
        )
        return None

    def matchers(self, pointer: Pointer, *, why: str, fix: str) -> tuple[Matcher, ...]:
        """Return the matchers of the list at `pointer`; one that is wrong is noted and left out."""
        found = []
        for index, text in enumerate(self.value(pointer, ())):
            try:
                found.append(parse_matcher(text))
            except ValueError as error:
                guess = guess_matcher(text)
                label = (
                    f"did you mean {guess}?"
                    if guess
                    else "must be a label, an operator and a value"
                )
                self.problem(
                    "matcher-invalid",
                    (*pointer, index),
                    str(error),
                    label=label,
                    why=why,
                    fix=fix,
                )
        return tuple(found)

    def reference(
        self,
        pointer: Pointer,
        what: str,
        known: Collection[str],
        fix: str,
        *,
        declared: str = "the catalog declares these",
    ) -> None:
        """Note a problem when the name at `pointer` is not one of the known ones."""
        name = self.value(pointer)
        if name in known:
            return
        guess = nearest(name, known)
        shown = [f"`{known_name}`" for known_name in sorted(known)[:_MOST_NAMES]]
        more = f" and {len(known) - _MOST_NAMES} more" if len(known) > _MOST_NAMES else ""
        names = f"{', '.join(shown)}{more}" if shown else "none"
        self.problem(
            "unknown-reference",
            pointer,
            f"there is no {what} `{name}`",
            label=f"did you mean `{guess}`?" if guess else "not declared",
            why=f"{declared}: {names}",
            fix=f"write `{guess}`, or {fix}" if guess else fix,
        )

    def duplicate(self, pointer: Pointer, what: str, seen: dict[str, str]) -> None:
        """Note a problem when the name at `pointer` was seen before; else remember its place."""
        name = self.value(pointer)
        span = self.document.span(pointer)
        if name not in seen:
            seen[name] = f"{span.path}:{span.line}"
            return
        self.problem(
            "duplicate-id",
            pointer,
            f"{what} `{name}` is declared twice",
            label=f"first declared at {seen[name]}",
            why="one name must mean one thing: what is generated would overwrite each other",
            fix="rename or remove one of the two",
        )
