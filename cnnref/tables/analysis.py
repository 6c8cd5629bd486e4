"""Receptive fields, memory while a table runs, and intensity; defined at `Table`'s methods."""

from __future__ import annotations

from collections.abc import Iterable
from itertools import accumulate
from typing import Any, NamedTuple

from cnnref.counting import operators as kinds
from cnnref.counting.arguments import whole
from cnnref.counting.arithmetic import receptive_field
from cnnref.counting.layer import Layer
from cnnref.counting.shapes import Shape
from cnnref.errors import CnnrefError, UnknownNameError
from cnnref.tables.rows import Rows

__all__ = [
    "DTYPES",
    "IDENTITY",
    "IN_PLACE",
    "OPTIMIZERS",
    "POINTWISE",
    "VIEWS",
    "ReceptiveField",
    "alive_at",
    "arithmetic_intensity",
    "element_bytes",
    "intensity",
    "kept_for_training",
    "known_fields",
    "live_activation_bytes",
    "moved_bytes",
    "peak_activation_bytes",
    "receptive_fields",
    "training_activation_bytes",
    "training_bytes",
]

# the output is the input's own memory under another shape, so it takes none
VIEWS = frozenset(kinds.VIEWS)
# hands its input on as it is at inference; in training it makes an output of its own
IDENTITY = frozenset({"dropout"})
# overwrites its input, unless a later row or the caller still wants the old values
IN_PLACE = frozenset({"relu"})
# reads those of its weights that its input names
LOOKED_UP = frozenset({"embedding", "embedding_bag"})
# along an axis, and not position by position
ALONG = frozenset(
    {"softmax", "softmin", "log_softmax", "gumbel_softmax", "glu", "cumsum", "cumprod", "cummax",
     "cummin", "logcumsumexp", "renorm", "weight_norm"}
)  # fmt: skip
# each position of the output sees the same position of each input
POINTWISE = (
    frozenset((*kinds.ACTIVATIONS, *kinds.ELEMENTWISE))
    | {"batch_norm", "clone", "concat", "contiguous", "copy", "detach", "float", "half", "lrn"}
    | {"to", "type"}
) - ALONG

# numbers held for each parameter that learns: itself, its gradient, what the optimizer remembers
OPTIMIZERS = {"none": 1, "sgd": 2, "momentum": 3, "adam": 4}

DTYPES = {
    "float64": 8, "float32": 4, "float16": 2, "bfloat16": 2, "float8_e4m3fn": 1, "float8_e5m2": 1,
    "int64": 8, "int32": 4, "int16": 2, "int8": 1, "uint8": 1, "bool": 1,
}  # fmt: skip

# they take no value of what they are given
UNSEEING = frozenset({*kinds.FRESH, "zero"} - {"multinomial", "normal", "poisson", "tensor"})
# they normalise by statistics of the map that they are given, unless a constant says otherwise
OF_THE_MAP = frozenset({"group_norm", "instance_norm"})
# their windows are not laid over their input at steps: they spread it, or look elsewhere
SPREADING = frozenset({"conv_transpose", "deform_conv"})
# what a pad adds in front along an axis, and a slice leaves out, from the last axis on
FRONTS = ("left", "top", "before")

Axis = tuple[int, int, int, int]  # kernel, stride, padding, dilation
STILL = (1, 1, 0, 1)


class ReceptiveField(NamedTuple):
    """What one output sees of the network's input, along each axis.

    field: the input pixels that it sees.
    jump: the input pixels between it and the next output.

    >>> import cnnref
    >>> cnnref.table("vgg16").receptive_fields()[-9]
    ReceptiveField(field=(212, 212), jump=(32, 32))
    """

    field: tuple[int, ...]
    jump: tuple[int, ...]


class _Span(NamedTuple):
    """Along one axis, output i sees `field` pixels, the first of them at first + i * jump."""

    first: int
    field: int
    jump: int


_Spans = tuple[_Span, ...]


