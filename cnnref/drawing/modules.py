"""Stages and blocks of a network that states none: found in the paths of its modules."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from itertools import groupby, pairwise
from typing import NamedTuple

from cnnref.counting.layer import Layer
from cnnref.counting.operators import FREE
from cnnref.drawing.graph import FOLDED
from cnnref.tables.table import Table

__all__ = ["staged"]

Path = tuple[str, ...]
QUIET = FOLDED | frozenset(FREE)
# sizes of maps that the parts of a module may make: one that it keeps, and one that it ends with
SIZES = 2


class _Unit(NamedTuple):
    """Rows that stay together: a module, or a function that is called beside modules."""

    path: Path
    rows: tuple[int, ...]


def staged(table: Table) -> Table:
    """A table with the stages that its spec names, or with those of its modules' paths.

    A stage is then a run of modules whose maps have one size: a module that changes the size
    more than once is taken apart. Normalisations, activations and views stay with what is
    before them. What is repeated in a stage is its blocks.

    >>> import cnnref
    >>> net = cnnref.Net((3, 32, 32))
    >>> x = net.relu(net.conv(net.input, 8, 3, padding=1, name="conv1"), name="relu1")
    >>> _ = net.conv(net.max_pool(x, 2, name="pool1"), 16, 3, padding=1, name="conv2")
    >>> [(row.name, row.stage) for row in staged(net.table())]
    [('conv1', 'conv1'), ('relu1', 'conv1'), ('pool1', 'pool1-conv2'), ('conv2', 'pool1-conv2')]
    """
    layers = tuple(table)
    if _stated(layers):
        return table
    names: dict[int, tuple[str, str]] = {}
    taken: dict[str, int] = {}
    for units in _runs(layers, _units(layers, range(len(layers)), 0)):
        name = _name(layers, units)
        taken[name] = taken.get(name, 0) + 1
        name += f"#{taken[name]}" if taken[name] > 1 else ""
        for row, block in _blocks(layers, units):
            names[row] = name, block
    placed = [
        layer._replace(stage=names[row][0], block=names[row][1]) for row, layer in enumerate(layers)
    ]
    return Table(placed, name=table.name, input_shape=table.input_shape, unused=table.unused)


def _stated(layers: Iterable[Layer]) -> bool:
    """Whether a spec names the stages; a trace and a file name them as their paths begin."""
    given = [layer for layer in layers if layer.stage not in ("", _path(layer)[0])]
    return bool(given) and not any(layer.call for layer in layers)


def _path(layer: Layer) -> Path:
    return tuple(layer.name.partition("#")[0].split("."))


def _units(layers: Sequence[Layer], rows: Iterable[int], depth: int) -> Iterator[_Unit]:
    for path, run in groupby(rows, key=lambda row: _path(layers[row])[: depth + 1]):
        inside = tuple(run)
        steps = groupby(inside, key=lambda row: _path(layers[row])[: depth + 2])
        sizes = {layers[tuple(rows)[-1]].out_shape.size for _, rows in steps}
        deeper = all(len(_path(layers[row])) > depth + 1 for row in inside)
        if len(sizes) > SIZES and deeper:
            yield from _units(layers, inside, depth + 1)
        else:
            yield _Unit(path, inside)


def _runs(layers: Sequence[Layer], units: Iterable[_Unit]) -> list[list[_Unit]]:
    """Units that follow each other with maps of one size, each run a stage."""
    runs: list[list[_Unit]] = []
    for unit in units:
        size = layers[unit.rows[-1]].out_shape.size
        alike = runs and size and size == layers[runs[-1][-1].rows[-1]].out_shape.size
        if runs and (alike or _is_quiet(layers, unit)):
            runs[-1].append(unit)
        else:
            runs.append([unit])
    return runs


def _is_quiet(layers: Sequence[Layer], unit: _Unit) -> bool:
    return all(layers[row].op.rstrip("_") in QUIET for row in unit.rows)


def _name(layers: Sequence[Layer], units: Sequence[_Unit]) -> str:
    """The path of a stage's only module that works, or the first and the last of them."""
    working = [unit.path for unit in units if not _is_quiet(layers, unit)] or [units[0].path]
    first, last = working[0], working[-1]
    if first == last:
        return ".".join(first)
    return ".".join(first) + "-" + (last[-1] if first[:-1] == last[:-1] else ".".join(last))


def _blocks(layers: Sequence[Layer], units: Sequence[_Unit]) -> Iterator[tuple[int, str]]:
    """Each row with its block: the module, or what stands in it one after the other."""
    for unit in units:
        depth = len(unit.path)
        parts = [
            (path, tuple(run))
            for path, run in groupby(unit.rows, key=lambda row: _path(layers[row])[: depth + 1])
        ]
        chained = len(parts) > 1 and all(
            set(layers[b[0]].inputs) <= {a[-1]} for (_, a), (_, b) in pairwise(parts)
        )
        apart = chained and any(len(_path(layers[row])) > depth + 1 for row in unit.rows)
        for path, rows in parts:
            block = path if apart else unit.path
            alone = len(rows if apart else unit.rows) == 1
            yield from ((row, "" if alone else ".".join(block)) for row in rows)
