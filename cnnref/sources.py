"""A table from whatever states a network: a table, a Net, a name or a torch module."""

from __future__ import annotations

import inspect
import sys
from collections.abc import Callable, Mapping
from typing import Any

from cnnref.catalog import table
from cnnref.errors import CnnrefError, UnknownNameError
from cnnref.net import Net
from cnnref.table import Table

__all__ = ["as_table", "built", "check_arguments", "is_module", "takes"]


def as_table(
    what: Any,
    input_shape: tuple[int, ...] = (3, 224, 224),
    *,
    inputs: Any = None,
    strict: bool = False,
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

    return cnnref.trace(what, input_shape, inputs=inputs, strict=strict)


def is_module(what: object) -> bool:
    """Whether it is a torch.nn.Module, without a reason to import torch."""
    torch = sys.modules.get("torch")
    return torch is not None and isinstance(what, torch.nn.Module)


def built(function: Callable[..., Any], arguments: Mapping[str, Any]) -> Any:
    """What a function gives, on the meta device where it can: then no weight takes memory."""
    torch = sys.modules.get("torch")
    if torch is None:
        return function(**arguments)
    try:
        with torch.device("meta"):
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
        words = ", ".join(lacking)
        raise CnnrefError(f"{name} needs the argument{'s' * (len(lacking) > 1)} {words}: {remedy}.")
