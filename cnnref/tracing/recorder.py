"""The recorder: it sees each function that a module calls, and has it written down.

Nothing is computed: a feature map is a tensor on the meta device, which has a shape and no
memory, and a weight is looked at for its shape alone.
"""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager
from functools import partial
from typing import TYPE_CHECKING, Any

import torch
import torch.nn.functional as F
from torch import Tensor
from torch.overrides import TorchFunctionMode

from cnnref.tracing.constants import (
    LEAVING,
    LIKE,
    MARKS,
    PACKED,
    QUIET,
    Constants,
    NeedsDataError,
    on_meta,
    run,
    run_by,
    stay,
    with_lengths,
    written,
)
from cnnref.tracing.ledger import Ledger, changed
from cnnref.tracing.operators import (
    MAKE_DUAL,
    UNSEEN,
    Operators,
    alike_on_meta,
    alone,
    run_operator,
    transformed,
)
from cnnref.tracing.predicted import predicted
from cnnref.tracing.predicted.settled import BY_SIZE, settled
from cnnref.tracing.rows import Row
from cnnref.tracing.rules import (
    FUNCTIONS,
    SUMMED,
    Operation,
    Rule,
    function_rule,
    in_real_numbers,
    tensors,
)
from cnnref.tracing.rules.matrix import summed
from cnnref.tracing.rules.sparse import Sparse, by_stored, marked, plain
from cnnref.tracing.signature import FULL, Form, Made, first_tensor, made, remade, sign, signed

if TYPE_CHECKING:
    from torch.nn import Module

    from cnnref.tracing.inside import Inner
    from cnnref.tracing.rules.own import OwnRule, OwnRules

__all__ = ["Recorder"]

# what calls of one signature come to: how their result is made, and a row
_Known = tuple[Made, Row]
# for each default type, which some results have: what is known of a call, by its signature
_MEMORY: dict[torch.dtype, dict[Any, _Known]] = {}
# which are not known by their forms alone
SPECIAL = LIKE | PACKED
DATA = Tensor.data.__get__  # type: ignore[attr-defined]
SET_DATA = Tensor.data.__set__  # type: ignore[attr-defined]


