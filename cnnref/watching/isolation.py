"""A module as it was: whatever a trace or the module's own forward sets is set back."""

from __future__ import annotations

import random
import sys
from collections.abc import Iterator
from contextlib import contextmanager

import torch
from torch import nn

__all__ = ["restored"]


@contextmanager
def restored(module: nn.Module) -> Iterator[None]:
    """Set back every attribute of every part afterwards, and torch's own settings."""
    saved = [_Saved(part) for part in module.modules()]
    dtype, state = torch.get_default_dtype(), random.getstate()
    numpy = sys.modules.get("numpy")
    numpys = numpy.random.get_state() if numpy else None
    try:
        with torch.no_grad(), torch.random.fork_rng(()):
            yield
    finally:
        for part in saved:
            part.set_back()
        random.setstate(state)
        if numpy:
            numpy.random.set_state(numpys)
        torch.set_default_dtype(dtype)


class _Saved:
    """The attributes of one part, and what is in its lists, sets and dicts."""

    __slots__ = ("attributes", "containers", "owner")

    def __init__(self, part: nn.Module) -> None:
        self.owner = vars(part)
        self.attributes = dict(self.owner)
        self.containers = [
            (value, value.copy() if value else None)
            for value in self.attributes.values()
            if isinstance(value, dict | list | set)
        ]

    def set_back(self) -> None:
        self.owner.clear()
        self.owner.update(self.attributes)
        for value, before in self.containers:
            if before is None:
                if value:
                    value.clear()
            elif isinstance(value, list):
                value[:] = before
            else:
                value.clear()
                value.update(before)
