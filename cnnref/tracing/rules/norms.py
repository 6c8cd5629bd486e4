"""Normalisations, embeddings, and what reads a map between its positions."""

from __future__ import annotations

from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor

from cnnref.counting.shapes import FURTHER, Window
from cnnref.errors import ForwardError
from cnnref.tracing.rules.operation import Operation, Rule, first, taps
from cnnref.tracing.rules.refusals import least, of_type

__all__ = ["FUNCTIONS", "embedding", "normalised"]


def _batch_norm(
    result: Tensor,
    input: Tensor,
    running_mean: Tensor | None = None,
    running_var: Tensor | None = None,
    weight: Tensor | None = None,
    bias: Tensor | None = None,
    training: bool = False,
    momentum: float = 0.1,
    eps: float = 1e-5,
) -> Operation:
    """A scale and a shift for each channel; the running statistics are buffers."""
    # with its statistics taken from the batch it is another function
    constants = (("eps", eps), ("batch_statistics", 1)) if training else (("eps", eps),)
    return Operation(
        "batch_norm",
        (input,),
        result,
        weights=(weight,),
        biases=(bias,),
        constants=constants,
    )


def _torch_batch_norm(
    result: Tensor,
    input: Tensor,
    weight: Tensor | None = None,
    bias: Tensor | None = None,
    running_mean: Tensor | None = None,
    running_var: Tensor | None = None,
    *rest: Any,
    cudnn_enabled: bool = True,
    **named: Any,
) -> Operation:
    statistics = running_mean, running_var
    return _batch_norm(result, input, *statistics, weight, bias, *rest[:3], **named)


def _instance_norm(
    result: Tensor,
    input: Tensor,
    running_mean: Tensor | None = None,
    running_var: Tensor | None = None,
    weight: Tensor | None = None,
    bias: Tensor | None = None,
    use_input_stats: bool = True,
    *_: Any,
    **__: Any,
) -> Operation:
    """Each channel of each image by itself."""
    return Operation(
        "instance_norm",
        (input,),
        result,
        weights=(weight,),
        biases=(bias,),
        constants=() if use_input_stats else (("batch_statistics", 0),),
    )


def _torch_instance_norm(
    result: Tensor,
    input: Tensor,
    weight: Tensor | None = None,
    bias: Tensor | None = None,
    running_mean: Tensor | None = None,
    running_var: Tensor | None = None,
    *rest: Any,
    **named: Any,
) -> Operation:
    return _instance_norm(result, input, running_mean, running_var, weight, bias, *rest, **named)


def _grouped(op: str) -> Rule:
    def rule(
        result: Tensor,
        input: Tensor,
        over: Any,
        weight: Tensor | None = None,
        bias: Any = None,
        *_: Any,
        **__: Any,
    ) -> Operation:
        """Over groups of channels, or over the last axes: a scale and a shift for each."""
        # the fourth argument of an RMS norm is its epsilon
        shift = bias if isinstance(bias, Tensor) else None
        return Operation(op, (input,), first(result), weights=(weight,), biases=(shift,))

    return rule


def _lrn(
    result: Tensor,
    input: Tensor,
    size: int,
    alpha: float = 1e-4,
    beta: float = 0.75,
    k: float = 1.0,
) -> Operation:
    """Each element is divided by a sum over n neighbouring channels."""
    window = Window((size,), (1,), (size // 2,), (1,))
    constants = (("alpha", alpha), ("beta", beta), ("k", k))
    counts = taps(result, window)
    return Operation("lrn", (input,), result, window, counts, constants=constants)


def normalised(op: str, weight: int, *, of_batch: bool = False) -> Rule:
    """The rule of an operator whose scale is that argument, and its shift the next one.

    of_batch: it takes the statistics from the batch, also where no flag says so.
    """

    def rule(result: Any, input: Tensor, *rest: Any, **__: Any) -> Operation:
        scale, shift = (
            rest[place] if place < len(rest) and isinstance(rest[place], Tensor) else None
            for place in (weight - 1, weight)
        )
        # the only flag of these operators
        by_batch = of_batch or any(one is True for one in rest)
        return Operation(
            op,
            (input,),
            first(result),
            weights=(scale,),
            biases=(shift,),
            constants=(("batch_statistics", 1),) if by_batch else (),
        )

    return rule


def embedding(result: Any, input: Tensor, weight: Tensor, *_: Any, **__: Any) -> Operation:
    """A row of the table for each number: reads, and no arithmetic."""
    # PyTorch's functions take the numbers first, its operators the table
    if not input.dtype.is_floating_point:
        return Operation("embedding", (input,), first(result), weights=(weight,))
    if weight.dtype.is_floating_point:  # which PyTorch 2.9 takes on the meta device
        raise ForwardError("embedding: its input must be of whole numbers.")
    return Operation("embedding", (weight,), first(result), weights=(input,))


def _embedding_bag(result: Any, input: Tensor, weight: Tensor, *_: Any, **__: Any) -> Operation:
    """Rows of the table, summed up for each bag."""
    found = embedding(result, input, weight)
    return found._replace(op="embedding_bag")


def _interpolate(
    result: Tensor,
    input: Tensor,
    size: Any = None,
    scale_factor: Any = None,
    mode: str = "nearest",
    *_: Any,
    **__: Any,
) -> Operation:
    """Each output is a mix of its neighbours: one for nearest, four for bilinear."""
    least("an interpolation", "each size of the output", tuple(result.shape[2:]), 1)
    further = ((mode, result.numel()),) if mode in FURTHER else ()
    return Operation("interpolate", (input,), result, further=further)


FUNCTIONS: dict[Any, Rule] = {
    F.batch_norm: of_type("batch_norm", _batch_norm),
    torch.batch_norm: of_type("batch_norm", _torch_batch_norm),
    F.instance_norm: of_type("instance_norm", _instance_norm),
    torch.instance_norm: of_type("instance_norm", _torch_instance_norm),
    F.layer_norm: of_type("layer_norm", _grouped("layer_norm")),
    torch.layer_norm: of_type("layer_norm", _grouped("layer_norm")),
    F.group_norm: of_type("group_norm", _grouped("group_norm")),
    torch.group_norm: of_type("group_norm", _grouped("group_norm")),
    F.rms_norm: _grouped("rms_norm"),
    torch.rms_norm: _grouped("rms_norm"),
    F.local_response_norm: _lrn,
    F.embedding: embedding,
    torch.embedding: embedding,
    F.embedding_bag: _embedding_bag,
    torch.embedding_bag: _embedding_bag,
    F.interpolate: _interpolate,
    F.upsample: _interpolate,
}
