"""The layers of the models: modules of torch that make a row, and their numbers."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from torch import Tensor, nn
from torch.utils._pytree import tree_flatten

__all__ = ["Function", "kind", "leaf", "numbers", "tensors"]

Function = Callable[..., Any]

# the numbers of a layer, by the names that its constructor has for them; all other modules are
# made of layers
NUMBERS: dict[type[nn.Module], tuple[str, ...]] = {
    nn.Conv2d: (
        *("in_channels", "out_channels", "kernel_size", "stride", "padding", "dilation"),
        *("groups", "bias"),
    ),
    nn.Linear: ("in_features", "out_features", "bias"),
    nn.BatchNorm1d: ("num_features", "eps", "momentum", "affine", "track_running_stats"),
    nn.BatchNorm2d: ("num_features", "eps", "momentum", "affine", "track_running_stats"),
    # its eps is in no row; that it is torchvision's is seen by what comes out
    nn.LayerNorm: ("normalized_shape", "elementwise_affine"),
    nn.GELU: (),
    nn.LocalResponseNorm: ("size", "alpha", "beta", "k"),
    nn.ReLU: ("inplace",),
    nn.PReLU: ("num_parameters",),
    nn.MaxPool2d: ("kernel_size", "stride", "padding", "dilation", "return_indices", "ceil_mode"),
    nn.AvgPool2d: ("kernel_size", "stride", "padding", "ceil_mode", "count_include_pad"),
    nn.AdaptiveAvgPool2d: ("output_size",),
    nn.Dropout: ("p", "inplace"),
    nn.Dropout2d: ("p", "inplace"),
}


def leaf(module: object) -> bool:
    """Whether a module has numbers, and is not made of other modules."""
    return any(one in NUMBERS for one in type(module).__mro__)


def kind(module: object) -> type[nn.Module]:
    """The class of torch whose numbers a module has."""
    return next(one for one in type(module).__mro__ if one in NUMBERS)


def numbers(module: object) -> tuple[str, ...]:
    """What the numbers of a layer are called."""
    return NUMBERS[kind(module)]


def tensors(value: Any) -> list[Tensor]:
    """All tensors in nested lists and tuples, in order."""
    return [one for one in tree_flatten(value)[0] if isinstance(one, Tensor)]
