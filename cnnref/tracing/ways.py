"""The ways of a trace: by shapes, or on tensors that have values."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

from cnnref.tracing.ledger import Ledger
from cnnref.tracing.recorder import Recorder
from cnnref.tracing.twins import Twin, as_map, on_meta

__all__ = ["SHAPES", "Way"]


class Way(NamedTuple):
    """What stands for the tensors of the module and of its inputs, and who writes the rows."""

    module: Twin = on_meta
    inputs: Twin = as_map
    ledger: Callable[..., Ledger] = Ledger
    recorder: Callable[..., Recorder] = Recorder


SHAPES = Way()
