"""The rows of a network as a page shows them: stages, in them blocks, in them rows.

Each level opens and closes without a script, and each stage, block and row has an id of its
own. Blocks that are alike and follow each other are shown once.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from html import escape
from itertools import groupby
from typing import NamedTuple

from cnnref import drawing as diagrams
from cnnref.counting.layer import Layer
from cnnref.drawing.labels import label, shape
from cnnref.drawing.stages import Stage, stages
from cnnref.errors import CnnrefError
from cnnref.tables.analysis import ReceptiveField
from cnnref.tables.table import Table
from cnnref.units import grouped, scaled
from website.figures import figure

__all__ = ["Run", "field_text", "fields", "layer_tree", "place", "runs", "shown_at"]

# networks with no more rows than this are shown opened
OPENED = 60
COLUMNS = ("layer", "what it is", "output", "parameters", "MACs", "field")


class Run(NamedTuple):
    """Blocks that are alike and follow each other, or rows outside of blocks.

    blocks: their names; () for rows outside of blocks.
    rows: the numbers of the first block's rows, or of all rows.
    """

    blocks: tuple[str, ...]
    rows: tuple[int, ...]


def layer_tree(table: Table) -> str:
    """All rows of a network, grouped by stage and block."""
    seen = fields(table)
    opened = " open" if len(table) <= OPENED else ""
    told = {stage.name: stage for stage in stages(table)[1:]}
    parts = [_stage(table, told[name], seen, opened) for name in table.group("stage")]
    return f'<div class="tree">{"".join(parts)}</div>'


def place(table: Table, name: str, kind: str = "") -> str:
    """The id of a row, or of a stage or a block: unique on a page."""
    return escape("-".join(f"{table.name} {kind} {name}".split()))


def shown_at(table: Table, row: int) -> str:
    """The id at which a reader finds a row: its own, or its block's where that is folded in."""
    layer = table[row]
    stage = [n for n, other in enumerate(table) if other.stage == layer.stage]
    folded = next((run for run in runs(table, stage) if layer.block in run.blocks[1:]), None)
    return place(table, layer.block, "block") if folded else place(table, layer.name)


def runs(table: Table, rows: Sequence[int]) -> Iterator[Run]:
    """The rows of a stage, blocks that are alike counted together."""
    blocks = [(name, tuple(run)) for name, run in groupby(rows, key=lambda row: table[row].block)]
    looks = [(_look(table, found) if name else (), name, found) for name, found in blocks]
    for look, alike in groupby(looks, key=lambda entry: entry[0]):
        members = list(alike)
        if look:
            yield Run(tuple(name for _, name, _ in members), members[0][2])
        else:
            yield from (Run((), found) for _, _, found in members)


def fields(table: Table) -> tuple[ReceptiveField, ...]:
    """The receptive field of each row, or () where one is not defined."""
    try:
        return table.receptive_fields()
    except CnnrefError:
        return ()


def field_text(field: ReceptiveField) -> str:
    """The field along both axes, or as one number where they are equal."""
    high, wide = field.field
    return grouped(high) if high == wide else f"{grouped(high)}×{grouped(wide)}"


def _look(table: Table, rows: tuple[int, ...]) -> tuple[object, ...]:
    """All that a block is, but for its names and for where in the table it stands."""
    return tuple(
        table[row]._replace(
            name="", block="", inputs=tuple(row - source for source in table[row].inputs)
        )
        for row in rows
    )


def _stage(table: Table, stage: Stage, seen: Sequence[ReceptiveField], opened: str) -> str:
    layers = [table[row] for row in stage.rows]
    summary = _summary(stage.name or "all rows", "; ".join(stage.contents), layers)
    inside = "".join(_run(table, seen, run) for run in runs(table, stage.rows))
    return (
        f'<details class="stage" id="{place(table, stage.name, "stage")}"{opened}>{summary}'
        f"{inside}</details>"
    )


def _run(table: Table, seen: Sequence[ReceptiveField], run: Run) -> str:
    layers = [table[row] for row in run.rows]
    if not run.blocks:
        return _rows(table, run.rows, seen, f"rows from {layers[0].name}")
    first, *others = run.blocks
    name = first if not others else f"{first} to {others[-1]}"
    kind = diagrams.block_kind(layers)
    what = kind if not others else f"{kind} × {len(run.blocks)}, all alike; for each"
    anchors = "".join(f'<span id="{place(table, other, "block")}"></span>' for other in others)
    drawing = figure([diagrams.block(table, first)], "")
    note = f"<p>The rows of {escape(first)}; the others are the same.</p>" if others else ""
    return (
        f'<details class="block" id="{place(table, first, "block")}">'
        f"{_summary(name, what, layers)}{anchors}{drawing}{note}"
        f"{_rows(table, run.rows, seen, f'rows of {first}')}</details>"
    )


def _summary(name: str, what: str, layers: Sequence[Layer]) -> str:
    parameters = sum(layer.parameters for layer in layers)
    macs = sum(layer.macs for layer in layers)
    return (
        f'<summary><span class="name">{escape(name)}</span> <span class="what">{escape(what)}'
        f'</span> <span class="out">→ {shape(layers[-1].out_shape)}</span> '
        f'<span class="cost">{_data(parameters, "parameters")}</span> '
        f'<span class="cost">{_data(macs, "MACs")}</span></summary>'
    )


def _data(value: int, noun: str) -> str:
    return f'<data value="{value}" title="{grouped(value)}">{scaled(value, noun)}</data>'


def _rows(table: Table, rows: Sequence[int], seen: Sequence[ReceptiveField], named: str) -> str:
    head = "".join(
        f'<th scope="col"{_num(column)}>{title}</th>' for column, title in enumerate(COLUMNS)
    )
    body = "".join(_row(table, row, seen) for row in rows)
    return (
        f'<div class="table-scroll" role="region" aria-label="{escape(table.name)}, '
        f'{escape(named)}" tabindex="0"><table class="ledger rows"><thead><tr>{head}</tr></thead>'
        f"<tbody>{body}</tbody></table></div>"
    )


def _row(table: Table, row: int, seen: Sequence[ReceptiveField]) -> str:
    layer = table[row]
    cells = (
        escape(label(layer)),
        shape(layer.out_shape),
        grouped(layer.parameters),
        grouped(layer.macs),
        field_text(seen[row]) if seen else "–",
    )
    name, anchor = escape(layer.name), place(table, layer.name)
    return (
        f'<tr id="{anchor}"><th scope="row"><a href="#{anchor}">{name}</a></th>'
        + "".join(f"<td{_num(column)}>{cell}</td>" for column, cell in enumerate(cells, 1))
        + "</tr>"
    )


def _num(column: int) -> str:
    return ' class="num"' if column > 2 else ""
