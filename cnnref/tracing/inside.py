"""Functions of PyTorch that are looked into: their parts get rows of their own."""

from __future__ import annotations

from collections.abc import Callable
from types import FunctionType
from typing import Any

import torch.nn.functional as F

__all__ = ["INSIDE"]


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
