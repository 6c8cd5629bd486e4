"""A network as a chain: one box after the other, and shortcuts that go round some of them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from cnnref.counting.layer import Layer
from cnnref.errors import CnnrefError
from cnnref.tables.table import Table

__all__ = ["Chain", "Link", "chain"]

BOXED = ("conv", "linear", "max_pool", "avg_pool", "adaptive_avg_pool")
INPUT = -1


class Link(NamedTuple):
    """What one box hands to another; rows are those on a shortcut that changes what it carries."""

    source: int
    target: int
    edges: tuple[tuple[int, int | None], ...]
    rows: tuple[int, ...]
    main: bool


class Chain(NamedTuple):
    """The boxes of a network from its input on, each the rows that it stands for."""

    layers: tuple[Layer, ...]
    boxes: tuple[tuple[int, ...], ...]
    links: tuple[Link, ...]


def chain(table: Table) -> Chain:
    """A network's rows on their longest path, and its shortcuts.

    A convolution, a pooling and a fully-connected layer begin a box; what follows, sums
    included, stands in it.

    Raises:
        CnnrefError: the network has branches that are no shortcuts.
    """
    layers = tuple(table)
    before = _longest(layers)
    path = [row for row in before if row != INPUT]
    boxes: list[list[int]] = [[INPUT]]
    for row in path:
        if layers[row].op in BOXED and layers[row].kind != "copy":
            boxes.append([row])
        else:
            boxes[-1].append(row)
    home = {row: number for number, box in enumerate(boxes) for row in box}
    links = [
        _link(layers, home, before, source, row)
        for row in path
        for source in layers[row].inputs
        if home.get(source) != home[row]
    ]
    shortcuts = [link for link in links if link.main or _adds(layers, link)]
    drawn = [*path, *(row for link in shortcuts for row in link.rows)]
    if sorted(drawn) != list(range(len(layers))) or len(shortcuts) < len(links):
        left = next(
            (layer for row, layer in enumerate(layers) if drawn.count(row) != 1), layers[-1]
        )
        raise CnnrefError(
            f"{table.name}: {left.name} is neither on the longest path nor on a shortcut, so the "
            "network is no chain; draw its blocks."
        )
    return Chain(layers, tuple(map(tuple, boxes)), tuple(links))


def _longest(layers: Sequence[Layer]) -> dict[int, int | None]:
    """The rows of the longest path to the last row, in order, each with the one before it."""
    depth = {INPUT: 0}
    for row, layer in enumerate(layers):
        depth[row] = 1 + max(depth[source] for source in layer.inputs)
    path = [len(layers) - 1]
    while path[-1] != INPUT:
        path.append(max(layers[path[-1]].inputs, key=lambda source: depth[source]))
    path.reverse()
    return dict(zip(path, [None, *path[:-1]], strict=True))


def _adds(layers: Sequence[Layer], link: Link) -> bool:
    """Whether an edge that goes round boxes ends in a sum."""
    reader = link.edges[-1][1]
    return reader is not None and layers[reader].op.rstrip("_") == "add"


def _link(
    layers: Sequence[Layer],
    home: dict[int, int],
    before: dict[int, int | None],
    source: int,
    target: int,
) -> Link:
    edges: list[tuple[int, int | None]] = [(source, target)]
    rows: list[int] = []
    while source not in home:
        rows.append(source)
        edges.append((layers[source].inputs[0], source))
        source = layers[source].inputs[0]
    main = not rows and before[target] == source
    return Link(home[source], home[target], tuple(edges[::-1]), tuple(rows[::-1]), main)
