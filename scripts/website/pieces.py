"""Pieces of networks that the chapters take apart: tables for facts, formulas and exercises.

A piece has a name such as "conv:3:227:64:11:4:2": its kind, and sizes between colons. A
path of website.facts may begin with it behind "part:".
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

from cnnref.errors import CnnrefError, UnknownNameError
from cnnref.net import FeatureMap, Net
from cnnref.tables.table import Table

__all__ = ["PARTS", "part"]


def part(name: str) -> Table:
    """The table of one piece, "KIND:SIZE:SIZE..."; a kind is a key of PARTS.

    Raises:
        UnknownNameError: there is no such kind.
        CnnrefError: a size is not a whole number, or there are too many or too few of them.

    >>> part("conv:3:227:64:11:4:2").macs
    72855552
    >>> part("basic:1:1").macs, part("bottleneck:1:1").macs
    (18, 17)
    """
    kind, *sizes = name.split(":")
    if kind not in PARTS:
        raise UnknownNameError("part", kind, PARTS)
    if not all(size.isdecimal() for size in sizes):
        raise CnnrefError(f"part {name!r}: each size must be a whole number.")
    build, fewest, most = PARTS[kind]
    if not fewest <= len(sizes) <= most:
        raise CnnrefError(f"part {name!r}: {kind} takes {fewest} to {most} sizes.")
    return build(name, *map(int, sizes))


def _basic(name: str, channels: int, size: int) -> Table:
    """Two 3x3 convolutions on `channels` maps, as in ResNet-34."""
    net = Net((channels, size, size), name=name)
    x = _conv(net, net.input, channels, 3, "conv1")
    x = _conv(net, x, channels, 3, "conv2")
    net.add(x, net.input, name="add")
    return net.table()


def _bottleneck(name: str, channels: int, size: int) -> Table:
    """1x1, 3x3 and 1x1 on four times `channels` maps, as in ResNet-50."""
    net = Net((4 * channels, size, size), name=name)
    x = _conv(net, net.input, channels, 1, "conv1")
    x = _conv(net, x, channels, 3, "conv2")
    x = _conv(net, x, 4 * channels, 1, "conv3")
    net.add(x, net.input, name="add")
    return net.table()


def _conv(net: Net, x: FeatureMap, filters: int, kernel: int, name: str) -> FeatureMap:
    # batch normalisation follows, so there is no bias
    return net.conv(x, filters, kernel, padding=kernel // 2, bias=False, name=name)


def _chain(name: str, channels: int, size: int, kernel: int, *filters: int) -> Table:
    net = Net((channels, size, size), name=name)
    x = net.input
    for number, width in enumerate(filters, 1):
        x = net.conv(x, width, kernel, padding=kernel // 2, name=f"conv{number}")
    return net.table()


def _lone_conv(
    name: str,
    channels: int,
    size: int,
    filters: int,
    kernel: int,
    stride: int = 1,
    padding: int = 0,
    groups: int = 1,
) -> Table:
    net = Net((channels, size, size), name=name)
    net.conv(net.input, filters, kernel, stride=stride, padding=padding, groups=groups, name="conv")
    return net.table()


def _lone_pool(
    name: str, channels: int, size: int, kernel: int, stride: int, padding: int = 0, ceil: int = 0
) -> Table:
    net = Net((channels, size, size), name=name)
    net.max_pool(
        net.input, kernel, stride=stride, padding=padding, ceil_mode=bool(ceil), name="pool"
    )
    return net.table()


def _lone_linear(name: str, features: int, outputs: int) -> Table:
    net = Net((features,), name=name)
    net.linear(net.input, outputs, name="fc")
    return net.table()


Build = Callable[..., Table]
# kind -> what builds it, and how few and how many sizes it takes
PARTS: Mapping[str, tuple[Build, int, int]] = {
    "chain": (_chain, 4, 9),
    "conv": (_lone_conv, 4, 8),
    "pool": (_lone_pool, 4, 6),
    "linear": (_lone_linear, 2, 2),
    "basic": (_basic, 2, 2),
    "bottleneck": (_bottleneck, 2, 2),
}
