"""Reading one object of somebody else's specification so that nothing of it is lost in silence."""

import re
from collections.abc import Callable, Iterator
from functools import cached_property
from typing import Any

from generator.importing.model import Remark, Remarked, Written
from guardia.document import Document, Pointer
from guardia.problem import Problem, Span


class Spec:
    """One object, and which of its values were read.

    Whoever reads a value has taken it over or has remarked on it. What nobody
    read is remarked on by `remark_unread`, so a key that this version does not
    know is listed too.
    """

    def __init__(self, document: Document, at: Pointer, problems: list[Problem]) -> None:
        self.document = document
        self.at = at
        self.remarks: list[Remark] = []
        self._problems = problems
        self._read: set[Pointer] = set()

    @property
    def path(self) -> str:
        """Return the file that the object stands in."""
        return self.document.path

    @property
    def problem_count(self) -> int:
        """Return how many problems there are, to see whether reading a part added one."""
        return len(self._problems)

    def value(self, *keys: str | int) -> Any:
        """Return the value there, or None where it is left out, empty or not reachable."""
        found = self.document.value
        for key in (*self.at, *keys):
            if isinstance(key, int):
                found = found[key] if isinstance(found, list) and key < len(found) else None
            else:
                found = found.get(key) if isinstance(found, dict) else None
        return found

    def span(self, *keys: str | int) -> Span:
        """Return where the value stands."""
        return self.document.span((*self.at, *keys))

    def text(self, *keys: str | int) -> str | None:
        """Return the text there; a number or truth value counts as it is written.

        Empty text is as good as none. A list or mapping is noted as a problem.
        """
        self.read(*keys)
        value = self.value(*keys)
        if value is None or value == "":
            return None
        if isinstance(value, str):
            return value
        if isinstance(value, list | dict):
            self._wrong_type("text", *keys)
            return None
        span = self.span(*keys)
        return self._lines[span.line - 1][span.column - 1 : span.end_column - 1]

    @cached_property
    def _lines(self) -> list[str]:
        return re.split(r"\r\n|\r|\n", self.document.text)

    def needed_text(
        self, *keys: str | int, meaning: str, within: Pointer | None = None
    ) -> Written | None:
        """Return the text there and its place, or note that it is missing.

        `within` is the part that the reader of the problem knows, so the sentence
        names the way from there: `alerting.name`. Left out, it is the one around the text.
        """
        text = self.text(*keys)
        if text is not None:
            return Written(text=text, span=self.span(*keys))
        if self.value(*keys) in (None, ""):
            way = keys[-1:] if within is None else keys[len(within) :]
            self._missing(meaning, _shown(way), *keys)
        return None

    def flag(self, *keys: str | int) -> bool | None:
        """Return the truth value there, or None when it is left out."""
        self.read(*keys)
        value = self.value(*keys)
        if value is None or isinstance(value, bool):
            return value
        self._wrong_type("true or false", *keys)
        return None

    def mapping(self, *keys: str | int) -> dict[str, Any]:
        """Return the mapping there, empty when it is left out; its values are still unread."""
        value = self.value(*keys)
        if value is None or isinstance(value, dict):
            return value or {}
        self._wrong_type("a mapping (key: value)", *keys)
        return {}

    def count(self, *keys: str | int) -> int:
        """Return how many items the list there has; their values are still unread."""
        value = self.value(*keys)
        if value is None or isinstance(value, list):
            return len(value or ())
        self._wrong_type("a list", *keys)
        return 0

    def texts(self, *keys: str | int) -> tuple[str, ...]:
        """Return the list of texts there."""
        found = (self.text(*keys, index) for index in range(self.count(*keys)))
        return tuple(text for text in found if text is not None)

    def read(self, *keys: str | int) -> None:
        """Note that the value there, with all below it, was taken over or remarked on."""
        self._read.add((*self.at, *keys))

    def remark(self, kind: Remarked, text: str, *keys: str | int) -> None:
        """Note something that a person should know of the value there."""
        self.read(*keys)
        self.remarks.append(Remark(span=self.span(*keys), kind=kind, text=text))

    def problem(
        self, code: str, keys: Pointer, message: str, *, label: str, why: str, fix: str
    ) -> None:
        """Note why the value at `keys` keeps a part of the specification from being imported."""
        self.read(*keys)
        self._problems.append(
            Problem(
                code=code, message=message, span=self.span(*keys), label=label, why=why, fix=fix
            )
        )

    def remark_unread(self, explain: Callable[[tuple[str, ...]], str | None]) -> None:
        """Remark on every value that nobody read; `explain` gives the reason by the keys to it.

        Nothing is lost with an empty value, so those are left out.
        """
        around = {pointer[:length] for pointer in self._read for length in range(len(pointer) + 1)}
        for keys in list(self._unread((), around)):
            names = tuple(key for key in keys if isinstance(key, str))
            reason = explain(names) or "no such key is known for this kind of specification"
            self.remarks.append(
                Remark(
                    span=self.document.key_span((*self.at, *keys)),
                    kind=Remarked.LOST,
                    text=f"{_shown(keys)}: {reason}",
                )
            )

    def _unread(self, keys: Pointer, around: set[Pointer]) -> Iterator[Pointer]:
        """Yield the topmost places that are not empty and in which nothing was read."""
        value = self.value(*keys)
        if (*self.at, *keys) in self._read or value is None or value in ("", [], {}):
            return
        if (*self.at, *keys) not in around or not isinstance(value, list | dict):
            yield keys
            return
        parts: Any = value if isinstance(value, dict) else range(len(value))
        for part in parts:
            yield from self._unread((*keys, part), around)

    def _missing(self, meaning: str, name: str, *keys: str | int) -> None:
        there = self.value(*keys) == ""
        place = keys if there else keys[:-1]
        self.read(*keys)
        span = self.document.span if there else self.document.key_span
        self._problems.append(
            Problem(
                code="missing-key",
                message=f"`{name}` is {'empty' if there else 'missing'}",
                span=span((*self.at, *place)),
                label="must not be empty" if there else f"needs `{name}`",
                why=meaning,
                fix=f"add `{name}:` to the specification, then import it again",
            )
        )

    def _wrong_type(self, wanted: str, *keys: str | int) -> None:
        self.problem(
            "wrong-type",
            keys,
            f"`{keys[-1]}` is {_type_name(self.value(*keys))}",
            label=f"must be {wanted}",
            why="the program that reads this specification would refuse it too",
            fix=f"write {wanted}",
        )


def _shown(keys: Pointer) -> str:
    """Return the way to a value as people write it: `spec.slos[0].plugins`."""
    text = ""
    for key in keys:
        text += f"[{key}]" if isinstance(key, int) else f".{key}"
    return text.removeprefix(".") or "the whole object"


def _type_name(value: Any) -> str:
    if isinstance(value, dict):
        return "a mapping"
    if isinstance(value, list):
        return "a list"
    return "text" if isinstance(value, str) else f"{value}"
