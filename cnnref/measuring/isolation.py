"""The process as it was: whatever a measurement sets is set back, also when it is interrupted."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from typing import Any

import torch

from cnnref.measuring.settings import Settings

__all__ = ["as_it_was"]

# a home of torch's switches, and the switch; the later names of newer versions come first
FP32 = (("backends.cuda.matmul", "fp32_precision"), ("backends.cudnn.conv", "fp32_precision"))
OLD_FP32 = (("backends.cuda.matmul", "allow_tf32"), ("backends.cudnn", "allow_tf32"))
SWITCHES = (
    ("backends.cudnn", "benchmark"),
    ("backends.cudnn", "deterministic"),
)


@contextmanager
def as_it_was(settings: Settings) -> Iterator[None]:
    """Threads, switches, random states and the card's memory cache are set back afterwards.

    Inside, cuDNN may choose the fastest of its ways for each shape, and float32 is multiplied as
    the settings say.
    """
    with ExitStack() as stack:
        stack.enter_context(_threads(settings.threads))
        cards = [settings.device.index] if settings.device.type == "cuda" else []
        stack.enter_context(torch.random.fork_rng(cards))
        if settings.device.type == "mps":
            stack.callback(torch.mps.set_rng_state, torch.mps.get_rng_state())
        for home, name in SWITCHES:
            stack.enter_context(_switched(home, name, name == "benchmark"))
        for (home, name), value in _precision(settings.tf32):
            stack.enter_context(_switched(home, name, value))
        if cards:
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
    setattr(owner, name, value)
    try:
        yield
    finally:
        setattr(owner, name, before)


def _precision(tf32: bool) -> list[tuple[tuple[str, str], Any]]:
    if hasattr(_home(FP32[1][0]), FP32[1][1]):
        return [(switch, "tf32" if tf32 else "ieee") for switch in FP32]
    return [(switch, tf32) for switch in OLD_FP32]


def _home(path: str) -> Any:
    found: Any = torch
    for part in path.split("."):
        found = getattr(found, part, None)
    return found
