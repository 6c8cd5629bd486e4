"""The page of PyTorch's operators: what a trace says of each, from the record of the search."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from studies.operators import record
from studies.operators.record import Finding
from website.markup import Html, Line, line, number, region, table

__all__ = ["MACROS"]

# kinds of rows that a cell has room for
SHOWN = 6
OUTCOMES = {
    "counted": "counted",
    "estimate": "an estimate",
    "free": "free",
    "uncounted": "uncounted",
    "refused": "refused",
    "not on the CPU": "does not run on the CPU",
}


def operators_with(outcome: str = "") -> str:
    """How many operators there are, or how many of an outcome."""
    return f"{sum(outcome in ('', one.outcome) for one in record.read()):,}"


def operator_calls(of: str = "calls") -> str:
    """How many calls there are in all, or how many of them were held against something."""
    return f"{sum(getattr(one, of) for one in record.read()):,}"


def operators_table() -> Html:
    """Each operator with what a trace says of it."""
    heads = ("operator", "what it is", "kinds of rows", "calls", "as PyTorch counts", "as by force")
    return region("Operators", table(heads, map(_line, record.read())))


def _line(one: Finding) -> Line:
    kinds = one.kinds.split()
    shown = ", ".join(kinds[:SHOWN]) + " and more" * (len(kinds) > SHOWN)
    held = [str(value) if value else "–" for value in (one.by_torch, one.by_force)]
    said = f"{OUTCOMES[one.outcome]}{f' ({one.note})' if one.note else ''}"
    return line(one.operator, [said, shown or "–", *map(number, (str(one.calls), *held))])


MACROS: Mapping[str, Callable[..., object]] = {
    "operator_calls": operator_calls,
    "operators_table": operators_table,
    "operators_with": operators_with,
}
