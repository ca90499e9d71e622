"""Lines and columns of a text, as editors count them."""

import re
from bisect import bisect_right

from guardia.problem import Span

Extent = tuple[int, int]  # where a part of a text begins and ends, end excluded


class Lines:
    """Lines and columns of a text as editors count them.

    YAML also ends a line at U+0085, U+2028 and U+2029, which editors show as
    characters: so the line is counted from the character's place in the text.
    """

    def __init__(self, text: str) -> None:
        self._starts = [0, *(match.end() for match in re.finditer(r"\r\n|\r|\n", text))]

    def place(self, index: int) -> tuple[int, int]:
        """Return line and column, from 1, of the character at `index`."""
        line = bisect_right(self._starts, index)
        return line, index - self._starts[line - 1] + 1

    def span(self, path: str, extent: Extent) -> Span:
        """Return the span of an extent; of what spans lines, only its first character."""
        line, column = self.place(extent[0])
        end_line, end_column = self.place(extent[1])
        if end_line != line:
            end_column = column + 1
        return Span(path=path, line=line, column=column, end_column=max(end_column, column))
