"""What is wrong with an expression, before it has a place in a file."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import timedelta

from promql_parser import Expr

from generator.promql.check import parse_expression
from generator.promql.tree import Place, places, walk


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """A problem of one expression. `place` is what to mark; None marks all of it."""

    code: str
    message: str
    place: Place | None
    label: str
    why: str
    fix: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Setting:
    """What an expression is judged by, apart from its text.

    `kept` are labels that its series must have: they tell where an alert came from.
    """

    scrape_interval: timedelta
    retention: timedelta
    kept: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Expression:
    """PromQL as text and as a tree, with the place of each name."""

    text: str
    top: Expr
    places: Mapping[int, Place]

    def place(self, part: Expr) -> Place | None:
        """Return where a selector's, function's or aggregation's name stands, if that is sure."""
        return self.places.get(id(part))

    def parts(self) -> Iterator[Expr]:
        """Yield the whole expression and all its parts."""
        return walk(self.top)


def read_expression(text: str) -> Expression:
    """Parse PromQL. Raises ValueError for what is not PromQL, or is beyond the parser's bounds."""
    top = parse_expression(text)
    if not isinstance(top, Expr):
        raise ValueError("the parser gives no expression")
    return Expression(text=text, top=top, places=places(text, top))
