"""Which multiplies of a convolution have a padded zero for a factor."""

from __future__ import annotations

from collections.abc import Iterable
from math import prod

from cnnref.counting.layer import Layer

__all__ = ["padding_macs", "taps_inside"]


def taps_inside(
    size: int, out: int, kernel: int, stride: int = 1, padding: int = 0, dilation: int = 1
) -> int:
    """Of the out * K taps of a window along one axis, those that fall on the input.

    Tap k of position o lies on element o * S - P + k * D, which is on the input from 0 to
    size - 1.

    >>> taps_inside(14, out=14, kernel=3, padding=1)  # 14 * 3 less one at each end
    40
    """
    inside = 0
    for tap in range(kernel):
        offset = tap * dilation - padding
        first = max(0, -(offset // stride))
        last = min(out - 1, (size - 1 - offset) // stride)
        inside += max(0, last - first + 1)
    return inside


def padding_macs(layers: Layer | Iterable[Layer]) -> int:
    """MACs whose input is padding, of one row or of all rows of a table, for one image.

    All published counts include them. Filters * C_in / G * (all taps - taps on the input);
    rows that are no convolutions have none.

    >>> import cnnref
    >>> vgg16 = cnnref.table("vgg16")
    >>> padding_macs(vgg16["conv5_1"]), vgg16["conv5_1"].macs
    (42991616, 462422016)
    """
    if not isinstance(layers, Layer):
        return sum(map(padding_macs, layers))
    if layers.op != "conv" or layers.geometry is None:
        return 0
    return layers.macs - layers.macs * _inside(layers) // _all(layers)


def _inside(layer: Layer) -> int:
    assert layer.geometry is not None
    kernel, stride, padding, dilation = layer.geometry[:4]
    sizes = (layer.in_shape.size, layer.out_shape.size)
    axes = zip(*sizes, kernel, stride, padding, dilation, strict=True)
    return prod(taps_inside(*axis) for axis in axes)


def _all(layer: Layer) -> int:
    assert layer.geometry is not None
    return prod(layer.out_shape.size) * prod(layer.geometry.kernel)
