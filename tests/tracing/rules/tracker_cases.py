"""Forty cases in the manner of public trackers of other counters, small enough for a pencil.

Each names the thread and its symptom in our words; the module is ours, and so is the number.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

import torch
import torch.nn.functional as F
from torch import Tensor, nn

__all__ = ["CASES", "Case"]


class Case(NamedTuple):
    """A module, what it is called with, and what it costs.

    parameters: None where that is not the point.
    """

    thread: str
    symptom: str
    module: Callable[[], nn.Module]
    shapes: tuple[Any, ...]
    macs: int
    parameters: int | None = None


class Call(nn.Module):
    def __init__(self, call: Callable[..., Any], *parts: nn.Module) -> None:
        super().__init__()
        self.call, self.parts = call, nn.ModuleList(parts)

    def forward(self, *args: Tensor) -> Any:
        return self.call(*self.parts, *args)


class Scaled(nn.Module):
    """A parameter of its own beside a part."""

    def __init__(self) -> None:
        super().__init__()
        self.scale = nn.Parameter(torch.zeros(1))
        self.conv = nn.Conv1d(1, 2, 3)

    def forward(self, x: Tensor) -> Tensor:
        return self.conv(x * self.scale)  # type: ignore[no-any-return]


class Matrix(nn.Module):
    """A matrix that is no layer, by a name of its own."""

    def __init__(self) -> None:
        super().__init__()
        self.W = nn.Parameter(torch.zeros(16, 64))

    def forward(self, x: Tensor) -> Tensor:
        return x @ self.W


class Rezero(nn.Sequential):
    def __init__(self) -> None:
        super().__init__(nn.Linear(2, 2), nn.Linear(2, 2))
        self.weights = nn.Parameter(torch.zeros(2))

    def forward(self, x: Tensor) -> Tensor:
        for number, block in enumerate(self):
            x = x + self.weights[number] * block(x)
        return x


class Direct(nn.Module):
    """Parts whose forward is called past their call."""

    def __init__(self) -> None:
        super().__init__()
        self.one, self.two = nn.Linear(3, 5), nn.Linear(5, 5)

    def forward(self, x: Tensor) -> Tensor:
        return self.two(self.one.forward(x))  # type: ignore[no-any-return]


class Tied(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.embed, self.head = nn.Embedding(50, 8), nn.Linear(8, 50, bias=False)
        self.head.weight = self.embed.weight

    def forward(self, x: Tensor) -> Tensor:
        return self.head(self.embed(x))  # type: ignore[no-any-return]


class Conv(nn.Conv2d):
    """A class of somebody's own on top of a convolution."""


def blocks() -> nn.Module:
    shared = nn.ReLU()
    return nn.Sequential(*(nn.Sequential(nn.Linear(4, 4), shared) for _ in range(6)))


def attended(x: Tensor) -> Tensor:
    return F.scaled_dot_product_attention(x, x, x)


def by_hand(x: Tensor) -> Tensor:
    return (x @ x.transpose(-2, -1)).softmax(-1) @ x


def recurrent(kind: Callable[..., nn.Module], *sizes: int, **options: Any) -> Callable[[], Any]:
    return lambda: kind(*sizes, batch_first=True, **options)


TOKENS = torch.zeros(1, 7, dtype=torch.long)
INFO, THOP = "TylerYep/torchinfo", "Lyken17/pytorch-OpCounter"
PTFLOPS, FVCORE = "sovrasov/flops-counter.pytorch", "facebookresearch/fvcore"
SPEED, SUMMARY, TORCH = "deepspeedai/DeepSpeed", "sksq96/pytorch-summary", "pytorch/pytorch"
CALFLOPS = "MrYxJ/calculate-flops.pytorch"

