"""A table from whatever states a network: a table, a Net, a name or a torch module."""

from __future__ import annotations

import inspect
import sys
from collections.abc import Callable, Mapping
from typing import Any

from cnnref.errors import CnnrefError, UnknownNameError
from cnnref.net import Net
from cnnref.networks.catalog import table
from cnnref.tables.table import Table

__all__ = [
    "as_table",
    "built",
    "check_arguments",
    "check_inputs",
    "example",
    "is_module",
    "takes",
]


def as_table(
    what: Any,
    input_shape: tuple[int, ...] = (3, 224, 224),
    *,
    inputs: Any = None,
    strict: bool = False,
    rules: Mapping[Any, Any] | None = None,
) -> Table:
    """The rows of a table, of a `Net`, of a catalogued name's spec, or of a traced module.

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
        return table(what)
    import cnnref

    return cnnref.trace(what, input_shape, inputs=inputs, strict=strict, rules=rules)


def is_module(what: object) -> bool:
    """Whether it is a torch.nn.Module, without a reason to import torch."""
    torch = sys.modules.get("torch")
    return torch is not None and isinstance(what, torch.nn.Module)


def built(function: Callable[..., Any], arguments: Mapping[str, Any]) -> Any:
    """What a function gives, on the meta device where it can: then no weight takes memory."""
    if "torch" not in sys.modules:
        return function(**arguments)
    from cnnref.tracing.building import on_meta

    try:
        with on_meta():
            return function(**arguments)
    except Exception:
        # some compute with numbers while they are built, which the meta device does not have
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
    kind = getattr(torch, dtype) if dtype else torch.get_default_dtype()
    if not dtype and module is not None:
        floating = (p.dtype for p in module.parameters() if p.is_floating_point())
        kind = next(floating, kind)
    return torch.empty((1, *sizes), dtype=kind, device="meta")
