"""What convolutions and pools give, worked out from shapes."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor

from cnnref.tracing.predicted.shapes import META, Found, Sizes, alike, plain, rows_first
from cnnref.tracing.rules.operation import sizes

__all__ = ["RULES"]

CHANNELS_LAST = torch.channels_last


def _conv(
    input: Tensor,
    weight: Tensor,
    bias: Tensor | None = None,
    stride: Any = 1,
    padding: Any = 0,
    dilation: Any = 1,
    groups: int = 1,
) -> Found:
    rank = weight.dim() - 2
    if input.dim() != rank + 2 or not plain(weight, bias) or not alike(input, weight):
        return None
    if not plain(input) and not rows_first(input):
        return None
    filters, depth, *kernel = weight.shape
    fits = input.shape[1] == depth * groups and filters % groups == 0
    if not fits or (bias is not None and bias.shape != (filters,)):
        return None
    steps, spans = sizes(stride, rank), sizes(dilation, rank)
    if isinstance(padding, str):
        if padding != "same" or set(steps) != {1}:
            return None
        return (input.shape[0], filters, *input.shape[2:]), input
    out = _slid(input.shape[2:], kernel, steps, sizes(padding, rank), spans)
    return None if out is None else ((input.shape[0], filters, *out), input)


def _conv_transpose(
    input: Tensor,
    weight: Tensor,
    bias: Tensor | None = None,
    stride: Any = 1,
    padding: Any = 0,
    output_padding: Any = 0,
    groups: int = 1,
    dilation: Any = 1,
) -> Found:
    """(H - 1) S - 2 P + D (K - 1) + 1 positions along an axis, and the output padding."""
    rank = weight.dim() - 2
    if input.dim() != rank + 2 or not plain(input, weight, bias):
        return None
    filters = weight.shape[1] * groups
    fits = input.shape[1] == weight.shape[0] and input.shape[1] % groups == 0
    if not fits or (bias is not None and bias.shape != (filters,)):
        return None
    steps, spans, borders = sizes(stride, rank), sizes(dilation, rank), sizes(padding, rank)
    more = sizes(output_padding, rank)
    axes = zip(input.shape[2:], weight.shape[2:], steps, spans, borders, more, strict=True)
    out = [(n - 1) * s - 2 * p + d * (k - 1) + 1 + e for n, k, s, d, p, e in axes]
    small = all(e < max(s, d) for e, s, d in zip(more, steps, spans, strict=True))
    if min(out) < 1 or not small or min(*steps, *spans) < 1 or min(*borders, *more) < 0:
        return None
    return (input.shape[0], filters, *out), input


def _slid(before: Any, kernel: Any, stride: Sizes, padding: Sizes, span: Sizes) -> Sizes | None:
    """The positions of a window along each axis; None where it does not fit."""
    axes = zip(before, kernel, stride, padding, span, strict=True)
    room = [(n + 2 * p - d * (k - 1) - 1, s) for n, k, s, p, d in axes]
    if min(padding) < 0 or min(stride) < 1 or min(span) < 1 or any(left < 0 for left, _ in room):
        return None
    return tuple(left // step + 1 for left, step in room)


def _max_pool(rank: int) -> Callable[..., Found]:
    def rule(
        input: Tensor,
        kernel_size: Any,
        stride: Any = None,
        padding: Any = 0,
        dilation: Any = 1,
        ceil_mode: bool = False,
        return_indices: bool = False,
    ) -> Found:
        if return_indices:
            return None
        span = sizes(dilation, rank)
        return _pooled(rank, input, kernel_size, stride, padding, span, ceil_mode)

    return rule


def _avg_pool(rank: int) -> Callable[..., Found]:
    def rule(
        input: Tensor,
        kernel_size: Any,
        stride: Any = None,
        padding: Any = 0,
        ceil_mode: bool = False,
        *_: Any,
        **__: Any,
    ) -> Found:
        return _pooled(rank, input, kernel_size, stride, padding, (1,) * rank, ceil_mode)

    return rule


def _pooled(
    rank: int, input: Tensor, kernel: Any, stride: Any, padding: Any, span: Sizes, ceil_mode: bool
) -> Found:
    """A pool over the axes that its name tells: a map without a batch is left to PyTorch."""
    window, border = sizes(kernel, rank), sizes(padding, rank)
    step = window if stride in (None, [], ()) else sizes(stride, rank)
    if input.dim() != rank + 2 or not plain(input):
        return None
    if any(2 * p > k for p, k in zip(border, window, strict=True)):
        return None
    before = input.shape[2:]
    out = _slid(before, window, step, border, span)
    if out is not None and ceil_mode:
        axes = zip(before, window, step, border, span, out, strict=True)
        out = tuple(_rounded_up(*axis) for axis in axes)
    return None if out is None else ((*input.shape[:2], *out), input)


def _rounded_up(size: int, window: int, step: int, border: int, span: int, out: int) -> int:
    """One position more where the last window does not end at the border, and begins before it."""
    left = size + 2 * border - span * (window - 1) - 1 - (out - 1) * step
    return out + 1 if left and out * step < size + border else out


def _adaptive(rank: int) -> Callable[..., Found]:
    def rule(input: Tensor, output_size: Any, return_indices: bool = False) -> Found:
        if return_indices or input.dim() != rank + 2:
            return None
        rows = plain(input)
        last = rank == 2 and alike(input) and input.is_contiguous(memory_format=CHANNELS_LAST)
        if not rows and not last:
            return None
        wanted = (output_size,) * rank if isinstance(output_size, int) else tuple(output_size)
        if len(wanted) != rank or not all(size is None or size > 0 for size in wanted):
            return None
        if wanted == (None,):  # the one axis must have a size
            return None
        out = [size or had for size, had in zip(wanted, input.shape[2:], strict=True)]
        shape = (*input.shape[:2], *out)
        if rows:
            return shape, input
        return torch.empty(shape, dtype=input.dtype, device=META, memory_format=CHANNELS_LAST)

    return rule


RULES: dict[Any, Callable[..., Found]] = {
    **dict.fromkeys((F.conv1d, F.conv2d, F.conv3d), _conv),
    **dict.fromkeys((F.conv_transpose1d, F.conv_transpose2d, F.conv_transpose3d), _conv_transpose),
    **{getattr(F, f"max_pool{rank}d"): _max_pool(rank) for rank in (1, 2, 3)},
    **{getattr(F, f"avg_pool{rank}d"): _avg_pool(rank) for rank in (2, 3)},
    **{getattr(F, f"adaptive_avg_pool{rank}d"): _adaptive(rank) for rank in (1, 2, 3)},
}
