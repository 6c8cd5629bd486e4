"""Receptive fields, memory while a table runs, and intensity; defined at `Table`'s methods."""

from __future__ import annotations

from itertools import accumulate
from typing import NamedTuple

from cnnref.arithmetic import receptive_field
from cnnref.checks import whole
from cnnref.errors import CnnrefError
from cnnref.layer import Layer, Shape
from cnnref.table import Table

__all__ = [
    "IDENTITY",
    "IN_PLACE",
    "POINTWISE",
    "VIEWS",
    "ReceptiveField",
    "arithmetic_intensity",
    "peak_activation_bytes",
    "receptive_fields",
    "training_activation_bytes",
]

# fmt: off
# the output is the input's own memory under another shape, so it takes none
VIEWS = frozenset({
    "alias", "detach", "expand", "flatten", "permute", "reshape", "select", "slice", "squeeze",
    "t", "transpose", "unsqueeze", "view",
})
# hands its input on as it is at inference; in training it makes an output of its own
IDENTITY = frozenset({"dropout"})
# overwrites its input, unless a later row or the caller still wants the old values
IN_PLACE = frozenset({"relu"})
# each position of the output sees the same position of each input
POINTWISE = frozenset({
    "add", "batch_norm", "clamp", "clone", "concat", "contiguous", "detach", "div", "dropout",
    "elu", "gelu", "hardsigmoid", "hardswish", "hardtanh", "leaky_relu", "lrn", "mish",
    "multiply", "prelu", "relu", "scale", "sigmoid", "silu", "softplus", "sub", "tanh",
})
# fmt: on

Axis = tuple[int, int, int, int]  # kernel, stride, padding, dilation
STILL = (1, 1, 0, 1)


class ReceptiveField(NamedTuple):
    """Input pixels that one output sees, and pixels between two outputs; (height, width) pairs."""

    field: tuple[int, int]
    jump: tuple[int, int]


class _Span(NamedTuple):
    """Along one axis, output i sees `field` pixels, the first of them at first + i * jump."""

    first: int
    field: int
    jump: int


def receptive_fields(table: Table) -> tuple[ReceptiveField, ...]:
    """The receptive field and the jump of each row's output; see `Table.receptive_fields`.

    Raises:
        CnnrefError: a row's source is not in the table, or its operator has no rule here.
    """
    layers = _whole_table(table)
    pixel = _Span(0, 1, 1)
    spans: list[tuple[_Span, _Span]] = []
    for layer in layers:
        made = [spans[source] if source >= 0 else (pixel, pixel) for source in layer.inputs]
        if len(made) == 1 and layer.op in POINTWISE:
            spans.append(made[0])
            continue
        shapes = [_shape(table, layers, source) for source in layer.inputs]
        high, wide = _windows(layer, shapes)
        full = [shape[1:] == layer.out_shape[1:] for shape in shapes]
        rows, columns = (_hull(axis, full) for axis in zip(*made, strict=True))
        spans.append((_slide(rows, *high), _slide(columns, *wide)))
    return tuple(ReceptiveField((h.field, w.field), (h.jump, w.jump)) for h, w in spans)


