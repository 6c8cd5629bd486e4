"""What is planted: one number changed, or one operator dropped or doubled; and what became of it.

A fault is one of five:

refused     shape arithmetic does not let the network through any more, before a row differs
live        the comparison that the tests make sees it: a row differs
equivalent  the network is the same function as before, and a program has shown it
missed      none of these
idle        (models only) it sits in a module that does not run at inference
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator
from typing import Any, NamedTuple

__all__ = ["OUTCOMES", "Finding", "Tally", "Variant", "tally", "variants"]

REFUSED, LIVE, EQUIVALENT, MISSED = "refused", "live", "equivalent", "missed"
OUTCOMES = (REFUSED, EQUIVALENT, LIVE, MISSED)


class Variant(NamedTuple):
    """A value in place of another, and in words what was done to it."""

    words: str
    value: Any


class Finding(NamedTuple):
    """One planted fault: where, what, its outcome, and for "equivalent" the reason."""

    place: str
    what: str
    outcome: str
    reason: str = ""

    def __str__(self) -> str:
        return f"{self.place}: {self.what}" + (f" ({self.reason})" if self.reason else "")


class Tally(NamedTuple):
    """Findings of many faults, added up."""

    planted: int
    outcomes: Counter[str]
    reasons: Counter[str]
    missed: tuple[str, ...]

    def __add__(self, other: object) -> Tally:
        if not isinstance(other, Tally):
            return NotImplemented
        return Tally(
            self.planted + other.planted,
            self.outcomes + other.outcomes,
            self.reasons + other.reasons,
            self.missed + other.missed,
        )


def tally(findings: Iterable[Finding] = ()) -> Tally:
    """Count outcomes, and the reasons why faults are equivalent; keep what was missed."""
    found = list(findings)
    return Tally(
        len(found),
        Counter(one.outcome for one in found),
        Counter(one.reason for one in found if one.outcome == EQUIVALENT),
        tuple(str(one) for one in found if one.outcome == MISSED),
    )


def variants(value: Any, *, sizes: bool = False) -> Iterator[Variant]:
    """Other values in place of one; sizes: a whole number stands for (height, width).

    >>> [one.value for one in variants(3)]
    [4, 2, 6]
    >>> [one.value for one in variants((1, 3))]
    [(2, 4), (0, 2), (2, 6), (2, 3), (0, 3), (1, 4), (1, 2)]
    """
    seen = [value]
    for words, other in _others(value, sizes):
        if other not in seen:
            seen.append(other)
            yield Variant(words, other)


def _others(value: Any, sizes: bool) -> Iterator[tuple[str, Any]]:
    if isinstance(value, bool):
        yield "flipped", not value
    elif isinstance(value, float):
        yield "doubled", 2 * value
        yield "and a tenth", value + 0.1
    elif isinstance(value, int):
        yield from (("+1", value + 1), ("-1", value - 1), ("doubled", 2 * value))
        if sizes:
            yield from _one_axis((value, value))
    elif isinstance(value, tuple):
        yield from (("+1", _each(value, 1)), ("-1", _each(value, -1)))
        yield "doubled", tuple(2 * axis for axis in value)
        yield from _one_axis(value)


def _one_axis(value: tuple[int, ...]) -> Iterator[tuple[str, tuple[int, ...]]]:
    for place in range(len(value)):
        for step in (1, -1):
            changed = (*value[:place], value[place] + step, *value[place + 1 :])
            yield f"{step:+d} on axis {place}", changed


def _each(value: tuple[int, ...], step: int) -> tuple[int, ...]:
    return tuple(axis + step for axis in value)
