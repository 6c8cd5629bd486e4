"""One block as a drawing: its rows in order of execution, branches side by side."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Callable, Sequence
from functools import partial
from typing import NamedTuple

from cnnref.counting.operators import VIEWS
from cnnref.drawing.column import in_column
from cnnref.drawing.graph import Edge, Graph, Node, graph
from cnnref.drawing.labels import followers, kind, label, shape, text_width, wrap
from cnnref.drawing.lanes import Place, Size, is_sum, lay_out
from cnnref.drawing.scene import Arrow, Box, Line, Point, Scene, faint_size, faults
from cnnref.tables.table import Table

__all__ = ["block_scene"]

# widths of the text in a box that are tried, the first that fits is taken
TRIED = range(200, 40, -6)
MARGIN = 2
PAD = 7
PLUS = 26
LEADING = 1.3
# what any screen is wide enough for
PHONE = 326
# boxes of which lanes are tried
SIDE_BY_SIDE = 120


class _Air(NamedTuple):
    """What is left free at the sides of a text, and between lanes."""

    pad: float
    gap: float


ROOMY, TIGHT = _Air(9, 14), _Air(5, 8)


def block_scene(
    table: Table, rows: Sequence[int], width: float, *, fold: bool = True, size: float = 13
) -> Scene:
    """The rows of these numbers, drawn not wider than a width where their words allow it.

    Branches are side by side; where that is too wide or an arrow would cross a box, and where
    there are very many boxes, all boxes stand one below the other.

    fold: normalisations and activations stand in the box of the row before them.
    size: of the text.

    Raises:
        CnnrefError: no row is named.
    """
    drawn = graph(table, rows, fold=fold)
    if len(drawn.nodes) <= SIDE_BY_SIDE:
        scene = _fitted(partial(_scene, drawn, table, size=size), width)
        if scene.width <= max(width, PHONE) and not any(faults(scene)):
            return scene
    return _fitted(partial(_scene, drawn, table, size=size, column=True), width)


def _fitted(draw: Callable[[float, _Air], Scene], width: float) -> Scene:
    """The scene with as much room for the words in a box as a width allows."""
    scene = draw(TRIED[0], ROOMY)
    if scene.width > width:
        # a box of less room is hardly ever wider, so the largest that fits is found by halves
        fitting = bisect_left(TRIED, True, key=lambda room: draw(room, TIGHT).width <= width)
        room = TRIED[min(fitting, len(TRIED) - 1)]
        scene = draw(room, ROOMY)
        scene = scene if scene.width <= width else draw(room, TIGHT)
    return scene


def _scene(
    drawn: Graph, table: Table, room: float, air: _Air, size: float, *, column: bool = False
) -> Scene:
    texts = [_lines(drawn, table, n, room, size) for n in range(len(drawn.nodes))]
    sizes = _level([_size(drawn, n, lines, size, air.pad) for n, lines in enumerate(texts)], drawn)
    labels = ["" if column else _edge_label(drawn, edge) for edge in drawn.edges]
    places, routes = _laid_out(drawn, sizes, labels, air.gap, size, column)
    boxes = tuple(
        Box(
            _kind(drawn, node),
            node.rows,
            tuple(lines),
            _words(drawn, table, node),
            place.x + MARGIN,
            place.y + MARGIN,
            place.width,
            place.height,
        )
        for node, lines, place in zip(drawn.nodes, texts, places, strict=True)
    )
    arrows = tuple(
        Arrow(
            edge.source,
            edge.target,
            (edge.rows,),
            tuple((x + MARGIN, y + MARGIN) for x, y in points),
            label=text,
        )
        for edge, points, text in zip(drawn.edges, routes, labels, strict=True)
    )
    right = max(*(box.right for box in boxes), *(x for arrow in arrows for x, _ in arrow.points))
    return Scene(boxes, arrows, (), right + MARGIN, max(b.bottom for b in boxes) + MARGIN, size)


def _laid_out(
    drawn: Graph, sizes: list[Size], labels: list[str], gap: float, size: float, column: bool
) -> tuple[list[Place], list[tuple[Point, ...]]]:
    if column:
        return in_column(drawn, sizes, gap)
    widths = [text_width(text, faint_size(size)) + 8 if text else 0 for text in labels]
    return lay_out(drawn, sizes, widths, gap)


def _kind(drawn: Graph, node: Node) -> str:
    return kind(drawn.layers[node.rows[0]]) if node.role == "rows" else "end"


def _words(drawn: Graph, table: Table, node: Node) -> str:
    """What a node says, in one line."""
    first = node.rows[0]
    if node.role != "rows":
        sizes = table.input_shape if first < 0 else drawn.layers[first].out_shape
        return f"{node.role} {shape(sizes)}"
    rest = followers(drawn.layers[row] for row in node.rows[1:])
    return ", ".join(filter(None, (label(drawn.layers[first]), rest)))


def _lines(drawn: Graph, table: Table, number: int, room: float, size: float) -> list[Line]:
    node = drawn.nodes[number]
    into = [edge for edge in drawn.leaving(number) if not is_sum(drawn, edge.target)]
    lanes = max(1, len(drawn.entering(number)), len(into))
    if node.role != "rows":
        lines = wrap(_words(drawn, table, node), faint_size(size), room * lanes)
        # a shape that stands on a line by itself may be narrower than it reads well
        lines = [lines[0], lines[1].replace(" ", "")] if len(lines) == 2 else lines
        return [Line(line, faint=True) for line in lines]
    first, *rest = (drawn.layers[row] for row in node.rows)
    rest = [layer for layer in rest if layer.op not in VIEWS]
    below = wrap(followers(rest), faint_size(size), room * lanes) if rest else []
    lines = wrap(label(first), size, room * lanes)
    return [*map(Line, lines), *(Line(line, faint=True) for line in below)]


def _size(drawn: Graph, number: int, lines: Sequence[Line], size: float, pad: float) -> Size:
    if is_sum(drawn, number):
        return Size(PLUS, PLUS)
    own = [faint_size(size) if line.faint else size for line in lines]
    widths = [text_width(line.text, each) for line, each in zip(lines, own, strict=True)]
    heights = [LEADING * each for each in own]
    pad += 3 * (drawn.nodes[number].role != "rows")
    return Size(round(max(widths) + 2 * pad), round(sum(heights) + 2 * PAD))


def _level(sizes: Sequence[Size], drawn: Graph) -> list[Size]:
    """Boxes that follow each other in a lane get the width of the widest."""
    widths = [size.width for size in sizes]
    lane = list(range(len(sizes)))
    for edge in drawn.edges:
        if all(_single(drawn, node) for node in (edge.source, edge.target)):
            lane[edge.target] = lane[edge.source]
    return [
        size._replace(width=max(w for w, other in zip(widths, lane, strict=True) if other == own))
        for size, own in zip(sizes, lane, strict=True)
    ]


def _single(drawn: Graph, node: int) -> bool:
    """Whether a box of rows is one of a lane: it neither joins nor forks."""
    alone = len(drawn.entering(node)) == len(drawn.leaving(node)) == 1
    return alone and drawn.nodes[node].role == "rows"


def _edge_label(drawn: Graph, edge: Edge) -> str:
    """A shortcut that hands its input on as it is says so."""
    if not is_sum(drawn, edge.target) or len(drawn.entering(edge.target)) < 2:
        return ""
    ranks, forks = drawn.ranks(), len(drawn.leaving(edge.source)) > 1
    return "identity" if forks and ranks[edge.target] - ranks[edge.source] > 1 else ""
