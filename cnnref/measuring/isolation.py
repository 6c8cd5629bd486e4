"""The process as it was: whatever a measurement sets is set back, also when it is interrupted."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from typing import Any

import torch
from torch.utils.benchmark import Timer

from cnnref.measuring.record import Quartiles
from cnnref.measuring.settings import Settings
from cnnref.tracing.isolation.process import typed

__all__ = [
    "as_it_was",
    "synchronize",
    "timed",
]


# a home of torch's switches, and the switch
FP32 = (
    ("backends.cuda.matmul", "fp32_precision"),
    ("backends.cudnn.conv", "fp32_precision"),
    ("backends.cudnn.rnn", "fp32_precision"),
)
OLD_FP32 = (("backends.cuda.matmul", "allow_tf32"), ("backends.cudnn", "allow_tf32"))
SWITCHES = (
    ("backends.cudnn", "benchmark"),
    ("backends.cudnn", "deterministic"),
)


@contextmanager
def as_it_was(settings: Settings) -> Iterator[None]:
    """Threads, switches, dtype, random states and the card's memory cache are set back afterwards.

    Inside, cuDNN may choose the fastest of its ways for each shape, and float32 is multiplied as
    the settings say.
    """
    with ExitStack() as stack:
        stack.enter_context(_threads(settings.threads))
        cards = [settings.device.index] if settings.device.type == "cuda" else []
        stack.enter_context(torch.random.fork_rng(cards))
        stack.enter_context(typed())
        if settings.device.type == "mps":
            stack.callback(torch.mps.set_rng_state, torch.mps.get_rng_state())
        for home, name in SWITCHES:
            stack.enter_context(_switched(home, name, name == "benchmark"))
        if cards:
            stack.enter_context(_multiplied(settings.tf32))
        if cards:
            # events and kernels go to the current card unless told
            stack.enter_context(torch.cuda.device(settings.device))
            stack.callback(torch.cuda.empty_cache)
        yield


@contextmanager
def _threads(threads: int) -> Iterator[None]:
    before = torch.get_num_threads()
    torch.set_num_threads(threads)
    try:
        yield
    finally:
        torch.set_num_threads(before)


@contextmanager
def _switched(home: str, name: str, value: Any) -> Iterator[None]:
    owner = _home(home)
    before = getattr(owner, name)
    _switch(owner, name, value)
    try:
        yield
    finally:
        _switch(owner, name, before)


def _switch(owner: Any, name: str, value: Any) -> None:
    # torch's own test suite forbids whoever imports it to set a switch outside of a block like ours
    with getattr(torch.backends, "__allow_nonbracketed_mutation")():
        setattr(owner, name, value)


@contextmanager
def _multiplied(tf32: bool) -> Iterator[None]:
    """How a card rounds the factors of float32, by the older switches where these can be read.

    torch has two sets of switches, and raises where one of the older is read after a newer one
    was set: a module inside may do that.
    """
    older = _readable(OLD_FP32)
    value: Any = tf32 if older else "tf32" if tf32 else "ieee"
    with ExitStack() as stack:
        for home, name in OLD_FP32 if older else FP32:
            stack.enter_context(_switched(home, name, value))
        yield


def _readable(switches: tuple[tuple[str, str], ...]) -> bool:
    try:
        for home, name in switches:
            getattr(_home(home), name)
    except RuntimeError:
        return False
    return True


def _home(path: str) -> Any:
    found: Any = torch
    for part in path.split("."):
        found = getattr(found, part, None)
    return found


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
