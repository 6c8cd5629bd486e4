"""The numbers that change values and no cost stand in both books, and are compared."""

from __future__ import annotations

import pytest
import torch
import torch.nn.functional as F
from torch import Tensor, nn

import cnnref
from cnnref.net import FeatureMap, Net


class Call(nn.Module):
    """A function of a tensor as a module."""

    def __init__(self, function):
        super().__init__()
        self.function = function

    def forward(self, x: Tensor) -> Tensor:
        return self.function(x)


def row(build) -> cnnref.Layer:
    net = Net((4, 9, 9))
    made = build(net, net.input)
    assert isinstance(made, FeatureMap)
    return net.table()[0]


CASES = {
    "eps": (lambda n, x: n.batch_norm(x, eps=1e-3), nn.BatchNorm2d(4, eps=1e-3)),
    "default eps": (lambda n, x: n.batch_norm(x), nn.BatchNorm2d(4)),
    "lrn": (
        lambda n, x: n.lrn(x, 3, alpha=2e-4, beta=0.5, k=2),
        nn.LocalResponseNorm(3, alpha=2e-4, beta=0.5, k=2.0),
    ),
    "default lrn": (lambda n, x: n.lrn(x, 5), nn.LocalResponseNorm(5)),
    "dropout": (lambda n, x: n.dropout(x, p=0.2), nn.Dropout(0.2)),
    "default dropout": (lambda n, x: n.dropout(x), nn.Dropout()),
    "scale": (lambda n, x: n.scale(x, factor=0.1), Call(lambda x: x * 0.1)),
    "scale from the left": (lambda n, x: n.scale(x, factor=3), Call(lambda x: 3 * x)),
    "pad": (lambda n, x: n.pad_channels(x, 1, 3), Call(lambda x: F.pad(x, (0, 0, 0, 0, 1, 3)))),
    "padding counts": (
        lambda n, x: n.avg_pool(x, 3, padding=1),
        nn.AvgPool2d(3, padding=1),
    ),
    "padding left out": (
        lambda n, x: n.avg_pool(x, 3, padding=1, count_include_pad=False),
        nn.AvgPool2d(3, padding=1, count_include_pad=False),
    ),
    "no padding to leave out": (
        lambda n, x: n.avg_pool(x, 3, count_include_pad=False),
        nn.AvgPool2d(3),
    ),
}


@pytest.mark.parametrize(("build", "module"), CASES.values(), ids=CASES)
def test_spec_and_trace_agree_on_constants(build, module):
    stated = row(build)
    found = cnnref.trace(module, (4, 9, 9))[0]
    assert stated.constants == found.constants
    assert (stated.op, stated.counts) == (found.op, found.counts)


@pytest.mark.parametrize(
    ("build", "module", "message"),
    [
        (
            lambda n, x: n.batch_norm(x, eps=1e-3),
            nn.BatchNorm2d(4),
            "row 0 (batch_norm1 / batch_norm): eps is 0.001 against 1e-05",
        ),
        (
            lambda n, x: n.dropout(x, p=0.4),
            nn.Dropout(0.5),
            "row 0 (dropout1 / dropout): p is 0.4 against 0.5",
        ),
        (
            lambda n, x: n.avg_pool(x, 3, padding=1, count_include_pad=False),
            nn.AvgPool2d(3, padding=1),
            "row 0 (avg_pool1 / avg_pool): count_include_pad is 0 against None",
        ),
        (
            lambda n, x: n.pad_channels(x, 2, 2),
            Call(lambda x: F.pad(x, (0, 0, 0, 0, 0, 4))),
            "row 0 (pad1 / pad): before is 2 against None",
        ),
    ],
)
def test_a_constant_that_differs_is_named(build, module, message):
    net = Net((4, 9, 9))
    build(net, net.input)
    found = cnnref.compare(net.table(), cnnref.trace(module, (4, 9, 9)))
    assert str(found[0]) == message


def test_padding_without_effect_makes_no_difference():
    x = torch.randn(1, 4, 9, 9)
    for ceil_mode in (False, True):
        both = [
            nn.AvgPool2d(3, 2, ceil_mode=ceil_mode, count_include_pad=flag)(x)
            for flag in (True, False)
        ]
        assert torch.equal(*both)
