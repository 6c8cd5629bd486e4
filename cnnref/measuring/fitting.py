"""Whether a batch fits into the memory of a device, and what would."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import NamedTuple

import torch
from torch import nn

from cnnref.counting.units import GIB
from cnnref.errors import CnnrefError
from cnnref.measuring.machine import free_bytes
from cnnref.measuring.memory import needed_elements
from cnnref.measuring.settings import Settings
from cnnref.tables.table import Table

__all__ = ["Need", "need", "refuse_too_large", "too_large"]


class Need(NamedTuple):
    """Bytes that a step takes at least.

    weights: held throughout; gradients: of the weights, at the end of a backward pass;
    image: maps of each image.
    """

    weights: int
    gradients: int
    image: int

    def of(self, batch_size: int) -> int:
        """Bytes for a batch. Maps go while gradients come, so the larger of both counts."""
        return self.weights + max(self.gradients, batch_size * self.image)

    def fitting(self, free: int) -> int | None:
        """The largest batch that bytes suffice for; None where every batch takes the same."""
        left = free - self.weights
        if left < self.gradients:
            return 0
        return left // self.image if self.image else None


def need(module: nn.Module, table: Table, how: Settings, whole_batch: bool = False) -> Need:
    """The analytic estimate: weights, their gradients in training, and feature maps.

    At inference maps are held as long as they are read (`Table.peak_activation_bytes`). In
    training those are held that the backward pass reads, unless weights are frozen: then nobody
    knows beforehand which these are, and the estimate is that of inference. What a library takes
    to work with comes on top. whole_batch: the table is of a batch, and not of one image.
    """
    images = how.batch_size if whole_batch else 1
    size = how.dtype.itemsize
    weights = list(module.parameters())
    held = size * sum(weight.numel() for weight in weights)
    image = table.peak_activation_bytes(size)
    if how.mode == "inference":
        return Need(held, 0, image // images)
    learning = [weight for weight in weights if weight.requires_grad]
    if len(learning) == len(weights):
        image = max(image, size * needed_elements(table))
    return Need(held, size * sum(weight.numel() for weight in learning), image // images)


def refuse_too_large(name: str, wanted: Need, how: Settings) -> None:
    """Refuse a batch before it is made, if it cannot fit.

    Raises:
        CnnrefError: what it needs, what is free, and what would fit.
    """
    free = free_bytes(how.device)
    if free is not None and wanted.of(how.batch_size) > free:
        raise _refusal(name, wanted, how, free)


@contextmanager
def too_large(name: str, wanted: Need | None, how: Settings) -> Iterator[None]:
    """Say the same of a batch that turned out not to fit.

    Raises:
        CnnrefError: what it needs, what is free, and what would fit.
    """
    free = free_bytes(how.device)
    try:
        yield
    except torch.OutOfMemoryError as error:
        raise _refusal(name, wanted, how, free) from error
    except RuntimeError as error:
        # what the CPU's allocator says
        if "not enough memory" not in str(error) and "can't allocate memory" not in str(error):
            raise
        raise _refusal(name, wanted, how, free) from error


def _refusal(name: str, wanted: Need | None, how: Settings, free: int | None) -> CnnrefError:
    what = f"{name}: {how.mode} at batch {how.batch_size} in {how.dtype_name}"
    if wanted is None or free is None:
        there = "" if free is None else f", where {free / GIB:,.1f} GiB were free"
        return CnnrefError(f"{what} does not fit into {how.device}{there}; take a smaller batch.")
    needs = f"needs {wanted.of(how.batch_size) / GIB:,.1f} GiB at least"
    fits = wanted.fitting(free)
    # where even the estimate fits, the workspace of a library did not
    fits = how.batch_size - 1 if fits is None else min(fits, how.batch_size - 1)
    advice = f"a batch of {fits:,} may fit" if fits else "not even one image fits"
    return CnnrefError(
        f"{what} {needs}, but {how.device} had {free / GIB:,.1f} GiB free; {advice}."
    )
