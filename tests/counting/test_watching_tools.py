"""What tools say that watch modules, on networks of modules of all kinds and of functions."""

from __future__ import annotations

import copy
import warnings
from collections.abc import Callable
from typing import Any

import pytest
import torch
import torch.nn.functional as F
import torchvision_models
from torch import Tensor, nn
from traced_modules import Call

import cnnref

with warnings.catch_warnings():
    warnings.simplefilter("ignore")
    import thop
    import torchinfo


class Mixed(nn.Module):
    """The same work by modules, which these tools see, and by functions, which they do not."""

    def __init__(self) -> None:
        super().__init__()
        self.conv = nn.Conv2d(3, 8, 3, padding=1)
        self.norm = nn.BatchNorm2d(8)
        self.pool = nn.AvgPool2d(2)
        self.head = nn.Linear(8, 5)
        self.inherited = WiderConv2d(8, 8, 1)

    def forward(self, x: Tensor) -> Tensor:
        y = self.pool(self.norm(self.conv(x))) + F.avg_pool2d(self.inherited(self.conv(x)), 2)
        y = F.conv2d(y, self.inherited.weight) + F.adaptive_avg_pool2d(y, 1)
        pooled = y.mean((2, 3))
        return F.linear(self.head(pooled), self.head.weight.mT).softmax(-1)


class WiderConv2d(nn.Conv2d):
    """Another class, of which a list of classes says nothing."""


class Attends(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.attends = nn.MultiheadAttention(16, 4, batch_first=True)

    def forward(self, x: Tensor) -> Any:
        return self.attends(x, x, x, need_weights=False)[0]


BATCH_FIRST: dict[str, Any] = {"batch_first": True}
NETWORKS: dict[str, tuple[Callable[[], nn.Module], tuple[int, ...]]] = {
    "ViT-B/16": (
        lambda: torchvision_models.models.vit_b_16(weights=None),
        (1, 3, 224, 224),
    ),
    "encoder": (
        lambda: nn.TransformerEncoder(nn.TransformerEncoderLayer(32, 4, 64, **BATCH_FIRST), 2),
        (2, 10, 32),
    ),
    "time first": (lambda: nn.TransformerEncoderLayer(32, 4, 64), (10, 3, 32)),
    "attention": (Attends, (2, 5, 16)),
    "LSTM": (lambda: nn.LSTM(8, 16, 2, **BATCH_FIRST), (3, 5, 8)),
    "LSTM, both ways, no bias": (
        lambda: nn.LSTM(8, 16, 2, bidirectional=True, bias=False),
        (5, 3, 8),
    ),
    "GRU": (lambda: nn.GRU(8, 16, 3, bidirectional=True, **BATCH_FIRST), (1, 5, 8)),
    "RNN": (lambda: nn.RNN(8, 16, 2), (5, 2, 8)),
    "LSTM cell": (lambda: nn.LSTMCell(8, 16), (3, 8)),
    "GRU cell": (lambda: nn.GRUCell(8, 16, bias=False), (3, 8)),
    "RNN cell": (lambda: nn.RNNCell(8, 16), (3, 8)),
    "spread, mixed and summed": (
        lambda: nn.Sequential(
            nn.ConvTranspose2d(3, 8, 2, 2), nn.Upsample(scale_factor=2, mode="bilinear"),
            nn.Softmax(1), nn.Upsample(size=9), nn.PReLU(8), nn.UpsamplingBilinear2d(12),
            nn.Upsample(scale_factor=2, mode="bicubic"), nn.GroupNorm(2, 8), nn.LeakyReLU(),
        ),
        (2, 3, 8, 8),
    ),
    "volumes": (lambda: nn.Upsample(scale_factor=2, mode="trilinear"), (1, 2, 3, 3, 3)),
    "modules and functions": (Mixed, (2, 3, 8, 8)),
    "one module twice": (
        lambda: nn.Sequential(*[nn.Linear(4, 4)] * 2, nn.LayerNorm(4)),
        (3, 4),
    ),
}  # fmt: skip


def by_torchinfo(module: nn.Module, image: Tensor) -> int:
    said = torchinfo.summary(module, input_data=[image], verbose=0, mode="eval")
    return int(said.total_mult_adds)


def by_thop(module: nn.Module, image: Tensor) -> int:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", UserWarning)
        return int(thop.profile(module, inputs=(image,), verbose=False)[0])


TOOLS = {"thop": by_thop, "torchinfo": by_torchinfo}


@pytest.mark.slow
@pytest.mark.parametrize("tool", TOOLS)
@pytest.mark.parametrize("name", NETWORKS)
def test_a_tool_that_watches_modules_says_the_same(name: str, tool: str) -> None:
    build, shape = NETWORKS[name]
    module, image = build().eval(), torch.zeros(shape)
    table = cnnref.trace(module, inputs=image)
    assert table.operations(tool) == TOOLS[tool](copy.deepcopy(module), image)
    for row in table:
        assert f"{row.operations(tool):,} " in row.explain(tool)


def test_what_is_called_is_told_of_traced_rows_alone() -> None:
    module = cnnref.model("alexnet")
    traced, stated = cnnref.trace(module), cnnref.table("alexnet")
    assert traced[0].call.module == "torch.nn.Conv2d"
    assert stated[0].call is None
    assert not cnnref.compare(traced, stated)
    assert traced.operations("thop") == stated.operations("thop")


def test_a_list_of_ones_own_may_price_what_a_trace_tells() -> None:
    prices = {"softmax": {"sums": 1}}
    mine = cnnref.Convention.from_dict({"name": "mine", "base": "thop", "prices": prices})
    row = cnnref.trace(nn.Softmax(1), inputs=torch.zeros(2, 3, 4))[0]
    assert row.operations(mine) == 2 * 4
    assert row.explain(mine) == "softmax: 8 = 8 MACs (mine)"
    assert (
        cnnref.trace(Call(lambda x: x.softmax(1)), inputs=torch.zeros(2, 3, 4)).operations(mine)
        == 0
    )
