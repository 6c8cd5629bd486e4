"""Two tables, joined by execution order, to the rows that differ."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

from cnnref.counting.conventions import Convention
from cnnref.counting.layer import Constants, Layer
from cnnref.counting.shapes import COUNTS, Window
from cnnref.counting.units import grouped, rounded
from cnnref.errors import CnnrefError, briefly
from cnnref.tables.columns import COLUMNS, LEAST, chosen
from cnnref.tables.listing import named, record
from cnnref.tables.printable import Printed, View
from cnnref.tables.quantities import Row, Whole
from cnnref.tables.table import Table

if TYPE_CHECKING:
    from cnnref.tables.formats import Grid

__all__ = [
    "Comparison",
    "Difference",
    "Pair",
    "compare",
    "row_differences",
    "rows_differing",
]


Pair = tuple[int | None, int | None]


class Difference(NamedTuple):
    """One field of one row that two tables do not agree on.

    row: the row's number in the first table; where only the second has it, the number
        it would take there.
    a, b: the row's names in the two tables, None where a table lacks the row.
    field: what differs ("kernel", "macs", ...), or "row" where one table lacks it.
    left, right: the two values.

    >>> import cnnref
    >>> print(cnnref.compare(cnnref.table("vgg11"), cnnref.table("vgg13"))[0])
    row 1 (relu1_1): only in the second table
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
    """The differences of table b from table a in order of execution; an empty list means equal.

    Rows are compared by what they do (operator, shapes, window, constants, counts) and by
    which rows feed them, not by their names, stages or blocks. A row that only one table
    has is reported as such, and the rest is compared past it. Of a part of a table, rows are fed
    by rows of the part or by the world outside it, wherever in the whole the part stands. What
    comes back is a list that knows both tables, and prints them side by side in every format.

    Raises:
        CnnrefError: one of the two is no table.

    >>> import cnnref
    >>> book = cnnref.table("alexnet")
    >>> cnnref.compare(book, book)
    []
    """
    for given in (a, b):
        if not isinstance(given, Table):
            raise CnnrefError(
                "compare: it takes two tables, as cnnref.table and cnnref.trace give them, but got "
                f"{given!r}."
            )
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
        *_window_parts(a.window, b.window),
        *_constants(a.constants, b.constants),
        *zip(COUNTS, a.counts, b.counts, strict=True),
    ]
    return (Difference(i, a.name, b.name, *one) for one in both if not _equal(*one[1:]))


def _equal(left: object, right: object) -> bool:
    # what is no number is not equal to itself
    return left == right or (left != left and right != right)


def _shapes(layer: Layer) -> str:
    return ", ".join(map(str, layer.in_shapes))


def _window_parts(a: Window | None, b: Window | None) -> list[tuple[str, object, object]]:
    if a is None or b is None:
        return [("window", a, b)]
    return list(zip(Window._fields, a, b, strict=True))


def _constants(a: Constants, b: Constants) -> list[tuple[str, object, object]]:
    if a == b:
        return []
    left, right = dict(a), dict(b)
    return [(name, left.get(name), right.get(name)) for name in {**left, **right}]


# what follows from other differences of a row or of those before it: told where it is alone
DERIVED = (frozenset(COUNTS), frozenset({"input"}))
SIDES = ("first", "second")


class _Joined(NamedTuple):
    """One row of each table, or of one of them."""

    a: Row | None
    b: Row | None
    differences: tuple[Difference, ...] = ()

    @property
    def status(self) -> str:
        if self.a is None or self.b is None:
            return "only_b" if self.a is None else "only_a"
        return "changed" if self.differences else "equal"

    def more(self, key: str) -> int:
        """What the second table has more of a measure."""
        value = COLUMNS[key].value
        return sum(sign * value(row) for row, sign in ((self.a, -1), (self.b, 1)) if row)


