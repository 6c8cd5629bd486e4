"""Finding a block of a table, saying of which kind it is, and what GoogLeNet's would have been."""

from __future__ import annotations

from collections.abc import Sequence

from cnnref.counting.layer import Layer
from cnnref.errors import CnnrefError, UnknownNameError
from cnnref.net import FeatureMap, Net
from cnnref.tables.table import Table

__all__ = ["NAIVE", "block_kind", "block_rows", "block_table", "naive_inception", "stage_rows"]

NAIVE = "-naive"


def block_rows(table: Table, block: str) -> tuple[int, ...]:
    """The numbers of a block's rows; the end of its name will do where only one ends so.

    Raises:
        UnknownNameError: no block, or more than one, has a name that ends so.

    >>> import cnnref
    >>> block_rows(cnnref.table("googlenet"), "3a")[:3]
    (10, 11, 12)
    """
    names = [name for name in table.group("block") if name]
    found = [name for name in names if name == block] or [
        name for name in names if block and name.endswith(f"_{block}")
    ]
    if len(found) != 1:
        raise UnknownNameError(f"block of {table.name}", block, names)
    return tuple(row for row, layer in enumerate(table) if layer.block == found[0])


def stage_rows(table: Table, stage: str) -> tuple[int, ...]:
    """The numbers of a stage's rows.

    Raises:
        UnknownNameError: no stage has that name.
    """
    rows = tuple(row for row, layer in enumerate(table) if layer.stage == stage)
    if not rows:
        raise UnknownNameError(f"stage of {table.name}", stage, table.group("stage"))
    return rows


def block_kind(layers: Sequence[Layer]) -> str:
    """What a block is called, from its joins and the windows of its convolutions.

    >>> import cnnref
    >>> [block_kind(cnnref.table(name).group("block")[block]) for name, block in (
    ...     ("resnet34", "conv3_1"), ("preact_resnet50", "conv3_2"), ("squeezenet1_0", "fire2"))]
    ['basic block', 'pre-activation bottleneck', 'fire module']
    """
    ops = [layer.op for layer in layers]
    if "concat" in ops:
        if "add" in ops:
            return "Inception-ResNet block"
        return _module(layers)
    if "add" not in ops:
        return "plain block"
    name = "bottleneck" if (1, 1) in _windows(layers) else "basic block"
    return f"pre-activation {name}" if ops[0] == "batch_norm" or ops[-1] == "add" else name


def _windows(layers: Sequence[Layer]) -> list[tuple[int, ...]]:
    """The windows of a block's convolutions, but for those that project its input."""
    convs = [layer for layer in layers if layer.op == "conv"]
    inner = [*convs[:1], *(layer for layer in convs if layer.inputs != convs[0].inputs)]
    return [layer.window.kernel for layer in inner if layer.window]


def _module(layers: Sequence[Layer]) -> str:
    """What branches that are concatenated are called: one pools with a stride, or two, or more."""
    if _squeezed(layers):
        return "fire module"
    if any(layer.op.endswith("_pool") and _stride(layer) > 1 for layer in layers):
        return "reduction module"
    joins = [layer for layer in layers if layer.op == "concat"]
    return "inception module" if len(joins[-1].inputs) > 2 else "two branches"


def _stride(layer: Layer) -> int:
    return max(layer.window.stride) if layer.window else 1


def _squeezed(layers: Sequence[Layer]) -> bool:
    """Whether everything that a block concatenates was made from one 1x1 convolution."""
    first = layers[0]
    small = first.window is not None and set(first.window.kernel) == {1}
    outside = [layer for layer in layers[1:] if first.inputs[0] in layer.inputs]
    return small and first.op == "conv" and not outside


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
    layers = [table[row] for row in rows]
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
