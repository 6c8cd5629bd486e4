"""One operator with the tensors that it is given, and what a rule says of it."""

from __future__ import annotations

from collections.abc import Callable
from ctypes import c_float
from typing import NamedTuple

from cnnref.counting.layer import Constants
from cnnref.counting.shapes import Counts, Formulas, Window
from cnnref.errors import ShapeError
from cnnref.tables.onnx.model import Node, Tensor

__all__ = [
    "Call",
    "Found",
    "Rule",
    "Sizes",
    "UnknownError",
    "Value",
    "broadcast",
    "float32",
    "short",
]

Sizes = tuple[int, ...]


class UnknownError(Exception):
    """What a rule needs and the file does not say."""


class Value(NamedTuple):
    """A tensor on its way.

    sizes: None where nothing tells them.
    data: its numbers in a row, where they are few and known, as of a shape.
    producer: the row that made it, -1 for an input of the network, None for what is constant.
    tensors: those of the file that it holds, as they are or moved about.
    """

    sizes: Sizes | None
    data: tuple[float, ...] | None = None
    producer: int | None = None
    tensors: tuple[Tensor, ...] = ()


class Found(NamedTuple):
    """What a rule says.

    outs: the sizes of each output.
    maps: which inputs it reads as feature maps; None for all.
    weights, biases: which inputs hold what is learned.
    data: the numbers of the first output, where they are known.
    """

    op: str
    outs: tuple[Sizes, ...]
    counts: Counts = Counts()
    window: Window | None = None
    maps: tuple[int, ...] | None = (0,)
    weights: tuple[int, ...] = ()
    biases: tuple[int, ...] = ()
    constants: Constants = ()
    formulas: Formulas = ()
    data: tuple[float, ...] | None = None


class Call(NamedTuple):
    """An operator of the file, and what stands at each of its inputs; None at one left out.

    stated: what the file says of its first output's sizes, None of an axis that it leaves free.
    """

    node: Node
    values: list[Value | None]
    stated: tuple[int | None, ...] | None = None

    def has(self, place: int) -> bool:
        """Whether an input is given."""
        return place < len(self.values) and self.values[place] is not None

    def value(self, place: int) -> Value:
        """What stands at an input.

        Raises:
            UnknownError: nothing does.
        """
        found = self.values[place] if place < len(self.values) else None
        if found is None:
            raise UnknownError
        return found

    def sizes(self, place: int = 0) -> Sizes:
        """The sizes of an input.

        Raises:
            UnknownError: nothing tells them.
        """
        found = self.value(place).sizes
        if found is None:
            raise UnknownError
        return found

    def data(self, place: int) -> tuple[float, ...]:
        """The numbers of an input.

        Raises:
            UnknownError: they are not in the file, or depend on what the network is given.
        """
        found = self.value(place).data
        if found is None:
            raise UnknownError
        return found

    def wholes(self, place: int) -> tuple[int, ...]:
        """The same, as whole numbers."""
        return tuple(map(int, self.data(place)))

    def biases(self, place: int) -> tuple[int, ...]:
        """The input, where it adds something; some exporters write zeros for no bias."""
        return (place,) if self.biased(place) else ()

    def biased(self, place: int) -> bool:
        """Whether an input adds something."""
        if not self.has(place):
            return False
        data, held = self.value(place).data, self.value(place).tensors
        return data is None or any(data) or any(tensor.named for tensor in held)

    def number(self, name: str, default: float) -> float:
        """An attribute that is a number."""
        found = self.node.attributes.get(name)
        if isinstance(found, float):
            return short(found)
        return found if isinstance(found, int) else default

    def whole(self, name: str, default: int = 0) -> int:
        """An attribute that is a whole number."""
        return int(self.number(name, default))

    def needed(self, name: str) -> int:
        """An attribute that is a positive whole number.

        Raises:
            UnknownError: it is not given, or is none.
        """
        found = self.whole(name)
        if found <= 0:
            raise UnknownError
        return found

    def text(self, name: str, default: str = "") -> str:
        """An attribute that is a text."""
        found = self.node.attributes.get(name)
        return found if isinstance(found, str) else default

    def many(self, name: str) -> tuple[int, ...] | None:
        """An attribute that is a list of whole numbers, where it is given."""
        found = self.node.attributes.get(name)
        if not isinstance(found, tuple) or isinstance(found, Tensor):
            return None
        return tuple(int(number) for number in found)

    def listed(self, name: str, place: int) -> tuple[int, ...] | None:
        """Whole numbers that an attribute holds in older files, and an input in newer ones."""
        return self.wholes(place) if self.has(place) else self.many(name)


Rule = Callable[[Call], Found]


def float32(number: float) -> float:
    """The nearest number of 32 bits.

    >>> float32(10 * float32(0.7))
    7.0
    """
    return c_float(number).value


def short(number: float) -> float:
    """A number as it was written before it was rounded to a float of 32 bits.

    >>> float32(0.7), short(float32(0.7))
    (0.699999988079071, 0.7)
    """
    return float(f"{number:.7g}")


def broadcast(*shapes: Sizes) -> Sizes:
    """The sizes of tensors that are spread over one another.

    Raises:
        ShapeError: an axis of one is neither that of another nor one.

    >>> broadcast((64, 56, 56), (64, 1, 1))
    (64, 56, 56)
    """
    rank = max(map(len, shapes), default=0)
    padded = [(1,) * (rank - len(shape)) + tuple(shape) for shape in shapes]
    out = []
    for axes in zip(*padded, strict=True):
        longer = {axis for axis in axes if axis != 1}
        if len(longer) > 1:
            said = " with ".join("x".join(map(str, shape)) for shape in shapes)
            raise ShapeError(f"cannot join {said}")
        out.append(longer.pop() if longer else 1)
    return tuple(out)
