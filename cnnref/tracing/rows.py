"""What a rule said of a call, with numbers in place of its tensors."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

from cnnref.counting.operators import FREE, VIEWS
from cnnref.counting.shapes import Shape
from cnnref.tracing.rules import Operation, tensors

if TYPE_CHECKING:
    from torch import Tensor

__all__ = ["Row", "shape"]

_FREE = frozenset(FREE)
_VIEWS = frozenset(VIEWS)
# what hands its input on where there is nothing to do
_HANDED_ON = _VIEWS | {
    "as_tensor", "bfloat16", "bool", "byte", "contiguous", "cpu", "cuda", "double", "dropout",
    "float", "half", "int", "long", "short", "to", "type", "type_as",
}  # fmt: skip


class Row:
    """What the rows of all calls with one signature share.

    inputs, weights, biases: tensors, by their numbers among those that the call was given.
    learned: the weights and biases; read: the inputs and weights; written: what it writes to.
    """

    __slots__ = (
        "biases", "constants", "counted", "counts", "formulas", "free", "further", "in_shapes",
        "inputs", "leaf", "learned", "op", "out_shape", "output", "read", "view", "weights",
        "window", "written",
    )  # fmt: skip

    def __init__(self, found: Operation, given: list[Tensor], result: Any) -> None:
        places: dict[int, int] = {}
        for number, tensor in enumerate(given):
            places.setdefault(id(tensor), number)
        self.op = found.op
        self.leaf = found.leaf
        self.counted = found.counted
        self.free = found.op in _FREE
        self.view = found.op in _VIEWS
        # what an operator makes of nothing, it does not read
        self.inputs = _numbers(found.inputs, places)
        self.weights = _numbers(found.weights, places)
        self.biases = _numbers(found.biases, places)
        self.learned = self.weights + self.biases
        self.read = self.inputs + self.weights
        self.in_shapes = tuple([shape(given[i]) for i in self.inputs])
        self.output = found.output.shape
        self.out_shape = shape(found.output)
        self.further = found.further
        self.window = found.window
        self.constants = found.constants
        self.formulas = found.formulas
        outputs = (result,) if result is found.output else list(tensors((result,)))
        kept = found.op in _HANDED_ON
        self.written = () if kept else _numbers(given[:1] if result is None else outputs, places)
        self.counts = found.counts._replace(
            elements_in=sum([shape.elements for shape in self.in_shapes]),
            elements_out=sum([output.numel() for output in outputs or (found.output,)]),
        )


def _numbers(given: Iterable[Tensor | None], places: dict[int, int]) -> tuple[int, ...]:
    return tuple([places[id(tensor)] for tensor in given if id(tensor) in places])


def shape(tensor: Tensor) -> Shape:
    """The shape for one image: a leading axis of one is the batch. Nested sequences have none."""
    try:
        size = tensor.shape
    except RuntimeError:
        return Shape(())
    return Shape(size[1:] if size and size[0] == 1 else size)
