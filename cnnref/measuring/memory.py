"""The most memory that one step takes from the allocator."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from itertools import accumulate
from typing import Any

import torch
from torch import Tensor

from cnnref.measuring.clock import synchronize
from cnnref.tracing.rules import tensors

__all__ = ["held_bytes", "peak_bytes"]

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
