"""The chapter on batch normalisation: its numbers and its code against PyTorch's own."""

from __future__ import annotations

from copy import deepcopy
from types import ModuleType

import pytest
import torch
from lessons import lesson
from torch import nn
from torch.nn import functional as F
from torch.nn.utils.fusion import fuse_conv_bn_eval

import cnnref
from cnnref.net import Net
from website.chapters import batch_norm
from website.facts import lookup


@pytest.fixture(scope="module")
def code() -> ModuleType:
    return lesson("batch_norm")


def test_the_channel_by_hand_is_what_pytorch_computes() -> None:
    channel = batch_norm.Channel.of(batch_norm.IMAGES)
    x = torch.tensor(batch_norm.IMAGES, dtype=torch.float64).reshape(2, 1, 2, 2)
    norm = nn.BatchNorm2d(1, eps=1e-12, momentum=1.0).double()
    expected = [float(value) for value in channel.normalised()]
    assert norm(x).flatten().tolist() == pytest.approx(expected)
    assert norm.running_mean is not None
    assert norm.running_var is not None
    assert norm.running_mean.item() == float(channel.mean)
    assert norm.running_var.item() == pytest.approx(float(channel.unbiased))
    with pytest.raises(ValueError, match="variance 2 is no square"):
        batch_norm.Channel.of(((0, 1, 3, 4), (0, 1, 3, 4)))._replace(variance=2).spread  # noqa: B018


def test_the_lesson_normalises_as_pytorch_does(code: ModuleType) -> None:
    torch.manual_seed(0)
    x, scale, shift = torch.randn(4, 3, 5, 5), torch.randn(3), torch.randn(3)
    expected = F.batch_norm(x, None, None, scale, shift, training=True)
    assert torch.allclose(code.normalise(x, scale, shift), expected, atol=1e-5)


@pytest.mark.parametrize("bias", [False, True])
def test_the_lesson_folds_as_pytorch_does(code: ModuleType, bias: bool) -> None:
    torch.manual_seed(0)
    conv = nn.Conv2d(3, 4, 3, padding=1, bias=bias).double()
    norm = nn.BatchNorm2d(4).double()
    for value in (norm.weight.data, norm.bias.data, norm.running_mean, norm.running_var):
        assert value is not None
        value.uniform_(0.5, 2.0)
    pair = nn.Sequential(conv, norm).eval()
    x = torch.randn(2, 3, 6, 6, dtype=torch.float64)
    expected = pair(x)
    theirs = fuse_conv_bn_eval(conv, norm)
    ours = code.fold(deepcopy(conv), norm)
    assert torch.allclose(ours(x), expected, atol=1e-12)
    assert torch.allclose(ours.weight, theirs.weight, atol=1e-12)
    assert torch.allclose(ours.bias, theirs.bias, atol=1e-12)


@pytest.mark.slow
@pytest.mark.parametrize("key", ["vgg11_bn", "resnet18", "preact_resnet164_cifar"])
def test_folded_parameters_are_those_of_the_folded_model(key: str) -> None:
    """Every pair that the table names is folded in the model, whose outputs stay the same."""
    model, shape = cnnref.model(key).double().eval(), lookup(key).input_shape
    book = cnnref.trace(model, shape)
    x = torch.randn(1, *shape, dtype=torch.float64)
    expected = model(x)
    pairs = batch_norm.foldable(book)
    assert pairs
    for norm, conv in pairs.items():
        own, of = book[conv].name, book[norm].name
        fused = fuse_conv_bn_eval(model.get_submodule(own), model.get_submodule(of))  # type: ignore[type-var]
        model.set_submodule(own, fused)
        model.set_submodule(of, nn.Identity())
    assert torch.allclose(model(x), expected, rtol=1e-6)
    left = sum(weight.numel() for weight in model.parameters())
    assert left == batch_norm.folded_parameters(book)
    assert left == batch_norm.folded_parameters(lookup(key))


def test_a_norm_behind_a_sum_or_a_shared_output_does_not_fold() -> None:
    net = Net((4, 8, 8))
    x = net.conv(net.input, 4, 3, padding=1, bias=False, name="conv")
    normed = net.batch_norm(x, name="norm")
    net.batch_norm(net.add(normed, x, name="sum"), name="last")
    assert batch_norm.foldable(net.table()) == {}
    assert batch_norm.folded_parameters(net.table()) == net.table().parameters


def test_folded_vgg_is_vgg_without_norms() -> None:
    for depth in (11, 13, 16, 19):
        plain, normed = lookup(f"vgg{depth}"), lookup(f"vgg{depth}_bn")
        assert batch_norm.folded_parameters(normed) == plain.parameters


def test_the_drawing_marks_what_shares_a_mean() -> None:
    scene = batch_norm._scene(700, 4)
    marked = {name: 0 for name in batch_norm.KINDS}
    for box in scene.boxes:
        marked[box.words] += box.kind == "conv"
    assert marked == {"batch norm": 3, "layer norm": 4, "instance norm": 1, "group norm": 2}


@pytest.mark.parametrize(("width", "columns"), [(700, 4), (340, 2)])
def test_the_name_of_each_kind_stands_over_the_middle_of_its_cells(
    width: int, columns: int
) -> None:
    scene = batch_norm._scene(width, columns)
    for text in (text for text in scene.texts if text.strong):
        own = [box for box in scene.boxes if box.words == text.text]
        middle = (min(box.x for box in own) + max(box.right for box in own)) / 2
        assert text.x == pytest.approx(middle, abs=batch_norm.GAP)
        assert text.y < min(box.y for box in own)
