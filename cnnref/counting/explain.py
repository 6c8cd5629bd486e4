"""The arithmetic of one row in one line: each formula with the row's numbers put in.

The argument `times` is the sign between factors, "x" in text and a command in TeX.
"""

from __future__ import annotations

from math import prod
from typing import TYPE_CHECKING

from cnnref.counting.formulas import SIZE, letters, numbers
from cnnref.counting.shapes import Formula, Product
from cnnref.counting.units import grouped

if TYPE_CHECKING:
    from cnnref.counting.conventions import Convention
    from cnnref.counting.layer import Layer
    from cnnref.tables.table import Table

Lettered = tuple[tuple[tuple[str, ...], ...], ...]

__all__ = [
    "explain",
    "memory",
    "operations",
    "output_size",
    "output_sizes",
    "parameters",
    "symbolic",
    "told",
    "value",
]


def explain(layer: Layer, convention: Convention) -> str:
    """What a row costs under a convention, as one line that can be checked by hand."""
    line = operations(layer, convention)
    return f"{layer.name}: {line} {convention.unit}s ({convention.name})"


def told(table: Table, layer: Layer, convention: Convention) -> list[str]:
    """All of a row, a line for each of its numbers."""
    return [
        f"{layer.name} of {table.name}: {layer.op}, {_inputs(layer)} to {layer.out_shape}",
        *(f"  output      {size}" for size in output_sizes(layer)),
        f"  parameters  {parameters(layer)}",
        f"  memory      {memory(layer, convention)}",
        f"  {convention.unit + 's':<10}  {operations(layer, convention)}",
        f"  convention  {convention.name}: {convention.title}",
    ]


def operations(layer: Layer, convention: Convention, times: str = "x") -> str:
    """The priced counts of a row, each as its factors, and their sum."""
    # what a price list takes off again has a negative price
    terms = "".join(
        f" {'-' if price < 0 else '+'} {_priced(abs(price), formula(layer, count), times)}"
        for count, price in convention.priced(layer).items()
        if layer.count(count)
    )
    if not terms:
        return "0" if layer.counted else "not counted: no rule knows this operator, 0"
    return f"{terms.removeprefix(' + ').lstrip()} = {grouped(convention.operations(layer))}"


def parameters(layer: Layer, times: str = "x") -> str:
    """The learned numbers of a row: weights, then biases."""
    counts = [count for count in ("weights", "biases") if getattr(layer.counts, count)]
    if not counts:
        return "0 (nothing to learn)"
    terms = [_text(formula(layer, count), times) for count in counts]
    return f"{' + '.join(terms)} = {grouped(layer.parameters)}"


def memory(layer: Layer, convention: Convention, times: str = "x") -> str:
    """The bytes of a row's output that a convention keeps."""
    prices = convention.stored(layer)
    if not prices:
        return "0 (keeps no memory of its own)"
    terms = [
        f"{_bracketed(formula(layer, count), times)} {times} {price}"
        for count, price in prices.items()
    ]
    return f"{' + '.join(terms)} = {grouped(convention.stored_bytes(layer))} bytes"


def output_size(layer: Layer, axis: int = 0, times: str = "x") -> str:
    """The size of a window layer's output along one axis (0: height, 1: width)."""
    window = layer.window
    # no window, one along channels, or one that spreads its input
    if window is None or len(window.kernel) < 2 or layer.op == "conv_transpose":
        return f"{_inputs(layer)} to {layer.out_shape}"
    place = axis - len(window.kernel)
    size, out = layer.in_shape[place], layer.out_shape[place]
    reach = window.dilation[axis] * (window.kernel[axis] - 1) + 1
    stride, padding = window.stride[axis], window.padding[axis]
    ceil = window.ceil_mode
    rounding = "ceil" if ceil else "floor"
    # rounding up may add a window that starts behind the input; it is taken off again
    last = " - 1" if -(-(size - reach + 2 * padding) // stride) >= out and ceil else ""
    told = SIZE.format(rounding=rounding, times=times, W=size, K=reach, P=padding, S=stride)
    return f"{told}{last} = {out}"


def output_sizes(layer: Layer) -> list[str]:
    """What `output_size` says of each axis, once where they agree."""
    axes = range(len(layer.window.kernel) if layer.window else 1)
    return list(dict.fromkeys(output_size(layer, axis) for axis in axes))


def _inputs(layer: Layer) -> str:
    return " + ".join(map(str, layer.in_shapes)) or "nothing"


def value(formula: Formula) -> int:
    """What a formula comes to.

    >>> value((((64, 56, 56), 9), (2,)))
    1806338
    """
    return sum(prod(map(_factor, product)) for product in formula)


def _factor(factor: int | tuple[int, ...]) -> int:
    return factor if isinstance(factor, int) else prod(factor)


def formula(layer: Layer, count: str) -> Formula:
    """One raw count of a row as products of the sizes that it comes from.

    That is what the row's rule says, or what its shapes and window tell; the number itself where
    neither does.
    """
    number = layer.count(count)
    for found in (dict(layer.formulas).get(count), numbers(layer, count)):
        if found and value(found) == number:
            return found
    return ((number,),)


def symbolic(op: str, count: str, times: str = "x") -> str:
    """What the rule of an operator says of a count, with letters where a row has its sizes.

    count: a raw count, or "parameters", or "size": that of an output along one axis.

    >>> symbolic("conv", "parameters", "*")
    '(C_{out} * C_{in} / G * K * K) + C_{out}'
    """
    if count == "size":
        return SIZE.format(rounding="floor", times=times, W="W", K="K", P="P", S="S")
    counts = ("weights", "biases") if count == "parameters" else (count,)
    return " + ".join(_text(letters(op, one), times) for one in counts)


def _text(formula: Formula | Lettered, times: str) -> str:
    return " + ".join(_product(product, times) for product in formula)


def _bracketed(formula: Formula, times: str) -> str:
    text = _text(formula, times)
    return f"({text})" if len(formula) > 1 else text


def _priced(price: int, formula: Formula, times: str) -> str:
    return _text(formula, times) if price == 1 else f"{price} {times} {_bracketed(formula, times)}"


def _product(product: Product | tuple[tuple[str, ...], ...], times: str) -> str:
    # what is empty, as no axes, is a factor of one
    factors = (_bracket(factor, times) for factor in product if factor != ())
    return f" {times} ".join(factors) or "1"


def _bracket(factor: int | tuple[int, ...] | tuple[str, ...], times: str) -> str:
    if isinstance(factor, int):
        return str(factor)
    text = f" {times} ".join(map(str, factor))
    return f"({text})" if len(factor) > 1 else text
