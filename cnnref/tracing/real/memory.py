"""Memory in a run with values: what it may write to, and what is known of tensors that live."""

from __future__ import annotations

import weakref
from collections.abc import Callable, Iterable, Sequence
from functools import cache
from typing import Any, NoReturn

from torch import Tensor, nn
from torch.nn.parameter import is_lazy

from cnnref.tracing.constants import Constants
from cnnref.tracing.ledger import Ledger, changed
from cnnref.tracing.real.nested import flattened
from cnnref.tracing.rules import tensors
from cnnref.tracing.shadow import Shadow
from cnnref.tracing.signature import SMALL, is_small, storage
from cnnref.tracing.twins import as_map

__all__ = ["Book", "Known", "Writable", "WrittenError"]


class WrittenError(BaseException):
    """Forward is about to write into a weight that was lent to its shadow, and not copied."""


class _Until:
    """What is kept until it dies, when its identity may belong to another."""

    def __init__(self, forget: Callable[[int], None]) -> None:
        self._forget = forget
        self._living: dict[int, weakref.ref[Any]] = {}

    def append(self, value: Any) -> None:
        number = id(value)
        if number not in self._living:
            self._living[number] = weakref.ref(value, lambda _: self._end(number))

    def __iadd__(self, values: Sequence[Any]) -> _Until:
        for value in values:
            self.append(value)
        return self

    def __contains__(self, value: object) -> bool:
        return id(value) in self._living

    def _end(self, number: int) -> None:
        self._living.pop(number, None)
        self._forget(number)


class Book(Ledger):
    """The rows of a run with values, whose feature maps it does not keep.

    inputs: the tensors of the network's input.
    """

    computes = True

    def __init__(self, parts: Sequence[tuple[str, nn.Module]], shadow: Shadow) -> None:
        super().__init__(parts, shadow)
        self.inputs: list[Tensor] = []
        self._kept: Any = _Until(self._forget)
        # of tensors that are nobody's here, to which forward writes: what it writes to instead
        self._instead: dict[int, tuple[Tensor, Tensor]] = {}

    def feed(self, inputs: Iterable[Tensor]) -> None:
        """Mark the tensors of the network's input."""
        self.inputs = list(inputs)
        super().feed(self.inputs)

    def _forget(self, number: int) -> None:
        self._producers.pop(number, None)
        self._roots.pop(number, None)
        self._view_of.pop(number, None)
        self._writes.pop(number, None)
        self._brought.discard(number)

    def twin(self, value: Any) -> Any:
        """The value with the shadow's tensors for those of the module."""
        return changed(value, self._mine)

    def _mine(self, value: Tensor) -> Tensor:
        found = self._instead.get(id(value))
        return self.shadow.mine(value) if found is None else found[1]

    def flat(self, value: Any) -> Any:
        """The value with dense tensors on meta for its nested ones."""

        def dense(tensor: Tensor) -> Tensor:
            if not tensor.is_nested:
                return tensor
            found = flattened(tensor)
            self.same(tensor, found)
            return found

        return changed(value, dense)

    def is_same(self, flat: Any, nested: Any) -> None:
        """Know nested tensors by what was recorded of them when they were flat."""
        for old, new in zip(tensors((flat,)), tensors((nested,)), strict=True):
            if old is not new:
                self.same(old, new)

    def apart(self, value: Tensor) -> Tensor:
        """A copy of a tensor that is nobody's here; from now on it is used in its place."""
        copy = value.detach().clone()
        self._instead[id(value)] = value, copy
        self.same(value, copy)
        return copy


class Known(Constants):
    """Which tensors would have values in a trace by shapes: of the others come feature maps."""

    def __init__(self, shadow: Shadow) -> None:
        super().__init__()
        self._shadow = shadow
        self._maps = _Until(lambda _: None)

    def feed(self, inputs: Sequence[Tensor]) -> None:
        """Mark the maps among the inputs."""
        for leaf in inputs:
            original = self._shadow.original(leaf)
            if as_map(leaf if original is None else original).is_meta:
                self.mark(leaf)

    def mark(self, result: Any) -> None:
        """What a call gives is a feature map."""
        for leaf in tensors((result,)):
            self._maps.append(leaf)

    def is_map(self, tensor: Tensor) -> bool:
        """Whether a tensor is a feature map."""
        return tensor in self._maps

    def known(self, tensor: Tensor) -> bool:
        """Whether a trace by shapes would have the values of a tensor."""
        if self.is_map(tensor) or isinstance(tensor, nn.Parameter) or is_lazy(tensor):
            return False
        if tensor.numel() > SMALL:
            return False
        original = self._shadow.original(tensor)
        if original is not None and (
            is_lazy(original) or not (is_small(original) or original.is_sparse)
        ):
            return False
        return not self.is_overwritten(tensor)

    def is_overwritten(self, tensor: Tensor) -> bool:
        """Whether a feature map was written into a tensor."""
        return bool(self._overwritten) and memory(tensor) in self._overwritten

    def overwrite(
        self, func: Callable[..., Any], given: list[Tensor], kwargs: dict[str, Any]
    ) -> None:
        """Forget the values of a constant to which a call on feature maps writes."""
        if any(map(self.known, given)):
            super().overwrite(func, given, kwargs)

    def differentiate(self, tensor: Tensor) -> bool:
        """A tensor that takes a gradient has its values as any other."""
        return False

    def make(self, func: Callable[..., Any], args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
        """What a function makes of no tensors."""
        return self.keep(func(*args, **kwargs), [])

    def value(self, func: Callable[..., Any], args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
        """The values of any tensor."""
        return func(*args, **kwargs)


class Writable:
    """The memory that a run may write to: what it has made, and copies."""

    def __init__(self, ledger: Book) -> None:
        self._ledger = ledger
        self._lent: set[int | None] = set()
        self._own: set[int | None] = {None}

    def share(self, shadow: Shadow) -> None:
        """Learn which tensors of a shadow have memory of their own."""
        for original, twin in shadow.twins():
            own = memory(twin)
            lent = own is not None and own == memory(original)
            (self._lent if lent else self._own).add(own)

    def made(self, result: Any, given: Sequence[Tensor]) -> None:
        """What is not a view of what was given is new."""
        theirs = {memory(tensor) for tensor in given}
        self._own |= {memory(leaf) for leaf in tensors((result,))} - theirs

    def given(self, func: Any, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
        """The arguments of an operator, with copies of what it must not write to.

        Raises:
            WrittenError: that is lent.
        """
        for where in _written(func):
            written = kwargs.get(where) if isinstance(where, str) else (*args, None)[where:][:1]
            for tensor in tensors((written,)):
                if memory(tensor) in self._lent:
                    _stop()
                if memory(tensor) not in self._own:
                    self._own.add(memory(self._ledger.apart(tensor)))
        return self._ledger.twin((args, kwargs))


def _stop() -> NoReturn:
    raise WrittenError


def memory(tensor: Tensor) -> int | None:
    """The identity of a tensor's memory; None where that is out of sight."""
    try:
        return storage(tensor)
    except (NotImplementedError, RuntimeError, ValueError):  # of another layout, or of no shape yet
        return None


@cache
def _written(func: Any) -> tuple[int | str, ...]:
    """The arguments to which an operator writes, by number or by name."""
    schema = func._schema  # noqa: SLF001
    return tuple(
        argument.name if argument.kwarg_only else number
        for number, argument in enumerate(schema.arguments)
        if argument.alias_info is not None and argument.alias_info.is_write
    )
