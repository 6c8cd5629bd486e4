"""The parts of a table that a drawing shows: its stages and its blocks, found and named."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from itertools import groupby
from typing import NamedTuple

from cnnref.counting.layer import Layer, levels
from cnnref.counting.shapes import Shape
from cnnref.drawing.labels import kind, label
from cnnref.errors import UnknownNameError
from cnnref.tables.table import Table

__all__ = [
    "Stage",
    "StageLink",
    "block_kind",
    "block_rows",
    "stage_links",
    "stages",
]


def block_rows(table: Table, block: str) -> tuple[int, ...]:
    """The numbers of a block's rows; the end of its name will do where only one ends so.

    A stage or any module may be named too, by its path.

    Raises:
        UnknownNameError: no block, or more than one, has a name that ends so.

    >>> import cnnref
    >>> block_rows(cnnref.table("googlenet"), "3a")[:3]
    (10, 11, 12)
    """
    names = [name for name in table.group("block") if name]
    found = [name for name in names if name == block] or [
        name for name in names if block and name.endswith(f"_{block}")
    ]
    inside = tuple(row for row, layer in enumerate(table) if block in levels(layer))
    if len(found) != 1 and not inside:
        names += [name for layer in table for name in levels(layer)[:-1]]
        raise UnknownNameError(f"block of {table.name}", block, dict.fromkeys(names))
    # of a module's functions the path is known, and not the block
    return inside or tuple(row for row, layer in enumerate(table) if layer.block == found[0])


def block_kind(layers: Table) -> str:
    """What a block, a part of a table, is called, from its joins and its convolutions' windows.

    >>> import cnnref
    >>> [block_kind(cnnref.table(name).group("block")[block]) for name, block in (
    ...     ("resnet34", "conv3_1"), ("squeezenet1_0", "fire2"), ("densenet121", "block1.layer3"))]
    ['basic block', 'fire module', 'dense layer']
    """
    ops = [layer.op for layer in layers]
    if "concat" in ops:
        if "add" in ops:
            return "Inception-ResNet block"
        return _module(layers)
    if "conv" not in ops:
        return "block"
    if "add" not in ops:
        return "plain block"
    if any(_is_depthwise(layer) for layer in layers):
        return "residual block"
    name = "bottleneck" if (1, 1) in _windows(layers) else "basic block"
    return f"pre-activation {name}" if ops[0] == "batch_norm" or ops[-1] == "add" else name


def _windows(layers: Table) -> list[tuple[int, ...]]:
    """The windows of a block's convolutions, but for those that project its input."""
    # by row: what convolutions since the last sum its inputs come from, and its output
    read: dict[int, set[int]] = {}
    made: dict[int, set[int]] = {}
    for row, layer in zip(layers.numbers, layers, strict=True):
        read[row] = set[int]().union(*(made.get(one, ()) for one in layer.inputs))
        made[row] = {"conv": {row}, "add": set()}.get(layer.op, read[row])
    convs = [row for row in read if layers.whole[row].op == "conv"]
    followed = set[int]().union(*(read[row] for row in convs))
    # a projection follows none of them, and none follows it
    way = [row for row in convs if read[row] or row in followed] or convs[:1]
    return [window.kernel for row in way if (window := layers.whole[row].window)]


def _module(layers: Sequence[Layer]) -> str:
    """What a block with a concatenation is called, from where it stands and what is joined."""
    if layers[0].op == "concat":
        return "dense layer"
    if _squeezed(layers):
        return "fire module"
    if any(layer.op.endswith("_pool") and _stride(layer) > 1 for layer in layers):
        return "reduction module"
    joins = [layer for layer in layers if layer.op == "concat"]
    return "inception module" if len(joins[-1].inputs) > 2 else "two branches"


def _is_depthwise(layer: Layer) -> bool:
    return layer.window is not None and layer.window.groups == layer.in_shape[0] > 1


def _stride(layer: Layer) -> int:
    return max(layer.window.stride) if layer.window else 1


def _squeezed(layers: Sequence[Layer]) -> bool:
    """Whether everything that a block concatenates was made from one 1x1 convolution."""
    first = layers[0]
    small = first.window is not None and set(first.window.kernel) == {1}
    outside = [layer for layer in layers[1:] if first.inputs[0] in layer.inputs]
    return small and first.op == "conv" and not outside


