"""Every fault planted in a spec, one number or one layer at a time, differs from the model."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator
from functools import cache
from inspect import signature
from typing import Any, NamedTuple
from weakref import WeakKeyDictionary

import pytest
import torch

import cnnref
from cnnref import catalog
from cnnref.architecture import Architecture, Size
from cnnref.errors import CnnrefError
from cnnref.net import FeatureMap, Net
from cnnref.table import Table

NAMES = cnnref.names()
# a large network gets fewer faults, so that each takes about the same time
FEWEST, MOST, ROWS = 3, 60, 2500
WATCHED = ("conv", "max_pool", "avg_pool", "linear", "relu", "dropout", "batch_norm", "lrn")
Method = Callable[..., FeatureMap]


class Fault(NamedTuple):
    """What goes wrong at the n-th call of one method of Net."""

    method: str
    number: int
    what: str


def number_changed(method: Method, what: str, net: Net, *args: Any, **options: Any) -> FeatureMap:
    """The same layer with one of its numbers wrong: "stride+1" and the like."""
    bound = signature(method).bind(net, *args, **options)
    bound.apply_defaults()
    given = bound.arguments
    field, step = what[:-2], int(what[-2:])
    before = given["kernel"] if given[field] is None else given[field]
    if isinstance(before, bool):
        given[field] = not before
    elif isinstance(before, tuple):
        given[field] = (before[0] + step, *before[1:])
    else:
        given[field] = before + step
    return method(*bound.args, **bound.kwargs)


FIELDS = {
    "conv": ("filters+1", "kernel+1", "kernel-1", "stride+1", "padding+1", "padding-1",
             "dilation+1", "groups+1", "bias+1"),
    "max_pool": ("kernel+1", "kernel-1", "stride+1", "stride-1", "padding+1"),
    "avg_pool": ("kernel+1", "kernel-1", "stride+1", "stride-1", "padding+1"),
    "linear": ("features+1", "features-1", "bias+1"),
}  # fmt: skip
REPEATED = ("drop", "twice")


def spoilt(method: Method, fault: Fault) -> Method:
    """A method of Net that does what the fault says at its n-th call."""
    calls: WeakKeyDictionary[Net, int] = WeakKeyDictionary()

    def run(net: Net, x: FeatureMap, *args: Any, **options: Any) -> FeatureMap:
        calls[net] = calls.get(net, -1) + 1
        if calls[net] != fault.number:
            return method(net, x, *args, **options)
        if fault.what == "drop":
            return x
        if fault.what == "twice":
            return method(net, method(net, x, *args, **options | {"name": None}), *args, **options)
        return number_changed(method, fault.what, net, x, *args, **options)

    return run


@cache
def traced(name: str, size: Size) -> Table:
    """The rows of the PyTorch model at one size."""
    with torch.device("meta"):
        module = cnnref.model(name)
    height, width = size if isinstance(size, tuple) else (size, size)
    return cnnref.trace(module, (3, height, width))


def seen(record: Architecture) -> bool:
    """Whether the spec as it now stands is refused, or differs from the model at a size."""
    for size in dict.fromkeys((record.input_size, *record.sizes)):
        try:
            # not cnnref.table, which lays out a thousand sizes to word its refusal
            book = catalog._lay_out(record, size, record.num_classes)
        except CnnrefError:
            return True
        if cnnref.compare(book, traced(record.name, size)):
            return True
    return False


def calls(name: str, patch: pytest.MonkeyPatch) -> dict[str, int]:
    """How often a spec calls each method."""
    found = dict.fromkeys(WATCHED, 0)
    with patch.context() as inside:
        for kind in WATCHED:
            inside.setattr(Net, kind, counting(getattr(Net, kind), kind, found))
        cnnref.table(name)
    return found


def counting(method: Method, kind: str, found: dict[str, int]) -> Method:
    def run(*args: Any, **options: Any) -> FeatureMap:
        found[kind] += 1
        return method(*args, **options)

    return run


def faults(name: str, patch: pytest.MonkeyPatch) -> Iterator[Fault]:
    for kind, count in calls(name, patch).items():
        for number in range(count):
            for what in (*FIELDS.get(kind, ()), *REPEATED):
                yield Fault(kind, number, what)


def sample(name: str, patch: pytest.MonkeyPatch) -> list[Fault]:
    """All faults of a small network, a seeded draw of a large one's."""
    found = list(faults(name, patch))
    draws = max(FEWEST, min(MOST, ROWS // len(cnnref.table(name))))
    return random.Random(name).sample(found, min(draws, len(found)))


@pytest.mark.parametrize("name", NAMES)
def test_no_planted_fault_is_missed(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    record = cnnref.architecture(name)
    planted = sample(name, monkeypatch)
    missed = []
    for fault in planted:
        with monkeypatch.context() as patch:
            method = getattr(Net, fault.method)
            patch.setattr(Net, fault.method, spoilt(method, fault))
            if not seen(record):
                missed.append(fault)
    assert missed == []
    assert len(planted) >= FEWEST


def test_a_fault_that_changes_nothing_would_be_missed(monkeypatch: pytest.MonkeyPatch) -> None:
    harmless = Fault("relu", 10_000, "drop")
    monkeypatch.setattr(Net, "relu", spoilt(Net.relu, harmless))
    assert not seen(cnnref.architecture("alexnet"))


def test_totals_alone_would_miss_a_fault(monkeypatch: pytest.MonkeyPatch) -> None:
    # a ReLU left out changes no total
    monkeypatch.setattr(Net, "relu", spoilt(Net.relu, Fault("relu", 0, "drop")))
    book, truth = cnnref.table("alexnet"), traced("alexnet", 224)
    assert (book.macs, book.parameters) == (truth.macs, truth.parameters)
    assert next(str(found) for found in cnnref.compare(book, truth)) == (
        "row 1 (features.1): only in the second table"
    )


def test_a_fault_is_planted_at_every_size(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Net, "relu", spoilt(Net.relu, Fault("relu", 2, "drop")))
    rows = {len(cnnref.table("alexnet", input_size=size)) for size in (224, 63, 127)}
    assert rows == {21}


def test_enough_faults_are_planted(monkeypatch: pytest.MonkeyPatch) -> None:
    drawn = [fault for name in NAMES[:12] for fault in sample(name, monkeypatch)]
    assert len(drawn) >= 500
    assert {fault.method for fault in drawn} == set(WATCHED) - {"avg_pool"}
    assert {fault.what for fault in drawn} == set().union(*FIELDS.values(), REPEATED)
