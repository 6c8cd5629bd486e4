"""What runs element by element, along an axis or over some gives, worked out from shapes."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor

from cnnref.tracing.predicted.shapes import Found, alike, in_its_order, plain, rows_first

__all__ = ["RULES"]


def _batch_norm(
    input: Tensor,
    running_mean: Tensor | None,
    running_var: Tensor | None,
    weight: Tensor | None = None,
    bias: Tensor | None = None,
    training: bool = False,
    momentum: float = 0.1,
    eps: float = 1e-5,
) -> Found:
    vectors = (running_mean, running_var, weight, bias)
    if training or running_mean is None or running_var is None or input.dim() < 2:
        return None
    channels = input.shape[1:2]
    fits = all(vector is None or vector.shape == channels for vector in vectors)
    return (input.shape, input) if fits and plain(input, *vectors) else None


def _normalised(input: Tensor, *_: Any, **__: Any) -> Found:
    """Over neighbouring channels: a pooling over one more axis, and element by element."""
    return (input.shape, input) if input.dim() > 2 and input.numel() and plain(input) else None


def _over_last(
    input: Tensor, shape: Any, weight: Any = None, bias: Any = None, eps: float = 1e-5
) -> Found:
    """Layer norm: contiguous, in whatever order the input is."""
    over = tuple(shape)
    fits = over and tuple(input.shape[-len(over) :]) == over
    vectors = [vector for vector in (weight, bias) if vector is not None]
    fits = fits and all(tuple(vector.shape) == over for vector in vectors)
    return (input.shape, input) if fits and alike(input, *vectors) else None


def _group_norm(
    input: Tensor, groups: int, weight: Any = None, bias: Any = None, eps: float = 1e-5
) -> Found:
    vectors = [vector for vector in (weight, bias) if vector is not None]
    fits = input.dim() > 1 and input.shape[1] % groups == 0
    fits = fits and all(vector.shape == input.shape[1:2] for vector in vectors)
    return (input.shape, input) if fits and plain(input, *vectors) else None


def _activation(input: Tensor, *_: Any, **__: Any) -> Found:
    """Element by element, in the order that the input has."""
    return (input.shape, input) if plain(input) else in_its_order(input)


def _unary(input: Tensor, **options: Any) -> Found:
    return None if options else _activation(input)


def _power(input: Tensor, exponent: Any, **options: Any) -> Found:
    return _activation(input) if type(exponent) in (int, float) and not options else None


def _compared(input: Tensor, other: Any, **options: Any) -> Found:
    fits = type(other) in (int, float) and not options and alike(input)
    return in_its_order(input, torch.bool) if fits else None


def _reduced(input: Tensor, dim: Any = None, keepdim: Any = False, **options: Any) -> Found:
    """A sum or a mean over some axes, or all."""
    axes = range(input.dim()) if dim is None else (dim,) if isinstance(dim, int) else tuple(dim)
    named = {axis % input.dim() for axis in axes} if input.dim() else set()
    fits = named and len(named) == len(axes) and type(keepdim) is bool and not options
    if not fits or not plain(input) or not all(-input.dim() <= a < input.dim() for a in axes):
        return None
    sizes = enumerate(input.shape)
    return tuple(1 if i in named else n for i, n in sizes if keepdim or i not in named), input


def _looked_up(
    input: Tensor, weight: Tensor, padding_idx: Any = None, max_norm: Any = None, *_: Any, **__: Any
) -> Found:
    fits = weight.dim() == 2 and max_norm is None and input.dtype in (torch.int64, torch.int32)
    return ((*input.shape, weight.shape[1]), weight) if fits and plain(weight) else None


def _sloped(input: Tensor, slope: float = 1.0, inplace: bool = False) -> Found:
    return _rectified(input, inplace)


def _rectified(input: Tensor, inplace: bool = False) -> Found:
    if inplace:
        return input if alike(input) else None
    return (input.shape, input) if plain(input) else None


def _sloped_by(input: Tensor, slope: Tensor) -> Found:
    """One slope for all, or one for each channel."""
    fits = slope.dim() < 2 and (
        slope.numel() == 1 or (input.dim() > 1 and slope.numel() == input.shape[1])
    )
    return (input.shape, input) if fits and plain(input) and alike(input, slope) else None


def _clamped(
    input: Tensor, min_val: float = -1.0, max_val: float = 1.0, inplace: bool = False
) -> Found:
    return _rectified(input, inplace) if min_val <= max_val else None


def _softmax(input: Tensor, dim: Any = None, *_: Any, dtype: Any = None, **__: Any) -> Found:
    fits = isinstance(dim, int) and -input.dim() <= dim < input.dim() and dtype is None and not _
    return (input.shape, input) if fits and plain(input) else None


def _dropout(input: Tensor, p: float = 0.5, training: bool = True, inplace: bool = False) -> Found:
    return None if training else input


def _binary(input: Any, other: Any, **options: Any) -> Found:
    """Two maps of which one has the shape of the result, or a map and a number."""
    if options:
        return None
    if not isinstance(input, Tensor) or not isinstance(other, Tensor):
        tensor, number = (input, other) if isinstance(input, Tensor) else (other, input)
        return _activation(tensor) if type(number) in (int, float) else None
    if input.shape == other.shape and alike(input, other):
        if plain(input, other):
            return input.shape, input
        return in_its_order(input)
    large, small = (input, other) if input.numel() >= other.numel() else (other, input)
    tail = large.shape[max(large.dim() - small.dim(), 0) :]
    spread = all(b in (1, a) for a, b in zip(tail, small.shape, strict=True))
    # a scalar does not decide the dtype, and axes of one the order of the axes
    if not spread or not small.dim() or 1 in large.shape[1:]:
        return None
    if plain(input, other):
        return large.shape, large
    one_axis = sum(size > 1 for size in small.shape) < 2 and small.is_contiguous()
    return in_its_order(large) if one_axis and alike(input, other) else None


def _added_to(input: Tensor, other: Any, **options: Any) -> Found:
    """In place: what is added to stays as it is, in whatever order its elements are."""
    if isinstance(other, Tensor):
        fits = not options and input.shape == other.shape and input.dtype == other.dtype
    else:
        fits = type(other) in (int, float) and input.dtype.is_floating_point
    return input if fits and input.is_meta else None


def _concat(tensors: Any, dim: int = 0) -> Found:
    first = tensors[0]
    rank = first.dim()
    if not rank or not -rank <= dim < rank or not alike(*tensors):
        return None
    if not all(plain(x) or rows_first(x) for x in tensors):
        return None
    axis = dim % rank
    rest = [(*x.shape[:axis], *x.shape[axis + 1 :]) for x in tensors]
    if any(x.dim() != rank for x in tensors) or len(set(rest)) > 1:
        return None
    length = sum(x.shape[axis] for x in tensors)
    return (*first.shape[:axis], length, *first.shape[axis + 1 :]), first


_UNARY = (
    "abs",
    "ceil",
    "cos",
    "erf",
    "exp",
    "floor",
    "log",
    "log1p",
    "neg",
    "reciprocal",
    "round",
    "rsqrt",
    "sin",
    "sqrt",
    "square",
)
RULES: dict[Any, Callable[..., Found]] = {
    **{getattr(home, name): _unary for home in (torch, Tensor) for name in _UNARY},
    **dict.fromkeys((Tensor.__neg__, Tensor.sigmoid, Tensor.tanh), _unary),
    **dict.fromkeys((torch.pow, Tensor.pow, Tensor.__pow__), _power),
    **{getattr(Tensor, f"__{op}__"): _compared for op in ("gt", "ge", "lt", "le")},
    **{getattr(home, op): _reduced for home in (torch, Tensor) for op in ("sum", "mean")},
    F.embedding: _looked_up,
    F.batch_norm: _batch_norm,
    F.layer_norm: _over_last,
    F.group_norm: _group_norm,
    F.local_response_norm: _normalised,
    F.relu: _rectified,
    F.hardtanh: _clamped,
    F.prelu: _sloped_by,
    F.dropout: _dropout,
    **dict.fromkeys((F.softmax, torch.softmax, Tensor.softmax), _softmax),
    **dict.fromkeys(
        (
            torch.relu, torch.sigmoid, torch.tanh, Tensor.relu, Tensor.sigmoid, Tensor.tanh,
            F.gelu, F.softplus, torch.fake_quantize_per_tensor_affine,
            torch.fake_quantize_per_channel_affine, torch.fused_moving_avg_obs_fake_quant,
        ),
        _activation,
    ),
    **dict.fromkeys((F.silu, F.mish, F.hardswish, F.hardsigmoid, F.relu6, F.selu), _rectified),
    **dict.fromkeys((F.leaky_relu, F.elu), _sloped),
    **dict.fromkeys(
        (
            torch.add, torch.sub, torch.mul, Tensor.add, Tensor.sub, Tensor.mul, Tensor.div,
            Tensor.__rmul__, Tensor.__radd__,
        ),
        _binary,
    ),
    **dict.fromkeys((Tensor.add_, Tensor.__iadd__, Tensor.mul_, Tensor.__imul__), _added_to),
    torch.cat: _concat,
}  # fmt: skip
