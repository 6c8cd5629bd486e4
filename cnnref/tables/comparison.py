"""Two tables, joined by execution order, to the rows that differ."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, NamedTuple

from cnnref.counting.layer import COUNTS, Constants, Geometry, Layer
from cnnref.tables.table import Table

if TYPE_CHECKING:
    from cnnref.tables.contrast import Comparison

__all__ = ["Difference", "Pair", "compare", "row_differences", "rows_differing"]

Pair = tuple[int | None, int | None]


class Difference(NamedTuple):
    """One field of one row that two tables do not agree on.

    row: the row's number in the first table; where only the second has it, the number
        it would take there.
    a, b: the row's names in the two tables, None where a table lacks the row.
    field: what differs ("kernel", "macs", ...), or "row" where one table lacks it.
    left, right: the two values.
    """

    row: int
    a: str | None
    b: str | None
    field: str
    left: object
    right: object

    def __str__(self) -> str:
        if self.field == "row":
            present, where = (self.a, "first") if self.b is None else (self.b, "second")
            return f"row {self.row} ({present}): only in the {where} table"
        names = self.a if self.a == self.b else f"{self.a} / {self.b}"
        return f"row {self.row} ({names}): {self.field} is {self.left} against {self.right}"


def compare(a: Table, b: Table) -> Comparison:
    """The differences between two tables in order of execution; an empty list means equal.

    Rows are compared by what they do (operator, shapes, window, constants, counts) and by
    which rows feed them, not by their names, stages or blocks. A row that only one table
    has is reported as such, and the rest is compared past it. Of a part of a table, rows are fed
    by rows of the part or by the world outside it, wherever in the whole the part stands. What
    comes back is a list that knows both tables, and prints them side by side in every format.

    >>> import cnnref
    >>> book = cnnref.table("alexnet")
    >>> cnnref.compare(book, book)
    []
    """
    from cnnref.tables.contrast import Comparison

    differences: list[Difference] = []
    partner: dict[int, int | None] = {-1: -1}
    if a.input_shape != b.input_shape:
        shapes = (a.input_shape, b.input_shape)
        differences.append(Difference(-1, "input", "input", "input shape", *shapes))
    place = 0
    rows, others = _rows(a), _rows(b)
    pairs = tuple(_pairs(rows, others))
    for i, j in pairs:
        place = place if i is None else i + 1
        if j is not None:
            partner[j] = i
        if i is None or j is None:
            differences.append(_lone(a, b, i, j, place))
            continue
        differences.extend(row_differences(i, rows[i], others[j], partner))
    return Comparison(a, b, pairs, differences)


def _rows(table: Table) -> tuple[Layer, ...]:
    """The rows, each fed by places in this table; -1 is whatever is not in it."""
    if table.whole is table:
        return tuple(table)
    places = {number: place for place, number in enumerate(table.numbers)}
    return tuple(
        row._replace(inputs=tuple(places.get(source, -1) for source in row.inputs)) for row in table
    )


def rows_differing(differences: Sequence[Difference]) -> int:
    """How many rows the differences concern."""
    return len({(difference.row, difference.a, difference.b) for difference in differences})


def _lone(a: Table, b: Table, i: int | None, j: int | None, place: int) -> Difference:
    if i is not None:
        return Difference(i, a[i].name, None, "row", a[i].op, None)
    assert j is not None
    return Difference(place, None, b[j].name, "row", None, b[j].op)


def _pairs(a: Sequence[Layer], b: Sequence[Layer]) -> Iterator[Pair]:
    if [layer.op for layer in a] == [layer.op for layer in b]:
        yield from zip(range(len(a)), range(len(b)), strict=True)
        return
    from cnnref.tables.alignment import aligned

    yield from aligned(a, b)


def row_differences(
    i: int, a: Layer, b: Layer, partner: Mapping[int, int | None]
) -> Iterator[Difference]:
    """The differences between row i of one table and a row of another.

    partner: rows of the second table to rows of the first; a row that is missing has the
        same number in both.
    """
    # a feeding row that only the second table has is a difference of its own
    feeds = tuple(partner.get(j, j) for j in b.inputs)
    wiring = (a.inputs, a.inputs if None in feeds else feeds)
    both = [
        ("op", a.op, b.op),
        ("inputs", *wiring),
        ("input", _shapes(a), _shapes(b)),
        ("output", a.out_shape, b.out_shape),
        ("counted", a.counted, b.counted),
        *_geometry(a.geometry, b.geometry),
        *_constants(a.constants, b.constants),
        *zip(COUNTS, a.counts, b.counts, strict=True),
    ]
    return (Difference(i, a.name, b.name, *values) for values in both if values[1] != values[2])


def _shapes(layer: Layer) -> str:
    return ", ".join(map(str, layer.in_shapes))


def _geometry(a: Geometry | None, b: Geometry | None) -> list[tuple[str, object, object]]:
    if a is None or b is None:
        return [("window", a, b)]
    return list(zip(Geometry._fields, a, b, strict=True))


def _constants(a: Constants, b: Constants) -> list[tuple[str, object, object]]:
    if a == b:
        return []
    left, right = dict(a), dict(b)
    return [(name, left.get(name), right.get(name)) for name in {**left, **right}]
