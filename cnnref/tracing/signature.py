"""What a call's outcome depends on when nothing is computed: the shapes that it was given."""

from __future__ import annotations

from collections.abc import Iterable
from contextlib import nullcontext
from functools import lru_cache
from itertools import count
from typing import Any, NamedTuple

import torch
from torch import Tensor
from torch.nn import Parameter
from torch.nn.parameter import is_lazy

from cnnref.tracing.rules.operation import PLAIN, tensors
from cnnref.tracing.rules.sparse import LAYOUTS, stored, values

__all__ = [
    "FULL",
    "META",
    "SMALL",
    "Form",
    "Made",
    "first_tensor",
    "form",
    "is_small",
    "made",
    "reach",
    "remade",
    "sign",
    "signed",
    "storage",
]

# elements of a tensor whose values are kept
SMALL = 1 << 16
# entries of a memory that is then begun anew
FULL = 1 << 16
META = torch.device("meta")
UNSEEN = torch._C._DisableTorchDispatch  # noqa: SLF001

_NUMBERS: dict[Any, int] = {}
_next = count().__next__


class Form(NamedTuple):
    """Sizes, strides and type of a tensor on meta: their number, and one to make others of."""

    number: int
    model: Tensor


# new tensors of these forms; or the argument of that number itself
Made = Form | tuple[Form, ...] | int


def sign(
    values: Iterable[Any], key: list[Any], found: list[Tensor], numbers: dict[int, int]
) -> None:
    """Write the forms and numbers of arguments into a key, and collect their tensors.

    numbers: of the forms of tensors for which they are known, by identity.

    >>> key, found = [], []
    >>> x = torch.empty(2, 3, device="meta")
    >>> sign((x, 1), key, found, {id(x): 4})
    >>> key, len(found)
    ([4, <class 'int'>, 1], 1)
    """
    for value in values:
        kind = type(value)
        if kind is Tensor or kind is Parameter:
            found.append(value)
            known = numbers.get(id(value))
            key.append(_number_of(value) if known is None else known)
        elif kind in PLAIN:
            # 1 and 1.0 and True are equal, and make different types
            key.append(kind)
            key.append(value)
        elif kind is tuple and _are_plain(kinds := (*map(type, value),)):
            key.append(kinds)
            key.append(value)
        elif isinstance(value, Tensor):
            found.append(value)
            key += (kind, value.shape, value.dtype)
        elif isinstance(value, list | tuple):
            key += (kind, len(value))
            sign(value, key, found, numbers)
        elif isinstance(value, dict):
            key += (kind, *value)
            sign(value.values(), key, found, numbers)
        else:
            key += (kind, value)


def signed(args: tuple[Any, ...], kwargs: dict[str, Any]) -> list[Any]:
    """The key of the arguments of a call as they are now."""
    key: list[Any] = []
    sign((args, kwargs), key, [], {})
    return key


def _number_of(value: Tensor) -> int:
    if value.layout is torch.strided:
        return _number((value.shape, value.stride(), value.dtype))
    with torch._C._DisableTorchDispatch():  # noqa: SLF001
        return _number((value.shape, _stored(value), value.dtype))


def _number(spec: Any) -> int:
    """A number that stands for sizes, strides and a type, and for no others ever."""
    found = _NUMBERS.get(spec)
    if found is None:
        if len(_NUMBERS) > FULL:
            _NUMBERS.clear()
        found = _NUMBERS.setdefault(spec, _next())
    return found


@lru_cache(maxsize=FULL)
def form(size: torch.Size, strides: tuple[int, ...], dtype: torch.dtype) -> Form:
    """The form of such tensors on meta."""
    in_c = torch._C  # noqa: SLF001
    # it is kept: nobody sees it, and it is for use anywhere
    with in_c.DisableTorchFunction(), in_c._DisableTorchDispatch():  # noqa: SLF001
        inferring = torch.is_inference_mode_enabled()
        with torch.inference_mode(False) if inferring else nullcontext():
            model = torch.empty_strided(size, strides, dtype=dtype, device=META)
    return Form(_number((size, strides, dtype)), model)


@lru_cache(maxsize=1 << 10)
def _are_plain(kinds: tuple[type, ...]) -> bool:
    return PLAIN.issuperset(kinds)


def _stored(value: Tensor) -> tuple[torch.layout, int | None]:
    return value.layout, stored(value) if value.layout in LAYOUTS else None


def made(result: Any, given: list[Tensor], worked_out: bool = False) -> Made | None:
    """How to make such a result again without running anything; None where it has to run.

    worked_out: it is one of the given tensors, or a new one that shares no memory with them.
    """
    if len({*map(id, given)}) < len(given):  # one has two places, and a later call has two tensors
        return None
    if type(result) is Tensor:
        for number, tensor in enumerate(given):
            if result is tensor:
                return number
        return _form_of(result) if worked_out else _fresh(result, given)
    if type(result) is tuple and result:
        parts = [_fresh(part, given) for part in result]
        return None if None in parts else tuple(part for part in parts if part is not None)
    return None


def _fresh(result: Any, given: list[Tensor]) -> Form | None:
    if type(result) is not Tensor or not result.is_meta or result.layout is not torch.strided:
        return None
    own = reach(result)
    for tensor in given:
        # what is made of a view may reach beyond that view
        if tensor.is_meta and storage(tensor) == own[0] and reach(tensor) != own:
            return None
    return _form_of(result)


def reach(tensor: Tensor) -> tuple[int, int, int]:
    """In which memory a tensor has its elements, and from which byte to which, if that is one."""
    if tensor.layout is not torch.strided or tensor.is_nested or is_lazy(tensor):
        return 0, 0, 0
    axes = zip(tensor.shape, tensor.stride(), strict=True)
    start = int(tensor.storage_offset())
    end = start + sum((size - 1) * step for size, step in axes)
    return storage(tensor), start * tensor.itemsize, (end + 1) * tensor.itemsize - 1


def _form_of(result: Tensor) -> Form:
    return form(result.shape, result.stride(), result.dtype)


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


def remade(how: Form, numbers: dict[int, int]) -> Tensor:
    """A new tensor of a form, whose number becomes known: it has to be kept."""
    with UNSEEN():  # or who sees operators is asked for it
        found = how.model.data
    numbers[id(found)] = how.number
    return found


def first_tensor(result: Any) -> Tensor | None:
    """The first tensor of a result, if there is one."""
    if isinstance(result, Tensor):
        return result
    return next(tensors((result,)), None)
