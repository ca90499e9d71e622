"""PromQL whose selectors are given more matchers, such as those of a place."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from functools import cache

from promql_parser import VectorSelector

from generator.promql.finding import read_expression
from generator.promql.shown import set_rate_interval
from generator.promql.tree import words

_ADDED = 'x="y"'  # stands for what is added while that is proven
_NOT_EVERYWHERE = "not every selector has its metric's name before its braces"


@dataclass(frozen=True, slots=True, kw_only=True)
class _Braces:
    """Where matchers are put: into braces, before others or none, or with braces of their own."""

    are_written: bool
    are_empty: bool
    labels: frozenset[str]  # that the selector names by itself

    def around(self, added: str) -> str:
        if not self.are_written:
            return f"{{{added}}}" if added else ""
        return added if self.are_empty or not added else f"{added},"


@dataclass(frozen=True, slots=True, kw_only=True)
class Selecting:
    """PromQL whose selectors can be given more matchers.

    `pieces` are the text around the places where these are put, one more than
    `places`.
    """

    pieces: tuple[str, ...]
    places: tuple[_Braces, ...]

    def only(self, added: str) -> str:
        """Return the PromQL with the matchers `added` in each of its selectors."""
        return self._with([added] * len(self.places))

    def inside(self, place: Mapping[str, str]) -> str:
        """Return the PromQL asked of a place, given as a matcher for each label.

        A selector that names such a label by itself keeps its own matcher
        alone: asked of two values at once, `absent` would tell what is not true.
        """
        return self._with(
            [
                ",".join(text for label, text in place.items() if label not in braces.labels)
                for braces in self.places
            ]
        )

    def named(self, labels: Collection[str]) -> bool:
        """Say whether a selector names one of the labels by itself."""
        return any(braces.labels & frozenset(labels) for braces in self.places)

    def _with(self, added: Sequence[str]) -> str:
        text = [self.pieces[0]]
        for braces, given, after in zip(self.places, added, self.pieces[1:], strict=True):
            text += [braces.around(given), after]
        return "".join(text)


def select_everywhere(expression: str, added: str) -> str:
    """Return the expression with the matchers `added` in each of its selectors.

    Raises ValueError where that cannot be proven: see `read_selecting`.
    """
    return read_selecting(expression).only(added)


def read_selecting(expression: str) -> Selecting:
    """Return where an expression's selectors take more matchers.

    The text is edited, and the parser then proves that each selector gained
    exactly what was added. Raises ValueError where it did not, such as for a
    selector without a metric's name before its braces.
    """
    own = _selectors(expression)
    found = words(expression)[0]
    if [name for name, _ in found] != [name for name, _ in own]:
        raise ValueError(_NOT_EVERYWHERE)
    pieces, places, done = [], [], 0
    for (name, start), (_, matchers) in zip(found, own, strict=True):
        end = start + len(name)
        is_written = expression[end:].lstrip().startswith("{")
        if is_written:
            end = expression.index("{", end) + 1
        is_empty = expression[end:].lstrip().startswith("}")
        labels = frozenset(label for label, _ in matchers)
        places.append(_Braces(are_written=is_written, are_empty=is_empty, labels=labels))
        pieces.append(expression[done:end])
        done = end
    read = Selecting(pieces=(*pieces, expression[done:]), places=tuple(places))
    if _selectors(read.only(_ADDED)) != [(name, _gained() + matchers) for name, matchers in own]:
        raise ValueError(_NOT_EVERYWHERE)
    return read


@cache
def _gained() -> list[tuple[str, str]]:
    return _selectors(f"x{{{_ADDED}}}")[0][1]


def _selectors(expression: str) -> list[tuple[str, list[tuple[str, str]]]]:
    """Return the metric of each selector, and the label of each of its matchers with the rest."""
    return [
        (
            str(part.name or ""),
            [(one.name, f"{one.op} {one.value!r}") for one in part.matchers.matchers],
        )
        for part in read_expression(set_rate_interval(expression)).parts()
        if isinstance(part, VectorSelector)
    ]
