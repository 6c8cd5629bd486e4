"""What the page about slips in other texts shows: what is printed there, and what it comes to."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import cache
from typing import NamedTuple

from cnnref.counting.units import KILO, MEGA, MIB, grouped, rounded
from cnnref.errors import CnnrefError
from cnnref.net import Net
from cnnref.tables.table import Table
from website.chapters.sources import PAGE, printed, short, statements
from website.facts import fact, lookup
from website.markup import Cell, Html, Line, cell, data, line, link, number, table

__all__ = ["MACROS", "SLIPS", "Slip", "slips"]

BYTES = 4


class Slip(NamedTuple):
    """A number that a text prints, and what the package computes in its place.

    statement: the key of the account of the passage, which holds the number.
    printed: the number, as it stands there without its unit.
    of: what it is said to be.
    unit: what it is counted in, and how that is written behind it.
    value: the computed number.
    digits: to how many decimals the text prints, where that is more than none.
    why: what to say of it, in a sentence or two.
    """

    statement: str
    printed: str
    of: str
    unit: tuple[int, str]
    value: Callable[[], int]
    digits: int
    why: str

    @property
    def computed(self) -> str:
        """The right value, to as many decimals as the text prints."""
        return rounded(self.value(), self.unit[0], self.digits)


def maps(network: str) -> int:
    """The values of the image and of every row that CS231n's table lists."""
    book = lookup(network)
    listed = (layer for layer in book if layer.op in {"conv", "max_pool", "linear"})
    return book.input_shape.elements + sum(layer.out_shape.elements for layer in listed)


@cache
def d2l_alexnet() -> Table:
    """The AlexNet of Dive into Deep Learning, section 8.1, on an image of one channel."""
    net = Net((1, 224, 224), name="d2l_alexnet")
    x = net.input
    for filters, kernel, stride, padding, pooled in (
        (96, 11, 4, 1, True), (256, 5, 1, 2, True), (384, 3, 1, 1, False),
        (384, 3, 1, 1, False), (256, 3, 1, 1, True),
    ):  # fmt: skip
        x = net.conv(x, filters, kernel, stride=stride, padding=padding)
        x = net.max_pool(x, 3, stride=2) if pooled else x
    x = net.flatten(x)
    for name, features in (("fc6", 4096), ("fc7", 4096), ("fc8", 10)):
        x = net.linear(x, features, name=name)
    return net.table()


def hidden(quantity: str) -> int:
    """A count of the two hidden layers of that network."""
    return sum(getattr(d2l_alexnet()[name].counts, quantity) for name in ("fc6", "fc7"))


SLIPS = (
    Slip(
        "cs231n-vgg",
        "24M",
        "the values in VGG-16's maps",
        (MEGA, "M"),
        lambda: maps("vgg16"),
        0,
        "Each of the rows above that line is right, but they do not add up to it. With the ReLUs "
        "as rows of their own the sum is larger than what is printed, so that is not the cause.",
    ),
    Slip(
        "cs231n-vgg",
        "93MB",
        "the same in bytes of float32",
        (MIB, "MB"),
        lambda: BYTES * maps("vgg16"),
        0,
        "It follows from the line before.",
    ),
    Slip(
        "cs231n-googlenet",
        "4M",
        "GoogLeNet's parameters",
        (MEGA, "M"),
        lambda: fact("googlenet/total/parameters"),
        0,
        "The paper's own Table 1 adds up to nearly as much as the computed number. What the "
        "text wants to say, that it is a small part of AlexNet's, holds all the same.",
    ),
    Slip(
        "cs231n-alexnet",
        "5",
        "the pooling layers of AlexNet",
        (1, ""),
        lambda: sum(layer.op == "max_pool" for layer in lookup("alexnet_2012")),
        0,
        "The poolings and the volume behind them are VGG-16's. The argument, that a "
        "fully-connected layer is a convolution as large as its input, does not depend on them.",
    ),
    Slip(
        "d2l-alexnet-memory",
        "1GB",
        "the parameters of AlexNet's two wide layers, in bytes of float32",
        (MIB, "MB"),
        lambda: BYTES * hidden("weights"),
        0,
        "The discussion at the end of the same section has it right. With the gradients and "
        "the state of Adam beside the weights it would still not be that much.",
    ),
    Slip(
        "d2l-alexnet-discussion",
        "81",
        "the operations of the same two layers",
        (MEGA, "MFLOPs"),
        lambda: 2 * hidden("macs"),
        0,
        "A multiplication and an addition for each weight. One operation for each multiply-add "
        "would be half of it, so neither count gives the printed number.",
    ),
    Slip(
        "googlenet-table-stem",
        "2.7K",
        "the parameters of GoogLeNet's first convolution",
        (KILO, "K"),
        lambda: fact("googlenet/conv1/weights"),
        1,
        "The layer that the same row describes has more. The printed number fits a convolution "
        "that was split into a depthwise one and a 1x1; the chapter on GoogLeNet takes it apart.",
    ),
)


def slips() -> Html:
    """Every slip: where it is printed, of what, the number there and the computed one, and why.

    Raises:
        CnnrefError: a printed number is what is computed after all, or its account lacks it.
    """
    heads = ("text", "of what", number("printed"), number("computed"), "what to say of it")
    return table(heads, map(_row, SLIPS), kind="prose")


def _row(slip: Slip) -> Line:
    unit = slip.unit[1]
    right = f"{slip.computed} {unit}".strip()
    if slip.computed == slip.printed.removesuffix(unit):
        raise CnnrefError(f"{slip.statement}: what is printed, {slip.printed}, is right.")
    row = statements()[slip.statement]
    place = link(f"{short(row.source)}, {row.place}", f"{PAGE}#passage-{slip.statement}")
    cells: list[str | Cell] = [
        cell(slip.of, "wrap"),
        number(printed(slip.statement, slip.printed)),
        number(data(slip.value(), right, grouped(slip.value()))),
        cell(slip.why, "wrap"),
    ]
    return line(cell(place, "wrap"), cells)


MACROS: Mapping[str, Callable[..., object]] = {"slips": slips}
