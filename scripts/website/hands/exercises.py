"""Fields for the answers of exercises: the value that the solution prints, and likely slips.

A slip is a value too: what comes out when the biases are forgotten, poolings are counted, or a
stride is left out. It is computed here from the quantities of the exercise itself; the page's
script compares, and names the slip.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from fractions import Fraction
from typing import NamedTuple

from cnnref.counting.arithmetic import output_size, receptive_field
from cnnref.counting.layer import Layer
from cnnref.counting.units import KIB, KILO, MEGA, MIB, grouped
from cnnref.errors import CnnrefError, ShapeError
from cnnref.tables.table import Table
from website.facts import fact, lookup, rows
from website.markup import Html, element

__all__ = ["MACROS", "Number", "Slip", "answer", "asked", "asks", "field_of", "slips"]

Slip = tuple[Fraction, str]
# the words of a unit that an answer may carry; the first is what a page says
WORDS: Mapping[str, tuple[str, ...]] = {
    "macs": ("MACs", "multiply-adds", "operations", "flops", "flop"),
    "operations": ("operations", "multiply-adds", "MACs", "flops", "flop"),
    "parameters": ("parameters", "params", "weights"),
    "weights": ("weights", "parameters"),
    "stored_bytes": ("bytes", "byte", "B"),
    "out_size": ("pixels", "pixel", "px"),
    "field": ("pixels", "pixel", "px"),
    "share": ("%", "percent"),
    "saved": ("%", "percent"),
    "ratio": ("times", "x", "×"),
    "activations": ("numbers", "elements", "activations"),
}
FIELD = "field"
# of a number that a macro prints, its exact value
PRINTED = re.compile(r'(?:<data value=")?(\d+(?:\.\d+)?)\b')
# bytes of a number in float32
FULL = 4


class Number(NamedTuple):
    """A number that a page computes to ask for it, with its slips and the words of its unit."""

    value: Fraction
    slips: tuple[Slip, ...]
    words: tuple[str, ...] = ()


def asks(label: str, path: str | int | Number, whole: str = "", kind: str = "ratio") -> Html:
    """A field for one number of an exercise, which stands behind the exercise.

    path: that of `fact`, or "table/row/field" for a receptive field, or the number that another
    macro prints, as that prints it, or hands over with its slips; whole: the path of a second
    number, where the answer is how many times it the first is (kind "ratio"), what percentage of
    it ("share"), what percentage of it is saved ("saved"), or by how much the first exceeds it
    ("difference").
    """
    if isinstance(path, Number):
        return _form(label, label, path.value, path.words, path.slips)
    if isinstance(path, int) or path.startswith("<data "):
        return _form(label, label, printed(path), (), [])
    value, found = answer(path, whole, kind), slips(path, whole, kind)
    unit = " (%)" if whole and kind in ("share", "saved") else ""
    named = " ".join(filter(None, (path, whole and kind, whole)))
    return _form(label + unit, named, value, words(path, whole, kind), found)


def printed(number: str | int) -> Fraction:
    """The exact value of what a macro prints.

    >>> printed('<data value="164" title="widest">164</data>'), printed(5)
    (Fraction(164, 1), Fraction(5, 1))
    """
    found = PRINTED.match(str(number))
    if found is None:
        raise CnnrefError(f"{number!r} is no number as a macro prints it.")
    return Fraction(found[1])


def _form(
    label: str, named: str, value: Fraction, units: Iterable[str], found: Iterable[Slip]
) -> Html:
    data = {
        "value": _pair(value),
        "words": [*units],
        "slips": [[_pair(one), said] for one, said in found],
    }
    return element(
        "form",
        element("label", f"{label} ", element("input", type="text", autocomplete="off")),
        element("button", "Check", type="submit"),
        element("span", role="status"),
        class_="asks",
        data_asked=named,
        data_answer=json.dumps(data, ensure_ascii=False),
        data_search_exclude=True,
    )


def asked() -> Html:
    """The line above the exercises of a page: how many are answered, and how to forget it."""
    forget = element("button", "Forget my answers", type="button", hidden=True)
    return element("p", element("span"), " ", forget, class_="asked", data_search_exclude=True)


def words(path: str, whole: str, kind: str) -> tuple[str, ...]:
    """What an answer may carry behind its number; the first word is what the page says."""
    quantity = path.rpartition("/")[2].partition(":")[0]
    return WORDS.get(kind if whole and kind != "difference" else quantity, ())


def answer(path: str, whole: str = "", kind: str = "ratio") -> Fraction:
    """The value that an exercise asks for, exact.

    Raises:
        CnnrefError: no value has that path, or the kind is none.

    >>> answer("alexnet@227/fc6/parameters"), answer("vgg16/pool5/field")
    (Fraction(37752832, 1), Fraction(212, 1))
    """
    first = Fraction(_exact(path))
    if not whole:
        return first
    second = _exact(whole)
    if kind not in KINDS:
        raise CnnrefError(f"{kind!r} is no kind of an answer: known are {', '.join(KINDS)}.")
    return KINDS[kind](first, Fraction(second))


KINDS: Mapping[str, Callable[[Fraction, Fraction], Fraction]] = {
    "ratio": lambda one, other: one / other,
    "share": lambda one, other: 100 * one / other,
    "saved": lambda one, other: 100 * (other - one) / other,
    "difference": lambda one, other: one - other,
}


def slips(path: str, whole: str = "", kind: str = "ratio") -> list[Slip]:
    """The values that likely slips lead to, each once, with what is said of them."""
    value = answer(path, whole, kind)
    found: dict[Fraction, str] = {}
    for one, said in _combined(path, whole, kind) if whole else _single(path):
        if one > 0 and one != value:
            found.setdefault(one, said)
    return list(found.items())


def _combined(path: str, whole: str, kind: str) -> Iterator[Slip]:
    first, second = Fraction(_exact(path)), Fraction(_exact(whole))
    if kind == "difference":
        yield first, "That is all of the larger one. What is the difference?"
        yield second, "That is what is left."
    else:
        scale = 1 if kind == "ratio" else 100
        yield scale * first / second, "That is what is left."
        yield scale * second / first, "That is the other way round."
        yield scale * (first - second) / second, "That is by how much it is more."
        yield scale * (second - first) / second, "That is what the rest is."
        yield answer(path, whole, kind) / scale, "That is a fraction. As a percentage?"


def _single(path: str) -> Iterator[Slip]:
    key, _, rest = path.partition("/")
    selection, _, quantity = rest.rpartition("/")
    measure = quantity.partition(":")[0]
    if measure == FIELD:
        return _field_slips(lookup(key), selection)
    part = rows(lookup(key), selection)
    if measure == "out_size":
        return _size_slips(part[0])
    return SLIPS[measure](part) if measure in SLIPS else iter(())


def _parameter_slips(part: Table) -> Iterator[Slip]:
    weights, learned = _sum(part, "weights"), part.parameters
    biases = learned - weights
    norms = sum(layer.parameters for layer in part if layer.op == "batch_norm")
    convs = [layer for layer in part if layer.op in ("conv", "linear")]
    outputs = sum(layer.out_shape.channels for layer in convs)
    if biases:
        yield Fraction(weights), "The biases are missing, one for each output."
        yield Fraction(2 * biases + weights), "The biases are counted twice."
    else:
        yield Fraction(learned + outputs), "These layers have no biases."
    yield Fraction(learned - norms), "The batch normalisations learn a scale and a shift, too."
    yield Fraction(part.macs), "Those are the multiply-adds. Weights are shared by all positions."
    yield from _without_groups(convs, weights, biases, "each filter sees its own group alone")
    if len(convs) == 1 and convs[0].window:
        channels = convs[0].in_shape.channels // convs[0].window.groups
        yield Fraction(weights, channels) + biases, "A filter is as deep as its input."
        yield Fraction(weights, outputs), "That is a single filter."
    yield Fraction(FULL * learned), "Those are the bytes, not the numbers."


def _weight_slips(part: Table) -> Iterator[Slip]:
    yield Fraction(part.parameters), "The biases are in it. The weights alone are asked."
    yield from _parameter_slips(part)


def _work_slips(part: Table) -> Iterator[Slip]:
    macs, pooled = part.macs, part.operations("lecture")
    yield Fraction(2 * macs), "That counts a multiply-add as two operations. Here it is one."
    yield Fraction(macs, 2), "That is half of it. A multiply-add is one operation here."
    with_biases, weights = macs + _sum(part, "bias_adds"), _sum(part, "weights")
    yield Fraction(with_biases), "The adds of the biases are in it. They are not counted."
    yield Fraction(pooled), "The poolings are counted as well. Here multiply-adds alone are asked."
    yield Fraction(macs), "The poolings are missing. The lecture counts what their windows read."
    yield Fraction(weights), "That is the number of weights. Each is used at every position."
    convs = [layer for layer in part if layer.op in ("conv", "linear")]
    yield from _without_groups(convs, macs, 0, "each output sees its own group alone")
    if len(convs) == 1 and (row := convs[0]).window:
        taps = row.macs // row.out_shape.elements
        before = row.in_shape.elements // row.in_shape.channels
        yield (
            Fraction(taps * before * row.out_shape.channels),
            ("That takes the size of the input. The filter works once for each output."),
        )
        yield Fraction(row.out_shape.elements), "That is the number of outputs."
        yield Fraction(row.macs, row.out_shape.channels), "That is a single filter."


def _without_groups(layers: list[Layer], count: int, more: int, why: str) -> Iterator[Slip]:
    groups = {layer.window.groups for layer in layers if layer.window}
    if len(groups) == 1 and groups != {1}:
        (number,) = groups
        yield Fraction(count * number + more), f"That is without groups: {why}."


def _size_slips(layer: Layer) -> Iterator[Slip]:
    if (window := layer.window) is None:
        return
    size, kernel = layer.in_shape.size[0], window.kernel[0]
    stride, padding, dilation = window.stride[0], window.padding[0], window.dilation[0]
    cases = {
        "The padding is missing.": (kernel, stride, 0, dilation, window.ceil_mode),
        "The stride is missing.": (kernel, 1, padding, dilation, window.ceil_mode),
        "The dilation is missing.": (kernel, stride, padding, 1, window.ceil_mode),
        "The padding stands on both sides.": (kernel + padding, stride, padding, dilation, False),
        "It is rounded the other way.": (kernel, stride, padding, dilation, not window.ceil_mode),
    }
    yield Fraction(layer.out_shape.size[0] - 1), "The window's first place is missing: add one."
    for said, sizes in cases.items():
        try:
            yield Fraction(output_size(size, *sizes)), said
        except ShapeError:  # such a window does not fit
            continue


def _field_slips(table: Table, row: str) -> Iterator[Slip]:
    value = field_of(table, row)
    names = [layer.name for layer in table]
    path = [layer for layer in table[: names.index(table[row].name) + 1] if layer.window]
    wide, poolless = (1, 1), (1, 1)
    for layer in path:
        assert layer.window is not None
        kernel, stride = layer.window.kernel[0], layer.window.stride[0]
        wide = receptive_field(*wide, kernel)
        poolless = receptive_field(*poolless, kernel if layer.op == "conv" else 1, stride)
    yield Fraction(wide[0]), "The strides are missing: each makes every later step longer."
    yield Fraction(poolless[0]), "The windows of the poolings are missing."
    yield Fraction(value - 1), "The pixel that it begins with is missing: add one."
    yield Fraction(value**2), "That is its area. Along one axis?"


def _byte_slips(part: Table) -> Iterator[Slip]:
    total = part.stored_bytes("lecture")
    yield Fraction(total, FULL), f"That is the count of numbers. Each takes {FULL} bytes."
    yield Fraction(total * KIB, KILO), f"One KB is {grouped(KIB)} bytes here, not {grouped(KILO)}."
    yield Fraction(total * MIB, MEGA), f"One MB is {grouped(MIB)} bytes here, not {grouped(MEGA)}."


SLIPS: Mapping[str, Callable[[Table], Iterator[Slip]]] = {
    "parameters": _parameter_slips,
    "weights": _weight_slips,
    "macs": _work_slips,
    "operations": _work_slips,
    "stored_bytes": _byte_slips,
}


def field_of(table: Table, row: str) -> int:
    """The receptive field of a row along one axis, in pixels."""
    place = [layer.name for layer in table].index(table[row].name)
    return int(table.receptive_fields()[place].field[0])


def _sum(part: Table, count: str) -> int:
    return sum(row.count(count) for row in part)


def _exact(path: str) -> int:
    key, _, rest = path.partition("/")
    row, _, quantity = rest.rpartition("/")
    return field_of(lookup(key), row) if quantity == FIELD else fact(path)


def _pair(value: Fraction) -> list[str]:
    # as texts, since numbers of a script are not exact beyond 2**53
    return [str(value.numerator), str(value.denominator)]


MACROS: Mapping[str, Callable[..., object]] = {"asked": asked, "asks": asks}
