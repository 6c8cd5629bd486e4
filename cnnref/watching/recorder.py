"""The recorder: it sees each function that a module calls, and has it written down.

Nothing is computed: a feature map is a tensor on the meta device, which has a shape and no
memory, and a weight is looked at for its shape alone.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

import torch
from torch import Tensor
from torch.overrides import TorchFunctionMode
from torch.utils._python_dispatch import TorchDispatchMode

from cnnref.layer import Counts
from cnnref.rules import FUNCTIONS, SUMMED, Operation, Rule, operator_rule, tensors
from cnnref.watching.constants import Constants, on_meta, run
from cnnref.watching.inside import INSIDE
from cnnref.watching.ledger import Ledger, Row, row
from cnnref.watching.signature import Made, made, remake, sign

__all__ = ["Recorder"]

# what tells of a tensor without making another
# fmt: off
QUIET: frozenset[Any] = frozenset(
    getattr(home, name)
    for home in (Tensor, torch)
    for name in (
        "size", "dim", "ndimension", "numel", "nelement", "stride", "storage_offset",
        "is_contiguous", "is_floating_point", "is_complex", "is_signed", "element_size",
        "get_device", "is_pinned", "is_shared", "is_conj", "is_neg", "data_ptr", "is_tensor",
        "untyped_storage", "requires_grad_", "is_inference", "register_hook", "retain_grad",
        "is_set_to", "is_same_size", "dim_order", "__len__", "__hash__", "__repr__",
        "__deepcopy__",
    )
    if hasattr(home, name)
)
# fmt: on


class _Known(NamedTuple):
    """What calls of one signature come to: a result, and a row."""

    how: Made | None
    row: Row


# for each default type, which some results have: what is known of a call, by its signature
_MEMORY: dict[torch.dtype, dict[Any, _Known]] = {}
_FULL = 1 << 16


class Recorder(TorchFunctionMode):
    """Sees every torch function that a module calls.

    rules: rules of the user's own, which go before the others.
    """

    def __init__(self, ledger: Ledger, rules: Mapping[Any, Rule] | None = None) -> None:
        super().__init__()
        self._ledger = ledger
        self._rules: Mapping[Any, Rule] = FUNCTIONS
        self._memory = _MEMORY.setdefault(torch.get_default_dtype(), {})
        if len(self._memory) > _FULL:
            self._memory.clear()
        if rules:
            self._rules, self._memory = {**FUNCTIONS, **rules}, {}
        self._own = rules or {}
        self._constants = Constants()
        self._operators = _Operators(self)
        self._sum: list[Operation] | None = None

    def __torch_function__(
        self,
        func: Callable[..., Any],
        types: object,
        args: tuple[Any, ...] = (),
        kwargs: dict[str, Any] | None = None,
    ) -> Any:
        rule = self._rules.get(func)
        if rule is None:
            return self._without_rule(func, args, kwargs or {})
        key: list[Any] = [func]
        given: list[Tensor] = []
        sign(args, key, given)
        if kwargs:
            key += kwargs
            sign(kwargs.values(), key, given)
        if not any(tensor.is_meta for tensor in given):
            return self._on_constants(rule, func, args, kwargs or {}, given)
        known = self._remembered(key)
        if known is not None and known.how is not None:
            result = self._ledger.twin(remake(known.how, given))
            self._ledger.write(known.row, given, result)
            return result
        args, kwargs = self._twins(args, kwargs or {})
        return self._learn(rule, run(func, args, kwargs), args, kwargs, key)

    def _remembered(self, key: list[Any]) -> _Known | None:
        try:
            return self._memory.get(tuple(key))
        except TypeError:  # an argument that has no hash, as a slice
            key.clear()
            return None

    def _twins(
        self, args: tuple[Any, ...], kwargs: dict[str, Any]
    ) -> tuple[tuple[Any, ...], dict[str, Any]]:
        return self._ledger.twin(args), on_meta(self._ledger.twin(kwargs))

    def _learn(
        self,
        rule: Rule,
        result: Any,
        args: tuple[Any, ...],
        kwargs: dict[str, Any],
        key: list[Any] | None = None,
    ) -> Any:
        """Record a call by its rule, and remember it for calls of the same signature."""
        leaf = first_tensor(result)
        if result is not None and leaf is None:
            return result
        given = list(tensors((args, kwargs)))
        written = row(rule(result, *args, **kwargs), given, result)
        if key:
            self._memory[tuple(key)] = _Known(made(result, given), written)
        self._ledger.write(written, given, result)
        return result

    def _on_constants(
        self,
        rule: Rule,
        func: Callable[..., Any],
        args: tuple[Any, ...],
        kwargs: dict[str, Any],
        given: list[Tensor],
    ) -> Any:
        """A call without feature maps: on small constants it runs, on weights as on maps."""
        if not given:
            return self._constants.make(func, args, kwargs)
        if not self._constants.may_run(func, given, kwargs):
            args, kwargs = self._twins(args, kwargs)
            return self._learn(rule, run(func, args, kwargs), args, kwargs)
        result = self._constants.keep(func(*args, **kwargs), given)
        leaf = first_tensor(result)
        if leaf is not None and leaf.numel() == 1:
            return result  # a number, although a tensor holds it
        return self._learn(rule, result, args, kwargs)

    def _without_rule(
        self, func: Callable[..., Any], args: tuple[Any, ...], kwargs: dict[str, Any]
    ) -> Any:
        if func in QUIET:
            return func(*args, **kwargs)
        if getattr(func, "__name__", "") in ("__get__", "__set__"):
            return self._property(func(*args, **kwargs), args[0])
        if func in INSIDE:
            with self:
                return INSIDE[func](*args, **kwargs)
        given = list(tensors((args, kwargs)))
        if self._constants.is_value(func):
            return self._constants.value(func, args, kwargs)
        if not given:
            return self._constants.make(func, args, kwargs)
        if not self._constants.may_run(func, given, kwargs):
            args, kwargs = self._twins(args, kwargs)
        if func in SUMMED:
            return self._summed(SUMMED[func], func, args, kwargs)
        with self._operators:
            return run(func, args, kwargs)

    def _property(self, value: Any, owner: Any) -> Any:
        # x.T, x.mT and x.data are views of x
        if isinstance(value, Tensor) and value is not owner:
            self._ledger.same(owner, value)
        return value

    def _summed(
        self, op: str, func: Callable[..., Any], args: tuple[Any, ...], kwargs: dict[str, Any]
    ) -> Any:
        """One row for all that runs inside a function."""
        inner: list[Operation] = []
        self._sum = inner
        try:
            with self._operators:
                result = run(func, args, kwargs)
        finally:
            self._sum = None

        def rule(result: Tensor, *args: Any, **kwargs: Any) -> Operation:
            macs = sum(part.counts.macs for part in inner)
            counted = all(part.counted for part in inner)
            name = op if macs or op != "matmul" else "multiply"
            maps = tuple(tensors((args, kwargs)))
            return Operation(name, maps, result, None, Counts(macs), counted, leaf=False)

        return self._learn(rule, result, args, kwargs)

    def operator(
        self, func: Any, result: Any, args: tuple[Any, ...], kwargs: dict[str, Any]
    ) -> None:
        """Record an operator that a function without a rule runs."""
        leaf = first_tensor(result)
        if leaf is None:
            return
        packet = func.overloadpacket
        rule = self._own.get(func) or self._own.get(packet) or operator_rule(packet)
        given = list(tensors((args, kwargs)))
        if rule is None:
            name = packet.__name__
            found = Operation(name, tuple(given), leaf, counted=False, leaf=False)
        else:
            found = rule(result, *args, **kwargs)
        if self._sum is not None:
            self._sum.append(found)
        else:
            self._ledger.write(row(found, given, result), given, result)


class _Operators(TorchDispatchMode):
    """Sees the operators of a function that has no rule."""

    def __init__(self, recorder: Recorder) -> None:
        super().__init__()  # type: ignore[no-untyped-call]
        self._recorder = recorder

    def __torch_dispatch__(
        self,
        func: Any,
        types: object,
        args: tuple[Any, ...] = (),
        kwargs: dict[str, Any] | None = None,
    ) -> Any:
        result = func(*args, **(kwargs or {}))
        self._recorder.operator(func, result, args, kwargs or {})
        return result


def first_tensor(result: Any) -> Tensor | None:
    """The first tensor of a result, if there is one."""
    if isinstance(result, Tensor):
        return result
    return next(tensors((result,)), None)
