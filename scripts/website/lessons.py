"""Single blocks of the networks after the lecture, and LeNet before it: small enough to check.

Each is a function of a Net; `lookup` gives its table under a key "block:NAME". Where a block
is set beside another, both take the same input and give the same output.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import cache

from cnnref.counting.layer import Layer
from cnnref.counting.shapes import Shape
from cnnref.drawing import block_kind, block_rows
from cnnref.errors import CnnrefError, UnknownNameError
from cnnref.net import FeatureMap, Net
from cnnref.tables.table import Table

__all__ = [
    "BLOCKS",
    "NAIVE",
    "PARTS",
    "block",
    "block_table",
    "lesson",
    "naive_inception",
    "part",
]


# the end of a block's name where its reductions are left out
NAIVE = "-naive"
# C x H x W of the map that a block works on: a middle stage of an ImageNet network
MIDDLE = (256, 14, 14)
WIDE = (256, 56, 56)
NARROW = (24, 56, 56)


def lesson(key: str) -> Table | None:
    """The table under a key "block:NAME" or "part:KIND:SIZE..."; None where a key is another.

    Raises:
        UnknownNameError: no block or kind of piece has that name.
        CnnrefError: a size of a piece is not a whole number, or their number is wrong.

    >>> lesson("block:plain").macs, lesson("part:basic:1:1").macs, lesson("vgg16")
    (115605504, 18, None)
    """
    kind, _, name = key.partition(":")
    if kind not in ("block", "part"):
        return None
    return block(name) if kind == "block" else part(name)


@cache
def block(name: str) -> Table:
    """The rows of one block.

    Raises:
        UnknownNameError: no block has that name.

    >>> block("plain").macs, block("separable").macs
    (115605504, 13296640)
    """
    if name not in BLOCKS:
        raise UnknownNameError("block", name, BLOCKS)
    shape, build = BLOCKS[name]
    net = Net(shape, name=f"block:{name}")
    with net.block(name):
        build(net, net.input)
    return net.table()


def plain(net: Net, x: FeatureMap) -> FeatureMap:
    """A 3x3 convolution from every channel to every channel."""
    return net.conv(x, x.shape.channels, 3, padding=1, bias=False, name="conv")


def grouped(net: Net, x: FeatureMap) -> FeatureMap:
    """The same in 32 groups, each blind to the others."""
    return net.conv(x, x.shape.channels, 3, padding=1, groups=32, bias=False, name="conv")


def separable(net: Net, x: FeatureMap) -> FeatureMap:
    """MobileNet: one 3x3 filter for each channel, then a 1x1 convolution across the channels."""
    channels = x.shape.channels
    x = net.conv(x, channels, 3, padding=1, groups=channels, bias=False, name="depthwise")
    return net.conv(x, channels, 1, bias=False, name="pointwise")


def bottleneck(net: Net, x: FeatureMap, inner: int = 64, groups: int = 1) -> FeatureMap:
    """ResNet's block: 1x1 down, 3x3, 1x1 up, and the sum with the input."""
    y = net.conv(x, inner, 1, bias=False, name="reduce")
    y = net.conv(y, inner, 3, padding=1, groups=groups, bias=False, name="conv")
    y = net.conv(y, x.shape.channels, 1, bias=False, name="expand")
    return net.add(y, x, name="add")


def resnext(net: Net, x: FeatureMap) -> FeatureMap:
    """ResNeXt 32x4d: twice as wide inside, in 32 groups."""
    return bottleneck(net, x, inner=128, groups=32)


def wide_bottleneck(net: Net, x: FeatureMap) -> FeatureMap:
    """ResNeXt's widths without its groups."""
    return bottleneck(net, x, inner=128)