def element_bytes(function: str, dtype: Any) -> int:
    """The bytes of one element of a dtype: its name, torch's or NumPy's own, or a whole number.

    Raises:
        CnnrefError: it is none of these.
        UnknownNameError: no dtype has that name; the message names close matches.
    """
    if isinstance(dtype, str):
        if dtype not in DTYPES:
            raise UnknownNameError("dtype", dtype, DTYPES)
        return DTYPES[dtype]
    size = getattr(dtype, "itemsize", dtype)
    if type(size) is int and size > 0:
        return size
    raise CnnrefError(
        f"{function}: bytes_per_element must be a positive whole number or a dtype such as "
        f"'float16', but is {dtype!r}."
    )


def receptive_fields(table: Rows) -> tuple[ReceptiveField, ...]:
    """The receptive field and the jump of each row's output; see `Table.receptive_fields`.

    Raises:
        CnnrefError: a row's source is not in the table, or its operator has no rule here.
    """
    layers = _ordered(table.whole)
    spans: list[_Spans | None] = []
    for layer in layers:
        spans.append(_seen(layer, table.whole, layers, spans))
    return tuple(_field(spans[number] or ()) for number in table.numbers)


def known_fields(table: Rows) -> tuple[ReceptiveField | None, ...]:
    """The same, but None for a row that no rule knows, and for all rows that depend on it."""
    layers = _ordered(table.whole)
    spans: list[_Spans | None] = []
    for layer in layers:
        blind = any(source >= 0 and spans[source] is None for source in layer.inputs)
        try:
            spans.append(None if blind else _seen(layer, table.whole, layers, spans))
        except CnnrefError:
            spans.append(None)
    fields = [None if axes is None else _field(axes) for axes in spans]
    return tuple(fields[number] for number in table.numbers)


def _field(spans: _Spans) -> ReceptiveField:
    return ReceptiveField(tuple(axis.field for axis in spans), tuple(axis.jump for axis in spans))


def _seen(
    layer: Layer, table: Rows, layers: tuple[Layer, ...], spans: list[_Spans | None]
) -> _Spans:
    """What the output of a row sees, from what its inputs see."""
    # a vector as the network's input counts as one pixel
    pixel = (_Span(0, 1, 1),) * (len(table.input_shape) - 1 or 2)
    nothing = (_Span(0, 0, 0),) * len(pixel)
    known = [((spans[source] if source >= 0 else None) or pixel, source) for source in layer.inputs]
    seeing = [(span, source) for span, source in known if span != nothing]
    # what is made of weights alone sees nothing of the input; but where values were asked for, they
    # may have come back unseen
    blank = layer.op in UNSEEING or (layer.counted and not seeing)
    if blank and not table.ran.asked:
        return nothing
    made = [span for span, _ in seeing]
    if len(made) == 1 and layer.op in POINTWISE and not _is_of_the_map(layer):
        return made[0]
    shapes = [_shape(table, layers, source) for _, source in seeing]
    axes = _windows(layer, shapes, len(pixel))
    full = [shape[1:] == layer.out_shape[1:] for shape in shapes]
    hulls = (_hull(axis, full) for axis in zip(*made, strict=True))
    return tuple(_slide(span, *axis) for span, axis in zip(hulls, axes, strict=True))


def _windows(layer: Layer, shapes: list[Shape], axes: int) -> tuple[Axis, ...]:
    """The window of a row along each axis of the network's input."""
    out, ranks = layer.out_shape, {len(shape) for shape in shapes}
    if ranks == {1} and len(out) == 1:
        return (STILL,) * axes
    if ranks == {axes + 1} and len(out) == 1:
        return tuple((size, size, 0, 1) for size in shapes[0].size)
    if ranks == {axes + 1} and len(out) == axes + 1:
        if _is_of_the_map(layer):
            return tuple((size, 1, 0, 1) for size in out.size)
        along = layer.op == "concat" and {shape.size for shape in shapes} != {out.size}
        if layer.op.rstrip("_") in POINTWISE and not along:
            return (STILL,) * axes
        window = None if layer.op in SPREADING else layer.window
        if window is not None and len(window.kernel) == axes:
            return tuple(zip(*window[:4], strict=True))
        sizes = list(zip(shapes[0].size, out.size, strict=True))
        if layer.op == "adaptive_avg_pool":
            return tuple(_share(*axis) for axis in sizes)
        fronts = _fronts(layer, axes)
        if layer.op == "pad":
            return tuple((1, 1, front, 1) for front in fronts)
        left = [(b - front, a) for (b, a), front in zip(sizes, fronts, strict=True)]
        if layer.op == "slice" and all(a == _ceil(b, _ceil(b, a)) for b, a in left):
            steps = (_ceil(*axis) for axis in left)
            return tuple((1, step, -front, 1) for step, front in zip(steps, fronts, strict=True))
    raise CnnrefError(f"{layer.name}: no rule says which positions of its input {layer.op} sees.")


