"""One row of a table: a layer, where it stands, and the raw counts of its work."""

from math import prod
from typing import TYPE_CHECKING, NamedTuple

from cnnref.counting.arithmetic import taps_inside
from cnnref.counting.shapes import Call, Counts, Formulas, Shape, Window
from cnnref.errors import briefly

if TYPE_CHECKING:
    from cnnref.counting.conventions import Convention

__all__ = ["Layer", "levels"]

Constants = tuple[tuple[str, float], ...]


@briefly
class Layer(NamedTuple):
    """One operator applied once.

    inputs: the rows that feed this one, by number; -1 is the network's input. In a part of a
        table, as a slice or a stage, these are still the numbers of the whole, `part.whole`.
    in_shapes, out_shape: shapes for one image, without the batch.
    counted: False where no rule knows the operator: of its counts, only elements and what is
        learned are then known, and the others are zero.
    constants: by name, the numbers that change values and no cost: a batch norm's eps, an
        LRN's alpha, beta and k, the p of a dropout, the factor of a scale, how many zeros a pad
        adds on each side, how many positions a slice leaves out before its first (left, top,
        before), and count_include_pad (0) of an average that leaves its padding out.
    formulas: by count, how it comes about, where shapes and window do not tell it.
    call: what a trace knows besides of what was called; None in a spec.
    """

    name: str
    op: str
    stage: str
    block: str
    inputs: tuple[int, ...]
    in_shapes: tuple[Shape, ...]
    out_shape: Shape
    window: Window | None
    counts: Counts
    counted: bool = True
    constants: Constants = ()
    formulas: Formulas = ()
    call: Call | None = None

    def __eq__(self, other: object) -> bool:
        """Equal work at one place; how it was called is no part of it."""
        return isinstance(other, Layer) and tuple(self)[:-1] == tuple(other)[:-1]

    def __hash__(self) -> int:
        return hash(tuple(self)[:-1])

    def count(self, name: str) -> int:
        """A raw count by its name; 0 of those that only other kinds have."""
        found: int | None = getattr(self.counts, name, None)
        if found is not None:
            return found
        return dict(self.call.counts).get(name, 0) if self.call and self.call.counts else 0

    @property
    def in_shape(self) -> Shape:
        """The shape of the first input."""
        return self.in_shapes[0]

    @property
    def macs(self) -> int:
        """Multiply-accumulates for one image."""
        return self.counts.macs

    @property
    def padding_macs(self) -> int:
        """Of a convolution's MACs, those whose input is padding; all published counts have them.

        Filters * C_in / G * (all taps - taps on the input); rows of other kinds have none.

        >>> import cnnref
        >>> row = cnnref.table("vgg16")["conv5_1"]
        >>> row.padding_macs, row.macs
        (42991616, 462422016)
        """
        if self.op != "conv" or self.window is None:
            return 0
        return self.macs - self.macs * _inside(self, self.window) // _all(self, self.window)

    @property
    def parameters(self) -> int:
        """Learned numbers: weights and biases."""
        return self.counts.weights + self.counts.biases

    @property
    def frozen(self) -> int:
        """Learned numbers that take no gradient; none of a row that is not traced."""
        return self.call.frozen if self.call else 0

    @property
    def unregistered(self) -> int:
        """Learned numbers that the module has not registered; none of a row that is not traced."""
        return self.call.unregistered if self.call else 0

    @property
    def trainable(self) -> int:
        """Learned numbers that take a gradient."""
        return self.parameters - self.frozen

    @property
    def activations(self) -> int:
        """Elements of the output for one image, of any row.

        `Table.mac_activations`, and what columns call "activations", has rows with MACs alone.
        """
        return self.counts.elements_out

    @property
    def kind(self) -> str:
        """What a convention prices: the operator, or "copy" for an adaptive pool that has its size.

        Each of its outputs is one of its inputs.
        """
        copies = self.op == "adaptive_avg_pool" and self.in_shapes == (self.out_shape,)
        return "copy" if copies else self.op

    def operations(self, convention: "Convention | str") -> int:
        """Operations for one image under a named convention.

        Raises:
            UnknownNameError: no convention has that name.
        """
        return _convention(convention).operations(self)

    def explain(self, convention: "Convention | str" = "macs") -> str:
        """The formula of this row with its numbers put in, on one line.

        Raises:
            UnknownNameError: no convention has that name.
        """
        from cnnref.counting.explain import explain

        return explain(self, _convention(convention))


def _convention(convention: "Convention | str") -> "Convention":
    from cnnref.counting.conventions import convention as look_up

    return look_up(convention)


def levels(layer: Layer) -> tuple[str, ...]:
    """The names of what a row is in, from coarse to fine, and its own.

    A traced row's are the parts of its module's path; a spec's its stage, its block and
    what its name adds.

    >>> import cnnref
    >>> levels(cnnref.table("resnet50")["conv2_1.conv1"])
    ('conv2', 'conv2_1', 'conv2_1.conv1')
    """
    words = layer.name.partition("#")[0].split(".")
    path = tuple(".".join(words[: end + 1]) for end in range(len(words)))
    if layer.stage in ("", path[0]):
        return path
    return tuple(dict.fromkeys([layer.stage, *filter(None, [layer.block]), *path]))


def _inside(layer: Layer, window: Window) -> int:
    axes = zip(
        _size(layer.in_shape, window), _size(layer.out_shape, window), *window[:4], strict=True
    )
    return prod(taps_inside(*axis) for axis in axes)


def _all(layer: Layer, window: Window) -> int:
    return prod(_size(layer.out_shape, window)) * prod(window.kernel)


def _size(shape: Shape, window: Window) -> tuple[int, ...]:
    """The axes that a window moves along: the last ones, whether of one image or of several."""
    return shape[-len(window.kernel) :]
