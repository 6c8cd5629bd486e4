"""Grids of cells, for drawings that show what a layer reads of a small map."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from itertools import product

from cnnref.drawing.scene import Box, Text

__all__ = ["grid", "titled"]


def grid(
    x: float, y: float, side: float, rows: int, columns: int, kind: Callable[[int, int], str]
) -> Iterator[Box]:
    """Cells from an upper left corner on; kind: that of the box in a row and a column."""
    for row, column in product(range(rows), range(columns)):
        at = (x + column * side, y + row * side)
        yield Box(kind(row, column), (), (), "", *at, side, side)


def titled(x: float, y: float, title: str, below: float, said: str) -> tuple[Text, Text]:
    """A title above the middle of a panel, and a fainter line at some place below."""
    return (
        Text(title, x, y, anchor="middle", strong=True),
        Text(said, x, below, anchor="middle", faint=True),
    )
