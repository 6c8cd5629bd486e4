"""What functions return on the meta device, remembered by the shapes they were given."""

from __future__ import annotations

from collections.abc import Callable, ItemsView
from typing import Any

import torch
from torch import Tensor

from cnnref.rules import FRESH

__all__ = ["Shapes"]


class Shapes:
    """Runs a function on meta tensors once for each set of shapes, and remembers the outcome.

    The kernels of the meta device take most of a trace's time, and a deep network asks for
    the same few shapes again and again.
    """

    def __init__(self) -> None:
        self._known: dict[object, tuple[torch.Size, tuple[int, ...], torch.dtype]] = {}

    def run(self, func: Callable[..., Any], args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
        """What the function returns: a new tensor of the shape it had the last time, or its own."""
        if func not in FRESH or kwargs.get("inplace"):
            return func(*args, **kwargs)
        key = (func, _signature(args), _signature(kwargs.items()))
        known = self._known.get(key)
        if known is not None:
            size, stride, dtype = known
            return torch.empty_strided(size, stride, dtype=dtype, device="meta")
        result = func(*args, **kwargs)
        self._known[key] = (result.shape, result.stride(), result.dtype)
        return result


def _signature(value: Any) -> Any:
    if isinstance(value, Tensor):
        return value.shape, value.stride(), value.dtype
    if isinstance(value, list | tuple | ItemsView):
        return tuple(_signature(part) for part in value)
    return value
