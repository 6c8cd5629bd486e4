"""Tensors that are no feature maps: small ones that forward makes keep their values.

Forward may look at such values, to decide or to size something; a feature map has none.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from typing import Any

import torch
from torch import Tensor, nn

from cnnref.errors import CnnrefError
from cnnref.rules import tensors
from cnnref.watching.signature import storage

__all__ = ["Constants", "NeedsDataError", "on_meta", "run"]

SMALL = 1 << 16
# fmt: off
VALUES: frozenset[Any] = frozenset(
    getattr(Tensor, name)
    for name in (
        "item", "tolist", "numpy", "equal", "allclose", "__bool__", "__int__", "__float__",
        "__complex__", "__index__", "__array__", "__contains__", "__dlpack__",
    )
    if hasattr(Tensor, name)
) | {torch.equal, torch.allclose}
# as large as they are told to be: looked at on the meta device first
BULK = frozenset({
    torch.zeros, torch.ones, torch.empty, torch.full, torch.rand, torch.randn, torch.randint,
    torch.randperm, torch.eye, torch.empty_strided,
})
# what an operator that works in place adds to its name: __iadd__
IN_PLACE = frozenset({
    "add", "sub", "mul", "div", "truediv", "floordiv", "mod", "pow", "and", "or", "xor", "lshift",
    "rshift", "matmul",
})
# fmt: on
MOVES = frozenset({Tensor.cpu, Tensor.cuda, Tensor.pin_memory})


class NeedsDataError(CnnrefError, RuntimeError):
    """Forward asks for the value of a feature map, which a trace does not compute."""


class Constants:
    """The small tensors that one forward pass makes for itself."""

    def __init__(self) -> None:
        # storages that this pass made: only these may be written to
        self._mine: set[int] = set()
        self._kept: list[object] = []

    def make(self, func: Callable[..., Any], args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
        """What a function makes of no tensors; large ones, and those of a device, on meta."""
        device = kwargs.get("device")
        if device is not None and torch.device(device).type != "cpu":
            kwargs = {**kwargs, "device": "meta"}
        if func in BULK and kwargs.get("out") is None:
            options = {name: value for name, value in kwargs.items() if name != "generator"}
            found = func(*args, **{**options, "device": "meta"})
            if found.numel() > SMALL:
                return found
        return self.keep(func(*args, **kwargs), [])

    def keep(self, result: Any, given: list[Tensor]) -> Any:
        """The result, whose memory may be written to unless it was given."""
        theirs = {storage(tensor) for tensor in given}
        for leaf in tensors((result,)):
            if leaf.layout is torch.strided and not leaf.is_meta:
                own = storage(leaf)
                if own not in theirs:
                    self._mine.add(own)
                    self._kept.append(leaf)
        return result

    def may_run(
        self, func: Callable[..., Any], given: list[Tensor], kwargs: dict[str, Any]
    ) -> bool:
        """Whether a call is on small constants alone, and writes to no one else's."""
        for tensor in given:
            if (
                tensor.is_meta
                or isinstance(tensor, nn.Parameter)
                or tensor.device.type != "cpu"
                or tensor.numel() > SMALL
            ):
                return False
        if _writes(func):
            return storage(given[0]) in self._mine
        out = kwargs.get("out")
        return all(storage(tensor) in self._mine for tensor in tensors((out,)))

    def is_value(self, func: Callable[..., Any]) -> bool:
        """Whether a function asks for values."""
        return func in VALUES

    def value(self, func: Callable[..., Any], args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
        """The values of a constant.

        Raises:
            NeedsDataError: it is a feature map, or comes of one.
        """
        if any(tensor.is_meta for tensor in tensors((args, kwargs))):
            raise NeedsDataError(
                f"forward asks for the value of a feature map ({func.__name__}), but a trace "
                "computes shapes and no values"
            )
        return func(*args, **kwargs)


def on_meta(kwargs: dict[str, Any]) -> dict[str, Any]:
    """The arguments of a call on feature maps, which are nowhere but on meta."""
    if kwargs.get("device") is None:
        return kwargs
    return {**kwargs, "device": torch.device("meta")}


def run(func: Callable[..., Any], args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
    """Run a function on meta tensors; a move to another device stays where it is."""
    if args and isinstance(args[0], Tensor) and args[0].is_meta:
        if func in MOVES:
            return args[0]
        if func is Tensor.to:
            return _to(*args, **kwargs)
        if func is Tensor.type_as:
            return args[0].to(args[1].dtype)
    return func(*args, **kwargs)


def _to(tensor: Tensor, *args: Any, **kwargs: Any) -> Tensor:
    """Tensor.to without its device."""
    kwargs.pop("device", None)
    for value in args:
        if isinstance(value, torch.dtype):
            kwargs["dtype"] = value
        elif isinstance(value, Tensor):
            kwargs["dtype"] = value.dtype
    return tensor.to(**kwargs) if kwargs else tensor


@cache
def _writes(func: Callable[..., Any]) -> bool:
    """Whether a function changes its first argument: add_, __iadd__, __setitem__."""
    name = getattr(func, "__name__", "")
    if name.startswith("__"):
        return name == "__setitem__" or (name.startswith("__i") and name[3:-2] in IN_PLACE)
    return name.endswith("_")
