"""The calls of one forward pass: which rows of the table each makes, and how long each takes."""

from __future__ import annotations

import time
from collections.abc import Callable
from statistics import median
from typing import Any, NamedTuple

import torch
from torch import Tensor, nn
from torch.overrides import TorchFunctionMode

from cnnref.measuring.isolation import synchronize
from cnnref.measuring.subject import Inputs, Subject
from cnnref.tables.table import Table
from cnnref.tracing.constants import NeedsDataError
from cnnref.tracing.inside import INSIDE
from cnnref.tracing.isolation.process import unfused
from cnnref.tracing.ledger import Ledger
from cnnref.tracing.recorder import Recorder
from cnnref.tracing.rules import tensors
from cnnref.tracing.trace import SHAPES, arguments, recorded

__all__ = [
    "Pass",
    "UsedWeights",
    "failing",
    "first_not_finite",
    "output_bytes",
    "ran",
    "traced",
]

# passes for the times of the layers
FEWEST, MOST = 4, 100

Function = Callable[..., Any]


class Pass(NamedTuple):
    """A traced forward pass.

    table: its rows, of one image, or of the whole batch where the inputs were given.
    functions: what it called, in order.
    rows: for each call, the numbers of the first row that it made and of the first after it.
    """

    table: Table
    functions: tuple[Function, ...]
    rows: tuple[tuple[int, int], ...]
    whole_batch: bool


def traced(module: nn.Module, shape: tuple[int, ...], inputs: Inputs) -> Pass | None:
    """The rows of one call and which function made which, without running it.

    None where its path depends on the values of feature maps.
    """
    recorders: list[_Numbered] = []

    def recorder(ledger: Ledger) -> Recorder:
        recorders.append(_Numbered(ledger))
        return recorders[0]

    try:
        way = SHAPES._replace(recorder=recorder)
        table = recorded(module, *arguments(module, shape, inputs), way)
    except NeedsDataError:
        return None
    made = recorders[0]
    return Pass(table, tuple(made.functions), tuple(made.rows), inputs is not None)


class _Numbered(Recorder):
    """Knows for each call which rows it made."""

    def __init__(self, ledger: Ledger) -> None:
        super().__init__(ledger)
        self.functions: list[Function] = []
        self.rows: list[tuple[int, int]] = []

    def __torch_function__(
        self,
        func: Function,
        types: object,
        args: tuple[Any, ...] = (),
        kwargs: dict[str, Any] | None = None,
    ) -> Any:
        first = len(self._ledger.layers)
        result = super().__torch_function__(func, types, args, kwargs)
        if func not in INSIDE:
            self.functions.append(func)
            self.rows.append((first, len(self._ledger.layers)))
        return result


def ran(subject: Subject, found: Pass, seconds: float) -> list[float] | None:
    """Each row's median seconds, from passes with a clock between the calls that make rows.

    A call that makes several rows gives its time to the one with the most MACs. None where the
    module does not call what the trace saw it call.
    """
    passes: list[list[float]] = []
    until = time.perf_counter() + seconds
    while len(passes) < FEWEST or (time.perf_counter() < until and len(passes) < MOST):
        clock = _clocked(subject, found)
        if clock.functions != list(found.functions):
            return None
        passes.append(clock.seconds())
    rows = [0.0] * len(found.table)
    # the first pass warms up
    for (first, end), *times in zip(found.rows, *passes[1:], strict=True):
        if first < end:
            heaviest = max(range(first, end), key=lambda number: found.table[number].macs)
            rows[heaviest] += median(times)
    return rows


def output_bytes(subject: Subject, found: Pass) -> int | None:
    """Bytes that the calls with rows hand on, for one image; None where others were called."""
    was = subject.module.training
    clock = _clocked(subject._replace(module=subject.module.eval()), found)
    subject.module.train(was)
    if clock.functions != list(found.functions):
        return None
    return sum(clock.bytes) // subject.batch_size


def _clocked(subject: Subject, found: Pass) -> _Clock:
    clock = _Clock(found, next(tensors((subject.args, subject.kwargs))).device)
    # as the trace saw it
    with unfused(), torch.inference_mode(), clock:
        subject.forward()
    return clock


