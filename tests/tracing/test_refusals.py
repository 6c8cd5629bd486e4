"""A trace refuses the arguments that PyTorch refuses when it computes, by name."""

from __future__ import annotations

from collections.abc import Callable

import pytest
import torch
import torch.nn.functional as F
from torch import Tensor, nn, zeros

import cnnref
from cnnref.errors import CnnrefError, ForwardError
from cnnref.tracing.rules.windows import FUNCTIONS


class Calls(nn.Module):
    """One call of a function."""

    def __init__(self, function: Callable[[Tensor], Tensor]) -> None:
        super().__init__()
        self.function = function

    def forward(self, x: Tensor) -> Tensor:
        return self.function(x)


def conv(*weight: int, bias: tuple[int, ...] = (), **options: int) -> nn.Module:
    added = zeros(bias) if bias else None
    return Calls(lambda x: F.conv2d(x, zeros(weight), added, **options))


def transposed(*weight: int, bias: tuple[int, ...] = (), **options: int) -> nn.Module:
    added = zeros(bias) if bias else None
    return Calls(lambda x: F.conv_transpose2d(x, zeros(weight), added, **options))


REFUSED = {
    "padding": (
        nn.Conv2d(4, 4, 3, padding=-1),
        "a convolution: padding must be 0 or more, but is -1, -1.",
    ),
    "dilation": (
        nn.Conv2d(4, 4, 3, dilation=(1, 0)),
        "a convolution: dilation must be 1 or more, but is 1, 0.",
    ),
    "stride": (nn.Conv2d(4, 4, 3, stride=0), "conv2d: stride must not be zero."),
    "kernel": (
        conv(4, 4, 0, 3),
        "a convolution: each axis of weight must be 1 or more, but is 4, 4, 0, 3.",
    ),
    "filters": (
        conv(0, 4, 3, 3),
        "a convolution: each axis of weight must be 1 or more, but is 0, 4, 3, 3.",
    ),
    "groups": (
        conv(5, 2, 3, 3, groups=2),
        "a convolution: groups must divide the first axis of its weight of 5 x 2 x 3 x 3, "
        "but are 2.",
    ),
    "bias": (
        conv(6, 4, 3, 3, bias=(5,)),
        "a convolution: bias must have the shape 6, one for each filter, but has 5.",
    ),
    "bias of one": (
        conv(6, 4, 3, 3, bias=(1,)),
        "a convolution: bias must have the shape 6, one for each filter, but has 1.",
    ),
    "of an operator": (
        Calls(
            lambda x: torch.convolution(
                x, zeros(4, 4, 3, 3), None, [1, 1], [-1, 0], [1, 1], False, [0, 0], 1
            )
        ),
        "a convolution: padding must be 0 or more, but is -1, 0.",
    ),
    "transposed: output_padding": (
        nn.ConvTranspose2d(4, 4, 3, stride=1, output_padding=1),
        "a transposed convolution: output_padding must be less than its stride or its dilation, "
        "but is 1, 1.",
    ),
    "transposed: output_padding below zero": (
        transposed(4, 4, 3, 3, stride=2, output_padding=-1),
        "a transposed convolution: output_padding must be 0 or more, but is -1, -1.",
    ),
    "transposed: padding": (
        nn.ConvTranspose2d(4, 4, 3, padding=-1),
        "a transposed convolution: padding must be 0 or more, but is -1, -1.",
    ),
    "transposed: stride": (
        nn.ConvTranspose2d(4, 4, 3, stride=0),
        "a transposed convolution: stride must be 1 or more, but is 0, 0.",
    ),
    "transposed: groups": (
        transposed(4, 2, 3, 3, groups=3),
        "a transposed convolution: groups must divide the first axis of its weight of "
        "4 x 2 x 3 x 3, but are 3.",
    ),
    "transposed: bias": (
        transposed(4, 6, 3, 3, bias=(5,)),
        "a transposed convolution: bias must have the shape 6, one for each filter, but has 5.",
    ),
    "average of stride 0": (
        Calls(lambda x: F.avg_pool2d(x, 2, stride=0)),
        "stride should not be zero",
    ),
    "maximum of stride 0": (
        Calls(lambda x: F.max_pool2d(x, 2, stride=0)),
        "stride should not be zero",
    ),
    "divisor": (
        Calls(lambda x: F.avg_pool2d(x, 2, divisor_override=0)),
        "a pooling: divisor_override must not be zero.",
    ),
    "an interpolation to nothing": (
        Calls(lambda x: F.interpolate(x, scale_factor=0.01, mode="bilinear")),
        "an interpolation: each size of the output must be 1 or more, but is 0, 0.",
    ),
}


