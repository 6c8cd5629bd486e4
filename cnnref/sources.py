"""Tables of whatever states a network: one, or one at each value of what varies in it."""

from __future__ import annotations

import inspect
import sys
from collections.abc import Callable, Iterable, Mapping
from functools import partial
from itertools import product
from pathlib import Path
from typing import Any

from cnnref.counting.arguments import pair, whole
from cnnref.errors import CnnrefError, UnknownNameError
from cnnref.net import Net
from cnnref.networks.catalog import table as catalogued
from cnnref.tables.sweep import Sweep, SweepPoint, plain
from cnnref.tables.table import Table

__all__ = [
    "as_table",
    "built",
    "check_arguments",
    "check_inputs",
    "example",
    "is_module",
    "saved",
    "sweep",
    "takes",
    "with_values",
]


def as_table(
    what: Any,
    input_shape: tuple[int, ...] = (3, 224, 224),
    *,
    inputs: Any = None,
    **how: Any,
) -> Table:
    """The rows of a table, of a `Net`, of a catalogued name's spec, or of a traced module.

    how: the other arguments of `trace`.

    Raises:
        UnknownNameError: no network has that name.
        MissingExtraError: it is none of the others, and torch is not installed.
        CnnrefError: it is not a torch.nn.Module either, or strict and an operator has no rule.
    """
    if isinstance(what, Table):
        return what
    if isinstance(what, Net):
        return what.table()
    if isinstance(what, str):
        return catalogued(what)
    import cnnref

    return cnnref.trace(what, input_shape, inputs=inputs, **how)


def with_values(
    build: Callable[[bool], Any], values: str, trace: Callable[..., Table] = as_table
) -> Table:
    """The rows of what is built, which is built again with values where forward asks for some.

    build: told whether that is to have values; else it may be on the meta device.
    trace: of what is built, given values.
    """
    made = build(values == "always")
    if not is_module(made) or values != "auto":
        return trace(made, values=values)
    try:
        return trace(made, values="never")
    except Exception as error:
        if not getattr(error, "asked", ""):
            raise
    return trace(build(True), values="auto")


def saved(path: str | Path) -> Table:
    """The table in a JSON file, as `Table.to_json` and --output write it.

    Raises:
        CnnrefError: there is no such file, or it holds no whole table.
    """
    from cnnref.files import text_of

    if not Path(path).exists():
        raise CnnrefError(
            f"{path} is not there yet: cnnref trace with --output {path} writes it, and so does "
            "cnnref budget --update."
        )
    text = text_of(Path(path))
    try:
        return Table.from_json(text)
    except CnnrefError as error:
        why = str(error).partition(": ")[2]
        raise CnnrefError(f"{path} holds no table that can be read: {why}") from None


