"""Convolutions of any rank, transposed ones, and pooling."""

from __future__ import annotations

from collections.abc import Callable
from math import prod
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor

from cnnref.counting.arithmetic import adaptive_taps
from cnnref.counting.layer import Constants
from cnnref.counting.shapes import Counts, Shape, Window
from cnnref.errors import ForwardError, ShapeError
from cnnref.tracing.rules.operation import Operation, Rule, first, sizes, taps
from cnnref.tracing.rules.refusals import (
    alike,
    check_bias,
    check_groups,
    check_output,
    check_output_padding,
    check_window,
)

__all__ = ["FUNCTIONS", "backward", "convolution"]


def _conv(
    result: Tensor,
    input: Tensor,
    weight: Tensor,
    bias: Tensor | None = None,
    stride: Any = 1,
    padding: Any = 0,
    dilation: Any = 1,
    groups: int = 1,
) -> Operation:
    """Each output is a sum over one filter: C_in / G * K * K MACs."""
    rank = weight.dim() - 2
    kernel, span = tuple(weight.shape[2:]), sizes(dilation, rank)
    if isinstance(padding, str):
        reach = [d * (k - 1) for d, k in zip(span, kernel, strict=True)]
        padding = [r // 2 if padding == "same" else 0 for r in reach]
    window = Window(kernel, sizes(stride, rank), sizes(padding, rank), span, groups)
    _check("a convolution", window, weight, bias, weight.shape[0])
    check_output("a convolution", input, result, rank)
    outputs = result.numel()
    counts = Counts(
        macs=outputs * prod(weight.shape[1:]),
        bias_adds=0 if bias is None else outputs,
    )
    return Operation("conv", (input,), result, window, counts, weights=(weight,), biases=(bias,))


def _conv_transpose(
    result: Tensor,
    input: Tensor,
    weight: Tensor,
    bias: Tensor | None = None,
    stride: Any = 1,
    padding: Any = 0,
    output_padding: Any = 0,
    groups: int = 1,
    dilation: Any = 1,
) -> Operation:
    """Each input is spread over one filter: C_out / G * K * K MACs.

    Window taps: C_in / G * K * K for each output, as some tools count it, zeros between the
    inputs of a stride among them.
    """
    rank = weight.dim() - 2
    _check_channels(input, weight, rank)
    window = Window(
        tuple(weight.shape[2:]),
        sizes(stride, rank),
        sizes(padding, rank),
        sizes(dilation, rank),
        groups,
    )
    what = "a transposed convolution"
    _check(what, window, weight, bias, weight.shape[1] * groups)
    check_output_padding(what, sizes(output_padding, rank), window)
    counts = Counts(
        macs=input.numel() * prod(weight.shape[1:]),
        bias_adds=0 if bias is None else result.numel(),
        window_taps=result.numel() * weight.shape[0] // groups * prod(window.kernel),
    )
    return Operation(
        "conv_transpose", (input,), result, window, counts, weights=(weight,), biases=(bias,)
    )


def _check(what: str, window: Window, weight: Tensor, bias: Tensor | None, filters: int) -> None:
    check_groups(what, weight, window.groups)
    check_window(what, window)
    check_bias(what, bias, filters)


def _check_channels(input: Tensor, weight: Tensor, rank: int) -> None:
    """Refuse what PyTorch refuses too, but not on the meta device."""
    if input.shape[-rank - 1] != weight.shape[0]:
        raise ShapeError(
            f"a transposed convolution with a weight of {Shape(weight.shape)} takes "
            f"{weight.shape[0]} channels, but got an input of {Shape(input.shape)}."
        )


def _conv_tbc(
    result: Tensor, input: Tensor, weight: Tensor, bias: Tensor, pad: int = 0
) -> Operation:
    """A convolution along time, with the channels last: K * C_in MACs for each output."""
    outputs = result.numel()
    window = Window((weight.shape[0],), (1,), (pad,), (1,))
    counts = Counts(macs=outputs * prod(weight.shape[:2]), bias_adds=outputs)
    return Operation("conv", (input,), result, window, counts, weights=(weight,), biases=(bias,))


def convolution(
    result: Tensor,
    input: Tensor,
    weight: Tensor,
    bias: Tensor | None,
    stride: Any,
    padding: Any,
    dilation: Any,
    transposed: bool,
    output_padding: Any,
    groups: int,
    *_: Any,
) -> Operation:
    """Either convolution, as PyTorch's operator takes it."""
    if transposed:
        return _conv_transpose(
            result, input, weight, bias, stride, padding, output_padding, groups, dilation
        )
    return _conv(result, input, weight, bias, stride, padding, dilation, groups)


def backward(
    result: Any,
    grad_output: Tensor,
    input: Tensor,
    weight: Tensor,
    bias_sizes: Any,
    stride: Any,
    padding: Any,
    dilation: Any,
    transposed: bool,
    output_padding: Any,
    groups: int,
    output_mask: Any,
) -> Operation:
    """The gradients of a convolution: each of input and weight takes the MACs of its forward.

    Every product of forward, an input times a weight, has two derivatives, and each is once
    multiplied with the gradient of the output: C_in / G * K * K MACs for each element of it.
    That of the bias is a sum.
    """
    positions = input if transposed else grad_output
    factors = positions.numel(), *weight.shape[1:]
    wanted = sum(map(bool, output_mask[:2]))
    inputs = tuple(
        tensor
        for tensor, used in zip((grad_output, input, weight), (1, *output_mask[1::-1]), strict=True)
        if used
    )
    return Operation(
        "conv_backward",
        inputs,
        first(result),
        None,
        Counts(macs=wanted * prod(factors)),
        leaf=False,
        formulas=(("macs", ((wanted, *factors),)),),
    )


def _max_pool(rank: int) -> Rule:
    def rule(
        result: Any,
        input: Tensor,
        kernel_size: Any,
        stride: Any = None,
        padding: Any = 0,
        dilation: Any = 1,
        ceil_mode: bool = False,
        return_indices: bool = False,
    ) -> Operation:
        """Each output is the largest of K * K taps."""
        window = _window(rank, kernel_size, stride, padding, dilation, ceil_mode)
        output = first(result)
        return Operation("max_pool", (input,), output, window, taps(output, window))

    return rule


def _avg_pool(rank: int) -> Rule:
    def rule(
        result: Tensor,
        input: Tensor,
        kernel_size: Any,
        stride: Any = None,
        padding: Any = 0,
        ceil_mode: bool = False,
        count_include_pad: bool = True,
        divisor_override: int | None = None,
    ) -> Operation:
        """Each output is the mean of K * K taps."""
        window = _window(rank, kernel_size, stride, padding, 1, ceil_mode)
        left_out = any(window.padding) and not count_include_pad
        constants: Constants = (("count_include_pad", 0),) if left_out else ()
        if divisor_override is not None:
            if not divisor_override:
                raise ForwardError("a pooling: divisor_override must not be zero.")
            constants += (("divisor_override", divisor_override),)
        counts = taps(result, window)
        return Operation("avg_pool", (input,), result, window, counts, constants=constants)

    return rule


def _lp_pool(rank: int) -> Rule:
    def rule(
        result: Tensor,
        input: Tensor,
        norm_type: float,
        kernel_size: Any,
        stride: Any = None,
        ceil_mode: bool = False,
    ) -> Operation:
        """Each output is the p-norm of K * K taps."""
        window = _window(rank, kernel_size, stride, 0, 1, ceil_mode)
        return Operation("lp_pool", (input,), result, window, taps(result, window))

    return rule


def _window(
    rank: int, kernel: Any, stride: Any, padding: Any, dilation: Any, ceil_mode: bool
) -> Window:
    window = sizes(kernel, rank)
    # PyTorch's own default is either None or an empty list
    step = window if stride in (None, [], ()) else sizes(stride, rank)
    found = Window(window, step, sizes(padding, rank), sizes(dilation, rank), 1, ceil_mode)
    check_window("a pooling", found)
    return found


def _fractional_max_pool(
    result: Any, input: Tensor, kernel_size: Any, *_: Any, **__: Any
) -> Operation:
    """Each output is the largest of K * K taps, at steps that are drawn."""
    output = first(result)
    window = kernel_size if isinstance(kernel_size, int) else prod(kernel_size)
    counts = Counts(window_taps=output.numel() * window)
    return Operation("fractional_max_pool", (input,), output, None, counts)


def _adaptive(op: str, rank: int) -> Rule:
    def rule(result: Any, input: Tensor, *_: Any, **__: Any) -> Operation:
        """Each output reads its share of the input, from floor(iH/H') to ceil((i+1)H/H')."""
        output = first(result)
        axes = zip(input.shape[-rank:], output.shape[-rank:], strict=True)
        maps = prod(output.shape[:-rank])
        counts = Counts(window_taps=maps * prod(adaptive_taps(*axis) for axis in axes))
        return Operation(op, (input,), output, None, counts)

    return rule


_BY_RANK: dict[str, Callable[[int], Rule]] = {
    "conv{}d": lambda rank: alike("a convolution", _conv),
    "conv_transpose{}d": lambda rank: alike("a transposed convolution", _conv_transpose),
    "max_pool{}d": _max_pool,
    "max_pool{}d_with_indices": _max_pool,
    "avg_pool{}d": _avg_pool,
    "lp_pool{}d": _lp_pool,
    "fractional_max_pool{}d": lambda rank: _fractional_max_pool,
    "fractional_max_pool{}d_with_indices": lambda rank: _fractional_max_pool,
    "adaptive_avg_pool{}d": lambda rank: _adaptive("adaptive_avg_pool", rank),
    "adaptive_max_pool{}d": lambda rank: _adaptive("adaptive_max_pool", rank),
    "adaptive_max_pool{}d_with_indices": lambda rank: _adaptive("adaptive_max_pool", rank),
}

FUNCTIONS: dict[Any, Rule] = {
    getattr(home, name.format(rank)): make(rank)
    for name, make in _BY_RANK.items()
    for rank in (1, 2, 3)
    for home in (F, torch)
    if hasattr(home, name.format(rank))
} | {torch.conv_tbc: _conv_tbc}
