"""The recorder of a run with values: it sees the same calls, and all of them compute."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from typing import TYPE_CHECKING, Any

from torch import Tensor

from cnnref.tracing.constants import LIKE, PACKED
from cnnref.tracing.operators import UNSEEN
from cnnref.tracing.predicted.settled import BY_SIZE, settled
from cnnref.tracing.real.memory import Book, Known, Writable
from cnnref.tracing.real.nested import on_flat
from cnnref.tracing.recorder import Recorder
from cnnref.tracing.rules import Operation, Rule, tensors
from cnnref.tracing.signature import SMALL, first_tensor

if TYPE_CHECKING:
    from cnnref.tracing.rules.own import OwnRule, OwnRules

__all__ = ["Runner"]


class Runner(Recorder):
    """Sees what a recorder sees, on tensors that have values."""

    _ledger: Book

    def __init__(self, ledger: Book, rules: OwnRules | None = None) -> None:
        super().__init__(ledger, rules)
        self._places = {}
        self._known = self._constants = Known(ledger.shadow)
        self._writable = Writable(ledger)
        self._inner = 0
        self._writable.share(ledger.shadow)
        self._known.feed(ledger.inputs)

    @contextmanager
    def _unseen(self) -> Iterator[None]:
        """Operators have no rows meanwhile, but are still kept from writing to what is not ours."""
        self._inner += 1
        try:
            yield
        finally:
            self._inner -= 1

    def _by_rule(
        self,
        rule: Rule,
        func: Callable[..., Any],
        args: tuple[Any, ...],
        kwargs: dict[str, Any] | None,
    ) -> Any:
        with self._unseen():
            args, kwargs = self._ledger.twin((args, kwargs or {}))
            if func in BY_SIZE:
                func, args, kwargs = settled(func, args, kwargs, self._known.known)
            given = list(tensors((args, kwargs)))
            constant = self._on_known(func, given, kwargs)
            result = func(*args, **kwargs)
            number = self._kept(func, result, given, constant, args, kwargs)
            return self._learn(rule, result, args, kwargs, number=number) if given else result

    def _on_known(self, func: Any, given: list[Tensor], kwargs: dict[str, Any]) -> bool:
        """Whether a trace by shapes would compute a call, too."""
        constant = not given or self._known.may_run(func, given, kwargs)
        if not constant:
            self._known.overwrite(func, given, kwargs)
        return constant

    def _kept(
        self,
        func: Any,
        result: Any,
        given: list[Tensor],
        constant: bool,
        args: tuple[Any, ...] = (),
        kwargs: dict[str, Any] | None = None,
    ) -> bool:
        """Whether a result is a number that comes of constants alone; it is remembered as that."""
        leaf = first_tensor(result)
        if leaf is None:
            return False
        alike = func in LIKE and all(map(self._known.known, tensors((args[1:], kwargs))))
        made = alike or not given
        if (made and leaf.numel() <= SMALL) or (constant and not made):
            self._known.keep(result, given)
            return constant and leaf.numel() == 1
        packed = func in PACKED  # lengths beside maps
        maps = (x for x in tensors((result,)) if not packed or x.is_floating_point())
        self._known.mark(tuple(maps))
        return False

    def _twins(
        self, func: Any, args: tuple[Any, ...], kwargs: dict[str, Any]
    ) -> tuple[tuple[Any, ...], dict[str, Any]]:
        return self._ledger.twin((args, kwargs))  # type: ignore[no-any-return]

    def _with_values(self, args: Any, kwargs: Any) -> Any:
        return self._ledger.twin((args, kwargs))

    def _is_map(self, tensor: Tensor) -> bool:
        return self._known.is_map(tensor)

    def _property(self, func: Any, args: tuple[Any, ...]) -> Any:
        value = super()._property(func, args)
        if isinstance(value, Tensor) and not self._known.known(self._ledger.twin(args[0])):
            self._known.mark(value)
        return value

    def _higher(self, func: Any, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
        """A function of PyTorch that takes functions."""
        from cnnref.tracing.rules import higher

        if func.name() == "cond":
            taken = args[1] if bool(args[0]) else args[2]
            return self._inside(taken, tuple(args[3]) if len(args) > 3 else (), {})
        if func.name() != "flex_attention":
            raise higher.refusal(func)
        with UNSEEN():
            result = func(*args, **kwargs)
            self._known.mark(result)
            rule = partial(higher.flex, lambda _: True, args[4])
            return self._learn(rule, result, args[:3], {})

    def by_own_rule(
        self, own: OwnRule, func: Callable[..., Any], args: tuple[Any, ...], kwargs: dict[str, Any]
    ) -> Any:
        """One row for a call by a rule of the user's own, and none for what runs inside."""
        result = super().by_own_rule(own._replace(output=None), func, args, kwargs)
        self._known.mark(result)
        return result

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
        """Record a call by its rule; nested tensors are what they hold, one behind the other."""
        if not any(leaf.is_nested for leaf in tensors((result, args, kwargs))):
            return super()._learn(rule, result, args, kwargs, number=number)
        held = self._ledger.flat((result, args, kwargs))
        super()._learn(on_flat(rule), *held)
        self._ledger.is_same(held[0], result)
        return result

    def _record(
        self, func: Any, result: Any, args: tuple[Any, ...], kwargs: dict[str, Any]
    ) -> Operation | None:
        if not any(leaf.is_nested for leaf in tensors((result, args, kwargs))):
            return super()._record(func, result, args, kwargs)
        held = self._ledger.flat((result, args, kwargs))
        found = super()._record(func, *held)
        self._ledger.is_same(held[0], result)
        return found

    def operator(self, func: Any, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
        """Run an operator, and record it unless a function with a rule has told of it."""
        if self._own and not self._inner and (own := self._own.get(func)) is not None:
            return self.by_own_rule(own, func, args, kwargs)
        args, kwargs = self._writable.given(func, args, kwargs)
        given = list(tensors((args, kwargs)))
        if self._inner:
            result = self._known.draws.operator(func, args, kwargs)
            self._writable.made(result, given)
            return result
        constant = self._on_known(func, given, kwargs)
        result = self._known.draws.operator(func, args, kwargs)
        self._writable.made(result, given)
        self._kept(func, result, given, constant)
        self._record(func, result, args, kwargs)
        return result