@briefly
class Comparison(Printed, list[Difference]):
    """The differences of two tables; empty where they are equal.

    a, b: the two tables.
    pairs: the rows that belong together by their numbers, None where a table lacks the row.

    Text, Markdown, LaTeX and HTML show the rows that differ; CSV, JSON and a DataFrame have
    every row of both tables.

    >>> import cnnref
    >>> found = cnnref.compare(cnnref.table("vgg11"), cnnref.table("vgg11_bn"))
    >>> bool(found), len(cnnref.compare(found.a, found.a))
    (True, 0)
    """

    def __init__(
        self, a: Table, b: Table, pairs: Sequence[Pair], differences: Sequence[Difference]
    ) -> None:
        super().__init__(differences)
        self.a = a
        self.b = b
        self.pairs: tuple[Pair, ...] = tuple(pairs)

    @property
    def complete(self) -> bool:
        """Whether every row of both tables is counted."""
        return not (self.a.uncounted or self.b.uncounted)

    @property
    def rows_differing(self) -> int:
        """How many rows the differences concern."""
        return rows_differing(self)

    def _seen(self, view: View) -> Grid:
        """The rows that differ and how; runs of rows that one table lacks on one line."""
        from cnnref.tables.formats import Grid

        entry = view.convention
        lines = list(_lines(self, list(self._joined(view))))
        a, b = ((table.parameters, table.operations(entry)) for table in (self.a, self.b))
        more = [_signed(right - left) for left, right in zip(a, b, strict=True)]
        return Grid(
            heads=["row", "layer", "difference", "parameters", f"{entry.unit}s"],
            aligns="rllrr",
            kinds=["whole", "text", "text", "whole", "whole"],
            cells=[cells for _, cells in lines],
            exact=[],
            totals=[["", "Difference", _what(self), *more]] if lines else [],
            notes=_notes(self, entry),
            marks=[mark for mark, _ in lines],
            folds=[(2, 24), (1, 14)],
        )

    def _exactly(self, view: View) -> Grid:
        """Every row of both tables, each column once for each table."""
        from cnnref.tables.formats import Grid

        keys = chosen(view.columns, view.convention.columns)
        shown = [COLUMNS[key] for key in keys]
        both = [f"{key}_{side}" for key in ("row", *keys) for side in "ab"]
        kinds = [kind for kind in ("whole", *(column.kind for column in shown)) for _ in "ab"]
        rows = []
        for pair in self._joined(view):
            cells: list[Any] = [row and row.number for row in pair[:2]]
            cells += [row and column.exact(row) for column in shown for row in pair[:2]]
            rows.append([pair.status, *cells, " ".join(one.field for one in pair.differences)])
        return Grid(["status", *both, "differs"], "", ["text", *kinds, "text"], [], rows, [], [])

    def _document(self, view: View) -> dict[str, Any]:
        """Every row of both tables with all raw counts, what differs, and both totals, as JSON.

        columns: keys of columns whose exact values each row holds besides, under "columns".
        """
        entry = view.convention
        keys = chosen(view.columns, entry.columns) if view.columns else []
        tables = {"a": self.a, "b": self.b}
        return {
            **{side: named(table, entry) | _sums(table, entry) for side, table in tables.items()},
            "equal": not self,
            "complete": self.complete,
            "rows_differing": rows_differing(self),
            "rows": [
                {
                    "status": pair.status,
                    "a": pair.a and record(pair.a, keys),
                    "b": pair.b and record(pair.b, keys),
                    "differences": [
                        {"field": one.field, "a": one.left, "b": one.right}
                        for one in pair.differences
                    ],
                }
                for pair in self._joined(view)
            ],
        }

    def _joined(self, view: View) -> Iterator[_Joined]:
        left, right = (Whole(table.whole, view) for table in (self.a, self.b))
        changed: dict[int, list[Difference]] = {}
        for one in self:
            if one.field != "row":
                changed.setdefault(one.row, []).append(one)
        for i, j in self.pairs:
            a = None if i is None else Row(self.a.numbers[i], self.a[i], left)
            b = None if j is None else Row(self.b.numbers[j], self.b[j], right)
            yield _Joined(a, b, tuple(changed.get(i, ())) if a and b and i is not None else ())


