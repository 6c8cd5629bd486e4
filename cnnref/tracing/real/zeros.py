"""How many of the weights that a row reads are zero, as pruning leaves them."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import Any

import torch
from torch import Tensor, nn
from torch.utils._python_dispatch import _disable_current_modes

from cnnref.counting.layer import Layer
from cnnref.counting.operators import VIEWS
from cnnref.counting.shapes import Call
from cnnref.tables.columns import OF_MAPS
from cnnref.tracing.ledger import Ledger
from cnnref.tracing.rows import Row
from cnnref.tracing.rules import tensors
from cnnref.tracing.shadow import Shadow
from cnnref.tracing.twins import Way

__all__ = ["with_zeros"]

# fmt: off
# what they give has the numbers of their input, each as often as any other
KEEPING = frozenset((
    "alias", "atleast_1d", "atleast_2d", "atleast_3d", "bfloat16", "broadcast_to", "clone",
    "contiguous", "cpu", "cuda", "detach", "double", "expand", "expand_as", "flatten", "flip",
    "fliplr", "flipud", "float", "half", "lift_fresh", "moveaxis", "movedim", "permute",
    "positive", "ravel", "repeat", "reshape", "reshape_as", "roll", "rot90", "squeeze",
    "swapaxes", "swapdims", "t", "tile", "to", "transpose", "type_as", "unflatten", "unsqueeze",
    "view", "view_as",
))
# fmt: on
# those of KEEPING that give each number several times
REPEATING = frozenset(("broadcast_to", "expand", "expand_as", "repeat", "tile"))
# what they give may be a view of their input
SHARING = frozenset(VIEWS) | KEEPING - {"clone"}
# what they give may be their input, which they do not write to
READING = SHARING | {"bool", "byte", "int", "long", "short", "type"}


class Memory:
    """What the views of a weight share.

    numbers: those in it; None where they are not known, as after forward has written to it.
    """

    def __init__(self, numbers: Tensor | None) -> None:
        self.numbers = numbers


class Numbers:
    """Those of the weights in a trace by shapes, as far as they are known without computing."""

    def __init__(self, shadow: Shadow) -> None:
        self._shadow = shadow
        # by identity: a tensor's memory, and whether the tensor is all that is in it
        self._known: dict[int, tuple[Memory, bool]] = {}
        # an id belongs to its tensor for as long as that is kept
        self._kept: list[Tensor] = []

    def of(self, tensor: Tensor) -> Tensor | None:
        """The numbers of a tensor, or as many of each; None where they are not known."""
        memory, whole = self._of(tensor) or (Memory(None), False)
        return memory.numbers if whole else None

    def share(self, old: Tensor, new: Tensor) -> None:
        """A tensor is in the memory of another one."""
        self._know(new, self._of(old) or (Memory(None), True))

    def forget(self, written: Iterable[Tensor]) -> None:
        """Some tensors have been written to."""
        for tensor in written:
            if tensor.is_meta and (found := self._of(tensor)):
                found[0].numbers = None

    def follow(self, row: Row, given: list[Tensor], result: Any) -> None:
        """Know what a call gives of a weight, and forget what it writes over."""
        if result is None:
            self.forget(given[:1])
        for leaf in tensors((result,)):
            if not any(leaf is one for one in given):
                self._made(row, given, leaf)
            elif row.op not in READING:
                self.forget((leaf,))

    def _made(self, row: Row, given: list[Tensor], leaf: Tensor) -> None:
        if row.op not in SHARING | KEEPING or not leaf.is_meta:
            return
        source = given[row.inputs[0]] if row.inputs else given[0]
        if (found := self._of(source)) is not None:
            memory, whole = found
            if row.op not in SHARING:
                memory = Memory(memory.numbers)
            self._know(leaf, (memory, whole and _keeps(row.op, source, leaf)))

    def _of(self, tensor: Tensor) -> tuple[Memory, bool] | None:
        """What is known of a tensor; nothing of one that forward computes."""
        tensor = self._shadow.mine(tensor)
        if (found := self._known.get(id(tensor))) is not None:
            return found
        numbers = self._shadow.original(tensor) if tensor.is_meta else tensor
        if numbers is None or numbers.is_meta:
            return None
        return self._know(tensor, (Memory(numbers), True))

    def _know(self, tensor: Tensor, found: tuple[Memory, bool]) -> tuple[Memory, bool]:
        self._known[id(tensor)] = found
        self._kept.append(tensor)
        return found


class Computed(Numbers):
    """Those of a run with values, where each tensor has its own."""

    def of(self, tensor: Tensor) -> Tensor | None:
        """The numbers of a tensor; None of one that stands for nested sequences."""
        return None if tensor.is_meta else tensor

    def share(self, old: Tensor, new: Tensor) -> None:
        """Nothing has to be remembered."""

    def follow(self, row: Row, given: list[Tensor], result: Any) -> None:
        """Nothing has to be remembered."""


def with_zeros(way: Way) -> Way:
    """The way of a trace whose rows know how many of the weights that they read are zero."""
    return way._replace(ledger=_looking(way.ledger))


def _looking(kind: Callable[..., Ledger]) -> Callable[..., Ledger]:
    base: Any = kind

    class Looking(base):  # type: ignore[misc]
        """A ledger of a kind that looks at the weights behind each row, where these have values."""

        def __init__(self, parts: Sequence[tuple[str, nn.Module]], shadow: Shadow) -> None:
            self._values = (Computed if base.computes else Numbers)(shadow)
            super().__init__(parts, shadow)

        def write(self, row: Row, given: list[Tensor], result: Any) -> None:
            before, read = len(self.layers), _weights(self, row, given)
            super().write(row, given, result)
            if read and len(self.layers) > before:
                self.layers[-1] = _noted(self.layers[-1], row, read, self._values)
            self._values.follow(row, given, result)

        def same(self, old: Tensor, new: Tensor) -> None:
            super().same(old, new)
            self.fill(new, old)

        def fill(self, owner: Tensor, value: Tensor) -> None:
            self._values.share(value, owner)

        def forget(self, written: Iterable[Tensor]) -> None:
            self._values.forget(written)

    return Looking


def _weights(ledger: Ledger, row: Row, given: list[Tensor]) -> list[Tensor]:
    """What a row reads that is no map, also of a product of any two."""
    if row.weights or row.op not in OF_MAPS:
        return [given[number] for number in row.weights]
    inputs = [given[number] for number in row.inputs]
    if _goes_back():  # where weights are not told from other tensors that were saved
        return [one for one in inputs if not ledger.is_made(one)]
    return [one for one in inputs if ledger.is_learned(one)]


def _goes_back() -> bool:
    return torch._C._current_graph_task_id() >= 0  # noqa: SLF001


def _keeps(op: str, source: Tensor, leaf: Tensor) -> bool:
    if op not in KEEPING or not source.numel():
        return False
    times, rest = divmod(leaf.numel(), source.numel())
    return not rest and (times == 1 or op in REPEATING)


def _is_simple(row: Row, read: list[Tensor]) -> bool:
    """Whether a row multiplies by each number of its weights as often as by any other."""
    if row.weights:
        return True
    # a product of a map and one weight
    pair = row.op == "matmul" and len(row.inputs) == 2 and len(read) == 1
    if not pair or _goes_back() or not read[0].numel():
        return False
    return row.counts.macs % read[0].numel() == 0


def _noted(layer: Layer, row: Row, read: list[Tensor], numbers: Numbers) -> Layer:
    found = [known for weight in read if (known := numbers.of(weight)) is not None]
    if len(found) < len(read) or not _is_simple(row, read):
        return layer if row.weights else _with(layer, unread=sum(one.numel() for one in read))
    # forward asks for none of these numbers
    with _disable_current_modes():
        size = sum(weight.numel() for weight in found)
        zeros = size - sum(int(torch.count_nonzero(weight)) for weight in found)
    return _with(layer, weights_read=size, zeros=zeros)


def _with(layer: Layer, **counts: int) -> Layer:
    call = layer.call or Call()
    return layer._replace(call=call._replace(counts=(*call.counts, *counts.items())))
