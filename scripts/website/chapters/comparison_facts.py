"""What chapter six prints inside a sentence: ranks, depths, fronts, cited figures."""

from __future__ import annotations

from collections.abc import Mapping

from cnnref.errors import CnnrefError, UnknownNameError
from cnnref.networks.published import figures
from cnnref.tables.analysis import OPTIMIZERS
from cnnref.tables.table import Table
from cnnref.units import MIB, ratio, rounded
from website.chapters.comparison import AXES, CHARTED, Axis, Point, counted, points, protocol
from website.facts import fact, lookup
from website.inline import WORDS
from website.markup import cited as _cited
from website.markup import data

__all__ = [
    "accuracy_place",
    "cited",
    "count",
    "depth",
    "depth_tex",
    "even_batch",
    "front",
    "held_numbers",
    "intensity",
    "kernels",
    "most",
    "per",
    "place",
    "rank_correlation",
    "separable_share",
    "top1",
]

ORDINALS = (
    "first", "second", "third", "fourth", "fifth", "sixth", "seventh", "eighth", "ninth",
    "tenth", "eleventh", "twelfth", "thirteenth", "fourteenth", "fifteenth",
)  # fmt: skip


def per(part: str, whole: str, digits: int = 0) -> str:
    """How much of one value comes on one of another, as a number.

    >>> per("alexnet_2012/total/macs", "alexnet_2012/total/parameters")
    '<data value="12" title="alexnet_2012/total/macs / alexnet_2012/total/parameters">12</data>'
    """
    text = ratio(fact(part), fact(whole), digits)
    return data(text, text, f"{part} / {whole}")


# costs to rank by besides those of the chart, in MB for one image
COSTS: Mapping[str, Axis] = {
    **AXES,
    "training": counted("training", "MB", "Maps kept for training (MB)", MIB, 1),
    "peak": counted("peak", "MB", "Most maps alive at inference (MB)", MIB, 1),
}


def depth(key: str) -> str:
    """The convolutions and fully-connected layers on the longest way through a network.

    >>> depth("googlenet")
    '<data value="22" title="longest way through googlenet">22</data>'
    """
    value = longest_way(lookup(key))
    return data(value, str(value), f"longest way through {key}")


def depth_tex(key: str) -> str:
    """The same for use inside a formula, without tags."""
    return str(longest_way(lookup(key)))


def longest_way(book: Table) -> int:
    """How many convolutions and fully-connected layers one value passes at most.

    A projection beside a block lies on a shorter way, a branch beside a longer one too:
    papers count depth so, and the records of the catalogue say the same.

    >>> from cnnref.networks.catalog import table
    >>> longest_way(table("resnet50")), len(table("resnet50").group("op")["conv"])
    (50, 53)
    """
    ways: list[int] = []
    for layer in book:
        before = max((ways[source] for source in layer.inputs if source >= 0), default=0)
        ways.append(before + (layer.op in ("conv", "linear")))
    return max(ways)


def count(key: str, op: str) -> str:
    """How many rows of one operator a network has, which may be none.

    >>> count("inception_v4", "add")
    '<data value="0" title="rows of add in inception_v4">0</data>'
    """
    rows = sum(layer.op == op for layer in lookup(key))
    return data(rows, str(rows), f"rows of {op} in {key}")


def kernels(key: str) -> str:
    """The shapes of the windows of a network's convolutions, smallest first.

    >>> kernels("resnet50")
    '1 × 1, 3 × 3, 7 × 7'
    """
    found = {
        layer.geometry.kernel for layer in lookup(key) if layer.op == "conv" and layer.geometry
    }
    ordered = sorted(found, key=lambda kernel: (kernel[0] * kernel[1], kernel))
    return ", ".join(" × ".join(map(str, kernel)) for kernel in ordered)


def ranking(axis: str) -> list[tuple[str, int]]:
    """The networks of the chart with their cost, dearest first: each by its main variant."""
    cost = _axis(axis)
    costs = [
        (label, value)
        for label, names in CHARTED.items()
        if names and (value := cost.value(names[0])) is not None
    ]
    return sorted(costs, key=lambda pair: -pair[1])


def most(axis: str, number: int = 3) -> str:
    """The networks of the chart that cost most, with their costs.

    >>> most("macs", 2)
    'VGG-19 (19.63), VGG-16 (15.47)'
    """
    cost = _axis(axis)
    return ", ".join(
        f"{label} ({rounded(value, cost.unit, cost.digits)})"
        for label, value in ranking(axis)[:number]
    )


def place(label: str, axis: str, *, least: bool = False) -> str:
    """Which place a network of the chart takes by a cost, as a word; from the least if asked.

    >>> place("AlexNet", "macs", least=True), place("AlexNet", "parameters")
    ('second', 'fourth')
    """
    order = [name for name, _ in ranking(axis)]
    if label not in order:
        raise UnknownNameError("network of the chart", label, order)
    order = order[::-1] if least else order
    return ORDINALS[order.index(label)]


