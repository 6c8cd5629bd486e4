"""What trace counts: one small rule for each torch function, on the shapes it was given.

A rule takes the function's result and its arguments, under the function's own
parameter names, and says which operator ran on which tensors and what it counts.
"""

from __future__ import annotations

from collections.abc import Callable
from math import prod
from typing import Any, NamedTuple

import torch
import torch.nn.functional as F
from torch import Tensor

from cnnref.arithmetic import adaptive_taps
from cnnref.errors import CnnrefError
from cnnref.layer import Constants, Counts, Geometry

__all__ = ["FREE", "FRESH", "RULES", "Found"]

# operators that hand elements on without computing: views, and copies of them
FREE = frozenset(
    {
        "_unsafe_view",
        "alias",
        "clone",
        "contiguous",
        "detach",
        "expand",
        "flatten",
        "permute",
        "reshape",
        "select",
        "slice",
        "squeeze",
        "t",
        "transpose",
        "unsqueeze",
        "view",
    }
)

# what the numbers of F.pad add to, in their order
SIDES = ("left", "right", "top", "bottom", "before", "after")


class Found(NamedTuple):
    """What a rule says of one call.

    The recorder adds the elements in and out, and how many numbers weight and bias bring.
    """

    op: str
    inputs: tuple[Tensor, ...]
    output: Tensor
    geometry: Geometry | None = None
    counts: Counts = Counts()
    counted: bool = True
    leaf: bool = True
    weight: Tensor | None = None
    bias: Tensor | None = None
    constants: Constants = ()


Rule = Callable[..., Found]


def _pair(value: Any) -> tuple[int, int]:
    if isinstance(value, int):
        return value, value
    sizes = tuple(int(size) for size in value)
    return sizes * 2 if len(sizes) == 1 else sizes  # type: ignore[return-value]


def _refuse_without_batch(function: str, input: Tensor, axes: int) -> None:
    if input.dim() < axes:
        shape = " x ".join(map(str, input.shape))
        raise CnnrefError(
            f"{function} ran on an input of {shape} without a batch axis, so its cost for one "
            "image is not known; keep a leading batch of one in forward."
        )


