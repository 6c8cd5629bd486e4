"""Faults in both books of a network: which are planted, and what becomes of each."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator
from functools import cache
from typing import Any

import torch
from torch import nn

import cnnref
from cnnref.counting.shapes import Size
from cnnref.networks.architecture import Architecture
from proofs.planted.change import EQUIVALENT, MISSED, Finding
from proofs.planted.model import Run, idle
from proofs.planted.model import faults as faults_of_model
from proofs.planted.shown import reason_in_model, reason_in_spec
from proofs.planted.spec import Plot, shape, sizes
from proofs.planted.spec import faults as faults_of_spec

__all__ = ["BOOKS", "idle_in", "plant"]

BOOKS = ("specs", "models")


def plant(book: str, name: str, *, sample: int | None = None, seed: int = 0) -> Iterator[Finding]:
    """Plant the faults of one book of a network, all or a seeded draw."""
    record = cnnref.architecture(name)
    stands = _stands(book, record)
    found = list(_faults(book, stands(record.input_size)))
    if sample is not None and sample < len(found):
        drawn = random.Random(f"{book} {name} {seed}").sample(range(len(found)), sample)
        found = [found[place] for place in sorted(drawn)]
    for fault in found:
        yield _finding(book, record, stands, fault)


def _finding(book: str, record: Architecture, stands: Callable[[Size], Any], fault: Any) -> Finding:
    """What comes of a fault at the sizes at which the books are compared, one after another."""
    where = f"{record.name} ({book[:-1]}), {stands(record.input_size).where(fault.number)}"
    for size in sizes(record):
        outcome = stands(size).outcome(fault)
        if outcome != MISSED:
            return Finding(where, fault.what, outcome)
    show = reason_in_spec if book == "specs" else reason_in_model
    reasons = {show(stands(size), fault) for size in sizes(record)}
    if len(reasons) == 1 and reasons != {""}:
        return Finding(where, fault.what, EQUIVALENT, reasons.pop())
    return Finding(where, fault.what, MISSED)


def _stands(book: str, record: Architecture) -> Callable[[Size], Any]:
    """The network at a size, with the rows of its other book beside it."""
    module = _on_meta(record.name)
    if book == "specs":
        return cache(lambda size: Plot(record, size, tuple(cnnref.trace(module, shape(size)))))
    return cache(
        lambda size: Run(
            record.name, module, size, tuple(cnnref.table(record.name, input_size=size))
        )
    )


def _faults(book: str, stand: Any) -> Iterator[Any]:
    return faults_of_spec(stand) if book == "specs" else faults_of_model(stand)


def idle_in(name: str) -> set[str]:
    """The modules of a network that do not run at inference."""
    record = cnnref.architecture(name)
    return idle(_stands("models", record)(record.input_size))


def _on_meta(name: str) -> nn.Module:
    with torch.device("meta"):
        return cnnref.model(name).eval()
