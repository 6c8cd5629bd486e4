"""What the page batch_norm.md prints: axes drawn, a channel by hand, and what folding saves."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from fractions import Fraction
from itertools import product
from math import isqrt
from typing import NamedTuple

from cnnref.counting.conventions import conventions
from cnnref.counting.units import grouped, ratio
from cnnref.drawing import NARROW, WIDE, Drawing
from cnnref.drawing.scene import Box, Line, Scene, Text
from cnnref.tables.printable import View
from cnnref.tables.quantities import QUANTITIES
from cnnref.tables.table import Table
from website.charts.drawings import figure
from website.facts import lookup
from website.markup import Cell, Html, code, data, exact, line, number, table

__all__ = ["MACROS", "Channel", "axes", "by_hand", "costs_of_norms", "foldable", "folded"]

# one channel of two images with 2 x 2 positions, small enough to check in the head
IMAGES = ((2, 4, 4, 4), (5, 5, 7, 9))
SCALE, SHIFT = 3, 1
# the drawing's batch: images, channels, and channels in a group
BATCH, CHANNELS, GROUP = 3, 4, 2
# which cells share a mean with the first one: by image and channel
KINDS: Mapping[str, Callable[[int, int], bool]] = {
    "batch norm": lambda image, channel: channel == 0,
    "layer norm": lambda image, channel: image == 0,
    "instance norm": lambda image, channel: image == channel == 0,
    "group norm": lambda image, channel: image == 0 and channel < GROUP,
}
SIDE, GAP = 26.0, 4.0


class Channel(NamedTuple):
    """One channel of a batch, normalised.

    values: of all images, one after the other; unbiased: the variance that is noted down.
    """

    values: tuple[int, ...]
    mean: Fraction
    variance: Fraction
    unbiased: Fraction

    @classmethod
    def of(cls, images: tuple[tuple[int, ...], ...]) -> Channel:
        """The statistics of some images."""
        values = tuple(value for image in images for value in image)
        mean = Fraction(sum(values), len(values))
        squares = sum(((value - mean) ** 2 for value in values), Fraction())
        return cls(values, mean, squares / len(values), squares / (len(values) - 1))

    @property
    def spread(self) -> Fraction:
        """The root of the variance, which is a whole number here.

        Raises:
            ValueError: it is none.
        """
        root = isqrt(int(self.variance))
        if root**2 != self.variance:
            raise ValueError(f"the variance {self.variance} is no square of a whole number")
        return Fraction(root)

    def normalised(self) -> Iterator[Fraction]:
        """Every value with the mean taken off, over the spread."""
        return ((value - self.mean) / self.spread for value in self.values)


def by_hand() -> Html:
    """One channel of two images: its values, normalised, scaled and shifted."""
    channel = Channel.of(IMAGES)
    normalised = list(channel.normalised())
    rows: Mapping[str, list[Fraction]] = {
        "x": [Fraction(value) for value in channel.values],
        "x − μ": [value - channel.mean for value in channel.values],
        "(x − μ) / σ": normalised,
        f"{SCALE} · (x − μ) / σ + {SHIFT}": [SCALE * value + SHIFT for value in normalised],
    }
    size = len(IMAGES[0])
    heads: list[str | Cell] = [
        "",
        *(number(f"image {n // size + 1}") for n in range(len(channel.values))),
    ]
    return table(heads, [line(name, map(_figure, values)) for name, values in rows.items()])


def _figure(value: Fraction) -> Html:
    return data(float(value), _written(value))


def _written(value: Fraction) -> str:
    return f"{float(value):g}".replace("-", "−")


def statistic(name: str, digits: int = 2) -> Html:
    """The mean, the variance, the spread, or the unbiased variance of that channel."""
    value: Fraction = getattr(Channel.of(IMAGES), name)
    return data(float(value), _written(Fraction(round(value, digits))))


def axes() -> Html:
    """Which values share a mean and a variance, for each kind of normalisation."""
    wide, narrow = _scene(WIDE, len(KINDS)), _scene(NARROW, 2)
    said = (
        "A batch as a grid, an image in each row and a channel in each column. Marked are the "
        "maps that share a mean with the first: a column for batch norm, a row for layer norm, "
        "a single map for instance norm, a part of a row for group norm."
    )
    return figure(
        [Drawing("Which values share a mean", said, wide, narrow)],
        "Every cell is one map, with all its positions. Those with a μ share one mean and one "
        "variance: batch norm alone looks beyond the single image.",
    )


def _scene(width: float, columns: int) -> Scene:
    boxes: list[Box] = []
    texts: list[Text] = []
    across, down = CHANNELS * (SIDE + GAP), BATCH * (SIDE + GAP) + 62
    for place, (name, shares) in enumerate(KINDS.items()):
        x = (place % columns + 0.5) * width / columns - across / 2
        y = place // columns * down + 46
        texts.append(Text(name, x + across / 2, y - 26, anchor="middle", strong=True))
        texts.append(Text("channels →", x, y - 8, faint=True))
        for image, channel in product(range(BATCH), range(CHANNELS)):
            kind, words = ("conv", (Line("μ"),)) if shares(image, channel) else ("other", ())
            at = (x + channel * (SIDE + GAP), y + image * (SIDE + GAP))
            boxes.append(Box(kind, (), words, name, *at, SIDE, SIDE))
    height = -(-len(KINDS) // columns) * down
    return Scene(tuple(boxes), (), tuple(texts), width, height)


def foldable(book: Table) -> dict[int, int]:
    """The convolution that each batch normalisation can be folded into, by their rows' numbers.

    It reads the convolution's output, and nothing else does.
    """
    readers: dict[int, int] = {}
    for layer in book:
        for source in layer.inputs:
            readers[source] = readers.get(source, 0) + 1
    return {
        row: layer.inputs[0]
        for row, layer in enumerate(book)
        if layer.op == "batch_norm"
        and layer.inputs[0] >= 0
        and book[layer.inputs[0]].op == "conv"
        and readers[layer.inputs[0]] == 1
    }


def folded_parameters(book: Table) -> int:
    """The parameters that are left when every batch normalisation is folded that can be.

    A scale and a shift go; a convolution without a bias gets one.
    """
    pairs = foldable(book)
    gone = sum(book[row].parameters for row in pairs)
    biases = sum(
        book[conv].out_shape.channels for conv in pairs.values() if not book[conv].counts.biases
    )
    return book.parameters - gone + biases


def folded(key: str, what: str = "parameters") -> Html:
    """A count of a network that is folded: its parameters, its norms, or those that fold."""
    book = lookup(key)
    counts = {
        "parameters": lambda: folded_parameters(book),
        "norms": lambda: sum(layer.op == "batch_norm" for layer in book),
        "pairs": lambda: len(foldable(book)),
    }
    value = counts[what]()
    return exact(value, grouped(value))


def costs_of_norms(key: str) -> Html:
    """What each convention counts for a network's batch normalisations, and their share."""
    book = lookup(key)
    norms = [layer for layer in book if layer.op == "batch_norm"]
    part = Table(norms, name=book.name, input_shape=book.input_shape)
    lines = []
    for name in conventions():
        view = View.of(name)
        own, whole = (int(QUANTITIES["operations"].of(rows, view)) for rows in (part, book))
        cells = [number(grouped(own), data_value=own), number(ratio(100 * own, whole, 2) + "%")]
        lines.append(line(code(name), [view.convention.unit, *cells]))
    heads = ("convention", "counts", number("of the norms"), number("of the network"))
    return table(heads, lines)


MACROS: Mapping[str, Callable[..., object]] = {
    "axes": axes,
    "by_hand": by_hand,
    "costs_of_norms": costs_of_norms,
    "folded": folded,
    "statistic": statistic,
}
