"""Runs of equal blocks, each shown once with how often it stands there."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from itertools import takewhile
from typing import TYPE_CHECKING, Any, NamedTuple, overload

from cnnref.counting.layer import Layer, levels
from cnnref.errors import briefly
from cnnref.tables.columns import COLUMNS, chosen
from cnnref.tables.listing import completeness, named, rows_grid
from cnnref.tables.printable import Printed, View
from cnnref.tables.quantities import Row, Whole

if TYPE_CHECKING:
    from cnnref.tables.formats import Grid
    from cnnref.tables.table import Table

__all__ = ["Repeat", "Repeats", "collapse"]

NOTE = "x N: one row for N equal ones; its numbers are for one of them, totals for all"
# a number, or the letter behind one, as in Mixed_6c
COUNTER = re.compile(r"(\d+|(?<=\d)[a-z](?![a-z]))")


class Repeat(NamedTuple):
    """Rows that run some times in a row: those of the first time, and names for all times.

    times: 1 for a stretch of rows in which nothing is repeated.
    labels: for each row the names of what it stands for, as "layer3.1-22.conv1".

    >>> import cnnref
    >>> run = cnnref.table("resnet101").collapse()[-3]
    >>> run.name, run.times, len(run.rows)
    ('conv5_1.conv1 to conv5_1.relu3', 1, 12)
    """

    name: str
    times: int
    rows: Table
    labels: tuple[str, ...]

    @property
    def is_block(self) -> bool:
        """Whether it is a block that repeats, so that its rows' names begin with the run's."""
        first = self.rows[0].name
        return self.times > 1 and self.name in self.labels[0] and not first.startswith(self.name)


@briefly
class Repeats(Printed, Sequence[Repeat]):
    """The runs of a table, in order; prints each row once, with how often it stands there.

    >>> import cnnref
    >>> cnnref.table("resnet101").collapse()
    <Repeats resnet101: 95 rows for 345>
    """

    def __init__(self, table: Table, runs: Sequence[Repeat]) -> None:
        self.table = table
        self._runs = tuple(runs)

    def __len__(self) -> int:
        return len(self._runs)

    @overload
    def __getitem__(self, key: int) -> Repeat: ...
    @overload
    def __getitem__(self, key: slice) -> tuple[Repeat, ...]: ...

    def __getitem__(self, key: int | slice) -> Repeat | tuple[Repeat, ...]:
        return self._runs[key]

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Repeats):
            return NotImplemented
        return (self.table, self._runs) == (other.table, other._runs)

    def __hash__(self) -> int:
        return hash((self.table, self._runs))

    def __repr__(self) -> str:
        shown = sum(len(run.rows) for run in self)
        lacking = ", some uncounted" if self.table.uncounted else ""
        return f"<Repeats {self.table.name}: {shown} rows for {len(self.table)}{lacking}>"

    def _seen(self, view: View) -> Grid:
        """The rows as a table shows them, each with its times; totals are of the whole table."""
        whole = Whole(self.table.whole, view)
        rows = [row for row in _rows(self, whole) if view.convention.lists(row.layer)]
        keys = chosen(view.columns, view.convention.columns)
        if "times" not in keys:
            keys.insert(1, "times")
        grid = rows_grid(self.table, whole, rows, keys)
        grid = grid._replace(notes=[*grid.notes, NOTE])
        nested = view.terse and keys[:2] == ["layer", "times"]
        return _with_headings(self, grid, rows) if nested else grid

    def _document(self, view: View) -> dict[str, Any]:
        """The runs with the numbers of their first rows and their sums, as JSON.

        columns: keys of columns whose exact values each run holds besides, row by row.
        """
        whole, entry = Whole(self.table.whole, view), view.convention
        keys = chosen(view.columns, entry.columns) if view.columns else []
        runs = [
            {
                "name": run.name,
                "times": run.times,
                "rows": list(run.rows.numbers),
                "layers": list(run.labels),
                "parameters": run.rows.parameters,
                "operations": run.rows.operations(entry),
                "macs": run.rows.macs,
                **({"columns": _exact(keys, run, whole)} if keys else {}),
            }
            for run in self
        ]
        totals = {"parameters": self.table.parameters, "operations": self.table.operations(entry)}
        record = {**named(self.table, entry), "runs": runs, "totals": totals}
        return record | completeness(self.table)


def _with_headings(runs: Sequence[Repeat], grid: Grid, rows: Sequence[Row]) -> Grid:
    """A line for each block that repeats, and its rows under it by the rest of their names."""
    blocks = {run.rows.numbers[0]: run.name for run in runs if run.is_block}
    cells: list[list[str]] = []
    marks: list[str] = []
    name = ""
    for row, line, mark in zip(rows, grid.cells, grid.marks, strict=True):
        name = blocks.get(row.number, name if row.times > 1 else "")
        if row.number in blocks:
            cells.append([name, line[1]])
            marks.append("head")
        # what a block does itself, in no module of its own, has no name but the block's
        rest = row.label[len(name) + 1 :].lstrip("#123456789") if name else ""
        cells.append([f"  {rest or row.layer.op}", "", *line[2:]] if name else line)
        marks.append(mark)
    return grid._replace(cells=cells, marks=marks, ids=())


def _exact(keys: Sequence[str], run: Repeat, whole: Whole) -> list[dict[str, Any]]:
    return [{key: COLUMNS[key].exact(row) for key in keys} for row in _rows([run], whole)]


def _rows(runs: Sequence[Repeat], whole: Whole) -> Iterator[Row]:
    for run in runs:
        for number, layer, label in zip(run.rows.numbers, run.rows, run.labels, strict=True):
            yield Row(number, layer, whole, run.times, label)


class _Node(NamedTuple):
    """Rows from start to end that are in one module, and what they do."""

    start: int
    end: int
    key: tuple[int, ...]
    learns: bool


def collapse(table: Table) -> Repeats:
    """The runs of a table; see `Table.collapse`."""
    layers = tuple(table)
    numbers: dict[object, int] = {}
    keys = [
        numbers.setdefault(_key(place, layer), len(numbers))
        for place, layer in zip(table.numbers, layers, strict=True)
    ]
    paths = [levels(layer) for layer in layers]
    return Repeats(table, list(_merged(table, _runs(layers, keys, paths, 0, len(layers), 0))))


def _key(number: int, layer: Layer) -> object:
    """What a row does; what it reads by the distance, so that the same block can stand anywhere."""
    reads = tuple(source if source < 0 else number - source for source in layer.inputs)
    # rows are equal however they are called, which columns and conventions may tell
    return layer._replace(name="", stage="", block="", inputs=reads), layer.call


Run = tuple[int, int, int]  # start, length and times


def _runs(
    layers: Sequence[Layer], keys: list[int], paths: list[tuple[str, ...]],
    start: int, end: int, depth: int,
) -> Iterator[Run]:  # fmt: skip
    nodes = list(_nodes(layers, keys, paths, start, end, depth))
    numbers: dict[tuple[int, ...], int] = {}
    kinds = [numbers.setdefault(node.key, len(numbers)) for node in nodes]
    waiting = sorted(_squares(kinds, 0, len(kinds)), reverse=True)
    here: list[Square] = []
    place = 0
    while place < len(nodes):
        node = nodes[place]
        periods = [1] if kinds[place : place + 1] == kinds[place + 1 : place + 2] else []
        # several nodes together begin with one that learns: a convolution and its ReLU, not a
        # ReLU and the next convolution
        if node.learns:
            while waiting and waiting[-1][0] <= place:
                here.append(waiting.pop())
            here = [square for square in here if square[1] >= place]
            periods = sorted(period for _, _, period in here)
        period, times = _best(kinds, place, periods)
        if times > 1:
            yield node.start, nodes[place + period - 1].end - node.start, times
        elif len(paths[node.start]) > depth + 1:
            yield from _runs(layers, keys, paths, node.start, node.end, depth + 1)
        else:
            yield node.start, node.end - node.start, 1
        place += period * times


def _nodes(
    layers: Sequence[Layer], keys: list[int], paths: list[tuple[str, ...]],
    start: int, end: int, depth: int,
) -> Iterator[_Node]:  # fmt: skip
    """The rows from start to end, put together by the name of what they are in at a depth."""
    while start < end:
        name, stop = paths[start][depth : depth + 1], start + 1
        while stop < end and name and paths[stop][depth : depth + 1] == name:
            stop += 1
        learns = any(layer.parameters for layer in layers[start:stop])
        yield _Node(start, stop, tuple(keys[start:stop]), learns)
        start = stop


Square = tuple[int, int, int]  # the first and the last place of its beginning, and its period


def _squares(kinds: list[int], start: int, end: int) -> Iterator[Square]:
    """Where something stands twice in a row, of any length: in either half, and across both.

    Source: M. Main, R. Lorentz, An O(n log n) Algorithm for Finding All Repetitions in a String,
    Journal of Algorithms 5, 1984.
    """
    if end - start > 1:
        middle = (start + end) // 2
        yield from _squares(kinds, start, middle)
        yield from _squares(kinds, middle, end)
        for first, last, period in _across(kinds[start:middle], kinds[middle:end]):
            if first <= last:
                yield middle + first, middle + last, period


def _across(left: list[int], right: list[int]) -> Iterator[Square]:
    """Those that reach over the border of both, by places from the border; last < first: none.

    For each period: how far equal kinds stand that far apart, to both sides of the border.
    """
    rows, others = len(left), len(right)
    ahead = _shared_prefixes([*right, -1, *left])
    behind = _shared_prefixes([*left[::-1], -1, *right[::-1]])
    for period in range(1, others + 1):  # its centre is in the right half or the border
        back, on = behind[rows + 1 + others - period], ahead[period]
        yield -min(back, period), min(on - period, -1), period
    for period in range(1, rows + 1):  # its centre is in the left half
        back, on = behind[period], ahead[others + 1 + rows - period]
        yield max(-period - back, 1 - 2 * period), min(on - 2 * period, -period - 1), period


def _shared_prefixes(kinds: list[int]) -> list[int]:
    """From each place on, how much is as at the beginning (0 for the beginning): Z function."""
    shared = [0] * len(kinds)
    start = end = 0
    for place in range(1, len(kinds)):
        length = max(0, min(shared[place - start], end - place))
        while place + length < len(kinds) and kinds[length] == kinds[place + length]:
            length += 1
        shared[place] = length
        if place + length > end:
            start, end = place, place + length
    return shared


def _best(kinds: list[int], place: int, periods: list[int]) -> tuple[int, int]:
    """How many nodes from a place repeat, and how often: what covers the most, the shortest first.

    periods: of all that stands twice in a row there, from short to long.
    """
    best = 1, 1
    for period in periods:
        # several times the best, where the best goes on: it ends where the best does
        if period % best[0] == 0 and 2 * period <= best[0] * best[1]:
            continue
        end = place + 2 * period
        while end < len(kinds) and kinds[end] == kinds[end - period]:
            end += 1
        times = (end - place) // period
        if period * times > best[0] * best[1]:
            best = period, times
    return best


def _merged(table: Table, runs: Iterator[Run]) -> Iterator[Repeat]:
    """The runs as parts of the table, stretches without repeats put together."""
    single: list[int] = []
    for start, length, times in runs:
        if times == 1:
            single += range(start, start + length)
            continue
        if single:
            yield _stretch(table, single)
            single = []
        copies = [[table[start + length * n + i].name for n in range(times)] for i in range(length)]
        labels = tuple(map(_ranged, copies))
        rows = table.part(range(start, start + length))
        yield Repeat(_common(labels, rows[0].name), times, rows, labels)
    if single:
        yield _stretch(table, single)


def _stretch(table: Table, places: list[int]) -> Repeat:
    names = tuple(table[place].name for place in places)
    return Repeat(_common(names), 1, table.part(places), names)


def _common(labels: Sequence[str], first: str = "") -> str:
    """What all rows of a block are in, or else the first and the last; first: a name inside."""
    if len(labels) == 1:
        return labels[0]
    parts = [label.partition("#")[0].split(".") for label in labels]
    shared = takewhile(lambda words: len(set(words)) == 1, zip(*parts, strict=False))
    block = ".".join(map(min, shared))
    return block if first and not first.startswith(block) else f"{labels[0]} to {labels[-1]}"


def _ranged(names: list[str]) -> str:
    """Names that differ in one counter as one name; else the first and the last.

    >>> _ranged(["layer3.1.conv1", "layer3.2.conv1", "layer3.3.conv1"])
    'layer3.1-3.conv1'
    >>> _ranged(["features.7", "features.9"])
    'features.7,9'
    """
    split = [COUNTER.split(name) for name in names]
    columns = list(zip(*split, strict=False))
    varying = {column for column in columns if len(set(column)) > 1}
    if len({len(words) for words in split}) == len(varying) == 1:
        (values,) = varying
        if all(value.isdecimal() or len(value) == 1 for value in values):
            return "".join(_range(c) if c == values else c[0] for c in columns)
    return f"{names[0]} to {names[-1]}"


def _range(values: Sequence[str]) -> str:
    codes = [int(value) if value.isdecimal() else ord(value) for value in values]
    if codes == [*range(codes[0], codes[0] + len(codes))] and len(codes) > 1:
        return f"{values[0]}-{values[-1]}"
    return ",".join(values) if len(values) < 4 else f"{values[0]},{values[1]},...,{values[-1]}"
