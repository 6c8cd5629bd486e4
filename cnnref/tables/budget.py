"""Limits on what a network may cost, and what it costs more than before: by which layers."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from contextlib import suppress
from fractions import Fraction
from math import nan
from typing import Any, NamedTuple

from cnnref.counting.arguments import number, whole
from cnnref.counting.conventions import Convention
from cnnref.counting.units import grouped, ratio, rounded, scaled
from cnnref.errors import CnnrefError, UnknownNameError, quoted
from cnnref.tables.analysis import alive_at, element_bytes
from cnnref.tables.comparison import Comparison, compare
from cnnref.tables.printable import View
from cnnref.tables.quantities import QUANTITIES, Quantity, Whole, current, highest
from cnnref.tables.rows import places
from cnnref.tables.table import Table

__all__ = ["LIMITS", "Budget", "Change", "Otherwise", "Verdict", "amount", "changes"]

Parts = list[tuple[str, int]]
Limit = int | float | str

PREFIXES = {"": 1, "k": 10**3, "M": 10**6, "G": 10**9, "T": 10**12}
BYTES = {f"{prefix}B": unit for prefix, unit in PREFIXES.items()}
BYTES |= {f"{letter}iB": 2 ** (10 * power) for power, letter in enumerate("KMGT", 1)}
# of what a baseline has
PERCENT = re.compile(r"([+-]\d{1,6}(?:\.\d{1,6})?)\s*%")
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
    at: str
    least: bool

    @property
    def kept(self) -> bool:
        """Whether no more is used than the limit allows."""
        return self.used <= self.limit

    def __str__(self) -> str:
        limit = _said(self.limit, self.unit)
        used = "at least " * self.least + _said(self.used, self.unit)
        if self.kept:
            share = f" ({ratio(100 * self.used, self.limit)}%)" if self.limit else ""
            return f"{self.measure}: {used} of {limit}{share}"
        over = _said(self.used - self.limit, self.unit)
        share = f" ({ratio(100 * (self.used - self.limit), self.limit)}%)" if self.limit else ""
        most = [(name, part) for name, part in self.parts[:NAMED] if part]
        if self.at:
            alive = ", ".join(f"{name} {_said(part, self.unit)}" for name, part in most)
            named = f"alive at {self.at}: {alive}"
        else:
            named = "most in " + ", ".join(f"{n} ({ratio(100 * x, self.used)}%)" for n, x in most)
        return f"{self.measure}: {used} exceed the budget of {limit} by {over}{share}; {named}"

    def to_dict(self) -> dict[str, Any]:
        """What is written as JSON."""
        told = {key: value for key, value in self._asdict().items() if key != "parts"}
        most = [{"layer": name, "used": part} for name, part in self.parts[:NAMED] if part]
        return {**told, "kept": self.kept, "most": most}


class Change(NamedTuple):
    """A quantity of which a network has another total than before, and the rows that changed most.

    measure: a key of LIMITS.
    parts: the rows, with what each has more, the largest change first; of a peak, none.
    """

    measure: str
    before: int
    after: int
    unit: str
    parts: tuple[tuple[str, int], ...]

    def __str__(self) -> str:
        more = self.after - self.before
        share = f" ({_percent(more, self.before)})" if self.before else ""
        told = f"{self.measure}: {_said(self.before, self.unit)} before, "
        told += f"{_said(self.after, self.unit)} now, {_signed(more, self.unit)}{share}"
        most = ", ".join(f"{name} {_signed(part, self.unit)}" for name, part in self.parts[:NAMED])
        return f"{told}; most in {most}" if most else told

    def to_dict(self) -> dict[str, Any]:
        """What is written as JSON."""
        most = [{"layer": name, "more": part} for name, part in self.parts[:NAMED]]
        return {**self._asdict(), "parts": len(self.parts), "most": most}


class Otherwise(NamedTuple):
    """What a network has otherwise than a table that was kept of it.

    name: the file of that table; rows: how many of them differ.
    """

    name: str
    rows: int
    changes: tuple[Change, ...]

    def lines(self) -> list[str]:
        """A line for each quantity that changed, and one for the rows; none where all is equal."""
        if not self.rows:
            return []
        differ = f"{self.rows} row{'s' * (self.rows != 1)} differ{'s' * (self.rows == 1)}"
        same = "" if self.changes else ", at the same cost"
        return [*map(str, self.changes), f"{differ} from {self.name}{same}"]

    def to_dict(self) -> dict[str, Any]:
        """What is written as JSON."""
        told = [change.to_dict() for change in self.changes]
        return {"file": self.name, "rows_differing": self.rows, "changes": told}


def changes(found: Comparison, view: View) -> list[Change]:
    """The quantities of which the second table of a comparison has more or less than the first."""
    sides = [Whole(table, view) for table in (found.a, found.b)]
    return [change for key in LIMITS if (change := _change(key, found, sides)) is not None]


def _change(key: str, found: Comparison, sides: Sequence[Whole]) -> Change | None:
    quantity, view = QUANTITIES[key], sides[0].view
    before, after = (quantity.of(side.table, view) for side in sides)
    if before == after or (key == "operations" and view.convention.name == "macs"):
        return None
    parts: Parts = []
    for i, j in found.pairs if quantity.total is not highest else ():
        places = zip((i, j), sides, strict=True)
        rows = [None if place is None else side.rows[place] for place, side in places]
        values = [quantity.times(view) * quantity.value(row) if row else 0 for row in rows]
        name = next(row.layer.name for row in reversed(rows) if row)
        parts.append((name, values[1] - values[0]))
    most = sorted((part for part in parts if part[1]), key=lambda part: -abs(part[1]))
    return Change(key, before, after, quantity.unit.format(unit=view.convention.unit), tuple(most))


def _said(value: int, unit: str) -> str:
    if unit != "bytes":
        return scaled(value, unit)
    for name, size in reversed(BYTES.items()):
        if "i" in name and value >= size:
            return f"{rounded(value, size, 2)} {name}"
    return f"{grouped(value)} bytes"


def _signed(value: int, unit: str) -> str:
    return f"{'-' if value < 0 else '+'}{_said(abs(value), unit)}"


def _percent(more: int, before: int) -> str:
    return f"{'-' if more < 0 else '+'}{ratio(100 * abs(more), before)}%"


class Budget:
    """Limits, each on a key of LIMITS: a number, or text such as "5G", "200MiB" or "+2%".

    dtype, batch_size: what bytes are of, and how many images all but parameters are for.
    before: the table that a limit in percent is of. Without such a limit the network must equal
        it; with one its rows may differ, and the limits alone are held.
    besides: whether something else is held besides, so that there may be no limit.

    Raises:
        UnknownNameError: nothing that can be limited has that name.
        CnnrefError: nothing is limited, or a limit is no such number, or it is one in percent and
            there is no table before.
    """

    def __init__(
        self,
        limits: Mapping[str, Limit | None],
        *,
        convention: Convention | str = "macs",
        dtype: Any = "float32",
        batch_size: int = 1,
        before: Table | None = None,
        besides: bool = False,
    ) -> None:
        known = {current(measure): limit for measure, limit in limits.items()}
        for measure in known:
            if measure not in LIMITS:
                raise UnknownNameError("budget", measure, LIMITS)
        given = {measure: limit for measure, limit in known.items() if limit is not None}
        if not given and before is None and not besides:
            raise CnnrefError(f"Nothing is limited; limits are {', '.join(LIMITS)}.")
        whole("budget", "batch_size", batch_size, least=1)
        element_bytes("budget", dtype)
        self.view = View.of(convention, (), dtype, batch_size)
        self.before = before
        self.relative = False
        self.limits = {measure: self._limit(measure, limit) for measure, limit in given.items()}

    def _limit(self, measure: str, limit: Limit) -> int:
        """A limit as a number; one in percent of what the table before has."""
        quantity = QUANTITIES[measure]
        more = PERCENT.fullmatch(limit.strip()) if isinstance(limit, str) else None
        if more is None:
            return amount(measure, limit, quantity.unit == "bytes")
        if self.before is None:
            raise CnnrefError(
                f"The budget of {measure} is {limit} of a baseline, and none is given."
            )
        self.relative = True
        share = 1 + Fraction(more[1]) / 100
        return max(0, int(share * int(quantity.of(self.before, self.view))))

    def verdicts(self, table: Table) -> list[Verdict]:
        """What a table uses of each limit."""
        return [self._verdict(table, measure, limit) for measure, limit in self.limits.items()]

    def unknown(self, table: Table) -> str:
        """Why the limits cannot be held against a table; nothing where they can."""
        priced = self.view.convention.priced
        left = [row for row in table.estimated if "estimate" not in priced(row)]
        found = [f"no rule counts {places(table.uncounted)}"] if table.uncounted else []
        found += [f"{places(left)} has an estimate alone"] if left else []
        return f"may cost more than is counted: {' and '.join(found)}" if found else ""

    def against(self, table: Table, name: str) -> Otherwise | None:
        """What a table has otherwise than the one before, whose file or place has a name.

        None where nothing is held to be equal: no table is before, or limits in percent are of it.
        """
        if self.before is None or self.relative:
            return None
        found = compare(self.before, table)
        return Otherwise(name, found.rows_differing, tuple(changes(found, self.view)))

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
    value: float | Fraction = nan
    if match and match[2] in units and len(match[1]) <= LONGEST:
        value = Fraction(match[1]) * units[match[2]]
    elif not isinstance(limit, str):
        with suppress(CnnrefError):
            value = number("budget", what, limit)
    if not 0 <= value < 10**LONGEST * units["T" + "B" * of_bytes]:
        example = "200MiB or 200MB" if of_bytes else "5G, 30M or 1500k"
        raise CnnrefError(
            f"The budget of {what} must be a number such as {example}, or +2% of a baseline, but "
            f"is {quoted(limit)}."
        )
    return int(value)
