"""Rules of PyTorch's operators, for what no function has a rule for.

Below its functions PyTorch has a closed list of operators; a call of a function that is
unknown here comes down to some of them.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from math import prod
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor

from cnnref.counting.shapes import Counts
from cnnref.tracing.rules import (
    attention,
    estimates,
    matrix,
    norms,
    plain,
    recurrent,
    sparse,
    windows,
)
from cnnref.tracing.rules.names import known
from cnnref.tracing.rules.operation import Operation, Rule, first

__all__ = ["DENSE", "operator_rule"]


def _scaled_mm(result: Any, mat1: Tensor, mat2: Tensor, *_: Any, **__: Any) -> Operation:
    return matrix.matmul(first(result), mat1, mat2)


def _flash(
    result: Any, query: Tensor, key: Tensor, value: Tensor, *rest: Any, **_: Any
) -> Operation:
    """Attention on (batch, length, heads, width), as the kernels below PyTorch's take it."""
    output = first(result)
    if query.dim() != 4:  # sequences of several lengths behind one another
        return Operation("attention", (query, key, value), output, counted=False, leaf=False)
    pairs = query.numel() // query.shape[-1] * key.shape[1]
    counts = Counts(macs=pairs * (query.shape[-1] + value.shape[-1]))
    return Operation("attention", (query, key, value), output, None, counts, leaf=False)


def _onednn_conv(
    result: Tensor,
    input: Tensor,
    weight: Tensor,
    bias: Tensor | None,
    padding: Any,
    stride: Any,
    dilation: Any,
    groups: int,
) -> Operation:
    return windows.FUNCTIONS[F.conv2d](
        result, input, weight, bias, stride, padding, dilation, groups
    )


def _cross_entropy(
    result: Any,
    input: Tensor,
    weight: Tensor,
    target: Tensor,
    bias: Tensor | None,
    *options: Any,
    **_: Any,
) -> Operation:
    """A classifier and its loss, by chunks of the batch: C_in x C_out MACs for each position.

    As much again for each of the gradients of input and weight, where it makes those on the way.
    """
    wanted = sum(map(bool, options[-3:-1])) if len(options) > 5 else 0
    factors = 1 + wanted, input.numel() // input.shape[-1], *weight.shape
    adds = 0 if bias is None else prod(factors[1:3])
    counts = Counts(macs=prod(factors), bias_adds=adds)
    return Operation(
        "linear",
        (input, target),
        first(result),
        None,
        counts,
        weights=(weight,),
        biases=(bias,),
        formulas=(("macs", (factors,)),),
    )


_RULES: dict[str, Rule] = {
    "mkldnn_convolution": _onednn_conv,
    "sparse_sampled_addmm": sparse.sampled,
    "mkldnn_linear": matrix.FUNCTIONS[F.linear],
    "to_mkldnn": plain.rule_for("to"),
    "convolution": windows.convolution,
    "_convolution": windows.convolution,
    "convolution_overrideable": windows.convolution,
    "convolution_backward": windows.backward,
    "mkldnn_rnn_layer_backward": recurrent.backward,
    "mm": matrix.matmul,
    "bmm": matrix.matmul,
    "mv": matrix.matmul,
    "dot": matrix.matmul,
    "vdot": matrix.matmul,
    "_int_mm": matrix.matmul,
    # the weight as it is, or packed: a sum over the axis of the input
    "_weight_int8pack_mm": matrix.matmul,
    "_weight_int4pack_mm": matrix.matmul,
    "_weight_int4pack_mm_for_cpu": matrix.matmul,
    "_grouped_mm": matrix.grouped,
    "_scaled_grouped_mm": matrix.grouped,
    "_scaled_mm": _scaled_mm,
    "_scaled_mm_v2": _scaled_mm,
    "addmm": matrix.addmatmul,
    "addmm_": matrix.addmatmul,
    "_addmm_activation": matrix.addmatmul,
    "addmv": matrix.addmatmul,
    "addbmm": matrix.addmatmul,
    "baddbmm": matrix.addmatmul,
    "_trilinear": matrix.trilinear,
    "_scaled_dot_product_efficient_attention": attention.attention,
    "_scaled_dot_product_flash_attention": attention.attention,
    "_scaled_dot_product_flash_attention_for_cpu": attention.attention,
    "_scaled_dot_product_cudnn_attention": attention.attention,
    "_scaled_dot_product_fused_attention_overrideable": attention.attention,
    **{
        f"_scaled_dot_product_{kernel}_attention{end}": attention.backward
        for kernel, end in (
            ("efficient", "_backward"),
            ("flash", "_backward"),
            ("flash", "_for_cpu_backward"),
            ("cudnn", "_backward"),
        )
    },
    "_flash_attention_forward": _flash,
    "_efficient_attention_forward": _flash,
    "_native_multi_head_attention": attention.multi_head,
    "_transformer_encoder_layer_fwd": attention.encoder_layer,
    "embedding": norms.embedding,
    "_cdist_forward": matrix.cdist,
    "_euclidean_dist": matrix.cdist,
    "_pdist_forward": matrix.cdist,
    "linalg_vecdot": matrix.vecdot,
    "native_batch_norm": norms.normalised("batch_norm", 1),
    "_native_batch_norm_legit": norms.normalised("batch_norm", 1),
    "_native_batch_norm_legit_no_training": norms.normalised("batch_norm", 1),
    "_batch_norm_with_update": norms.normalised("batch_norm", 1, of_batch=True),
    "_batch_norm_no_update": norms.normalised("batch_norm", 1),
    "cudnn_batch_norm": norms.normalised("batch_norm", 1),
    "native_layer_norm": norms.normalised("layer_norm", 2),
    "native_group_norm": norms.normalised("group_norm", 1),
    "_fused_rms_norm": norms.normalised("rms_norm", 2),
}

