"""What a rule says of one call, and the small helpers that rules share."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from math import prod
from typing import Any, NamedTuple

import torch
from torch import Tensor

from cnnref.layer import Constants, Counts, Formulas, Geometry

__all__ = ["PLAIN", "Operation", "Rule", "first", "sizes", "taps", "tensors"]

# arguments that neither are tensors nor hold any
PLAIN = frozenset({int, float, bool, str, type(None), torch.dtype, torch.device})


class Operation(NamedTuple):
    """What a rule says of one call: which operator ran on which tensors, and what it counts.

    op: a name of `cnnref.kinds`, which conventions have a price for; any other is priced as
        "custom".
    inputs: the feature maps that it reads; the first one is the row's own input.
    output: the tensor that it makes; the first one of several.
    counts: MACs, bias adds and window taps of the whole call. What is learned, and the
        elements in and out, are added by the trace.
    counted: False where the call's work is not known.
    leaf: whether the row is called as the module that runs it, or by path and operator.
    weights, biases: tensors that are not feature maps. What of them is learned counts as
        parameters, at the first row that uses it.
    constants: numbers that change values and no cost, by name.
    formulas: by count, the products whose sum it is, where shapes and window do not tell them.
    """

    op: str
    inputs: tuple[Tensor, ...]
    output: Tensor
    geometry: Geometry | None = None
    counts: Counts = Counts()
    counted: bool = True
    leaf: bool = True
    weights: tuple[Tensor | None, ...] = ()
    biases: tuple[Tensor | None, ...] = ()
    constants: Constants = ()
    formulas: Formulas = ()


Rule = Callable[..., Operation]


def sizes(value: Any, rank: int) -> tuple[int, ...]:
    """N, (N,) or one number for each axis, as one number for each axis."""
    if isinstance(value, int):
        return (value,) * rank
    given = tuple(int(size) for size in value)
    return given * rank if len(given) == 1 else given


def first(result: Any) -> Tensor:
    """The tensor that a call returns, or the first of several."""
    return result if isinstance(result, Tensor) else next(tensors((result,)))


def tensors(values: Iterable[Any]) -> Iterator[Any]:
    """All tensors in nested lists, tuples and mappings, in order."""
    for value in values:
        # most are of these, and a set knows that sooner than the questions below
        if type(value) in PLAIN:
            continue
        if isinstance(value, Tensor):
            yield value
        elif isinstance(value, list | tuple):
            yield from tensors(value)
        elif isinstance(value, dict):
            yield from tensors(value.values())


def taps(result: Tensor, geometry: Geometry) -> Counts:
    """One tap for each position of the window, for each output."""
    return Counts(window_taps=result.numel() * prod(geometry.kernel))
