"""A failure inside a module: the error is theirs; one line more names the layer and what fits."""

from __future__ import annotations

from typing import Any

import pytest
import torch
from torch import Tensor, nn

import cnnref
from cnnref.errors import CnnrefError, ShapeError


class Product(nn.Module):
    def forward(self, x: Tensor) -> Tensor:
        return x @ torch.zeros(3, 4)


class Joined(nn.Module):
    """A small network whose parts have names."""

    def __init__(self, part: nn.Module) -> None:
        super().__init__()
        self.body = nn.Sequential(nn.Identity(), part)

    def forward(self, x: Tensor) -> Tensor:
        y: Tensor = self.body(x)
        return y


def note(module: nn.Module, shape: tuple[int, ...] = (), **options: Any) -> str:
    """The line that cnnref adds, without its beginning."""
    with pytest.raises((RuntimeError, TypeError, ValueError)) as caught:
        cnnref.trace(module, **({"input_shape": shape} if shape else {}), **options)
    (line,) = caught.value.__notes__
    assert "\n" not in line
    return str(line).removeprefix("cnnref.trace was in ")


LINES = {
    "channels": (
        nn.Conv2d(3, 4, 3),
        (1, 8, 8),
        "body.1 (Conv2d, which got 1 x 8 x 8): it takes 3 channels, so that 3 x 8 x 8 would fit.",
    ),
    "one channel": (
        nn.Conv2d(1, 4, 3),
        (3, 8, 8),
        "body.1 (Conv2d, which got 3 x 8 x 8): it takes 1 channel, so that 1 x 8 x 8 would fit.",
    ),
    "a small map": (
        nn.Conv2d(3, 4, 5, dilation=2, padding=1),
        (3, 4, 8),
        "body.1 (Conv2d, which got 3 x 4 x 8): its window needs a map of 7 x 7 or more, so that a "
        "larger input would fit.",
    ),
    "a small map to pool": (
        nn.MaxPool2d(9),
        (3, 4, 4),
        "body.1 (MaxPool2d, which got 3 x 4 x 4): its window needs a map of 9 x 9 or more, so that "
        "a larger input would fit.",
    ),
    "too many axes": (
        nn.Conv2d(3, 4, 3),
        (2, 3, 8, 8),
        "body.1 (Conv2d, which got 2 x 3 x 8 x 8): it takes maps of 3 x H x W, and its shape is "
        "given without the batch.",
    ),
    "another kind": (
        nn.Conv3d(3, 4, 3),
        (8, 8),
        "body.1 (Conv3d, which got 8 x 8): it takes maps of 3 x D x H x W.",
    ),
    "transposed": (
        nn.ConvTranspose2d(3, 4, 3),
        (1, 8, 8),
        "body.1 (ConvTranspose2d, which got 1 x 8 x 8): it takes 3 channels, so that 3 x 8 x 8 "
        "would fit.",
    ),
    "features": (
        nn.Linear(10, 3),
        (2, 12),
        "body.1 (Linear, which got 2 x 12): it takes 10 features on its last axis, so that 2 x 10 "
        "would fit.",
    ),
    "a feature": (
        nn.Linear(1, 3),
        (12,),
        "body.1 (Linear, which got 12): it takes 1 feature on its last axis, so that 1 would fit.",
    ),
    "batch norm": (
        nn.BatchNorm2d(4),
        (3, 8, 8),
        "body.1 (BatchNorm2d, which got 3 x 8 x 8): it takes 4 channels, so that 4 x 8 x 8 would "
        "fit.",
    ),
    "group norm": (
        nn.GroupNorm(2, 4),
        (3, 8),
        "body.1 (GroupNorm, which got 3 x 8): it takes 4 channels, so that 4 x 8 would fit.",
    ),
    "layer norm": (
        nn.LayerNorm((3, 4)),
        (2, 3, 5),
        "body.1 (LayerNorm, which got 2 x 3 x 5): it takes 3 x 4 features on its last axis, so "
        "that 2 x 3 x 4 would fit.",
    ),
    "lstm": (
        nn.LSTM(8, 4),
        (3, 5),
        "body.1 (LSTM, which got 3 x 5): it takes 8 features on its last axis, so that 3 x 8 would "
        "fit.",
    ),
    "embedding": (
        nn.Embedding(4, 5),
        (3,),
        "body.1 (Embedding, which got 3): it takes whole numbers, such as an input of dtype int64.",
    ),
    "a layer of its own": (Product(), (5,), "body.1 (Product, which got 5)."),
    "too few inputs": (
        nn.Bilinear(2, 3, 4),
        (2,),
        "body.1 (Bilinear, which got 2): forward takes input1, input2.",
    ),
}


