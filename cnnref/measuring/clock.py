"""How long one step takes: repeated until the quartiles are close, and no longer than asked."""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch.utils.benchmark import Timer

from cnnref.measuring.record import Quartiles
from cnnref.measuring.settings import Settings

__all__ = ["synchronize", "timed"]

WARM_UPS = 2


def synchronize(device: torch.device) -> None:
    """Wait until a device has done all that it was told."""
    if device.type == "cuda":
        torch.cuda.synchronize(device)
    elif device.type == "mps":
        torch.mps.synchronize()


def timed(step: Callable[[], None], how: Settings) -> Quartiles:
    """The quartiles of a step's seconds after warm-up, the device's work to its end included.

    Steps are repeated until the quartiles are within the asked spread of the median, or the asked
    seconds are up; a step that takes most of them runs once after the warm-up. A step that is
    too short for the clock is timed several at once. Source: torch.utils.benchmark,
    adaptive_autorange.
    """

    def whole() -> None:
        step()
        synchronize(how.device)

    for _ in range(WARM_UPS):
        whole()
    timer = Timer("whole()", globals={"whole": whole}, num_threads=how.threads)
    found = timer.adaptive_autorange(
        how.spread, min_run_time=min(0.2, how.seconds), max_run_time=how.seconds
    )
    times = torch.tensor(found.times, dtype=torch.float64)
    lower, median, upper = times.quantile(torch.tensor([0.25, 0.5, 0.75], dtype=torch.float64))
    return Quartiles(lower.item(), median.item(), upper.item(), len(found.times))
