"""One row of a table: a layer, where it stands, and the raw counts of its work."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from cnnref.counting.conventions import Convention

__all__ = ["COUNTS", "Counts", "Formula", "Formulas", "Geometry", "Layer", "Shape", "Work"]

Pair = tuple[int, ...]


class Shape(tuple[int, ...]):
    """The shape of one image's feature map: (C, H, W), or (features,) once it is flat."""

    __slots__ = ()

    @property
    def channels(self) -> int:
        """The first axis: channels of a feature map, features of a vector."""
        return self[0]

    @property
    def size(self) -> Pair:
        """The spatial axes: (H, W), or () for a vector."""
        return tuple(self[1:])

    @property
    def elements(self) -> int:
        """The product of all axes."""
        product = 1
        for axis in self:
            product *= axis
        return product

    def __str__(self) -> str:
        return " x ".join(map(str, self)) or "scalar"


class Geometry(NamedTuple):
    """How a window moves over its input; (height, width) pairs, or (n,) along channels."""

    kernel: Pair
    stride: Pair
    padding: Pair
    dilation: Pair = (1, 1)
    groups: int = 1
    ceil_mode: bool = False


class Counts(NamedTuple):
    """Raw integer counts of one layer for one image; a convention puts prices on them.

    macs: multiplies that are followed by an add into the same sum.
    bias_adds: adds of a bias, one for each output element of a biased layer.
    window_taps: elements that the windows of a pooling or a normalisation cover,
        padding included, over all outputs.
    elements_in, elements_out: sizes of all inputs together and of the output.
    weights, biases: learned numbers (a norm's scale and shift among them).
    """

    macs: int = 0
    bias_adds: int = 0
    window_taps: int = 0
    elements_in: int = 0
    elements_out: int = 0
    weights: int = 0
    biases: int = 0


COUNTS = Counts._fields
Constants = tuple[tuple[str, float], ...]
# a sum of products; a factor that is a product of sizes is shown in brackets
Product = tuple[int | tuple[int, ...], ...]
Formula = tuple[Product, ...]
Formulas = tuple[tuple[str, Formula], ...]


class Work(NamedTuple):
    """What a rule of `cnnref.counting.arithmetic` says of one layer, apart from where it stands."""

    out_shape: Shape
    geometry: Geometry | None
    counts: Counts


class Layer(NamedTuple):
    """One operator applied once.

    inputs: the rows that feed this one, by number; -1 is the network's input. In a part of a
        table, as a slice or a stage, these are still the numbers of the whole, `part.whole`.
    in_shapes, out_shape: shapes for one image, without the batch.
    counted: False where no rule knows the operator: of its counts, only elements and what is
        learned are then known, and the others are zero.
    constants: by name, the numbers that change values and no cost: a batch norm's eps, an
        LRN's alpha, beta and k, the p of a dropout, the factor of a scale, how many zeros a pad
        adds on each side, and count_include_pad (0) of an average that leaves its padding out.
    formulas: by count, how it comes about, where shapes and window do not tell it.
    """

    name: str
    op: str
    stage: str
    block: str
    inputs: tuple[int, ...]
    in_shapes: tuple[Shape, ...]
    out_shape: Shape
    geometry: Geometry | None
    counts: Counts
    counted: bool = True
    constants: Constants = ()
    formulas: Formulas = ()

    @property
    def in_shape(self) -> Shape:
        """The shape of the first input."""
        return self.in_shapes[0]

    @property
    def macs(self) -> int:
        """Multiply-accumulates for one image."""
        return self.counts.macs

    @property
    def parameters(self) -> int:
        """Learned numbers: weights and biases."""
        return self.counts.weights + self.counts.biases

    @property
    def activations(self) -> int:
        """Elements of the output for one image."""
        return self.counts.elements_out

    @property
    def kind(self) -> str:
        """What a convention prices: the operator, or "copy" for an adaptive pool that has its size.

        Each of its outputs is one of its inputs.
        """
        copies = self.op == "adaptive_avg_pool" and self.in_shapes == (self.out_shape,)
        return "copy" if copies else self.op

    def flops(self, convention: Convention | str = "macs") -> int:
        """Operations for one image under a named convention."""
        return _convention(convention).flops(self)

    def explain(self, convention: Convention | str = "macs") -> str:
        """The formula of this row with its numbers put in, on one line.

        Raises:
            UnknownNameError: no convention has that name.
        """
        from cnnref.counting.explain import explain

        return explain(self, _convention(convention))


def _convention(convention: Convention | str) -> Convention:
    from cnnref.counting.conventions import convention as look_up

    return look_up(convention)
