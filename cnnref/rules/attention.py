"""Scaled dot-product attention, by whichever kernel."""

from __future__ import annotations

from math import prod
from typing import Any

import torch.nn.functional as F
from torch import Tensor

from cnnref.layer import Counts
from cnnref.rules.operation import Operation, Rule, first, tensors

__all__ = ["FUNCTIONS", "attention", "encoder_layer", "multi_head"]


def attention(
    result: Any, query: Tensor, key: Tensor, value: Tensor, *rest: Any, **options: Any
) -> Operation:
    """Q K^T, D_q MACs for each pair of positions, and its product with V, D_v more.

    Pairs that a mask hides count too, as they do for PyTorch; the softmax does not.
    """
    output = first(result)
    pairs = prod(query.shape[:-1]) * key.shape[-2]
    counts = Counts(macs=pairs * (query.shape[-1] + value.shape[-1]))
    masks = tensors((*rest, *options.values()))
    return Operation("attention", (query, key, value, *masks), output, None, counts, leaf=False)


def multi_head(
    result: Any,
    query: Tensor,
    key: Tensor,
    value: Tensor,
    embed_dim: int,
    num_head: int,
    qkv_weight: Tensor,
    qkv_bias: Tensor | None,
    proj_weight: Tensor,
    proj_bias: Tensor | None,
    *_: Any,
    **__: Any,
) -> Operation:
    """The fused layer: three projections, attention over all heads, and one projection back.

    (L, E) queries and (S, E) keys: (2 L + 2 S) E * E + 2 L S E MACs.
    """
    output = first(result)
    queries, keys = query.numel() // embed_dim, key.numel() // embed_dim
    pairs = queries * key.shape[-2]
    whole = embed_dim, embed_dim
    projections = (queries, *whole), (keys, *whole), (keys, *whole), (queries, *whole)
    formula = (*projections, (pairs, embed_dim), (pairs, embed_dim))
    adds = (queries + 2 * keys) * embed_dim * (qkv_bias is not None)
    adds += queries * embed_dim * (proj_bias is not None)
    return Operation(
        "attention",
        tuple(dict.fromkeys((query, key, value))),
        output,
        None,
        Counts(macs=sum(map(prod, formula)), bias_adds=adds),
        weights=(qkv_weight, proj_weight),
        biases=(qkv_bias, proj_bias),
        formulas=(("macs", formula),),
    )


def encoder_layer(
    result: Any,
    src: Tensor,
    embed_dim: int,
    num_heads: int,
    qkv_weight: Tensor,
    qkv_bias: Tensor | None,
    proj_weight: Tensor,
    proj_bias: Tensor | None,
    use_gelu: bool,
    norm_first: bool,
    eps: float,
    norm_weight_1: Tensor,
    norm_bias_1: Tensor,
    norm_weight_2: Tensor,
    norm_bias_2: Tensor,
    ffn_weight_1: Tensor,
    ffn_bias_1: Tensor,
    ffn_weight_2: Tensor,
    ffn_bias_2: Tensor,
    *_: Any,
    **__: Any,
) -> Operation:
    """A fused encoder layer: attention, then two linear layers for each position."""
    inner = multi_head(
        result, src, src, src, embed_dim, num_heads, qkv_weight, qkv_bias, proj_weight, proj_bias
    )
    rows, wide = src.numel() // embed_dim, ffn_weight_1.shape[0]
    counts = inner.counts._replace(
        macs=inner.counts.macs + 2 * rows * embed_dim * wide,
        bias_adds=inner.counts.bias_adds + rows * (embed_dim + wide),
    )
    formula = (*dict(inner.formulas)["macs"], (rows, embed_dim, wide), (rows, wide, embed_dim))
    return inner._replace(
        counts=counts,
        formulas=(("macs", formula),),
        weights=(*inner.weights, norm_weight_1, norm_weight_2, ffn_weight_1, ffn_weight_2),
        biases=(*inner.biases, norm_bias_1, norm_bias_2, ffn_bias_1, ffn_bias_2),
    )


FUNCTIONS: dict[Any, Rule] = {F.scaled_dot_product_attention: attention}