def _lines(found: Comparison, pairs: Sequence[_Joined]) -> Iterator[tuple[str, list[str]]]:
    for one in found:
        if one.row < 0:
            yield "changed", ["", one.field, f"{_value(one.left)} to {_value(one.right)}", "", ""]
    run: list[_Joined] = []
    for pair in (*pairs, _Joined(None, None)):
        if run and (pair.status != run[0].status or pair == _Joined(None, None)):
            yield run[0].status, _lacking(found, run)
            run = []
        if pair.status.startswith("only"):
            run.append(pair)
        elif pair.a and pair.b and pair.differences:
            names = dict.fromkeys((pair.a.layer.name, pair.b.layer.name))
            more = (_signed(pair.more(key)) for key in ("parameters", "operations"))
            yield "changed", [str(pair.a.number), " / ".join(names), _told(pair.differences), *more]


def _lacking(found: Comparison, run: Sequence[_Joined]) -> list[str]:
    rows = [row for pair in run for row in pair[:2] if row]
    ends = dict.fromkeys((rows[0].layer.name, rows[-1].layer.name))
    side = 1 if run[0].a is None else 0
    name = (found.a.name, found.b.name)[side]
    where = SIDES[side] if found.a.name == found.b.name else name
    told = f"only in {where}" if len(rows) == 1 else f"{len(rows)} rows only in {where}"
    more = (_signed(sum(pair.more(key) for pair in run)) for key in ("parameters", "operations"))
    number = "" if run[0].a is None else str(rows[0].number)
    return [number, " to ".join(ends), told, *more]


def _told(differences: Sequence[Difference]) -> str:
    causes = list(differences)
    for derived in DERIVED:
        causes = [one for one in causes if one.field not in derived] or causes
    return ", ".join(f"{one.field} {_value(one.left)} to {_value(one.right)}" for one in causes)


def _value(value: object) -> str:
    if isinstance(value, tuple) and value and all(isinstance(part, int) for part in value):
        return "x".join(map(str, value))
    return str(value).replace(" x ", "x")


def _notes(found: Comparison, entry: Convention) -> list[str]:
    rows = rows_differing(found)
    told = f"{_measures(rows)} differ{'s' * (rows == 1)}"
    a, b = found.a, found.b
    sides = [f"{x.name} ({_measures(len(x))}, input {x.input_shape})" for x in (a, b)]
    notes = [
        f"{sides[0]} against {sides[1]}; convention {entry.name}: {told}",
        _both("Parameters", a.parameters, b.parameters),
        _both(
            f"{entry.unit}s",
            a.operations(entry),
            b.operations(entry),
            (LEAST * bool(a.uncounted), LEAST * bool(b.uncounted)),
        ),
    ]
    for side, table in zip(SIDES, (a, b), strict=True):
        if table.uncounted:
            ops = ", ".join(dict.fromkeys(layer.op for layer in table.uncounted))
            notes.append(f"No rule counts {ops} of the {side}; its {entry.unit}s leave them out")
    return notes


def _measures(number: int) -> str:
    return f"{number} row" + "s" * (number != 1)


def _what(found: Comparison) -> str:
    return "of what is counted" if found.a.uncounted or found.b.uncounted else ""


def _both(word: str, left: int, right: int, least: tuple[str, str] = ("", "")) -> str:
    first, second = least[0] + grouped(left), least[1] + grouped(right)
    told = f"{word}: {first} in the first, {second} in the second"
    if left == right or not left or any(least):
        return told
    return f"{told} ({'+' * (right > left)}{rounded(100 * (right - left), left, 1)}%)"


def _signed(value: int) -> str:
    return f"{value:+,}" if value else "0"


def _sums(table: Table, entry: Convention) -> dict[str, int]:
    return {
        "rows": len(table),
        "parameters": table.parameters,
        "operations": table.operations(entry),
        "macs": table.macs,
        "uncounted": len(table.uncounted),
    }
