"""What counts as a plain case, and how what is worked out is told."""

from __future__ import annotations

import torch
from torch import Tensor

__all__ = ["META", "Found", "Sizes", "alike", "in_its_order", "plain", "rows_first"]

META = torch.device("meta")
Sizes = tuple[int, ...]
# the size of a contiguous result and a tensor of its dtype, or the result itself, which may be
# an argument or several tensors; None: not worked out
Found = tuple[Sizes, Tensor] | Tensor | tuple[Tensor, ...] | None


def alike(*tensors: Tensor | None) -> bool:
    """Whether tensors are floating-point ones of one dtype, with elements in them."""
    dtype = None
    for tensor in tensors:
        if tensor is None:
            continue
        if dtype is None:
            dtype = tensor.dtype
        if tensor.dtype != dtype or not tensor.numel():
            return False
    return dtype is not None and dtype.is_floating_point


def plain(*tensors: Tensor | None) -> bool:
    """Whether tensors are contiguous floating-point ones of one dtype, with elements in them."""
    return alike(*tensors) and all(tensor is None or _in_order(tensor) for tensor in tensors)


def rows_first(input: Tensor) -> bool:
    """Whether a part of a map has its channels farther apart than its columns."""
    return input.dim() == 4 and input.stride(1) > input.stride(3) > 0


def in_its_order(input: Tensor, dtype: torch.dtype | None = None) -> Tensor | None:
    """A dense tensor whose axes follow one another as those of a map; None where that is open."""
    strides = input.stride()
    if not alike(input) or 0 in strides:  # one element that stands for many
        return None
    steps, step = [0] * input.dim(), 1
    for axis in sorted(range(input.dim()), key=lambda axis: (strides[axis], -axis)):
        steps[axis], step = step, step * input.shape[axis]
    return torch.empty_strided(input.shape, steps, dtype=dtype or input.dtype, device=META)


def _in_order(tensor: Tensor) -> bool:
    """Contiguous, and not also in another memory format, as maps of one pixel may be."""
    if tensor.dim() == 1:
        return tensor.stride() == (1,)
    step = 1
    for size, stride in zip(reversed(tensor.shape), reversed(tensor.stride()), strict=True):
        if stride != step:
            return False
        step *= size
    return True
