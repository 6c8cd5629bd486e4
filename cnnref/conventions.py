"""Conventions: frozen price lists that turn raw counts into "FLOPs" and into memory.

A convention prices counts per operator and holds no rule of its own, so that one
table answers as the lecture, torch or another tool would.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import NamedTuple

from cnnref.errors import UnknownNameError
from cnnref.layer import Layer

__all__ = ["CONVENTIONS", "Convention", "convention", "conventions"]

Prices = Mapping[str, Mapping[str, int]]

FULL_COLUMNS = (
    "layer", "op", "input", "output", "kernel", "stride", "padding", "groups",
    "parameters", "operations",
)  # fmt: skip
LECTURE_COLUMNS = (
    "layer", "in_channels", "in_size", "filters", "kernel_size", "stride_size", "pad_size",
    "out_channels", "out_size", "memory_kb", "params_k", "flop_m",
)  # fmt: skip


class Convention(NamedTuple):
    """What one source counts.

    prices: kind of layer -> raw count -> price; a kind that is absent costs nothing.
    stores: kind of layer -> raw count -> bytes; a kind that is absent stores nothing.
    operators: the kinds that the source's own tables have a row for; () for all.
    unit: what one counted thing is called ("MAC", "FLOP").
    source: who counts so, with the version where it is a program.
    """

    name: str
    title: str
    unit: str
    prices: Prices
    stores: Prices
    operators: tuple[str, ...]
    columns: tuple[str, ...]
    source: str
    note: str

    def flops(self, layer: Layer) -> int:
        """Operations of one row: the sum of its counts times their prices."""
        return _price(self.prices, layer)

    def activation_bytes(self, layer: Layer) -> int:
        """Bytes of the output that this convention keeps for one row, in float32."""
        return _price(self.stores, layer)

    def lists(self, layer: Layer) -> bool:
        """Whether the source's own table would have this row."""
        return not self.operators or layer.kind in self.operators


def _price(prices: Prices, layer: Layer) -> int:
    terms = prices.get(layer.kind, {})
    return sum(price * getattr(layer.counts, count) for count, price in terms.items())


def _frozen(prices: dict[str, dict[str, int]]) -> Prices:
    return MappingProxyType({op: MappingProxyType(terms) for op, terms in prices.items()})


FLOAT32 = 4
MATRIX = ("conv", "linear")
POOLS = ("max_pool", "avg_pool", "adaptive_avg_pool")
OWN_OUTPUT = ("batch_norm", "lrn", "prelu", "add", "multiply", "scale", "concat", "pad")

# every operator but views, dropout (the identity at inference) and ReLU, which works in place
_STORED = _frozen(
    {
        op: {"elements_out": FLOAT32}
        for op in (
            *MATRIX,
            *POOLS,
            "batch_norm",
            "lrn",
            "add",
            "concat",
            "pad",
            "scale",
            "multiply",
            "prelu",
        )
    }
)

CONVENTIONS: Mapping[str, Convention] = MappingProxyType(
    {
        entry.name: entry
        for entry in (
            Convention(
                name="macs",
                title="Multiply-accumulates",
                unit="MAC",
                prices=_frozen({op: {"macs": 1} for op in MATRIX}),
                stores=_STORED,
                operators=(),
                columns=FULL_COLUMNS,
                source=(
                    "He et al., Deep Residual Learning, 2015, Table 1 (where they are called "
                    "FLOPs); torchvision 0.28, the _ops field of its weights"
                ),
                note=(
                    "One multiply and one add together count once. Biases, pooling, norms and "
                    "activations are not counted."
                ),
            ),
            Convention(
                name="flops",
                title="Floating-point operations, two for a MAC",
                unit="FLOP",
                prices=_frozen({op: {"macs": 2} for op in MATRIX}),
                stores=_STORED,
                operators=(),
                columns=FULL_COLUMNS,
                source=(
                    "Canziani et al., An Analysis of Deep Neural Network Models for Practical "
                    "Applications, 2016"
                ),
                note=(
                    "A multiply is one operation and an add is another. Biases, pooling, norms "
                    "and activations are not counted."
                ),
            ),
            Convention(
                name="lecture",
                title="The lecture's count",
                unit="flop",
                prices=_frozen(
                    {op: {"macs": 1} for op in MATRIX} | {op: {"window_taps": 1} for op in POOLS}
                ),
                stores=_frozen({op: {"elements_out": FLOAT32} for op in (*MATRIX, *POOLS)}),
                operators=(*MATRIX, *POOLS, "flatten"),
                columns=LECTURE_COLUMNS,
                source="Lecture 8, CNN Architectures; the tables and worked formulas of its notes",
                note=(
                    "One multiply-add counts once, and a pooling counts each tap of its window. "
                    "Bias adds, ReLU, norms and dropout are not counted. Memory is the output "
                    "of a layer in float32, one image, with 1 KB = 1,024 bytes; flatten is a view."
                ),
            ),
            Convention(
                name="torch",
                title="PyTorch's FLOP counter",
                unit="FLOP",
                prices=_frozen({op: {"macs": 2} for op in MATRIX}),
                stores=_STORED,
                operators=(),
                columns=FULL_COLUMNS,
                source="torch.utils.flop_counter.FlopCounterMode, torch 2.13.0",
                note="Two for each MAC of a convolution or a matrix product, and nothing else.",
            ),
        )
    }
)


def conventions() -> tuple[str, ...]:
    """The names of all conventions."""
    return tuple(CONVENTIONS)


def convention(name: Convention | str) -> Convention:
    """A convention by its name; a Convention is handed back as it is.

    Raises:
        UnknownNameError: no convention has that name; the message names close matches.

    >>> convention("lecture").unit
    'flop'
    """
    if isinstance(name, Convention):
        return name
    try:
        return CONVENTIONS[name]
    except (KeyError, TypeError):
        raise UnknownNameError("convention", name, CONVENTIONS) from None
