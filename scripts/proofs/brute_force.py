"""An oracle for the rules of counting: windows slid and taps counted one by one."""

from __future__ import annotations

from itertools import product
from typing import Any


def starts(
    size: int, kernel: Any, stride: Any, padding: Any, dilation: Any, ceil_mode: bool = False
) -> Any:
    """Where a window starts along one axis, in coordinates of the unpadded input."""
    found = []
    start = -padding
    while start + dilation * (kernel - 1) <= size + padding - 1:
        found.append(start)
        start += stride
    # PyTorch lets one more window hang over the end, by less than a step, if it starts inside
    covered = found and found[-1] + dilation * (kernel - 1) >= size + padding - 1
    over = start + dilation * (kernel - 1) - (size + padding - 1)
    if ceil_mode and not covered and start < size and over < stride:
        found.append(start)
    return found


def windows(
    shape: Any, kernel: Any, stride: Any, padding: Any, dilation: Any, ceil_mode: bool = False
) -> Any:
    """The taps of each output position: a list of (row, column) pairs for each."""
    axes = [
        [[start + dilation[axis] * tap for tap in range(kernel[axis])] for start in
         starts(shape[axis + 1], kernel[axis], stride[axis], padding[axis], dilation[axis],
                ceil_mode)]
        for axis in (0, 1)
    ]  # fmt: skip
    return {
        (i, j): list(product(rows, columns))
        for (i, rows), (j, columns) in product(enumerate(axes[0]), enumerate(axes[1]))
    }


def conv(
    shape: Any, filters: int, kernel: Any, stride: Any, padding: Any, dilation: Any, groups: int
) -> Any:
    """Output shape, multiply-adds and distinct weights of a convolution, all by enumeration."""
    places = windows(shape, kernel, stride, padding, dilation)
    in_group, out_group = shape[0] // groups, filters // groups
    macs, weights = 0, set()
    for position, one in product(range(filters), places):
        group = position // out_group
        for channel in range(group * in_group, (group + 1) * in_group):
            for tap, _ in enumerate(places[one]):
                macs += 1
                weights.add((position, channel, tap))
    return extent(filters, places), macs, len(weights)


def pool(shape: Any, kernel: Any, stride: Any, padding: Any, dilation: Any, ceil_mode: bool) -> Any:
    """Output shape and taps of a pooling."""
    places = windows(shape, kernel, stride, padding, dilation, ceil_mode)
    return extent(shape[0], places), shape[0] * sum(map(len, places.values()))


def adaptive(shape: Any, size: Any) -> Any:
    """Taps of an adaptive pooling: the inputs that overlap each output's share of the axis."""
    taps = 0
    for i, j in product(range(size[0]), range(size[1])):
        rows = [y for y in range(shape[1]) if overlaps(y, i, shape[1], size[0])]
        columns = [x for x in range(shape[2]) if overlaps(x, j, shape[2], size[1])]
        taps += len(rows) * len(columns)
    return shape[0] * taps


def overlaps(pixel: int, share: int, size: int, shares: int) -> Any:
    """Whether [pixel, pixel + 1) meets [share, share + 1) * size / shares."""
    return pixel * shares < (share + 1) * size and (pixel + 1) * shares > share * size


def linear(width: int, features: int) -> Any:
    """Multiply-adds and weights of a fully-connected layer."""
    used = [(i, j) for i in range(width) for j in range(features)]
    return len(used), len(set(used))


def extent(channels: int, places: Any) -> Any:
    return (channels, len({i for i, _ in places}), len({j for _, j in places}))


def reach(field: Any, jump: Any, kernel: Any, stride: Any, dilation: Any) -> Any:
    """Pixels that a window on a map sees, and from where the next window sees them.

    Each element of the map sees `field` pixels from `jump` times its place on.
    """
    seen = [
        {
            place * jump + pixel
            for place in (start + dilation * tap for tap in range(kernel))
            for pixel in range(field)
        }
        for start in (0, stride)
    ]
    return max(seen[0]) - min(seen[0]) + 1, min(seen[1]) - min(seen[0])


def elements(shape: Any) -> Any:
    """Every index of a map, one by one."""
    return len(list(product(*map(range, shape))))


def lrn(shape: Any, window: int) -> Any:
    """Taps of a normalisation across channels, and how many channels lie before the middle."""
    taps = sum(1 for _ in product(product(*map(range, shape)), range(window)))
    before = next(left for left in range(window) if left >= window - 1 - left)
    return taps, before


def stacked(shapes: Any) -> Any:
    """The shape of maps stacked along their channels."""
    channels = [(number, channel) for number, one in enumerate(shapes) for channel in range(one[0])]
    return (len(channels), *shapes[0][1:])


def strided(shape: Any, stride: Any) -> Any:
    """The shape of every stride-th row and column."""
    axes = zip(shape[1:], stride, strict=True)
    return (shape[0], *(len(range(0, size, step)) for size, step in axes))


def padded(shape: Any, before: Any, after: Any) -> Any:
    """The shape of a map between channels of zeros."""
    channels = ["zeros"] * before + ["map"] * shape[0] + ["zeros"] * after
    return (len(channels), *shape[1:])


def shares(size: int, parts: int) -> Any:
    """Elements that all parts of an adaptive pooling cover along one axis."""
    return sum(overlaps(pixel, part, size, parts) for pixel in range(size) for part in range(parts))
