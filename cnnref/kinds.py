"""The kinds of layer that rows are of and that conventions price, by what they do."""

from __future__ import annotations

__all__ = ["ACTIVATIONS", "FREE_KINDS", "JOINS", "KINDS", "MATRIX", "NORMS", "POOLS", "STORING"]

# multiplies that are added up
MATRIX = (
    "conv", "conv_transpose", "linear", "matmul", "attention", "lstm", "gru", "rnn",
)  # fmt: skip
POOLS = ("max_pool", "avg_pool", "adaptive_avg_pool", "adaptive_max_pool")
NORMS = ("batch_norm", "layer_norm", "group_norm", "instance_norm", "rms_norm", "lrn")
# by the names of torch.nn.functional
ACTIVATIONS = (
    "celu", "elu", "gelu", "glu", "hardshrink", "hardsigmoid", "hardswish", "hardtanh",
    "leaky_relu", "log_softmax", "logsigmoid", "mish", "prelu", "relu", "relu6", "selu", "sigmoid",
    "silu", "softmax", "softmin", "softplus", "softshrink", "softsign", "tanh", "tanhshrink",
)  # fmt: skip
JOINS = ("add", "concat", "embedding", "interpolate", "mean", "multiply", "pad", "scale")
# "copy": an adaptive pool whose input has the size that it is to give
FREE_KINDS = ("copy", "dropout", "flatten", "slice")

KINDS = (*MATRIX, *POOLS, *NORMS, *ACTIVATIONS, *JOINS, *FREE_KINDS)

# whose output is memory of its own: not a view, not the identity, and not ReLU, which overwrites
STORING = tuple(kind for kind in KINDS if kind not in (*FREE_KINDS, "relu", "relu6"))
