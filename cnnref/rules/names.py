"""The kinds that PyTorch's names stand for: it has several for one thing."""

from __future__ import annotations

from cnnref.kinds import KINDS

__all__ = ["ALIASES", "known"]

# fmt: off
# underscores at the ends have been taken off
ALIASES = {
    "absolute": "abs", "arccos": "acos", "arccosh": "acosh", "arcsin": "asin",
    "arcsinh": "asinh", "arctan": "atan", "arctan2": "atan2", "arctanh": "atanh",
    "cat": "concat", "concatenate": "concat", "column_stack": "concat", "hstack": "concat",
    "vstack": "concat", "row_stack": "concat", "dstack": "concat",
    "clip": "clamp", "div": "divide", "true_divide": "divide", "rdiv": "divide",
    "truediv": "divide", "rtruediv": "divide", "itruediv": "divide", "idiv": "divide",
    "floordiv": "floor_divide", "rfloordiv": "floor_divide", "ifloordiv": "floor_divide",
    "mod": "remainder", "rmod": "remainder", "imod": "remainder",
    "mul": "multiply", "rmul": "multiply", "imul": "multiply",
    "radd": "add", "iadd": "add", "subtract": "sub", "rsub": "sub", "isub": "sub",
    "rpow": "pow", "ipow": "pow", "float_power": "pow", "negative": "neg", "invert": "bitwise_not",
    "and": "bitwise_and", "iand": "bitwise_and", "or": "bitwise_or",
    "ror": "bitwise_or", "ior": "bitwise_or", "xor": "bitwise_xor", "rxor": "bitwise_xor",
    "ixor": "bitwise_xor", "lshift": "bitwise_left_shift", "rshift": "bitwise_right_shift",
    "greater": "gt", "greater_equal": "ge", "less": "lt", "less_equal": "le", "not_equal": "ne",
    "fix": "trunc", "expit": "sigmoid", "special_expit": "sigmoid", "special_erf": "erf",
    "linalg_vector_norm": "norm", "special_logsumexp": "logsumexp",
    "linalg_diagonal": "diagonal", "adjoint": "transpose", "numpy_t": "transpose",
    "matrix_h": "transpose", "mt": "transpose", "mh": "transpose", "h": "transpose",
    "unsafe_view": "view", "reshape_alias": "view", "unsafe_index": "index",
    "split_with_sizes": "split", "unsafe_split_with_sizes": "split",
    "to_copy": "to", "constant_pad_nd": "pad", "reflection_pad1d": "pad",
    "reflection_pad2d": "pad", "reflection_pad3d": "pad", "replication_pad1d": "pad",
    "replication_pad2d": "pad", "replication_pad3d": "pad", "pad_circular": "pad",
    "pad_enum": "pad", "special_softmax": "softmax", "safe_softmax": "softmax",
    "masked_softmax": "softmax", "special_log_softmax": "log_softmax",
    "log_sigmoid_forward": "logsigmoid", "rrelu_with_noise": "rrelu", "col2im": "fold",
    "prelu_kernel": "prelu", "glu_jvp": "glu", "native_dropout": "dropout",
    "unsafe_index_put": "index_put", "index_put_impl": "index_put",
    "setitem": "index_put", "weight_norm_interface": "weight_norm", "sum_to_size": "sum",
    "max_unpool1d": "max_unpool", "max_unpool2d": "max_unpool", "max_unpool3d": "max_unpool",
    "unique2": "unique", "unique_consecutive": "unique", "unique_dim": "unique",
    "slow_conv2d_forward": "conv", "special_xlogy": "xlogy", "special_log1p": "log1p",
    "special_expm1": "expm1", "special_exp2": "exp2", "special_logit": "logit",
    "special_sinc": "sinc", "special_digamma": "digamma", "special_round": "round",
    "special_erfc": "erfc", "special_erfinv": "erfinv", "special_gammaln": "lgamma",
    "grid_sampler": "grid_sample", "grid_sampler_2d": "grid_sample",
    "grid_sampler_3d": "grid_sample", "grid_sampler_2d_cpu_fallback": "grid_sample",
    "affine_grid_generator": "affine_grid", "trapz": "sum", "trapezoid": "sum",
    "conj_physical": "conj", "neg_view": "neg", "fw_primal": "alias", "pin_memory": "to",
    "nonzero_static": "nonzero", "masked_scale": "scale",
    "flatten_dense_tensors": "flatten", "squeeze_copy": "squeeze", "embedding_renorm": "renorm",
}
# fmt: on
_KNOWN = frozenset(KINDS)


def known(name: str) -> str | None:
    """The kind that one of PyTorch's names stands for, or None.

    >>> known("_unsafe_view"), known("mul_"), known("linalg_inv")
    ('view', 'multiply', None)
    """
    plain = name.strip("_").lower()
    kind = ALIASES.get(plain, plain)
    return kind if kind in _KNOWN else None