def accuracy_place(key: str, label: str) -> str:
    """Which place a network of the chart takes by accuracy under a protocol, as a word.

    >>> accuracy_place("torchvision", "ResNet-152")
    'first'
    """
    shown = sorted(points(key, rebuilt=False), key=lambda point: -float(point.top1))
    order = [point.label for point in shown]
    if label not in order:
        raise UnknownNameError(f"network under {key}", label, order)
    return ORDINALS[order.index(label)]


def rank_correlation(one: str, other: str) -> str:
    """Spearman's rank correlation of two costs over the networks of the chart.

    >>> rank_correlation("macs", "macs")
    '1.00'
    """
    first, second = ([label for label, _ in ranking(axis)] for axis in (one, other))
    size = len(first)
    squares = sum((place - second.index(label)) ** 2 for place, label in enumerate(first))
    return f"{1 - 6 * squares / (size * (size**2 - 1)):.2f}"


def even_batch(key: str, optimizer: str = "momentum") -> str:
    """From how many images on the maps kept for training take more memory than all else.

    optimizer: what is held besides the maps, as in `Table.training_bytes`.

    >>> even_batch("vgg16")
    '<data value="28" title="parameters 1,660,290,528 bytes, maps 60,481,440 an image">28</data>'
    >>> even_batch("vgg16", "none")
    '<data value="10" title="parameters 553,430,176 bytes, maps 60,481,440 an image">10</data>'
    """
    book = lookup(key)
    maps = book.training_activation_bytes()
    held = book.training_bytes(optimizer) - maps
    batch = held // maps + 1
    return data(batch, str(batch), f"parameters {held:,} bytes, maps {maps:,} an image")


def held_numbers(optimizer: str) -> str:
    """How many numbers training holds for each parameter, in words.

    >>> held_numbers("momentum")
    'three'
    """
    return WORDS[OPTIMIZERS[optimizer]]


def intensity(key: str, row: str) -> str:
    """FLOPs per byte of one row for one image, each weight and each element moved once.

    >>> intensity("vgg16", "fc6")
    '<data value="0.5" title="FLOPs per byte of fc6">0.5</data>'
    """
    book = lookup(key)
    values = dict(zip((layer.name for layer in book), book.arithmetic_intensities(), strict=True))
    text = f"{values[row]:.1f}"
    return data(text, text, f"FLOPs per byte of {row}")


def front(key: str, axis: str) -> str:
    """The networks that no other beats in both: cheaper or as cheap, and as accurate or more."""
    cost = _axis(axis)
    shown = sorted(points(key), key=lambda point: cost.value(point.name) or 0)
    best: list[Point] = []
    for point in shown:
        if not best or float(point.top1) > float(best[-1].top1):
            best.append(point)
    return ", ".join(point.label for point in best)


def top1(key: str, label: str) -> str:
    """The accuracy of one network of the chart under a protocol, with its source as the title."""
    protocol(key)
    found = {point.label: point for point in points(key, rebuilt=False)}
    if label not in found:
        raise UnknownNameError(f"network under {key}", label, found)
    point = found[label]
    about = "≈ " if point.approximate else ""
    return _cited(point.figure, f"{about}{point.top1}%", point.top1)


def cited(name: str, quantity: str, source: str, note: str = "") -> str:
    """One published figure; note is a part of its protocol, as much as makes it the only one.

    name is the catalogue's or the source's own; "~" stands for a space in name and note, so
    that a page's lint does not take them for prose.

    Raises:
        CnnrefError: no figure fits, or several that differ.

    >>> cited("vgg19", "top1_err", "vgg2014")
    Traceback (most recent call last):
    cnnref.errors.CnnrefError: vgg19, top1_err, vgg2014, '': 6 figures fit; name exactly one.
    """
    found = [
        figure
        for figure in figures()
        if name.replace("~", " ") in (figure.name, figure.title)
        and (figure.quantity, figure.source.key) == (quantity, source)
        and note.replace("~", " ") in figure.note
    ]
    if len({figure.value.text for figure in found}) != 1:
        raise CnnrefError(
            f"{name}, {quantity}, {source}, {note!r}: {len(found)} figures fit; name exactly one."
        )
    return _cited(found[0])


def separable_share(path: str) -> str:
    """What a depthwise separable pair costs of a convolution, by formula: 1 / C_out + 1 / K^2.

    path: "table/row" of the convolution.

    >>> separable_share("block:plain/conv")
    '0.1150'
    """
    channels, kernel = fact(f"{path}/out_channels"), fact(f"{path}/kernel")
    return f"{1 / channels + 1 / kernel**2:.4f}"


def _axis(key: str) -> Axis:
    if key not in COSTS:
        raise UnknownNameError("cost", key, COSTS)
    return COSTS[key]
