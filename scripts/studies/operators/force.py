"""How many products an operator sums up, by force: no formula, and nothing of its name.

Two arguments in each of which what it gives is linear have a number for every pair of their
elements and every element of the output: not zero where that pair's product is added there.
"""

from __future__ import annotations

from collections.abc import Callable
from itertools import combinations
from typing import Any, NamedTuple

import torch
from torch import Tensor
from torch.utils import _pytree as tree

__all__ = ["Products", "sums_of_products"]


class Products(NamedTuple):
    """How many there are in all, and the most that one output is the sum of."""

    number: int
    most: int


Function = Callable[[Tensor, Tensor], Tensor]
# pairs of elements of two arguments, beyond which nothing is tried
MOST = 400
# what rounding leaves where the exact number is zero
NOISE = 1e-9


def sums_of_products(func: Callable[..., Any], args: Any, kwargs: Any) -> Products | None:
    """The products that an operator sums up; None where no pair of its arguments says it.

    Of several pairs those with the most: of A x + b these are A and x.
    """
    leaves, shape = tree.tree_flatten((args, kwargs))
    places = [n for n, leaf in enumerate(leaves) if _is_real(leaf)]
    found: list[Products] = []
    sizes = [leaves[place].numel() for place in places]
    if any(one * other > MOST for one, other in combinations(sizes, 2)):
        return None
    for one, other in combinations(places, 2):
        part = _mixed(func, leaves, shape, one, other)
        count = _count(part, leaves[one], leaves[other])
        found += [] if count is None else [count]
    # of three that meet in each product, their order decides
    return None if len(found) > 2 else max(found, default=None)


def _is_real(leaf: Any) -> bool:
    plain = isinstance(leaf, Tensor) and leaf.layout is torch.strided
    return plain and leaf.dtype is torch.float64 and leaf.numel() > 0


def _mixed(func: Callable[..., Any], leaves: list[Any], shape: Any, i: int, j: int) -> Function:
    """What both arguments give together, without what either gives by itself."""

    def call(a: Tensor, b: Tensor) -> Tensor:
        changed = [a if n == i else b if n == j else leaf for n, leaf in enumerate(leaves)]
        args, kwargs = tree.tree_unflatten(changed, shape)
        result = func(*args, **kwargs)
        return result if isinstance(result, Tensor) else result[0]

    def mixed(a: Tensor, b: Tensor) -> Tensor:
        no_a, no_b = torch.zeros_like(a), torch.zeros_like(b)
        return call(a, b) - call(a, no_b) - call(no_a, b) + call(no_a, no_b)

    return mixed


def _count(part: Function, a: Tensor, b: Tensor) -> Products | None:
    try:
        if not _is_bilinear(part, a.shape, b.shape):
            return None
        terms = sum(_reached(part, x, b) for x in _units(a))
    except (RuntimeError, TypeError, IndexError, ValueError, NotImplementedError):
        return None  # no map of tensors to a tensor, or not at other values
    terms = torch.as_tensor(terms)
    return Products(int(terms.sum()), int(terms.max()))


def _is_bilinear(part: Function, a: torch.Size, b: torch.Size) -> bool:
    draw = torch.Generator().manual_seed(7)
    x, y, z = (torch.rand(size, generator=draw, dtype=torch.float64) for size in (a, a, b))
    w = torch.rand(b, generator=draw, dtype=torch.float64)
    whole = part(x, z)
    if not whole.is_floating_point() or not bool(whole.isfinite().all()):
        return False
    if bool(whole.abs().max() < NOISE):
        return False
    sums = ((part(x + y, z), whole + part(y, z)), (part(x, z + w), whole + part(x, w)))
    return all(torch.allclose(left, right) for left, right in sums)


def _units(like: Tensor) -> list[Tensor]:
    return [unit.view(like.shape) for unit in torch.eye(like.numel(), dtype=like.dtype)]


def _reached(part: Function, unit: Tensor, other: Tensor) -> Tensor:
    """For each output, the elements of one argument that meet an element of the other there."""
    return torch.stack([part(unit, y).abs() > NOISE for y in _units(other)]).sum(0)
