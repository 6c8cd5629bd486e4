"""One run with values, and its rows: what it may change is copied, and weights are lent."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from typing import Any

import torch
from torch import Tensor, nn

from cnnref.errors import CnnrefError
from cnnref.tables.rows import Ran
from cnnref.tables.table import Table
from cnnref.tracing.ledger import changed
from cnnref.tracing.real.memory import Book, WrittenError
from cnnref.tracing.real.runner import Runner
from cnnref.tracing.rules import tensors
from cnnref.tracing.twins import Twin, Way, copied, lent

__all__ = ["run"]


def run(
    recorded: Callable[..., Table],
    module: nn.Module,
    args: tuple[Any, ...],
    kwargs: dict[str, Any],
    asked: Ran,
) -> Table:
    """The rows of one call that computes.

    recorded: gives the rows of a call in a way.
    asked: what a trace by shapes was asked, and where.

    Raises:
        CnnrefError: the module is on the meta device.
        ForwardError: PyTorch refuses what forward does.
    """
    why = f"forward asks for one ({asked.asked})" if asked.asked else "a run needs some"
    device = on_a_device(module, why)
    ran = asked._replace(by="made-up inputs" if is_made_up((args, kwargs)) else "inputs")
    args, kwargs = filled((args, kwargs), device)

    def once(weights: Twin) -> Table:
        way = Way(weights, copied, Book, Runner)
        return recorded(args, kwargs, way, ran=ran, around=(partial(_drawn, device),))

    try:
        return once(lent)
    except WrittenError:
        return once(copied)


@contextmanager
def _drawn(device: torch.device) -> Iterator[None]:
    """The random state of a device other than the processor is set back."""
    home: Any = getattr(torch, device.type, None)
    if device.type == "cpu" or not hasattr(home, "get_rng_state"):
        yield
        return
    before = home.get_rng_state()
    try:
        yield
    finally:
        home.set_rng_state(before)


def is_made_up(inputs: Any) -> bool:
    """Whether an input has no values, so that some are made up."""
    return any(leaf.is_meta for leaf in tensors((inputs,)))


def on_a_device(module: nn.Module, asked: str) -> torch.device:
    """Where a module is.

    Raises:
        CnnrefError: on the meta device, where nothing computes.
    """
    held = [*module.parameters(), *module.buffers()]
    if any(tensor.is_meta for tensor in held):
        raise CnnrefError(
            f"{type(module).__name__} is on the meta device, where weights have no values, and "
            f"{asked}: build it on a device that has some, such as the processor."
        )
    return held[0].device if held else torch.device("cpu")


def filled(inputs: Any, device: torch.device) -> Any:
    """Inputs with values in place of those that have none, the same in each run.

    Real and complex ones are drawn evenly from 0 to 1, whole numbers and truth values from 0 and 1.
    """
    draws = torch.Generator(device).manual_seed(0)

    def drawn(tensor: Tensor) -> Tensor:
        if not tensor.is_meta:
            return tensor
        options: dict[str, Any] = {"generator": draws, "device": device}
        if tensor.is_floating_point() or tensor.is_complex():
            real = tensor.dtype.to_real()
            parts = [torch.rand(tensor.shape, dtype=real, **options) for _ in range(2)]
            return torch.complex(*parts) if tensor.is_complex() else parts[0]
        return torch.randint(2, tensor.shape, **options).to(tensor.dtype)

    return changed(inputs, drawn)
