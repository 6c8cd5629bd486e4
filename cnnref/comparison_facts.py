"""What chapter six prints inside a sentence: ranks, depths, fronts, cited figures."""

from __future__ import annotations

from html import escape

from cnnref.cited import Entry, Figure, figures, ilsvrc
from cnnref.comparison import AXES, CHARTED, Axis, Point, points, protocol
from cnnref.errors import CnnrefError, UnknownNameError
from cnnref.facts import lookup
from cnnref.table import Table
from cnnref.units import rounded

__all__ = [
    "challenge",
    "cited",
    "count",
    "depth",
    "front",
    "human_error",
    "kernels",
    "most",
    "place",
    "top1",
]

ORDINALS = (
    "first", "second", "third", "fourth", "fifth", "sixth", "seventh", "eighth", "ninth",
    "tenth", "eleventh", "twelfth", "thirteenth", "fourteenth", "fifteenth",
)  # fmt: skip


def depth(key: str) -> str:
    """The convolutions and fully-connected layers on the longest way through a network.

    >>> depth("googlenet")
    '<data value="22" title="longest way through googlenet">22</data>'
    """
    value = longest_way(lookup(key))
    return f'<data value="{value}" title="longest way through {escape(key)}">{value}</data>'


def longest_way(book: Table) -> int:
    """How many convolutions and fully-connected layers one value passes at most.

    A projection beside a block lies on a shorter way, a branch beside a longer one too:
    papers count depth so, and the records of the catalogue say the same.

    >>> from cnnref.catalog import table
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
    return f'<data value="{rows}" title="rows of {op} in {escape(key)}">{rows}</data>'


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
    ('first', 'third')
    """
    order = [name for name, _ in ranking(axis)]
    if label not in order:
        raise UnknownNameError("network of the chart", label, order)
    order = order[::-1] if least else order
    return ORDINALS[order.index(label)]


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

    Raises:
        CnnrefError: no figure fits, or several that differ.

    >>> cited("vgg19", "top1_err", "vgg2014")
    Traceback (most recent call last):
    cnnref.errors.CnnrefError: vgg19, top1_err, vgg2014, '': 6 figures fit; name exactly one.
    """
    found = [
        figure
        for figure in figures()
        if (figure.name, figure.quantity, figure.source.key) == (name, quantity, source)
        and note in figure.note
    ]
    if len({figure.value.text for figure in found}) != 1:
        raise CnnrefError(
            f"{name}, {quantity}, {source}, {note!r}: {len(found)} figures fit; name exactly one."
        )
    return _cited(found[0], found[0].value.text, found[0].value.text)


def challenge(year: int, role: str = "winner", data: str = "provided") -> str:
    """The top-5 error of an entry to the ImageNet challenge, as the official results have it."""
    found = [e for e in ilsvrc() if (e.year, e.role, e.data) == (year, role, data)]
    if not found:
        raise CnnrefError(f"{year}, {role}, {data}: the challenge has no such entry.")
    return _entry(found[0])


def human_error(which: int = 0) -> str:
    """The top-5 error of one of the people who labelled test images, the better one first."""
    people = [entry for entry in ilsvrc() if entry.role == "human"]
    return _entry(sorted(people, key=lambda entry: entry.top5_error.number)[which])


def _entry(entry: Entry) -> str:
    title = f"{entry.team}, {entry.model}; {entry.source.citation}"
    text = entry.top5_error.text
    return f'<data value="{text}" title="{escape(title)}">{text}%</data>'


def _cited(figure: Figure, text: str, value: str) -> str:
    title = f"{figure.source.citation}; {figure.note}"
    return f'<data value="{value}" title="{escape(title)}">{text}</data>'


def _axis(key: str) -> Axis:
    if key not in AXES:
        raise UnknownNameError("axis", key, AXES)
    return AXES[key]
