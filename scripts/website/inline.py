"""What the pages print inside a sentence or a formula: computed numbers, as HTML or TeX."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import NamedTuple

from cnnref.counting import explain
from cnnref.counting.arithmetic import conv, receptive_field
from cnnref.counting.conventions import convention
from cnnref.counting.layer import Layer
from cnnref.counting.shapes import Geometry, Shape
from cnnref.errors import UnknownNameError
from cnnref.units import GIGA, KIB, KILO, MEGA, MIB, grouped, ratio, rounded
from website.facts import fact, lookup
from website.markup import data

__all__ = [
    "Stack",
    "block_count",
    "break_even",
    "difference",
    "field",
    "joined_tex",
    "more",
    "number",
    "peak",
    "ratio_of",
    "saved",
    "share",
    "stack",
    "stack_depth",
    "tex",
    "tex_number",
    "unit",
    "words",
]


UNITS = {"": 1, "k": KILO, "M": MEGA, "G": GIGA, "KB": KIB, "MB": MIB}
WORDS = (
    "zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten",
    "eleven", "twelve",
)  # fmt: skip
TIMES = r"\times"
_ROUNDING = re.compile(r"(floor|ceil)\(\((.*?)\) / (\d+)\)")
TEX_FORMULAS: Mapping[str, Callable[[Layer], str]] = {
    "size": lambda layer: explain.output_size(layer, times=TIMES),
    "parameters": lambda layer: explain.parameters(layer, times=TIMES),
    "memory": lambda layer: explain.memory(layer, convention("lecture"), times=TIMES),
    "operations": lambda layer: explain.operations(layer, convention("lecture"), times=TIMES),
}


def number(path: str, unit: str = "", digits: int = 0) -> str:
    """The value at a path in a unit of UNITS, with the exact value as its title.

    >>> number("alexnet@227/conv1/macs", "M", 1)
    '<data value="72855552" title="alexnet@227/conv1/macs = 72,855,552">72.9 M</data>'
    """
    value = fact(path)
    text = rounded(value, _unit(unit), digits) + (f" {unit}" if unit else "")
    return data(value, text, f"{path} = {grouped(value)}")


def tex_number(path: str, unit: str = "", digits: int = 0) -> str:
    """The value at a path for use inside a formula, without tags.

    >>> tex_number("alexnet@227/conv1/macs")
    '72{,}855{,}552'
    """
    return _tex(rounded(fact(path), _unit(unit), digits))


def words(path: str, *, capital: bool = False) -> str:
    """A small value at a path as a word, a larger one in digits.

    >>> words("alexnet/op:conv/rows")
    '<data value="5" title="alexnet/op:conv/rows = 5">five</data>'
    """
    value = fact(path)
    text = WORDS[value] if value < len(WORDS) else grouped(value)
    text = text.capitalize() if capital else text
    return data(value, text, f"{path} = {grouped(value)}")


def unit(name: str) -> str:
    """How many one unit of UNITS is.

    >>> unit("KB")
    '1,024'
    """
    return grouped(_unit(name))


def share(part: str, whole: str, digits: int = 0) -> str:
    """What percentage one value is of another.

    >>> share("vgg16/stage:fc6/parameters", "vgg16/total/parameters")
    '<data value="74.3%" title="vgg16/stage:fc6/parameters / vgg16/total/parameters">74%</data>'
    """
    a, b = fact(part), fact(whole)
    text = ratio(100 * a, b, digits) + "%"
    return data(ratio(100 * a, b) + "%", text, f"{part} / {whole}")


def saved(part: str, whole: str, digits: int = 0) -> str:
    """What percentage is saved by one value against another."""
    a, b = fact(part), fact(whole)
    text = ratio(100 * (b - a), b, digits) + "%"
    return data(ratio(100 * (b - a), b) + "%", text, f"1 - {part} / {whole}")


def ratio_of(part: str, whole: str, digits: int = 1) -> str:
    """How many times one value is the other."""
    text = ratio(fact(part), fact(whole), digits) + "×"
    return data(text, text, f"{part} / {whole}")


def tex(path: str, what: str) -> str:
    r"""The worked formula of one row ("table/row"), for use inside a formula, without tags.

    what: "size", "parameters", "memory" or "operations", under the lecture's convention.

    >>> print(tex("alexnet@227/pool1", "operations"))
    (64 \times 27 \times 27) \times (3 \times 3) = 419{,}904
    """
    if what not in TEX_FORMULAS:
        raise UnknownNameError("formula", what, TEX_FORMULAS)
    key, _, row = path.partition("/")
    return _tex(TEX_FORMULAS[what](lookup(key)[row]))


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
    geometry = Geometry((kernel, kernel), (1, 1), (kernel // 2, kernel // 2))
    counts = conv(Shape((channels, size, size)), channels, geometry, bias=False).counts
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


def _tex(text: str) -> str:
    text = _ROUNDING.sub(r"\\left\\l\1 \\frac{\2}{\3} \\right\\r\1", text)
    return text.replace(" bytes", r"\text{ bytes}").replace(",", "{,}")


def _unit(unit: str) -> int:
    if unit not in UNITS:
        raise UnknownNameError("unit", unit, UNITS)
    return UNITS[unit]


def difference(more: str, less: str, unit: str = "", digits: int = 0) -> str:
    """By how much one value exceeds another.

    >>> difference("vgg19/total/macs", "vgg16/total/macs", "M", 0)
    '<data value="4161798144" title="vgg19/total/macs - vgg16/total/macs">4,162 M</data>'
    """
    if unit not in UNITS:
        raise UnknownNameError("unit", unit, UNITS)
    value = fact(more) - fact(less)
    text = rounded(value, UNITS[unit], digits) + (f" {unit}" if unit else "")
    return data(value, text, f"{more} - {less}")


def more(more: str, less: str, digits: int = 0) -> str:
    """By what percentage one value exceeds another.

    >>> more("vgg19/total/macs", "vgg16/total/macs")
    '<data value="26.9%" title="vgg19/total/macs / vgg16/total/macs - 1">27%</data>'
    """
    a, b = fact(more), fact(less)
    text = ratio(100 * (a - b), b, digits) + "%"
    exact = ratio(100 * (a - b), b) + "%"
    return data(exact, text, f"{more} / {less} - 1")


def block_count(key: str, stage: str) -> str:
    """How many blocks one stage of a network has.

    >>> block_count("resnet152", "conv4")
    '<data value="36" title="blocks in conv4 of resnet152">36</data>'
    """
    stages = lookup(key).group("stage")
    if stage not in stages:
        raise UnknownNameError(f"stage of {key}", stage, stages)
    count = len({layer.block for layer in stages[stage] if layer.block})
    return data(count, str(count), f"blocks in {stage} of {key}")


def break_even(module: str) -> str:
    """The widest 1x1 reduction before the 3x3 of an inception module that still saves work.

    R with CR + 9RF < 9CF, per position, for C channels in and F filters.

    >>> break_even("3a")
    '<data value="164" title="widest reduction of 3a that saves">164</data>'
    """
    layer = lookup(f"googlenet:{module}-naive")[f"inception_{module}.3x3"]
    channels, taps = layer.in_shape.channels, layer.macs // layer.out_shape.elements
    filters = layer.out_shape.channels
    # 9CF / (C + 9F), and one less where that is whole: equal is not less
    widest = (taps * filters - 1) // (channels + taps // channels * filters)
    return data(widest, str(widest), f"widest reduction of {module} that saves")


def joined_tex(path: str) -> str:
    """The channels of a concatenation as the sum that they are, for use inside a formula.

    Raises:
        UnknownNameError: the row is no concatenation.

    >>> joined_tex("googlenet/inception_3a.concat"), joined_tex("block:dense/concat1")
    ('64 + 128 + 32 + 32 = 256', '256 + 32 = 288')
    """
    key, _, name = path.partition("/")
    book = lookup(key)
    layer = book[name]
    joins = [row.name for row in book if row.op == "concat"]
    if layer.name not in joins:
        raise UnknownNameError(f"concatenation of {key}", name, joins)
    fed = [book[source].out_shape if source >= 0 else book.input_shape for source in layer.inputs]
    parts = " + ".join(str(shape.channels) for shape in fed)
    return f"{parts} = {layer.out_shape.channels}"


def field(path: str) -> str:
    """The receptive field of one row ("table/row"), in pixels of the input along one axis.

    >>> field("vgg16/pool5")
    '<data value="212" title="receptive field of vgg16/pool5">212</data>'
    """
    key, _, name = path.partition("/")
    book = lookup(key)
    place = tuple(layer.name for layer in book).index(book[name].name)
    value = book.receptive_fields()[place].field[0]
    return data(value, grouped(value), f"receptive field of {path}")


def peak(key: str, unit: str = "MB", digits: int = 1) -> str:
    """The most memory that maps take at once while one image runs through a network.

    >>> peak("vgg16")
    '<data value="25690112" title="most bytes of maps at once in vgg16">24.5 MB</data>'
    """
    value = lookup(key).peak_activation_bytes()
    text = f"{rounded(value, UNITS[unit], digits)} {unit}"
    return data(value, text, f"most bytes of maps at once in {key}")
