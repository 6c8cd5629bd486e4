"""Where the boxes of a block go: branches side by side in lanes, execution from top to bottom.

A box that several rows read is as wide as their lanes together, and so is a concatenation:
every edge is then a straight line. Only what an addition takes besides its longest path comes
from the side, with one bend.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from cnnref.drawing.graph import Edge, Graph
from cnnref.drawing.scene import Point

__all__ = ["Place", "Size", "is_sum", "lay_out"]

RISE = 24  # between boxes of a lane
BARE = 20  # the width of a lane without a box


class Size(NamedTuple):
    """What a box needs for its text."""

    width: float
    height: float


class Place(NamedTuple):
    """Where a box stands."""

    x: float
    y: float
    width: float
    height: float


class _Lanes:
    """Horizontal ranges: of each node's tree, and of each edge that ends in a join."""

    def __init__(
        self, graph: Graph, sizes: Sequence[Size], labels: Sequence[float], gap: float
    ) -> None:
        self.graph, self.sizes, self.labels, self.gap = graph, sizes, labels, gap
        self.joins = {n for n in range(len(graph.nodes)) if len(graph.entering(n)) > 1}
        self.main = {n: _main(graph, n) for n in self.joins}
        self.least: dict[Edge, float] = {}
        self.spans: dict[int, tuple[float, float]] = {}
        self.lanes: dict[Edge, tuple[float, float]] = {}
        while not self.settled():
            pass

    def settled(self) -> bool:
        """Give every node its range; False where a lane had to be made wider first."""
        self.spans.clear()
        self.lanes.clear()
        left = 0.0
        for node in range(len(self.graph.nodes)):
            if node in self.joins:
                low, high = self.range_of_join(node)
                missing = self.need(node) - (high - low)
                if missing > 0.01:
                    widest = self.main[node]
                    low, high = self.lanes[widest]
                    self.least[widest] = high - low + missing
                    return False
                self.assign(node, low, high)
            elif not self.graph.entering(node):
                self.assign(node, left, left + self.need(node))
                left += self.need(node) + self.gap
        return True

    def range_of_join(self, node: int) -> tuple[float, float]:
        if is_sum(self.graph, node):
            return self.lanes[self.main[node]]
        lanes = [self.lanes[edge] for edge in self.graph.entering(node)]
        return min(low for low, _ in lanes), max(high for _, high in lanes)

    def need(self, node: int) -> float:
        edges = self.graph.leaving(node)
        lanes = sum(self.need_of(edge) for edge in edges) + self.gap * max(0, len(edges) - 1)
        return max(self.sizes[node].width, lanes)

    def need_of(self, edge: Edge) -> float:
        if edge.target not in self.joins:
            return self.need(edge.target)
        bare = max(BARE, self.labels[self.graph.edges.index(edge)])
        return max(bare, self.least.get(edge, 0))

    def assign(self, node: int, low: float, high: float) -> None:
        edges = self.graph.leaving(node)
        needs = [self.need_of(edge) for edge in edges]
        if len(edges) == 1:
            needs = [high - low]
        start = (low + high - sum(needs) - self.gap * (len(edges) - 1)) / 2
        own = self.sizes[node].width
        middle = (low + high) / 2
        bar = (start, low + high - start) if len(edges) > 1 else (middle, middle)
        if node in self.joins and not is_sum(self.graph, node):
            bar = (low, high)
        self.spans[node] = min(bar[0], middle - own / 2), max(bar[1], middle + own / 2)
        for edge, width in zip(edges, needs, strict=True):
            if edge.target in self.joins:
                self.lanes[edge] = (start, start + width)
            else:
                self.assign(edge.target, start, start + width)
            start += width + self.gap


def lay_out(
    graph: Graph, sizes: Sequence[Size], labels: Sequence[float], gap: float
) -> tuple[list[Place], list[tuple[Point, ...]]]:
    """Where each node stands, and the points of each edge from its source to its target.

    sizes: what each node needs; labels: the width of the text on each edge; gap: between lanes.
    """
    lanes = _Lanes(graph, sizes, labels, gap)
    places = _places(graph, sizes, lanes.spans)
    return places, [_route(graph, edge, places, lanes) for edge in graph.edges]


def _places(
    graph: Graph, sizes: Sequence[Size], spans: dict[int, tuple[float, float]]
) -> list[Place]:
    ranks = graph.ranks()
    places: dict[int, Place] = {}
    top = 0.0
    for rank in range(max(ranks) + 1):
        level = [node for node, r in enumerate(ranks) if r == rank]
        height = max(sizes[node].height for node in level)
        for node in level:
            low, high = spans[node]
            own = sizes[node].height if is_sum(graph, node) else height
            places[node] = Place(low, top + (height - own) / 2, high - low, own)
        top += height + RISE
    return [places[node] for node in range(len(ranks))]


def _route(graph: Graph, edge: Edge, places: Sequence[Place], lanes: _Lanes) -> tuple[Point, ...]:
    source, target = places[edge.source], places[edge.target]
    low, high = lanes.lanes.get(edge, (target.x, target.x + target.width))
    x, y = (low + high) / 2, source.y + source.height
    if edge in lanes.lanes and is_sum(graph, edge.target) and edge != lanes.main[edge.target]:
        side = target.x + target.width if x > target.x else target.x
        level = target.y + target.height / 2
        return (x, y), (x, level), (side, level)
    return (x, y), (x, target.y)


def is_sum(graph: Graph, node: int) -> bool:
    """Whether a node adds its inputs up."""
    rows = graph.nodes[node].rows
    return graph.nodes[node].role == "rows" and graph.layers[rows[0]].op.rstrip("_") == "add"


def _main(graph: Graph, node: int) -> Edge:
    """The edge at the end of the longest path to a join; of several, the first."""
    ranks = graph.ranks()
    return max(graph.entering(node), key=lambda edge: ranks[edge.source])
