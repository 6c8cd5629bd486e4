"""Faults in the PyTorch models: each is planted in a traced run and compared from its row on.

A clean run numbers every call of a module and of a function that makes a row, and keeps what it
returned. To plant a fault the model runs again: calls that ended before it are answered from the
clean run, the faulty call and all that follow run in earnest, and each row is compared with the
spec's, until one differs or the table is whole. A run may end early where a call returns just
what it returned in the clean run (its rows, the kind of its output, and which rows made the maps
that it leaves behind): from there on both runs are one. For that, `forward` may keep nothing
outside its own variables, which a test of the models' sources says.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from typing import Any, ClassVar, NamedTuple

import torch
from faults_change import LIVE, MISSED, REFUSED
from faults_spec import differs, shape
from faults_tensors import REFUSALS, Function, RememberingShapes, aliases, kind, tensors
from torch import nn
from torch.utils._pytree import tree_flatten

from cnnref.architecture import Size
from cnnref.layer import Layer
from cnnref.rules import RULES, Found
from cnnref.tracing import _Recorder

__all__ = ["Event", "Fault", "Run", "watching"]


class Event(NamedTuple):
    """One call in the clean run: of a module, or of a function that a rule knows.

    number, end: its place in the order of calls, and that of the first call behind it.
    row, last: how many rows there were when it began, and when it had returned.
    around: the numbers of the calls of modules around it, the innermost last.
    """

    number: int
    end: int
    row: int
    last: int
    around: tuple[int, ...]
    callee: Any
    args: tuple[Any, ...]
    kwargs: dict[str, Any]
    result: Any


class Fault(NamedTuple):
    """What goes wrong at one call, in words.

    make: from what is called, what is called instead; it gets the same arguments.
    """

    number: int
    what: str
    make: Callable[[Function], Function]


class _End(Exception):  # noqa: N818 - it ends a run, and is no error
    """The outcome of a run is known."""

    def __init__(self, outcome: str) -> None:
        super().__init__(outcome)
        self.outcome = outcome


class Run(_Recorder):
    """The model of one network at one size, beside the rows of its spec."""

    on: ClassVar[Run | None] = None

    def __init__(self, name: str, module: nn.Module, size: Size, truth: tuple[Layer, ...]) -> None:
        super().__init__(module)
        self.shapes = RememberingShapes()
        self.name, self.module, self.size, self.truth = name, module, size, truth
        self.image = torch.empty(1, *shape(size), device="meta")
        self.events: list[Event] = []
        self._clock: float = 0
        self._around: tuple[int, ...] = ()
        self._number, self._make = -1, _nothing
        self._wrote: list[tuple[int, ...]] = []  # by row: the tensors that it made or overwrote
        self._learnt: list[tuple[int, ...]] = []  # by row: the weights that it counted
        self._undo: list[tuple[int, int | None]] = []
        self._forget: set[int] = set()
        self._clean()

    def _clean(self) -> None:
        self.feed(self.image)
        with self._watched():
            self.module(self.image)
        if differs(self.layers, self.truth, 0) or len(self.layers) != len(self.truth):
            raise SystemExit(f"{self.name} at {self.size}: the books differ; mend that first.")
        self.events.sort(key=lambda event: event.number)
        self._rows = tuple(self.layers)
        self._born = {id(self.image): -1}
        for row, wrote in enumerate(self._wrote):
            for tensor in wrote:
                self._born.setdefault(tensor, row)

    def where(self, number: int) -> str:
        """The path of a call's module, with the function that is called there."""
        event = self.events[number]
        if isinstance(event.callee, nn.Module):
            return self._paths[id(event.callee)]
        path = self._paths[id(self.events[event.around[-1]].callee)]
        return f"{path}.{event.callee.__name__}".lstrip(".")

    def outcome(self, fault: Fault) -> str:
        """What comes of a fault at this size: refused, live, or missed."""
        event = self.events[fault.number]
        self._stand_at(event.row)
        kept = len(self._kept)
        self._clock, self._number = 0, fault.number
        try:
            self._make = fault.make
            if isinstance(event.callee, nn.Module):
                # made here, where nothing is recorded
                made = fault.make(event.callee)
                self._make = lambda _: made
            with self._watched():
                self.module(self.image)
        except _End as end:
            return end.outcome
        except REFUSALS:
            return REFUSED
        else:
            return MISSED if len(self.layers) == len(self.truth) else LIVE
        finally:
            self._go_back(event.row)
            del self._kept[kept:]

    @contextmanager
    def _watched(self) -> Iterator[None]:
        Run.on = self
        try:
            with torch.no_grad(), self:
                yield
        finally:
            Run.on = None

    # --- what happens at a call ------------------------------------------------------------------

    def visit(self, callee: Any, call: Function, args: Any, kwargs: dict[str, Any]) -> Any:
        """A call of a module or of a function: noted, answered, spoilt or let through."""
        number = self._clock
        if self._number < 0:
            return self._noted(callee, call, args, kwargs)
        if number > self._number:
            return call(*args, **kwargs)
        event = self.events[int(number)]
        if event.end <= self._number:
            self._clock = event.end
            return event.result
        if number == self._number:
            self._clock = math.inf
            result = self._make(call)(*args, **kwargs)
        else:
            self._clock += 1
            result = call(*args, **kwargs)
        self._compare_state(event, result)
        return result

    def _noted(self, callee: Any, call: Function, args: Any, kwargs: dict[str, Any]) -> Any:
        number, row, around = int(self._clock), len(self.layers), self._around
        self._clock += 1
        if isinstance(callee, nn.Module):
            self._around = (*around, number)
        result = call(*args, **kwargs)
        self._around = around
        span = (number, int(self._clock), row, len(self.layers))
        self.events.append(Event(*span, around, callee, args, kwargs, result))
        return result

    def __torch_function__(
        self, func: Function, types: object, args: Any = (), kwargs: dict[str, Any] | None = None
    ) -> Any:
        def call(*args: Any, **kwargs: Any) -> Any:
            return _Recorder.__torch_function__(self, func, types, args, kwargs)

        if func not in RULES:
            return call(*args, **kwargs or {})
        return self.visit(func, call, args, kwargs or {})

    def record(self, found: Found, result: Any) -> None:
        """Add a row; behind a fault, compare it."""
        wrote = tuple(map(id, tensors(result)))
        weights = [id(part) for part in (found.weight, found.bias) if part is not None]
        if self._number >= 0:
            self._undo += [(tensor, self._producers.get(tensor)) for tensor in wrote]
            self._forget.update(set(weights) - self._counted)
            super().record(found, result)
            if differs(self.layers, self.truth, len(self.layers) - 1):
                raise _End(LIVE)
            return
        if not self._counted.isdisjoint(weights):
            raise SystemExit(f"{self.name}: two rows share a weight, which is not provided for.")
        super().record(found, result)
        self._wrote.append(wrote)
        self._learnt.append(tuple(weights))

    # --- the state between two calls -------------------------------------------------------------

    def _stand_at(self, row: int) -> None:
        """The state of the clean run when it had this many rows."""
        if row < len(self.layers):
            self._producers = {id(self.image): -1}
            self._counted = set()
            self.layers.clear()
        for number in range(len(self.layers), row):
            self._producers.update(dict.fromkeys(self._wrote[number], number))
            self._counted.update(self._learnt[number])
            self.layers.append(self._rows[number])

    def _go_back(self, row: int) -> None:
        for tensor, before in reversed(self._undo):
            if before is None:
                self._producers.pop(tensor, None)
            else:
                self._producers[tensor] = before
        self._counted -= self._forget
        self._undo.clear()
        self._forget.clear()
        del self.layers[row:]

    def _compare_state(self, event: Event, result: Any) -> None:
        """End the run where the clean run had the same rows and left the same behind."""
        if len(self.layers) != event.last:
            return
        clean = dict(self._written_by(event))
        given = list(map(id, tensors((event.args, event.kwargs))))
        was, now = tensors(event.result), tensors(result)
        same = (
            tree_flatten(event.result)[1] == tree_flatten(result)[1]
            and [kind(one) for one in was] == [kind(one) for one in now]
            and aliases(given, was) == aliases(given, now)
            and [clean.get(id(one), self._standing(id(one))) for one in was]
            == [self._producers.get(id(one)) for one in now]
        )
        # what was made inside is gone when the call has returned, but for what it returns
        touched = {*clean, *(tensor for tensor, _ in self._undo)}
        outside = (one for one in touched if self._born.get(one, math.inf) < event.row)
        if same and all(
            self._producers.get(one) == clean.get(one, self._standing(one)) for one in outside
        ):
            raise _End(MISSED)

    def _written_by(self, event: Event) -> Iterator[tuple[int, int]]:
        for row in range(event.row, event.last):
            yield from ((tensor, row) for tensor in self._wrote[row])

    def _standing(self, tensor: int) -> int | None:
        """Which row had made a tensor when the fault was reached."""
        before = (row for one, row in self._undo if one == tensor)
        return next(before, self._producers.get(tensor))


def _nothing(_: Function) -> Function:
    raise AssertionError("a run without a fault has nothing in place of a call")


@contextmanager
def watching() -> Iterator[None]:
    """Every call of a module goes through the run that is on, if any; runs work inside only.

    Once for many runs: Python takes long to put a new method in the place of `__call__`.
    """
    plain = nn.Module.__call__

    def call(module: nn.Module, *args: Any, **kwargs: Any) -> Any:
        if Run.on is None:
            return plain(module, *args, **kwargs)
        return Run.on.visit(module, partial(plain, module), args, kwargs)

    nn.Module.__call__ = call
    try:
        yield
    finally:
        nn.Module.__call__ = plain
