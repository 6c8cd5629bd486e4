"""What a network costs as its input, its batch or its own arguments vary."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from itertools import product
from typing import Any

from cnnref import sources
from cnnref.counting.arguments import pair, whole
from cnnref.errors import CnnrefError, UnknownNameError
from cnnref.networks.catalog import table as catalogued
from cnnref.tables.sweep import Point, Sweep, plain
from cnnref.tables.table import Table

__all__ = ["sweep"]


def sweep(
    what: Any,
    *,
    input_size: Any = None,
    batch_size: Any = 1,
    input_shape: tuple[int, ...] = (3, 224, 224),
    inputs: Any = None,
    rules: Mapping[Any, Any] | None = None,
    progress: Callable[[str], None] = lambda _: None,
    **vary: Any,
) -> Sweep:
    """The cost of a network at every combination of what is varied, each a value or several.

    what: a catalogued name, whose spec is laid out, without torch; a torch.nn.Module; or a
        function that gives a module, a `Net` or a `Table` for the arguments in `vary`.
    input_size: heights and widths in pixels: N or, inside a list, (height, width).
    batch_size: images at once.
    input_shape, inputs, rules: as for `trace`; input_size takes the place of height and width.
    progress: told what is being done, one short line at a time.
    vary: arguments of the function, such as width=[0.5, 1.0]; of a name, num_classes.

    Raises:
        UnknownNameError: no network, or no argument of the function, has that name.
        CnnrefError: nothing is varied, or a value is not what it must be.
        ShapeError: a size does not fit.

    >>> import cnnref
    >>> [point.table.macs for point in cnnref.sweep("vgg16", input_size=[112, 224])]
    [3960291328, 15470264320]
    """
    axes = {name: _values(name, values) for name, values in vary.items()}
    if input_size is not None:
        axes = {"input_size": _values("input_size", input_size), **axes}
    if batch_size != 1:
        axes["batch_size"] = [
            whole("sweep", "batch_size", size, least=1)
            for size in _values("batch_size", batch_size)
        ]
    if not axes:
        raise CnnrefError("sweep: nothing is varied; give input_size, batch_size or an argument.")
    book = _book(what, tuple(vary), input_shape, inputs, rules)
    points, tables = [], {}
    combinations = list(product(*axes.values()))
    for number, values in enumerate(combinations, 1):
        settings = dict(zip(axes, values, strict=True))
        progress(f"[{number}/{len(combinations)}] {_told(settings)}")
        batch = settings.get("batch_size", 1)
        key = tuple(value for name, value in settings.items() if name != "batch_size")
        if str(key) not in tables:
            tables[str(key)] = book(settings)
        points.append(Point(settings, tables[str(key)], batch))
    progress("")
    return Sweep(points[0].table.name, points)


def _values(name: str, values: Any) -> list[Any]:
    several = isinstance(values, Iterable) and not isinstance(values, str | Mapping)
    found = list(values) if several else [values]
    if not found:
        raise CnnrefError(f"sweep: {name} has no value to try.")
    return found


def _told(settings: Mapping[str, Any]) -> str:
    return ", ".join(f"{name} {plain(value)}" for name, value in settings.items())


def _book(
    what: Any,
    vary: tuple[str, ...],
    input_shape: tuple[int, ...],
    inputs: Any,
    rules: Mapping[Any, Any] | None,
) -> Callable[[Mapping[str, Any]], Table]:
    """What gives the table at some settings."""

    def sized(settings: Mapping[str, Any]) -> tuple[int, ...]:
        return _sized(input_shape, inputs, settings)

    if isinstance(what, str):
        for name in vary:
            if name != "num_classes":
                raise UnknownNameError(f"argument of {what}", name, ["num_classes"])
        keys = ("input_size", *vary)
        return lambda s: catalogued(what, **{key: s[key] for key in keys if key in s})
    if sources.is_module(what):
        if vary:
            raise CnnrefError(f"sweep: {vary[0]} cannot vary in a module; give what builds it.")
        return lambda s: sources.as_table(what, sized(s), inputs=inputs, rules=rules)
    if not callable(what):
        raise CnnrefError(f"sweep needs a name, a module or what builds one, but got {what!r}.")
    name = getattr(what, "__name__", str(what))
    # a spec may take its input's size as an argument; a module is given an input of that size
    keys = (*vary, *(["input_size"] if sources.takes(what, "input_size") else []))

    def build(settings: Mapping[str, Any]) -> Table:
        given = {key: settings[key] for key in keys if key in settings}
        sources.check_arguments(name, what, given, "vary it, or give what needs none")
        made = sources.built(what, given)
        lost = "input_size" in settings and "input_size" not in given
        if lost and not sources.is_module(made):
            raise CnnrefError(f"sweep: {name} has no argument input_size.")
        return sources.as_table(made, sized(settings), inputs=inputs, rules=rules)

    return build


def _sized(shape: tuple[int, ...], inputs: Any, settings: Mapping[str, Any]) -> tuple[int, ...]:
    """The shape of one image at some settings."""
    if "input_size" not in settings:
        return shape
    if inputs is not None or len(shape) != 3:
        raise CnnrefError("sweep: input_size needs an input_shape of (C, H, W), and no inputs.")
    return (shape[0], *pair("sweep", "input_size", settings["input_size"], least=1))
