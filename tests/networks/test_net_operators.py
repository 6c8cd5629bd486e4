"""What Net says besides the networks of the catalogue, held against the tracer at drawn sizes."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator

import pytest
import torch
import torch.nn.functional as F
from torch import nn

import cnnref
from cnnref.errors import CnnrefError, ShapeError
from cnnref.net import Net


def drawn(seed: int) -> Iterator[tuple[Callable[[Net], object], nn.Module]]:
    """A net and a module that say the same of one map of 4 channels, each kind at drawn sizes."""
    draw = random.Random(seed)
    names = {
        "relu6": nn.ReLU6, "leaky_relu": nn.LeakyReLU, "elu": nn.ELU, "sigmoid": nn.Sigmoid,
        "hardsigmoid": nn.Hardsigmoid, "tanh": nn.Tanh, "silu": nn.SiLU,
        "hardswish": nn.Hardswish, "gelu": nn.GELU, "softmax": lambda: nn.Softmax(1),
    }  # fmt: skip
    for name, module in names.items():
        yield (lambda net, name=name: getattr(net, name)(net.input)), module()
    kernel, stride = draw.randint(1, 4), draw.randint(1, 4)
    given = {
        "stride": stride, "padding": draw.randint(0, kernel // 2), "groups": draw.choice((1, 2)),
        "output_padding": draw.randint(0, stride - 1), "bias": draw.choice((True, False)),
    }  # fmt: skip
    filters = 2 * draw.randint(1, 4)
    yield (
        lambda net: net.conv_transpose(net.input, filters, kernel, **given),
        nn.ConvTranspose2d(4, filters, kernel, **given),
    )
    factor, size = draw.randint(1, 4), (draw.randint(1, 20), draw.randint(1, 20))
    yield (lambda net: net.upsample(net.input, factor)), nn.Upsample(scale_factor=factor)
    yield (
        lambda net: net.upsample(net.input, size=size),
        nn.Upsample(size=size, mode=draw.choice(("nearest", "bilinear", "bicubic"))),
    )
    for affine in (True, False):
        yield (
            lambda net, affine=affine: net.group_norm(net.input, 2, affine=affine),
            nn.GroupNorm(2, 4, affine=affine),
        )
    yield (lambda net: net.layer_norm(net.input, 1)), nn.LayerNorm(SIZE[-1:])
    yield (lambda net: net.layer_norm(net.input)), nn.LayerNorm(SIZE)
    yield (lambda net: net.multiply(net.input, net.adaptive_avg_pool(net.input, 1))), Weighed()


SIZE = (4, 5, 7)


class Weighed(nn.Module):
    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return x * F.adaptive_avg_pool2d(x, 1)


@pytest.mark.parametrize("seed", range(4))
def test_a_net_says_what_the_tracer_sees(seed: int) -> None:
    for state, module in drawn(seed):
        net = Net(SIZE)
        state(net)
        assert cnnref.compare(net.table(), cnnref.trace(module.eval(), SIZE)) == []


REFUSED = {
    "2 groups do not divide 4 channels into 3": lambda net: net.conv_transpose(
        net.input, 3, 2, groups=2
    ),
    "a padding of (9, 9) leaves nothing": lambda net: net.conv_transpose(
        net.input, 3, 2, padding=9
    ),
    "group_norm1: 3 groups do not divide 4 channels.": lambda net: net.group_norm(net.input, 3),
    "layer_norm1: 4 axes are more than": lambda net: net.layer_norm(net.input, 4),
    "cannot multiply 4 x 5 x 7 by 4": lambda net: net.multiply(
        net.input, net.flatten(net.adaptive_avg_pool(net.input, 1))
    ),
    "cannot multiply 4 x 5 x 7 by 4 x 2 x 2": lambda net: net.multiply(
        net.input, net.adaptive_avg_pool(net.input, 2)
    ),
}


@pytest.mark.parametrize("message", REFUSED)
def test_what_does_not_fit_is_refused(message: str) -> None:
    with pytest.raises(ShapeError) as caught:
        REFUSED[message](Net(SIZE))
    assert message in str(caught.value)


def test_a_name_takes_its_blocks() -> None:
    net, x = Net(SIZE), None
    for name in ("sep1", "sep2"):
        with net.block(name):
            x = net.relu(x or net.input, name=".act")
    assert [row.name for row in net.table()] == ["sep1.act", "sep2.act"]
    with net.block("sep3"):
        net.relu(x, name="act")
        with pytest.raises(CnnrefError, match=r"'\.act' has its block's name in front"):
            net.relu(x, name="act")
