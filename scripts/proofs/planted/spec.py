"""Faults in the specs: each is planted where it stands and compared from its row on.

Every row before a fault is the spec's own, which equals the model's; so the two tables first
differ at the row of the fault or behind it. A changed number or a doubled operator is tried
in place. Where its own rows do not tell, and where an operator is dropped, the spec runs
anew: rows before the fault are taken over, all others are laid out and compared with the
model's, until one differs or the table is whole.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from importlib import import_module
from inspect import Signature, isfunction, signature
from typing import Any, NamedTuple, get_type_hints

from cnnref.counting.layer import Layer
from cnnref.counting.shapes import Size
from cnnref.errors import CnnrefError
from cnnref.net import FeatureMap, Net
from cnnref.networks.architecture import Architecture
from cnnref.tables.comparison import row_differences
from proofs.planted.change import LIVE, MISSED, REFUSED, Variant, variants

__all__ = [
    "SIGNATURES",
    "Call",
    "Fault",
    "Plot",
    "differs",
    "faults",
    "shape",
    "sizes",
]


Method = Callable[..., Any]
# what a method of Net returns that lays out a layer: its map, or the map once for each part of it
MADE = (FeatureMap, tuple[FeatureMap, ...])
METHODS: dict[str, Method] = {
    name: method
    for name, method in vars(Net).items()
    if isfunction(method) and get_type_hints(method).get("return") in MADE and name[0] != "_"
}
# the options that are a size: one number, or a height and a width
SIZED = {
    (name, option)
    for name, method in METHODS.items()
    for option, kind in get_type_hints(method).items()
    if kind in (Size, Size | None)
}
SIGNATURES: dict[str, Signature] = {name: signature(method) for name, method in METHODS.items()}


class Call(NamedTuple):
    """One call of a method of Net and its arguments by name; x or *maps apart."""

    method: str
    maps: tuple[FeatureMap, ...]
    options: dict[str, Any]

    def lay_out(self, net: Net, *maps: FeatureMap, **changed: Any) -> FeatureMap:
        """The layer on given maps, or on those of the call, with options changed."""
        made = METHODS[self.method](net, *(maps or self.maps), **self.options | changed)
        return made if isinstance(made, FeatureMap) else made[0]

    def handed_on(self, made: FeatureMap) -> Any:
        """What the spec gets of the layer: its map, or that for each part which it asks for."""
        return (made,) * self.options["parts"] if "parts" in self.options else made


class Fault(NamedTuple):
    """What goes wrong at one call, in words, and how it is done."""

    number: int
    what: str
    apply: Callable[[Bench, Call], FeatureMap]
    in_place: bool = True


class SeenError(Exception):
    """A row differs: there is no need to go on."""


def sizes(record: Architecture) -> list[Size]:
    """The sizes at which the books of a network are compared, its own input first."""
    return sorted(record.sizes, key=lambda size: size != record.input_size)


def shape(size: Size) -> tuple[int, int, int]:
    return (3, *(size if isinstance(size, tuple) else (size, size)))


def spec(record: Architecture) -> Callable[[Net, int], FeatureMap]:
    """The first book of a network."""
    module, _, name = record.spec.partition(":")
    made: Callable[[Net, int], FeatureMap] = getattr(import_module(f"cnnref.specs.{module}"), name)
    return made


def differs(rows: list[Layer], truth: tuple[Layer, ...], start: int) -> bool:
    """Whether a row from `start` on is not the row of that number on the other side."""
    for number, row in enumerate(rows[start:], start):
        if number >= len(truth) or next(row_differences(number, row, truth[number], {}), None):
            return True
    return False


class Plot(Net):
    """The spec of one network at one size, beside the rows of its model."""

    def __init__(self, record: Architecture, size: Size, truth: tuple[Layer, ...]) -> None:
        super().__init__(shape(size), name=record.name)
        self.record, self.size, self.truth = record, size, truth
        self.calls: list[Call] = []
        for name in METHODS:
            setattr(self, name, self._remembering(name))
        spec(record)(self, record.num_classes)
        if differs(self._layers, truth, 0) or not len(self.calls) == len(self._layers) == len(
            truth
        ):
            raise SystemExit(f"{record.name} at {size}: the books differ; mend that first.")
        self._bench = Bench(self)

    def _remembering(self, name: str) -> Method:
        def run(*args: Any, **options: Any) -> Any:
            self.calls.append(bound(name, args, options))
            return METHODS[name](self, *args, **options)

        return run

    def row(self, number: int) -> tuple[Layer, FeatureMap]:
        """A row of the spec and the map it made."""
        return self._layers[number], self._maps[number]

    def where(self, number: int) -> str:
        """The name of a call's row."""
        return self._layers[number].name

    def outcome(self, fault: Fault) -> str:
        """What comes of a fault at this size: refused, live, or missed."""
        found = self._bench.attempt(fault) if fault.in_place else None
        return found or self._anew(fault)

    def _anew(self, fault: Fault) -> str:
        net = _Anew(self, fault)
        try:
            spec(self.record)(net, self.record.num_classes)
        except CnnrefError:
            return REFUSED
        except SeenError:
            return LIVE
        return MISSED if len(net.table()) == len(self.truth) else LIVE


