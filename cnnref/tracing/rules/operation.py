"""What a rule says of one call, and the small helpers that rules share."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from math import prod
from typing import Any, NamedTuple

import torch
from torch import Tensor

from cnnref.counting.layer import Constants
from cnnref.counting.shapes import Counts, Formulas, Window

__all__ = ["PLAIN", "Operation", "Rule", "first", "in_real_numbers", "sizes", "taps", "tensors"]

# arguments that neither are tensors nor hold any
PLAIN = frozenset({int, float, bool, str, type(None), torch.dtype, torch.device})


class Operation(NamedTuple):
    """What a rule says of one call: which operator ran on which tensors, and what it counts.

    op: a name of `cnnref.counting.operators`, which conventions have a price for; any other is
        priced as "custom".
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
    further: by name, raw counts that few kinds have; see `cnnref.counting.shapes.Call`.

    >>> import cnnref
    >>> from torch import nn
    >>> def rule(y, x, *_):
    ...     return cnnref.Operation("square", (x,), y, counts=cnnref.Counts(macs=y.numel()))
    >>> import torch
    >>> class Squared(nn.Module):
    ...     def forward(self, x):
    ...         return torch.square(x)
    >>> cnnref.trace(Squared(), (3, 4), rules={torch.square: rule}).macs
    12
    """

    op: str
    inputs: tuple[Tensor, ...]
    output: Tensor
    window: Window | None = None
    counts: Counts = Counts()
    counted: bool = True
    leaf: bool = True
    weights: tuple[Tensor | None, ...] = ()
    biases: tuple[Tensor | None, ...] = ()
    constants: Constants = ()
    formulas: Formulas = ()
    further: tuple[tuple[str, int], ...] = ()


Rule = Callable[..., Operation]

# of a complex MAC, (a + bi)(c + di): ac, bd, ad and bc, each multiplied and added to a sum
REAL_MACS = 4
# of a complex add: the real and the imaginary parts
REAL_ADDS = 2


def in_real_numbers(found: Operation) -> Operation:
    """What a rule says, in MACs of real numbers.

    A complex MAC is four of them by its definition, whatever runs: PyTorch makes three real
    convolutions of a complex one, which takes more adds, and four products for each MAC of a
    complex linear layer, and its own counter calls these 3 and 1.
    """
    counts = found.counts
    if not found.output.is_complex() or not (counts.macs or counts.bias_adds):
        return found
    known = dict(found.formulas)
    known["macs"] = tuple((REAL_MACS, *each) for each in known.get("macs", ((counts.macs,),)))
    adds = known.get("bias_adds", ((counts.bias_adds,),))
    known["bias_adds"] = tuple((REAL_ADDS, *each) for each in adds)
    real = counts._replace(macs=REAL_MACS * counts.macs, bias_adds=REAL_ADDS * counts.bias_adds)
    return found._replace(counts=real, formulas=tuple(known.items()))


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


def taps(result: Tensor, window: Window) -> Counts:
    """One tap for each position of the window, for each output."""
    return Counts(window_taps=result.numel() * prod(window.kernel))
