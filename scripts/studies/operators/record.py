"""The record of the search through PyTorch's operators, which a page and tests read."""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import NamedTuple

from cnnref.files import filled, rows, text, whole
from website.places import DOCS

__all__ = ["COLUMNS", "PLACE", "Finding", "is_wrong", "read"]

PLACE = DOCS / "operators" / "operators.csv"
COLUMNS = ("operator", "outcome", "kinds", "calls", "by_torch", "by_force", "differ", "note")
CELLS = {
    **dict.fromkeys(("operator", "outcome"), filled),
    "kinds": text,
    **dict.fromkeys(("calls", "by_torch", "by_force", "differ"), whole),
    "note": text,
}


class Finding(NamedTuple):
    """What was found of one operator.

    outcome: "counted", "estimate", "free" or "uncounted": the dearest of its rows; "refused" where
        no call is traced, and "not on the CPU" where none runs.
    kinds: those of its rows, but for views and copies.
    by_torch, by_force: calls whose MACs PyTorch's counter has, or a count by force.
    differ: calls whose MACs are others than either says.
    """

    operator: str
    outcome: str
    kinds: str = ""
    calls: int = 0
    by_torch: int = 0
    by_force: int = 0
    differ: int = 0
    note: str = ""


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