TOLD = ("conv", "linear", "max_pool", "avg_pool", "adaptive_avg_pool", "lrn")


class Stage(NamedTuple):
    """A stage by its name; contents: what it consists of, in order, alike ones counted together.

    kind: of its rows with weights, else of its poolings, as a box is coloured.
    """

    name: str
    kind: str
    rows: tuple[int, ...]
    out_shape: Shape
    contents: tuple[str, ...]


class StageLink(NamedTuple):
    """All edges from the rows of one stage to those of another, by the stages' numbers."""

    source: int
    target: int
    edges: tuple[tuple[int, int | None], ...]


def stages(table: Table, *, pools: bool = False) -> list[Stage]:
    """The network's input and its stages; those off the way to the last row come last.

    pools: a pooling outside of blocks stands by itself, so that a convolution's map is its own.

    >>> import cnnref
    >>> [stage.contents for stage in stages(cnnref.table("resnet50"))[1:4]]
    [('7×7 conv, 64, stride 2',), ('3×3 max pool, stride 2', 'bottleneck × 3'), ('bottleneck × 4',)]
    """
    rows: dict[tuple[str, int, str], list[int]] = {}
    homes = _apart(table) if pools else [(layer.stage, 0, layer.stage) for layer in table]
    for row, home in enumerate(homes):
        rows.setdefault(home, []).append(row)
    needed = _needed(table)
    ordered = sorted(rows, key=lambda home: needed.isdisjoint(rows[home]))
    begin = Stage("input", "end", (-1,), table.input_shape, ())
    return [begin, *(_stage(table, home[2], rows[home]) for home in ordered)]


def _apart(table: Table) -> list[tuple[str, int, str]]:
    """For each row its stage, and the first row and the name of its part there.

    A pooling begins a part, and the next weights after it another; a stage off the way to the last
    row stays whole.
    """
    on_the_way = {table[row].stage for row in _needed(table)}
    last: dict[str, tuple[str, int, str]] = {}
    homes = []
    for row, layer in enumerate(table):
        stage = layer.stage
        before = last.get(stage, (stage, 0, stage))
        pooled = before[-1] != stage
        if stage not in on_the_way:
            last[stage] = before
        elif layer.op.endswith("_pool") and not layer.block and layer.kind != "copy":
            last[stage] = (stage, row, _own_name(layer))
        elif pooled and (layer.op in ("conv", "linear") or layer.block):
            last[stage] = (stage, row, stage)
        else:
            last[stage] = before
        homes.append(last[stage])
    return homes


def _own_name(layer: Layer) -> str:
    return layer.name.removeprefix(f"{layer.stage}.") or layer.stage


def stage_links(table: Table, found: Iterable[Stage]) -> list[StageLink]:
    """Which stage feeds which, and by which edges of the table."""
    home = {row: number for number, stage in enumerate(found) for row in stage.rows}
    edges: dict[tuple[int, int], list[tuple[int, int | None]]] = {}
    for row, layer in enumerate(table):
        for source in layer.inputs:
            if home[source] != home[row]:
                edges.setdefault((home[source], home[row]), []).append((source, row))
    return [StageLink(a, b, tuple(pairs)) for (a, b), pairs in sorted(edges.items())]


def _needed(table: Table) -> set[int]:
    """The rows that the last row depends on."""
    needed = {len(table) - 1}
    for row in reversed(range(len(table))):
        if row in needed:
            needed.update(table[row].inputs)
    return needed


def _stage(table: Table, name: str, rows: list[int]) -> Stage:
    layers = table.part(rows)
    kinds = {kind(layer) for layer in layers}
    colour = next((one for one in ("conv", "linear", "pool") if one in kinds), "other")
    contents = tuple(_run(words, len(list(run))) for words, run in groupby(_contents(layers)))
    return Stage(name, colour, tuple(rows), layers[-1].out_shape, contents)


def _contents(layers: Table) -> Iterator[str]:
    places = range(len(layers))
    for block, members in groupby(places, key=lambda place: layers[place].block):
        inside = layers.part(members)
        if block:
            yield block_kind(inside)
        else:
            yield from (
                label(layer) for layer in inside if layer.op in TOLD and layer.kind != "copy"
            )


def _run(words: str, count: int) -> str:
    if count == 1:
        return words
    return f"[{words}] × {count}" if "," in words else f"{words} × {count}"