class Bench(Net):
    """A net that stands at any row of a plot."""

    def __init__(self, plot: Plot) -> None:
        super().__init__(plot.input.shape)
        self.input = plot.input
        self._plot = plot

    def take_over(self) -> FeatureMap:
        """The next row as it is in the plot."""
        layer, made = self._plot.row(len(self._layers))
        self._names.add(layer.name)
        self._layers.append(layer)
        self._maps.append(made)
        return made

    def map(self, number: int) -> FeatureMap:
        """What row `number` made."""
        return self._maps[number]

    def attempt(self, fault: Fault) -> str | None:
        """What comes of a fault by its own rows; None where they do not tell."""
        self._go_back(fault.number)
        while len(self._layers) < fault.number:
            self.take_over()
        counters = dict(self._counters)
        try:
            fault.apply(self, self._plot.calls[fault.number])
            return LIVE if differs(self._layers, self._plot.truth, fault.number) else None
        except CnnrefError:
            return REFUSED
        finally:
            self._counters = counters
            self._go_back(fault.number)

    def _go_back(self, number: int) -> None:
        self._names -= {layer.name for layer in self._layers[number:]}
        del self._layers[number:], self._maps[number:]


class _Anew(Bench):
    """A net that takes over the rows before a fault and compares those from it on."""

    def __init__(self, plot: Plot, fault: Fault) -> None:
        super().__init__(plot)
        self._fault, self._made = fault, 0
        for name in METHODS:
            setattr(self, name, self._step(name))

    def _step(self, name: str) -> Method:
        def run(*args: Any, **options: Any) -> Any:
            self._made += 1
            if self._made > self._fault.number + 1:
                return METHODS[name](self, *args, **options)
            call = bound(name, args, options)
            taken = self._made <= self._fault.number
            return call.handed_on(self.take_over() if taken else self._fault.apply(self, call))

        return run

    def _append(self, *args: Any, **options: Any) -> FeatureMap:
        made = super()._append(*args, **options)
        if differs(self._layers, self._plot.truth, len(self._layers) - 1):
            raise SeenError
        return made


def bound(method: str, args: tuple[Any, ...], options: dict[str, Any]) -> Call:
    """A call with every option that it leaves to its default."""
    given = SIGNATURES[method].bind(None, *args, **options)
    given.apply_defaults()
    named = dict(given.arguments)
    maps = named.pop("maps", None) or (named.pop("x"),)
    del named["self"]
    return Call(method, tuple(maps), named)


def faults(plot: Plot) -> Iterator[Fault]:
    """Every fault of a spec, in the order of its calls."""
    for number, call in enumerate(plot.calls):
        for name, variant in numbers(call):
            yield Fault(number, f"{name} {variant.words}", _changing(name, variant.value))
        if len(call.maps) > 1:
            yield from _joins(number, call)
        else:
            yield Fault(number, "dropped", lambda _, call: call.maps[0], in_place=False)
            if call.maps[0].producer >= 0:
                yield Fault(number, "reads the map before its input", _reads_before)
        yield Fault(number, "twice", _twice)


def numbers(call: Call) -> Iterator[tuple[str, Variant]]:
    """The options of a call that are numbers, with what is put in their places."""
    for name, value in call.options.items():
        if name in ("name", "in_features"):
            # in_features is no number of the network but a check: a wrong one is refused
            continue
        whole = call.options["kernel"] if value is None else value
        sized = (call.method, name) in SIZED
        yield from ((name, variant) for variant in variants(whole, sizes=sized))


def _changing(name: str, value: Any) -> Any:
    return lambda net, call: call.lay_out(net, **{name: value})


def _reads_before(net: Bench, call: Call) -> FeatureMap:
    before = call.maps[0].producer - 1
    return call.lay_out(net, net.input if before < 0 else net.map(before))


def _twice(net: Bench, call: Call) -> FeatureMap:
    first = call.lay_out(net, name=None)
    return call.lay_out(net, first, *call.maps[1:])


def _joins(number: int, call: Call) -> Iterator[Fault]:
    for place in range(len(call.maps)):
        what = f"dropped, only map {place} is left"
        yield Fault(number, what, _left(place), in_place=False)
    yield Fault(number, "first two maps exchanged", _joining(1, 0))
    yield Fault(number, "first map read twice", _joining(0, 0))
    if len(call.maps) > 2:
        yield Fault(
            number, "last map left out", lambda net, call: call.lay_out(net, *call.maps[:-1])
        )


def _left(place: int) -> Any:
    return lambda _, call: call.maps[place]


def _joining(one: int, two: int) -> Any:
    return lambda net, call: call.lay_out(net, call.maps[one], call.maps[two], *call.maps[2:])
