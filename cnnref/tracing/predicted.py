"""What the common functions give, worked out from shapes: running them on meta takes far longer.

Only plain cases are worked out here: one dtype, everything contiguous, shapes that fit. All else
is left to PyTorch, its errors among them. Tests hold each answer against PyTorch's own.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor

from cnnref.tracing.rules.operation import sizes

__all__ = [
    "Found",
    "alike",
    "plain",
    "predicted",
]


META = torch.device("meta")
Sizes = tuple[int, ...]
# the size of the result and a tensor of its dtype, or an argument itself; None: not worked out
Found = tuple[Sizes, Tensor] | Tensor | None


def predicted(func: Callable[..., Any], args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
    """What a call on meta tensors gives; None where that is left to PyTorch."""
    rule = _RULES.get(func)
    if rule is None:
        return None
    try:
        found = rule(*args, **kwargs)
    except (TypeError, ValueError, IndexError):  # of an argument in an unusual form
        return None
    if found is None or isinstance(found, Tensor):
        return found
    size, like = found
    return torch.empty(size, dtype=like.dtype, device=META)


def _linear(input: Tensor, weight: Tensor, bias: Tensor | None = None) -> Found:
    # contiguous, in whatever order the input is
    if weight.dim() != 2 or not input.dim() or not alike(input, weight, bias):
        return None
    outputs, features = weight.shape
    if input.shape[-1] != features or (bias is not None and bias.shape != (outputs,)):
        return None
    return (*input.shape[:-1], outputs), input


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
    return (input.shape, input) if plain(input) else None


def _sloped(input: Tensor, slope: float = 1.0, inplace: bool = False) -> Found:
    return _rectified(input, inplace)


def _rectified(input: Tensor, inplace: bool = False) -> Found:
    if inplace:
        return input if alike(input) else None
    return (input.shape, input) if plain(input) else None


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
        fits = type(number) in (int, float) and plain(tensor)
        return (tensor.shape, tensor) if fits else None
    if not plain(input, other):
        return None
    if input.shape == other.shape:
        return input.shape, input
    large, small = (input, other) if input.numel() >= other.numel() else (other, input)
    tail = large.shape[max(large.dim() - small.dim(), 0) :]
    spread = all(b in (1, a) for a, b in zip(tail, small.shape, strict=True))
    # a scalar does not decide the dtype, and axes of one the order of the axes
    return (large.shape, large) if spread and small.dim() and 1 not in large.shape[1:] else None


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
    if not rank or not -rank <= dim < rank or not plain(*tensors):
        return None
    axis = dim % rank
    rest = [(*x.shape[:axis], *x.shape[axis + 1 :]) for x in tensors]
    if any(x.dim() != rank for x in tensors) or len(set(rest)) > 1:
        return None
    length = sum(x.shape[axis] for x in tensors)
    return (*first.shape[:axis], length, *first.shape[axis + 1 :]), first


def _matmul(input: Tensor, other: Tensor, **options: Any) -> Found:
    rank = input.dim()
    fits = rank > 1 and other.dim() == rank and input.shape[:-2] == other.shape[:-2]
    fits = fits and input.shape[-1] == other.shape[-2] and not options and plain(input, other)
    return ((*input.shape[:-1], other.shape[-1]), input) if fits else None


def plain(*tensors: Tensor | None) -> bool:
    """Whether tensors are contiguous floating-point ones of one dtype, with elements in them."""
    return alike(*tensors) and all(tensor is None or _in_order(tensor) for tensor in tensors)


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
    if input.dim() != rank + 2 or not plain(input, weight, bias):
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
    step = sizes(stride, rank) if stride else window
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
        if return_indices or input.dim() != rank + 2 or not plain(input):
            return None
        wanted = (output_size,) * rank if isinstance(output_size, int) else tuple(output_size)
        if len(wanted) != rank or not all(size is None or size > 0 for size in wanted):
            return None
        if wanted == (None,):  # the one axis must have a size
            return None
        out = [size or had for size, had in zip(wanted, input.shape[2:], strict=True)]
        return (*input.shape[:2], *out), input

    return rule


_RULES: dict[Any, Callable[..., Found]] = {
    **dict.fromkeys((F.conv1d, F.conv2d, F.conv3d), _conv),
    **{getattr(F, f"max_pool{rank}d"): _max_pool(rank) for rank in (1, 2, 3)},
    **{getattr(F, f"avg_pool{rank}d"): _avg_pool(rank) for rank in (2, 3)},
    F.adaptive_avg_pool1d: _adaptive(1),
    F.adaptive_avg_pool2d: _adaptive(2),
    F.adaptive_avg_pool3d: _adaptive(3),
    F.linear: _linear,
    F.batch_norm: _batch_norm,
    F.layer_norm: _over_last,
    F.group_norm: _group_norm,
    F.relu: _rectified,
    F.hardtanh: _clamped,
    F.dropout: _dropout,
    F.softmax: _softmax,
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
    torch.matmul: _matmul,
    Tensor.matmul: _matmul,
}  # fmt: skip
