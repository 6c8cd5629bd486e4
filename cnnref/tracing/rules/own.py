"""Rules of a user's own: for which calls they are, and what their answers mean."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from math import prod
from typing import Any, NamedTuple

import torch
from torch import Tensor, nn
from torch._library.custom_ops import CustomOpDef
from torch.overrides import resolve_name

from cnnref.counting.shapes import Counts, Formulas
from cnnref.errors import CnnrefError
from cnnref.tracing.rules.operation import Operation, first, tensors

__all__ = ["OpaqueRule", "OwnRule", "OwnRules", "answer"]

FORMS = (
    "a rule is for a function of torch, an operator of torch.ops, a torch.autograd.Function or a "
    "class of modules"
)


class OpaqueRule(NamedTuple):
    """A layer or an operator that a trace by shapes does not run: its output is stated.

    Where a trace runs a module for real, it computes as without a rule.

    output: takes the arguments of the call, for a class of modules the module first, and gives
        tensors of the right shapes, such as torch.empty_like(x).
    rule: what it costs, as any rule.

    >>> import cnnref
    >>> from torch import nn
    >>> rule = cnnref.OpaqueRule(lambda module, x: x, lambda y, module, x: y.numel())
    >>> cnnref.trace(nn.Softmax(0), (4,), rules={nn.Softmax: rule}).macs
    4
    """

    output: Callable[..., Any]
    rule: Callable[..., Any]


class OwnRule(NamedTuple):
    """One rule, the name of what it is for, and what gives the output where that is not run."""

    name: str
    rule: Callable[..., Any]
    output: Callable[..., Any] | None


class OwnRules:
    """The rules of one trace, by what they are for.

    Raises:
        CnnrefError: a key is nothing that a trace sees, or a value is no rule.
    """

    def __init__(self, rules: Mapping[Any, Any]) -> None:
        self.calls: dict[Any, OwnRule] = {}
        self.modules: dict[type, OwnRule] = {}
        self.graphs: dict[Any, OwnRule] = {}
        for key, rule in rules.items():
            self._add(key, rule)

    def _add(self, key: Any, rule: Any) -> None:
        if isinstance(key, type) and issubclass(key, nn.Module):
            self.modules[key] = _own(key, rule)
        elif isinstance(key, type) and issubclass(key, torch.autograd.Function):
            self.graphs[key] = _own(key, rule)
        else:
            for call in _calls(key):
                self.calls[call] = _own(key, rule)

    def of(self, module: nn.Module) -> OwnRule | None:
        """The rule of a module: that of its class, or of the nearest class that it inherits."""
        return next(
            (self.modules[kind] for kind in type(module).__mro__ if kind in self.modules), None
        )


def _own(key: Any, rule: Any) -> OwnRule:
    name = _name(key)
    if isinstance(rule, OpaqueRule):
        return OwnRule(name, rule.rule, rule.output)
    if not callable(rule):
        raise CnnrefError(
            f"The rule of {name} must be a function of a call's result and arguments, or an "
            f"OpaqueRule, but is {rule!r}."
        )
    return OwnRule(name, rule, None)


def _name(key: Any) -> str:
    name = str(getattr(key, "__name__", None) or getattr(key, "_name", None) or key)
    return name.rpartition("::")[2].partition(".")[0]


def _calls(key: Any) -> list[Any]:
    """What PyTorch announces when a function or an operator is called."""
    if isinstance(key, CustomOpDef):
        key = key._opoverload.overloadpacket  # noqa: SLF001
    if isinstance(key, torch._ops.OpOverloadPacket):  # noqa: SLF001
        return [key, *(getattr(key, name) for name in key.overloads())]
    if isinstance(key, torch._ops.OpOverload) or _announced(key):  # noqa: SLF001
        return [key]
    if isinstance(key, nn.Module):
        raise CnnrefError(f"rules: {FORMS}; give {type(key).__name__}, not one of its instances.")
    if callable(key):
        raise CnnrefError(
            f"rules: {_name(key)} is a function that PyTorch does not announce; give the module "
            "that calls it a rule, or make it an operator with torch.library.custom_op."
        )
    raise CnnrefError(f"rules: {FORMS}, but one is given for {key!r}.")


def _announced(key: Any) -> bool:
    """Whether a function is torch's own, or tells PyTorch of its calls as those do."""
    try:
        known = resolve_name(key) is not None
    except TypeError:
        return False
    code = getattr(key, "__code__", None)
    return known or (code is not None and "handle_torch_function" in code.co_names)


def answer(
    own: OwnRule,
    result: Any,
    args: tuple[Any, ...],
    kwargs: dict[str, Any],
    weights: tuple[Tensor, ...],
    biases: tuple[Tensor, ...] = (),
) -> Operation:
    """What a rule says of a call; weights and biases: what is learned of what the call was given.

    Raises:
        CnnrefError: the rule gives nothing that says a cost.
    """
    found = own.rule(result, *args, **kwargs)
    numbers = found.counts if isinstance(found, Operation) else found
    factors = numbers if isinstance(numbers, tuple | list) else (numbers,)
    if not factors or not all(type(part) is int and part >= 0 for part in factors):
        raise CnnrefError(
            f"The rule of {own.name} must give MACs as a whole number or as its factors, Counts or "
            f"an Operation, but gave {found!r}."
        )
    if isinstance(found, Operation):
        told = found.weights or found.biases
        return found if told else found._replace(weights=weights, biases=biases)
    macs = tuple(factors)
    counts = found if isinstance(found, Counts) else Counts(macs=prod(macs))
    formulas: Formulas = () if counts is found else (("macs", (macs,)),)
    learned = {id(tensor) for tensor in (*weights, *biases)}
    inputs = tuple(leaf for leaf in tensors((args, kwargs)) if id(leaf) not in learned)
    leaf = bool(args) and isinstance(args[0], nn.Module)
    return Operation(
        own.name, inputs, first(result), None, counts, True, leaf, weights, biases, (), formulas
    )
