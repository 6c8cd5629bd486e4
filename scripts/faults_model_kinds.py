"""Which faults are planted at a call of a model: every number of it, its joins, the call itself."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import lru_cache
from inspect import signature
from typing import Any

import torch
from faults_change import Variant, variants
from faults_model import Event, Fault, Function, Run
from torch import Tensor, nn

from cnnref.rules import RULES

__all__ = ["faults", "idle", "leaf", "rebuilt"]

# the numbers of a module, by the names that its constructor has for them
NUMBERS: dict[type[nn.Module], tuple[str, ...]] = {
    nn.Conv2d: (
        *("in_channels", "out_channels", "kernel_size", "stride", "padding", "dilation"),
        *("groups", "bias"),
    ),
    nn.Linear: ("in_features", "out_features", "bias"),
    nn.BatchNorm2d: ("num_features", "eps", "momentum", "affine", "track_running_stats"),
    nn.LocalResponseNorm: ("size", "alpha", "beta", "k"),
    nn.ReLU: ("inplace",),
    nn.PReLU: ("num_parameters",),
    nn.MaxPool2d: ("kernel_size", "stride", "padding", "dilation", "return_indices", "ceil_mode"),
    nn.AvgPool2d: ("kernel_size", "stride", "padding", "ceil_mode", "count_include_pad"),
    nn.AdaptiveAvgPool2d: ("output_size",),
    nn.Dropout: ("p", "inplace"),
    nn.Dropout2d: ("p", "inplace"),
}
# of these a whole number stands for height and width
SIZED = ("kernel_size", "stride", "padding", "dilation", "output_size")
Change = Callable[[list[Any], dict[str, Any]], list[Any]]
JOINS = {torch.cat, torch.add, Tensor.add, Tensor.add_, Tensor.__add__, Tensor.__iadd__}


def leaf(module: object) -> type[nn.Module] | None:
    """The class of torch whose numbers a module has, or None: it is made of other modules."""
    return next((kind for kind in type(module).__mro__ if kind in NUMBERS), None)


def faults(run: Run) -> Iterator[Fault]:
    """Every fault of a model, in the order of its calls."""
    for event in run.events:
        if any(leaf(run.events[number].callee) for number in event.around):
            continue
        if leaf(event.callee):
            yield from of_module(event)
        elif not isinstance(event.callee, nn.Module):
            yield from of_function(event)


def idle(run: Run) -> set[str]:
    """The paths of modules with numbers that do not run."""
    ran = {id(event.callee) for event in run.events}
    return {path for path, part in run.module.named_modules() if leaf(part) and id(part) not in ran}


# --- modules -------------------------------------------------------------------------------------


def of_module(event: Event) -> Iterator[Fault]:
    """Each number of a module changed; the module gone, and there twice."""
    for name in NUMBERS[leaf(event.callee)]:
        for variant in variants(_number(event.callee, name), sizes=name in SIZED):
            made = _with(name, variant.value)
            yield Fault(event.number, f"{name} {variant.words}", made)
    yield Fault(event.number, "dropped", lambda _: nn.Identity())
    yield Fault(event.number, "twice", lambda module: nn.Sequential(module, rebuilt(module)))


def _with(name: str, value: Any) -> Callable[[Function], Function]:
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
    with place:
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
    given = signature(RULES[event.callee]).bind(None, *event.args, **event.kwargs)
    given.apply_defaults()
    extra = given.arguments.pop("__", {})
    unnamed = given.arguments.pop("_", ())
    named = list(given.arguments.items())[1:]
    positions = [*named, *((f"argument {len(named) + i}", one) for i, one in enumerate(unnamed))]
    for place, (name, value) in enumerate(positions):
        for variant in _values(value, sizes=name in SIZED):
            if place < len(event.args):
                yield f"{name} {variant.words}", _in_place(place, variant.value)
            elif name != "return_indices":
                yield f"{name} {variant.words}", _by_name(name, variant.value)
    for name, value in extra.items():
        for variant in _values(value):
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
        yield Fault(
            event.number, "dropped", lambda _, at=place: lambda *args, **__: _maps(args)[at]
        )
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
