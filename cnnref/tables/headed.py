"""Rows whose names are too long for a terminal, under a line for each module that they share."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from cnnref.tables.formats import Grid

__all__ = ["HEAD", "headed"]

# the mark of such a line
HEAD = "head"


def headed(grid: Grid) -> Grid:
    """The grid with a line where another module begins, and each row by the last of its names."""
    marks = list(grid.marks) or [""] * len(grid.cells)
    cells: list[list[str]] = []
    kinds: list[str] = []
    parent = ""
    for row, mark in zip(grid.cells, marks, strict=True):
        name = row[0].lstrip()
        indent = row[0][: len(row[0]) - len(name)]
        above, _, rest = ("", "", name) if mark == HEAD else name.rpartition(".")
        if above and above != parent:
            cells.append([indent + above, *[""] * (len(row) - 1)])
            kinds.append(HEAD)
        parent = above
        cells.append([f"{indent}  {rest}" if above else row[0], *row[1:]])
        kinds.append(mark)
    return grid._replace(cells=cells, marks=kinds, ids=())