def squeeze_excite(net: Net, x: FeatureMap) -> FeatureMap:
    """SENet's gate, reduction 16: pool, two fully-connected layers; the product is not counted."""
    channels = x.shape.channels
    y = net.flatten(net.adaptive_avg_pool(x, 1, name="squeeze"), name="flatten")
    y = net.relu(net.linear(y, channels // 16, name="fc1"), name="relu")
    return net.linear(y, channels, name="fc2")


def dense(net: Net, x: FeatureMap, layers: int = 6) -> FeatureMap:
    """DenseNet, growth 32: layers of which each reads all maps before it."""
    for number in range(1, layers + 1):
        y = net.conv(x, 4 * 32, 1, bias=False, name=f"reduce{number}")
        y = net.conv(y, 32, 3, padding=1, bias=False, name=f"conv{number}")
        x = net.concat(x, y, name=f"concat{number}")
    return x


def dense_pair(net: Net, x: FeatureMap) -> FeatureMap:
    """The first two layers of such a block."""
    return dense(net, x, layers=2)


def inverted(net: Net, x: FeatureMap) -> FeatureMap:
    """MobileNetV2: expand six times, a depthwise 3x3 there, back to the thin map, and the sum."""
    channels = x.shape.channels
    y = net.conv(x, 6 * channels, 1, bias=False, name="expand")
    y = net.conv(y, 6 * channels, 3, padding=1, groups=6 * channels, bias=False, name="depthwise")
    y = net.conv(y, channels, 1, bias=False, name="project")
    return net.add(y, x, name="add")


def expanded(net: Net, x: FeatureMap) -> FeatureMap:
    """MobileNetV2's widths with an ordinary 3x3 inside."""
    channels = x.shape.channels
    y = net.conv(x, 6 * channels, 1, bias=False, name="expand")
    y = net.conv(y, 6 * channels, 3, padding=1, bias=False, name="conv")
    y = net.conv(y, channels, 1, bias=False, name="project")
    return net.add(y, x, name="add")


def shuffle(net: Net, x: FeatureMap) -> FeatureMap:
    """ShuffleNet: 1x1 convolutions in 4 groups, a shuffle and a depthwise 3x3 between them."""
    channels = x.shape.channels
    inner = channels // 4
    y = net.conv(x, inner, 1, groups=4, bias=False, name="reduce")
    y = net.shuffle(y, 4, name="channel_shuffle")
    y = net.conv(y, inner, 3, padding=1, groups=inner, bias=False, name="depthwise")
    y = net.conv(y, channels, 1, groups=4, bias=False, name="expand")
    return net.add(y, x, name="add")


def shuffle_ungrouped(net: Net, x: FeatureMap) -> FeatureMap:
    """The same with 1x1 convolutions that see every channel."""
    channels = x.shape.channels
    inner = channels // 4
    y = net.conv(x, inner, 1, bias=False, name="reduce")
    y = net.conv(y, inner, 3, padding=1, groups=inner, bias=False, name="depthwise")
    y = net.conv(y, channels, 1, bias=False, name="expand")
    return net.add(y, x, name="add")


def convnext(net: Net, x: FeatureMap) -> FeatureMap:
    """ConvNeXt: a depthwise 7x7, then 1x1 to four times the width and back, and the sum."""
    channels = x.shape.channels
    y = net.conv(x, channels, 7, padding=3, groups=channels, name="depthwise")
    y = net.conv(y, 4 * channels, 1, name="expand")
    y = net.conv(y, channels, 1, name="project")
    return net.add(y, x, name="add")


def lenet(net: Net, x: FeatureMap) -> FeatureMap:
    """LeNet-5 (LeCun et al., 1998) as it is taught today: conv2 sees all maps, poolings only pool.

    The network of 1998 connects only some maps in its second convolution, and its poolings have a
    weight and a bias for each map.
    """
    x = net.conv(x, 6, 5, name="conv1")
    x = net.avg_pool(x, 2, name="pool1")
    x = net.conv(x, 16, 5, name="conv2")
    x = net.flatten(net.avg_pool(x, 2, name="pool2"), name="flatten")
    for number, features in enumerate((120, 84, 10), 3):
        x = net.linear(x, features, name=f"fc{number}")
    return x


def stack(net: Net, x: FeatureMap, layers: int = 4) -> FeatureMap:
    """Some equal 3x3 convolutions: what scaling is tried on."""
    for number in range(1, layers + 1):
        x = net.conv(x, x.shape.channels, 3, padding=1, bias=False, name=f"conv{number}")
    return x


def deeper(net: Net, x: FeatureMap) -> FeatureMap:
    """Twice the layers."""
    return stack(net, x, layers=8)


BLOCKS: Mapping[str, tuple[Shape, Callable[[Net, FeatureMap], FeatureMap]]] = {
    name: (Shape(shape), build)
    for name, shape, build in (
        ("lenet", (1, 32, 32), lenet),
        ("plain", MIDDLE, plain),
        ("grouped", MIDDLE, grouped),
        ("separable", MIDDLE, separable),
        ("bottleneck", WIDE, bottleneck),
        ("resnext", WIDE, resnext),
        ("wide_bottleneck", WIDE, wide_bottleneck),
        ("squeeze_excite", WIDE, squeeze_excite),
        ("dense", WIDE, dense),
        ("dense_pair", WIDE, dense_pair),
        ("inverted", NARROW, inverted),
        ("expanded", NARROW, expanded),
        ("shuffle", MIDDLE, shuffle),
        ("shuffle_ungrouped", MIDDLE, shuffle_ungrouped),
        ("convnext", (96, 56, 56), convnext),
        ("convnext_plain", (96, 56, 56), plain),
        ("stack", (64, 28, 28), stack),
        ("deeper", (64, 28, 28), deeper),
        ("wider", (128, 28, 28), stack),
        ("sharper", (64, 56, 56), stack),
    )
}


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


def block_table(table: Table, block: str) -> Table:
    """A block as a table of its own; "3a-naive" is `naive_inception` of "3a".

    Raises:
        UnknownNameError: no block has that name.
    """
    if block.endswith(NAIVE):
        return naive_inception(table, block.removesuffix(NAIVE))
    layers = [table[row] for row in block_rows(table, block)]
    return Table(layers, name=f"{table.name} {layers[0].block}", input_shape=layers[0].in_shape)


def naive_inception(table: Table, block: str) -> Table:
    """An inception module of a table as it would be without its 1x1 reductions (Figure 2a).

    Of each branch only the row with the largest window is left, with the filters it has;
    it works on the module's own input. The pooling hands on all the channels it gets.

    Raises:
        UnknownNameError: no block has that name.
        CnnrefError: the block is no inception module.

    >>> import cnnref
    >>> book = naive_inception(cnnref.table("googlenet"), "3a")
    >>> book[-1].out_shape, book.macs
    ((416, 28, 28), 303464448)
    """
    rows = block_rows(table, block)
    layers = table.part(rows)
    join = layers[-1]
    if block_kind(layers) != "inception module" or join.op != "concat":
        raise CnnrefError(f"{table.name}: {block} is no inception module with one concatenation.")
    net = Net(layers[0].in_shape, name=f"{table.name} {layers[0].block} without reductions")
    with net.stage(join.stage), net.block(join.block):
        branches = [_largest(table, end, rows[0]) for end in join.inputs]
        net.concat(*(_again(net, layer) for layer in branches), name=join.name)
    return net.table()


def _largest(table: Table, row: int, first: int) -> Layer:
    """Of the rows from the block's first to this one, along the first inputs: the widest window."""
    branch: list[Layer] = []
    while row >= first:
        branch.append(table[row])
        row = table[row].inputs[0]
    windows = [layer for layer in branch[::-1] if layer.window is not None]
    return max(windows, key=lambda layer: layer.window.kernel if layer.window else ())


def _again(net: Net, layer: Layer) -> FeatureMap:
    assert layer.window is not None
    (height, width), _, (top, left), *_ = layer.window
    window, margin = (height, width), (top, left)
    if layer.op == "max_pool":
        return net.max_pool(net.input, window, stride=1, padding=margin, name=layer.name)
    bias = bool(layer.counts.biases)
    channels = layer.out_shape.channels
    x = net.conv(net.input, channels, window, padding=margin, bias=bias, name=layer.name)
    x = x if bias else net.batch_norm(x, name=f"{layer.name}.bn")
    return net.relu(x, name=f"{layer.name}.relu")
