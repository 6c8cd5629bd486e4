"""Shapes of feature maps, the window that moves over them, and the raw counts of its work."""

# no file that a printed table needs puts off its annotations where it has a named tuple: of each
# field's text, typing would compile an expression at every start
from typing import NamedTuple

__all__ = [
    "COUNTS",
    "FURTHER",
    "Call",
    "Counts",
    "Formula",
    "Formulas",
    "Shape",
    "Size",
    "Window",
    "Work",
]

Pair = tuple[int, ...]
# of an input: its height and width, or both at once
Size = int | tuple[int, int]


class Shape(tuple[int, ...]):
    """The shape of one image's feature map: (C, H, W), or (features,) once it is flat.

    >>> import cnnref
    >>> shape = cnnref.table("vgg16")["conv2_1"].out_shape
    >>> str(shape), shape.channels, shape.size, shape.elements
    ('128 x 112 x 112', 128, (112, 112), 1605632)
    """

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
        """How many elements it has: the product of all axes."""
        product = 1
        for axis in self:
            product *= axis
        return product

    def __str__(self) -> str:
        return " x ".join(map(str, self)) or "scalar"


class Window(NamedTuple):
    """How a window moves over its input.

    kernel, stride, padding, dilation: in positions, (height, width), or (n,) along channels.
    groups: the groups of channels that do not see each other.
    ceil_mode: whether a window that begins inside may end outside.

    >>> import cnnref
    >>> cnnref.table("alexnet")["conv2"].window
    Window(kernel=(5, 5), stride=(1, 1), padding=(2, 2), dilation=(1, 1), groups=1, ceil_mode=False)
    """

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
    elements_in, elements_out: elements of all inputs together and of the output.
    weights, biases: learned numbers (a norm's scale and shift among them).

    >>> import cnnref
    >>> counts = cnnref.table("vgg16")["pool1"].counts
    >>> counts.window_taps, counts.elements_in, counts.elements_out, counts.weights
    (3211264, 3211264, 802816, 0)
    """

    macs: int = 0
    bias_adds: int = 0
    window_taps: int = 0
    elements_in: int = 0
    elements_out: int = 0
    weights: int = 0
    biases: int = 0


COUNTS = Counts._fields
# raw counts of few kinds, of which a trace alone tells: see `Call`
FURTHER = ("estimate", "again", "states", "sums", "nearest", "linear", "bilinear", "bicubic")


class Call(NamedTuple):
    """What a trace knows of a row besides: what those tools count by that watch modules.

    module: the class of the module without parts whose call the row is, as "torch.nn.Linear";
        "" where a function was called.
    counts: by name, further raw counts. estimate: MACs that a textbook gives for what no count
        is exact of, as a decomposition. again: the learned numbers of the module, once for each
        entry along the first axis of its output (of a recurrent layer, its first two), but for
        those that the row brings. states: elements of the hidden state, over all steps, layers
        and directions of a recurrent layer. sums: the sums of a softmax. nearest, linear,
        bilinear, bicubic: elements of the output of an interpolation of that mode. Where a trace
        was to look at values, weights_read: the numbers of the weights that the row reads, and
        zeros: how many of them are zero; unread: of a product of matrices, the numbers of
        weights whose zeros it does not tell.
    frozen: how many of the learned numbers that the row brings take no gradient.
    unregistered: learned numbers that are none of the module's parameters(), as those in a plain
        list or made in forward; none of the row's weights and biases either.
    """

    module: str = ""
    counts: tuple[tuple[str, int], ...] = ()
    frozen: int = 0
    unregistered: int = 0


# a sum of products; a factor that is a product of sizes is shown in brackets
Product = tuple[int | tuple[int, ...], ...]
Formula = tuple[Product, ...]
Formulas = tuple[tuple[str, Formula], ...]


class Work(NamedTuple):
    """What a rule of `cnnref.counting.arithmetic` says of one layer, apart from where it stands."""

    out_shape: Shape
    window: Window | None
    counts: Counts
