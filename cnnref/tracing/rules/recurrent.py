"""Recurrent layers and their cells: every step of every layer is two products of matrices."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from math import prod
from typing import Any

import torch
from torch import Tensor

from cnnref.counting.shapes import Counts
from cnnref.tracing.rules.operation import Operation, Rule, first

__all__ = ["FUNCTIONS", "backward"]


def _layers(
    op: str,
    result: Any,
    input: Tensor,
    second: Any,
    third: Any,
    *_: Any,
    **__: Any,
) -> Operation:
    """G * H * (C_in + H_out) MACs for each step, of G gates: W x, and U h.

    A projection of the hidden state adds H * H_out. A packed sequence has as many steps as
    elements; its arguments come in another order.
    """
    packed = isinstance(second, Tensor) and isinstance(third, list | tuple | Tensor)
    states, learned = (third, _[0]) if packed and _ and _is_list(_[0]) else (second, third)
    steps = input.numel() // input.shape[-1]
    hidden = [states] if isinstance(states, Tensor) else list(states)
    matrices = [weight for weight in learned if weight.dim() == 2]
    biases = [weight for weight in learned if weight.dim() == 1]
    # a projection makes the hidden state of an LSTM narrower, and not its memory
    width = hidden[-1].shape[0] * hidden[-1].shape[-1]
    return _gates(op, result, (input, *hidden), steps, width, matrices, biases)


def _gates(
    op: str,
    result: Any,
    inputs: tuple[Tensor, ...],
    steps: int,
    width: int,
    weights: Sequence[Tensor],
    biases: Sequence[Tensor],
) -> Operation:
    """Every weight once for each step, and every bias.

    width: elements of the hidden state of all layers and directions.
    """
    macs = tuple((steps, *weight.shape) for weight in weights)
    adds = tuple((steps, bias.numel()) for bias in biases)
    counts = Counts(
        macs=steps * sum(weight.numel() for weight in weights),
        bias_adds=steps * sum(bias.numel() for bias in biases),
    )
    return Operation(
        op,
        inputs,
        first(result),
        None,
        counts,
        weights=tuple(weights),
        biases=tuple(biases),
        formulas=(
            ("macs", macs),
            ("bias_adds", adds),
            ("weights", tuple(tuple(weight.shape) for weight in weights)),
            ("biases", tuple(tuple(bias.shape) for bias in biases)),
        ),
        further=(("states", steps * width),),
    )


def _is_list(value: Any) -> bool:
    return isinstance(value, list | tuple) and all(isinstance(part, Tensor) for part in value)


def _cell(
    op: str,
    result: Any,
    input: Tensor,
    hx: Any,
    w_ih: Tensor,
    w_hh: Tensor,
    b_ih: Tensor | None = None,
    b_hh: Tensor | None = None,
) -> Operation:
    """One step of one layer: G * H * (C_in + H) MACs."""
    steps = input.numel() // input.shape[-1]
    biases = [bias for bias in (b_ih, b_hh) if bias is not None]
    hidden = [hx] if isinstance(hx, Tensor) else list(hx)
    width = hidden[-1].shape[-1]
    return _gates(op, result, (input, *hidden), steps, width, (w_ih, w_hh), biases)


def backward(result: Any, input: Tensor, w_ih: Tensor, w_hh: Tensor, *_: Any) -> Operation:
    """The gradients of one layer in one kernel: each product has one by each of its factors."""
    steps = input.numel() // input.shape[-1]
    products = tuple((2, steps, *weight.shape) for weight in (w_ih, w_hh))
    return Operation(
        "matmul",
        (input,),
        first(result),
        None,
        Counts(macs=sum(map(prod, products))),
        leaf=False,
        formulas=(("macs", products),),
    )


FUNCTIONS: dict[Any, Rule] = {
    torch.lstm: partial(_layers, "lstm"),
    torch.gru: partial(_layers, "gru"),
    torch.rnn_tanh: partial(_layers, "rnn"),
    torch.rnn_relu: partial(_layers, "rnn"),
    torch.lstm_cell: partial(_cell, "lstm"),
    torch.gru_cell: partial(_cell, "gru"),
    torch.rnn_tanh_cell: partial(_cell, "rnn"),
    torch.rnn_relu_cell: partial(_cell, "rnn"),
}
