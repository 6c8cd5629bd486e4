"""Faults in the PyTorch models: each is planted in the model itself, which is then traced.

A clean pass notes every call of a layer and of a function that makes a row. A fault puts
another module in a layer's place, or another function at one call. What it does is looked at in
the smallest part of the network around it: the part is traced alone, with and without the
fault, on maps of the shapes that it gets in the network. Its rows without the fault have been
found to be those of the spec, so a row that differs there differs in the network too. Behind
the part stand probes, which tell which row made what it returns and what it was given: where
they are as before as well, the rest of the network cannot tell. Where only a probe differs, the
whole network is traced. What is not seen on one image is looked at once more on two. A part
that is just like an earlier one (its modules, its rows alone, the map that it gets) is not
looked at again.
"""

from __future__ import annotations

import warnings
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from functools import cached_property
from typing import Any, NamedTuple

import torch
from torch import Tensor, nn
from torch.overrides import TorchFunctionMode

import cnnref
from cnnref.counting.layer import Layer
from cnnref.networks.architecture import Size
from cnnref.tracing.rules import FUNCTIONS
from cnnref.tracing.trace import UncountedWarning
from proofs.planted.change import LIVE, MISSED, REFUSED
from proofs.planted.layers import Function, tensors
from proofs.planted.spec import differs, shape
from proofs.planted.watch import Event, Part, Watch

__all__ = ["Fault", "Run"]

# what torch raises where shapes do not fit; a stride of zero is a division by zero on meta
REFUSALS = (RuntimeError, ValueError, TypeError, IndexError, AttributeError, ZeroDivisionError)


UNCERTAIN = "uncertain"
# what came of a fault in a part, by what the part is: deep networks are of a few blocks
_KNOWN: dict[object, str] = {}


class Fault(NamedTuple):
    """What goes wrong at one call, in words.

    make: from what is called, what is called instead; it gets the same arguments.
    """

    number: int
    what: str
    make: Callable[[Function], Function]


class Run:
    """The model of one network at one size, beside the rows of its spec."""

    def __init__(self, name: str, module: nn.Module, size: Size, truth: tuple[Layer, ...]) -> None:
        self.name, self.module, self.size, self.truth = name, module, size, truth
        self.image = torch.empty(1, *shape(size), device="meta")
        self._alone: dict[int, tuple[list[Layer], list[Layer]]] = {}
        self._kinds: dict[int, object] = {}
        watch = Watch()
        with watch.modules(module):
            self._rows = _traced(module, self.image, watch)
        self.events, self.parts = watch.events, watch.parts
        if len({part.path for part in self.parts}) < len(self.parts):
            raise SystemExit(f"{name}: a part of it runs twice, which is not provided for.")
        if not _same(self._rows, truth):
            raise SystemExit(f"{name} at {size}: the books differ; mend that first.")

    def where(self, number: int) -> str:
        """The path of a layer, or of a module with the function that it calls."""
        event = self.events[number]
        if isinstance(event.callee, nn.Module):
            return event.path
        return f"{event.path}.{event.callee.__name__}".lstrip(".")

    @cached_property
    def row(self) -> dict[int, int]:
        """The row that each event made; not every one makes a row."""
        found: dict[int, int] = {}
        number = 0
        for event in self.events:
            if number == len(self._rows):
                break
            name = self._rows[number].name.partition("#")[0].removeprefix("net.")
            layer = isinstance(event.callee, nn.Module)
            if event.path == (name if layer else name.rpartition(".")[0]):
                found[event.number] = number
                number += 1
        if number != len(self._rows):
            raise SystemExit(f"{self.name}: nothing made row {self._rows[number].name}.")
        return found

    def outcome(self, fault: Fault) -> str:
        """What comes of a fault at this size: refused, live, or missed."""
        event = self.events[fault.number]
        part = self.parts[event.part]
        place = event.path[len(part.path) :], event.turn - part.calls[_counted(event)]
        asked = (self._like(event.part), place, _counted(event) == "", fault.what)
        if asked not in _KNOWN:
            _KNOWN[asked] = self._answered(lambda: self._local(fault))
        if _KNOWN[asked] != UNCERTAIN:
            return _KNOWN[asked]
        return self._answered(lambda: LIVE if self._in_the_whole(fault) else MISSED)

    def _answered(self, look: Callable[[], str]) -> str:
        try:
            return look()
        except REFUSALS:
            return REFUSED

    def _local(self, fault: Fault) -> str:
        """What comes of a fault in the part around it, where that tells."""
        number = self.events[fault.number].part
        clean, probes = self._clean(number)
        rows, seen = _split(self._with(fault, self.parts[number]))
        if not _same(rows, clean):
            return LIVE
        if seen != probes:
            return UNCERTAIN
        return LIVE if self._in_two(fault) else MISSED

    def _in_two(self, fault: Fault) -> bool:
        """Whether a row differs where the network is given two images at once."""
        part = self.parts[self.events[fault.number].part]
        both = part._replace(given=torch.cat((part.given, part.given)))
        return not _same(self._with(fault, both), _traced(part.module, both.given, probed=True))

    def _in_the_whole(self, fault: Fault) -> bool:
        rows, _ = _split(self._with(fault, self.parts[0]))
        return not _same(rows, self.truth) or self._in_two(fault)

    def _like(self, number: int) -> object:
        """What a part is: parts that are alike answer alike."""
        if number not in self._kinds:
            part, (rows, probes) = self.parts[number], self._clean(number)
            made = (type(part.module), repr(part.module), part.given.shape)
            self._kinds[number] = (*made, tuple(rows), tuple(probes))
        return self._kinds[number]

    def _clean(self, number: int) -> tuple[list[Layer], list[Layer]]:
        """The rows of a part alone, and its probes; the rows are those of the spec."""
        if number not in self._alone:
            part = self.parts[number]
            rows, probes = _split(_traced(part.module, part.given, probed=True))
            start = next(
                place
                for place, row in enumerate(self._rows)
                if not part.path or row.name.removeprefix("net.").startswith(part.path + ".")
            )
            for place, row in enumerate(rows, start):
                feeds = tuple(max(source - start, -1) for source in self.truth[place].inputs)
                if differs([row], (self.truth[place]._replace(inputs=feeds),), 0):
                    raise SystemExit(f"{self.name}, {part.path}: row {row.name} differs alone.")
            self._alone[number] = rows, probes
        return self._alone[number]

    def _with(self, fault: Fault, part: Part) -> list[Layer]:
        """The rows of a part with a fault in it, and its probes."""
        event = self.events[fault.number]
        turn = event.turn - part.calls[_counted(event)]
        if not isinstance(event.callee, nn.Module):
            watch = _Plant(turn, fault.make)
            return _traced(part.module, part.given, watch, probed=True)
        with _replaced(self.module, event.path, turn, fault.make(event.callee)):
            return _traced(part.module, part.given, probed=True)