def _windows(layer: Layer, shapes: list[Shape]) -> tuple[Axis, Axis]:
    out, ranks = layer.out_shape, {len(shape) for shape in shapes}
    if ranks == {1} and len(out) == 1:
        return STILL, STILL
    if ranks == {3} and len(out) == 1:
        height, width = shapes[0].size
        return (height, height, 0, 1), (width, width, 0, 1)
    if ranks == {3} and len(out) == 3:
        if layer.op.rstrip("_") in POINTWISE:
            return STILL, STILL
        if layer.geometry is not None:
            high, wide = zip(*layer.geometry[:4], strict=True)
            return high, wide
        rows, columns = zip(shapes[0].size, out.size, strict=True)
        if layer.op == "adaptive_avg_pool":
            return _share(*rows), _share(*columns)
        if layer.op == "pad":
            high, wide = ((1, 1, (after - size) // 2, 1) for size, after in (rows, columns))
            return high, wide
        if layer.op == "slice" and all(a == _ceil(b, _ceil(b, a)) for b, a in (rows, columns)):
            return (1, _ceil(*rows), 0, 1), (1, _ceil(*columns), 0, 1)
    raise CnnrefError(f"{layer.name}: no rule says which positions of its input {layer.op} sees.")


def _share(size: int, out: int) -> Axis:
    """The largest window of an adaptive pooling, and the largest step between two."""
    kernel = max(_ceil((i + 1) * size, out) - i * size // out for i in range(out))
    return kernel, _ceil(size, out), 0, 1


def _ceil(a: int, b: int) -> int:
    return -(-a // b)


def _slide(span: _Span, kernel: int, stride: int, padding: int, dilation: int) -> _Span:
    field, jump = receptive_field(span.field, span.jump, kernel, stride, dilation)
    return _Span(span.first - padding * span.jump, field, jump)


def _hull(spans: tuple[_Span, ...], full: list[bool]) -> _Span:
    if len(spans) == 1:
        return spans[0]
    first = min(span.first for span in spans)
    end = max(span.first + span.field for span in spans)
    # a map that is broadcast does not say how far apart the outputs are
    moving = [span.jump for span, is_full in zip(spans, full, strict=True) if is_full]
    return _Span(first, end - first, max(moving or [span.jump for span in spans]))


def peak_activation_bytes(table: Table, bytes_per_element: int = 4) -> int:
    """The most bytes of feature maps alive at once; see `Table.peak_activation_bytes`."""
    whole("peak_activation_bytes", "bytes_per_element", bytes_per_element, least=1)
    layers = _whole_table(table)
    owners, last = _storages(layers, VIEWS | IDENTITY | IN_PLACE)
    until = [-1] * len(last)
    for owner, reader in zip(owners, last, strict=True):
        until[owner] = max(until[owner], reader)
    change = [0] * (len(layers) + 2)
    for owner in set(owners):
        if until[owner] >= 0:
            elements = _shape(table, layers, owner).elements
            change[max(owner, 0)] += elements
            change[until[owner] + 1] -= elements
    return bytes_per_element * max(accumulate(change))


def training_activation_bytes(table: Table, bytes_per_element: int = 4) -> int:
    """Bytes of all outputs, each kept once; see `Table.training_activation_bytes`."""
    whole("training_activation_bytes", "bytes_per_element", bytes_per_element, least=1)
    layers = _whole_table(table)
    owners, _ = _storages(layers, VIEWS | IN_PLACE)
    kept = {owner for owner in owners if owner >= 0}
    return bytes_per_element * sum(layers[owner].out_shape.elements for owner in kept)


def arithmetic_intensity(layer: Layer, bytes_per_element: int = 4) -> float:
    """FLOPs per byte of one row; see `Table.arithmetic_intensities`."""
    whole("arithmetic_intensity", "bytes_per_element", bytes_per_element, least=1)
    counts = layer.counts
    moved = layer.parameters + counts.elements_in + counts.elements_out
    return 2 * counts.macs / (moved * bytes_per_element) if counts.macs else 0.0


def _storages(layers: tuple[Layer, ...], sharing: frozenset[str]) -> tuple[list[int], list[int]]:
    """Whose storage each row's output is in, and its last reader; the network's input comes last.

    An output that no row reads is wanted after the last row, an unread input never (-1).
    """
    last = [len(layers)] * len(layers) + [-1]
    for number, layer in enumerate(layers):
        for source in layer.inputs:
            last[source] = number
    owners = [*range(len(layers)), -1]
    wanted = list(last)  # of each storage: the last reader of what it holds so far
    for number, layer in enumerate(layers):
        if layer.op in sharing and layer.inputs:
            owner = owners[layer.inputs[0]]
            if layer.op not in IN_PLACE or wanted[owner] == number:
                owners[number] = owner
                wanted[owner] = max(wanted[owner], last[number])
    return owners, last


def _shape(table: Table, layers: tuple[Layer, ...], source: int) -> Shape:
    return layers[source].out_shape if source >= 0 else table.input_shape


def _whole_table(table: Table) -> tuple[Layer, ...]:
    layers = tuple(table)
    for number, layer in enumerate(layers):
        if max(layer.inputs, default=-1) >= number:
            raise CnnrefError(f"{layer.name}: the row that it reads is not in this table.")
    return layers
