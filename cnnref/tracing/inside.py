"""What runs inside of functions and layers of PyTorch, without a call of these.

A function is looked into whose parts get rows of their own. A layer is the call of one function:
to be told which takes less than to have it called, announced and caught.
"""

from __future__ import annotations

from collections.abc import Callable
from operator import itemgetter
from types import FunctionType
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor, nn

__all__ = ["INSIDE", "METHODS", "Inner", "layer_call"]

# a function, and what it is given; of a layer's attributes and its input
Inner = Callable[[dict[str, Any], Tensor], tuple[Any, tuple[Any, ...]] | None]


def _body(function: Callable[..., Any]) -> Callable[..., Any]:
    """The function without its first lines, which hand the whole call to whoever watches."""
    assert isinstance(function, FunctionType)
    blind = {name: _nobody for name in function.__globals__ if name.startswith("has_torch_func")}
    body = FunctionType(
        function.__code__,
        function.__globals__ | blind,
        function.__name__,
        function.__defaults__,
        function.__closure__,
    )
    body.__kwdefaults__ = function.__kwdefaults__
    return body


def _nobody(*_: object) -> bool:
    return False


INSIDE: dict[Any, Callable[..., Any]] = {
    F.multi_head_attention_forward: _body(F.multi_head_attention_forward)
}


def _conv(name: str) -> Inner:
    def inner(mine: dict[str, Any], x: Tensor) -> tuple[Any, tuple[Any, ...]] | None:
        if mine["padding_mode"] != "zeros":
            return None
        learned = mine["_parameters"]
        window = mine["stride"], mine["padding"], mine["dilation"], mine["groups"]
        return getattr(F, name), (x, learned["weight"], learned["bias"], *window)

    return inner


def _batch_norm(*axes: int) -> Inner:
    def inner(mine: dict[str, Any], x: Tensor) -> tuple[Any, tuple[Any, ...]] | None:
        kept = mine["_buffers"]
        mean, variance, momentum = kept["running_mean"], kept["running_var"], mine["momentum"]
        if mine["training"] or mean is None or variance is None or momentum is None:
            return None
        if x.dim() not in axes:
            return None
        learned = mine["_parameters"]
        scale = learned["weight"], learned["bias"]
        return F.batch_norm, (x, mean, variance, *scale, False, momentum, mine["eps"])

    return inner


def _max_pool(mine: dict[str, Any], x: Tensor) -> tuple[Any, tuple[Any, ...]] | None:
    if mine["return_indices"]:
        return None
    window = mine["kernel_size"], mine["stride"], mine["padding"], mine["dilation"]
    return F.max_pool2d, (x, *window, mine["ceil_mode"])


_learned = itemgetter("weight", "bias")


LAYERS: dict[type[nn.Module], Inner] = {
    nn.Conv1d: _conv("conv1d"),
    nn.Conv2d: _conv("conv2d"),
    nn.Conv3d: _conv("conv3d"),
    nn.BatchNorm1d: _batch_norm(2, 3),
    nn.BatchNorm2d: _batch_norm(4),
    nn.BatchNorm3d: _batch_norm(5),
    nn.Linear: lambda mine, x: (F.linear, (x, *_learned(mine["_parameters"]))),
    nn.LayerNorm: lambda mine, x: (
        F.layer_norm,
        (x, mine["normalized_shape"], *_learned(mine["_parameters"]), mine["eps"]),
    ),
    nn.ReLU: lambda mine, x: (F.relu, (x, mine["inplace"])),
    nn.ReLU6: lambda mine, x: (
        F.hardtanh,
        (x, mine["min_val"], mine["max_val"], mine["inplace"]),
    ),
    nn.SiLU: lambda mine, x: (F.silu, (x, mine["inplace"])),
    nn.Hardswish: lambda mine, x: (F.hardswish, (x, mine["inplace"])),
    nn.Hardsigmoid: lambda mine, x: (F.hardsigmoid, (x, mine["inplace"])),
    nn.Sigmoid: lambda mine, x: (torch.sigmoid, (x,)),
    nn.Dropout: lambda mine, x: (F.dropout, (x, mine["p"], mine["training"], mine["inplace"])),
    nn.MaxPool2d: _max_pool,
    nn.AdaptiveAvgPool2d: lambda mine, x: (F.adaptive_avg_pool2d, (x, mine["output_size"])),
}
# by which it comes to that
METHODS = ("forward", "_conv_forward", "_check_input_dim")
_WRITTEN = {
    kind: [(name, getattr(kind, name)) for name in METHODS if hasattr(kind, name)]
    for kind in LAYERS
}


def layer_call(kind: type[nn.Module]) -> Inner | None:
    """What the layers of a class call; None where that is not known, or not as PyTorch wrote it."""
    for name, method in _WRITTEN.get(kind, ()):
        if getattr(kind, name) is not method or not method.__module__.startswith("torch.nn."):
            return None
    return LAYERS.get(kind)