@pytest.mark.parametrize("name", LINES)
def test_the_line_names_the_layer_the_shapes_and_what_fits(name: str) -> None:
    part, shape, line = LINES[name]
    assert note(Joined(part), shape) == line


def test_the_layer_of_a_real_network_is_named() -> None:
    assert note(cnnref.model("alexnet"), (3, 30, 30)) == (
        "features.5 (MaxPool2d, which got 192 x 2 x 2): its window needs a map of 3 x 3 or more, "
        "so that a larger input would fit."
    )
    assert note(cnnref.model("resnet18"), (1, 224, 224)) == (
        "conv1 (Conv2d, which got 1 x 224 x 224): it takes 3 channels, so that 3 x 224 x 224 would "
        "fit."
    )


def test_the_module_itself_has_no_path() -> None:
    assert note(nn.Linear(3, 4), (5,)).startswith("the module itself (Linear, which got 5): ")
    assert note(nn.Linear(3, 4), inputs={"y": torch.zeros(1, 3)}) == (
        "the module itself (Linear): forward takes input."
    )
    assert note(nn.Linear(3, 4), inputs=()) == "the module itself (Linear): forward takes input."


def test_dtypes_that_do_not_fit_are_named() -> None:
    half = nn.Conv2d(3, 4, 3).half()
    assert note(half, inputs=torch.zeros(1, 3, 8, 8)) == (
        "the module itself (Conv2d, which got 3 x 8 x 8): its weights are of float16, and the "
        "input is of float32."
    )


@pytest.mark.filterwarnings("ignore:The PyTorch API of nested tensors")
def test_nested_tensors_are_refused_in_words() -> None:
    class Ragged(nn.Module):
        def forward(self, x: Tensor) -> Tensor:
            return torch.nested.nested_tensor([x[0], x[0][:1]])

    assert note(Ragged(), (3, 4), values="never") == (
        'the module itself (Ragged, which got 3 x 4): values="auto" runs it once, where shapes do '
        "not tell what it gives."
    )


def test_a_transposed_convolution_is_held_to_its_channels() -> None:
    """On the meta device PyTorch does not look."""
    with pytest.raises(ShapeError) as error:
        cnnref.trace(nn.ConvTranspose2d(3, 4, 3), (1, 8, 8))
    assert str(error.value) == (
        "a transposed convolution with a weight of 3 x 4 x 3 x 3 takes 3 channels, but got an "
        "input of 1 x 1 x 8 x 8."
    )
    with pytest.raises(RuntimeError, match="to have 3 channels, but got 1 channels"):
        nn.ConvTranspose2d(3, 4, 3)(torch.zeros(1, 1, 8, 8))


@pytest.mark.parametrize("wrong", [3, "abc", 1.5])
def test_inputs_of_another_form_are_refused(wrong: Any) -> None:
    with pytest.raises(CnnrefError) as error:
        cnnref.trace(nn.ReLU(), inputs=wrong)
    assert str(error.value) == (
        "trace: inputs must be a tensor, a tuple of positional or a mapping of keyword arguments, "
        f"but is of type {type(wrong).__name__}."
    )
