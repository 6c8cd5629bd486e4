"""Scaled dot-product attention, by whichever kernel."""

from __future__ import annotations

from math import prod
from typing import Any

import torch.nn.functional as F
from torch import Tensor

from cnnref.counting.shapes import Counts
from cnnref.tracing.rules.operation import Operation, Rule, first, tensors

__all__ = ["FUNCTIONS", "attention", "backward", "encoder_layer", "multi_head"]


def attention(
    result: Any, query: Tensor, key: Tensor, value: Tensor, *rest: Any, **options: Any
) -> Operation:
    """Q K^T, D_q MACs for each pair of positions, and its product with V, D_v more.

    Batches and heads are spread over one another: N_s of them have scores, those of queries and
    keys, and N_o an output, those of all that is given. With L queries and S keys,

        MACs = N_s L S D_q + N_o L S D_v

    Pairs that a mask hides count too, as they do for PyTorch; the softmax does not. Where few
    heads of keys serve many of queries, each query meets its own head alone.

    Source: Vaswani et al., Attention Is All You Need, 2017, equation 1.
    """
    output = first(result)
    pairs = query.shape[-2] * key.shape[-2]
    scores, outputs = _spread(query, key), prod(output.shape[:-2])
    products = (scores, pairs, query.shape[-1]), (outputs, pairs, value.shape[-1])
    masks = tensors((*rest, *options.values()))
    return Operation(
        "attention",
        (query, key, value, *masks),
        output,
        None,
        Counts(macs=sum(map(prod, products))),
        leaf=False,
        formulas=() if scores == outputs else (("macs", products),),
    )


def _spread(query: Tensor, key: Tensor) -> int:
    """Batches and heads of the scores: axes of one, of either, are as long as the other's."""
    ranks = max(query.dim(), key.dim()) - 2
    longest = [
        max(batch[i] if i >= -len(batch) else 1 for batch in (query.shape[:-2], key.shape[:-2]))
        for i in range(-ranks, 0)
    ]
    return prod(longest)


def backward(
    result: Any, grad: Tensor, query: Tensor, key: Tensor, value: Tensor, *_: Any, **__: Any
) -> Operation:
    """Five products: the scores again, and the gradients of V, of the scores, of Q and of K.

    3 D_q + 2 D_v MACs for each pair of positions, as in torch.utils.flop_counter.
    """
    pairs = prod(query.shape[:-1]) * key.shape[-2]
    counts = Counts(macs=pairs * (3 * query.shape[-1] + 2 * value.shape[-1]))
    inputs = (grad, query, key, value)
    return Operation("attention_backward", inputs, first(result), None, counts, leaf=False)


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
