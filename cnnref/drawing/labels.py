"""What a box says of its rows, and how wide that is in a font that nobody knows beforehand."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from functools import cache

from cnnref.counting.layer import Layer
from cnnref.counting.operators import VIEWS
from cnnref.counting.shapes import Window
from cnnref.counting.units import visible
from cnnref.tables.formats import span

__all__ = ["KINDS", "axes", "followers", "in_words", "kind", "label", "shape", "text_width", "wrap"]

KINDS = {
    "conv": "conv",
    "linear": "linear",
    "max_pool": "pool",
    "avg_pool": "pool",
    "adaptive_avg_pool": "pool",
    "add": "join",
    "concat": "join",
}
NAMES = {
    "batch_norm": "batch norm",
    "relu": "ReLU",
    "relu6": "ReLU6",
    "prelu": "PReLU",
    "gelu": "GELU",
    "silu": "SiLU",
    "lrn": "LRN",
    "max_pool": "max pool",
    "avg_pool": "average pool",
}
# of the font size, as in DejaVu Sans, the widest of the fonts that a system is likely to bring; the
# site's own is wider where a letter has serifs
WIDTHS = {
    **dict.fromkeys("ilj'", 0.3),
    **dict.fromkeys("frtI|.,:;()[]/- ", 0.42),
    **dict.fromkeys("mMwWQ%", 0.99),
    **dict.fromkeys("×→+=<>", 0.84),
    **dict.fromkeys("ABCDEFGHJKLNOPRSTUVXYZ", 0.76),
}
COMMON = 0.64
MARK = re.compile(r"(?<=[._/-])|(?<=[a-z])(?= ×)")
# a number stays with what it belongs to
BREAK = re.compile(r"(?<!stride)(?<!dilation)(?<!fc)(?<!×) (?!×)")


def kind(layer: Layer) -> str:
    """What a row is drawn as: conv, linear, pool, join, or other."""
    return KINDS.get(layer.op, "other")


def label(layer: Layer) -> str:
    """A row in a few words: "3×3 conv, 64, stride 2".

    >>> import cnnref
    >>> [label(cnnref.table("resnet18")[row]) for row in (0, 1, 3)]
    ['7×7 conv, 64, stride 2', 'batch norm', '3×3 max pool, stride 2']
    """
    out = layer.out_shape
    if layer.op == "linear":
        # on a map whose channels come last it is a 1x1 convolution
        return f"fc {out[-1]}" if len(out) == 1 else f"linear, {out[-1]}"
    if layer.op == "add":
        return "+"
    if layer.op == "concat":
        return f"concat, {out.channels} channels"
    if layer.op == "adaptive_avg_pool":
        return f"average pool to {axes(out.size)}"
    name = _rearranged(layer) or NAMES.get(layer.op, layer.op.replace("_", " "))
    if layer.window is None or len(layer.window.kernel) < 2:
        return name
    window, filters = layer.window, f", {out.channels}" if layer.op == "conv" else ""
    if window.groups == layer.in_shape.channels == out.channels > 1:
        name, window = "depthwise", window._replace(groups=1)
    return f"{axes(window.kernel)} {name}{filters}{_options(window)}"


def _rearranged(layer: Layer) -> str:
    """What a row does that computes hardly anything; nothing where its name says that."""
    before, after = layer.in_shape, layer.out_shape
    if layer.op == "slice" and len(before) == len(after) == 3 and before[0] == after[0]:
        steps = [-(-a // b) for a, b in zip(before.size, after.size, strict=True)]
        return f"every pixel in {_square(steps)}"
    if layer.op == "chunk" and before.size == after.size:
        return f"split into {-(-before.channels // after.channels)}"
    if layer.op == "multiply" and layer.counts.weights:
        return "learned factors"
    return f"zeros to {after.channels} channels" if layer.op == "pad" else ""


def followers(layers: Iterable[Layer]) -> str:
    """The names of the rows that a box folds in behind its first."""
    return ", ".join(label(layer) for layer in layers)


def in_words(layers: Sequence[Layer]) -> str:
    """What a box does: its first row, and of those that it folds in all but the views."""
    return followers([*layers[:1], *(layer for layer in layers[1:] if layer.op not in VIEWS)])


def shape(sizes: Sequence[int]) -> str:
    """The shape of a feature map in words.

    >>> shape((64, 56, 56)), shape((4096,))
    ('64 × 56 × 56', '4096')
    """
    return " × ".join(map(str, sizes))


def axes(sizes: Sequence[int]) -> str:
    """A window or a size without spaces: "3×3"."""
    return "×".join(map(str, sizes))


@cache
def text_width(text: str, size: float) -> float:
    """The width that a text takes at most, in the unit of its font size."""
    return size * sum(map(_letter_width, visible(text)))


def _letter_width(letter: str) -> float:
    """Of the font size; what is no letter of an alphabet takes all of it."""
    if letter.isascii() or letter in WIDTHS:
        return WIDTHS.get(letter, COMMON)
    return (0, COMMON, 1)[span(letter)]


def wrap(text: str, size: float, width: float) -> list[str]:
    """The text in lines that fit a width; a word that is too long is broken behind its marks.

    >>> wrap("3×3 conv, 64, stride 2", 12, 80), wrap("features.denseblock1", 12, 80)
    (['3×3 conv,', '64, stride 2'], ['features.', 'denseblock1'])
    """
    lines: list[str] = []
    for word in BREAK.split(visible(text)):
        if lines and text_width(f"{lines[-1]} {word}", size) <= width:
            lines[-1] += f" {word}"
        else:
            lines += _pieces(word, size, width)
    return lines


def _pieces(word: str, size: float, width: float) -> list[str]:
    if text_width(word, size) <= width:
        return [word]
    pieces = [""]
    for part in MARK.split(word):
        if pieces[-1] and text_width(pieces[-1] + part, size) > width:
            pieces.append(part.lstrip())
        else:
            pieces[-1] += part
    return pieces


def _options(window: Window) -> str:
    text = f", stride {_square(window.stride)}" if set(window.stride) != {1} else ""
    text += f", dilation {_square(window.dilation)}" if set(window.dilation) != {1} else ""
    return text + (f", {window.groups} groups" if window.groups > 1 else "")


def _square(sizes: Sequence[int]) -> str:
    return str(sizes[0]) if len(set(sizes)) == 1 else axes(sizes)
