"""What a call's outcome depends on when nothing is computed: the shapes that it was given."""

from __future__ import annotations

from collections.abc import Iterable
from functools import lru_cache
from typing import Any

import torch
from torch import Tensor
from torch.nn import Parameter

from cnnref.tracing.rules.operation import PLAIN, tensors
from cnnref.tracing.rules.sparse import LAYOUTS, stored, values

__all__ = ["SMALL", "Made", "first_tensor", "is_small", "made", "remake", "sign", "storage"]

# elements of a tensor whose values are kept
SMALL = 1 << 16
META = torch.device("meta")

Spec = tuple[torch.Size, tuple[int, ...], torch.dtype]
# new tensors of these sizes, strides and types; or the argument of that number itself
Made = Spec | tuple[Spec, ...] | int


def sign(values: Iterable[Any], key: list[Any], found: list[Tensor]) -> None:
    """Write the shapes and numbers of arguments into a key, and collect their tensors.

    >>> key, found = [], []
    >>> sign((torch.empty(2, 3, device="meta"), 1), key, found)
    >>> key, len(found)
    ([torch.Size([2, 3]), (3, 1), torch.float32, <class 'int'>, 1], 1)
    """
    for value in values:
        kind = type(value)
        if kind is Tensor or kind is Parameter:
            found.append(value)
            key.append(value.shape)
            key.append(value.stride() if value.layout is torch.strided else _stored(value))
            key.append(value.dtype)
        elif kind in PLAIN:
            # 1 and 1.0 and True are equal, and make different types
            key.append(kind)
            key.append(value)
        elif isinstance(value, Tensor):
            found.append(value)
            key += (kind, value.shape, value.dtype)
        elif kind is tuple and _are_plain(kinds := tuple(map(type, value))):
            key.append(kinds)
            key.append(value)
        elif isinstance(value, list | tuple):
            key += (kind, len(value))
            sign(value, key, found)
        elif isinstance(value, dict):
            key += (kind, *value)
            sign(value.values(), key, found)
        else:
            key.append(value)


@lru_cache(maxsize=1 << 10)
def _are_plain(kinds: tuple[type, ...]) -> bool:
    return PLAIN.issuperset(kinds)


def _stored(value: Tensor) -> tuple[torch.layout, int | None]:
    return value.layout, stored(value) if value.layout in LAYOUTS else None


def made(result: Any, given: list[Tensor], worked_out: bool = False) -> Made | None:
    """How to make such a result again without running anything; None where it has to run.

    worked_out: it is one of the given tensors, or a new one that shares no memory with them.
    """
    if type(result) is Tensor:
        for number, tensor in enumerate(given):
            if result is tensor:
                return number
        return _spec(result) if worked_out else _fresh(result, given)
    if type(result) is tuple and result:
        parts = [_fresh(part, given) for part in result]
        return None if None in parts else tuple(part for part in parts if part is not None)
    return None


def _fresh(result: Any, given: list[Tensor]) -> Spec | None:
    if type(result) is not Tensor or not result.is_meta or result.layout is not torch.strided:
        return None
    own = storage(result)
    if any(tensor.is_meta and storage(tensor) == own for tensor in given):
        return None  # a view
    return _spec(result)


def _spec(result: Tensor) -> Spec:
    return result.shape, result.stride(), result.dtype


def storage(tensor: Tensor) -> int:
    """The identity of a tensor's memory, which its views share; meta tensors have one, too."""
    held = tensor if tensor.layout not in LAYOUTS else values(tensor)
    return int(held.untyped_storage()._cdata)  # noqa: SLF001


def is_small(tensor: Tensor) -> bool:
    """Whether a tensor is a constant whose values are at hand."""
    return (
        not tensor.is_meta
        and not isinstance(tensor, Parameter)
        and tensor.device.type == "cpu"
        and tensor.numel() <= SMALL
    )


def remake(how: Spec | tuple[Spec, ...]) -> Any:
    """The new result of a call that is known from an earlier one."""
    if isinstance(how[0], torch.Size):
        size, stride, dtype = how
        return torch.empty_strided(size, stride, dtype=dtype, device=META)
    return tuple([remake(part) for part in how])


def first_tensor(result: Any) -> Tensor | None:
    """The first tensor of a result, if there is one."""
    if isinstance(result, Tensor):
        return result
    return next(tensors((result,)), None)
