"""The rules of counting: one small pure function for each, in integers.

C, H, W: channels, height, width; K: kernel, S: stride, P: padding, D: dilation,
G: groups. A rule works on one image. Window rules take (height, width) pairs.
"""

from __future__ import annotations

from functools import lru_cache
from math import gcd, prod

from cnnref.counting.shapes import Counts, Shape, Window, Work
from cnnref.errors import ShapeError

__all__ = [
    "adaptive_avg_pool",
    "batch_norm",
    "concat",
    "conv",
    "elementwise",
    "flatten",
    "linear",
    "lrn",
    "mean",
    "output_size",
    "pad_channels",
    "permute",
    "pool",
    "prelu",
    "receptive_field",
    "shuffle",
    "split",
    "subsample",
    "taps_inside",
]


_remember = lru_cache(maxsize=4096)


def output_size(
    size: int,
    kernel: int,
    stride: int = 1,
    padding: int = 0,
    dilation: int = 1,
    ceil_mode: bool = False,
) -> int:
    """Positions of a window along one axis: floor((W + 2P - D(K - 1) - 1) / S) + 1.

    With ceil_mode it rounds up, but drops a window that starts behind the input, as PyTorch.

    Raises:
        ShapeError: the window is larger than the padded input.

    >>> output_size(227, kernel=11, stride=4, padding=2)  # Krizhevsky 2014, conv1
    56
    >>> output_size(112, kernel=3, stride=2, ceil_mode=True)  # GoogLeNet, Table 1
    56
    """
    reach = dilation * (kernel - 1) + 1
    room = size + 2 * padding - reach
    positions = (-(-room // stride) if ceil_mode else room // stride) + 1
    if ceil_mode and (positions - 1) * stride >= size + padding:
        positions -= 1
    if positions < 1:
        raise ShapeError(f"a window of {reach} does not fit {size} with padding {padding}")
    return positions


def receptive_field(
    field: int, jump: int, kernel: int, stride: int = 1, dilation: int = 1
) -> tuple[int, int]:
    """The input pixels that one output sees along one axis, and the pixels between two outputs.

    field + D(K - 1) * jump, and jump * S, from field 1 and jump 1; the extent, gaps included.
    Source: Araujo et al., Computing Receptive Fields of ConvNets, Distill 2019.

    >>> receptive_field(3, 1, kernel=3)  # two 3x3 see 5x5
    (5, 1)
    """
    return field + dilation * (kernel - 1) * jump, jump * stride


@_remember
def conv(shape: Shape, filters: int, window: Window, bias: bool = True) -> Work:
    """A 2-D convolution: C_out * H' * W' outputs of C_in / G * K * K MACs each.

    Weights: C_out * C_in / G * K * K; biases: C_out. Taps on padding are counted
    as multiplies, as all published counts do.

    Raises:
        ShapeError: the groups do not divide the channels, or the window does not fit.

    >>> eleven = Window((11, 11), (4, 4), (2, 2))
    >>> work = conv(Shape((3, 227, 227)), 64, eleven)
    >>> work.out_shape, work.counts.macs, work.counts.weights + work.counts.biases
    ((64, 56, 56), 72855552, 23296)
    """
    channels, groups = shape.channels, window.groups
    if channels % groups or filters % groups:
        raise ShapeError(f"{groups} groups do not divide {channels} channels into {filters}")
    out = Shape((filters, *_window_positions(shape, window)))
    taps = channels // groups * prod(window.kernel)
    outputs = out.elements
    return Work(
        out,
        window,
        Counts(
            macs=outputs * taps,
            bias_adds=outputs * bias,
            elements_in=shape.elements,
            elements_out=outputs,
            weights=filters * taps,
            biases=filters * bias,
        ),
    )


@_remember
def pool(shape: Shape, window: Window) -> Work:
    """A max or average pooling: C * H' * W' outputs of K * K taps each, no parameters.

    Taps on padding are counted.

    Raises:
        ShapeError: the window does not fit, or its padding is more than half of it.

    >>> three = Window((3, 3), (2, 2), (0, 0))
    >>> work = pool(Shape((64, 56, 56)), three)
    >>> work.out_shape, work.counts.window_taps
    ((64, 27, 27), 419904)
    """
    for axis, kernel in enumerate(window.kernel):
        if 2 * (padding := window.padding[axis]) > kernel:
            raise ShapeError(f"padding {padding} is more than half of the window {kernel}")
    out = Shape((shape.channels, *_window_positions(shape, window)))
    outputs = out.elements
    counts = Counts(
        window_taps=outputs * prod(window.kernel),
        elements_in=shape.elements,
        elements_out=outputs,
    )
    return Work(out, window, counts)


@_remember
def adaptive_avg_pool(shape: Shape, size: tuple[int, ...]) -> Work:
    """An average pooling to a given size: output i reads from floor(iH/H') to ceil((i+1)H/H').

    Counts the elements that the windows cover (they may overlap), no parameters.

    >>> adaptive_avg_pool(Shape((512, 7, 7)), (1, 1)).counts.window_taps
    25088
    """
    out = Shape((shape.channels, *size))
    covered = [adaptive_taps(a, b) for a, b in zip(shape.size, size, strict=True)]
    counts = Counts(
        window_taps=shape.channels * prod(covered),
        elements_in=shape.elements,
        elements_out=out.elements,
    )
    return Work(out, None, counts)


@_remember
def linear(shape: Shape, features: int, bias: bool = True) -> Work:
    """A fully-connected layer on the last axis: C_in * C_out MACs for every position.

    Weights: C_in * C_out; biases: C_out.

    >>> work = linear(Shape((9216,)), 4096)  # AlexNet, fc6
    >>> work.counts.macs, work.counts.weights + work.counts.biases
    (37748736, 37752832)
    """
    width = shape[-1]
    out = Shape((*shape[:-1], features))
    counts = Counts(
        macs=width * out.elements,
        bias_adds=out.elements * bias,
        elements_in=shape.elements,
        elements_out=out.elements,
        weights=width * features,
        biases=features * bias,
    )
    return Work(out, None, counts)


@_remember
def batch_norm(shape: Shape, affine: bool = True) -> Work:
    """A batch normalisation: a learned scale and shift for each of the C channels.

    Running statistics are buffers and are not counted.

    >>> batch_norm(Shape((64, 112, 112))).counts[-2:]
    (64, 64)
    """
    scales = shape.channels * affine
    return Work(shape, None, _elements(shape)._replace(weights=scales, biases=scales))


@_remember
def lrn(shape: Shape, window: int) -> Work:
    """A local response normalisation over n neighbouring channels: n taps for every element.

    Source: Krizhevsky et al. 2012, section 3.3. Taps beyond the last channel count.

    >>> lrn(Shape((96, 55, 55)), 5).counts.window_taps
    1452000
    """
    counts = _elements(shape)._replace(window_taps=window * shape.elements)
    return Work(shape, Window((window,), (1,), (window // 2,), (1,)), counts)


@_remember
def elementwise(first: Shape, *others: Shape) -> Work:
    """One output for every element: an activation of one map, or a join of equal ones.

    Raises:
        ShapeError: the shapes of a join differ.

    >>> elementwise(Shape((64, 56, 56)), Shape((64, 56, 56))).counts.elements_in
    401408
    """
    if any(shape != first for shape in others):
        raise ShapeError("cannot join " + " with ".join(map(str, (first, *others))))
    size = first.elements
    return Work(first, None, Counts(elements_in=size * (1 + len(others)), elements_out=size))


@_remember
def concat(first: Shape, *others: Shape) -> Work:
    """Feature maps of one size stacked along their channels: C_1 + C_2 + ...

    Raises:
        ShapeError: the sizes differ.

    >>> concat(Shape((64, 28, 28)), Shape((128, 28, 28))).out_shape
    (192, 28, 28)
    """
    if any(shape.size != first.size for shape in others):
        raise ShapeError("cannot stack " + " on ".join(map(str, (first, *others))))
    out = Shape((first.channels + sum(shape.channels for shape in others), *first.size))
    return Work(out, None, Counts(elements_in=out.elements, elements_out=out.elements))


@_remember
def prelu(shape: Shape) -> Work:
    """A ReLU with a learned slope for each of the C channels; no biases.

    >>> prelu(Shape((16, 112, 112))).counts.weights
    16
    """
    return Work(shape, None, _elements(shape)._replace(weights=shape.channels))


@_remember
def subsample(shape: Shape, stride: tuple[int, int]) -> Work:
    """Every S-th row and column: ceil(H / S) x ceil(W / S) of them, as a view.

    >>> subsample(Shape((16, 32, 32)), (2, 2)).out_shape
    (16, 16, 16)
    """
    axes = (-(-size // step) for size, step in zip(shape.size, stride, strict=True))
    out = Shape((shape.channels, *axes))
    return Work(out, None, Counts(elements_in=shape.elements, elements_out=out.elements))


@_remember
def pad_channels(shape: Shape, before: int, after: int) -> Work:
    """Channels of zeros in front of and behind the C channels of a map.

    >>> pad_channels(Shape((16, 16, 16)), 8, 8).out_shape
    (32, 16, 16)
    """
    out = Shape((before + shape.channels + after, *shape.size))
    return Work(out, None, Counts(elements_in=shape.elements, elements_out=out.elements))


@_remember
def split(shape: Shape, parts: int) -> Work:
    """The channels in equal runs, of which the shape is that of one: views of the whole input.

    Raises:
        ShapeError: the parts do not divide the channels.

    >>> split(Shape((116, 28, 28)), 2).out_shape
    (58, 28, 28)
    """
    out = Shape((_divided(shape, parts, "parts"), *shape.size))
    return Work(out, None, _elements(shape))


@_remember
def shuffle(shape: Shape, groups: int) -> Work:
    """The channels in another order, one of each group in turn: a copy, and nothing computed.

    Raises:
        ShapeError: the groups do not divide the channels.

    >>> shuffle(Shape((116, 28, 28)), 2).out_shape
    (116, 28, 28)
    """
    _divided(shape, groups, "groups")
    return Work(shape, None, _elements(shape))


def _divided(shape: Shape, number: int, what: str) -> int:
    """The channels of each of so many equal runs."""
    if shape.channels % number:
        raise ShapeError(f"{number} {what} do not divide {shape.channels} channels")
    return shape.channels // number


@_remember
def permute(shape: Shape, order: tuple[int, ...]) -> Work:
    """The axes in another order: a view, which costs nothing.

    Raises:
        ShapeError: the order does not name each axis once.

    >>> permute(Shape((96, 56, 56)), (1, 2, 0)).out_shape
    (56, 56, 96)
    """
    if sorted(order) != list(range(len(shape))):
        raise ShapeError(f"the order {order} does not name each of its {len(shape)} axes once")
    return Work(Shape(shape[axis] for axis in order), None, _elements(shape))


@_remember
def mean(shape: Shape) -> Work:
    """The mean of each of the C channels over its map, as a vector; no window, so no taps.

    >>> mean(Shape((1024, 7, 7))).out_shape
    (1024,)
    """
    counts = Counts(elements_in=shape.elements, elements_out=shape.channels)
    return Work(Shape((shape.channels,)), None, counts)


@_remember
def flatten(shape: Shape) -> Work:
    """The same elements as one vector: a view, which costs nothing.

    >>> flatten(Shape((256, 6, 6))).out_shape
    (9216,)
    """
    return Work(Shape((shape.elements,)), None, _elements(shape))


def _elements(shape: Shape) -> Counts:
    return Counts(elements_in=shape.elements, elements_out=shape.elements)


def _window_positions(shape: Shape, window: Window) -> list[int]:
    kernel, stride, padding, dilation, _, ceil_mode = window
    axes = zip(shape.size, kernel, stride, padding, dilation, strict=True)
    return [output_size(*axis, ceil_mode) for axis in axes]


def adaptive_taps(size: int, out: int) -> int:
    """Elements that all windows of an adaptive pooling cover along one axis: H + H' - gcd(H, H').

    Neighbouring windows share the element that the border between them falls into, unless it
    falls between two: i H / H' is whole for gcd(H, H') of the H' ends.

    >>> adaptive_taps(7, 7), adaptive_taps(7, 1), adaptive_taps(7, 6)
    (7, 7, 12)
    """
    return size + out - gcd(size, out)


def taps_inside(
    size: int, out: int, kernel: int, stride: int = 1, padding: int = 0, dilation: int = 1
) -> int:
    """Of the out * K taps of a window along one axis, those that fall on the input.

    Tap k of position o lies on element o * S - P + k * D, which is on the input from 0 to
    size - 1.

    >>> taps_inside(14, out=14, kernel=3, padding=1)  # 14 * 3 less one at each end
    40
    """
    ends = (padding + size - 1, padding - 1)
    upto, before = (_taps_up_to(end, out, kernel, stride, dilation) for end in ends)
    return upto - before


def _taps_up_to(end: int, out: int, kernel: int, stride: int, dilation: int) -> int:
    """Of the taps o * S + k * D, with o below out and k below K, those that are no larger than end.

    The first taps are so at every position, the last at none; tap k between them at
    floor((end - k * D) / S) + 1 positions.
    """
    every = min(kernel, max(0, (end - out * stride) // dilation + 1))
    some = max(every, min(kernel, end // dilation + 1))
    least = end - (some - 1) * dilation
    between = some - every
    return every * out + between + _floors(between, stride, dilation, least)


def _floors(n: int, m: int, a: int, b: int) -> int:
    """The sum of floor((a * i + b) / m) for i from 0 to n - 1, in steps of Euclid's algorithm.

    Source: Graham, Knuth and Patashnik, Concrete Mathematics, section 3.5, by counting the
    points below a line along its other axis.
    """
    total = 0
    while n:
        total += n * (n - 1) // 2 * (a // m) + n * (b // m)
        a, b = a % m, b % m
        n, b = divmod(a * n + b, m)
        a, m = m, a
    return total
