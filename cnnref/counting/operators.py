"""The kinds of layer that rows are of and that conventions price, by what they do.

Elementwise kinds are named as PyTorch's functions. What is of no kind here has no rule:
`trace` marks its row uncounted.
"""

from __future__ import annotations

__all__ = [
    "ACTIVATIONS",
    "COPIES",
    "COUNTED_BY_TORCH",
    "ELEMENTWISE",
    "ESTIMATED",
    "FREE",
    "FRESH",
    "GRADIENTS",
    "KINDS",
    "LOSSES",
    "MATRIX",
    "NORMS",
    "POOLS",
    "REDUCTIONS",
    "RESAMPLING",
    "STORING",
    "VIEWS",
]

# fmt: off
# sums of products: their rows have MACs
COUNTED_BY_TORCH = (
    "conv", "conv_transpose", "linear", "matmul", "attention", "lstm", "gru", "rnn",
    "conv_backward", "attention_backward",
)
# "custom": a rule of the user's own that names no other kind
MATRIX = (*COUNTED_BY_TORCH, "bilinear", "cdist", "deform_conv", "custom")
# by whichever algorithm: their rows have an estimate, and no MACs
ESTIMATED = (
    "cholesky", "det", "eig", "eigh", "fft", "householder", "inverse", "ldl", "lstsq", "lu",
    "matrix_exp", "pinv", "qr", "solve", "solve_triangular", "svd",
)
# windows over positions: their rows have window taps
POOLS = (
    "max_pool", "avg_pool", "lp_pool", "adaptive_avg_pool", "adaptive_max_pool",
    "fractional_max_pool",
)
NORMS = ("batch_norm", "layer_norm", "group_norm", "instance_norm", "rms_norm", "lrn")
# looked up or interpolated from what is there: an output element is a mix of a few inputs
RESAMPLING = (
    "embedding", "embedding_bag", "interpolate", "grid_sample", "affine_grid", "roi_align",
    "roi_pool", "ps_roi_align", "ps_roi_pool", "fold",
)
LOSSES = (
    "binary_cross_entropy", "binary_cross_entropy_with_logits", "cosine_embedding_loss",
    "cross_entropy", "ctc_loss", "gaussian_nll_loss", "hinge_embedding_loss", "huber_loss",
    "kl_div", "l1_loss", "margin_ranking_loss", "mse_loss", "multi_margin_loss",
    "multilabel_margin_loss", "multilabel_soft_margin_loss", "nll_loss", "poisson_nll_loss",
    "smooth_l1_loss", "soft_margin_loss", "triplet_margin_loss",
)
# of an operator that sums no products, where forward differentiates
GRADIENTS = ("backward",)
ACTIVATIONS = (
    "celu", "dropout", "elu", "gelu", "glu", "gumbel_softmax", "hardshrink", "hardsigmoid",
    "hardswish", "hardtanh", "leaky_relu", "log_softmax", "logsigmoid", "mish", "prelu", "relu",
    "relu6", "rrelu", "selu", "sigmoid", "silu", "softmax", "softmin", "softplus", "softshrink",
    "softsign", "tanh", "tanhshrink", "threshold",
)
# one output element for each element of the inputs, spread over one another where they differ
ELEMENTWISE = (
    "abs", "acos", "acosh", "add", "addcdiv", "addcmul", "addr", "angle", "asin", "asinh",
    "atan", "atan2", "atanh", "bernoulli", "bitwise_and", "bitwise_left_shift", "bitwise_not",
    "bitwise_or", "bitwise_right_shift", "bitwise_xor", "bucketize", "ceil", "clamp",
    "clamp_max", "clamp_min", "complex", "copysign", "cos", "cosh", "cross", "cummax", "cummin",
    "cumprod", "cumsum", "deg2rad", "digamma", "divide", "entr", "eq", "erf", "erfc", "erfcx",
    "erfinv", "exp", "exp2", "expm1", "fake_quantize", "floor", "floor_divide", "fmax", "fmin",
    "fmod", "frac", "frexp", "gcd", "ge", "gt", "heaviside", "hypot", "i0", "i0e", "i1", "i1e",
    "igamma", "igammac", "isclose", "isfinite", "isin", "isinf", "isnan", "lcm", "ldexp", "le",
    "lerp", "lgamma", "log", "log10", "log1p", "log2", "log_ndtr", "logaddexp", "logaddexp2",
    "logcumsumexp", "logical_and", "logical_not", "logical_or", "logical_xor", "logit", "lt",
    "masked_fill", "maximum", "minimum", "multiply", "nan_to_num", "ndtri", "ne", "neg",
    "nextafter", "polar", "polygamma", "pow", "rad2deg", "reciprocal", "remainder", "renorm",
    "round", "rsqrt", "scale", "searchsorted", "sgn", "sign", "signbit", "sin", "sinc", "sinh",
    "special_function", "sqrt", "square", "sub", "tan", "trunc", "weight_norm", "where",
    "xlog1py", "xlogy", "zeta",
)
# many elements into one, by a sum, a comparison or an order
REDUCTIONS = (
    "all", "allclose", "amax", "amin", "aminmax", "any", "argmax", "argmin", "argsort",
    "bincount", "count_nonzero", "histc", "histogram", "index_add", "index_reduce", "kthvalue",
    "logsumexp", "max", "mean", "median", "min", "mode", "msort", "nanmean", "nanmedian",
    "nansum", "nms", "norm", "prod", "scatter_add", "scatter_reduce", "segment_reduce", "sort",
    "std", "std_mean", "sum", "topk", "trace", "var", "var_mean",
)
# the input's own memory under another shape
VIEWS = (
    "alias", "as_strided", "atleast_1d", "atleast_2d", "atleast_3d", "broadcast_tensors",
    "broadcast_to", "chunk", "conj", "detach", "diagonal", "dsplit", "expand", "expand_as",
    "flatten", "hsplit", "imag", "lift_fresh", "meshgrid", "moveaxis", "movedim", "narrow",
    "permute", "positive", "ravel", "real", "refine_names", "reshape", "reshape_as",
    "resolve_conj", "resolve_neg", "select", "slice", "split", "squeeze", "swapaxes",
    "swapdims", "t", "tensor_split", "transpose", "unbind", "unflatten", "unfold", "unsafe_chunk",
    "unsafe_split", "unsqueeze", "view", "view_as", "view_as_complex", "view_as_real", "vsplit",
)
# elements that are written again elsewhere, in another order or type, and not computed with
COPIES = (
    "as_tensor", "bfloat16", "block_diag", "bool", "byte", "cartesian_prod", "channel_shuffle",
    "clone", "combinations", "concat", "contiguous", "copy", "cpu", "cuda", "diag", "diag_embed",
    "double", "fill", "fill_diagonal", "flip", "fliplr", "flipud", "float", "gather", "half",
    "im2col", "index", "index_copy", "index_fill", "index_put", "index_select", "int", "long",
    "masked_scatter", "masked_select", "max_unpool", "nonzero", "one_hot", "pack_padded_sequence",
    "pad", "pad_packed_sequence", "pixel_shuffle", "pixel_unshuffle", "put", "repeat",
    "repeat_interleave", "resize", "roll", "rot90", "scatter", "select_scatter", "short",
    "slice_scatter", "stack", "take", "take_along_dim", "tile", "to", "tril", "triu", "type",
    "type_as", "unique", "zero",
)
# made from nothing: they read no feature map
FRESH = (
    "arange", "bartlett_window", "blackman_window", "cauchy", "empty", "empty_like",
    "empty_permuted", "empty_strided", "exponential", "eye", "from_numpy", "full", "full_like",
    "geometric", "hamming_window", "hann_window", "linspace", "log_normal", "logspace",
    "multinomial", "new_empty", "new_empty_strided", "new_full", "new_ones", "new_tensor",
    "new_zeros", "normal", "ones", "ones_like", "poisson", "rand", "rand_like", "randint",
    "randint_like", "randn", "randn_like", "random", "randperm", "scalar_tensor", "tensor",
    "tril_indices", "triu_indices", "uniform", "zeros", "zeros_like",
)
# fmt: on

# "copy" is also an adaptive pool whose input has the size that it is to give
FREE = (*VIEWS, *COPIES, *FRESH)
KINDS = (
    *MATRIX,
    *ESTIMATED,
    *POOLS,
    *NORMS,
    *RESAMPLING,
    *ACTIVATIONS,
    *ELEMENTWISE,
    *REDUCTIONS,
    *LOSSES,
    *GRADIENTS,
    *FREE,
)
# whose output is memory of its own: not a view, not the identity, and not ReLU, which overwrites
SHARING = frozenset((*VIEWS, *FRESH, "copy", "dropout", "relu", "relu6"))
STORING = tuple(kind for kind in KINDS if kind not in SHARING)
