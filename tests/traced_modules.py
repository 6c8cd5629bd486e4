"""Modules of many kinds with inputs for them: what a counter of modules may meet."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any, NamedTuple

import torch
import torch.nn.functional as F
from torch import Tensor, nn
from torch.nn.utils.rnn import pack_padded_sequence, pad_packed_sequence
from torch.utils.checkpoint import checkpoint

__all__ = ["CASES", "Call", "Case", "normal"]


class Case(NamedTuple):
    """A module and what it is given.

    macs: where torch's own counter has no formula on the CPU; None where that is to be asked.
    """

    build: Callable[[], nn.Module]
    inputs: Any
    macs: int | None = None


def normal(*shape: int) -> Tensor:
    return torch.zeros(shape)


class Call(nn.Module):
    """A function as a module."""

    def __init__(self, function: Callable[..., Any]) -> None:
        super().__init__()
        self.function = function

    def forward(self, *args: Any, **kwargs: Any) -> Any:
        return self.function(*args, **kwargs)


class Residual(nn.Module):
    """Adds in place, as many do."""

    def __init__(self) -> None:
        super().__init__()
        self.conv = nn.Conv2d(3, 3, 3, padding=1)

    def forward(self, x: Tensor) -> Tensor:
        y = self.conv(x)
        y += x
        y -= 2 * x
        y *= 3
        return y


class Scaled(nn.Conv2d):
    """A subclass whose forward does more."""

    def forward(self, x: Tensor) -> Tensor:
        return super().forward(x) * 2


class Shared(nn.Module):
    """One module under two names, called three times."""

    def __init__(self) -> None:
        super().__init__()
        self.one = nn.Conv2d(4, 4, 1)
        self.two = self.one

    def forward(self, x: Tensor) -> Tensor:
        return self.two(self.one(self.one(x)))


class SelfAttention(nn.Module):
    def __init__(self, weights: bool, **options: Any) -> None:
        super().__init__()
        self.attention = nn.MultiheadAttention(16, 4, **options)
        self.weights = weights

    def forward(self, query: Tensor, key: Tensor, value: Tensor) -> Any:
        return self.attention(query, key, value, need_weights=self.weights)


class Packed(nn.Module):
    """Sequences of different lengths, which the input tells."""

    def __init__(self, sort: bool) -> None:
        super().__init__()
        self.lstm = nn.LSTM(8, 16, 2, bidirectional=True, batch_first=True)
        self.sort = sort

    def forward(self, x: Tensor, lengths: Tensor) -> Tensor:
        packed = pack_padded_sequence(x, lengths, batch_first=True, enforce_sorted=not self.sort)
        found, _ = self.lstm(packed)
        return pad_packed_sequence(found, batch_first=True)[0]


class Nested(nn.Module):
    """A mapping in, a mapping of lists out."""

    def __init__(self) -> None:
        super().__init__()
        self.linear = nn.Linear(4, 2)

    def forward(self, a: Tensor, b: dict[str, Tensor]) -> dict[str, Any]:
        return {"x": self.linear(a), "y": [self.linear(b["c"]), a]}


class Repeated(nn.Module):
    """Control flow on Python's own values."""

    def __init__(self) -> None:
        super().__init__()
        self.linear = nn.Linear(4, 4)

    def forward(self, x: Tensor, times: int) -> Tensor:
        for _ in range(times):
            x = self.linear(x)
        return self.linear(x) if x.shape[-1] > 3 else x


class Decided(nn.Module):
    """Control flow on the values of an input of whole numbers."""

    def __init__(self) -> None:
        super().__init__()
        self.linear = nn.Linear(4, 4)

    def forward(self, x: Tensor, mask: Tensor) -> Tensor:
        if mask.all():
            return x
        for _ in range(int(mask.sum())):
            x = self.linear(x)
        return x