def _conv2d(
    result: Tensor,
    input: Tensor,
    weight: Tensor,
    bias: Tensor | None = None,
    stride: Any = 1,
    padding: Any = 0,
    dilation: Any = 1,
    groups: int = 1,
) -> Found:
    """Each output is a sum over one filter: C_in / G * K * K MACs."""
    _refuse_without_batch("conv2d", input, axes=4)
    kernel = _pair(weight.shape[2:])
    span = _pair(dilation)
    if isinstance(padding, str):
        reach = [d * (k - 1) for d, k in zip(span, kernel, strict=True)]
        padding = [r // 2 if padding == "same" else 0 for r in reach]
    geometry = Geometry(kernel, _pair(stride), _pair(padding), span, groups)
    outputs = prod(result.shape[1:])
    counts = Counts(
        macs=outputs * prod(weight.shape[1:]),
        bias_adds=0 if bias is None else outputs,
    )
    return Found("conv", (input,), result, geometry, counts, weight=weight, bias=bias)


def _linear(result: Tensor, input: Tensor, weight: Tensor, bias: Tensor | None = None) -> Found:
    """Each output is a sum over all features of its position."""
    _refuse_without_batch("linear", input, axes=2)
    outputs = prod(result.shape[1:])
    counts = Counts(
        macs=outputs * weight.shape[1],
        bias_adds=0 if bias is None else outputs,
    )
    return Found("linear", (input,), result, None, counts, weight=weight, bias=bias)


def _max_pool2d(
    result: Tensor,
    input: Tensor,
    kernel_size: Any,
    stride: Any = None,
    padding: Any = 0,
    dilation: Any = 1,
    ceil_mode: bool = False,
    return_indices: bool = False,
) -> Found:
    """Each output is the largest of K * K taps."""
    window = _pair(kernel_size)
    step = _pair(stride) if stride else window
    geometry = Geometry(window, step, _pair(padding), _pair(dilation), 1, ceil_mode)
    return Found("max_pool", (input,), result, geometry, _taps(result, geometry))


def _avg_pool2d(
    result: Tensor,
    input: Tensor,
    kernel_size: Any,
    stride: Any = None,
    padding: Any = 0,
    ceil_mode: bool = False,
    count_include_pad: bool = True,
    divisor_override: int | None = None,
) -> Found:
    """Each output is the mean of K * K taps."""
    window = _pair(kernel_size)
    step = _pair(stride) if stride else window
    geometry = Geometry(window, step, _pair(padding), (1, 1), 1, ceil_mode)
    left_out = any(geometry.padding) and not count_include_pad
    constants: Constants = (("count_include_pad", 0),) if left_out else ()
    if divisor_override is not None:
        constants += (("divisor_override", divisor_override),)
    taps = _taps(result, geometry)
    return Found("avg_pool", (input,), result, geometry, taps, constants=constants)


def _taps(result: Tensor, geometry: Geometry) -> Counts:
    return Counts(window_taps=prod(result.shape[1:]) * prod(geometry.kernel))


def _adaptive_avg_pool2d(result: Tensor, input: Tensor, output_size: Any) -> Found:
    """Each output is the mean of its share of the input."""
    axes = zip(input.shape[2:], result.shape[2:], strict=True)
    taps = result.shape[1] * prod(adaptive_taps(*axis) for axis in axes)
    return Found("adaptive_avg_pool", (input,), result, None, Counts(window_taps=taps))


def _batch_norm(
    result: Tensor,
    input: Tensor,
    running_mean: Tensor | None,
    running_var: Tensor | None,
    weight: Tensor | None = None,
    bias: Tensor | None = None,
    training: bool = False,
    momentum: float = 0.1,
    eps: float = 1e-5,
) -> Found:
    """A scale and a shift for each channel; the running statistics are buffers."""
    # with its statistics taken from the batch it is another function
    constants = (("eps", eps), ("batch_statistics", 1)) if training else (("eps", eps),)
    return Found("batch_norm", (input,), result, weight=weight, bias=bias, constants=constants)


def _lrn(
    result: Tensor,
    input: Tensor,
    size: int,
    alpha: float = 1e-4,
    beta: float = 0.75,
    k: float = 1.0,
) -> Found:
    """Each element is divided by a sum over n neighbouring channels."""
    geometry = Geometry((size,), (1,), (size // 2,), (1,))
    constants = (("alpha", alpha), ("beta", beta), ("k", k))
    return Found("lrn", (input,), result, geometry, _taps(result, geometry), constants=constants)


def _dropout(result: Tensor, input: Tensor, p: float = 0.5, *_: Any, **__: Any) -> Found:
    """At inference the input itself."""
    return Found("dropout", (input,), result, constants=(("p", p),))


def _one_input(op: str, leaf: bool = True) -> Rule:
    def rule(result: Tensor, input: Tensor, *_: Any, **__: Any) -> Found:
        return Found(op, (input,), result, leaf=leaf)

    return rule


def _add(result: Tensor, input: Any, other: Any, **_: Any) -> Found:
    """One add for each element of the sum."""
    maps = tuple(part for part in (input, other) if isinstance(part, Tensor))
    return Found("add", maps, result, leaf=False)


def _cat(result: Tensor, tensors: Any, *_: Any, **__: Any) -> Found:
    """Copies into one tensor."""
    return Found("concat", tuple(tensors), result, leaf=False)


def _multiply(result: Tensor, input: Any, other: Any, **_: Any) -> Found:
    """One multiply for each element: by a constant, or of two maps."""
    maps = tuple(part for part in (input, other) if isinstance(part, Tensor))
    if len(maps) > 1:
        return Found("multiply", maps, result, leaf=False)
    factor = other if isinstance(input, Tensor) else input
    return Found("scale", maps, result, leaf=False, constants=(("factor", factor),))


def _prelu(result: Tensor, input: Tensor, weight: Tensor) -> Found:
    """A learned slope for each channel."""
    return Found("prelu", (input,), result, weight=weight)


def _pad(result: Tensor, input: Tensor, pad: Any, *_: Any, **__: Any) -> Found:
    constants = tuple((side, zeros) for side, zeros in zip(SIDES, pad, strict=False) if zeros)
    return Found("pad", (input,), result, leaf=False, constants=constants)


RULES: dict[Callable[..., Any], Rule] = {
    F.conv2d: _conv2d,
    F.linear: _linear,
    torch.max_pool2d: _max_pool2d,
    F.max_pool2d: _max_pool2d,
    F.avg_pool2d: _avg_pool2d,
    F.adaptive_avg_pool2d: _adaptive_avg_pool2d,
    F.batch_norm: _batch_norm,
    F.local_response_norm: _lrn,
    F.relu: _one_input("relu"),
    torch.relu: _one_input("relu"),
    torch.relu_: _one_input("relu"),
    Tensor.relu: _one_input("relu"),
    Tensor.relu_: _one_input("relu"),
    F.dropout: _dropout,
    torch.flatten: _one_input("flatten", leaf=False),
    Tensor.flatten: _one_input("flatten", leaf=False),
    torch.add: _add,
    Tensor.add: _add,
    Tensor.add_: _add,
    Tensor.__add__: _add,
    Tensor.__iadd__: _add,
    torch.mul: _multiply,
    Tensor.mul: _multiply,
    Tensor.mul_: _multiply,
    Tensor.__mul__: _multiply,
    Tensor.__rmul__: _multiply,
    Tensor.__imul__: _multiply,
    F.prelu: _prelu,
    F.pad: _pad,
    Tensor.__getitem__: _one_input("slice", leaf=False),
    torch.cat: _cat,
    torch.concat: _cat,
}

# functions that hand back one new tensor, whose shape follows from those of their arguments
FRESH = frozenset(
    {
        F.conv2d,
        F.linear,
        torch.max_pool2d,
        F.avg_pool2d,
        F.adaptive_avg_pool2d,
        F.batch_norm,
        F.local_response_norm,
        F.relu,
        F.prelu,
        F.pad,
        torch.add,
        Tensor.add,
        Tensor.__add__,
        torch.cat,
    }
)
