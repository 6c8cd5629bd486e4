"""A module as it was: whatever a trace or the module's own forward sets is set back."""

from __future__ import annotations

import gc
import random
import sys
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, nullcontext
from typing import Any

import torch
from torch import nn
from torch.nn.modules.lazy import LazyModuleMixin
from torch.nn.parameter import is_lazy

__all__ = ["restored", "uncollected"]

CONTAINERS = (dict, list, set)
# by type: to ask every attribute of every part would take longer
_HOLDS: dict[type, bool] = {}


@contextmanager
def restored(parts: Iterable[nn.Module]) -> Iterator[None]:
    """Set back every attribute of every part afterwards, and Python's and torch's own settings."""
    saved = [_Saved(part) for part in parts]
    for part in saved:
        part.unsettle()
    dtype, device, state = torch.get_default_dtype(), _default_device(), random.getstate()
    numpy: Any = sys.modules.get("numpy.random")
    numpys = numpy.get_state() if numpy else None
    try:
        with torch.no_grad(), torch.random.fork_rng(()), _eager():
            yield
    finally:
        for part in saved:
            part.set_back()
        random.setstate(state)
        if numpy:
            numpy.set_state(numpys)
        torch.set_default_dtype(dtype)
        if _default_device() != device:
            torch.set_default_device(device)


def _default_device() -> torch.device | None:
    """What torch.set_default_device was told; None where it was not, which costs nothing."""
    context = getattr(torch._GLOBAL_DEVICE_CONTEXT, "device_context", None)  # noqa: SLF001
    return context.device if context else None


def _eager() -> Any:
    """What torch.compile has made runs as it was written; nothing is compiled if that is unused."""
    if "torch._dynamo" not in sys.modules:
        return nullcontext()
    return torch.compiler.set_stance("force_eager")


@contextmanager
def uncollected() -> Iterator[None]:
    """Without the garbage collector: to go through all of torch takes longer than most traces."""
    enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if enabled:
            gc.enable()


class _Saved:
    """The attributes of one part, and what is in its lists, sets and dicts."""

    __slots__ = ("attributes", "containers", "kind", "owner", "part", "training")

    def __init__(self, part: nn.Module) -> None:
        self.part, self.kind = part, type(part)
        self.owner = vars(part)
        self.attributes = dict(self.owner)
        self.containers: list[tuple[Any, Any]] = []
        _save(self.attributes.values(), self.containers)
        self.training = getattr(part, "training", None)  # none in frozen TorchScript

    def unsettle(self) -> None:
        """Give a part others for what it has not made yet: making it changes it for good."""
        if not isinstance(self.part, LazyModuleMixin):
            return
        for places in (self.owner["_parameters"], self.owner["_buffers"]):
            for name, tensor in places.items():
                if is_lazy(tensor):
                    kind: Any = type(tensor)
                    places[name] = kind(device="meta", dtype=tensor.dtype)

    def set_back(self) -> None:
        if type(self.part) is not self.kind:
            self.part.__class__ = self.kind
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
        if isinstance(self.part, torch.jit.ScriptModule) and self.training is not None:
            self.part.training = self.training  # out of sight, in C++


def _save(values: Iterable[Any], saved: list[tuple[Any, Any]]) -> None:
    """What containers hold, and those in them."""
    for value in values:
        holds = _HOLDS.get(type(value))
        if holds is None:
            holds = _HOLDS[type(value)] = isinstance(value, CONTAINERS)
        if not holds:
            continue
        saved.append((value, value.copy() if value else None))
        if value:
            inside = value.values() if isinstance(value, dict) else value
            nested = [one for one in inside if type(one) in CONTAINERS]
            if nested:
                _save(nested, saved)
