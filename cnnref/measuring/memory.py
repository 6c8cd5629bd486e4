"""The most memory that one step takes from the allocator."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from itertools import accumulate
from typing import Any

import torch
from torch import Tensor

from cnnref.counting import operators as kinds
from cnnref.measuring.isolation import synchronize
from cnnref.tables.analysis import IN_PLACE, VIEWS, storages
from cnnref.tables.table import Table
from cnnref.tracing.rules import tensors

__all__ = [
    "held_bytes",
    "needed_elements",
    "peak_bytes",
    "prepare_profiler",
]


LOG, SILENT = "KINETO_LOG_LEVEL", "6"


def peak_bytes(step: Callable[[], None], device: torch.device) -> int | None:
    """Bytes that a step holds at its peak, above what is held before it.

    On CUDA by the caching allocator's own statistics; on the CPU by the sum of what torch's
    profiler sees the allocator give and take. MPS says neither: None.
    """
    if device.type == "cuda":
        return _peak_on_card(step, device)
    return _peak_on_cpu(step) if device.type == "cpu" else None


def _peak_on_card(step: Callable[[], None], device: torch.device) -> int:
    synchronize(device)
    before = torch.cuda.memory_allocated(device)
    torch.cuda.reset_peak_memory_stats(device)
    step()
    synchronize(device)
    return int(torch.cuda.max_memory_allocated(device) - before)


def prepare_profiler() -> None:
    """Start the profiler once in the thread that asked: in another it would complain aloud."""
    from torch.profiler import ProfilerActivity, profile

    with _quiet(), profile(activities=[ProfilerActivity.CPU]):
        pass


def _peak_on_cpu(step: Callable[[], None]) -> int:
    from torch.profiler import ProfilerActivity, profile

    with _quiet(), profile(activities=[ProfilerActivity.CPU], profile_memory=True) as watched:
        step()
    results: Any = watched.profiler.kineto_results
    events = [event for event in results.events() if event.name() == "[memory]"]
    events.sort(key=lambda event: event.start_ns())
    return max(accumulate((int(event.nbytes()) for event in events), initial=0))


@contextmanager
def _quiet() -> Iterator[None]:
    """Without the profiler's log, whose level it reads from the environment when it first runs."""
    if LOG in os.environ:
        yield
        return
    os.environ[LOG] = SILENT
    try:
        yield
    finally:
        del os.environ[LOG]


def held_bytes(held: Iterable[Any]) -> int:
    """Bytes of the memory that tensors stand in, each counted once."""
    storages = {
        part.untyped_storage()._cdata: part.untyped_storage().nbytes()  # noqa: SLF001
        for part in tensors(held)
        if isinstance(part, Tensor)
    }
    return sum(storages.values())


# their backward pass reads what they were given
READS_INPUT = frozenset((*kinds.COUNTED_BY_TORCH, *kinds.NORMS, *kinds.POOLS))


def needed_elements(table: Table) -> int:
    """The elements of one image's maps that are held until the backward pass, at the least.

    A map stays where a convolution, a product, a norm or a pool has read it, or where a rectifier
    wrote it. A map that is only added to another, or joined with others, may go at once: this is
    why it comes to less than `Table.training_activation_bytes`, which has every output.
    """
    layers = tuple(table)
    owners, _ = storages(layers, VIEWS | IN_PLACE)
    held: set[int] = set()
    for number, layer in enumerate(layers):
        if layer.op in READS_INPUT:
            held.update(owners[source] for source in layer.inputs)
        if layer.op in IN_PLACE:
            held.add(owners[number])
    return sum(layers[owner].out_shape.elements for owner in held if owner >= 0)
