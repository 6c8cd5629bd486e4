"""The least memory that a batch takes: held against what was measured, and what it is made of."""

from __future__ import annotations

from contextlib import nullcontext
from typing import Any

import pytest
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


CHAIN = nn.Sequential(*(nn.Conv2d(8, 8, 3, padding=1) for _ in range(4)))
WEIGHTS, MAP = 4 * (8 * 8 * 9 + 8), 8 * 8 * 8


@pytest.mark.parametrize(("dtype", "size"), [("float32", 4), ("bfloat16", 2)])
def test_a_step_takes_weights_and_the_maps_that_are_read_or_kept(dtype: str, size: int) -> None:
    # two maps are alive at once; the backward pass reads what three of the convolutions wrote
    inference = fitting.Need(size * WEIGHTS, 0, size * 2 * MAP)
    training = fitting.Need(size * WEIGHTS, size * WEIGHTS, size * 3 * MAP)
    one, three = (cnnref.trace(CHAIN, inputs=torch.zeros(n, 8, 8, 8)) for n in (1, 3))
    for mode, least in (("inference", inference), ("training", training)):
        asked = how(mode=mode, dtype=dtype, batch_size=3)
        assert fitting.need(CHAIN, one, asked) == least
        # of a batch that was traced whole, each image has its part
        assert fitting.need(CHAIN, three, asked, whole_batch=True) == least


@pytest.mark.parametrize(
    ("needed", "bytes_of", "fitting_into"),
    [
        (fitting.Need(10, 0, 4), {1: 14, 3: 22}, {9: 0, 10: 0, 13: 0, 14: 1, 29: 4}),
        # maps go while gradients come
        (fitting.Need(10, 5, 4), {1: 15, 2: 18}, {14: 0, 15: 1, 17: 1, 18: 2}),
        (fitting.Need(10, 20, 0), {1: 30, 9: 30}, {29: 0, 30: None, 99: None}),
    ],
)
def test_a_batch_takes_bytes_and_bytes_take_a_batch(
    needed: fitting.Need, bytes_of: dict[int, int], fitting_into: dict[int, int | None]
) -> None:
    assert {batch: needed.of(batch) for batch in bytes_of} == bytes_of
    assert {free: needed.fitting(free) for free in fitting_into} == fitting_into


ERRORS = (
    torch.OutOfMemoryError("CUDA out of memory"),
    RuntimeError("DefaultCPUAllocator: not enough memory: you tried to allocate"),
    RuntimeError("DefaultCPUAllocator: can't allocate memory: you tried to allocate"),
)


@pytest.mark.parametrize("error", ERRORS, ids=str)
@pytest.mark.parametrize(
    ("needed", "free", "why"),
    [
        (None, 16, "does not fit into cpu, where 16.0 GiB were free; take a smaller batch."),
        (None, None, "does not fit into cpu; take a smaller batch."),
        ((2, 0, 1), None, "does not fit into cpu; take a smaller batch."),
        ((2, 0, 1), 4.5, "needs 6.0 GiB at least, but cpu had 4.5 GiB free; a batch of 2 may fit."),
        # the estimate fits, and more was taken
        ((2, 0, 1), 16, "needs 6.0 GiB at least, but cpu had 16.0 GiB free; a batch of 3 may fit."),
        ((2, 0, 0), 16, "needs 2.0 GiB at least, but cpu had 16.0 GiB free; a batch of 3 may fit."),
        (
            (2, 3, 1), 4,
            "needs 6.0 GiB at least, but cpu had 4.0 GiB free; not even one image fits.",
        ),
    ],
)  # fmt: skip
def test_a_batch_that_did_not_fit_is_told_with_what_may(
    needed: tuple[int, ...] | None,
    free: float | None,
    why: str,
    error: RuntimeError,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    there = None if free is None else int(free * 2**30)
    monkeypatch.setattr(fitting, "free_bytes", lambda _: there)
    wanted = fitting.Need(*(2**30 * part for part in needed)) if needed else None
    with (
        pytest.raises(cnnref.CnnrefError) as found,
        fitting.too_large("net", wanted, how(batch_size=4)),
    ):
        raise error
    assert str(found.value) == f"net: inference at batch 4 in float32 {why}"
    assert found.value.__cause__ is error


def test_a_batch_is_refused_beforehand_where_more_is_needed_than_is_free(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    needed = fitting.Need(2**30, 0, 2**20)
    for more, refused in ((0, False), (-1, True), (2**30, False)):
        free = 2**30 + 4 * 2**20 + more
        monkeypatch.setattr(fitting, "free_bytes", lambda _, free=free: free)
        with pytest.raises(cnnref.CnnrefError) if refused else nullcontext():
            fitting.refuse_too_large("net", needed, how(batch_size=4))
    monkeypatch.setattr(fitting, "free_bytes", lambda _: None)
    fitting.refuse_too_large("net", needed, how(batch_size=10**9))