def _is_of_the_map(layer: Layer) -> bool:
    """Whether each position of the output depends on all of the map, by a mean and a variance."""
    return bool(dict(layer.constants).get("batch_statistics", layer.op in OF_THE_MAP))


def _fronts(layer: Layer, axes: int) -> tuple[int, ...]:
    """How many positions a pad adds, or a slice leaves out, before the first along each axis."""
    constants = dict(layer.constants)
    known = [int(constants.get(side, 0)) for side in FRONTS[:axes]]
    return (*[0] * (axes - len(known)), *reversed(known))


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


def peak_activation_bytes(table: Rows, bytes_per_element: Any = 4) -> int:
    """The most bytes of feature maps alive at once; see `Table.peak_activation_bytes`."""
    return max(live_activation_bytes(table, bytes_per_element, "peak_activation_bytes"), default=0)


def live_activation_bytes(
    table: Rows, bytes_per_element: Any, function: str = "live_activation_bytes"
) -> tuple[int, ...]:
    """The bytes alive while each row runs; see `Table.live_activation_bytes`."""
    size = element_bytes(function, bytes_per_element)
    layers = _ordered(table)
    change = [0] * (len(layers) + 1)
    for elements, start, end in _lives(table, layers):
        change[start] += elements
        # what the caller keeps is alive to the end
        change[min(end + 1, len(layers))] -= elements
    return tuple(size * elements for elements in accumulate(change[:-1]))


def alive_at(table: Rows, number: int) -> list[tuple[str, int]]:
    """The rows whose outputs are alive while a row runs, each with its elements."""
    layers = _ordered(table)
    names = [*(layer.name for layer in layers), "the input"]
    owners, until = _lifetimes(layers, table.returned)
    alive = [owner for owner in set(owners) if owner <= number <= until[owner]]
    return [(names[owner], _shape(table, layers, owner).elements) for owner in sorted(alive)]


def _lives(table: Rows, layers: tuple[Layer, ...]) -> list[tuple[int, int, int]]:
    """Elements, first row and last row of each storage that is ever read or handed out."""
    owners, until = _lifetimes(layers, table.returned)
    read = [owner for owner in set(owners) if until[owner] >= 0]
    return [(_shape(table, layers, owner).elements, max(owner, 0), until[owner]) for owner in read]


def _lifetimes(layers: tuple[Layer, ...], returned: tuple[int, ...]) -> tuple[list[int], list[int]]:
    owners, last = storages(layers, VIEWS | IDENTITY | IN_PLACE, returned)
    until = [-1] * len(last)
    for owner, reader in zip(owners, last, strict=True):
        until[owner] = max(until[owner], reader)
    return owners, until


def training_activation_bytes(table: Rows, bytes_per_element: Any = 4) -> int:
    """Bytes of all outputs, each kept once; see `Table.training_activation_bytes`."""
    size = element_bytes("training_activation_bytes", bytes_per_element)
    return size * sum(kept_for_training(table))


def training_bytes(
    table: Rows, optimizer: str = "momentum", batch_size: int = 1, bytes_per_element: Any = 4
) -> int:
    """Bytes that a step of training holds; see `Table.training_bytes`."""
    size = element_bytes("training_bytes", bytes_per_element)
    images = whole("training_bytes", "batch_size", batch_size, least=1)
    if optimizer not in tuple(OPTIMIZERS):  # it may have no hash
        raise UnknownNameError("optimizer", optimizer, OPTIMIZERS)
    held = OPTIMIZERS[optimizer] * table.trainable_parameters + table.frozen_parameters
    return size * (held + images * sum(kept_for_training(table)))


