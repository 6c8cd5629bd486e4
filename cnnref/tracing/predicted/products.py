"""What products of matrices, attention and recurrent layers give, worked out from shapes."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor

from cnnref.tracing.predicted.shapes import META, Found, alike

__all__ = ["RULES"]


def _linear(input: Tensor, weight: Tensor, bias: Tensor | None = None) -> Found:
    # contiguous, in whatever order the input is
    if weight.dim() != 2 or not input.dim() or not alike(input, weight, bias):
        return None
    outputs, features = weight.shape
    if input.shape[-1] != features or (bias is not None and bias.shape != (outputs,)):
        return None
    return (*input.shape[:-1], outputs), input


def _matmul(input: Tensor, other: Tensor, **options: Any) -> Found:
    rank = input.dim()
    fits = rank > 1 and other.dim() == rank and input.shape[:-2] == other.shape[:-2]
    fits = fits and input.shape[-1] == other.shape[-2] and not options and alike(input, other)
    # contiguous, in whatever order the factors are
    return ((*input.shape[:-1], other.shape[-1]), input) if fits else None


def _batched(input: Tensor, mat2: Tensor, **options: Any) -> Found:
    return _matmul(input, mat2, **options) if input.dim() == 3 else None


def _added_products(input: Tensor, batch1: Tensor, batch2: Tensor, **options: Any) -> Found:
    found = _batched(batch1, batch2) if set(options) <= {"alpha", "beta"} else None
    size = (*batch1.shape[:-1], batch2.shape[-1])
    return found if alike(input, batch1) and tuple(input.shape) == size else None


def _attention(
    query: Tensor,
    key: Tensor,
    value: Tensor,
    attn_mask: Tensor | None = None,
    dropout_p: float = 0.0,
    is_causal: bool = False,
    scale: float | None = None,
    enable_gqa: bool = False,
) -> Found:
    """Of one batch and as many heads; whatever is spread is left to PyTorch."""
    if query.dim() < 2 or not alike(query, key, value) or enable_gqa:
        return None
    batch, pairs = query.shape[:-2], (query.shape[-2], key.shape[-2])
    if key.shape[:-2] != batch or value.shape[:-1] != key.shape[:-1]:
        return None
    if query.shape[-1] != key.shape[-1]:
        return None
    if attn_mask is not None:
        whole = (*batch, *pairs)[-attn_mask.dim() :]
        masks = attn_mask.dtype in (torch.bool, query.dtype) and 2 <= attn_mask.dim() <= query.dim()
        fits = all(m in (1, n) for m, n in zip(attn_mask.shape, whole, strict=True))
        if is_causal or not masks or not fits:
            return None
    return (*query.shape[:-1], value.shape[-1]), query


def _grouped(
    mat_a: Tensor, mat_b: Tensor, *, offs: Tensor | None = None, bias: Any = None, **options: Any
) -> Found:
    """Each group of rows by a matrix of its own; PyTorch's shape function takes one dtype alone."""
    if bias is not None or any(value is not None for value in options.values()):
        return None
    if not alike(mat_a, mat_b) or mat_a.shape[-1] != mat_b.shape[-2]:
        return None
    size = mat_a.shape[-2], mat_b.shape[-1]
    if mat_a.dim() == mat_b.dim() == 3:
        return ((mat_a.shape[0], *size), mat_a) if offs is None else None
    if offs is None:
        return None
    return ((len(offs), *size) if mat_a.dim() == mat_b.dim() else size), mat_a


def _recurrent(states: int) -> Callable[..., Found]:
    """An LSTM (of two states), a GRU or an RNN, all its steps at once."""

    def rule(input: Tensor, second: Any, third: Any, *rest: Any) -> Found:
        # a packed sequence comes with the sizes of its batches, which are no map
        packed = isinstance(second, Tensor) and not second.is_floating_point()
        hidden, weights, (_, layers, _, _, *ends) = (
            (third, rest[0], rest[1:]) if packed else (second, third, rest)
        )
        hidden = (hidden,) if isinstance(hidden, Tensor) else tuple(hidden)
        both, first = bool(ends[0]), not packed and bool(ends[1])
        axes = input.dim() == (2 if packed else 3) and len(hidden) == states
        fits = axes and input.shape[-1] == weights[0].shape[1] and alike(input, *hidden, *weights)
        batch = hidden[0].shape[1] if packed else input.shape[0 if first else 1]
        stacked = layers * (1 + both), batch
        if not fits or any(state.shape[:2] != stacked for state in hidden):
            return None
        width = hidden[0].shape[-1] * (1 + both)
        if packed:
            output = _new(input, input.shape[0], width)
        else:  # time first, whichever way round it is handed back
            steps = input.shape[1 if first else 0]
            output = _new(input, steps, batch, width)
            output = output.transpose(0, 1) if first else output
        return output, *(_new(input, *state.shape) for state in hidden)

    return rule


def _new(like: Tensor, *size: int) -> Tensor:
    return torch.empty(size, dtype=like.dtype, device=META)


RULES: dict[Any, Callable[..., Found]] = {
    F.linear: _linear,
    **dict.fromkeys((torch.matmul, Tensor.matmul), _matmul),
    **dict.fromkeys((torch.bmm, Tensor.bmm), _batched),
    **dict.fromkeys((torch.baddbmm, Tensor.baddbmm), _added_products),
    F.scaled_dot_product_attention: _attention,
    **{
        getattr(home, name): _grouped
        for home, name in ((F, "grouped_mm"), (torch, "_grouped_mm"))
        if hasattr(home, name)  # older releases have neither
    },
    torch.lstm: _recurrent(2),
    **dict.fromkeys((torch.gru, torch.rnn_tanh, torch.rnn_relu), _recurrent(1)),
}
