"""Functions of PyTorch that take functions: torch.cond and FlexAttention; others are refused."""

from __future__ import annotations

from collections.abc import Callable
from math import prod
from typing import Any

import torch
from torch import Tensor

from cnnref.counting.shapes import Counts
from cnnref.errors import CnnrefError
from cnnref.tracing.constants import NeedsDataError
from cnnref.tracing.rules.attention import attention
from cnnref.tracing.rules.operation import Operation

__all__ = ["Higher", "branch", "flex", "flexed", "refusal"]

Higher = torch._ops.HigherOrderOperator  # noqa: SLF001
Known = Callable[[Tensor], bool]


def refusal(func: Any) -> CnnrefError:
    """The error for a function of functions whose inside is not seen."""
    return CnnrefError(
        f"trace does not see inside torch.ops.higher_order.{func.name()}, which takes functions: "
        "call them in forward as they are, or give the class of the module that does so a rule, "
        "trace(..., rules={Class: rule})."
    )


def branch(known: Known, pred: Any, true_fn: Any, false_fn: Any, operands: Any = ()) -> Any:
    """The function that torch.cond calls, by a constant.

    Raises:
        NeedsDataError: a feature map decides.
    """
    if isinstance(pred, Tensor) and not known(pred):
        raise NeedsDataError.of("cond")
    return true_fn if bool(pred) else false_fn


def flexed(query: Tensor, value: Tensor) -> tuple[Tensor, Tensor, Tensor]:
    """What FlexAttention gives: its output, and of each query the log of a sum and the maximum."""
    size = query.shape[:-1]
    output = torch.empty((*size, value.shape[-1]), dtype=query.dtype, device="meta")
    log, most = (torch.empty(size, dtype=torch.float32, device="meta") for _ in range(2))
    return output, log, most


def flex(
    known: Known, mask: tuple[Any, ...], result: Any, query: Tensor, key: Tensor, value: Tensor
) -> Operation:
    """Attention whose blocks that a mask hides are passed over: D_q + D_v MACs for each pair.

    Pairs that are hidden within a block count, as under any mask; all do where no mask is given.
    What changes the scores does not count, as the softmax does not.

    mask: a BlockMask as a tuple; the row is not counted where its values are not at hand.
    """
    dense = attention(result, query, key, value)
    blocks = mask[2:6]
    if mask[-3] >= query.shape[-2] and mask[-2] >= key.shape[-2]:  # one block, as without a mask
        return dense
    if not all(known(part) for part in blocks if part is not None):
        return dense._replace(counts=Counts(), counted=False, formulas=())
    # those hidden in part, and those in full view
    pairs = _pairs(blocks[:2], query, key, mask[-3:-1]) + _pairs(
        blocks[2:], query, key, mask[-3:-1]
    )
    heads = prod(dense.output.shape[:-2]) // prod(blocks[0].shape[:-1])
    products = (heads, pairs, query.shape[-1]), (heads, pairs, value.shape[-1])
    return dense._replace(
        counts=Counts(macs=sum(map(prod, products))), formulas=(("macs", products),)
    )


def _pairs(blocks: Any, query: Tensor, key: Tensor, size: Any) -> int:
    """The pairs of positions in the blocks that a mask names; the last ones may be cut off."""
    numbers, columns = blocks
    if numbers is None:
        return 0
    high = _lengths(query.shape[-2], size[0], numbers.shape[-1])
    wide = _lengths(key.shape[-2], size[1], columns.shape[-1])
    named = torch.arange(columns.shape[-1]) < numbers[..., None]
    return int((wide[columns.long()] * named * high[:, None]).sum())


def _lengths(length: int, size: int, blocks: int) -> Tensor:
    return (length - torch.arange(blocks) * size).clamp(0, size)