class _Clock(TorchFunctionMode):
    """Takes the time of each call that makes rows, and the bytes that it hands on."""

    def __init__(self, found: Pass, device: torch.device) -> None:
        super().__init__()
        self.functions: list[Function] = []
        self.bytes: list[int] = []
        self._timed = [first < end for first, end in found.rows]
        self._device = device
        self._marks: list[tuple[Any, Any] | None] = []

    def __torch_function__(
        self,
        func: Function,
        types: object,
        args: tuple[Any, ...] = (),
        kwargs: dict[str, Any] | None = None,
    ) -> Any:
        kwargs = kwargs or {}
        if func in INSIDE:
            with self:
                return INSIDE[func](*args, **kwargs)
        number = len(self.functions)
        self.functions.append(func)
        if number >= len(self._timed) or not self._timed[number]:
            self._marks.append(None)
            self.bytes.append(0)
            return func(*args, **kwargs)
        started = self._mark()
        result = func(*args, **kwargs)
        self._marks.append((started, self._mark()))
        self.bytes.append(sum(leaf.numel() * leaf.element_size() for leaf in tensors((result,))))
        return result

    def _mark(self) -> Any:
        """Now, or on a card the moment when it gets so far."""
        if self._device.type == "cuda":
            event = torch.cuda.Event(enable_timing=True)
            event.record()
            return event
        synchronize(self._device)
        return time.perf_counter()

    def seconds(self) -> list[float]:
        """The time of each call; 0 for those that make no row."""
        synchronize(self._device)
        return [0.0 if mark is None else self._between(*mark) for mark in self._marks]

    def _between(self, start: Any, end: Any) -> float:
        if self._device.type == "cuda":
            return float(start.elapsed_time(end)) / 1e3
        return float(end - start)


class UsedWeights(TorchFunctionMode):
    """Sees which parameters a pass uses: a head that does not run has no part in it."""

    def __init__(self) -> None:
        super().__init__()
        self._seen: dict[int, nn.Parameter] = {}

    def __torch_function__(
        self,
        func: Function,
        types: object,
        args: tuple[Any, ...] = (),
        kwargs: dict[str, Any] | None = None,
    ) -> Any:
        for part in tensors((args, kwargs or {})):
            if isinstance(part, nn.Parameter):
                self._seen[id(part)] = part
        return func(*args, **(kwargs or {}))

    @property
    def elements(self) -> int:
        """How many numbers they are, each counted once."""
        return sum(part.numel() for part in self._seen.values())


def first_not_finite(subject: Subject, found: Pass) -> str:
    """The name of the first row whose output is not finite; "" where all are."""
    watch = _Finite(found)
    with torch.no_grad(), watch:
        subject.forward()
    return watch.name


def failing(subject: Subject, found: Pass, mode: str) -> str:
    """The name of the row in which a step fails, when it is run again; "" where that is unknown."""
    watch = _Finite(found)
    try:
        with watch:
            subject.step(mode)()
    except Exception:
        return watch.failed
    return ""


class _Finite(TorchFunctionMode):
    """Knows which row's call failed, and the first whose output is not finite.

    Calls that the trace did not see, as those of training, are passed over.
    """

    def __init__(self, found: Pass) -> None:
        super().__init__()
        self.name = self.failed = ""
        self._found = found
        self._number = 0

    def __torch_function__(
        self,
        func: Function,
        types: object,
        args: tuple[Any, ...] = (),
        kwargs: dict[str, Any] | None = None,
    ) -> Any:
        if func in INSIDE:
            with self:
                return INSIDE[func](*args, **(kwargs or {}))
        row = self._row(func)
        try:
            result = func(*args, **(kwargs or {}))
        except Exception:
            self.failed = self.failed or row
            raise
        if row and not self.name and not all(map(_finite, tensors((result,)))):
            self.name = row
        return result

    def _row(self, func: Function) -> str:
        """The name of the row that a call makes; "" where it makes none."""
        if self._number >= len(self._found.rows) or func != self._found.functions[self._number]:
            return ""
        first, end = self._found.rows[self._number]
        self._number += 1
        return self._found.table[first].name if first < end else ""


def _finite(tensor: Tensor) -> bool:
    return not tensor.is_floating_point() or bool(torch.isfinite(tensor).all())