def sweep(
    what: Any,
    input_shape: tuple[int, ...] = (3, 224, 224),
    *,
    input_size: Any = None,
    batch_size: Any = 1,
    inputs: Any = None,
    rules: Mapping[Any, Any] | None = None,
    values: str = "auto",
    progress: Callable[[str], None] | None = None,
    **vary: Any,
) -> Sweep:
    """The cost of a network at every combination of what is varied, each a value or several.

    what: a catalogued name, whose spec is laid out, without torch; a torch.nn.Module; or a
        function that gives a module, a `Net` or a `Table` for the arguments in `vary`.
    input_size: heights and widths in pixels: N or, inside a list, (height, width).
    batch_size: images at once. One image is traced, and its operations and activations are
        multiplied: for work that does not grow with the batch, as a product of weights in forward,
        or that grows faster, give `trace` a batch as its inputs instead.
    input_shape, inputs, rules, values: as for `trace`; input_size takes the place of height and
        width.
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
    book = _book(what, tuple(vary), input_shape, inputs, {"rules": rules, "values": values})
    points, tables, say = [], {}, progress or (lambda _: None)
    combinations = list(product(*axes.values()))
    for number, chosen in enumerate(combinations, 1):
        settings = dict(zip(axes, chosen, strict=True))
        say(f"[{number}/{len(combinations)}] {_told(settings)}")
        batch = settings.get("batch_size", 1)
        key = tuple(value for name, value in settings.items() if name != "batch_size")
        if str(key) not in tables:
            tables[str(key)] = book(settings)
        points.append(SweepPoint(settings, tables[str(key)], batch))
    say("")
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
    how: Mapping[str, Any],
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
    if is_module(what):
        if vary:
            raise CnnrefError(f"sweep: {vary[0]} cannot vary in a module; give what builds it.")
        return lambda s: as_table(what, sized(s), inputs=inputs, **how)
    if not callable(what):
        raise CnnrefError(f"sweep needs a name, a module or what builds one, but got {what!r}.")

    def trace(found: Any, settings: Mapping[str, Any], values: str) -> Table:
        return as_table(found, sized(settings), inputs=inputs, **{**how, "values": values})

    return _of_what_builds(what, vary, trace, how["values"])


def _of_what_builds(
    what: Callable[..., Any],
    vary: tuple[str, ...],
    trace: Callable[[Any, Mapping[str, Any], str], Table],
    values: str,
) -> Callable[[Mapping[str, Any]], Table]:
    """What gives the table of what a function builds at some settings."""
    name = getattr(what, "__name__", str(what))
    # a spec may take its input's size as an argument; a module is given an input of that size
    keys = (*vary, *(["input_size"] if takes(what, "input_size") else []))

    def build(settings: Mapping[str, Any]) -> Table:
        given = {key: settings[key] for key in keys if key in settings}
        check_arguments(name, what, given, "vary it, or give what needs none")
        lost = "input_size" in settings and "input_size" not in given

        def made(whole: bool) -> Any:
            found = built(what, given, whole)
            if lost and not is_module(found):
                raise CnnrefError(f"sweep: {name} has no argument input_size.")
            return found

        return with_values(made, values, lambda found, values: trace(found, settings, values))

    return build


def _sized(shape: tuple[int, ...], inputs: Any, settings: Mapping[str, Any]) -> tuple[int, ...]:
    """The shape of one image at some settings."""
    if "input_size" not in settings:
        return shape
    if inputs is not None or len(shape) != 3:
        raise CnnrefError("sweep: input_size needs an input_shape of (C, H, W), and no inputs.")
    return (shape[0], *pair("sweep", "input_size", settings["input_size"], least=1))


def is_module(what: object) -> bool:
    """Whether it is a torch.nn.Module, without a reason to import torch."""
    torch = sys.modules.get("torch")
    return torch is not None and isinstance(what, torch.nn.Module)


def built(function: Callable[..., Any], arguments: Mapping[str, Any], whole: bool = False) -> Any:
    """What a function gives, on the meta device where it can: then no weight takes memory.

    whole: not there, and with values; what is drawn for weights is the same each time.
    """
    if "torch" not in sys.modules:
        return function(**arguments)
    from cnnref.tracing.isolation.process import on_meta
    from cnnref.tracing.isolation.states import settings
    from cnnref.tracing.isolation.thread import apart

    if whole:
        return apart(partial(_seeded, function, arguments), settings)
    try:
        return apart(partial(function, **arguments), on_meta)
    except Exception:
        # some compute with numbers while they are built, which the meta device does not have
        return function(**arguments)


def _seeded(function: Callable[..., Any], arguments: Mapping[str, Any]) -> Any:
    sys.modules["torch"].manual_seed(0)
    return function(**arguments)


def _parameters(function: Callable[..., Any]) -> list[inspect.Parameter] | None:
    try:
        return list(inspect.signature(function).parameters.values())
    except (TypeError, ValueError):  # written in C
        return None


def takes(function: Callable[..., Any], argument: str) -> bool:
    """Whether a function names an argument."""
    return any(one.name == argument for one in _parameters(function) or ())


def check_arguments(
    name: str, function: Callable[..., Any], arguments: Mapping[str, Any], remedy: str
) -> None:
    """Refuse arguments that a function does not have, and the lack of those that it needs.

    Raises:
        UnknownNameError: it has no argument of that name; the message names close matches.
        CnnrefError: it needs one that is not given; the message ends with the remedy.
    """
    parameters = _parameters(function)
    if parameters is None:
        return
    named = [
        one.name for one in parameters if one.kind not in (one.VAR_POSITIONAL, one.VAR_KEYWORD)
    ]
    if not any(one.kind is one.VAR_KEYWORD for one in parameters):
        for argument in arguments:
            if argument not in named:
                raise UnknownNameError(f"argument of {name}", argument, named)
    lacking = [
        one.name
        for one in parameters
        if one.name in named and one.default is one.empty and one.name not in arguments
    ]
    if lacking:
        word = "argument" + "s" * (len(lacking) > 1)
        raise CnnrefError(f"{name} needs the {word} {' and '.join(lacking)}: {remedy}.")


def check_inputs(name: str, module: Any, given: list[str] | int) -> None:
    """Refuse inputs that a module's forward does not take, and the lack of those that it needs.

    given: the names of the inputs, or how many there are without names.

    Raises:
        UnknownNameError: forward has no input of that name; the message names close matches.
        CnnrefError: there are too few or too many.
    """
    parameters = _parameters(module.forward)
    if parameters is None:
        return
    kinds = inspect.Parameter
    places = kinds.POSITIONAL_ONLY, kinds.POSITIONAL_OR_KEYWORD
    taken = [one.name for one in parameters if one.kind in places]
    named = [*taken, *(one.name for one in parameters if one.kind is kinds.KEYWORD_ONLY)]
    gathers = {one.kind for one in parameters} & {kinds.VAR_POSITIONAL, kinds.VAR_KEYWORD}
    names = given if isinstance(given, list) else taken[:given]
    for argument in names:
        if argument not in named and kinds.VAR_KEYWORD not in gathers:
            raise UnknownNameError(f"input of {name}", argument, named)
    if isinstance(given, int) and given > len(taken) and kinds.VAR_POSITIONAL not in gathers:
        raise CnnrefError(f"{name} takes {_inputs(taken)}, but {given} were given.")
    needed = [one.name for one in parameters if one.name in named and one.default is one.empty]
    lacking = [argument for argument in needed if argument not in names]
    if lacking:
        example = " ".join(f"--input {argument}=SIZES" for argument in needed)
        raise CnnrefError(
            f"{name} takes {_inputs(needed)}, but {' and '.join(lacking)} "
            f"{'is' if len(lacking) == 1 else 'are'} missing: give {example}."
        )


def _inputs(names: list[str]) -> str:
    word = "input" + "s" * (len(names) != 1)
    return f"the {word} {' and '.join(names)}" if names else "no input"


def example(sizes: tuple[int, ...], dtype: str, module: Any) -> Any:
    """A tensor on the meta device of one image's sizes, in a dtype or in that of a module."""
    torch = sys.modules.get("torch")
    if torch is None:
        raise CnnrefError("An input with a name or a dtype needs a torch.nn.Module that takes it.")
    from cnnref.tracing.trace import image

    return image(sizes, module, getattr(torch, dtype) if dtype else None)
