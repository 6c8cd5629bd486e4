"""The stages of a network: what is in each, what it hands on, and which of them feeds which."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from itertools import groupby
from typing import NamedTuple

from cnnref.counting.layer import Layer
from cnnref.counting.shapes import Shape
from cnnref.drawing.blocks import block_kind
from cnnref.drawing.labels import kind, label
from cnnref.tables.table import Table

__all__ = ["Stage", "StageLink", "stage_links", "stages"]

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


def stages(table: Table) -> list[Stage]:
    """The network's input and its stages; those off the way to the last row come last.

    >>> import cnnref
    >>> [stage.contents for stage in stages(cnnref.table("resnet50"))[1:4]]
    [('7×7 conv, 64, stride 2',), ('3×3 max pool, stride 2', 'bottleneck × 3'), ('bottleneck × 4',)]
    """
    rows: dict[str, list[int]] = {}
    for row, layer in enumerate(table):
        rows.setdefault(layer.stage, []).append(row)
    needed = _needed(table)
    ordered = sorted(rows, key=lambda name: needed.isdisjoint(rows[name]))
    begin = Stage("input", "end", (-1,), table.input_shape, ())
    return [begin, *(_stage(table, name, rows[name]) for name in ordered)]


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
    for row in range(len(table) - 1, -1, -1):
        if row in needed:
            needed.update(table[row].inputs)
    return needed


def _stage(table: Table, name: str, rows: list[int]) -> Stage:
    layers = [table[row] for row in rows]
    kinds = {kind(layer) for layer in layers}
    colour = next((one for one in ("conv", "linear", "pool") if one in kinds), "other")
    contents = tuple(_run(words, len(list(run))) for words, run in groupby(_contents(layers)))
    return Stage(name, colour, tuple(rows), layers[-1].out_shape, contents)


def _contents(layers: list[Layer]) -> Iterator[str]:
    for block, members in groupby(layers, key=lambda layer: layer.block):
        inside = list(members)
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
