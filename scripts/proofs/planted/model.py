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
from functools import cached_property, lru_cache
from inspect import signature
from typing import Any, NamedTuple

import torch
from torch import Tensor, nn
from torch.overrides import TorchFunctionMode

import cnnref
from cnnref.counting.layer import Layer
from cnnref.counting.shapes import Size
from cnnref.errors import UncountedWarning
from cnnref.tracing.rules import FUNCTIONS
from proofs.planted.change import LIVE, MISSED, REFUSED, Variant, variants
from proofs.planted.layers import Function, kind, leaf, numbers, tensors
from proofs.planted.spec import differs, shape
from proofs.planted.watch import Event, Part, Watch

__all__ = [
    "Fault",
    "Run",
    "faults",
    "idle",
    "rebuilt",
]


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
                if not part.path or f"{row.name.removeprefix('net.')}.".startswith(f"{part.path}.")
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
        faulty: Any = fault.make(event.callee)
        with _replaced(self.module, event.path, turn, faulty):
            return _traced(part.module, part.given, probed=True)


def _counted(event: Event) -> str:
    """By what name its calls are counted: a layer's path, "" for all functions together."""
    return event.path if isinstance(event.callee, nn.Module) else ""


class _Probed(nn.Module):
    """A part of a network, and behind it a ReLU on whatever it returns and was given."""

    def __init__(self, net: nn.Module, watch: TorchFunctionMode | None, probed: bool) -> None:
        super().__init__()
        self.net, self.watch, self.probed = net, watch, probed

    def forward(self, x: Tensor) -> Any:
        if isinstance(self.watch, Watch):
            self.watch.follow(self.net)
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


# of these a whole number stands for height and width
SIZED = ("kernel_size", "stride", "padding", "dilation", "output_size")
Change = Callable[[list[Any], dict[str, Any]], list[Any]]
JOINS = {torch.cat, torch.add, Tensor.add, Tensor.add_, Tensor.__add__, Tensor.__iadd__}


def faults(run: Run) -> Iterator[Fault]:
    """Every fault of a model, in the order of its calls."""
    for event in run.events:
        yield from of_layer(event) if leaf(event.callee) else of_function(event)


def idle(run: Run) -> set[str]:
    """The paths of modules with numbers that do not run."""
    ran = {id(event.callee) for event in run.events}
    return {path for path, part in run.module.named_modules() if leaf(part) and id(part) not in ran}


def of_layer(event: Event) -> Iterator[Fault]:
    """Each number of a layer changed; the layer gone, and there twice."""
    for name in numbers(event.callee):
        for variant in variants(_number(event.callee, name), sizes=name in SIZED):
            made = _with(name, variant.value)
            yield Fault(event.number, f"{name} {variant.words}", made)
    yield Fault(event.number, "dropped", lambda _: nn.Identity())
    yield Fault(event.number, "twice", _twice)


def _twice(module: Any) -> nn.Module:
    return nn.Sequential(module, rebuilt(module))


def _with(name: str, value: Any) -> Callable[[Any], nn.Module]:
    return lambda module: rebuilt(module, **{name: value})


def rebuilt(module: nn.Module, **changed: Any) -> nn.Module:
    """A module like another, with numbers changed, where the other's weights are."""
    given = {name: _number(module, name) for name in numbers(module)} | changed
    place = next((weight.device for weight in module.parameters()), torch.device("meta"))
    # a class is hashable, of which mypy is not sure
    of: Any = kind(module)
    return _made(of, tuple(given.items()), place, module.training)


@lru_cache(maxsize=4096)
def _made(
    kind: type[nn.Module], given: tuple[tuple[str, Any], ...], place: torch.device, training: bool
) -> nn.Module:
    # a deep network asks for the same few modules again and again
    with place, warnings.catch_warnings():
        # a fault may leave a layer without a weight
        warnings.filterwarnings("ignore", "Initializing zero-element tensors")
        return kind(**dict(given)).train(training)


def _number(module: Any, name: str) -> Any:
    value = getattr(module, name)
    return value is not None if name == "bias" else value


def of_function(event: Event) -> Iterator[Fault]:
    """Each number of a call changed; a join's maps exchanged, or one left out; dropped, twice."""
    if event.callee in JOINS:
        yield from _of_join(event)
        return
    for what, change in _changes(event):
        yield Fault(event.number, what, _calling(change))
    yield Fault(event.number, "dropped", lambda _: lambda first, *_, **__: first)
    yield Fault(event.number, "twice", _calling_twice)


