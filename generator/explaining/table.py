"""Rows as columns of text that line up."""

from collections.abc import Sequence


def render_table(rows: Sequence[Sequence[str]], *, indent: str = "") -> str:
    """Return the rows with their columns two spaces apart; the first row may be a heading."""
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    return "\n".join(
        (
            indent + "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True))
        ).rstrip()
        for row in rows
    )
