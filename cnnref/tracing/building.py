"""Modules without memory for their weights, and without the time to draw numbers into them."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import torch
from torch import Tensor
from torch.overrides import TorchFunctionMode

__all__ = ["on_meta"]

# in place, with numbers alone: on meta they change nothing, but have torch load its compiler
FILLS = frozenset(
    getattr(Tensor, f"{name}_")
    for name in ("add", "clamp", "div", "erfinv", "fill", "mul", "normal", "uniform", "zero")
)


@contextmanager
def on_meta() -> Iterator[None]:
    """What is built meanwhile is on the meta device, and its weights stay as they come."""
    with torch.device("meta"), _Unfilled():
        yield


class _Unfilled(TorchFunctionMode):
    def __torch_function__(
        self,
        func: Callable[..., Any],
        types: object,
        args: tuple[Any, ...] = (),
        kwargs: dict[str, Any] | None = None,
    ) -> Any:
        kwargs = kwargs or {}
        fills = func in FILLS or getattr(func, "__module__", "") == "torch.nn.init"
        if fills and not any(isinstance(one, Tensor) for one in (*args[1:], *kwargs.values())):
            filled = args[0] if args else kwargs.get("tensor")
            if isinstance(filled, Tensor) and filled.is_meta:
                return filled
        return func(*args, **kwargs)
