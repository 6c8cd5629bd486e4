"""Some rows of a table as a graph: boxes of one row or more, and every edge between them."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import NamedTuple

from cnnref.counting.layer import Layer
from cnnref.counting.markup import element
from cnnref.counting.operators import ACTIVATIONS, NORMS, VIEWS
from cnnref.counting.units import visible
from cnnref.drawing.labels import in_words, shape
from cnnref.errors import CnnrefError
from cnnref.tables.table import Table

__all__ = ["Edge", "Graph", "Node", "graph", "to_dot", "to_mermaid"]

# what a box folds in: its input has one reader, and its output has as many elements
FOLDED = frozenset((*ACTIVATIONS, *NORMS, *VIEWS, "clamp")) - {"lrn"}
# what means something to Mermaid inside quotes
MERMAID = {ord(letter): f"#{ord(letter)};" for letter in '#&"<>`'}


class Node(NamedTuple):
    """A box: rows that follow each other, or one end of the drawing.

    role: "rows", "input" (rows holds the row that made it, -1 for the network's
        input) or "output" (rows holds the row that is handed on).
    """

    role: str
    rows: tuple[int, ...]


class Edge(NamedTuple):
    """What one node hands to another: rows[0] feeds rows[1]; an output has no reader (None).

    place: which of the reader's inputs it is.
    """

    source: int
    target: int
    rows: tuple[int, int | None]
    place: int = 0


class Graph(NamedTuple):
    """Nodes in order of execution, inputs first and outputs last; edges by their numbers."""

    layers: tuple[Layer, ...]
    nodes: tuple[Node, ...]
    edges: tuple[Edge, ...]

    def entering(self, node: int) -> list[Edge]:
        """The edges into a node, in the order of the row's inputs."""
        return [edge for edge in self.edges if edge.target == node]

    def leaving(self, node: int) -> list[Edge]:
        """The edges out of a node, by the row that reads."""
        return [edge for edge in self.edges if edge.source == node]

    def ranks(self) -> list[int]:
        """How many boxes stand above each node, at the most."""
        ranks = [0] * len(self.nodes)
        for edge in sorted(self.edges, key=lambda edge: edge.target):
            ranks[edge.target] = max(ranks[edge.target], ranks[edge.source] + 1)
        return ranks


def graph(table: Table, rows: Sequence[int], *, fold: bool) -> Graph:
    """The rows of these numbers with all that they read and hand on.

    fold: normalisations and activations stand in the box of the row before them.

    Raises:
        CnnrefError: no row is named.
    """
    if table.whole is not table:
        raise CnnrefError(f"{table.name}: a graph is made of the whole table, not of a part.")
    if not rows:
        raise CnnrefError(f"{table.name}: a drawing needs at least one row.")
    layers = tuple(table)
    readers = _readers(layers)
    inside = sorted(set(rows))
    chains = _chains(layers, inside, readers) if fold else [[row] for row in inside]
    feeds = sorted({u for row in inside for u in layers[row].inputs} - set(inside))
    ends = [row for row in inside if _leaves(row, inside, readers)]
    nodes = [Node("input", (feed,)) for feed in feeds]
    nodes += [Node("rows", tuple(chain)) for chain in chains]
    nodes += [Node("output", (row,)) for row in ends]
    return Graph(layers, tuple(nodes), tuple(_edges(layers, nodes)))


def _readers(layers: Sequence[Layer]) -> dict[int, list[int]]:
    readers: dict[int, list[int]] = {row: [] for row in range(-1, len(layers))}
    for row, layer in enumerate(layers):
        for source in layer.inputs:
            readers[source].append(row)
    return readers


def _leaves(row: int, inside: Sequence[int], readers: dict[int, list[int]]) -> bool:
    return not readers[row] or any(reader not in inside for reader in readers[row])


def _chains(
    layers: Sequence[Layer], inside: Sequence[int], readers: dict[int, list[int]]
) -> list[list[int]]:
    chains: dict[int | None, list[int]] = {}  # by the last row of each
    for row in inside:
        layer = layers[row]
        before = layer.inputs[0] if len(layer.inputs) == 1 else None
        if before in chains and _folds(layers, chains[before], layer, readers):
            chains[row] = [*chains.pop(before), row]
        else:
            chains[row] = [row]
    return sorted(chains.values())


def _folds(
    layers: Sequence[Layer], chain: Sequence[int], layer: Layer, readers: dict[int, list[int]]
) -> bool:
    single = len(readers[chain[-1]]) == 1 and layers[chain[0]].op not in ("add", "concat")
    same = layer.in_shape.elements == layer.out_shape.elements
    return single and same and layer.op.rstrip("_") in FOLDED


def _edges(layers: Sequence[Layer], nodes: Iterable[Node]) -> list[Edge]:
    home: dict[int, int] = {}
    edges: list[Edge] = []
    for number, node in enumerate(nodes):
        if node.role == "output":
            edges.append(Edge(home[node.rows[0]], number, (node.rows[0], None)))
            continue
        home.update((row, number) for row in node.rows)
        if node.role == "rows":
            edges += [
                Edge(home[source], number, (source, row), place)
                for row in node.rows
                for place, source in enumerate(layers[row].inputs)
                if home[source] != number
            ]
    return edges


def to_dot(table: Table, rows: Sequence[int], *, fold: bool) -> str:
    """Rows of a table and what they read in the language of Graphviz."""
    drawn = graph(table, rows, fold=fold)
    lines = [f"digraph {_in_dot([table.name])} {{", '  node [shape=box, fontname="sans-serif"];']
    for number, node in enumerate(drawn.nodes):
        round_ = "" if node.role == "rows" else ", shape=oval"
        lines.append(f"  n{number} [label={_in_dot(_said(drawn, table, node))}{round_}];")
    lines += [f"  n{edge.source} -> n{edge.target};" for edge in drawn.edges]
    return "\n".join([*lines, "}\n"])


def to_mermaid(table: Table, rows: Sequence[int], *, fold: bool) -> str:
    """Rows of a table and what they read as a flowchart of Mermaid."""
    drawn = graph(table, rows, fold=fold)
    lines = ["flowchart TD"]
    for number, node in enumerate(drawn.nodes):
        text = _in_mermaid(_said(drawn, table, node))
        lines.append(f"  n{number}" + (f"[{text}]" if node.role == "rows" else f"([{text}])"))
    lines += [f"  n{edge.source} --> n{edge.target}" for edge in drawn.edges]
    return "\n".join(lines) + "\n"


def _said(drawn: Graph, table: Table, node: Node) -> list[str]:
    """The lines of a node: the row's name, what it does with what is folded in, and the shape."""
    first, last = (drawn.layers[row] if row >= 0 else None for row in (node.rows[0], node.rows[-1]))
    sizes = shape(last.out_shape if last else table.input_shape)
    if node.role != "rows" or first is None:
        return [node.role, sizes]
    return [first.name, in_words([drawn.layers[row] for row in node.rows]), sizes]


def _in_dot(lines: Iterable[str]) -> str:
    escaped = (visible(line).replace("\\", "\\\\").replace('"', '\\"') for line in lines)
    return '"' + "\\n".join(escaped) + '"'


def _in_mermaid(lines: Iterable[str]) -> str:
    escaped = (visible(line).translate(MERMAID) for line in lines)
    return f'"{element("br").join(escaped)}"'
