"""The rows of a network as a page shows them: stages, in them blocks, in them rows.

Each level opens and closes without a script, and each stage, block and row has an id of its
own. Blocks that are alike and follow each other are shown once.
"""

from __future__ import annotations

from collections.abc import Hashable, Iterator, Sequence
from itertools import groupby
from typing import NamedTuple

from cnnref import drawing as diagrams
from cnnref.counting.layer import Layer
from cnnref.counting.units import grouped, scaled
from cnnref.drawing.labels import label, shape
from cnnref.drawing.stages import Stage, stages
from cnnref.errors import CnnrefError
from cnnref.tables.analysis import ReceptiveField
from cnnref.tables.table import Table
from website.charts.drawings import figure
from website.markup import (
    Cell,
    Html,
    Line,
    element,
    exact,
    fold,
    folded,
    joined,
    number,
    region,
    secondary,
)
from website.markup import table as html_table

__all__ = ["Run", "field_text", "fields", "layer_tree", "place", "runs", "shown_at"]

# networks with no more rows than this are shown opened
OPENED = 60
COLUMNS = ("layer", "what it is", "output", "parameters", "MACs", "field")
# of these a phone shows the others
FOLDED = (1, 5)
# the first column that holds figures
FIGURES = 3


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
    opened = len(table) <= OPENED
    told = {stage.name: stage for stage in stages(table)[1:]}
    parts = [_stage(table, told[name], seen, opened) for name in table.group("stage")]
    # a section, since the search forgets what it leaves out at the end of an inner div
    tree = element("section", *parts, class_="tree", data_search_exclude=True)
    # the place of the button that opens all
    return joined([element("p", class_="tree-tools"), fold(len(FOLDED)), tree])


def place(table: Table, name: str, kind: str = "") -> str:
    """The id of a row, or of a stage or a block: unique on a page."""
    return "-".join(f"{table.name} {kind} {name}".split())


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


def _stage(table: Table, stage: Stage, seen: Sequence[ReceptiveField], opened: bool) -> Html:
    layers = [table[row] for row in stage.rows]
    summary = _summary(stage.name or "all rows", "; ".join(stage.contents), layers)
    drawn: set[Hashable] = set()
    inside = (_run(table, seen, run, drawn) for run in runs(table, stage.rows))
    anchor = place(table, stage.name, "stage")
    return folded(summary, *inside, class_="stage", id=anchor, open=opened)


def _run(table: Table, seen: Sequence[ReceptiveField], run: Run, drawn: set[Hashable]) -> Html:
    """Some rows; a block is drawn unless one of the same form, of other widths, is in the stage."""
    layers = table.part(run.rows)
    if not run.blocks:
        return _rows(table, run.rows, seen, f"rows from {layers[0].name}")
    first, *others = run.blocks
    name = first if not others else f"{first} to {others[-1]}"
    kind = diagrams.block_kind(layers)
    what = kind if not others else f"{kind} × {len(run.blocks)}, all alike; for each"
    inside = [element("span", id=place(table, other, "block")) for other in others]
    form = tuple((layer.op, layer.window) for layer in layers)
    if form not in drawn:
        inside.append(figure([diagrams.block(table, first)], ""))
    drawn.add(form)
    if others:
        inside.append(element("p", f"The rows of {first}; the others are the same."))
    inside.append(_rows(table, run.rows, seen, f"rows of {first}"))
    anchor = place(table, first, "block")
    return folded(_summary(name, what, layers), *inside, class_="block", id=anchor)


def _summary(name: str, what: str, layers: Sequence[Layer]) -> Html:
    parameters = sum(layer.parameters for layer in layers)
    macs = sum(layer.macs for layer in layers)
    spans = {
        "name": name,
        "what": what,
        "out": f"→ {shape(layers[-1].out_shape)}",
    }
    costs = [exact(parameters, scaled(parameters, "parameters")), exact(macs, scaled(macs, "MACs"))]
    parts = [*spans.items(), *(("cost", cost) for cost in costs)]
    return joined((element("span", text, class_=kind) for kind, text in parts), " ")


def _rows(table: Table, rows: Sequence[int], seen: Sequence[ReceptiveField], named: str) -> Html:
    titles: list[str | Cell] = [*COLUMNS[:FIGURES], *map(number, COLUMNS[FIGURES:])]
    heads = secondary(titles, FOLDED)
    body = (_row(table, row, seen) for row in rows)
    return region(f"{table.name}, {named}", html_table(heads, body, kind="rows"))


def _row(table: Table, row: int, seen: Sequence[ReceptiveField]) -> Line:
    layer = table[row]
    field = field_text(seen[row]) if seen else "–"
    figures = map(number, (grouped(layer.parameters), grouped(layer.macs), field))
    anchor = place(table, layer.name)
    # a script makes it a link to its own row when a reader opens what it stands in
    cells = secondary([layer.name, label(layer), shape(layer.out_shape), *figures], FOLDED)
    return Line(cells, {"id": anchor})
