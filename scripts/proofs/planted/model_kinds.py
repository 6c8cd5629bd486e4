"""Which faults are planted at a call of a model: every number of it, its joins, the call itself."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Iterator
from functools import lru_cache
from inspect import signature
from typing import Any

import torch
from torch import Tensor, nn

from cnnref.tracing.rules import FUNCTIONS
from proofs.planted.change import Variant, variants
from proofs.planted.layers import NUMBERS, Function, leaf
from proofs.planted.model import Fault, Run
from proofs.planted.watch import Event

__all__ = ["faults", "idle", "rebuilt"]

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


# --- layers --------------------------------------------------------------------------------------


def of_layer(event: Event) -> Iterator[Fault]:
    """Each number of a layer changed; the layer gone, and there twice."""
    for name in NUMBERS[leaf(event.callee)]:
        for variant in variants(_number(event.callee, name), sizes=name in SIZED):
            made = _with(name, variant.value)
            yield Fault(event.number, f"{name} {variant.words}", made)
    yield Fault(event.number, "dropped", lambda _: nn.Identity())
    yield Fault(event.number, "twice", lambda module: nn.Sequential(module, rebuilt(module)))


def _with(name: str, value: Any) -> Callable[[Any], nn.Module]:
    return lambda module: rebuilt(module, **{name: value})


def rebuilt(module: nn.Module, **changed: Any) -> nn.Module:
    """A module like another, with numbers changed, where the other's weights are."""
    kind = leaf(module)
    given = {name: _number(module, name) for name in NUMBERS[kind]} | changed
    place = next((weight.device for weight in module.parameters()), torch.device("meta"))
    return _made(kind, tuple(given.items()), place, module.training)


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


# --- functions -----------------------------------------------------------------------------------


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


# --- joins ---------------------------------------------------------------------------------------


def _of_join(event: Event) -> Iterator[Fault]:
    stacked = not isinstance(event.args[0], Tensor)
    count = len(event.args[0]) if stacked else 2
    for place in range(count):
        what = f"dropped, only map {place} is left"
        yield Fault(event.number, what, lambda _, at=place: lambda *args, **__: _maps(args)[at])
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