# fmt: off
CASES: tuple[Case, ...] = (
    # a linear layer: positions x inputs x outputs
    Case(f"{INFO}#77", "a linear layer on a sequence counts one position",
         lambda: nn.Linear(3, 8), ((5, 10, 3),), 5 * 10 * 3 * 8, 32),
    Case(f"{INFO}#77", "and on a map of positions as well",
         lambda: nn.Linear(3, 8), ((5, 100, 100, 3),), 5 * 10_000 * 3 * 8, 32),
    Case(f"{INFO}#14", "whether a bias is part of a mult-add",
         lambda: nn.Linear(1024, 512), ((1, 1024),), 1024 * 512, 1024 * 512 + 512),
    Case(f"{INFO}#72", "one convolution is not what a pencil says",
         lambda: nn.Conv2d(3, 16, 3, padding=1, bias=False), ((1, 3, 32, 32),),
         1024 * 16 * 27, 432),
    Case(f"{INFO}#39", "what holds layers is added to them",
         lambda: nn.Sequential(nn.Sequential(*(nn.Conv2d(16, 16, 3) for _ in range(3)))),
         ((1, 16, 12, 12),), (100 + 64 + 36) * 16 * 144, 3 * (2304 + 16)),
    Case(f"{INFO}#32", "the length of a sequence leaves an LSTM's count as it is",
         recurrent(nn.LSTM, 30, 20, num_layers=2), ((1, 100, 30),),
         100 * 4 * 20 * ((30 + 20) + (20 + 20)), 4 * 20 * (50 + 40) + 2 * 2 * 80),
    Case(f"{INFO}#226", "the products of a transformer are missing, and most of its layers",
         lambda: nn.TransformerEncoderLayer(16, 2, 32, batch_first=True), ((1, 9, 16),),
         # four projections, two products of 9 x 9 pairs, two layers of a perceptron
         9 * 4 * 16 * 16 + 2 * 81 * 16 + 9 * 2 * 16 * 32),
    Case(f"{INFO}#54", "a parameter that is no layer is left out",
         Matrix, ((3, 16),), 3 * 16 * 64, 1024),
    Case(f"{INFO}#122", "parameters of what has parts are left out", Rezero, ((1, 2),), 8, 14),
    Case(f"{INFO}#137", "and with them a few that take a gradient", Rezero, ((3, 2),), 3 * 8, 14),
    Case(f"{INFO}#366", "a part whose forward is called by name is lost",
         Direct, ((32, 3),), 32 * (15 + 25), 20 + 30),
    Case(f"{INFO}#377", "tied weights count for each that holds them",
         Tied, (TOKENS,), 7 * 8 * 50, 400),
    Case(f"{INFO}#396", "a shared activation multiplies parameters",
         blocks, ((1, 4),), 6 * 16, 120),
    Case(f"{SUMMARY}#148", "a parameter beside a convolution is left out",
         Scaled, ((64, 1, 10),), 64 * 8 * 2 * 3, 9),
    Case(f"{SUMMARY}#37", "a layer that runs twice has its weights twice",
         lambda: Call(lambda part, x: part(part(x)), nn.Linear(6, 6)), ((2, 6),), 2 * 2 * 36, 42),
    Case(f"{SUMMARY}#201", "two inputs through one part double its parameters",
         lambda: Call(lambda part, x, y: (part(x), part(y)), nn.Conv2d(1, 1, 3, padding=1)),
         ((1, 1, 16, 16), (1, 1, 28, 28)), (256 + 784) * 9, 10),
    Case(f"{SUMMARY}#205", "a product with a constant in a forward of one's own",
         lambda: Call(lambda part, x: part(part(x).mm(torch.ones(20, 20))), nn.Linear(20, 20)),
         ((2, 20),), 2 * 3 * 400, 420),
    Case("Woodman718/CapsNets#3", "parameters by other names than weight and bias are left out",
         Matrix, ((1, 16),), 1024, 1024),
    Case(f"{THOP}#197", "attention as a module counts nothing",
         lambda: Call(lambda part, x: part(x, x, x)[0],
                      nn.MultiheadAttention(10, 1, batch_first=True)),
         ((1, 20, 10),), 20 * 4 * 100 + 2 * 400 * 10, 300 + 30 + 100 + 10),
    Case(f"{THOP}#217", "one linear layer has no parameters",
         lambda: nn.Linear(10, 11), ((1, 10),), 110, 121),
    Case(f"{THOP}#8", "a stride is divided by twice",
         lambda: nn.Conv2d(3, 4, 3, stride=2, padding=1), ((1, 3, 8, 12),), 4 * 6 * 4 * 27),
    Case(f"{THOP}#20", "a transposed convolution has its filters twice over",
         lambda: nn.ConvTranspose2d(8, 6, 3), ((1, 8, 5, 5),), 25 * 8 * 6 * 9),
    Case(f"{THOP}#37", "half of what a profiler of operations says",
         lambda: nn.Conv2d(1, 128, 3), ((1, 1, 12, 12),), 100 * 128 * 9),
    Case(f"{THOP}#130", "what an LSTM's formula is made of",
         recurrent(nn.LSTM, 5, 3), ((1, 4, 5),), 4 * 4 * 3 * (5 + 3)),
    Case("ThanatosShinji/onnx-tool#64", "steps are left out of a GRU",
         recurrent(nn.GRU, 64, 64), ((1, 100, 64),), 100 * 3 * 64 * 128),
    Case(f"{CALFLOPS}#55", "a GRU has operations and no MACs",
         recurrent(nn.GRU, 128, 128), ((10, 32, 128),), 320 * 3 * 128 * 256, 99_072),
    Case(f"{CALFLOPS}#48", "a longer sequence costs only as much more as it is longer",
         lambda: Call(attended), ((1, 2, 64, 8),), 2 * 2 * 64 * 64 * 8),
    Case(f"{PTFLOPS}#65", "attention with heads is zero, and a percentage of it an error",
         lambda: Call(lambda part, x: part(x, x, x)[0], nn.MultiheadAttention(16, 4)),
         ((10, 1, 16),), 10 * 4 * 256 + 2 * 100 * 16),
    Case(f"{PTFLOPS}#77", "attention that is written by hand is not seen",
         lambda: Call(by_hand), ((1, 3, 6, 4),), 2 * 3 * 36 * 4),
    Case(f"{PTFLOPS}#149", "a transposed convolution counts the positions of its output",
         lambda: nn.ConvTranspose2d(3, 1, 2, stride=2), ((1, 3, 2, 2),), 4 * 3 * 4, 13),
    Case(f"{FVCORE}#78", "a transposed convolution squares its filters",
         lambda: nn.ConvTranspose2d(32, 1, 3), ((1, 32, 1, 1),), 32 * 9),
    Case(f"{FVCORE}#45", "whether groups divide",
         lambda: nn.Conv2d(8, 12, 3, groups=4), ((1, 8, 6, 6),), 16 * 12 * 2 * 9),
    Case(f"{FVCORE}#108", "a perceptron is half of its operations",
         lambda: nn.Sequential(nn.Flatten(), nn.Linear(784, 16), nn.ReLU(), nn.Linear(16, 10)),
         ((1, 28, 28),), 784 * 16 + 160),
    Case(f"{FVCORE}#129", "a class on top of a layer is another to one tool and not to the next",
         lambda: Conv(3, 4, 3), ((1, 3, 8, 8),), 36 * 4 * 27),
    Case(f"{SPEED}#4723", "the sign of a product is not seen",
         lambda: Call(lambda a, b: a @ b), ((2, 3, 4), (2, 4, 5)), 2 * 3 * 4 * 5),
    Case(f"{SPEED}#8419", "a product of vectors is eight times too large",
         lambda: Call(torch.matmul), ((8,), (8,)), 8),
    Case(f"{SPEED}#8419", "and one that is spread over batches three times too small",
         lambda: Call(torch.matmul), ((2, 1, 4, 8), (3, 8, 5)), 2 * 3 * 4 * 8 * 5),
    Case(f"{SPEED}#8323", "a transposed convolution of one channel a group is nothing",
         lambda: nn.ConvTranspose2d(4, 4, 3, stride=2, padding=1, output_padding=1, groups=4),
         ((2, 4, 8, 8),), 2 * 4 * 64 * 9),
    Case(f"{SPEED}#7256", "a layer of which three rows are taken counts three times over",
         lambda: Call(lambda part, x: torch.cat([part(one) for one in x.split(10, 1)], 1),
                      nn.Linear(10, 10, bias=False)), ((1, 30),), 300, 100),
    Case(f"{TORCH}#195460", "fused attention on the processor is zero",
         lambda: Call(attended), ((1, 12, 64, 64),), 6_291_456),
)
# fmt: on
