"""What the page one_by_one.md prints: a 1x1 by hand, its share of networks, heads at any size."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import partial

from cnnref.counting.arithmetic import linear
from cnnref.counting.layer import Layer
from cnnref.counting.shapes import Shape
from cnnref.counting.units import grouped, ratio
from cnnref.drawing import NARROW, WIDE, Drawing
from cnnref.drawing.scene import Arrow, Box, Line, Scene, Text
from cnnref.networks.catalog import architecture
from cnnref.tables.table import Table
from website.charts.cells import grid
from website.charts.drawings import figure
from website.facts import lookup
from website.markup import Cell, Html, exact, line, number, table

__all__ = ["MACROS", "averaged", "by_window", "endings", "heads", "mixed", "reach"]

# two channels of 2 x 2 positions, the weights of one filter and its bias
MAPS = ((1, 0, 2, 5), (3, 1, 1, 0))
WEIGHTS, BIAS = (2, -1), 1
# two maps that hold the same values at other places
MOVED = ((0, 0, 0, 8), (2, 2, 2, 2), (8, 0, 0, 0))
PIXELS = ("upper left", "upper right", "lower left", "lower right")
FC6 = 4096
# what one output reads: the side of its window in each channel, of maps of SIDE x SIDE
SIDE, CELL, CHANNELS = 5, 9.0, 3
READS: Mapping[str, tuple[int, ...]] = {
    "3x3 convolution": (3, 3, 3),
    "1x1 convolution": (1, 1, 1),
    "3x3 depthwise": (3, 0, 0),
    "global average": (SIDE, 0, 0),
}


def reach() -> Html:
    """What one output reads, for each kind of layer."""
    wide, narrow = _scene(WIDE, len(READS)), _scene(NARROW, 2)
    said = (
        "The channels of an input side by side. Marked is what one output reads: a window in every "
        "channel for a 3x3 convolution, one position in every channel for a 1x1 convolution, a "
        "window in one channel for a depthwise convolution, all of one channel for global average "
        "pooling."
    )
    return figure(
        [Drawing("What one output reads", said, wide, narrow)],
        "The channels of an input, and what one output of each layer reads of them.",
    )


def _scene(width: float, columns: int) -> Scene:
    boxes: list[Box] = []
    texts: list[Text] = []
    side = SIDE * CELL
    across, down = CHANNELS * side + (CHANNELS - 1) * 8, side + 48
    for place, (name, windows) in enumerate(READS.items()):
        x = (place % columns + 0.5) * width / columns - across / 2
        y = place // columns * down + 30
        texts.append(Text(name, x + across / 2, y - 12, anchor="middle", strong=True))
        for channel, window in enumerate(windows):
            left = x + channel * (side + 8)
            boxes.append(
                Box("other", (), (), f"{name}, channel {channel + 1}", left, y, side, side)
            )
            if window:
                inner, own = (side - window * CELL) / 2, window * CELL
                at = (left + inner, y + inner, own, own)
                boxes.append(Box("conv", (), (), f"{name}, read", *at))
    height = -(-len(READS) // columns) * down
    return Scene(tuple(boxes), (), tuple(texts), width, height)


def endings() -> Html:
    """Maps that are laid out as one row of numbers, and maps that are averaged."""
    scene = _endings()
    said = (
        "Three maps, twice. Flattened, every position of every map is a number of its own in one "
        "long row. Averaged, each map is a single number."
    )
    flat = grouped(lookup("vgg16")["flatten"].out_shape.elements)
    mean = grouped(lookup("googlenet")["avgpool"].out_shape.elements)
    return figure(
        [Drawing("Flatten and global average", said, scene, scene)],
        f"What the first fully-connected layer reads. VGG-16 flattens its last maps to {flat} "
        f"numbers; GoogLeNet averages its own to {mean}.",
    )


def _endings() -> Scene:
    size, cell, room, unit = 3, 11.0, 12.0, 7.5
    across = size * cell + room
    kinds = ("conv", "pool", "linear")
    boxes: list[Box] = []
    arrows: list[Arrow] = []
    top = 1.0
    for name, each in (("flatten", size * size), ("global average", 1)):
        said = f"{name}: {CHANNELS * each} numbers"
        lines = (Line(name), Line(f"{CHANNELS * each} numbers", faint=True))
        boxes.append(Box("end", (), lines, said, 216, top + 20, 108, 40))
        for channel, kind in enumerate(kinds):
            own = partial(_always, kind)
            boxes += grid(1 + channel * across, top, cell, size, size, own)
            boxes += grid(1 + channel * each * unit, top + 62, unit, 1, each, own)
        middle = 1 + (CHANNELS * across - room) / 2
        points = ((middle, top + size * cell + 4), (middle, top + 58))
        arrows.append(Arrow(len(boxes) - 1, len(boxes) - 1, (), points))
        top += 98
    return Scene(tuple(boxes), tuple(arrows), (), NARROW, top - 24, 11.5)


def _always(kind: str, row: int, column: int) -> str:
    return kind


def mixed() -> Html:
    """A 1x1 convolution by hand: at each position a weighted sum of the channels."""
    first, second = WEIGHTS
    outputs = [first * a + second * b + BIAS for a, b in zip(*MAPS, strict=True)]
    rows = {
        "channel 1": MAPS[0],
        "channel 2": MAPS[1],
        f"{first} · channel 1 − {-second} · channel 2 + {BIAS}": outputs,
    }
    return _positions(rows)


def averaged() -> Html:
    """Maps and their averages: where a value stands makes no difference."""
    names = ("a corner", "everywhere a little", "another corner")
    heads: list[str | Cell] = ["map", *map(number, PIXELS), number("average")]
    body = [
        line(name, [*map(str, values), str(sum(values) // len(values))])
        for name, values in zip(names, MOVED, strict=True)
    ]
    return table(heads, body)


def _positions(rows: Mapping[str, Sequence[int]]) -> Html:
    heads: list[str | Cell] = ["", *map(number, PIXELS)]
    return table(heads, [line(name, map(str, values)) for name, values in rows.items()])


def by_window(keys: Sequence[str]) -> Html:
    """The share of 1x1 convolutions in all convolutions: layers, multiply-adds, weights."""
    return table(
        (
            "network",
            *map(number, ("1x1, of all convolutions", "of their MACs", "of their weights")),
        ),
        [line(architecture(key).title, _shares(lookup(key))) for key in keys],
    )


def _shares(book: Table) -> list[str | Cell]:
    convs = [layer for layer in book if layer.op == "conv"]
    small = [layer for layer in convs if pointwise(layer)]
    macs = [sum(layer.counts.macs for layer in some) for some in (small, convs)]
    weights = [sum(layer.counts.weights for layer in some) for some in (small, convs)]
    shares = [number(ratio(100 * part, whole, 0) + "%") for part, whole in (macs, weights)]
    return [number(f"{len(small)} of {len(convs)}"), *shares]


def pointwise(layer: Layer) -> bool:
    """Whether a convolution looks at single positions."""
    return layer.window is not None and set(layer.window.kernel) == {1}


def heads(sizes: Sequence[int]) -> Html:
    """The first layer behind flattened maps, and behind averaged ones, for several input sizes.

    The maps are those of VGG-16's last pooling; the flattened ones go to a layer as wide as its
    fc6, the averaged ones to the scores.
    """
    lines = []
    for size in sizes:
        maps = lookup(f"vgg16@{size}")["pool5"].out_shape
        flat = linear(Shape((maps.elements,)), FC6, bias=True).counts
        mean = linear(Shape((maps.channels,)), 1000, bias=True).counts
        counts = [one.weights + one.biases for one in (flat, mean)]
        cells = [str(maps), *(exact(value, grouped(value)) for value in counts)]
        lines.append(line(f"{size} × {size}", cells))
    columns = ("last maps", "flattened, to a wide layer", "averaged, to the scores")
    return table(("input", *map(number, columns)), lines)


MACROS: Mapping[str, Callable[..., object]] = {
    "averaged": averaged,
    "by_window": by_window,
    "endings": endings,
    "heads_at": heads,
    "mixed": mixed,
    "reach": reach,
}
