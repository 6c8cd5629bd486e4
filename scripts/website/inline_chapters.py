"""What the chapters print in a sentence besides the facts: differences, fields, blocks."""

from __future__ import annotations

from html import escape

from cnnref.errors import UnknownNameError
from cnnref.units import grouped, ratio, rounded
from website.facts import fact, lookup
from website.inline import UNITS

__all__ = [
    "block_count",
    "break_even",
    "difference",
    "field",
    "joined_tex",
    "more",
    "peak",
]


def difference(more: str, less: str, unit: str = "", digits: int = 0) -> str:
    """By how much one value exceeds another.

    >>> difference("vgg19/total/macs", "vgg16/total/macs", "M", 0)
    '<data value="4161798144" title="vgg19/total/macs - vgg16/total/macs">4,162 M</data>'
    """
    if unit not in UNITS:
        raise UnknownNameError("unit", unit, UNITS)
    value = fact(more) - fact(less)
    text = rounded(value, UNITS[unit], digits) + (f" {unit}" if unit else "")
    return f'<data value="{value}" title="{escape(f"{more} - {less}")}">{text}</data>'


def more(more: str, less: str, digits: int = 0) -> str:
    """By what percentage one value exceeds another.

    >>> more("vgg19/total/macs", "vgg16/total/macs")
    '<data value="26.9%" title="vgg19/total/macs / vgg16/total/macs - 1">27%</data>'
    """
    a, b = fact(more), fact(less)
    text = ratio(100 * (a - b), b, digits) + "%"
    exact = ratio(100 * (a - b), b) + "%"
    return f'<data value="{exact}" title="{escape(f"{more} / {less} - 1")}">{text}</data>'


def block_count(key: str, stage: str) -> str:
    """How many blocks one stage of a network has.

    >>> block_count("resnet152", "conv4")
    '<data value="36" title="blocks in conv4 of resnet152">36</data>'
    """
    stages = lookup(key).group("stage")
    if stage not in stages:
        raise UnknownNameError(f"stage of {key}", stage, stages)
    count = len({layer.block for layer in stages[stage] if layer.block})
    return f'<data value="{count}" title="blocks in {escape(f"{stage} of {key}")}">{count}</data>'


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
    return f'<data value="{widest}" title="widest reduction of {module} that saves">{widest}</data>'


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
    return (
        f'<data value="{value}" title="receptive field of {escape(path)}">{grouped(value)}</data>'
    )


def peak(key: str, unit: str = "MB", digits: int = 1) -> str:
    """The most memory that maps take at once while one image runs through a network.

    >>> peak("vgg16")
    '<data value="25690112" title="most bytes of maps at once in vgg16">24.5 MB</data>'
    """
    value = lookup(key).peak_activation_bytes()
    text = f"{rounded(value, UNITS[unit], digits)} {unit}"
    title = f"most bytes of maps at once in {escape(key)}"
    return f'<data value="{value}" title="{title}">{text}</data>'
