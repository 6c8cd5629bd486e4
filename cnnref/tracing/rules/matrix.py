"""Linear layers and products of matrices, of any rank."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from math import prod
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor

from cnnref.counting.shapes import Counts, Window
from cnnref.tracing.rules.operation import Operation, Rule, sizes, tensors
from cnnref.tracing.rules.refusals import alike

__all__ = [
    "FUNCTIONS",
    "SUMMED",
    "addmatmul",
    "cdist",
    "deform_conv",
    "grouped",
    "matmul",
    "summed",
    "trilinear",
    "vecdot",
]


# what products call their tensors, in the order of their arguments
NAMES = (
    "input", "mat1", "batch1", "mat", "other", "mat2", "batch2", "vec", "tensor",
)  # fmt: skip


def _linear(result: Tensor, input: Tensor, weight: Tensor, bias: Tensor | None = None) -> Operation:
    """Each output is a sum over all features of its position."""
    outputs = result.numel()
    counts = Counts(macs=outputs * weight.shape[-1], bias_adds=0 if bias is None else outputs)
    return Operation("linear", (input,), result, None, counts, weights=(weight,), biases=(bias,))


def _bilinear(
    result: Tensor, input1: Tensor, input2: Tensor, weight: Tensor, bias: Tensor | None = None
) -> Operation:
    """x1 A x2 for each output: first x1 A, then its product with x2."""
    outputs = result.numel()
    left, right = weight.shape[-2:]
    bias_adds = 0 if bias is None else outputs
    counts = Counts(macs=outputs * (left + 1) * right, bias_adds=bias_adds)
    formulas = (("macs", ((outputs, left, right), (outputs, right))),)
    return Operation(
        "bilinear", (input1, input2), result, None, counts,
        weights=(weight,), biases=(bias,), formulas=formulas,
    )  # fmt: skip


def trilinear(
    result: Tensor,
    one: Tensor,
    two: Tensor,
    three: Tensor,
    one_lacks: Sequence[int],
    two_lacks: Sequence[int],
    three_lacks: Sequence[int],
    summed: Sequence[int],
    *_: Any,
) -> Operation:
    """What a bilinear layer and its gradients run as, before its bias.

    The product of the first two, summed along what the third lacks, and then its product with that.
    """
    spread = zip((one, two, three), (one_lacks, two_lacks, three_lacks), strict=True)
    sizes = [_spread(tensor, lacks) for tensor, lacks in spread]
    first = [*map(max, sizes[0], sizes[1])]
    done = set(summed) & set(three_lacks)
    left = [1 if axis in done else size for axis, size in enumerate(first)]
    steps = (tuple(first), (*map(max, left, sizes[2]),))
    counts = Counts(macs=sum(map(prod, steps)))
    return Operation(
        "bilinear", (one, three), result, None, counts, weights=(two,), formulas=(("macs", steps),)
    )


def _spread(tensor: Tensor, lacks: Sequence[int]) -> list[int]:
    """Its sizes along the axes of all, one along those that it lacks."""
    own = iter(tensor.shape)
    return [1 if axis in lacks else next(own) for axis in range(tensor.dim() + len(lacks))]


def matmul(result: Tensor, *args: Any, **kwargs: Any) -> Operation:
    """Each output is a sum over the axis that both share: K MACs.

    Of vectors too, which PyTorch's own counter passes over.
    """
    one, other, *_ = _given(args, kwargs)
    if not one.dim() or not other.dim():  # torch.inner of a number is a multiple
        return Operation("multiply", (one, other), result, leaf=False)
    counts = Counts(macs=result.numel() * one.shape[-1])
    return Operation("matmul", (one, other), result, None, counts, leaf=False)


def addmatmul(result: Tensor, *args: Any, **kwargs: Any) -> Operation:
    """A product of matrices, added to what is there."""
    added, mat1, mat2, *_ = _given(args, kwargs)
    macs = mat1.numel() * mat2.shape[-1] if mat2.dim() > 1 else mat1.numel()
    counts = Counts(macs=macs, bias_adds=result.numel())
    return Operation("matmul", (mat1, mat2), result, None, counts, leaf=False, biases=(added,))


def _given(args: tuple[Any, ...], kwargs: dict[str, Any]) -> list[Tensor]:
    """The tensors of a call, by position and then by name; old calls have numbers among them."""
    named = [kwargs[name] for name in NAMES if name in kwargs]
    return [one for one in (*args, *named) if isinstance(one, Tensor)]


def _rmatmul(result: Tensor, other: Tensor, input: Tensor) -> Operation:
    return matmul(result, input, other)


def _outer(result: Tensor, input: Tensor, vec2: Tensor, *_: Any, **__: Any) -> Operation:
    """Every element times every other: products that are not summed."""
    return Operation("multiply", (input, vec2), result, leaf=False)


def grouped(result: Tensor, mat_a: Tensor, mat_b: Tensor, *_: Any, **__: Any) -> Operation:
    """Groups of rows, each by a matrix of its own, as experts have: every row meets one.

    M x K x N MACs for (M, K) rows and (G, K, N) matrices, and where groups are along N or K:
    one of the three axes is the groups' own. G times as many for G products side by side.
    """
    rows, inner = mat_a.shape[-2:]
    sides = mat_a.shape[0] if mat_a.dim() == mat_b.dim() == 3 else 1
    factors = sides, rows, inner, mat_b.shape[-1]
    return Operation(
        "matmul",
        (mat_a, mat_b),
        result,
        None,
        Counts(macs=prod(factors)),
        leaf=False,
        formulas=(("macs", (factors,)),),
    )


def _tensordot(result: Tensor, a: Tensor, b: Tensor, dims: Any = 2, out: Any = None) -> Operation:
    """A sum of products over the axes that are named: K MACs for each output, of K numbers.

    An axis of one against a longer one is none of them: PyTorch sums that up before. However it
    goes on, by a product of matrices or by a multiple and a sum, the products are the same.
    """
    if isinstance(dims, list | tuple):
        left, right = ([axes] if isinstance(axes, int) else list(axes) for axes in dims)
    else:
        left, right = list(range(-int(dims), 0)), list(range(int(dims)))
    sizes = [int(min(a.shape[i], b.shape[j])) for i, j in zip(left, right, strict=True)]
    if not sizes:
        return Operation("multiply", (a, b), result, leaf=False)
    factors = result.numel(), *sizes
    counts = Counts(macs=prod(factors))
    formulas = (("macs", (factors,)),)
    return Operation("matmul", (a, b), result, None, counts, leaf=False, formulas=formulas)


def vecdot(result: Tensor, x: Tensor, y: Tensor, dim: int = -1, **__: Any) -> Operation:
    """A sum of products along one axis, of K elements: K MACs for each output."""
    counts = Counts(macs=result.numel() * max(x.shape[dim], y.shape[dim]))
    return Operation("matmul", (x, y), result, None, counts, leaf=False)


def cdist(result: Tensor, x1: Tensor, x2: Any = None, *_: Any, **__: Any) -> Operation:
    """A distance of every vector to every other: M differences that are summed up.

    N x P x M MACs for N vectors and P others, for every norm and size: also where PyTorch goes
    by a product of matrices, from 26 vectors on, whose sum is over M too. Of N vectors to one
    another, as in pdist, N (N - 1) / 2 x M.
    """
    counts = Counts(macs=result.numel() * x1.shape[-1])
    inputs = (x1, x2) if isinstance(x2, Tensor) else (x1,)
    return Operation("cdist", inputs, result, None, counts, leaf=False)


def deform_conv(
    result: Tensor,
    input: Tensor,
    weight: Tensor,
    offset: Tensor,
    mask: Tensor,
    bias: Tensor | None,
    *numbers: int,
) -> Operation:
    """A convolution whose taps are moved: C_in / G * K * K MACs for each output.

    The bilinear reading at each tap is not counted.
    """
    kernel = tuple(weight.shape[2:])
    stride, padding, dilation = (sizes(numbers[i : i + 2], 2) for i in (0, 2, 4))
    outputs = result.numel()
    counts = Counts(macs=outputs * prod(weight.shape[1:]), bias_adds=outputs)
    window = Window(kernel, stride, padding, dilation, numbers[6])
    inputs = (input, offset, mask)
    return Operation(
        "deform_conv", inputs, result, window, counts, weights=(weight,), biases=(bias,)
    )


def summed(
    op: str, inner: Sequence[Operation], result: Tensor, *args: Any, **kwargs: Any
) -> Operation:
    """One row for a call, by the products that have run inside it."""
    macs = sum(part.counts.macs for part in inner)
    counted = all(part.counted for part in inner)
    name = op if macs or op != "matmul" else "multiply"
    products = tuple(
        (tuple(part.output.shape), part.counts.macs // part.output.numel())
        for part in inner
        if part.counts.macs
    )
    maps, formulas = tuple(tensors((args, kwargs))), (("macs", products),)
    return Operation(name, maps, result, None, Counts(macs), counted, leaf=False, formulas=formulas)


# takes rows of one type and numbers of groups of another, or has no product
MIXED = frozenset(("grouped_mm", "_grouped_mm", "outer", "ger"))


def _named(rules: dict[str, Rule]) -> dict[Any, Rule]:
    homes = (F, torch, Tensor, torch.linalg)
    return {
        getattr(home, name): rule if name in MIXED else alike(name.strip("_"), rule)
        for name, rule in rules.items()
        for home in homes
        if hasattr(home, name)
    }


FUNCTIONS: dict[Any, Rule] = _named(
    {
        "linear": _linear,
        "bilinear": _bilinear,
        "matmul": matmul,
        "__matmul__": matmul,
        "mm": matmul,
        "bmm": matmul,
        "mv": matmul,
        "dot": matmul,
        "vdot": matmul,
        "inner": matmul,
        "addmm": addmatmul,
        "addmm_": addmatmul,
        "addmv": addmatmul,
        "addmv_": addmatmul,
        "addbmm": addmatmul,
        "addbmm_": addmatmul,
        "baddbmm": addmatmul,
        "baddbmm_": addmatmul,
        "tensordot": _tensordot,
        "vecdot": vecdot,
        "cdist": cdist,
        "grouped_mm": grouped,
        "_grouped_mm": grouped,
        "pdist": cdist,
        "outer": _outer,
        "ger": _outer,
    }
) | {
    Tensor.__rmatmul__: alike("matmul", _rmatmul),
    # as an exported graph calls it, which comes down to a multiply and a sum
    **dict.fromkeys((torch.ops.aten.linalg_vecdot, torch.ops.aten.linalg_vecdot.default), vecdot),
    torch.sparse.mm: matmul,
    torch.sparse.addmm: addmatmul,
}

# one row each; the MACs are those of the products that run inside
SUMMED: dict[Callable[..., Any], str] = {
    torch.einsum: "matmul",
    torch.chain_matmul: "matmul",
    torch.linalg.multi_dot: "matmul",
    torch.kron: "multiply",
}
