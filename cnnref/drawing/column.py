"""Where the boxes of any graph go: one below the other, and edges that pass some at the side.

Every graph can be drawn so: an edge to the next box is a straight line, and any other leaves its
box at the right, runs down in a lane of its own and comes in from the right.
"""

from __future__ import annotations

from collections.abc import Sequence

from cnnref.drawing.graph import Edge, Graph
from cnnref.drawing.lanes import RISE, Place, Size
from cnnref.drawing.scene import Point

__all__ = ["in_column"]


def in_column(
    graph: Graph, sizes: Sequence[Size], gap: float
) -> tuple[list[Place], list[tuple[Point, ...]]]:
    """Where each node stands, and the points of each edge from its source to its target.

    sizes: what each node needs; gap: between the boxes and the first lane, and little less
        between lanes.
    """
    width = max(size.width for size in sizes)
    places: list[Place] = []
    top = 0.0
    for size in sizes:
        places.append(Place((width - size.width) / 2, top, size.width, size.height))
        top += size.height + RISE
    lanes = _lanes(graph)
    sides = _sides(graph, lanes)
    routes: list[tuple[Point, ...]] = []
    for number, edge in enumerate(graph.edges):
        source, target = places[edge.source], places[edge.target]
        if number not in lanes:
            middle = width / 2
            routes.append(((middle, source.y + source.height), (middle, target.y)))
            continue
        x = width + gap + 0.85 * gap * lanes[number]
        start, end = (
            (place.x + place.width, place.y + place.height * (1 + at.index(number)) / (1 + len(at)))
            for place, at in ((source, sides[edge.source]), (target, sides[edge.target]))
        )
        routes.append((start, (x, start[1]), (x, end[1]), end))
    return places, routes


def _lanes(graph: Graph) -> dict[int, int]:
    """The lane of each edge that passes boxes, short ones close to the boxes."""
    straight: set[tuple[int, int]] = set()
    found: dict[int, int] = {}
    taken: list[list[Edge]] = []
    order = sorted(enumerate(graph.edges), key=lambda each: each[1].target - each[1].source)
    for number, edge in order:
        ends = edge.source, edge.target
        if edge.target == edge.source + 1 and ends not in straight:
            straight.add(ends)
            continue
        free = (lane for lane, edges in enumerate(taken) if not any(_meet(edge, e) for e in edges))
        lane = next(free, len(taken))
        if lane == len(taken):
            taken.append([])
        taken[lane].append(edge)
        found[number] = lane
    return found


def _meet(one: Edge, two: Edge) -> bool:
    return one.source <= two.target and two.source <= one.target


def _sides(graph: Graph, lanes: dict[int, int]) -> list[list[int]]:
    """The edges at the right of each node, from top to bottom: those that come in, then out."""
    sides: list[list[int]] = [[] for _ in graph.nodes]
    for number in sorted(lanes, key=lambda number: -lanes[number]):
        sides[graph.edges[number].target].append(number)
    for number in sorted(lanes, key=lambda number: lanes[number]):
        sides[graph.edges[number].source].append(number)
    return sides
