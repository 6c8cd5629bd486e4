"""What stands for a tensor in a shadow: a twin on the meta device, or a copy of its own memory.

By it the ways of a trace differ: by shapes, or on tensors that have values.
"""

from __future__ import annotations

import copy
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, NamedTuple

import torch
from torch import Tensor, nn
from torch.nn.parameter import is_lazy

from cnnref.tracing.signature import META, SMALL, form, is_small

if TYPE_CHECKING:
    from cnnref.tracing.ledger import Ledger
    from cnnref.tracing.recorder import Recorder

__all__ = ["Twin", "Way", "as_map", "copied", "differentiable", "lent", "on_meta"]

STRIDED = torch.strided
Numbers = dict[int, int] | None
Twin = Callable[[Tensor, Numbers], Tensor]


class Way(NamedTuple):
    """What stands for the tensors of the module and of its inputs, and who writes the rows."""

    module: Twin
    inputs: Twin
    ledger: Callable[..., Ledger]
    recorder: Callable[..., Recorder]


def on_meta(value: Tensor, numbers: Numbers = None) -> Tensor:
    """A tensor's twin: without memory, but that small constants keep their values.

    numbers: where that of its form is written, by its identity, if it is kept.

    What has no twin there (sparse, quantised, nested) stands for itself.
    """
    kind = type(value)
    if kind is Tensor:
        if value.is_cpu and value.numel() <= SMALL and not value.is_mkldnn:
            return value.detach().clone() if value.requires_grad else value.clone()
    elif kind is not nn.Parameter:
        if is_lazy(value):
            return _unmade(value, META)
        if not _is_simple(kind):
            return value
        if is_small(value):
            return value.detach().clone()
    if value.layout is not STRIDED or value.is_quantized or value.is_nested:
        if value.is_mkldnn:  # which is another order of the same numbers
            return torch.empty(value.shape, dtype=value.dtype, device=META)
        return value
    return _on_meta(value, kind, numbers)


def _on_meta(value: Tensor, kind: type[Tensor], numbers: Numbers) -> Tensor:
    number, model = form(value.shape, value.stride(), value.dtype)
    found: Tensor
    if kind is Tensor or kind is nn.Parameter:  # as most are, and it takes a third of the time
        found = model.data
        found.__class__ = kind
        if value.requires_grad:
            found.requires_grad_()
    else:
        found = Tensor._make_subclass(kind, model, value.requires_grad)  # noqa: SLF001
    if numbers is not None:
        numbers[id(found)] = number
    return found


def as_map(value: Tensor, numbers: Numbers = None) -> Tensor:
    """The same for an input, whose values are only kept where they are what decides, and no map."""
    if value.layout is not torch.strided or not is_small(value) or _says(value):
        return on_meta(value, numbers)
    return _on_meta(value, Tensor, numbers)


def _says(tensor: Tensor) -> bool:
    """Whether the values of an input may decide what runs: lengths, masks, indices."""
    if tensor.is_complex():
        return False
    # numbers of one byte are not compared
    return not tensor.is_floating_point() or (tensor.itemsize > 1 and _hides(tensor))


def _hides(mask: Tensor) -> bool:
    """Whether an input is a mask that is added to scores: zeros, and the least of all numbers."""
    hidden = mask <= torch.finfo(mask.dtype).min
    return bool(hidden.any()) and bool((hidden | (mask == 0)).all())


def differentiable(twin: Twin) -> Twin:
    """The same, but that no small tensor keeps its values in place of its gradient."""

    def made(value: Tensor, numbers: Numbers = None) -> Tensor:
        found = twin(value, numbers)
        if found.requires_grad or not value.requires_grad or value.layout is not STRIDED:
            return found
        return _on_meta(value, type(value), numbers)

    return made


def copied(value: Tensor, numbers: Numbers = None) -> Tensor:
    """A tensor's copy, in memory of its own."""
    if is_lazy(value):
        return _unmade(value, value.device)
    if not _is_simple(type(value)):
        return copy.deepcopy(value)
    return _alike(value.detach().clone(), value)


def _unmade(value: Any, device: torch.device) -> Tensor:
    """Another of what has no shape before forward."""
    return type(value)(device=device, dtype=value.dtype)  # type: ignore[no-any-return]


def lent(value: Tensor, numbers: Numbers = None) -> Tensor:
    """A tensor for reading alone: the same memory where that is large, or else a copy."""
    plain = value.layout is torch.strided and not value.is_quantized and not value.is_nested
    if is_lazy(value) or not plain or value.numel() <= SMALL or not _is_simple(type(value)):
        return copied(value)
    return _alike(value.detach(), value)


def _is_simple(kind: type[Tensor]) -> bool:
    """Whether a class adds no storage of its own kind to a tensor."""
    return kind.__torch_dispatch__ is Tensor.__torch_dispatch__


def _alike(made: Tensor, value: Tensor) -> Tensor:
    """A tensor in the class of another, and learned as that is."""
    if type(value) is not Tensor:
        return Tensor._make_subclass(type(value), made, value.requires_grad)  # noqa: SLF001
    return made.requires_grad_(value.requires_grad)
