"""Small modules that tell counters apart, each with the MACs that it does, worked out by hand."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

import torch
import torch.nn.functional as F
from torch import Tensor, nn


class Trial(NamedTuple):
    """A module, the shapes of its inputs, and the MACs that it does."""

    key: str
    title: str
    build: Callable[[], nn.Module]
    shapes: tuple[tuple[int, ...], ...]
    macs: int
    device: str = "cpu"
    dtype: torch.dtype = torch.float32


class Functional(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.ones(8, 3, 3, 3))

    def forward(self, x: Tensor) -> Tensor:
        return F.conv2d(x, self.weight)


class Own(nn.Conv2d):
    """A subclass that changes nothing."""


class Product(nn.Module):
    def forward(self, x: Tensor) -> Tensor:
        return x @ x.transpose(1, 2)


class Einsum(nn.Module):
    def forward(self, x: Tensor) -> Tensor:
        return torch.einsum("bic,bjc->bij", x, x)


class Attention(nn.Module):
    def forward(self, x: Tensor) -> Tensor:
        return F.scaled_dot_product_attention(x, x, x)


class SelfAttention(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.attention = nn.MultiheadAttention(16, 2, bias=False, batch_first=True)

    def forward(self, x: Tensor) -> Tensor:
        return self.attention(x, x, x, need_weights=False)[0]


class Recurrent(nn.Module):
    def __init__(self, kind: type[nn.Module]) -> None:
        super().__init__()
        self.cells = kind(4, 8, bias=False, batch_first=True)

    def forward(self, x: Tensor) -> Tensor:
        return self.cells(x)[0]


class Twice(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.conv = nn.Conv2d(4, 4, 1, bias=False)

    def forward(self, x: Tensor) -> Tensor:
        return self.conv(self.conv(x))


class Branching(nn.Module):
    """Goes one way or the other by a Python value."""

    def __init__(self) -> None:
        super().__init__()
        self.wide, self.narrow = nn.Linear(16, 8, bias=False), nn.Linear(16, 2, bias=False)

    def forward(self, x: Tensor) -> Tensor:
        return self.wide(x) if x.shape[-1] > 4 else self.narrow(x)


class Depends(nn.Module):
    """Goes one way or the other by what it has computed."""

    def __init__(self) -> None:
        super().__init__()
        self.first, self.second = nn.Linear(16, 8, bias=False), nn.Linear(8, 8, bias=False)

    def forward(self, x: Tensor) -> Tensor:
        x = self.first(x)
        return self.second(x) if x.square().sum() >= 0 else x


class Pair(nn.Module):
    """Two inputs, and a dict as the output."""

    def __init__(self) -> None:
        super().__init__()
        self.left, self.right = nn.Linear(16, 8, bias=False), nn.Linear(4, 8, bias=False)

    def forward(self, a: Tensor, b: Tensor) -> dict[str, Tensor]:
        return {"sum": self.left(a) + self.right(b)}


def conv(**options: Any) -> nn.Module:
    return nn.Sequential(nn.Conv2d(4, 8, 3, bias=False, **options))


def linear() -> nn.Module:
    return nn.Sequential(nn.Linear(16, 8, bias=False))


TRIALS = (
    Trial("conv", "a convolution", conv, ((4, 8, 8),), 8 * 36 * 4 * 9),
    Trial("grouped", "groups and dilation", lambda: conv(groups=4, dilation=2), ((4, 8, 8),),
          8 * 16 * 1 * 9),
    Trial("transposed", "a transposed convolution",
          lambda: nn.Sequential(nn.ConvTranspose2d(4, 6, 3, stride=2, bias=False)), ((4, 5, 5),),
          4 * 25 * 6 * 9),
    Trial("conv1d", "a convolution over time",
          lambda: nn.Sequential(nn.Conv1d(4, 8, 3, bias=False)), ((4, 8),), 8 * 6 * 4 * 3),
    Trial("conv3d", "a convolution over video",
          lambda: nn.Sequential(nn.Conv3d(2, 4, 3, bias=False)), ((2, 4, 5, 5),),
          4 * 2 * 9 * 2 * 27),
    Trial("functional", "F.conv2d with a parameter", Functional, ((3, 8, 8),), 8 * 36 * 3 * 9),
    Trial("subclass", "a subclass of nn.Conv2d",
          lambda: nn.Sequential(Own(3, 8, 3, bias=False)), ((3, 8, 8),), 8 * 36 * 3 * 9),
    Trial("linear", "a linear layer", linear, ((16,),), 16 * 8),
    Trial("sequence", "a linear layer on a sequence", linear, ((5, 16),), 5 * 16 * 8),
    Trial("positions", "a linear layer on a feature map", linear, ((6, 6, 16),), 36 * 16 * 8),
    Trial("matmul", "the operator @", Product, ((5, 16),), 5 * 5 * 16),
    Trial("einsum", "torch.einsum", Einsum, ((5, 16),), 5 * 5 * 16),
    Trial("attention", "F.scaled_dot_product_attention", Attention, ((2, 6, 8),),
          2 * 6 * 6 * 8 * 2),
    Trial("multihead", "nn.MultiheadAttention", SelfAttention, ((6, 16),),
          4 * 6 * 16 * 16 + 2 * 6 * 6 * 16),
    Trial("lstm", "nn.LSTM", lambda: Recurrent(nn.LSTM), ((5, 4),), 5 * 4 * 8 * (4 + 8)),
    Trial("gru", "nn.GRU", lambda: Recurrent(nn.GRU), ((5, 4),), 5 * 3 * 8 * (4 + 8)),
    Trial("twice", "one module called twice", Twice, ((4, 8, 8),), 2 * 64 * 16),
    Trial("branching", "a choice by a Python value", Branching, ((16,),), 16 * 8),
    Trial("depends", "a choice by the values of a tensor", Depends, ((16,),), 16 * 8 + 8 * 8),
    Trial("pair", "two inputs, a dict as output", Pair, ((16,), (4,)), 16 * 8 + 4 * 8),
    Trial("half", "half precision", linear, ((16,),), 16 * 8, "cpu", torch.float16),
    Trial("meta", "a model on the meta device", conv, ((4, 8, 8),), 8 * 36 * 4 * 9, "meta"),
)  # fmt: skip


class Unknown(nn.Module):
    """Distances between all rows: an operator that few counters know."""

    def forward(self, x: Tensor) -> Tensor:
        return torch.cdist(x, x)


class Stateful(nn.Module):
    """In training mode, with statistics and randomness, and on request with a failure."""

    def __init__(self, fails: bool) -> None:
        super().__init__()
        self.body = nn.Sequential(nn.Conv2d(3, 4, 3), nn.BatchNorm2d(4), nn.Dropout(0.5))
        self.fails = fails

    def forward(self, x: Tensor) -> Tensor:
        x = self.body(x)
        if self.fails:
            raise RuntimeError("as planned")
        return x
