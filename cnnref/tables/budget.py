"""Limits on what a network may cost, and which layers break them."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from fractions import Fraction
from typing import Any, NamedTuple

from cnnref.counting.arguments import whole
from cnnref.counting.conventions import Convention
from cnnref.counting.conventions import convention as look_up
from cnnref.errors import CnnrefError, UnknownNameError
from cnnref.tables.analysis import alive_at, element_bytes, kept_for_training
from cnnref.tables.table import Table
from cnnref.units import grouped, ratio, rounded, scaled

__all__ = ["LIMITS", "Budget", "Verdict", "amount"]

Parts = list[tuple[str, int]]
Limit = int | float | str

PREFIXES = {"": 1, "k": 10**3, "M": 10**6, "G": 10**9, "T": 10**12}
BYTES = {f"{prefix}B": unit for prefix, unit in PREFIXES.items()}
BYTES |= {f"{letter}iB": 2 ** (10 * power) for power, letter in enumerate("KMGT", 1)}
NUMBER = re.compile(r"(\d+(?:\.\d+)?)\s*([A-Za-z]*)")
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
        for measure in limits:
            if measure not in LIMITS:
                raise UnknownNameError("budget", measure, LIMITS)
        given = {measure: limit for measure, limit in limits.items() if limit is not None}
        if not given:
            raise CnnrefError(f"Nothing is limited; limits are {', '.join(LIMITS)}.")
        self.limits = {
            measure: amount(measure, limit, LIMITS[measure].unit == "bytes")
            for measure, limit in given.items()
        }
        self.convention = look_up(convention)
        self.images = whole("budget", "batch_size", batch_size, least=1)
        self.size = element_bytes("budget", dtype)

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
        entry = LIMITS[measure]
        times = 1 if measure == "parameters" else self.images
        times *= self.size if entry.unit == "bytes" else 1
        at, found = entry.parts(table, self.convention)
        parts = sorted(((name, times * part) for name, part in found), key=lambda part: -part[1])
        unit = entry.unit.format(unit=self.convention.unit)
        least = entry.counts and bool(table.uncounted)
        used = sum(part for _, part in parts)
        return Verdict(measure, used, limit, unit, tuple(parts), at, least)


class _Limit(NamedTuple):
    """counts: whether it lacks something where rows are not counted."""

    unit: str
    parts: Callable[[Table, Convention], tuple[str, Parts]]
    counts: bool = True


def _rows(value: Callable[[Any, Convention], int]) -> Callable[..., tuple[str, Parts]]:
    return lambda table, how: ("", [(layer.name, value(layer, how)) for layer in table])


def _peak(table: Table, _: Convention) -> tuple[str, Parts]:
    live = table.live_activation_bytes(1)
    if not live:
        return "", []
    number = live.index(max(live))
    return table[number].name, alive_at(table, number)


LIMITS: Mapping[str, _Limit] = {
    "macs": _Limit("MACs", _rows(lambda layer, how: layer.macs)),
    "operations": _Limit("{unit}s", _rows(lambda layer, how: how.flops(layer))),
    "parameters": _Limit("parameters", _rows(lambda layer, how: layer.parameters), counts=False),
    "activations": _Limit(
        "activations", _rows(lambda layer, how: layer.activations if layer.macs else 0)
    ),
    "peak": _Limit("bytes", _peak, counts=False),
    "training": _Limit("bytes", lambda table, how: ("", kept_for_training(table)), counts=False),
}


def amount(what: str, limit: Limit, of_bytes: bool = False) -> int:
    """A limit as a whole number: 5G is 5 * 10**9, 200MiB is 200 * 2**20 and 200MB 200 * 10**6.

    Raises:
        CnnrefError: it is no number, or its unit is not one for what is limited.

    >>> amount("macs", "4.1G"), amount("peak", "200MiB", of_bytes=True)
    (4100000000, 209715200)
    """
    units = BYTES if of_bytes else PREFIXES
    match = NUMBER.fullmatch(limit.strip()) if isinstance(limit, str) else None
    if match and match[2] in units:
        value = Fraction(match[1]) * units[match[2]]
    elif not isinstance(limit, str | bool) and isinstance(limit, int | float) and limit >= 0:
        value = Fraction(limit)
    else:
        example = "200MiB or 200MB" if of_bytes else "5G, 30M or 1500k"
        raise CnnrefError(
            f"The budget of {what} must be a number such as {example}, but is {limit!r}."
        )
    return int(value)
