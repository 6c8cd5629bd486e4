"""One block as a drawing: its rows in order of execution, branches side by side."""

from __future__ import annotations

from collections.abc import Sequence

from cnnref.diagrams.graph import Edge, Graph, Node, graph
from cnnref.diagrams.labels import followers, kind, label, shape, text_width, wrap
from cnnref.diagrams.lanes import Size, is_sum, lay_out
from cnnref.diagrams.scene import Arrow, Box, Line, Scene
from cnnref.table import Table

__all__ = ["block_scene"]

# widths of the text in a box that are tried, the first that fits is taken
TRIED = (190, 150, 124, 100, 84, 72, 62, 54, 46)
MARGIN = 2
PAD = (9, 7)
PLUS = 26
LEADING = 1.3


def block_scene(
    table: Table, rows: Sequence[int], width: float, *, fold: bool = True, size: float = 13
) -> Scene:
    """The rows of these numbers, drawn not wider than a width where their words allow it.

    fold: normalisations and activations stand in the box of the row before them.
    size: of the text.
    """
    drawn = graph(table, rows, fold=fold)
    scene = _scene(drawn, table, TRIED[0], size)
    for tried in TRIED[1:]:
        if scene.width <= width:
            break
        scene = _scene(drawn, table, tried, size)
    return scene


def _scene(drawn: Graph, table: Table, room: float, size: float) -> Scene:
    texts = [_lines(drawn, table, node, room, size) for node in drawn.nodes]
    sizes = [_size(drawn, n, lines, size) for n, lines in enumerate(texts)]
    labels = [_edge_label(drawn, edge) for edge in drawn.edges]
    widths = [text_width(text, size - 2) + 8 if text else 0 for text in labels]
    places, routes = lay_out(drawn, sizes, widths)
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
    right = max(box.right for box in boxes)
    return Scene(boxes, arrows, (), right + MARGIN, max(b.bottom for b in boxes) + MARGIN, size)


def _kind(drawn: Graph, node: Node) -> str:
    return kind(drawn.layers[node.rows[0]]) if node.role == "rows" else "end"


def _words(drawn: Graph, table: Table, node: Node) -> str:
    """What a node says, in one line."""
    first = node.rows[0]
    if node.role != "rows":
        sizes = table.input_shape if first < 0 else drawn.layers[first].out_shape
        return f"{node.role} {shape(sizes)}"
    return followers(drawn.layers[row] for row in node.rows)


def _lines(drawn: Graph, table: Table, node: Node, room: float, size: float) -> list[Line]:
    if node.role != "rows":
        text = _words(drawn, table, node)
        role, _, sizes = text.partition(" ")
        return [Line(line, faint=True) for line in wrap(f"{role} {sizes}", size, 2 * room)]
    first, *rest = (drawn.layers[row] for row in node.rows)
    lines = [Line(line) for line in wrap(label(first), size, room)]
    return lines + [
        Line(line, faint=True) for line in wrap(followers(rest), size - 2, room) if line
    ]


def _size(drawn: Graph, number: int, lines: Sequence[Line], size: float) -> Size:
    if is_sum(drawn, number) and len(drawn.nodes[number].rows) == 1:
        return Size(PLUS, PLUS)
    widths = [text_width(line.text, size - 2 * line.faint) for line in lines]
    heights = [LEADING * (size - 2 * line.faint) for line in lines]
    return Size(round(max(widths) + 2 * PAD[0]), round(sum(heights) + 2 * PAD[1]))


def _edge_label(drawn: Graph, edge: Edge) -> str:
    """A shortcut that hands its input on as it is says so."""
    if not is_sum(drawn, edge.target) or len(drawn.entering(edge.target)) < 2:
        return ""
    ranks = drawn.ranks()
    return "identity" if ranks[edge.target] - ranks[edge.source] > 1 and _forks(drawn, edge) else ""


def _forks(drawn: Graph, edge: Edge) -> bool:
    return len(drawn.leaving(edge.source)) > 1
