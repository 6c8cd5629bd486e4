"""Rules of what enlarges, weighs or normalises a map otherwise than the networks of the catalogue.

Tests hold each against the tracer, whose counts are PyTorch's own, at drawn sizes.
"""

from __future__ import annotations

from math import prod

from cnnref.counting.shapes import Counts, Shape, Window, Work
from cnnref.errors import ShapeError

__all__ = ["conv_transpose", "layer_norm", "layer_scale", "product", "resize"]


def conv_transpose(
    shape: Shape, filters: int, window: Window, more: tuple[int, ...], bias: bool = True
) -> Work:
    """A transposed convolution: each of C_in * H * W inputs goes into C_out / G * K * K outputs.

    An axis of N becomes (N - 1)S - 2P + D(K - 1) + 1 and what is added on one side.
    Weights: C_in * C_out / G * K * K; biases: C_out. What falls on the padding counts, as in every
    published count.

    more: rows and columns that are added on one side of the output, each less than the stride
        or the dilation.

    Raises:
        ShapeError: the groups do not divide the channels, or nothing is left of an axis.

    >>> two = Window((2, 2), (2, 2), (0, 0))
    >>> work = conv_transpose(Shape((64, 28, 28)), 32, two, (0, 0))
    >>> work.out_shape, work.counts.macs
    ((32, 56, 56), 6422528)
    """
    channels, groups = shape.channels, window.groups
    if channels % groups or filters % groups:
        raise ShapeError(f"{groups} groups do not divide {channels} channels into {filters}")
    axes = zip(shape.size, *window[:4], more, strict=True)
    sizes = tuple((n - 1) * s - 2 * p + d * (k - 1) + 1 + m for n, k, s, p, d, m in axes)
    if min(sizes) < 1:
        raise ShapeError(f"a padding of {window.padding} leaves nothing of the output")
    out, taps = Shape((filters, *sizes)), prod(window.kernel)
    counts = Counts(
        macs=shape.elements * (filters // groups) * taps,
        bias_adds=out.elements * bias,
        window_taps=out.elements * (channels // groups) * taps,
        elements_in=shape.elements,
        elements_out=out.elements,
        weights=channels * (filters // groups) * taps,
        biases=filters * bias,
    )
    return Work(out, window, counts)


def resize(shape: Shape, size: tuple[int, ...]) -> Work:
    """An interpolation to another height and width: no product that is counted.

    >>> resize(Shape((64, 28, 28)), (56, 56)).out_shape
    (64, 56, 56)
    """
    out = Shape((shape.channels, *size))
    return Work(out, None, Counts(elements_in=shape.elements, elements_out=out.elements))


def product(first: Shape, *others: Shape) -> Work:
    """A product of maps element by element; an axis of one is repeated, as for channel weights.

    Raises:
        ShapeError: an axis of one map is neither that of another nor one.

    >>> product(Shape((64, 56, 56)), Shape((64, 1, 1))).out_shape
    (64, 56, 56)
    """
    every, axes = (first, *others), range(len(first))
    if any(len(shape) != len(first) for shape in others):
        raise ShapeError("cannot multiply " + " by ".join(map(str, every)))
    out = Shape(max(shape[axis] for shape in every) for axis in axes)
    if any(shape[axis] not in (1, out[axis]) for shape in every for axis in axes):
        raise ShapeError("cannot multiply " + " by ".join(map(str, every)))
    elements = sum(shape.elements for shape in every)
    return Work(out, None, Counts(elements_in=elements, elements_out=out.elements))


def layer_norm(shape: Shape, axes: int, affine: bool = True) -> Work:
    """A layer normalisation over the last axes: a scale and a shift for each of their elements.

    >>> layer_norm(Shape((7, 7, 96)), 1).counts[-2:]
    (96, 96)
    """
    size = shape.elements
    scales = prod(shape[len(shape) - axes :]) * affine
    counts = Counts(elements_in=size, elements_out=size, weights=scales, biases=scales)
    return Work(shape, None, counts)


def layer_scale(shape: Shape) -> Work:
    """Every element times a learned factor of its channel, which is read beside the map.

    Source: Touvron et al., Going deeper with Image Transformers, ICCV 2021.

    >>> layer_scale(Shape((96, 56, 56))).counts.weights
    96
    """
    size, channels = shape.elements, shape.channels
    return Work(
        shape, None, Counts(elements_in=channels + size, elements_out=size, weights=channels)
    )
