"""Limits on what a network may cost, and which layers break them."""

from __future__ import annotations

import re
from collections.abc import Mapping
from contextlib import suppress
from fractions import Fraction
from typing import Any, NamedTuple

from cnnref.counting.arguments import number, whole
from cnnref.counting.conventions import Convention
from cnnref.errors import CnnrefError, UnknownNameError, quoted
from cnnref.tables.analysis import alive_at, element_bytes
from cnnref.tables.printable import View
from cnnref.tables.quantities import QUANTITIES, Quantity, Whole, current, highest
from cnnref.tables.table import Table
from cnnref.units import grouped, ratio, rounded, scaled

__all__ = ["LIMITS", "Budget", "Verdict", "amount"]

Parts = list[tuple[str, int]]
Limit = int | float | str

PREFIXES = {"": 1, "k": 10**3, "M": 10**6, "G": 10**9, "T": 10**12}
BYTES = {f"{prefix}B": unit for prefix, unit in PREFIXES.items()}
BYTES |= {f"{letter}iB": 2 ** (10 * power) for power, letter in enumerate("KMGT", 1)}
NUMBER = re.compile(r"(\d+(?:\.\d+)?)\s*([A-Za-z]*)")
# letters of a number
LONGEST = 40
# keys of the quantities that can be limited
LIMITS = ("macs", "operations", "parameters", "activations", "peak", "training")
# how many of the layers that cost the most a verdict names
NAMED = 3


class Verdict(NamedTuple):
    """One limit, what is used of it, and where most of that is, largest first.

    measure: a key of LIMITS.
    at: where the peak is, "" for other measures.
    least: whether more may be used, by rows that no rule counts.
    """

    measure: str
    used: int
    limit: int
    unit: str
    parts: tuple[tuple[str, int], ...]
    at: str = ""
    least: bool = False

    @property
    def kept(self) -> bool:
        """Whether no more is used than the limit allows."""
        return self.used <= self.limit

    def __str__(self) -> str:
        used, limit = "at least " * self.least + self._text(self.used), self._text(self.limit)
        if self.kept:
            share = f" ({ratio(100 * self.used, self.limit)}%)" if self.limit else ""
            return f"{self.measure}: {used} of {limit}{share}"
        over = self._text(self.used - self.limit)
        share = f" ({ratio(100 * (self.used - self.limit), self.limit)}%)" if self.limit else ""
        most = [(name, part) for name, part in self.parts[:NAMED] if part]
        if self.at:
            named = f"alive at {self.at}: " + ", ".join(f"{n} {self._text(x)}" for n, x in most)
        else:
            named = "most in " + ", ".join(f"{n} ({ratio(100 * x, self.used)}%)" for n, x in most)
        return f"{self.measure}: {used} exceed the budget of {limit} by {over}{share}; {named}"

    def _text(self, value: int) -> str:
        if self.unit != "bytes":
            return scaled(value, self.unit)
        for unit, size in reversed(BYTES.items()):
            if "i" in unit and value >= size:
                return f"{rounded(value, size, 2)} {unit}"
        return f"{grouped(value)} bytes"


class Budget:
    """Limits, each on a key of LIMITS: a number, or text such as "5G" or "200MiB".

    dtype, batch_size: what bytes are of, and how many images all but parameters are for.

    Raises:
        UnknownNameError: nothing that can be limited has that name.
        CnnrefError: nothing is limited, or a limit is no such number.
    """

    def __init__(
        self,
        limits: Mapping[str, Limit | None],
        *,
        convention: Convention | str = "macs",
        dtype: Any = "float32",
        batch_size: int = 1,
    ) -> None:
        known = {current(measure): limit for measure, limit in limits.items()}
        for measure in known:
            if measure not in LIMITS:
                raise UnknownNameError("budget", measure, LIMITS)
        given = {measure: limit for measure, limit in known.items() if limit is not None}
        if not given:
            raise CnnrefError(f"Nothing is limited; limits are {', '.join(LIMITS)}.")
        self.limits = {
            measure: amount(measure, limit, QUANTITIES[measure].unit == "bytes")
            for measure, limit in given.items()
        }
        whole("budget", "batch_size", batch_size, least=1)
        element_bytes("budget", dtype)
        self.view = View.of(convention, (), dtype, batch_size)

    def verdicts(self, table: Table) -> list[Verdict]:
        """What a table uses of each limit."""
        return [self._verdict(table, measure, limit) for measure, limit in self.limits.items()]

    def unknown(self, table: Table) -> str:
        """Why the limits cannot be held against a table; nothing where they can."""
        if not table.uncounted:
            return ""
        where = ", ".join(dict.fromkeys(f"{row.op} in {row.name}" for row in table.uncounted))
        return f"may cost more than is counted: no rule counts {where}"

    def _verdict(self, table: Table, measure: str, limit: int) -> Verdict:
        quantity = QUANTITIES[measure]
        times = quantity.times(self.view)
        at, found = _parts(quantity, Whole(table, self.view))
        parts = sorted(((name, times * part) for name, part in found), key=lambda part: -part[1])
        unit = quantity.unit.format(unit=self.view.convention.unit)
        least = quantity.counted and bool(table.uncounted)
        used = sum(part for _, part in parts)
        return Verdict(measure, used, limit, unit, tuple(parts), at, least)


def _parts(quantity: Quantity, whole: Whole) -> tuple[str, Parts]:
    """The rows and what each has; of a peak those that are alive then, and the row of the peak."""
    if quantity.total is not highest or not whole.rows:
        return "", [(row.layer.name, quantity.value(row)) for row in whole.rows]
    peak = max(whole.rows, key=quantity.value)
    alive = alive_at(whole.table, peak.number)
    return peak.layer.name, [(name, whole.size * elements) for name, elements in alive]


def amount(what: str, limit: Limit, of_bytes: bool = False) -> int:
    """A limit as a whole number: 5G is 5 * 10**9, 200MiB is 200 * 2**20 and 200MB 200 * 10**6.

    Raises:
        CnnrefError: it is no number, or its unit is not one for what is limited.

    >>> amount("macs", "4.1G"), amount("peak", "200MiB", of_bytes=True)
    (4100000000, 209715200)
    """
    units = BYTES if of_bytes else PREFIXES
    match = NUMBER.fullmatch(limit.strip()) if isinstance(limit, str) else None
    value: float | Fraction = -1
    if match and match[2] in units and len(match[1]) <= LONGEST:
        value = Fraction(match[1]) * units[match[2]]
    elif not isinstance(limit, str):
        with suppress(CnnrefError):
            value = number("budget", what, limit)
    if not 0 <= value < 10**LONGEST * units["T" + "B" * of_bytes]:
        example = "200MiB or 200MB" if of_bytes else "5G, 30M or 1500k"
        raise CnnrefError(
            f"The budget of {what} must be a number such as {example}, but is {quoted(limit)}."
        )
    return int(value)
