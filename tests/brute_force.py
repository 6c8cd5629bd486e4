"""An oracle for the rules of counting: windows slid and taps counted one by one."""

from __future__ import annotations

from itertools import product


def starts(size, kernel, stride, padding, dilation, ceil_mode=False):
    """Where a window starts along one axis, in coordinates of the unpadded input."""
    found = []
    start = -padding
    while start + dilation * (kernel - 1) <= size + padding - 1:
        found.append(start)
        start += stride
    # PyTorch lets one more window hang over the end, if it still starts inside
    covered = found and found[-1] + dilation * (kernel - 1) >= size + padding - 1
    if ceil_mode and not covered and start < size:
        found.append(start)
    return found


def windows(shape, kernel, stride, padding, dilation, ceil_mode=False):
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


def conv(shape, filters, kernel, stride, padding, dilation, groups):
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


def pool(shape, kernel, stride, padding, dilation, ceil_mode):
    """Output shape and taps of a pooling."""
    places = windows(shape, kernel, stride, padding, dilation, ceil_mode)
    return extent(shape[0], places), shape[0] * sum(map(len, places.values()))


def adaptive(shape, size):
    """Taps of an adaptive pooling: the inputs that overlap each output's share of the axis."""
    taps = 0
    for i, j in product(range(size[0]), range(size[1])):
        rows = [y for y in range(shape[1]) if overlaps(y, i, shape[1], size[0])]
        columns = [x for x in range(shape[2]) if overlaps(x, j, shape[2], size[1])]
        taps += len(rows) * len(columns)
    return shape[0] * taps


def overlaps(pixel, share, size, shares):
    """Whether [pixel, pixel + 1) meets [share, share + 1) * size / shares."""
    return pixel * shares < (share + 1) * size and (pixel + 1) * shares > share * size


def linear(width, features):
    """Multiply-adds and weights of a fully-connected layer."""
    used = [(i, j) for i in range(width) for j in range(features)]
    return len(used), len(set(used))


def extent(channels, places):
    return (channels, len({i for i, _ in places}), len({j for _, j in places}))
