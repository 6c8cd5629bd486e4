"""Rows put together: by stage, block, operator or depth of their path; and put in order."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from cnnref.counting.arguments import whole
from cnnref.counting.conventions import Convention
from cnnref.counting.layer import Layer, levels
from cnnref.errors import CnnrefError, UnknownNameError, briefly
from cnnref.tables.columns import COLUMNS, Column, chosen, column
from cnnref.tables.listing import completeness, notes
from cnnref.tables.listing import named as told_of
from cnnref.tables.printable import Printed, View
from cnnref.tables.quantities import Row, Whole

if TYPE_CHECKING:
    from cnnref.tables.formats import Grid
    from cnnref.tables.table import Table

__all__ = ["Groups", "group", "order"]

KEYS: Mapping[str, Callable[[Layer], str]] = {
    "stage": lambda layer: layer.stage,
    "block": lambda layer: layer.block,
    "op": lambda layer: layer.op,
}
GROUP_COLUMNS = ("parameters", "parameters_share", "operations", "operations_share")


@briefly
class Groups(Printed, dict[str, "Table"]):
    """The parts of a table by the name of their group; prints one row for each of them.

    by: what the groups are: "stage", "block", "op" or "depth N".

    >>> import cnnref
    >>> groups = cnnref.table("alexnet").group("op")
    >>> len(groups["conv"]), groups["conv"].macs
    (5, 655566528)
    """

    def __init__(self, table: Table, by: str, parts: Mapping[str, Table]) -> None:
        super().__init__(parts)
        self.table = table
        self.by = by

    def __repr__(self) -> str:
        lacking = ", some rows uncounted" if self.table.uncounted else ""
        return f"<Groups of {self.table.name} by {self.by}: {', '.join(self)}{lacking}>"

    def _seen(self, view: View) -> Grid:
        """A row for each group: its number of rows, its last output, and sums of measures.

        columns: keys of columns that have a total, in place of parameters and operations.

        Raises:
            UnknownNameError: no column that has a total has that key.
        """
        from cnnref.tables.formats import Grid, with_uncounted

        whole = Whole(self.table.whole, view)
        keys = _measures(view.columns)
        rows = {name: rows for name, part in self.items() if (rows := whole.listed(part))}
        every = [row for part in rows.values() for row in part]
        shown = [COLUMNS[key] for key in keys]
        heads = [column.header.format(unit=view.convention.unit) for column in shown]
        first = ["module" if self.by.startswith("depth") else self.by, "rows", "output"]
        sums = [[column.sum(part) for column in shown] for part in rows.values()]
        exact = [[column.exact_sum(part) for column in shown] for part in rows.values()]
        last = [str(part[-1].layer.out_shape) for part in rows.values()]
        grid = Grid(
            heads=[*first, *heads],
            aligns="lrl" + "r" * len(keys),
            kinds=["text", "whole", "text", *(column.kind for column in shown)],
            cells=[
                [name or "(none)", str(len(part)), out, *cells]
                for (name, part), out, cells in zip(rows.items(), last, sums, strict=True)
            ],
            exact=[
                [name or None, len(part), out, *values]
                for (name, part), out, values in zip(rows.items(), last, exact, strict=True)
            ],
            totals=_totals(self.table, whole, shown, every),
            notes=notes(self.table, whole, keys),
            marks=[_mark(part) for part in rows.values()],
            folds=[(2, 16), (0, 12)],
            paths=self.by.startswith("depth"),
            keys=[*first, *keys],
        )
        return grid if view.terse else with_uncounted(grid, list(map(_uncounted, rows.values())))

    def sorted(self, by: str = "macs", convention: Convention | str = "macs") -> Groups:
        """The groups with the most of a measure first.

        by: a key of a column that has a total; convention: prices the operations.

        Raises:
            UnknownNameError: no column that has a total has that key, or no such convention.
        """
        (key,), whole = _measures([by]), Whole(self.table.whole, View.of(convention))
        sums = {name: COLUMNS[key].exact_sum(whole.listed(part)) for name, part in self.items()}
        totals = {name: total or 0 for name, total in sums.items()}
        names = sorted(self, key=lambda name: -totals[name])
        return Groups(self.table, self.by, {name: self[name] for name in names})

    def top(self, n: int = 10, by: str = "macs", convention: Convention | str = "macs") -> Groups:
        """The n groups with the most; by and convention are those of `sorted`.

        Raises:
            UnknownNameError: as for `sorted`.
            CnnrefError: n is not a positive whole number.
        """
        names = list(self.sorted(by, convention))[: whole("top", "n", n, least=1)]
        return Groups(self.table, self.by, {name: self[name] for name in names})

    def _document(self, view: View) -> dict[str, Any]:
        """The groups with the numbers of their rows, their sums and the totals, as JSON.

        columns: keys of columns whose sums each group holds besides, under "columns".
        """
        whole = Whole(self.table.whole, view)
        keys = _measures(view.columns) if view.columns else []
        return {
            **told_of(self.table, view.convention),
            "by": self.by,
            "groups": [
                {"group": name, "rows": list(part.numbers), **_sums(part, view.convention)}
                | ({"columns": _exact(keys, whole.listed(part))} if keys else {})
                for name, part in self.items()
            ],
            "totals": _sums(self.table, view.convention),
            **completeness(self.table),
        }


def _totals(
    table: Table, whole: Whole, shown: Sequence[Column], rows: list[Row]
) -> list[list[str]]:
    """The total, or where some groups are left out those of what is shown and of all."""
    every = whole.listed(table)
    named = {"Total": rows} if len(rows) == len(every) else {"Shown": rows, "All": every}
    return [
        [label, str(len(some)), "", *(column.sum(some) for column in shown)]
        for label, some in named.items()
    ]


def _uncounted(rows: list[Row]) -> int:
    return sum(not row.layer.counted for row in rows)


def _mark(rows: list[Row]) -> str:
    if _uncounted(rows):
        return "uncounted"
    return "" if any(row.layer.macs or row.layer.parameters for row in rows) else "free"


def _measures(columns: Sequence[str] | str | None) -> list[str]:
    known = [key for key, entry in COLUMNS.items() if entry.total]
    return chosen(columns, GROUP_COLUMNS, known, "column of groups")


def _exact(keys: Sequence[str], rows: list[Row]) -> dict[str, int | float | None]:
    return {key: COLUMNS[key].exact_sum(rows) for key in keys}


def _sums(part: Table, entry: Convention) -> dict[str, int]:
    return {
        "parameters": part.parameters,
        "operations": part.operations(entry),
        "macs": part.macs,
        "activations": part.mac_activations,
        "uncounted": len(part.uncounted),
    }


def group(table: Table, by: str | None, depth: int | None) -> Groups:
    """The parts of a table; see `Table.group`."""
    if (by is None) == (depth is None):
        raise CnnrefError('group: give either by, such as "stage", or depth, such as depth=2.')
    if depth is not None:
        least = whole("group", "depth", depth, least=1)
        return _parts(table, f"depth {depth}", lambda layer: levels(layer)[:least][-1])
    if by not in tuple(KEYS):
        raise UnknownNameError("grouping", by, KEYS)
    return _parts(table, str(by), KEYS[str(by)])


def _parts(table: Table, by: str, key: Callable[[Layer], str]) -> Groups:
    places: dict[str, list[int]] = {}
    for place, layer in enumerate(table):
        places.setdefault(key(layer), []).append(place)
    return Groups(table, by, {name: table.part(found) for name, found in places.items()})


def order(table: Table, by: str, convention: Convention) -> list[int]:
    """The places of a table's rows in an order; see `Table.sorted`."""
    entry, whole = column(by), Whole(table.whole, View.of(convention))
    values = [entry.exact(whole.rows[number]) for number in table.numbers]

    def key(place: int) -> tuple[bool, bool, float, str]:
        value = values[place]
        if isinstance(value, str):
            return False, True, 0, value
        return value is None, False, -(value or 0), ""

    return sorted(range(len(table)), key=key)