class Recorder(TorchFunctionMode):
    """Sees every torch function that a module calls, and below them every operator.

    rules: rules of the user's own, which go before the others.
    """

    # what runs inside is known already
    _unseen: Callable[[], AbstractContextManager[Any]] = UNSEEN

    def __init__(self, ledger: Ledger, rules: OwnRules | None = None) -> None:
        super().__init__()
        device = ledger.device
        # where a feature map would be, and not that it is on meta
        self._places = {
            Tensor.device.__get__: device,
            Tensor.is_cpu.__get__: device.type == "cpu",  # type: ignore[attr-defined]
            Tensor.is_cuda.__get__: device.type == "cuda",  # type: ignore[attr-defined]
        }
        self._ledger = ledger
        self._numbers = ledger.shadow.numbers
        self._memory = _MEMORY.setdefault(torch.get_default_dtype(), {})
        if len(self._memory) > FULL:
            self._memory.clear()
        self._own = rules.calls if rules else {}
        # whether a layer may say what it calls: nobody else watches, and has to be told
        self.direct = type(self) is Recorder and rules is None
        self._constants = Constants()
        self._made: list[object] = []
        self._sum: list[Operation] | None = None
        # whether tensors may have tangents, whose products run beside theirs
        self._dual = False

    def __enter__(self) -> Recorder:
        self._operators = Operators(self).__enter__()
        super().__enter__()  # type: ignore[no-untyped-call]
        return self

    def __exit__(self, *error: Any) -> None:
        super().__exit__(*error)  # type: ignore[no-untyped-call]
        self._operators.__exit__(*error)
        del self._operators  # which knows this one, and would keep it

    def __torch_function__(
        self,
        func: Callable[..., Any],
        types: object,
        args: tuple[Any, ...] = (),
        kwargs: dict[str, Any] | None = None,
    ) -> Any:
        rule = FUNCTIONS.get(func)
        if rule is None or self._own:
            return self._unusual(func, args, kwargs or {})
        if self._dual or transformed():
            return func(*args, **(kwargs or {}))
        return self._by_rule(rule, func, args, kwargs)

    def layer(self, inner: Inner, part: Module, x: Any) -> Any:
        """What a layer gives by what it calls; None where it has to be called itself."""
        if type(x) is not Tensor or not alone() or self._dual or transformed():
            return None
        with torch._C.DisableTorchFunction():  # noqa: SLF001
            if not x.is_meta:
                return None
            try:
                found = inner(part.__dict__, x)
            except KeyError:  # an attribute is elsewhere
                return None
            if found is None or (rule := FUNCTIONS.get(found[0])) is None:
                return None
            return self._by_rule(rule, *found, None)

    def _by_rule(
        self,
        rule: Rule,
        func: Callable[..., Any],
        args: tuple[Any, ...],
        kwargs: dict[str, Any] | None,
    ) -> Any:
        if func in BY_SIZE:
            with UNSEEN():
                func, args, kwargs = settled(func, args, kwargs or {}, self._constants.known)
        self._constants.update(func, args, kwargs)
        key: list[Any] = [func]
        given: list[Tensor] = []
        sign(args, key, given, self._numbers)
        if kwargs:
            key += kwargs
            sign(kwargs.values(), key, given, self._numbers)
        for tensor in given:
            if tensor.is_meta:
                break
        else:
            with UNSEEN():
                return self._on_constants(rule, func, args, kwargs or {}, given)
        if (known := self._remembered(func, kwargs, key, given)) is None:
            with UNSEEN():
                return self._on_maps(rule, func, args, kwargs or {}, key, given)
        how, row = known
        if isinstance(how, Form):
            result: Any = remade(how, self._numbers)
        elif isinstance(how, int):
            result = self._ledger.twin(given[how])
        else:
            result = tuple([remade(one, self._numbers) for one in how])
        self._made.append(result)
        self._ledger.write(row, self._ledger.stand_ins(given), result)
        return result

    def _remembered(
        self, func: Any, kwargs: dict[str, Any] | None, key: list[Any], given: list[Tensor]
    ) -> _Known | None:
        """What is known of a call on feature maps from an earlier one of its signature."""
        # what forward differentiates runs and is remembered for that
        runs = func in SPECIAL or torch.is_grad_enabled() or (kwargs and "out" in kwargs)
        if runs or any(map(self._is_held, written(func, given))):
            return None
        try:
            return self._memory.get(tuple(key))
        except TypeError:  # an argument that has no hash, as a slice
            key.clear()
            return None

    def _is_held(self, tensor: Tensor) -> bool:
        """Whether the module holds a tensor or made it, so that values may be written to it."""
        return not tensor.is_meta or self._ledger.shadow.original(tensor) is not None

    def _on_maps(
        self,
        rule: Rule,
        func: Callable[..., Any],
        args: tuple[Any, ...],
        kwargs: dict[str, Any],
        key: list[Any],
        given: list[Tensor],
    ) -> Any:
        """A call on feature maps that is not remembered is worked out, or run."""
        if "out" in kwargs or any(map(self._is_held, written(func, given))):
            self._constants.overwrite(func, given, kwargs)
        if func in LIKE and (found := self._constants.like(func, args, kwargs)) is not None:
            return self._learn(rule, found, args, kwargs)
        args, kwargs = self._twins(func, args, kwargs)
        if torch.is_grad_enabled():
            self._numbers.clear()
            result = run_by(rule, func, args, kwargs)
            graph = any(leaf.requires_grad for leaf in tensors((result,)))
            if graph and any(type(one) is Sparse for one in tensors((args, kwargs))):
                # autograd keeps views of it, of which it is not known how much they store
                raise NeedsDataError.of("the gradient of a sparse product")
            return self._learn(rule, result, args, kwargs)
        if func in PACKED:  # by values, and not by shapes alone
            key.clear()
        return self._found(rule, func, args, kwargs, key)

    def _found(
        self,
        rule: Rule,
        func: Callable[..., Any],
        args: tuple[Any, ...],
        kwargs: dict[str, Any],
        key: list[Any] | None = None,
    ) -> Any:
        """A call on meta tensors: what it gives is worked out, or run."""
        sparse = any(type(tensor) is Sparse for tensor in tensors((args, kwargs)))
        result = None if sparse else predicted(func, args, kwargs)
        if result is not None:
            return self._learn(rule, result, args, kwargs, key, worked_out=True)
        before = signed(args, kwargs)
        result = run_by(rule, func, args, kwargs)
        if before != signed(args, kwargs):  # it has changed the form of what it was given, as t_
            self._numbers.clear()
            key = None
        return self._learn(rule, result, args, kwargs, key)

    def _twins(
        self, func: Any, args: tuple[Any, ...], kwargs: dict[str, Any]
    ) -> tuple[tuple[Any, ...], dict[str, Any]]:
        if torch.is_grad_enabled():
            for tensor in tensors((args, kwargs)):
                self._constants.differentiate(tensor)
        twins = self._ledger.twin(args), on_meta(self._ledger.twin(kwargs))
        return (with_lengths(func, args, twins[0]), twins[1]) if func in PACKED else twins

    def _learn(
        self,
        rule: Rule,
        result: Any,
        args: tuple[Any, ...],
        kwargs: dict[str, Any],
        key: list[Any] | None = None,
        worked_out: bool = False,
        number: bool = False,
    ) -> Any:
        """Record a call by its rule, and remember it by its key; worked_out as for `made`.

        number: its result is a number, although a tensor holds it: of work only if it has MACs.
        """
        leaf = first_tensor(result)
        if result is not None and leaf is None:
            return result
        given = list(tensors((args, kwargs)))
        found = in_real_numbers(by_stored(rule(result, *args, **kwargs)))
        result = plain(result, found)
        if number and not found.counts.macs:
            return result
        written = Row(found, given, result)
        if key and (how := made(result, given, worked_out)) is not None:
            self._memory[tuple(key)] = how, written
        self._ledger.write(written, given, result)
        return result

    def _on_constants(
        self, rule: Rule, func: Any, args: Any, kwargs: dict[str, Any], given: list[Tensor]
    ) -> Any:
        """A call without feature maps: on small constants it runs, on weights as on maps."""
        if not given:
            return self._constants.make(func, args, kwargs)
        if torch.is_grad_enabled() and any(one.requires_grad for one in given):
            return self._on_maps(rule, func, args, kwargs, [], given)
        if not self._constants.may_run(func, given, kwargs):
            self._constants.overwrite(func, given, kwargs)
            args, kwargs = self._twins(func, args, kwargs)
            return self._found(rule, func, args, kwargs)
        result = self._constants.draws.function(stay(func), args, kwargs)
        self._constants.keep(result, given)
        leaf = first_tensor(result)
        number = leaf is not None and leaf.numel() == 1
        return self._learn(rule, result, args, kwargs, number=number)

    def _unusual(
        self, func: Callable[..., Any], args: tuple[Any, ...], kwargs: dict[str, Any]
    ) -> Any:
        """A call of a function without a built-in rule so far, or one that may have its own."""
        if func in QUIET:
            if func not in MARKS:
                return func(*args, **kwargs)
            owner = self._ledger.shadow.mine(args[0])
            result = func(owner, *args[1:], **kwargs)
            self._constants.differentiate(owner)
            return result
        if getattr(func, "__name__", "") in ("__get__", "__set__"):
            if func in self._places:
                return self._places[func]
            with self._unseen():
                return self._property(func, args)
        if self._own and (own := self._own.get(func)) is not None:
            return self.by_own_rule(own, func, args, kwargs)
        if self._dual or func is MAKE_DUAL or transformed():
            return self._transformed(func, args, kwargs)
        if (rule := function_rule(func)) is not None:
            return self._by_rule(rule, func, args, kwargs)
        return self._without_rule(func, args, kwargs)

    def _without_rule(
        self, func: Callable[..., Any], args: tuple[Any, ...], kwargs: dict[str, Any]
    ) -> Any:
        if func is F.multi_head_attention_forward:
            from cnnref.tracing.inside import INSIDE

            return self._inside(INSIDE[func], args, kwargs)
        if isinstance(func, torch._ops.HigherOrderOperator):  # noqa: SLF001
            return self._higher(func, args, kwargs)
        given = list(tensors((args, kwargs)))
        if self._constants.is_value(func):
            with self._unseen():
                value = self._constants.value(func, *self._with_values(args, kwargs))
            if func in LEAVING and self._is_map(args[0]):
                self._ledger.leave(LEAVING[func], args[0])
            return value
        if not given:
            with self._unseen():
                return self._constants.make(func, args, kwargs)
        if not self._constants.may_run(func, given, kwargs):
            self._constants.overwrite(func, given, kwargs)
            args, kwargs = self._twins(func, args, kwargs)
        if func in SUMMED:
            return self._summed(SUMMED[func], func, args, kwargs)
        return run(func, args, kwargs)

    def _transformed(self, func: Any, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
        """A call that transforms make another of: what that does is known by its operators."""
        dual = func is MAKE_DUAL and not transformed()
        self._dual = self._dual or dual
        if dual or func is torch.autograd.grad:
            args, kwargs = alike_on_meta(args, kwargs)
        return func(*args, **kwargs)

    def _is_map(self, tensor: Tensor) -> bool:
        """Whether a tensor is a feature map."""
        return tensor.is_meta and not self._ledger.is_learned(tensor)

    def _inside(
        self, func: Callable[..., Any], args: tuple[Any, ...], kwargs: dict[str, Any]
    ) -> Any:
        """Run a function whose own calls are seen."""
        super().__enter__()  # type: ignore[no-untyped-call]
        try:
            return func(*args, **kwargs)
        finally:
            super().__exit__(None, None, None)  # type: ignore[no-untyped-call]

    def _higher(self, func: Any, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
        """A function of PyTorch that takes functions."""
        from cnnref.tracing.rules import higher

        known = self._constants.known
        if func.name() == "cond":
            taken = higher.branch(known, *args, **kwargs)
            return self._inside(taken, tuple(args[3]) if len(args) > 3 else (), {})
        if func.name() != "flex_attention":
            raise higher.refusal(func)
        maps, mask = self._ledger.twin(args[:3]), args[4]
        with self._unseen():
            result = higher.flexed(maps[0], maps[2])
            return self._learn(partial(higher.flex, known, mask), result, maps, {})

    def _with_values(self, args: Any, kwargs: Any) -> Any:
        """Arguments with the values that the module has for them, in memory of their own."""

        def valued(tensor: Tensor) -> Tensor:
            original = self._ledger.shadow.original(tensor) if tensor.is_meta else None
            if original is None or self._constants.is_overwritten(tensor):
                return tensor
            return original.detach().clone()

        return changed((args, kwargs), valued)

    def _property(self, func: Any, args: tuple[Any, ...]) -> Any:
        shadow = self._ledger.shadow
        owner = shadow.mine(args[0])
        self._constants.differentiate(owner)
        if func.__name__ == "__set__":
            return self._set(func, owner, args[1])
        value = func(owner)
        if isinstance(value, Tensor) and value.grad_fn is not None and not value.is_meta:
            owner = self._ledger.twin(owner)
            value = func(owner)
        if isinstance(value, Tensor) and value is not owner:
            # x.T, x.mT and x.data are views of x
            self._ledger.same(owner, value)
            original = shadow.original(owner)
            if original is not None and func == DATA:
                shadow.also(value, original)
        return value

    def _set(self, func: Any, owner: Tensor, value: Any) -> None:
        self._numbers.clear()
        if isinstance(value, Tensor) and owner.is_meta != value.is_meta:
            value = self._ledger.twin(value)
            if not owner.is_meta:  # a constant becomes a map
                torch._C._swap_tensor_impl(owner, torch.empty(0, device="meta"))  # noqa: SLF001
        func(owner, value)
        if isinstance(value, Tensor) and func == SET_DATA:
            self._ledger.fill(owner, value)

    def by_own_rule(
        self, own: OwnRule, func: Callable[..., Any], args: tuple[Any, ...], kwargs: dict[str, Any]
    ) -> Any:
        """One row for a call by a rule of the user's own, and none for what runs inside."""
        from cnnref.tracing.rules.own import answer

        args, kwargs = self._twins(func, args, kwargs)
        with self._ledger.silent():
            result = self._ledger.twin((own.output or func)(*args, **kwargs))
        given = list(tensors((args, kwargs)))
        learned = tuple(tensor for tensor in given if self._ledger.is_learned(tensor))
        with torch._C.DisableTorchFunction(), self._unseen():  # noqa: SLF001
            found = answer(own, result, args, kwargs, learned)
        self._ledger.write(Row(found, given, result), given, result)
        return result

    def _summed(
        self, op: str, func: Callable[..., Any], args: tuple[Any, ...], kwargs: dict[str, Any]
    ) -> Any:
        """One row for all that runs inside a function."""
        inner: list[Operation] = []
        self._sum = inner
        try:
            result = run(func, args, kwargs)
        finally:
            self._sum = None
        return self._learn(partial(summed, op, inner), result, args, kwargs)

    def operator(self, func: Any, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
        """Run an operator that no function with a rule tells of, and record it."""
        if self._own and (own := self._own.get(func)) is not None:
            return self.by_own_rule(own, func, args, kwargs)
        given = list(tensors((args, kwargs)))
        if func._schema.is_mutable:  # noqa: SLF001
            self._numbers.clear()
        real = given and self._constants.may_run(func, given, kwargs)
        if not real:
            self._constants.overwrite(func, given, kwargs)
            args, kwargs = self._twins(func, args, kwargs)
        result = run_operator(func, args, kwargs, self._constants.draws)
        if not given or real:
            self._constants.keep(result, given)
        found = self._record(func, result, args, kwargs)
        return marked(result, args, kwargs, found)

    def _record(
        self, func: Any, result: Any, args: tuple[Any, ...], kwargs: dict[str, Any]
    ) -> Operation | None:
        leaf = first_tensor(result)
        if leaf is None:
            if func._schema.is_mutable:  # noqa: SLF001
                self._ledger.forget(tensors((args, kwargs)))
            return None
        from cnnref.tracing.rules.aten import operator_rule

        packet = func.overloadpacket
        rule = operator_rule(packet)
        given = list(tensors((args, kwargs)))
        if rule is None:
            name = packet.__name__
            found = Operation(name, tuple(given), leaf, counted=False, leaf=False)
        else:
            found = by_stored(rule(result, *args, **kwargs))
        if self._sum is not None:
            self._sum.append(found)
        else:
            self._ledger.write(Row(in_real_numbers(found), given, result), given, result)
        return found