def _calling(change: Change) -> Callable[[Function], Function]:
    def make(call: Function) -> Function:
        return lambda *args, **kwargs: call(*change(list(args), kwargs), **kwargs)

    return make


def _calling_twice(call: Function) -> Function:
    return lambda *args, **kwargs: call(call(*args, **kwargs), *args[1:], **kwargs)


def _changes(event: Event) -> Iterator[tuple[str, Change]]:
    """Other values in place of each argument that is a number, given or by default."""
    stated = signature(FUNCTIONS[event.callee]).parameters.values()
    named = [one for one in stated if one.kind is one.POSITIONAL_OR_KEYWORD][1:]
    for place, value in enumerate(event.args):
        name = named[place].name if place < len(named) else f"argument {place}"
        for variant in _values(value, sizes=name in SIZED):
            yield f"{name} {variant.words}", _in_place(place, variant.value)
    defaults = {one.name: one.default for one in named[len(event.args) :]}
    for name, value in (defaults | event.kwargs).items():
        for variant in _values(value, sizes=name in SIZED):
            yield f"{name} {variant.words}", _by_name(name, variant.value)


def _values(value: Any, *, sizes: bool = False) -> Iterator[Variant]:
    if isinstance(value, tuple) and any(isinstance(axis, slice) for axis in value):
        yield from _slices(value)
    elif isinstance(value, int | float) or _whole(value):
        yield from variants(tuple(value) if isinstance(value, list) else value, sizes=sizes)


def _whole(value: Any) -> bool:
    return isinstance(value, tuple | list) and all(isinstance(axis, int) for axis in value)


def _slices(index: tuple[slice, ...]) -> Iterator[Variant]:
    # the first axis counts images, and a table is of one
    for place, axis in list(enumerate(index))[1:]:
        start, step = axis.start or 0, axis.step or 1
        others = {
            "step +1": slice(axis.start, axis.stop, step + 1),
            "from +1": slice(start + 1, axis.stop, step),
        }
        for words, other in others.items():
            changed = (*index[:place], other, *index[place + 1 :])
            yield Variant(f"{words} on axis {place}", changed)


def _in_place(place: int, value: Any) -> Change:
    return lambda args, _: [*args[:place], value, *args[place + 1 :]]


def _by_name(name: str, value: Any) -> Change:
    def change(args: list[Any], kwargs: dict[str, Any]) -> list[Any]:
        kwargs[name] = value
        return args

    return change


def _left(place: int) -> Callable[[Function], Function]:
    return lambda _: lambda *args, **__: _maps(args)[place]


def _of_join(event: Event) -> Iterator[Fault]:
    stacked = not isinstance(event.args[0], Tensor)
    count = len(event.args[0]) if stacked else 2
    for place in range(count):
        what = f"dropped, only map {place} is left"
        yield Fault(event.number, what, _left(place))
    orders = {
        "first two maps exchanged": (1, 0, *range(2, count)),
        "first map read twice": (0, 0, *range(2, count)),
        "last map left out": tuple(range(count - 1)),
    }
    for what, order in orders.items():
        if len(order) > 1:
            yield Fault(event.number, what, _joining(order))
    if stacked:
        for what, change in _changes(event):
            yield Fault(event.number, what, _calling(change))
    yield Fault(event.number, "twice", _joining_twice)


def _maps(args: tuple[Any, ...]) -> tuple[Tensor, ...]:
    return args[:2] if isinstance(args[0], Tensor) else tuple(args[0])


def _joined(call: Function, args: tuple[Any, ...], maps: list[Tensor], kwargs: Any) -> Any:
    if isinstance(args[0], Tensor):
        return call(*maps, *args[2:], **kwargs)
    return call(maps, *args[1:], **kwargs)


def _joining(order: tuple[int, ...]) -> Callable[[Function], Function]:
    def make(call: Function) -> Function:
        def run(*args: Any, **kwargs: Any) -> Any:
            maps = _maps(args)
            return _joined(call, args, [maps[place] for place in order], kwargs)

        return run

    return make


def _joining_twice(call: Function) -> Function:
    def run(*args: Any, **kwargs: Any) -> Any:
        first = call(*args, **kwargs)
        return _joined(call, args, [first, *_maps(args)[1:]], kwargs)

    return run
