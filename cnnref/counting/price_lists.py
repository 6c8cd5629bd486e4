"""The conventions that come with cnnref: price lists as plain data, each with its source.

A list says what the named version of a tool counts, and a test runs that tool on the networks
of the catalogue and finds the same total to the last digit.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from cnnref.counting.operators import COUNTED_BY_TORCH, ESTIMATED, MATRIX, POOLS, STORING

__all__ = ["FULL_COLUMNS", "LECTURE_COLUMNS", "PRESETS", "STORED"]

PriceList = dict[str, dict[str, int]]

FULL_COLUMNS = (
    "layer", "op", "input", "output", "kernel", "stride", "padding", "groups",
    "parameters", "operations",
)  # fmt: skip
LECTURE_COLUMNS = (
    "layer", "in_channels", "in_size", "filters", "kernel_size", "stride_size", "padding_size",
    "out_channels", "out_size", "stored_bytes_kb", "parameters_k", "operations_m",
)  # fmt: skip


def _each(kinds: Iterable[str], **terms: int) -> PriceList:
    return {kind: terms for kind in kinds}


FLOAT32 = 4
CONVS, PRODUCTS = ("conv", "conv_transpose"), ("linear", "matmul")
SCALED_NORMS = ("batch_norm", "layer_norm", "group_norm", "instance_norm")
LEARNED = ("batch_norm", "layer_norm", "group_norm", "instance_norm", "rms_norm", "prelu")
RECURRENT = ("lstm", "gru", "rnn")
AVERAGES = ("avg_pool", "adaptive_avg_pool", "copy", "mean")

STORED = _each(STORING, elements_out=FLOAT32)

TORCHINFO = {
    "conv": {"macs": 1, "bias_adds": 1},
    "conv_transpose": {"window_taps": 1, "bias_adds": 1},
    **_each(("linear", "embedding", *LEARNED), weights=1, biases=1, again=1),
    **_each(RECURRENT, weights=1, biases=1, again=1),
}
PTFLOPS = {
    **_each((*CONVS, "linear"), macs=1, bias_adds=1),
    "matmul": {"macs": 1},
}
FVCORE = {
    **_each((*CONVS, *PRODUCTS), macs=1),
    "batch_norm": {"elements_out": 2},
    **_each(("layer_norm", "group_norm", "instance_norm"), elements_out=5),
    **_each(("adaptive_avg_pool", "copy"), elements_in=1),
}
THOP = {
    **_each(("conv", "linear"), macs=1),
    "conv_transpose": {"window_taps": 1},
    **_each(("batch_norm", "layer_norm", "instance_norm"), elements_out=4),
    **_each(("avg_pool", "prelu"), elements_out=1),
    **_each(("adaptive_avg_pool", "copy"), elements_in=1, elements_out=1),
    "softmax": {"elements_out": 3, "sums": -1},
    "interpolate": {"nearest": 1, "linear": 5, "bilinear": 11, "bicubic": 259},
    "rnn": {"macs": 1, "bias_adds": 1, "states": 1},
    "gru": {"macs": 1, "bias_adds": 1, "states": 7},
    "lstm": {"macs": 1, "bias_adds": 1, "states": 8},
}
# the classes of torch.nn that it has a formula for; of others, and of functions, it sees nothing
THOP_MODULES = tuple(
    f"torch.nn.{name}"
    for name in (
        *(
            f"{kind}{rank}d"
            for kind in (
                "Conv",
                "ConvTranspose",
                "BatchNorm",
                "InstanceNorm",
                "AvgPool",
                "AdaptiveAvgPool",
            )
            for rank in (1, 2, 3)
        ),
        *("LayerNorm", "SyncBatchNorm", "PReLU", "Softmax", "Linear", "Upsample"),
        *("UpsamplingBilinear2d", "UpsamplingNearest2d", "RNNCell", "GRUCell", "LSTMCell"),
        *("RNN", "GRU", "LSTM"),
    )
)
TORCHPROFILE = {
    **_each(("conv", *PRODUCTS, "attention", "lstm"), macs=1),
    "conv_transpose": {"window_taps": 1},
    **_each((*SCALED_NORMS, *AVERAGES, "multiply", "scale", "leaky_relu"), elements_out=1),
    "lrn": {"elements_out": 3},
}

PRESETS: tuple[dict[str, Any], ...] = (
    {
        "name": "macs",
        "title": "Multiply-accumulates",
        "unit": "MAC",
        "prices": _each(MATRIX, macs=1),
        "source": (
            "He et al., Deep Residual Learning, 2015, Table 1 (where they are called "
            "FLOPs); torchvision 0.28, the _ops field of its weights"
        ),
        "note": (
            "One multiply and one add together count once. Biases, pooling, norms and "
            "activations are not counted."
        ),
    },
    {
        "name": "estimates",
        "title": "Multiply-accumulates, with estimates",
        "unit": "MAC",
        "prices": _each(MATRIX, macs=1) | _each(ESTIMATED, estimate=1),
        "source": (
            "as macs; for decompositions, solvers and Fourier transforms Golub and Van Loan, "
            "Matrix Computations, 4th edition, 2013"
        ),
        "note": (
            "As macs, which leaves out what no count is exact of: the leading term of the "
            "textbook's algorithm, which is not what a library runs to the last digit."
        ),
    },
    {
        "name": "flops",
        "title": "Floating-point operations",
        "unit": "FLOP",
        "prices": _each(MATRIX, macs=2),
        "source": (
            "Canziani et al., An Analysis of Deep Neural Network Models for Practical "
            "Applications, 2016"
        ),
        "note": (
            "A multiply is one operation and an add is another. Biases, pooling, norms "
            "and activations are not counted."
        ),
    },
    {
        "name": "lecture",
        "title": "The lecture's count",
        "unit": "flop",
        "prices": _each(MATRIX, macs=1) | _each(POOLS, window_taps=1),
        "stores": _each((*MATRIX, *POOLS), elements_out=FLOAT32),
        "operators": (*MATRIX, *POOLS, "flatten"),
        "columns": LECTURE_COLUMNS,
        "source": "Lecture 8, CNN Architectures; the tables and worked formulas of its notes",
        "note": (
            "One multiply-add counts once, and a pooling counts each tap of its window. "
            "Bias adds, ReLU, norms and dropout are not counted. Memory is the output "
            "of a layer in float32, one image, with 1 KB = 1,024 bytes; flatten is a view."
        ),
    },
    {
        "name": "torch",
        "title": "PyTorch's FLOP counter",
        "unit": "FLOP",
        "prices": _each(COUNTED_BY_TORCH, macs=2),
        "source": "torch.utils.flop_counter.FlopCounterMode, torch 2.13.0",
        "note": (
            "Two for each MAC of a convolution or a matrix product, and nothing else. On the CPU "
            "it has no formula for the fused kernels of attention and LSTM and counts 0 for them; "
            "on the meta device, and on most GPUs, it counts attention as here."
        ),
    },
    {
        "name": "torchvision",
        "title": "torchvision's weights",
        "unit": "MAC",
        "prices": _each(MATRIX, macs=1),
        "source": "torchvision 0.28.0, _ops in the metadata of its weights, in G with three digits",
        "note": "MACs of convolutions and matrix products, rounded; the field is called GFLOPS.",
    },
    {
        "name": "fvcore",
        "title": "fvcore",
        "unit": "MAC",
        "prices": FVCORE,
        "source": "fvcore 0.1.5.post20221221, FlopCountAnalysis.total()",
        "note": (
            "Calls a MAC one flop. Batch norm is 2 for each element (1 without scale and shift), "
            "the other norms 5 (4), an adaptive average pool 1 for each element of its input; "
            "biases, activations, other pools and joins are free. Fused attention and recurrent "
            "layers count 0 with a warning. Upsampling, which it counts by mode, is not in the "
            "list."
        ),
    },
    {
        "name": "torchinfo",
        "title": "torchinfo",
        "unit": "mult-add",
        "prices": TORCHINFO,
        "stores": _each((*CONVS, "linear", "embedding", *LEARNED), elements_out=2 * FLOAT32),
        "modules": ("torch.nn.Module",),
        "source": "torchinfo 1.8.0, summary().total_mult_adds and .total_output_bytes",
        "note": (
            "Convolutions count MACs and bias adds. Any other layer counts its parameters once, "
            "however many positions it works on: a linear layer on a feature map, and every norm, "
            "is far too small. A transposed convolution counts positions of its output, which is "
            "too much. Calls of torch.nn.functional, matrix products and attention count 0. Its "
            "memory is twice the outputs of the layers that have parameters."
        ),
    },
    {
        "name": "ptflops",
        "title": "ptflops, backend aten",
        "unit": "MAC",
        "prices": PTFLOPS,
        "source": "ptflops 0.7.5, get_model_complexity_info(backend='aten')",
        "note": (
            "MACs of convolutions and matrix products, and one for each bias add; fused attention "
            "counts 0 on the CPU. Its other backend, 'pytorch', which 0.7.5 takes unless told "
            "otherwise, is no price list: it hooks modules and also replaces functions, so that "
            "an nn.ReLU or nn.MaxPool2d counts twice, F.relu once, and a subclass of nn.Conv2d 0."
        ),
    },
    {
        "name": "thop",
        "title": "thop (pytorch-OpCounter)",
        "unit": "MAC",
        "prices": THOP,
        "modules": THOP_MODULES,
        "source": "thop 0.1.1.post2209072238, profile()",
        "note": (
            "Batch norm is 4 for each element (2 without scale and shift), an average pool 1 for "
            "each output, an adaptive one 1 for each input and output; biases, ReLU and max pools "
            "are free. It sees only modules whose class is exactly on its list: calls of "
            "torch.nn.functional, operators, and subclasses count 0. A softmax counts the sums of "
            "each position too, upsampling by its mode, and recurrent layers their gates; "
            "a packed sequence, which it takes for one without gaps, is too small here."
        ),
    },
    {
        "name": "torchprofile",
        "title": "torchprofile",
        "unit": "MAC",
        "prices": TORCHPROFILE,
        "source": "torchprofile 0.1.0, profile_macs()",
        "note": (
            "Also 1 for each element of a norm with scale and shift, of an average pool or mean, "
            "and of a product of two maps or with a constant (so 3 in a local response norm). A "
            "transposed convolution counts positions of its output. Recurrent layers other than "
            "LSTM count 0 with a warning. Bilinear upsampling and grid sampling, which it counts "
            "by mode, are not in the list."
        ),
    },
)
