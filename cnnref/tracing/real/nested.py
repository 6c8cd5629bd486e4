"""Nested tensors: sequences of several lengths, counted by the steps that they really have."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor

from cnnref.counting.shapes import Counts
from cnnref.tracing.operators import UNSEEN
from cnnref.tracing.rules import Operation, Rule

__all__ = ["flattened", "on_flat"]


def flattened(nested: Tensor) -> Tensor:
    """All sequences of a nested tensor behind one another, on meta: of N x L x D, sum of L x D."""
    with torch._C.DisableTorchFunction(), UNSEEN():  # noqa: SLF001
        if nested.layout is torch.jagged:
            held: Any = nested
            return torch.empty(held._values.shape, dtype=nested.dtype, device="meta")  # noqa: SLF001
        parts = [part.shape for part in nested.unbind()]
        width = parts[0][1:] if parts else torch.Size()
        length = sum(shape[0] for shape in parts)
        return torch.empty((length, *width), dtype=nested.dtype, device="meta")


def on_flat(rule: Rule) -> Rule:
    """A rule for calls on nested tensors that were made flat.

    A linear layer sees each step by itself, and so does what has no MACs. In any other product
    steps meet those of their own sequence alone, which no shape tells: it is not counted.
    """

    def flat(result: Tensor, *args: Any, **kwargs: Any) -> Operation:
        found = rule(result, *args, **kwargs)
        if found.op == "linear" or not found.counts.macs:
            return found
        return found._replace(counts=Counts(), counted=False, formulas=())

    return flat
