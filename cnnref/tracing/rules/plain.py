"""Operators without MACs: elementwise ones, reductions, and the free list, all by their names.

They get a row with the elements that they read and write; a convention may price those.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor

from cnnref.counting.layer import Constants
from cnnref.counting.operators import (
    ACTIVATIONS,
    COPIES,
    ELEMENTWISE,
    FRESH,
    LOSSES,
    REDUCTIONS,
    RESAMPLING,
    VIEWS,
)
from cnnref.tracing.rules.names import ALIASES
from cnnref.tracing.rules.operation import Operation, Rule, first, tensors

__all__ = ["FUNCTIONS", "by_name", "rule_for"]

LEAVES = frozenset((*ACTIVATIONS, *RESAMPLING, "pixel_shuffle", "pixel_unshuffle"))
HOMES = (torch, Tensor, F, torch.special)
# what the numbers of F.pad add to, in their order; what a slice leaves out is at every other
SIDES = ("left", "right", "top", "bottom", "before", "after")
# of one name, but something else than the operator of that name; and those with another name inside
OTHERS = {
    F.unfold: "im2col",
    Tensor.__rand__: "bitwise_and",
    Tensor.__pow__: "pow",
    Tensor.__ipow__: "pow",
    F.logsigmoid: "logsigmoid",
    F.threshold: "threshold",
    **{getattr(torch, f"_{op}"): op for op in ("pack_padded_sequence", "pad_packed_sequence")},
}


@cache
def rule_for(op: str) -> Rule:
    """The rule of an operator that only its name tells: what it reads and makes."""
    if op == "multiply":
        return _multiply
    if op == "hardtanh":
        return _hardtanh
    if op == "prelu":
        return _prelu
    if op == "softmax":
        return _softmax
    if op == "pad":
        return _pad
    if op == "slice":
        return _slice
    leaf = op in LEAVES

    def rule(result: Any, *args: Any, **kwargs: Any) -> Operation:
        inputs = tuple(tensors((args, kwargs)))
        return Operation(op, inputs, first((result, *inputs)), leaf=leaf)

    return rule


def _multiply(result: Tensor, *args: Any, **kwargs: Any) -> Operation:
    """One multiply for each element: by a constant, or of two maps."""
    maps = tuple(tensors((args, kwargs)))
    if len(maps) > 1:
        return Operation("multiply", maps, result, leaf=False)
    factors = [value for value in (*args, *kwargs.values()) if not isinstance(value, Tensor)]
    return Operation("scale", maps, result, leaf=False, constants=(("factor", factors[0]),))


def _dropout(result: Tensor, input: Tensor, p: float = 0.5, *_: Any, **__: Any) -> Operation:
    """At inference the input itself."""
    return Operation("dropout", (input,), result, constants=(("p", p),))


def _pad(result: Tensor, input: Tensor, pad: Any, *_: Any, **__: Any) -> Operation:
    """Zeros, or copies of what is at the border, on the sides that are named."""
    sides = pad if isinstance(pad, Sequence) else ()  # a nested tensor is padded with a number
    constants = tuple((side, zeros) for side, zeros in zip(SIDES, sides, strict=False) if zeros)
    return Operation("pad", (input,), result, leaf=False, constants=constants)


def _channel_shuffle(result: Tensor, input: Tensor, groups: int) -> Operation:
    """The first channel of each group, then the second of each, and so on."""
    constants = (("groups", groups),)
    return Operation("channel_shuffle", (input,), result, leaf=False, constants=constants)


def _hardtanh(
    result: Tensor, input: Tensor, min_val: float = -1.0, max_val: float = 1.0, *_: Any, **__: Any
) -> Operation:
    """ReLU6 runs as this, between 0 and 6."""
    op = "relu6" if (min_val, max_val) == (0, 6) else "hardtanh"
    return Operation(op, (input,), result)


def _softmax(result: Tensor, input: Tensor, dim: Any = None, *_: Any, **__: Any) -> Operation:
    """One sum along an axis, for each position on the others."""
    known = type(dim) is int and result.dim() and result.shape[dim]
    further = (("sums", result.numel() // result.shape[dim]),) if known else ()
    return Operation("softmax", (input,), result, further=further)


def _prelu(result: Tensor, input: Tensor, weight: Tensor) -> Operation:
    """A learned slope for each channel."""
    return Operation("prelu", (input,), result, weights=(weight,))


def _getitem(result: Tensor, input: Tensor, index: Any) -> Operation:
    """Numbers and slices make a view; lists and tensors of numbers a copy."""
    parts = index if isinstance(index, tuple) else (index,)
    basic = all(isinstance(part, int | slice | None | type(...)) for part in parts)
    picked = tuple(tensors((index,)))
    if not basic:
        return Operation("index", (input, *picked), result, leaf=False)
    return Operation("slice", (input,), result, leaf=False, constants=_starts(input, parts))


def _starts(input: Tensor, parts: tuple[Any, ...]) -> Constants:
    """How many positions slices leave out before their first, from the last axis on."""
    spread = parts.index(...) if ... in parts else len(parts)
    every = [slice(None)] * (input.dim() - len(parts) + (spread < len(parts)))
    axes = [*parts[:spread], *every, *parts[spread + 1 :]]
    if not all(isinstance(part, slice) and isinstance(part.start, int | None) for part in axes):
        return ()
    starts = [
        slice(part.start, None).indices(size)[0]
        for part, size in zip(axes, input.shape, strict=True)
    ]
    named = zip(SIDES[::2], reversed(starts), strict=False)
    return tuple((side, start) for side, start in named if start)


def _slice(
    result: Tensor, input: Tensor, dim: int = 0, start: int | None = None, *_: Any, **__: Any
) -> Operation:
    """A slice along one axis, as the operator below PyTorch's indexing takes it."""
    parts = [slice(None)] * input.dim()
    parts[dim] = slice(start, None)
    return Operation("slice", (input,), result, leaf=False, constants=_starts(input, tuple(parts)))


# what PyTorch computes with other operators, of which some may have MACs or no rule
COMPOSITE = frozenset({"norm", "renorm", "trace", "gumbel_softmax"})
MATHS = (*ACTIVATIONS, *RESAMPLING, *ELEMENTWISE, *REDUCTIONS, *LOSSES)
OPERATORS = frozenset((*MATHS, *VIEWS, *COPIES, *FRESH)) - COMPOSITE

# with underscores on both sides these ask for a value: a Python bool, int or float
VALUES = frozenset({"bool", "int", "float", "long", "index", "complex"})

FUNCTIONS: dict[Any, Rule] = {
    **{func: rule_for(op) for func, op in OTHERS.items()},
    Tensor.__getitem__: _getitem,
    F.dropout: _dropout,
    F.channel_shuffle: _channel_shuffle,
    F.pad: _pad,
}


def by_name(func: Any) -> Rule | None:
    """The rule of a function of PyTorch that its name tells, in place or not, or None.

    >>> by_name(torch.add) is by_name(Tensor.__iadd__) is by_name(Tensor.add_)
    True
    >>> by_name(len)
    """
    name = getattr(func, "__name__", "").removeprefix("special_")
    if not any(getattr(home, name, None) is func for home in HOMES) or isinstance(func, type):
        return None
    special = name.startswith("__")
    plain = name[2:-2] if special else name.removesuffix("_")
    op = ALIASES.get(plain, plain)
    return rule_for(op) if op in OPERATORS and not (special and plain in VALUES) else None
