"""Products with a sparse factor: of it only the numbers that it stores are multiplied."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor

from cnnref.counting.shapes import Counts
from cnnref.tracing.rules.operation import Operation, tensors

__all__ = [
    "LAYOUTS",
    "Sparse",
    "by_stored",
    "is_sparse",
    "like",
    "marked",
    "plain",
    "sampled",
    "stand_in",
    "stored",
    "values",
]

LAYOUTS = frozenset(
    (torch.sparse_coo, torch.sparse_csr, torch.sparse_csc, torch.sparse_bsr, torch.sparse_bsc)
)
# in which each number of a factor meets as many of the other as any number does
EVEN = frozenset(("matmul", "linear"))


class Sparse(Tensor):
    """A dense tensor on meta in place of a sparse one; PyTorch makes others of it of its class.

    stored: how many numbers the sparse one stores; None where that is not known.
    """

    stored: int | None = None


def is_sparse(value: Tensor) -> bool:
    """Whether a tensor is sparse, or stands for one that is."""
    return type(value) is Sparse or value.layout in LAYOUTS


def stored(value: Tensor) -> int | None:
    """How many numbers a sparse tensor stores, its zeros among them; None if that is not known."""
    if isinstance(value, Sparse):
        return value.stored
    number = values(value).numel()
    # on meta it is known where forward made it of its indices; moved there, a tensor has none
    return number if number or not value.is_meta else None


def stand_in(value: Tensor) -> Sparse:
    """What a sparse tensor is for PyTorch's shape functions, which know of dense ones alone."""
    model = torch.empty(value.shape, dtype=value.dtype, device="meta")
    found = Tensor._make_subclass(Sparse, model)  # noqa: SLF001
    found.stored = stored(value)
    return found


def sampled(result: Any, input: Tensor, mat1: Tensor, *_: Any, **__: Any) -> Operation:
    """A product of dense matrices, taken where a sparse one has a number: K MACs for each."""
    held = stored(input)
    counts = Counts(macs=(held or 0) * mat1.shape[-1])
    return Operation(
        "matmul", (mat1, *_[:1]), result, None, counts, counted=held is not None, leaf=False
    )


def like(value: Tensor, *_: Any, **__: Any) -> Sparse:
    """What stands for a sparse tensor that stores as many numbers as another."""
    found = torch.empty_like(value).as_subclass(Sparse)
    found.stored = stored(value)
    return found


def by_stored(found: Operation) -> Operation:
    """What a rule says, with the MACs that a sparse factor has.

    Each number that it stores meets one of every column (or row) of the dense factor. Of two
    sparse factors, or where it is not known how many are stored, the row is not counted.
    """
    if not found.counts.macs or not (factors := _factors(found)):
        return found
    held = stored(factors[0])
    if len(factors) > 1 or held is None or found.op not in EVEN:
        return found._replace(counts=Counts(), counted=False, formulas=())
    columns = found.counts.macs // factors[0].numel()
    counts = found.counts._replace(macs=held * columns)
    return found._replace(counts=counts, formulas=(("macs", ((held, columns),)),))


def plain(result: Any, found: Operation) -> Any:
    """The result of a call, which is dense if one factor was: no more in place of a sparse one."""
    dense = type(result) is Sparse and found.op in EVEN and len(_factors(found)) == 1
    return result.as_subclass(Tensor) if dense else result


def marked(result: Any, args: Any, kwargs: Any, found: Operation | None) -> Any:
    """What an operator made of stand-ins, of which it is not known how much it stores."""
    given = tensors((args, kwargs))
    if type(result) is not Tensor or not any(type(tensor) is Sparse for tensor in given):
        return result
    made = result.as_subclass(Sparse)
    return made if found is None else plain(made, found)


def values(value: Tensor) -> Tensor:
    """The numbers that a sparse tensor stores."""
    return value._values() if value.layout is torch.sparse_coo else value.values()  # noqa: SLF001


def _factors(found: Operation) -> list[Tensor]:
    return [x for x in tensors((found.inputs, found.weights)) if is_sparse(x)]