def _counted(event: Event) -> str:
    """By what name its calls are counted: a layer's path, "" for all functions together."""
    return event.path if isinstance(event.callee, nn.Module) else ""


# --- tracing -------------------------------------------------------------------------------------


class _Probed(nn.Module):
    """A part of a network, and behind it a ReLU on whatever it returns and was given."""

    def __init__(self, net: nn.Module, watch: TorchFunctionMode | None, probed: bool) -> None:
        super().__init__()
        self.net, self.watch, self.probed = net, watch, probed

    def forward(self, x: Tensor) -> Any:
        if self.watch is None:
            result = self.net(x)
        else:
            with self.watch:
                result = self.net(x)
        if self.probed:
            for leaf in (*tensors(result), x):
                torch.relu(leaf)
        return result


def _traced(
    net: nn.Module, given: Tensor, watch: TorchFunctionMode | None = None, *, probed: bool = False
) -> list[Layer]:
    with warnings.catch_warnings():
        # a row that no rule counts differs from the one that was there
        warnings.simplefilter("ignore", UncountedWarning)
        return list(cnnref.trace(_Probed(net, watch, probed), inputs=torch.empty_like(given)))


def _same(rows: Sequence[Layer], others: Sequence[Layer]) -> bool:
    return len(rows) == len(others) and not differs(list(rows), tuple(others), 0)


def _split(rows: list[Layer]) -> tuple[list[Layer], list[Layer]]:
    """The rows of a part, and those of the probes behind it."""
    probes = [row for row in rows if not row.name.startswith("net")]
    return rows[: len(rows) - len(probes)], probes


@contextmanager
def _replaced(module: nn.Module, path: str, turn: int, other: nn.Module) -> Iterator[None]:
    """Another module in a layer's place, at one of its calls."""
    above, _, name = path.rpartition(".")
    place = module.get_submodule(above)
    before = place.get_submodule(name)
    place.register_module(name, _Turn(before, other, turn))
    try:
        yield
    finally:
        place.register_module(name, before)


class _Turn(nn.Module):
    """A layer that is another one at one of its calls."""

    def __init__(self, before: nn.Module, other: nn.Module, turn: int) -> None:
        super().__init__()
        self.before, self.other, self.turn = before, other, turn
        self.calls = 0

    def forward(self, *args: Any) -> Any:
        self.calls += 1
        return (self.other if self.calls == self.turn + 1 else self.before)(*args)


class _Plant(TorchFunctionMode):
    """Puts a fault at one of the calls of functions that have a rule."""

    def __init__(self, turn: int, make: Callable[[Function], Function]) -> None:
        super().__init__()
        self._turn, self._make, self._calls = turn, make, 0

    def __torch_function__(
        self, func: Function, types: object, args: Any = (), kwargs: dict[str, Any] | None = None
    ) -> Any:
        if func in FUNCTIONS:
            self._calls += 1
            if self._calls == self._turn + 1:
                return self._make(func)(*args, **(kwargs or {}))
        return func(*args, **(kwargs or {}))
