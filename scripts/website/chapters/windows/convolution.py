"""What the page convolution.md prints: weights shared, edges found, borders kept, maps pooled."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from functools import partial

from cnnref.counting.arithmetic import conv
from cnnref.counting.layer import Layer
from cnnref.counting.shapes import Shape, Window
from cnnref.counting.units import grouped, ratio
from cnnref.drawing import NARROW, WIDE, Drawing
from cnnref.drawing.scene import Box, Scene, Text
from cnnref.drawing.scene import Line as Words
from website.charts.drawings import figure
from website.facts import lookup
from website.markup import Cell, Html, Line, data, exact, line, number, table

__all__ = ["MACROS", "borders", "edges", "pooled", "sharing", "side_after", "slid", "unshared"]

Map = Sequence[Sequence[int]]
FIRST = "alexnet@227/conv1"
# a bright square on a dark ground
SQUARE: Map = tuple(tuple(int(1 < row < 6 and 1 < column < 6) for column in range(8))
                    for row in range(8))  # fmt: skip
UPRIGHT: Map = ((-1, 0, 1),) * 3
LEVEL: Map = tuple(zip(*UPRIGHT, strict=True))
KERNELS = {"upright edges": UPRIGHT, "level edges": LEVEL}
CELL, GAP, HEAD = 22.0, 20.0, 26.0
KERNEL_SIDES, IMAGE, LAYERS = (1, 3, 5, 7, 11), 224, 10
# a line of a map
VALUES = (0, 0, 9, 1, 0, 0, 4, 0)


def sharing() -> Html:
    """The weights that make the maps of AlexNet's first layer, in three ways."""
    layer = _first()
    counts = (
        ("every output reads the whole image", layer.in_shape.elements * layer.out_shape.elements),
        ("every output reads its window, with weights of its own", _unshared()),
        ("one filter's outputs share their weights", layer.counts.weights),
    )
    heads = ("to make the maps of AlexNet's conv1", number("weights"))
    return table(heads, [line(said, [exact(value, grouped(value))]) for said, value in counts])


def unshared() -> Html:
    """The weights of AlexNet's first layer, were those of each position its own."""
    return data(_unshared(), grouped(_unshared()))


def _unshared() -> int:
    layer = _first()
    return layer.counts.weights * layer.out_shape.elements // layer.out_shape.channels


def _first() -> Layer:
    key, _, name = FIRST.partition("/")
    return lookup(key)[name]


def slid(image: Map, kernel: Map) -> list[list[int]]:
    """A kernel moved over an image, without padding: the sums of products."""
    side = len(kernel)
    return [
        [
            sum(kernel[i][j] * image[row + i][column + j] for i in range(side) for j in range(side))
            for column in range(len(image[0]) - side + 1)
        ]
        for row in range(len(image) - side + 1)
    ]


def edges() -> Html:
    """A square, two kernels and what each makes of it."""
    said = (
        "A bright square on a dark ground, two kernels of three by three weights, and what each "
        "makes of the square: the first has large values along its left and right edge, of "
        "opposite signs, the second along its upper and lower edge; inside the square and far "
        "from it both give zero."
    )
    return figure(
        [Drawing("Two kernels that find edges", said, _edges(WIDE), _edges(NARROW))],
        "An image of zeros and ones, two kernels, and the map that each makes of it. Cells of zero "
        "are left empty in the maps.",
    )


def _edges(width: float) -> Scene:
    image = 8 * CELL
    boxes = [*_cells(SQUARE, 1, HEAD, "image")]
    texts = [Text("image", 1, HEAD - 8, strong=True)]
    beside = width > image + 2 * (3 + 6) * CELL + 4 * GAP
    x, y = (image + GAP, HEAD) if beside else (1.0, HEAD + image + GAP + HEAD)
    for name, kernel in KERNELS.items():
        made = slid(SQUARE, kernel)
        boxes += _cells(kernel, x, y + 1.5 * CELL, f"kernel for {name}", zeros=True)
        boxes += _cells(made, x + 3 * CELL + GAP, y, f"map of {name}")
        texts.append(Text(name, x, y - 8, strong=True))
        if beside:
            x += (3 + 6) * CELL + 2 * GAP
        else:
            y += 6 * CELL + GAP + HEAD
    high = max(box.bottom for box in boxes) + 1
    return Scene(tuple(boxes), (), tuple(texts), max(box.right for box in boxes) + 1, high, 12)


def _cells(values: Map, x: float, y: float, name: str, *, zeros: bool = False) -> Iterator[Box]:
    for row, given in enumerate(values):
        for column, value in enumerate(given):
            kind = "conv" if value > 0 else "pool" if value < 0 else "other"
            lines = (Words(str(value).replace("-", "−")),) if value or zeros else ()
            at = (x + column * CELL, y + row * CELL, CELL, CELL)
            yield Box(kind, (), lines, f"{name}, row {row + 1}: {value}", *at)


def borders() -> Html:
    """What a kernel takes from a map without padding, and the padding that keeps its size."""
    columns = (
        f"side of a map of {IMAGE} after {LAYERS} layers without padding",
        "padding that keeps the side",
    )
    return table(("kernel", *map(number, columns)), map(_border, KERNEL_SIDES))


def _border(kernel: int) -> Line:
    side = _side(IMAGE, kernel, LAYERS)
    keeps = next(p for p in range(kernel) if _side(IMAGE, kernel, 1, p) == IMAGE)
    return line(f"{kernel} × {kernel}", [number(str(side)), number(str(keeps))])


def side_after(side: int, kernel: int, layers: int) -> Html:
    """The side of a map after some convolutions without padding."""
    found = _side(side, kernel, layers)
    return data(found, str(found))


def _side(side: int, kernel: int, layers: int, padding: int = 0) -> int:
    shape, window = Shape((1, side, side)), Window((kernel,) * 2, (1, 1), (padding,) * 2)
    for _ in range(layers):
        shape = conv(shape, 1, window).out_shape
    return shape[-1]


def pooled() -> Html:
    """A line of a map and the same one moved by a position, before and after poolings of two."""
    moved = (0, *VALUES[:-1])
    columns = ("values", "largest of each pair", "mean of each pair")
    ways: Sequence[Callable[[tuple[int, int]], str]] = (_largest, _mean)
    return table(
        ("a line of a map", *map(number, columns)),
        [
            line(name, [number(_row(map(str, values))), *map(partial(_pairs, values), ways)])
            for name, values in (("as it is", VALUES), ("moved by one position", moved))
        ],
    )


def _pairs(values: Sequence[int], way: Callable[[tuple[int, int]], str]) -> Cell:
    return number(_row(map(way, zip(values[::2], values[1::2], strict=True))))


def _largest(pair: tuple[int, int]) -> str:
    return str(max(pair))


def _mean(pair: tuple[int, int]) -> str:
    return ratio(sum(pair), len(pair), 1)


def _row(values: Iterable[str]) -> str:
    return "\u2002".join(values)


MACROS: Mapping[str, Callable[..., object]] = {
    "borders": borders,
    "edges": edges,
    "pooled": pooled,
    "sharing": sharing,
    "side_after": side_after,
    "unshared": unshared,
}
