"""What Net says besides the networks of the catalogue, held against the tracer at drawn sizes."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator
from typing import Any

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
    parts = draw.choice((1, 2, 4))
    yield (lambda net: net.concat(*net.split(net.input, parts))), Parted(parts)
    yield (lambda net: net.shuffle(net.input, parts)), nn.ChannelShuffle(parts)
    yield (lambda net: net.mean(net.input)), Averaged()
    order = tuple(draw.sample(range(3), 3))
    yield (lambda net: net.permute(net.input, order)), Turned(order)
    yield (lambda net: net.add(net.layer_scale(net.input), net.input)), Scaled()


SIZE = (4, 5, 7)


class Weighed(nn.Module):
    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return x * F.adaptive_avg_pool2d(x, 1)


class Parted(nn.Module):
    def __init__(self, parts: int) -> None:
        super().__init__()
        self.parts = parts

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return torch.cat(x.chunk(self.parts, dim=1), dim=1)


class Averaged(nn.Module):
    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return x.mean((2, 3))


class Turned(nn.Module):
    def __init__(self, order: tuple[int, ...]) -> None:
        super().__init__()
        self.order = order

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return x.permute(0, *(1 + axis for axis in self.order))


class Scaled(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.factors = nn.Parameter(torch.ones(SIZE[0], 1, 1))

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return self.factors * x + x


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
    "chunk1: 3 parts do not divide 4 channels": lambda net: net.split(net.input, 3),
    "channel_shuffle1: 3 groups do not divide 4 channels": lambda net: net.shuffle(net.input, 3),
    "permute1: the order (0, 2) does not name each of its 3 axes once": lambda net: net.permute(
        net.input, (0, 2)
    ),
    "multiply1": lambda net: net.layer_scale(net.flatten(net.input)),
    "mean1": lambda net: net.mean(net.flatten(net.input)),
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


@pytest.mark.parametrize("wrong", [0, -2, 1.5, True, "2"])
def test_parts_and_groups_are_positive_whole_numbers(wrong: Any) -> None:
    for call, said in ((Net.split, "chunk1: parts"), (Net.shuffle, "channel_shuffle1: groups")):
        net = Net(SIZE)
        with pytest.raises(CnnrefError, match=said):
            call(net, net.input, wrong)


@pytest.mark.parametrize("wrong", [2, (0, 1.5, 2), (0, -1, 1), "021", None])
def test_an_order_is_of_the_numbers_of_axes(wrong: Any) -> None:
    net = Net(SIZE)
    with pytest.raises(CnnrefError, match="permute1: order must"):
        net.permute(net.input, wrong)


def test_other_groups_of_a_shuffle_are_another_network() -> None:
    two, four = Net(SIZE), Net(SIZE)
    two.shuffle(two.input, 2)
    four.shuffle(four.input, 4)
    (found,) = cnnref.compare(two.table(), four.table())
    assert str(found) == "row 0 (channel_shuffle1): groups is 2 against 4"


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
