"""Calls whose result is as large as the values of a constant say."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor

__all__ = ["BY_SIZE", "settled"]

Call = tuple[Callable[..., Any], tuple[Any, ...], dict[str, Any]]

# whose result is as large as a constant says
BY_SIZE: frozenset[Any] = frozenset(
    (
        *(Tensor.__getitem__, torch.tensordot),
        *(
            getattr(home, name)
            for home in (torch, Tensor)
            for name in ("masked_select", "repeat_interleave", "tensor_split")
        ),
    )
)


def settled(
    func: Callable[..., Any],
    args: tuple[Any, ...],
    kwargs: dict[str, Any],
    known: Callable[[Tensor], bool],
) -> Call:
    """A call with numbers in place of the constants that decide the size of its result.

    A mask that picks elements becomes the numbers of these, how often to repeat becomes a sum,
    and where to split, or which axes to sum over, a list.

    known: whether the values of a tensor are at hand.
    """
    if func is Tensor.__getitem__:
        return func, (args[0], _picked(args[1], known)), kwargs
    if func is torch.tensordot:
        dims = kwargs.get("dims", args[2] if len(args) > 2 else None)
        if isinstance(dims, Tensor) and known(dims):
            return func, args[:2], {**kwargs, "dims": dims.tolist()}
        return func, args, kwargs
    said = next((x for x in (*args[1:2], *kwargs.values()) if isinstance(x, Tensor)), None)
    if said is None or not known(said):
        return func, args, kwargs
    if func.__name__ == "repeat_interleave":
        repeats = {"output_size": int(said.sum())} if said.numel() > 1 else {}
        return func, args, {**repeats, **kwargs}
    if func.__name__ == "masked_select":
        shape = torch.broadcast_shapes(args[0].shape, said.shape)
        return _selected, (args[0], shape, *said.expand(shape).nonzero(as_tuple=True)), {}
    others = {name: value for name, value in kwargs.items() if value is not said}
    return func, (args[0], said.tolist(), *args[2:]), others


def _picked(index: Any, known: Callable[[Tensor], bool]) -> Any:
    parts = index if isinstance(index, tuple) else (index,)
    masks = [isinstance(x, Tensor) and x.dtype is torch.bool and known(x) for x in parts]
    if not any(masks):
        return index
    numbers = [
        part.nonzero(as_tuple=True) if mask else (part,)
        for part, mask in zip(parts, masks, strict=True)
    ]
    return tuple(number for part in numbers for number in part)


def _selected(input: Tensor, shape: tuple[int, ...], *numbers: Tensor) -> Tensor:
    """masked_select by the numbers of what it selects."""
    whole: Tensor = torch.atleast_1d(input.expand(shape))
    return whole[numbers]