def kept_for_training(table: Rows) -> tuple[int, ...]:
    """The elements of each row's output that are kept for the backward pass, none twice.

    Rows of the backward pass itself have none.
    """
    layers = _ordered(table.forward)
    owners, _ = storages(layers, VIEWS | IN_PLACE, table.returned)
    kept = set(owners)
    return tuple(
        layer.out_shape.elements if number in kept else 0 for number, layer in enumerate(table)
    )


def arithmetic_intensity(layer: Layer, bytes_per_element: Any = 4, batch_size: int = 1) -> float:
    """FLOPs per byte of one row; see `Table.arithmetic_intensities`."""
    return intensity([layer], bytes_per_element, batch_size)


def intensity(rows: Iterable[Layer], bytes_per_element: Any, batch_size: int) -> float:
    """FLOPs per byte of those rows that have MACs, taken together."""
    size = element_bytes("arithmetic_intensity", bytes_per_element)
    whole("arithmetic_intensity", "batch_size", batch_size, least=1)
    working = [layer for layer in rows if layer.macs]
    images = sum(layer.counts.elements_in + layer.counts.elements_out for layer in working)
    moved = sum(layer.parameters for layer in working) + batch_size * images
    macs = batch_size * sum(layer.macs for layer in working)
    return 2 * macs / (moved * size) if macs else 0.0


def moved_bytes(layer: Layer, bytes_per_element: Any = 4, batch_size: int = 1) -> int:
    """Bytes of a layer's weights, inputs and outputs, each moved once, for a batch.

    A view and a dropout at inference move nothing, an embedding only the rows that it is asked for.

    >>> import cnnref
    >>> moved_bytes(cnnref.table("alexnet")["fc8"])
    16408384
    """
    size = element_bytes("moved_bytes", bytes_per_element)
    if layer.op in VIEWS | IDENTITY:
        return 0
    elements = layer.counts.elements_in + layer.counts.elements_out
    read = layer.parameters
    if layer.op in LOOKED_UP:
        named = sum(shape.elements for shape in layer.in_shapes[:1])  # none that are constant
        looked_up = max(named * layer.out_shape[-1], layer.counts.elements_out)
        read = min(read, batch_size * looked_up)
    return size * (read + batch_size * elements)


def storages(
    layers: tuple[Layer, ...], sharing: frozenset[str], returned: tuple[int, ...] = ()
) -> tuple[list[int], list[int]]:
    """Whose storage each row's output is in, and its last reader; the network's input comes last.

    An output that is returned, or that no row reads, is wanted after the last row, an unread input
    never (-1).
    """
    last = [len(layers)] * len(layers) + [-1]
    for number, layer in enumerate(layers):
        for source in layer.inputs:
            last[source] = number
    for number in returned:
        if number < len(layers):
            last[number] = len(layers)
    owners = [*range(len(layers)), -1]
    wanted = list(last)  # of each storage: the last reader of what it holds so far
    for number, layer in enumerate(layers):
        if layer.op in sharing and layer.inputs:
            owner = owners[layer.inputs[0]]
            if layer.op not in IN_PLACE or wanted[owner] == number:
                owners[number] = owner
                wanted[owner] = max(wanted[owner], last[number])
    return owners, last


def _shape(table: Rows, layers: tuple[Layer, ...], source: int) -> Shape:
    return layers[source].out_shape if source >= 0 else table.input_shape


def _ordered(table: Rows) -> tuple[Layer, ...]:
    """The rows, where they are the beginning of a network, so that inputs name rows among them."""
    layers = tuple(table)
    for number, layer in enumerate(layers):
        if max(layer.inputs, default=-1) >= number:
            raise CnnrefError(f"{layer.name}: the row that it reads is not in this table.")
    for number, (place, layer) in enumerate(zip(table.numbers, layers, strict=True)):
        if place != number:
            raise CnnrefError(f"{layer.name}: the rows before it are not in this table.")
    return layers
