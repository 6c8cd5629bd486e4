"""The kinds that PyTorch's names stand for: it has several for one thing."""

from __future__ import annotations

import re

from cnnref.counting.operators import ESTIMATED, KINDS, MATRIX, POOLS, VIEWS

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
    "fix": "trunc", "expit": "sigmoid", "linalg_vector_norm": "norm", "linalg_cross": "cross",
    "linalg_diagonal": "diagonal", "adjoint": "transpose", "numpy_t": "transpose",
    "matrix_h": "transpose", "mt": "transpose", "mh": "transpose", "h": "transpose",
    "unsafe_view": "view", "reshape_alias": "view", "unsafe_index": "index",
    "split_with_sizes": "split", "unsafe_split_with_sizes": "split",
    "to_copy": "to", "constant_pad_nd": "pad", "reflection_pad1d": "pad",
    "reflection_pad2d": "pad", "reflection_pad3d": "pad", "replication_pad1d": "pad",
    "replication_pad2d": "pad", "replication_pad3d": "pad", "pad_circular": "pad",
    "pad_enum": "pad", "safe_softmax": "softmax", "masked_softmax": "softmax",
    "log_sigmoid_forward": "logsigmoid", "rrelu_with_noise": "rrelu", "col2im": "fold",
    "prelu_kernel": "prelu", "glu_jvp": "glu", "native_dropout": "dropout",
    "unsafe_index_put": "index_put", "index_put_impl": "index_put",
    "setitem": "index_put", "weight_norm_interface": "weight_norm", "sum_to_size": "sum",
    "max_unpool1d": "max_unpool", "max_unpool2d": "max_unpool", "max_unpool3d": "max_unpool",
    "unique2": "unique", "unique_consecutive": "unique", "unique_dim": "unique",
    "slow_conv2d_forward": "conv", "gammaln": "lgamma", "psi": "digamma",
    "gammainc": "igamma", "gammaincc": "igammac",
    "grid_sampler": "grid_sample", "grid_sampler_2d": "grid_sample",
    "grid_sampler_3d": "grid_sample", "grid_sampler_2d_cpu_fallback": "grid_sample",
    "affine_grid_generator": "affine_grid",
    "conj_physical": "conj", "neg_view": "neg", "fw_primal": "alias", "pin_memory": "to",
    "is_all_true": "all", "is_any_true": "any",
    "fake_quantize_per_tensor_affine": "fake_quantize",
    "fake_quantize_per_channel_affine": "fake_quantize",
    "fake_quantize_per_tensor_affine_cachemask": "fake_quantize",
    "fake_quantize_per_tensor_affine_cachemask_tensor_qparams": "fake_quantize",
    "fake_quantize_per_channel_affine_cachemask": "fake_quantize",
    "fake_quantize_learnable_per_tensor_affine": "fake_quantize",
    "fake_quantize_learnable_per_channel_affine": "fake_quantize",
    "fused_moving_avg_obs_fake_quant": "fake_quantize",
    "fused_moving_avg_obs_fq_helper": "fake_quantize",
    "nonzero_static": "nonzero", "masked_scale": "scale",
    "flatten_dense_tensors": "flatten", "squeeze_copy": "squeeze", "embedding_renorm": "renorm",
    "to_dense": "to", **dict.fromkeys(
        ("to_sparse", *(f"to_sparse_{form}" for form in ("csr", "csc", "bsr", "bsc"))), "to"
    ), "indices": "view", "values": "view", "crow_indices": "view",
    "col_indices": "view", "sparse_coo_tensor_with_dims_and_tensors": "clone",
    "efficientzerotensor": "zeros", "isposinf": "isinf", "isneginf": "isinf", "dist": "norm",
    "mvlgamma": "lgamma", "hash_tensor": "sum", "nll_loss_forward": "nll_loss",
    "nll_loss2d_forward": "nll_loss", "lu_unpack": "triu", "resize_as": "resize",
    "as_strided_scatter": "slice_scatter", "diagonal_scatter": "slice_scatter",
    "unsafe_masked_index": "index", "unsafe_masked_index_put_accumulate": "index_put",
    "chunk_cat": "concat", "histogramdd_bin_edges": "histogram",
    "histogramdd_from_bin_cts": "histogram", "histogramdd_from_bin_tensors": "histogram",
    "nested_tensor_from_tensor_list": "concat", "to_padded_tensor": "pad",
    "nested_from_padded": "concat", "nested_tensor_from_mask": "concat",
    "nested_view_from_jagged": "view",
    "sparse_softmax": "softmax", "sparse_log_softmax": "log_softmax",
}
# fmt: on
_KNOWN = frozenset(KINDS) - {*ESTIMATED}
# of special_: bessel_j0, chebyshev_polynomial_t
SPECIAL = re.compile(r"bessel|airy|polynomial_")
# gelu_backward, _softmax_backward_data, native_layer_norm_backward
GRADIENT = re.compile(
    r"(?:native_|cudnn_)?(\w+?)(?:_dense)?(?:_with_indices)?(?:_double)?_backward"
)


def known(name: str) -> str | None:
    """The kind that one of PyTorch's names stands for, or None.

    >>> known("_unsafe_view"), known("mul_"), known("linalg_inv")
    ('view', 'multiply', None)
    >>> known("gelu_backward"), known("convolution_backward"), known("t_copy")
    ('backward', None, 'clone')
    """
    plain = name.strip("_").lower().removeprefix("special_")
    kind = ALIASES.get(plain, plain)
    if kind in _KNOWN:
        return kind
    if plain.endswith("_copy") and known(plain.removesuffix("_copy")) in VIEWS:
        return "clone"
    if SPECIAL.search(plain):
        return "special_function"
    forward = GRADIENT.match(plain)
    return "backward" if forward and _sums_no_products(forward[1]) else None


def _sums_no_products(name: str) -> bool:
    return known(name) not in (None, *MATRIX) or name.rstrip("123d") in POOLS
