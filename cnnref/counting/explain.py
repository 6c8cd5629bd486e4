"""The arithmetic of one row in one line: each formula with the row's numbers put in.

The argument `times` is the sign between factors, "x" in text and a command in TeX.
"""

from __future__ import annotations

from collections.abc import Callable
from math import prod
from typing import TYPE_CHECKING

from cnnref.counting.arithmetic import adaptive_taps
from cnnref.counting.shapes import Formula, Product
from cnnref.units import grouped

if TYPE_CHECKING:
    from cnnref.counting.conventions import Convention
    from cnnref.counting.layer import Layer
    from cnnref.tables.table import Table

__all__ = [
    "explain",
    "memory",
    "operations",
    "output_size",
    "output_sizes",
    "parameters",
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
    return f"{rounding}(({size} - {reach} + 2 {times} {padding}) / {stride}) + 1{last} = {out}"


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
    derived = _DERIVED.get((layer.op, count)) or _DERIVED.get(("", count))
    for found in (dict(layer.formulas).get(count), derived and derived(layer)):
        if found and value(found) == number:
            return found
    return ((number,),)


def _text(formula: Formula, times: str) -> str:
    return " + ".join(_product(product, times) for product in formula)


def _bracketed(formula: Formula, times: str) -> str:
    text = _text(formula, times)
    return f"({text})" if len(formula) > 1 else text


def _priced(price: int, formula: Formula, times: str) -> str:
    return _text(formula, times) if price == 1 else f"{price} {times} {_bracketed(formula, times)}"


def _product(product: Product, times: str) -> str:
    return f" {times} ".join(_bracket(factor, times) for factor in product) or "1"


def _bracket(factor: int | tuple[int, ...], times: str) -> str:
    if isinstance(factor, int):
        return str(factor)
    text = f" {times} ".join(map(str, factor))
    return f"({text})" if len(factor) > 1 else text


def _elements(layer: Layer) -> Formula:
    return ((tuple(layer.out_shape),),) if layer.out_shape else ((1,),)


def _elements_in(layer: Layer) -> Formula:
    return tuple((tuple(shape),) if shape else (1,) for shape in layer.in_shapes)


def _window(layer: Layer) -> tuple[int, ...]:
    return layer.window.kernel if layer.window else ()


def _filter(layer: Layer) -> tuple[int, ...]:
    """What one output of a convolution sums over: channels of its group, and the window."""
    taps = layer.counts.elements_out * prod(_window(layer))
    return (layer.macs // taps, *_window(layer)) if taps else ()


def _conv_macs(layer: Layer) -> Formula:
    return ((tuple(layer.out_shape), _filter(layer)),)


def _conv_weights(layer: Layer) -> Formula:
    filters = prod(_filter(layer))
    return (((layer.counts.weights // filters, *_filter(layer)),),) if filters else ()


def _spread(layer: Layer) -> Formula:
    """What each input of a transposed convolution is spread over."""
    taps = layer.in_shape.elements * prod(_window(layer))
    return ((tuple(layer.in_shape), (layer.macs // taps, *_window(layer))),) if taps else ()


def _taps(layer: Layer) -> Formula:
    return ((tuple(layer.out_shape), _window(layer)),)


def _spread_taps(layer: Layer) -> Formula:
    taps = layer.counts.elements_out * prod(_window(layer))
    depth = layer.counts.window_taps // taps if taps else 0
    return ((tuple(layer.out_shape), (depth, *_window(layer))),)


def _adaptive_taps(layer: Layer) -> Formula:
    rank = max(len(layer.out_shape) - 1, 0)
    before, after = layer.in_shape[-rank:], layer.out_shape[-rank:]
    if not rank or len(before) != rank:
        return ()
    axes = zip(before, after, strict=True)
    return (((layer.out_shape.channels, *(adaptive_taps(*axis) for axis in axes)),),)


def _linear_macs(layer: Layer) -> Formula:
    return ((*layer.in_shape, layer.out_shape[-1]),) if layer.out_shape else ()


def _linear_weights(layer: Layer) -> Formula:
    return ((layer.in_shape[-1], layer.out_shape[-1]),) if layer.out_shape else ()


def _matmul_macs(layer: Layer) -> Formula:
    outputs = layer.counts.elements_out
    return ((tuple(layer.out_shape), layer.macs // outputs),) if outputs else ()


def _attention_macs(layer: Layer) -> Formula:
    """Of each pair of positions: the width of queries and that of values."""
    query, key, value = (*layer.in_shapes, (), (), ())[:3]
    if not (query and len(key) > 1 and value):
        return ()
    return ((tuple(query[:-1]), key[-2], query[-1]), (tuple(query[:-1]), key[-2], value[-1]))


def _channels(layer: Layer) -> Formula:
    return ((layer.out_shape.channels,),) if layer.out_shape else ()


def _features(layer: Layer) -> Formula:
    return ((layer.out_shape[-1],),) if layer.out_shape else ()


def _entries(layer: Layer) -> Formula:
    """The table of an embedding: so many entries, each as wide as the output."""
    width = layer.out_shape[-1] if layer.out_shape else 0
    return ((layer.counts.weights // width, width),) if width else ()


_DERIVED: dict[tuple[str, str], Callable[[Layer], Formula]] = {
    ("", "bias_adds"): _elements,
    ("", "elements_out"): _elements,
    ("", "elements_in"): _elements_in,
    ("", "window_taps"): _taps,
    ("conv", "macs"): _conv_macs,
    ("conv", "weights"): _conv_weights,
    ("deform_conv", "macs"): _conv_macs,
    ("deform_conv", "weights"): _conv_weights,
    ("conv_transpose", "macs"): _spread,
    ("conv_transpose", "window_taps"): _spread_taps,
    ("linear", "macs"): _linear_macs,
    ("linear", "weights"): _linear_weights,
    ("linear", "biases"): _features,
    ("matmul", "macs"): _matmul_macs,
    ("cdist", "macs"): _matmul_macs,
    ("attention", "macs"): _attention_macs,
    ("embedding", "weights"): _entries,
    ("embedding_bag", "weights"): _entries,
    ("adaptive_avg_pool", "window_taps"): _adaptive_taps,
    ("adaptive_max_pool", "window_taps"): _adaptive_taps,
    **{(op, "biases"): _channels for op in ("conv", "conv_transpose", "batch_norm", "prelu")},
    **{(op, "weights"): _channels for op in ("batch_norm", "prelu", "group_norm")},
}
