"""The least memory that a batch takes: held against what was measured, and what it is made of."""

from __future__ import annotations

from typing import Any

import torch
from measured_samples import Small, how
from torch import nn

import cnnref
from cnnref.measuring import fitting
from cnnref.measuring.memory import needed_elements
from studies.machines.reference import records


def test_no_batch_that_was_measured_would_have_been_refused() -> None:
    """The estimate is the least that a step takes, and not much less, in every mode."""
    found = [one for record in records() for one in record.measurements if one.peak_bytes]
    assert {one.mode for one in found} == {"inference", "training"}
    for one in found:
        least = estimate(one.network, one).of(one.batch_size) - 4 * one.parameters
        assert one.peak_bytes >= least or one.compiled or one.dtype != "float32", one
        if one.network.startswith("resnet") and one.mode == "training":
            assert one.peak_bytes < 1.6 * least, one


def estimate(name: str, one: Any) -> fitting.Need:
    """Above the input, which the caller holds."""
    book = cnnref.table(name, input_size=one.input_shape[1:])
    bare = cnnref.Table(book, name=name, input_shape=cnnref.Shape((0,)))
    running = Weights(book.parameters)
    return fitting.need(running, bare, how(mode=one.mode, device="cpu"))


class Weights(nn.Module):
    """So many weights that nobody allocates."""

    def __init__(self, number: int) -> None:
        super().__init__()
        self.all = nn.Parameter(torch.empty(number, device="meta"))


def test_maps_that_are_only_added_are_not_needed_by_the_backward_pass() -> None:
    net = cnnref.Net((2, 8, 8))
    first = net.relu(net.conv(net.input, 4, kernel=3, padding=1))
    second = net.batch_norm(net.conv(first, 4, kernel=3, padding=1))
    net.relu(net.add(second, first))
    # both convolutions and the sum, whose rectifiers work in place; the norm's output is let go
    assert needed_elements(net.table()) == 3 * 4 * 8 * 8
    assert net.table().training_activation_bytes(1) == 4 * 4 * 8 * 8


def test_frozen_weights_have_no_gradients_and_hold_no_maps_for_sure() -> None:
    module = Small()
    table = cnnref.trace(module, (3, 8, 8))
    every = fitting.need(module, table, how(mode="training"))
    next(module.parameters()).requires_grad_(requires_grad=False)
    some = fitting.need(module, table, how(mode="training"))
    assert some.gradients < every.gradients == every.weights == some.weights
    assert some.image == table.peak_activation_bytes(4)
    assert fitting.Need(10, 20, 0).fitting(25) == 0
    assert fitting.Need(10, 5, 0).fitting(25) is None
    assert fitting.Need(10, 5, 4).fitting(25) == 3