_TORCHVISION: dict[str, Rule] = {
    "deform_conv2d": matrix.deform_conv,
    **{op: plain.rule_for(op) for op in ("roi_align", "roi_pool", "ps_roi_align", "ps_roi_pool")},
    "nms": plain.rule_for("nms"),
}


@cache
def operator_rule(packet: Any) -> Rule | None:
    """The rule of an operator, or None: by its own, or by its name where that tells enough."""
    space, _, name = str(packet).partition(".")
    if space == "torch_nn" and name.startswith("_linear_cross_entropy_batch_chunked"):
        return _cross_entropy
    if space == "torchvision":
        return _TORCHVISION.get(name)
    if space not in ("aten", "prims"):
        return None
    if name in _RULES:
        return _RULES[name]
    if name in estimates.OPERATORS:
        return estimates.OPERATORS[name]
    if packet in _POOLS:
        return _POOLS[packet]
    if "upsample_" in name:
        return plain.rule_for("interpolate")
    op = known(name)
    return plain.rule_for(op) if op else None


_POOLS: dict[Any, Rule] = {
    getattr(torch.ops.aten, name): windows.FUNCTIONS[getattr(F, name)]
    for name in (
        "max_pool2d_with_indices",
        "max_pool3d_with_indices",
        "avg_pool2d",
        "avg_pool3d",
        "adaptive_max_pool2d",
        "adaptive_max_pool3d",
        "fractional_max_pool2d",
        "fractional_max_pool3d",
    )
} | {
    getattr(torch.ops.aten, f"_{name}"): windows.FUNCTIONS[getattr(F, name)]
    for name in ("adaptive_avg_pool2d", "adaptive_avg_pool3d")
}


def _convolved(
    x: Tensor, weight: Tensor, bias: Tensor | None, padding: Any, stride: Any, dilation: Any, g: int
) -> Tensor:
    more = [0] * (x.dim() - 2)
    return torch.convolution(x, weight, bias, stride, padding, dilation, False, more, g)


# what operators of other layouts give for dense tensors on meta, which stand for such
DENSE: dict[Any, Callable[..., Any]] = {
    torch.ops.aten.to_mkldnn: lambda x, dtype=None: x.to(dtype or x.dtype),
    torch.ops.aten.sparse_sampled_addmm: sparse.like,
    torch.ops.aten.mkldnn_linear: F.linear,
    torch.ops.aten.mkldnn_convolution: _convolved,
    torch.ops.aten.mkldnn_reorder_conv2d_weight: lambda weight, *_: weight,
    torch.ops.aten.mkldnn_reorder_conv3d_weight: lambda weight, *_: weight,
}
