"""What the harness asks of tensors on the meta device: their kind, who shares them, what fits."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from cnnref.shapes import Shapes, _signature
from torch import Tensor
from torch.utils._pytree import tree_flatten

from cnnref.rules import FRESH

__all__ = ["REFUSALS", "Function", "RememberingShapes", "aliases", "kind", "tensors"]

Function = Callable[..., Any]
# what torch raises where shapes do not fit; a stride of zero is a division by zero on meta
REFUSALS = (RuntimeError, ValueError, TypeError, IndexError, ZeroDivisionError)


class RememberingShapes(Shapes):
    """Remembers refusals too: a deep network has the same faults again and again."""

    def __init__(self) -> None:
        super().__init__()
        self._refused: dict[object, Exception] = {}

    def run(self, func: Function, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
        if func not in FRESH:
            return super().run(func, args, kwargs)
        key = (func, _signature(args), _signature(kwargs.items()))
        if key in self._refused:
            raise self._refused[key].with_traceback(None)
        try:
            return super().run(func, args, kwargs)
        except REFUSALS as error:
            self._refused[key] = error
            raise


def tensors(value: Any) -> list[Tensor]:
    if isinstance(value, Tensor):
        return [value]
    return [leaf for leaf in tree_flatten(value)[0] if isinstance(leaf, Tensor)]


def kind(tensor: Tensor) -> tuple[object, ...]:
    return tuple(tensor.shape), tensor.stride(), tensor.dtype


def aliases(given: list[int], made: list[Tensor]) -> list[int | None]:
    return [given.index(id(one)) if id(one) in given else None for one in made]
