"""One table by several price lists: what each counts of a kind of layer, and what differs."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, NamedTuple, overload

from cnnref.counting.conventions import Convention, convention, conventions
from cnnref.counting.layer import Layer
from cnnref.counting.units import grouped
from cnnref.errors import CnnrefError, briefly
from cnnref.tables.columns import LEAST, UNKNOWN
from cnnref.tables.formats import Grid
from cnnref.tables.printable import Printed, View
from cnnref.tables.rows import places

if TYPE_CHECKING:
    from cnnref.tables.table import Table

__all__ = ["ByConvention", "CountedKind", "by_convention", "chosen_conventions", "joined"]

# what a raw count is called in a sentence, where its key with blanks would not do
WORDS = {
    "macs": "MACs",
    "elements_in": "elements of the input",
    "elements_out": "elements of the output",
    "again": "parameters again for each further position",
    "estimate": "the textbook's estimate",
}


@briefly
class CountedKind(NamedTuple):
    """The rows of one kind under each convention.

    kind: the operator, as price lists name it.
    rows: how many there are.
    uncounted: how many of the rows no rule counts.
    operations: by the name of a convention, what it counts of them for one image.
    terms: by the name of a convention, what that is the sum of: each raw count with its price and
        its number in the rows that the convention sees.
    unseen: by the name of a convention, how many rows of a priced kind it does not see, since it
        watches modules and these are none on its list.

    >>> import cnnref
    >>> conv = cnnref.table("vgg16").by_convention("torchinfo,macs")[0]
    >>> conv.kind, conv.rows, conv.terms["torchinfo"]
    ('conv', 13, {'macs': (1, 15346630656), 'bias_adds': (1, 13547520)})
    """

    kind: str
    rows: int
    uncounted: int
    operations: Mapping[str, int]
    terms: Mapping[str, Mapping[str, tuple[int, int]]]
    unseen: Mapping[str, int]

    @property
    def unknown(self) -> bool:
        """Whether no rule counts any of the rows."""
        return self.uncounted == self.rows

    def printed(self, operations: int) -> str:
        """What a convention counts of the rows, its operations, as a table shows it."""
        return UNKNOWN if self.unknown else LEAST * bool(self.uncounted) + grouped(operations)

    @property
    def difference(self) -> str:
        """What makes the conventions differ, as a sentence without its point; nothing if none."""
        if len(set(self.operations.values())) < 2:
            return ""
        said: dict[str, list[str]] = {}
        for name in self.operations:
            said.setdefault(self._said(name), []).append(name)
        return "; ".join(
            f"{joined(names)} {'count' if len(names) > 1 else 'counts'} {text}"
            for text, names in said.items()
        )

    def _said(self, name: str) -> str:
        """What a convention counts of the rows, in words."""
        terms = " + ".join(_term(count, *term) for count, term in self.terms[name].items())
        unseen, left = self.unseen[name], self.rows - self.uncounted
        if not unseen:
            return terms or "nothing"
        which = "these are" if unseen == left else f"{unseen} of {left} rows are"
        return f"{terms or 'nothing'}, as {which} no module on its list"


@briefly
class ByConvention(Printed, Sequence[CountedKind]):
    """The kinds of layers of one table under several conventions; prints a row for each.

    Kinds that are free by all of them are named below, and the totals are those of
    `Table.operations`.

    >>> import cnnref
    >>> found = cnnref.table("vgg16").by_convention(["torchinfo", "thop", "macs"])
    >>> found.totals
    {'torchinfo': 15483821032, 'thop': 15470314496, 'macs': 15470264320}
    >>> print(found[-1].difference)
    torchinfo counts weights + biases; thop and macs count MACs
    """

    def __init__(self, table: Table, entries: Sequence[Convention]) -> None:
        self.table = table
        self.conventions: tuple[Convention, ...] = tuple(entries)
        kinds: dict[str, list[Layer]] = {}
        for layer in table:
            kinds.setdefault(layer.kind, []).append(layer)
        self._every = tuple(_kind(kind, rows, entries) for kind, rows in kinds.items())
        self._kinds = tuple(
            one for one in self._every if any(one.operations.values()) or one.uncounted
        )

    def __len__(self) -> int:
        return len(self._kinds)

    @overload
    def __getitem__(self, key: int) -> CountedKind: ...
    @overload
    def __getitem__(self, key: slice) -> tuple[CountedKind, ...]: ...

    def __getitem__(self, key: int | slice) -> CountedKind | tuple[CountedKind, ...]:
        return self._kinds[key]

    def __repr__(self) -> str:
        names = ", ".join(one.name for one in self.conventions)
        return f"<ByConvention {self.table.name}: {len(self)} kinds by {names}>"

    @property
    def totals(self) -> dict[str, int]:
        """By the name of a convention, what it counts of all rows, for one image."""
        return {one.name: self.table.operations(one) for one in self.conventions}

    def _seen(self, view: View) -> Grid:
        """A row for each kind; columns do not choose."""
        entries, lacking = self.conventions, bool(self.table.uncounted)
        counts = [list(one.operations.values()) for one in self]
        totals = [LEAST * lacking + grouped(total) for total in self.totals.values()]
        grid = Grid(
            heads=["kind", "rows", *(f"{one.name} ({one.unit}s)" for one in entries)],
            aligns="lr" + "r" * len(entries),
            kinds=["text", "whole"] + ["whole"] * len(entries),
            cells=[
                [one.kind, str(one.rows), *(one.printed(number) for number in line)]
                for one, line in zip(self, counts, strict=True)
            ],
            exact=[
                [one.kind, one.rows, *([None] * len(line) if one.unknown else line)]
                for one, line in zip(self, counts, strict=True)
            ],
            totals=[["Total", str(len(self.table)), *totals]],
            notes=self._notes(),
            marks=["uncounted" if one.uncounted else "" for one in self],
        )
        return self._told(grid, view.terse)

    def _told(self, grid: Grid, below: bool) -> Grid:
        """The grid with what makes the differences: below it, or in a column of its own."""
        told = [one.difference for one in self]
        if below:
            said = [f"{x.kind}: {text}" for x, text in zip(self, told, strict=True) if text]
            return grid._replace(notes=[grid.notes[0], *said, *grid.notes[1:]])
        return grid._replace(
            heads=[*grid.heads, "what makes the difference"],
            aligns=grid.aligns + "l",
            kinds=[*grid.kinds, "text"],
            cells=[[*row, text] for row, text in zip(grid.cells, told, strict=True)],
            exact=[[*row, text] for row, text in zip(grid.exact, told, strict=True)],
            totals=[[*row, ""] for row in grid.totals],
        )

    def _notes(self) -> list[str]:
        table = self.table
        lines = [f"{table.name}, input {table.input_shape}; each kind of layer by each convention"]
        shown = {one.kind for one in self}
        free = [f"{one.kind} ({one.rows})" for one in self._every if one.kind not in shown]
        if free:
            lines.append(f"Free by each: {', '.join(free)}")
        if table.uncounted:
            lines.append(f"No rule counts {places(table.uncounted)}")
        watching = [one.name for one in self.conventions if one.modules]
        if watching and all(layer.call is None for layer in table):
            verb = "watches" if len(watching) == 1 else "watch"
            lines.append(
                f"{joined(watching)} {verb} modules: what is a function in forward, and so missed "
                "there, a trace alone tells"
            )
        return lines

    def _document(self, _: View) -> dict[str, Any]:
        """The kinds, the terms of each sum, and the totals, as JSON."""
        return {
            "schema": 1,
            "name": self.table.name,
            "input_shape": self.table.input_shape,
            "conventions": [
                {key: getattr(one, key) for key in ("name", "title", "unit", "source")}
                for one in self.conventions
            ],
            "kinds": [
                one._asdict() | {"terms": _plain(one.terms), "difference": one.difference}
                for one in self._every
            ],
            "totals": self.totals,
            "complete": not self.table.uncounted,
        }


def by_convention(table: Table, names: Iterable[Any] | str | None) -> ByConvention:
    """A table under several conventions; see `Table.by_convention`."""
    return ByConvention(table, chosen_conventions(names))


def chosen_conventions(names: Iterable[Any] | str | None) -> list[Convention]:
    """Conventions by their names, each once; all of them for None.

    Raises:
        UnknownNameError: no convention has one of the names.
        CnnrefError: no name is given.
    """
    given = names.split(",") if isinstance(names, str) else names
    found = [convention(name) for name in (conventions() if given is None else given)]
    if not found:
        raise CnnrefError(f"Name a convention to count by: {', '.join(conventions())}.")
    return list({one.name: one for one in found}.values())


def _kind(kind: str, rows: Sequence[Layer], entries: Sequence[Convention]) -> CountedKind:
    counted = [row for row in rows if row.counted]
    return CountedKind(
        kind,
        len(rows),
        len(rows) - len(counted),
        {one.name: sum(map(one.operations, rows)) for one in entries},
        {one.name: _terms(one, counted) for one in entries},
        {one.name: sum(_unseen(one, row) for row in counted) for one in entries},
    )


def _terms(entry: Convention, rows: Iterable[Layer]) -> dict[str, tuple[int, int]]:
    """The counts that rows have and a convention prices: the price, and how many there are."""
    found: dict[str, tuple[int, int]] = {}
    for row in rows:
        for count, price in entry.priced(row).items():
            if number := row.count(count):
                found[count] = price, found.get(count, (price, 0))[1] + number
    return found


def _plain(terms: Mapping[str, Mapping[str, tuple[int, int]]]) -> dict[str, Any]:
    """The terms of each sum as JSON holds them."""
    return {
        name: [{"count": key, "price": price, "number": n} for key, (price, n) in one.items()]
        for name, one in terms.items()
    }


def _unseen(entry: Convention, row: Layer) -> bool:
    """Whether a convention has a price for the kind of a row, and does not see the row."""
    return row.kind in entry.prices and not entry.sees(row)


def _term(count: str, price: int, _: int) -> str:
    word = WORDS.get(count, count.replace("_", " "))
    return word if price == 1 else f"{price} x {word}"


def joined(names: Sequence[str]) -> str:
    """Names as a sentence has them.

    >>> joined(["fvcore"]), joined(["torchinfo", "thop", "macs"])
    ('fvcore', 'torchinfo, thop and macs')
    """
    *first, last = names
    return f"{', '.join(first)} and {last}" if first else last
