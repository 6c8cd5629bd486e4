"""Operators that move elements about and compute none: views, copies, and what makes constants."""

from __future__ import annotations

from itertools import product
from math import prod
from operator import mul

from cnnref.counting.layer import Constants
from cnnref.errors import ShapeError
from cnnref.tables.onnx.calls import Call, Found, Rule, Sizes, UnknownError, broadcast
from cnnref.tables.onnx.model import Tensor

__all__ = ["RULES"]

# what the numbers of a pad add to, from the last axis on; what a slice leaves out is at every other
SIDES = ("left", "right", "top", "bottom", "before", "after")


def _same(op: str) -> Rule:
    return lambda call: Found(op, (call.sizes(),), data=call.value(0).data)


def _reshape(call: Call) -> Found:
    """Another shape of as many elements: 0 keeps an axis, -1 is what is left."""
    shape, wanted = call.sizes(), call.listed("shape", 1)
    if wanted is None:
        raise UnknownError
    keeps = not call.whole("allowzero")
    kept = [
        shape[axis] if size == 0 and keeps and axis < len(shape) else size
        for axis, size in enumerate(wanted)
    ]
    rest = prod(size for size in kept if size != -1)
    out = tuple(prod(shape) // rest if size == -1 and rest else size for size in kept)
    if prod(out) != prod(shape):
        raise ShapeError(f"{'x'.join(map(str, wanted))} has not the {prod(shape):,} elements")
    return Found("reshape", (out,), data=call.value(0).data)


def _flatten(call: Call) -> Found:
    shape, axis = call.sizes(), call.whole("axis", 1)
    axis = axis + len(shape) if axis < 0 else axis
    return Found("flatten", ((prod(shape[:axis]), prod(shape[axis:])),))


def _transpose(call: Call) -> Found:
    shape = call.sizes()
    order = call.many("perm") or tuple(reversed(range(len(shape))))
    if sorted(order) != list(range(len(shape))):
        raise ShapeError(f"the order {order} is none of its {len(shape)} axes")
    out = tuple(shape[axis] for axis in order)
    steps = _steps(shape)
    return Found(
        "permute",
        (out,),
        data=_picked(call, [steps[axis] for axis in order], list(map(range, out))),
    )


def _squeeze(call: Call) -> Found:
    shape = call.sizes()
    axes = call.listed("axes", 1)
    if axes is None:
        axes = tuple(axis for axis, size in enumerate(shape) if size == 1)
    gone = {axis % max(1, len(shape)) for axis in axes}
    out = tuple(size for axis, size in enumerate(shape) if axis not in gone)
    return Found("squeeze", (out,), data=call.value(0).data)


def _unsqueeze(call: Call) -> Found:
    shape, axes = call.sizes(), call.listed("axes", 1)
    if axes is None:
        raise UnknownError
    rank = len(shape) + len(axes)
    new, left = {axis % rank for axis in axes}, iter(shape)
    out = tuple(1 if axis in new else next(left, 1) for axis in range(rank))
    return Found("unsqueeze", (out,), data=call.value(0).data)


def _expand(call: Call) -> Found:
    return Found("expand", (broadcast(call.sizes(), call.wholes(1)),))


def _tile(call: Call) -> Found:
    times = zip(call.sizes(), call.wholes(1), strict=True)
    return Found("tile", (tuple(size * many for size, many in times),))


def _concat(call: Call) -> Found:
    """Tensors one behind the other along an axis."""
    shapes = [call.sizes(place) for place in range(len(call.values))]
    first, axis = list(shapes[0]), call.whole("axis")
    axis %= max(1, len(first))
    if len({_but(shape, axis) for shape in shapes}) > 1:
        raise ShapeError("cannot stack " + " on ".join("x".join(map(str, s)) for s in shapes))
    first[axis] = sum(shape[axis] for shape in shapes)
    parts = [call.value(place).data for place in range(len(shapes))]
    known = [part for part in parts if part is not None]
    flat = len(first) == 1 and len(known) == len(parts)
    data = tuple(number for part in known for number in part) if flat else None
    return Found("concat", (tuple(first),), maps=None, data=data)


def _but(shape: Sizes, axis: int) -> Sizes:
    return (*shape[:axis], *shape[axis + 1 :])


def _split(call: Call) -> Found:
    shape, axis = call.sizes(), call.whole("axis") % max(1, len(call.sizes()))
    many = len(call.node.outputs)
    parts = call.listed("split", 1)
    if parts is None:
        each = -(-shape[axis] // many)
        parts = (*[each] * (many - 1), shape[axis] - each * (many - 1))
    outs = tuple((*shape[:axis], part, *shape[axis + 1 :]) for part in parts)
    return Found("split", outs)


def _slice(call: Call) -> Found:
    """A part of each axis that is named, at steps."""
    shape = call.sizes()
    starts, ends = call.listed("starts", 1), call.listed("ends", 2)
    if starts is None or ends is None:
        raise UnknownError
    axes = call.listed("axes", 3) or tuple(range(len(starts)))
    steps = call.wholes(4) if call.has(4) else (1,) * len(starts)
    parts = {}
    for axis, start, end, step in zip(axes, starts, ends, steps, strict=True):
        if not step:
            raise ShapeError("a step of 0 goes nowhere")
        axis %= len(shape)
        # going backwards, ONNX begins at the first position at the earliest, Python not at all
        start = max(start, -shape[axis]) if step < 0 else start
        parts[axis] = slice(start, end, step)
    whole = slice(None)
    chosen = [range(size)[parts.get(axis, whole)] for axis, size in enumerate(shape)]
    out = tuple(map(len, chosen))
    named = zip(SIDES[::2], reversed(chosen), strict=False)
    constants = tuple((side, part.start) for side, part in named if part.start)
    data = _picked(call, _steps(shape), chosen)
    return Found("slice", (out,), constants=constants, data=data)


def _steps(shape: Sizes) -> list[int]:
    """How far apart neighbours along each axis stand in a row of all numbers."""
    return [prod(shape[axis + 1 :]) for axis in range(len(shape))]


def _picked(call: Call, steps: list[int], chosen: list[range]) -> tuple[float, ...] | None:
    """Those of the numbers of the first input, where they are known, in their new order."""
    known = call.value(0).data
    if known is None:
        return None
    places = (sum(map(mul, index, steps)) for index in product(*chosen))
    return tuple(known[place] for place in places)


def _gather(call: Call) -> Found:
    """Parts along an axis, by their numbers: of a table of weights, an embedding."""
    shape, index, axis = call.sizes(), call.sizes(1), call.whole("axis")
    axis %= max(1, len(shape))
    out = (*shape[:axis], *index, *shape[axis + 1 :])
    table, known = call.value(0), call.value(1).data
    data = None
    if table.data is not None and known is not None and len(shape) == 1:
        data = tuple(table.data[int(i)] for i in known if -shape[0] <= i < shape[0])
    if table.producer is None and call.value(1).producer is not None:
        return Found("embedding", (out,), maps=(1,), weights=(0,), data=data)
    one = known is not None and len(known) == 1
    return Found("select" if one else "index_select", (out,), maps=None, data=data)


def _gather_nd(call: Call) -> Found:
    shape, index, batch = call.sizes(), call.sizes(1), call.whole("batch_dims")
    return Found("index", ((*index[:-1], *shape[batch + index[-1] :]),), maps=None)


def _gather_elements(call: Call) -> Found:
    return Found("gather", (call.sizes(1),), maps=None)


def _like_the_first(op: str) -> Rule:
    return lambda call: Found(op, (call.sizes(),), maps=None)


def _pad(call: Call) -> Found:
    """Zeros, or copies of what is at the border, at both ends of each axis."""
    shape = call.sizes()
    pads = call.listed("pads", 1) or call.many("paddings")
    if pads is None:
        raise UnknownError
    axes = call.wholes(3) if call.has(3) else tuple(range(len(shape)))
    ends = [(0, 0)] * len(shape)
    for number, axis in enumerate(axes):
        ends[axis] = pads[number], pads[number + len(axes)]
    out = tuple(size + sum(end) for size, end in zip(shape, ends, strict=True))
    sides = [number for end in reversed(ends) for number in end]
    constants: Constants = tuple(
        (side, zeros) for side, zeros in zip(SIDES, sides, strict=False) if zeros
    )
    return Found("pad", (out,), constants=constants)


def _one_hot(call: Call) -> Found:
    shape, axis = call.sizes(), call.whole("axis", -1)
    axis = axis + len(shape) + 1 if axis < 0 else axis
    return Found("one_hot", ((*shape[:axis], call.wholes(1)[0], *shape[axis:]),))


def _constant(call: Call) -> Found:
    held = call.node.attributes
    tensor = held.get("value")
    if isinstance(tensor, Tensor):
        return Found("tensor", (tensor.sizes,), maps=(), data=tensor.values)
    found = next((held[name] for name in held if name.startswith("value_")), None)
    if isinstance(found, int | float):
        return Found("tensor", ((),), maps=(), data=(found,))
    if isinstance(found, tuple) and not isinstance(found, Tensor):
        return Found("tensor", ((len(found),),), maps=(), data=found)
    raise UnknownError


def _constant_of_shape(call: Call) -> Found:
    shape, held = call.wholes(0), call.node.attributes.get("value")
    known = held.values if isinstance(held, Tensor) else (0,)
    few = prod(shape) <= len(shape) + 64
    data = known * prod(shape) if known is not None and few else None
    return Found("full", (shape,), maps=(), data=data)


def _shape(call: Call) -> Found:
    """The sizes of a tensor, which the table knows beforehand: no work at all."""
    shape = call.sizes()
    start, end = call.whole("start"), call.node.attributes.get("end")
    part = shape[start : end if isinstance(end, int) else None]
    return Found("tensor", ((len(part),),), maps=(), data=part)


def _size(call: Call) -> Found:
    return Found("tensor", ((),), maps=(), data=(prod(call.sizes()),))


def _drawn(call: Call) -> Found:
    shape = call.many("shape")
    if shape is None:
        raise UnknownError
    return Found("rand", (shape,), maps=())


RULES: dict[str, Rule] = {
    "Identity": _same("alias"),
    "Cast": _same("to"),
    "CastLike": _same("to"),
    "Trilu": _like_the_first("tril"),
    "ScatterElements": _like_the_first("scatter"),
    "ScatterND": _like_the_first("index_put"),
    "Scatter": _like_the_first("scatter"),
    "ReverseSequence": _like_the_first("flip"),
    "EyeLike": _like_the_first("eye"),
    "Reshape": _reshape,
    "Flatten": _flatten,
    "Transpose": _transpose,
    "Squeeze": _squeeze,
    "Unsqueeze": _unsqueeze,
    "Expand": _expand,
    "Tile": _tile,
    "Concat": _concat,
    "Split": _split,
    "Slice": _slice,
    "Gather": _gather,
    "GatherND": _gather_nd,
    "GatherElements": _gather_elements,
    "Pad": _pad,
    "OneHot": _one_hot,
    "Constant": _constant,
    "ConstantOfShape": _constant_of_shape,
    "Shape": _shape,
    "Size": _size,
    "RandomNormal": _drawn,
    "RandomUniform": _drawn,
}