@pytest.mark.parametrize("case", REFUSED)
def test_what_pytorch_refuses_is_not_counted(case: str) -> None:
    module, sentence = REFUSED[case]
    network = nn.Sequential(nn.Identity(), module)
    with pytest.raises(RuntimeError):
        network(zeros(1, 4, 8, 8))
    with pytest.raises(ForwardError) as caught:
        cnnref.trace(network, (4, 8, 8))
    assert str(caught.value) == sentence
    assert any(f" in 1 ({type(module).__name__}, " in note for note in caught.value.__notes__)


def test_what_pytorch_takes_is_counted() -> None:
    """At the edge of each of these."""
    for module in (
        nn.ConvTranspose2d(4, 4, 3, stride=1, dilation=2, output_padding=1),
        nn.AdaptiveAvgPool2d(0),
        Calls(lambda x: F.avg_pool2d(x, 2, stride=None)),
        Calls(lambda x: torch.max_pool2d(x, 2, stride=[])),
    ):
        made = module(zeros(1, 4, 8, 8))
        assert cnnref.trace(module, (4, 8, 8))[0].out_shape == made.shape[1:]


# ---- shapes ----


class Two(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.conv = nn.Conv2d(3, 4, 3)
        self.words = nn.Embedding(10, 4)

    def forward(self, image: Tensor, tokens: Tensor) -> Tensor:
        return self.conv(image).mean((2, 3)) + self.words(tokens).mean(1)


@pytest.mark.parametrize(
    "shapes",
    [
        [(3, 32, 32), (12, "int64")],
        ((3, 32, 32), (12, torch.int64)),
        {"tokens": (12, "int64"), "image": [3, 32, 32]},
    ],
)
def test_several_inputs_are_given_by_their_shapes(shapes):
    table = cnnref.trace(Two(), shapes)
    image, tokens = torch.empty(1, 3, 32, 32), torch.zeros(1, 12, dtype=torch.int64)
    known = cnnref.trace(Two(), inputs={"image": image, "tokens": tokens})
    assert [row.counts for row in table] == [row.counts for row in known]


@pytest.mark.parametrize(
    ("shape", "message"),
    [
        (
            (1, 3, 32, 32),
            "input_shape is of one image, without the batch: (3, 32, 32), not (1, 3, 32, 32); a "
            "batch of your own is given as inputs=.",
        ),
        (
            torch.zeros(1, 3, 32, 32),
            "input_shape is a shape, but is a tensor of 1 x 3 x 32 x 32: give it as inputs=.",
        ),
        (
            [torch.zeros(3, 5), (3, 32, 32)],
            "input_shape is a shape, but is a tensor of 3 x 5: give it as inputs=.",
        ),
    ],
)
def test_what_other_tools_take_is_told_at_once(shape, message):
    with pytest.raises(CnnrefError) as caught:
        cnnref.trace(nn.Sequential(nn.ReLU(), nn.Conv2d(3, 4, 3)), shape)
    assert str(caught.value) == f"trace: {message}"


def test_what_is_no_example_is_named_by_its_type():
    with pytest.raises(CnnrefError, match=r"but is of type ndarray\.$"):
        cnnref.trace(nn.ReLU(), inputs=torch.zeros(100, 100).numpy())


def test_a_clip_of_one_frame_is_no_batch():
    class Frames(nn.Module):
        def __init__(self):
            super().__init__()
            self.conv = nn.Conv3d(3, 4, 1)

        def forward(self, x):
            return self.conv(x)

    assert cnnref.trace(Frames(), (3, 1, 8, 8)).macs == 4 * 3 * 64


def test_an_unknown_dtype_of_a_shape_is_told():
    with pytest.raises(CnnrefError, match="Unknown dtype of input_shape 'int63': did you mean"):
        cnnref.trace(nn.Embedding(3, 4), (12, "int63"))


@pytest.mark.parametrize("kernel", [(1, 9), (9, 1), (9, 9), (1, 11)])
def test_a_window_that_does_not_fit_is_refused(kernel: tuple[int, int]) -> None:
    module = nn.Conv2d(4, 4, kernel)
    with pytest.raises(ForwardError):
        cnnref.trace(module, (4, 8, 8))
    with pytest.raises(RuntimeError):
        module(zeros(1, 4, 8, 8))


def test_a_window_that_is_larger_by_one_is_refused_where_pytorch_lets_it_pass() -> None:
    # as on the meta device of PyTorch 2.9
    result = zeros(1, 4, 8, 0)
    said = r"^a convolution: its window is larger than an input of 1 x 4 x 8 x 8 with its padding\."
    with pytest.raises(ForwardError, match=said):
        FUNCTIONS[F.conv2d](result, zeros(1, 4, 8, 8), zeros(4, 4, 1, 9))
    # no image is an image that fits
    assert cnnref.trace(nn.Conv2d(4, 4, 3), inputs=zeros(0, 4, 8, 8)).macs == 0
