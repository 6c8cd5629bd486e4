"""The file of what every other counter says of every network: its columns, and its rows."""

from __future__ import annotations

from pathlib import Path
from typing import NamedTuple

from cnnref.files import filled, rows, whole
from website.places import DOCS

__all__ = ["COUNTS", "Row", "read"]

COUNTS = DOCS / "peers" / "counts.csv"
COLUMNS = {**dict.fromkeys(("network", "input", "tool", "version"), filled), "total": whole}


class Row(NamedTuple):
    """What one counter says of a network at one input, "HEIGHTxWIDTH"."""

    network: str
    input: str
    tool: str
    version: str
    total: int


def read(path: Path = COUNTS) -> list[Row]:
    """Every row of the file.

    Raises:
        CnnrefError: it cannot be read, or a cell is not as its column says.
    """
    return [Row(*row) for row in rows(path, COLUMNS)]