class Checkpointed(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.linear = nn.Linear(4, 4)

    def forward(self, x: Tensor) -> Tensor:
        y: Tensor = checkpoint(self.linear, x, use_reentrant=False)
        return y


class Attributes(nn.Module):
    """Tensors that are neither parameters nor buffers, and lists of modules and parameters."""

    def __init__(self) -> None:
        super().__init__()
        self.plain = torch.ones(4, 4)
        self.held = {"bias": torch.ones(4)}
        self.layers = nn.ModuleList(nn.Linear(4, 4) for _ in range(3))
        self.learned = nn.ParameterList([nn.Parameter(torch.ones(4, 4))])

    def forward(self, x: Tensor) -> Tensor:
        for layer in self.layers:
            x = layer(x)
        return x @ self.plain @ self.learned[0] + self.held["bias"]


class InPlace(nn.Module):
    """Writes into views of what it copied."""

    def forward(self, x: Tensor) -> Tensor:
        y = x.clone()
        y[:, 0] = 1
        y[:, 1] += x[:, 2]
        y.select(1, 0).mul_(2)
        y.data.add_(1)
        return y.view(1, -1).relu_()


class Gate(torch.autograd.Function):
    @staticmethod
    def forward(ctx: Any, x: Tensor, weight: Tensor) -> Tensor:
        return torch.sigmoid(x @ weight) * x


class Gated(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.ones(4, 4))

    def forward(self, x: Tensor) -> Tensor:
        y: Tensor = Gate.apply(x, self.weight)
        return y


def pooled(size: int) -> nn.Sequential:
    pool = (nn.MaxPool1d, nn.MaxPool2d, nn.MaxPool3d)[size - 1]
    mean = (nn.AvgPool1d, nn.AvgPool2d, nn.AvgPool3d)[size - 1]
    last = (nn.AdaptiveAvgPool1d, nn.AdaptiveAvgPool2d, nn.AdaptiveAvgPool3d)[size - 1]
    return nn.Sequential(pool(2), mean(2), last(1))


def normalised(conv: nn.Module) -> nn.Module:
    return nn.utils.parametrizations.weight_norm(conv)


def hooked() -> nn.Module:
    module = nn.Sequential(nn.Conv2d(3, 4, 3), nn.Linear(6, 5))
    module[0].register_forward_hook(lambda part, given, found: found @ torch.ones(6, 6))
    module[1].register_forward_pre_hook(lambda part, given: (given[0] + 1,))
    return module


def encoder(layers: int, **options: Any) -> nn.Module:
    layer = nn.TransformerEncoderLayer(16, 4, 32, **options)
    return nn.TransformerEncoder(layer, layers, enable_nested_tensor=False)


class Picked(nn.Module):
    """Picks by a mask that it knows, and repeats by numbers that it knows."""

    def __init__(self) -> None:
        super().__init__()
        self.linear = nn.Linear(3, 2)
        self.register_buffer("mask", torch.tensor([True, False, True, True]))

    def forward(self, x: Tensor) -> Tensor:
        picked = x[:, self.mask].repeat_interleave(torch.tensor([1, 3]), 0)
        y: Tensor = self.linear(picked)
        return y


IMAGE, SEQUENCE, BATCH = (1, 3, 8, 8), (2, 5, 16), (2, 4, 8, 8)
LSTM = 4 * 16 * (8 + 16) * 2 + 4 * 16 * (32 + 16) * 2  # two layers, both ways
CASES: dict[str, Case] = {
    "F.conv2d": Case(lambda: Call(lambda x: F.conv2d(x, normal(4, 3, 3, 3))), (normal(*IMAGE),)),
    "@": Case(lambda: Call(lambda x, y: x @ y), (normal(2, 3, 8), normal(8, 5))),
    "matmul of four axes": Case(lambda: Call(torch.matmul), (normal(2, 4, 3, 8), normal(4, 8, 5))),
    "einsum": Case(
        lambda: Call(partial(torch.einsum, "bij,bjk->bik")), (normal(2, 3, 8), normal(2, 8, 5))
    ),
    "einsum of three": Case(
        lambda: Call(partial(torch.einsum, "bij,kj,kl->bil")),
        (normal(2, 3, 8), normal(4, 8), normal(4, 5)),
    ),
    "tensordot": Case(
        lambda: Call(lambda x, y: torch.tensordot(x, y, dims=([1, 2], [1, 0]))),
        (normal(2, 3, 4), normal(4, 3, 5)),
    ),
    "multi_dot": Case(
        lambda: Call(lambda x, y, z: torch.linalg.multi_dot([x, y, z])),
        (normal(2, 8), normal(8, 4), normal(4, 3)),
    ),
    "addmm": Case(lambda: Call(torch.addmm), (normal(5), normal(2, 8), normal(8, 5))),
    "mv": Case(lambda: Call(torch.mv), (normal(3, 8), normal(8)), 24),
    "cdist": Case(lambda: Call(torch.cdist), (normal(2, 3, 4), normal(2, 5, 4)), 2 * 3 * 5 * 4),
    "bilinear": Case(
        lambda: nn.Bilinear(4, 5, 6), (normal(2, 4), normal(2, 5)), 2 * 6 * (4 + 1) * 5
    ),
    "residual": Case(Residual, (normal(*IMAGE),)),
    "subclass": Case(lambda: Scaled(3, 4, 3), (normal(*IMAGE),)),
    "shared": Case(Shared, (normal(*BATCH),)),
    "conv1d": Case(lambda: nn.Conv1d(4, 8, 3, dilation=2, groups=2), (normal(2, 4, 20),)),
    "conv2d, same": Case(
        lambda: nn.Conv2d(4, 8, 3, padding="same", dilation=2), (normal(1, 4, 9, 9),)
    ),
    "conv2d, reflected": Case(
        lambda: nn.Conv2d(4, 8, 3, padding=1, padding_mode="reflect"), (normal(1, 4, 9, 9),)
    ),
    "conv2d, no batch": Case(lambda: nn.Conv2d(3, 4, 3), (normal(3, 8, 8),)),
    "conv3d": Case(
        lambda: nn.Conv3d(4, 8, (1, 3, 3), dilation=(1, 2, 1), stride=2), (normal(1, 4, 3, 9, 9),)
    ),
    "conv_transpose1d": Case(lambda: nn.ConvTranspose1d(3, 8, 3, stride=2), (normal(2, 3, 7),)),
    "conv_transpose2d": Case(
        lambda: nn.ConvTranspose2d(4, 8, 3, 2, 1, 1, groups=2, dilation=2), (normal(1, 4, 7, 9),)
    ),
    "conv_transpose3d": Case(
        lambda: nn.ConvTranspose3d(3, 8, 3, stride=2), (normal(1, 3, 4, 5, 6),)
    ),
    "linear on one axis": Case(lambda: nn.Linear(8, 5), (normal(8),)),
    "linear on four": Case(lambda: nn.Linear(8, 5), (normal(2, 3, 4, 8),)),
    "attention with weights": Case(lambda: SelfAttention(True), (normal(*SEQUENCE),) * 3),
    "attention": Case(lambda: SelfAttention(False, batch_first=True), (normal(*SEQUENCE),) * 3),
    "attention of other widths": Case(
        lambda: SelfAttention(False, kdim=8, vdim=12),
        (normal(*SEQUENCE), normal(2, 5, 8), normal(2, 5, 12)),
    ),
    "encoder, in which eval is fused": Case(
        lambda: encoder(2, batch_first=True), (normal(*SEQUENCE),)
    ),
    "encoder, norm first": Case(
        lambda: encoder(1, norm_first=True, activation="gelu"), (normal(*SEQUENCE),)
    ),
    "decoder": Case(
        lambda: nn.TransformerDecoder(nn.TransformerDecoderLayer(16, 4, 32), 2),
        (normal(*SEQUENCE), normal(3, 5, 16)),
    ),
    "causal attention": Case(
        lambda: Call(lambda x: F.scaled_dot_product_attention(x, x, x, is_causal=True)),
        (normal(2, 4, 5, 16),),
    ),
    "grouped attention": Case(
        lambda: Call(lambda q, k, v: F.scaled_dot_product_attention(q, k, v, enable_gqa=True)),
        (normal(2, 8, 5, 16), normal(2, 2, 7, 16), normal(2, 2, 7, 24)),
    ),
    "lstm": Case(
        lambda: nn.LSTM(8, 16, 2, bidirectional=True, batch_first=True),
        (normal(2, 5, 8),),
        2 * 5 * LSTM,
    ),
    "lstm, projected": Case(
        lambda: nn.LSTM(8, 16, proj_size=4), (normal(2, 5, 8),), 10 * (64 * (8 + 4) + 16 * 4)
    ),
    "lstm, packed": Case(
        lambda: Packed(False), (normal(3, 5, 8), torch.tensor([5, 3, 2])), 10 * LSTM
    ),
    "lstm, packed and sorted": Case(
        lambda: Packed(True), (normal(3, 5, 8), torch.tensor([2, 5, 3])), 10 * LSTM
    ),
    "gru": Case(
        lambda: nn.GRU(8, 16, 3), (normal(2, 5, 8),), 10 * 3 * 16 * (8 + 16 + 2 * (16 + 16))
    ),
    "rnn": Case(
        lambda: nn.RNN(8, 16, nonlinearity="relu", bias=False), (normal(2, 5, 8),), 10 * 16 * 24
    ),
    "lstm cell": Case(lambda: nn.LSTMCell(8, 16), (normal(2, 8),), 2 * 4 * 16 * 24),
    "gru cell": Case(lambda: nn.GRUCell(8, 16), (normal(2, 8),), 2 * 3 * 16 * 24),
    "embedding": Case(lambda: nn.Embedding(100, 16), (torch.zeros(2, 5, dtype=torch.long),)),
    "embedding bag": Case(
        lambda: nn.EmbeddingBag(100, 16, mode="sum"),
        (torch.zeros(10, dtype=torch.long), torch.tensor([0, 4, 7])),
    ),
    "one_hot": Case(
        lambda: Call(lambda x: F.one_hot(x, 5).float() @ normal(5, 3)),
        (torch.zeros(1, 4, dtype=torch.long),),
    ),
    "pooling, one axis": Case(lambda: pooled(1), (normal(1, 2, 32),)),
    "pooling, two axes": Case(lambda: pooled(2), (normal(1, 2, 9, 9),)),
    "pooling, three axes": Case(lambda: pooled(3), (normal(1, 2, 8, 8, 8),)),
    "mapping": Case(Nested, {"a": normal(1, 4), "b": {"c": normal(1, 4)}}),
    "a value of Python": Case(Repeated, (normal(1, 4), 3)),
    "a value of an input": Case(Decided, (normal(1, 4), torch.tensor([True, False, True]))),
    "values that are constant": Case(Picked, (normal(2, 4),)),
    "checkpoint": Case(Checkpointed, (normal(1, 4),)),
    "plain attributes": Case(Attributes, (normal(1, 4),)),
    "in place": Case(InPlace, (normal(1, 4, 4),)),
    "autograd function": Case(Gated, (normal(1, 4),)),
    "weight norm": Case(lambda: normalised(nn.Conv2d(3, 4, 3)), (normal(*IMAGE),)),
    "hooks": Case(hooked, (normal(*IMAGE),)),
    "autocast": Case(
        lambda: Call(lambda x: F.linear(x, normal(5, 6)).bfloat16() @ normal(5, 2).bfloat16()),
        (normal(1, 4, 6),),
    ),
    "vmap": Case(
        lambda: Call(lambda x: torch.vmap(lambda y: y @ normal(8, 5))(x)), (normal(3, 2, 8),)
    ),
    "sliding windows": Case(
        lambda: Call(
            lambda x: F.conv2d(
                x.unfold(2, 3, 3).unfold(3, 3, 3).reshape(-1, 1, 3, 3), normal(4, 1, 3, 3)
            )
        ),
        (normal(1, 3, 9, 9),),
    ),
    **{
        f"interpolate, {mode}": Case(
            partial(Call, partial(F.interpolate, scale_factor=2.0, mode=mode)), (normal(*IMAGE),)
        )
        for mode in ("nearest", "bilinear", "bicubic", "area")
    },
    **{
        type(module).__name__: Case(lambda module=module: module, (normal(*BATCH),))  # type: ignore[misc]
        for module in (
            nn.BatchNorm2d(4),
            nn.InstanceNorm2d(4, affine=True, track_running_stats=True),
            nn.GroupNorm(2, 4),
            nn.LayerNorm((4, 8, 8)),
            nn.RMSNorm((8,)),
            nn.LocalResponseNorm(2),
            nn.PReLU(4),
            nn.GELU(),
            nn.Softmax(1),
            nn.Hardswish(),
            nn.ReLU6(),
            nn.GLU(1),
            nn.PixelShuffle(2),
            nn.Unfold(3),
            nn.ReflectionPad2d(1),
            nn.Upsample(scale_factor=2, mode="bilinear"),
        )
    },
}
