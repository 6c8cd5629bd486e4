"""The record of the search through PyTorch's operators: written here, read by a page and tests."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from pathlib import Path

from cnnref.files import filled, rows, text, whole, write
from cnnref.tables.formats import csv_text
from studies.operators.search import COLUMNS, Finding, database, search
from website.places import DOCS

__all__ = ["PLACE", "is_wrong", "read", "run"]

PLACE = DOCS / "operators" / "operators.csv"
CELLS = {
    **dict.fromkeys(("operator", "outcome"), filled),
    "kinds": text,
    **dict.fromkeys(("calls", "by_torch", "by_force", "differ"), whole),
    "note": text,
}


def run(progress: Callable[[str], None]) -> int:
    """Search all operators and write the record; 1 where a count differs or one has no rule."""
    found = sorted(search(database(), progress))
    write(PLACE, csv_text([COLUMNS, *found]))
    wrong = [one.operator for one in found if is_wrong(one)]
    print(f"{len(found)} operators; differing or uncounted: {', '.join(wrong) or 'none'}")
    return bool(wrong)


def is_wrong(found: Finding) -> bool:
    """Whether an operator has no rule, or its count is not explained."""
    return found.outcome == "uncounted" or (found.differ > 0 and not found.note)


@cache
def read(path: Path = PLACE) -> tuple[Finding, ...]:
    """The findings on record, by name.

    Raises:
        CnnrefError: it cannot be read, or a cell is not as its column says.
    """
    return tuple(Finding(*row) for row in rows(path, CELLS))
