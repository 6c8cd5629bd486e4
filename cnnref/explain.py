"""The arithmetic of one row in one line: each formula with the row's numbers put in.

The argument `times` is the sign between factors, "x" in text and a command in TeX.
"""

from __future__ import annotations

from collections.abc import Callable

from cnnref.arithmetic import adaptive_taps
from cnnref.conventions import Convention
from cnnref.layer import Layer
from cnnref.units import grouped

__all__ = ["explain", "memory", "operations", "output_size", "parameters"]


def explain(layer: Layer, convention: Convention) -> str:
    """What a row costs under a convention, as one line that can be checked by hand."""
    line = operations(layer, convention)
    return f"{layer.name}: {line} {convention.unit}s ({convention.name})"


def operations(layer: Layer, convention: Convention, times: str = "x") -> str:
    """The priced counts of a row, each as its factors, and their sum."""
    prices = convention.prices.get(layer.kind, {})
    terms = [
        _priced(price, count_factors(layer, count, times), times)
        for count, price in prices.items()
        if getattr(layer.counts, count)
    ]
    if not terms:
        return _nothing(layer)
    return f"{' + '.join(terms)} = {grouped(convention.flops(layer))}"


def parameters(layer: Layer, times: str = "x") -> str:
    """The learned numbers of a row: weights, then biases."""
    counts = [count for count in ("weights", "biases") if getattr(layer.counts, count)]
    if not counts:
        return "0 (nothing to learn)"
    terms = [count_factors(layer, count, times) for count in counts]
    return f"{' + '.join(terms)} = {grouped(layer.parameters)}"


def memory(layer: Layer, convention: Convention, times: str = "x") -> str:
    """The bytes of a row's output that a convention keeps."""
    prices = convention.stores.get(layer.kind, {})
    if not prices:
        return "0 (keeps no memory of its own)"
    terms = [
        f"{count_factors(layer, count, times)} {times} {price}" for count, price in prices.items()
    ]
    return f"{' + '.join(terms)} = {grouped(convention.activation_bytes(layer))} bytes"


def output_size(layer: Layer, axis: int = 0, times: str = "x") -> str:
    """The size of a window layer's output along one axis (0: height, 1: width)."""
    geometry = layer.geometry
    if geometry is None or len(geometry.kernel) < 2:  # no window, or one along channels
        return f"{layer.in_shape} to {layer.out_shape}"
    size, out = layer.in_shape.size[axis], layer.out_shape.size[axis]
    reach = geometry.dilation[axis] * (geometry.kernel[axis] - 1) + 1
    stride, padding = geometry.stride[axis], geometry.padding[axis]
    ceil = geometry.ceil_mode
    rounding = "ceil" if ceil else "floor"
    # rounding up may add a window that starts behind the input; it is taken off again
    last = " - 1" if -(-(size - reach + 2 * padding) // stride) >= out and ceil else ""
    return f"{rounding}(({size} - {reach} + 2 {times} {padding}) / {stride}) + 1{last} = {out}"


def count_factors(layer: Layer, count: str, times: str = "x") -> str:
    """One raw count of a row as a product of the sizes it comes from."""
    factors = _FACTORS.get((layer.op, count), _elements)
    if count == "elements_in":
        factors = _elements_in
    return factors(layer, f" {times} ")


def _priced(price: int, factors: str, times: str) -> str:
    return factors if price == 1 else f"{price} {times} {factors}"


def _nothing(layer: Layer) -> str:
    return "0" if layer.counted else "not counted: no rule knows this operator, 0"


def _product(numbers: tuple[int, ...], times: str) -> str:
    text = times.join(map(str, numbers))
    return f"({text})" if len(numbers) > 1 else text


def _elements(layer: Layer, times: str) -> str:
    return _product(layer.out_shape, times)


def _elements_in(layer: Layer, times: str) -> str:
    return " + ".join(_product(shape, times) for shape in layer.in_shapes)


def _window(layer: Layer) -> tuple[int, ...]:
    assert layer.geometry is not None
    return layer.geometry.kernel


def _conv_taps(layer: Layer) -> tuple[int, ...]:
    assert layer.geometry is not None
    return (layer.in_shape.channels // layer.geometry.groups, *layer.geometry.kernel)


def _conv_macs(layer: Layer, times: str) -> str:
    return _elements(layer, times) + times + _product(_conv_taps(layer), times)


def _conv_weights(layer: Layer, times: str) -> str:
    return _product((layer.out_shape.channels, *_conv_taps(layer)), times)


def _pool_taps(layer: Layer, times: str) -> str:
    return _elements(layer, times) + times + _product(_window(layer), times)


def _adaptive_taps(layer: Layer, times: str) -> str:
    axes = zip(layer.in_shape.size, layer.out_shape.size, strict=True)
    return _product((layer.out_shape.channels, *(adaptive_taps(*axis) for axis in axes)), times)


def _linear_macs(layer: Layer, times: str) -> str:
    return times.join(map(str, (*layer.in_shape, layer.out_shape[-1])))


def _linear_weights(layer: Layer, times: str) -> str:
    return times.join(map(str, (layer.in_shape[-1], layer.out_shape[-1])))


def _out_channels(layer: Layer, times: str) -> str:
    return str(layer.out_shape.channels)


def _out_features(layer: Layer, times: str) -> str:
    return str(layer.out_shape[-1])


_FACTORS: dict[tuple[str, str], Callable[[Layer, str], str]] = {
    ("conv", "macs"): _conv_macs,
    ("conv", "weights"): _conv_weights,
    ("conv", "biases"): _out_channels,
    ("linear", "macs"): _linear_macs,
    ("linear", "weights"): _linear_weights,
    ("linear", "biases"): _out_features,
    ("batch_norm", "weights"): _out_channels,
    ("batch_norm", "biases"): _out_channels,
    ("prelu", "weights"): _out_channels,
    ("max_pool", "window_taps"): _pool_taps,
    ("avg_pool", "window_taps"): _pool_taps,
    ("lrn", "window_taps"): _pool_taps,
    ("adaptive_avg_pool", "window_taps"): _adaptive_taps,
}
