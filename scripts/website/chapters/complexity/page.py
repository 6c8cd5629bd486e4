"""What the page complexity.md prints: ranks, fronts, memory, and the tables beside its charts."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

from cnnref.counting.units import MIB, grouped, ratio, rounded
from cnnref.errors import UnknownNameError
from cnnref.tables.analysis import OPTIMIZERS
from cnnref.tables.table import Table
from website.charts.comparison import (
    AXES,
    PROTOCOLS,
    Axis,
    Point,
    axes,
    counted,
    points,
    protocol,
)
from website.citations import depth
from website.data import CHARTED
from website.facts import fact, lookup
from website.inline import WORDS
from website.markup import Html, cited, data, exact, in_full_digits, line, table
from website.measured import predict
from website.spoken import compared, network

__all__ = [
    "MACROS",
    "accuracy_place",
    "comparison_table",
    "count",
    "depth_table",
    "depth_tex",
    "even_batch",
    "front",
    "held_numbers",
    "intensity",
    "kernels",
    "memory_table",
    "most",
    "per",
    "place",
    "rank_correlation",
    "top1",
]


ORDINALS = (
    "first", "second", "third", "fourth", "fifth", "sixth", "seventh", "eighth", "ninth",
    "tenth", "eleventh", "twelfth", "thirteenth", "fourteenth", "fifteenth",
)  # fmt: skip
NONE = "–"
PROTOCOL_OF_COLUMNS = (
    "Protocol: each column of accuracies names its own, and the chart of that protocol says how it "
    "was measured."
)


# costs to rank by besides those of the chart, in MB for one image
COSTS: Mapping[str, Axis] = {
    **AXES,
    "training": counted("training", "MB", "Maps kept for training (MB)", MIB, 1),
    "peak": counted("peak", "MB", "Most maps alive at inference (MB)", MIB, 1),
}


def per(part: str, whole: str, digits: int = 0) -> str:
    """How much of one value comes on one of another, as a number.

    >>> per("alexnet_2012/total/macs", "alexnet_2012/total/parameters")[-11:]
    '">12</data>'
    """
    text = ratio(fact(part), fact(whole), digits)
    return data(text, text, compared(part, whole))


def depth_tex(key: str) -> str:
    """The same for use inside a formula, without tags."""
    return str(depth(lookup(key)))


def count(key: str, op: str) -> str:
    """How many rows of one operator a network has, which may be none.

    >>> count("inception_v4", "add")
    '<data value="0" title="rows of add in Inception-v4">0</data>'
    """
    rows = sum(layer.op == op for layer in lookup(key))
    return data(rows, str(rows), f"rows of {op} in {network(key)}")


def kernels(key: str) -> str:
    """The shapes of the windows of a network's convolutions, smallest first.

    >>> kernels("resnet50")
    '1 × 1, 3 × 3, 7 × 7'
    """
    found = {layer.window.kernel for layer in lookup(key) if layer.op == "conv" and layer.window}
    ordered = sorted(found, key=lambda kernel: (kernel[0] * kernel[1], kernel))
    return ", ".join(" × ".join(map(str, kernel)) for kernel in ordered)


def place(label: str, axis: str, *, least: bool = False) -> str:
    """Which place a network of the chart takes by a cost, as a word; from the least if asked.

    >>> place("AlexNet (2012)", "macs", least=True), place("AlexNet (2012)", "parameters")
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
    first, second = (dict(ranking(axis)) for axis in (one, other))
    return f"{predict.rank_correlation(list(first.values()), [second[key] for key in first]):.2f}"


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
    cost = cost_axis(axis)
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
    return cited(point.figure, f"{about}{point.top1}%", point.top1)


def comparison_table() -> str:
    """The networks of the chart: their costs, and their accuracy under each protocol."""
    measured = [points(key, rebuilt=False) for key in PROTOCOLS]
    body = []
    for label, names in CHARTED.items():
        costs = [_cost(names, axis) for axis in axes().values()]
        found = [_of(label, names, under) for under in measured]
        body.append(line(label, [*costs, *map(_accuracy, found)]))
    head = [axis.short for axis in axes().values()]
    head += [f"top-1 (%), {protocol.title}" for protocol in PROTOCOLS.values()]
    return table(["network", *head], body, caption=PROTOCOL_OF_COLUMNS)


def _of(label: str, names: Sequence[str], found: Sequence[Point]) -> Point | None:
    return next((p for p in found if p.label == label or p.name in names), None)


def depth_table() -> str:
    """How the depth of each network comes about, from its edges."""
    lines = []
    for label, names in CHARTED.items():
        if names:
            book = lookup(names[0])
            rows = book.group("op")
            convs, linears = (len(rows.get(op, ())) for op in ("conv", "linear"))
            way = depth(book)
            cells = [str(convs), str(linears), str(way), str(convs + linears - way)]
            lines.append(line(label, cells))
    head = (
        "network", "convolutions", "fully-connected", "depth: on the longest path", "not on it",
    )  # fmt: skip
    return table(head, lines)


def memory_table() -> str:
    """What "memory" of a network can mean, in MB of float32 for one image."""
    lines = [
        line(label, [_megabytes(value) for value in _memory(lookup(names[0]))])
        for label, names in CHARTED.items()
        if names
    ]
    head = (
        "network, MB", "parameters", "most maps alive at once, inference",
        "all maps, kept for training", "parameters, gradients and momentum",
    )  # fmt: skip
    return table(head, lines)


def _memory(book: Table) -> tuple[int, int, int, int]:
    maps = book.training_activation_bytes()
    held = book.training_bytes("momentum") - maps
    return 4 * book.parameters, book.peak_activation_bytes(), maps, held


def _cost(names: tuple[str, ...], axis: Axis) -> str:
    value = axis.value(names[0]) if names else None
    if value is None:
        return NONE
    shown = rounded(value, axis.unit, axis.digits)
    return exact(value, shown)


def _accuracy(point: Point | None) -> str:
    if point is None:
        return NONE
    about = "≈ " if point.approximate else ""
    shown = in_full_digits(point.figure) if point.figure.quantity == "top1_acc" else point.top1
    return cited(point.figure, f"{about}{shown}", point.top1)


def _megabytes(value: int) -> Html:
    return data(value, rounded(value, MIB, 1), f"{grouped(value)} bytes")


def cost_axis(key: str) -> Axis:
    """A cost to rank by.

    Raises:
        UnknownNameError: there is no such cost.
    """
    if key not in COSTS:
        raise UnknownNameError("cost_axis", key, COSTS)
    return COSTS[key]


def ranking(axis: str) -> list[tuple[str, int]]:
    """The networks of the chart with their cost, dearest first: each by its main variant."""
    cost = cost_axis(axis)
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
    cost = cost_axis(axis)
    return ", ".join(
        f"{label} ({rounded(value, cost.unit, cost.digits)})"
        for label, value in ranking(axis)[:number]
    )


MACROS: Mapping[str, Callable[..., object]] = {
    "accuracy_place": accuracy_place,
    "comparison_table": comparison_table,
    "count": count,
    "depth_table": depth_table,
    "depth_tex": depth_tex,
    "even_batch": even_batch,
    "front": front,
    "held_numbers": held_numbers,
    "intensity": intensity,
    "kernels": kernels,
    "memory_table": memory_table,
    "most": most,
    "per": per,
    "place": place,
    "rank_correlation": rank_correlation,
    "top1": top1,
}
