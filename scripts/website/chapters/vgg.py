"""What the page vgg.md prints: stacks of convolutions, stages side by side, the family drawn."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any, NamedTuple

from cnnref import drawing
from cnnref.counting.arithmetic import conv, receptive_field
from cnnref.counting.layer import Layer
from cnnref.counting.shapes import Shape, Window
from cnnref.counting.units import MEGA, MIB, rounded
from cnnref.drawing.bars import MEASURES, layer_bars, stage_bars
from cnnref.drawing.scene import Outline, Point, Scene, Text
from cnnref.tables.table import Table
from website.charts.cells import grid
from website.charts.drawings import figure, titled
from website.facts import lookup
from website.inline import UNITS
from website.markup import BREAK, data, joined, line, table
from website.spoken import network
from website.tables import Networks

__all__ = [
    "MACROS",
    "Stack",
    "charts",
    "peak",
    "seen_twice",
    "stack",
    "stack_depth",
    "stacks",
    "stages",
]

# the drawing's cells, and the room between its maps
CELL, ROOM = 20.0, 56.0


class Stack(NamedTuple):
    """Convolutions of one kernel on C channels, in units of C, H and W; without biases.

    field: the receptive field of the last output, in inputs along one axis.
    """

    field: int
    weights: int
    macs: int
    memory: int


def stack(kernel: int, depth: int = 1, *, channels: int = 1, size: int = 1) -> Stack:
    """What `depth` convolutions cost that keep channels * C maps of size H x size W.

    The factors of C^2 (weights), HWC^2 (MACs) and HWC (elements of one output): the
    polynomials are counted at C = H = W = 1.

    >>> stack(3, depth=2), stack(5)
    (Stack(field=5, weights=18, macs=18, memory=1), Stack(field=5, weights=25, macs=25, memory=1))
    """
    window = Window((kernel, kernel), (1, 1), (kernel // 2, kernel // 2))
    counts = conv(Shape((channels, size, size)), channels, window, bias=False).counts
    field, jump = 1, 1
    for _ in range(depth):
        field, jump = receptive_field(field, jump, kernel)
    return Stack(field, depth * counts.weights, depth * counts.macs, counts.elements_out)


def stack_depth(kernel: int, field: int) -> int:
    """How many convolutions of one kernel, one after the other, see at least a field.

    >>> stack_depth(3, 5), stack_depth(3, 11), stack(3, stack_depth(3, 11)).field
    (2, 5, 11)
    """
    depth = 1
    while stack(kernel, depth).field < field:
        depth += 1
    return depth


def stacks(keys: Sequence[str], caption: str = "") -> str:
    """Networks side by side, layer by layer, their stages on one level."""
    return figure([drawing.stacks([titled(key) for key in keys])], caption)


def seen_twice() -> str:
    """Two 3x3 convolutions that see as much as one 5x5, and the weights of both."""
    scene = _seen(stack(3, 2).field, 3)
    said = (
        "Three maps of cells. A 3x3 window of the first map leads to one cell of the second, "
        "and all of the second map, itself 3x3, leads to the one cell of the third. Below, a 5x5 "
        "window of the same first map leads to one cell directly."
    )
    shown = drawing.Drawing("Two 3x3 seen as one 5x5", said, scene, scene)
    return figure(
        [shown], "One output of the second layer sees as many pixels as one output of a 5x5."
    )


def _seen(field: int, kernel: int) -> Scene:
    sizes = (field, field - kernel + 1, 1)
    lefts = [sum(sizes[:n]) * CELL + n * ROOM + 1 for n in range(len(sizes))]
    tops = [30 + (field - size) * CELL / 2 for size in sizes]
    boxes = list(grid(lefts[0], tops[0], CELL, field, field, _inside(kernel, "conv")))
    boxes += grid(lefts[1], tops[1], CELL, sizes[1], sizes[1], _inside(1, "conv"))
    boxes += grid(lefts[2], tops[2], CELL, 1, 1, _inside(1, "linear"))
    below = 30 + field * CELL + 46
    boxes += grid(lefts[0], below, CELL, field, field, _inside(field, "pool"))
    end = below + (field - 1) * CELL / 2
    boxes += grid(lefts[2], end, CELL, 1, 1, _inside(1, "pool"))
    cones = (
        Outline("conv", (_cone(lefts[0], tops[0], kernel, lefts[1], tops[1]),)),
        Outline("linear", (_cone(lefts[1], tops[1], kernel, lefts[2], tops[2]),)),
        Outline("pool", (_cone(lefts[0], below, field, lefts[2], end),)),
    )
    two, one = stack(kernel, 2).weights, stack(field).weights
    texts = (
        Text(f"two {kernel}x{kernel}: {two} weights", 1, 18, strong=True),
        Text(f"one {field}x{field}: {one} weights", 1, below - 12, strong=True),
    )
    return Scene(
        tuple(boxes), (), texts, lefts[2] + CELL + 1, below + field * CELL + 2, outlines=cones
    )


def _inside(size: int, kind: str) -> Callable[[int, int], str]:
    return lambda row, column: kind if max(row, column) < size else "other"


def _cone(left: float, top: float, window: int, x: float, y: float) -> tuple[Point, ...]:
    """From the right side of a window to the left side of the cell that it makes."""
    right = left + window * CELL
    return (right, top), (x, y), (x, y + CELL), (right, top + window * CELL)


def charts() -> Iterator[tuple[str, Any]]:
    """Every chart of the page with its key."""
    family = [(f"VGG-{depth}", lookup(f"vgg{depth}")) for depth in (11, 13, 16, 19)]
    pair = [("AlexNet (one tower)", lookup("alexnet@227")), ("VGG-16", lookup("vgg16"))]
    for key, measure in MEASURES.items():
        yield f"vgg16-{measure.name}", layer_bars(lookup("vgg16"), key)
        yield f"vgg-family-{measure.name}", stage_bars(family, key)
        yield f"alexnet-vgg16-{measure.name}", stage_bars(pair, key)


def peak(key: str, unit: str = "MB", digits: int = 1) -> str:
    """The most memory that maps take at once while one image runs through a network.

    >>> peak("vgg16")
    '<data value="25690112" title="most bytes of maps at once in VGG-16">24.5 MB</data>'
    """
    value = lookup(key).peak_activation_bytes()
    text = f"{rounded(value, UNITS[unit], digits)} {unit}"
    return data(value, text, f"most bytes of maps at once in {network(key)}")


def stages(networks: Networks) -> str:
    """Networks side by side: the layers of each stage, in order, then the totals.

    networks: (title, key) of each; all share the stages of the first.
    """
    books = [(title, lookup(key)) for title, key in networks]
    body = [
        line(stage, [_stage(book.group("stage").get(stage, book[:0])) for _, book in books])
        for stage in books[0][1].group("stage")
    ]
    foot = {
        "parameters (M)": [rounded(book.parameters, MEGA, 1) for _, book in books],
        "M MACs": [rounded(book.macs, MEGA) for _, book in books],
        "memory (MB)": [rounded(book.stored_bytes("lecture"), MIB, 1) for _, book in books],
    }
    lines = [line(title, cells) for title, cells in foot.items()]
    return table(("stage", *(title for title, _ in books)), body, lines)


def _stage(part: Table) -> str:
    shown = (layer for layer in part if layer.op in ("conv", "linear", "max_pool"))
    return joined(map(_short, shown), BREAK)


def _short(layer: Layer) -> str:
    """A layer as a table of stages has it: its window and its filters.

    >>> [_short(lookup("vgg16")[name]) for name in ("conv1_1", "pool1", "fc6")]
    ['3x3, 64', 'max pool 2x2', 'fc 4096']
    """
    if layer.op == "linear":
        return f"fc {layer.out_shape[-1]}"
    assert layer.window is not None
    window = "x".join(map(str, layer.window.kernel))
    return f"max pool {window}" if layer.op == "max_pool" else f"{window}, {layer.out_shape[0]}"


MACROS: Mapping[str, Callable[..., object]] = {
    "peak": peak,
    "stack": stack,
    "stack_depth": stack_depth,
    "seen_twice": seen_twice,
    "stacks": stacks,
    "stages": stages,
}
