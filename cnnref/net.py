"""Net lays layers out in order: a spec reads like a forward pass over shapes."""

from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from typing import NamedTuple

from cnnref.counting import arithmetic, upsampling
from cnnref.counting.arguments import as_window, number, pair, ranked, refuse, truth, whole
from cnnref.counting.layer import Constants, Layer
from cnnref.counting.shapes import Shape, Size, Work
from cnnref.errors import CnnrefError, ShapeError, briefly
from cnnref.tables.table import Table

__all__ = ["FeatureMap", "Net"]


class FeatureMap(NamedTuple):
    """What a layer hands on.

    shape: of one image.
    producer: the number of the row that made it; -1 is the network's input.

    >>> import cnnref
    >>> net = cnnref.Net((3, 32, 32))
    >>> x = net.conv(net.input, 8, kernel=3)
    >>> x.shape, x.shape.elements
    ((8, 30, 30), 7200)
    """

    shape: Shape
    producer: int


Maps = tuple[FeatureMap, ...]


@briefly
class Net:
    """A network under construction: each method adds one row and returns its feature map.

    input_shape: (C, H, W) of one image, or (features,).
    name: of the network; of a method, of the row that it adds, by its operator and a number unless
        given.

    In every method x is the feature map that the row reads, of this net; kernel, stride, padding
    and dilation are in positions, N or (height, width). filters and features are the outputs,
    groups the groups of channels that do not see each other, and bias whether each output has one
    number that is added. affine says whether a normalisation has a learned scale and shift, and
    ceil_mode whether a window that begins inside may end outside. Other numbers change values and
    no count, and stand in `Layer.constants`: eps, alpha, beta and k of normalisations, the factor
    of a scale, the p of a dropout, the groups of a shuffle, and count_include_pad of an average.

    Raises:
        CnnrefError: a size is not a positive whole number, or a name is used twice.
        ShapeError: a layer does not fit its input.

    >>> net = Net((3, 227, 227))
    >>> x = net.conv(net.input, 64, kernel=11, stride=4, padding=2, name="conv1")
    >>> x = net.max_pool(net.relu(x), kernel=3, stride=2, name="pool1")
    >>> x.shape, net.table().macs
    ((64, 27, 27), 72855552)
    """

    def __init__(self, input_shape: Iterable[int], *, name: str = "net") -> None:
        if not isinstance(input_shape, Iterable):
            raise CnnrefError(f"input: give (C, H, W) or (features,), not {input_shape!r}.")
        sizes = tuple(whole("input", "input_shape", size, least=1) for size in input_shape)
        if not sizes:
            raise CnnrefError("input: the shape () is empty; give (C, H, W) or (features,).")
        self.name: str = _text("net", name)
        self.input: FeatureMap = FeatureMap(Shape(sizes), -1)
        self._layers: list[Layer] = []
        self._maps: list[FeatureMap] = []
        self._names: set[str] = set()
        self._counters: dict[str, int] = {}
        self._stage = ""
        self._block = ""

    def table(self) -> Table:
        """The rows so far, as an immutable table."""
        return Table(self._layers, name=self.name, input_shape=self.input.shape)

    def __copy__(self) -> "Net":
        """A net that goes on from here by itself; the feature maps so far are inputs of both."""
        twin = object.__new__(type(self))
        twin.__dict__.update(
            (key, type(value)(value) if isinstance(value, list | set | dict) else value)
            for key, value in self.__dict__.items()
        )
        return twin

    @contextmanager
    def stage(self, name: str) -> Iterator[None]:
        """Rows that are added inside belong to this stage."""
        before, self._stage = self._stage, _text("stage", name)
        try:
            yield
        finally:
            self._stage = before

    @contextmanager
    def block(self, name: str) -> Iterator[None]:
        """Rows that are added inside belong to this block; ".conv1" is then NAME.conv1."""
        before, self._block = self._block, _text("block", name)
        try:
            yield
        finally:
            self._block = before

    def conv(
        self,
        x: FeatureMap,
        filters: int,
        kernel: Size,
        *,
        stride: Size = 1,
        padding: Size = 0,
        dilation: Size = 1,
        groups: int = 1,
        bias: bool = True,
        name: str | None = None,
    ) -> FeatureMap:
        """A 2-D convolution; kernel, stride, padding and dilation are N or (height, width)."""
        label = self._label("conv", name)
        filters = whole(label, "filters", filters, least=1)
        truth(label, "bias", bias)
        window = as_window(label, kernel, stride, padding, dilation, groups)
        return self._add("conv", label, arithmetic.conv, x, filters, window, bias, rank=3)

    def conv_transpose(
        self,
        x: FeatureMap,
        filters: int,
        kernel: Size,
        *,
        stride: Size = 1,
        padding: Size = 0,
        output_padding: Size = 0,
        dilation: Size = 1,
        groups: int = 1,
        bias: bool = True,
        name: str | None = None,
    ) -> FeatureMap:
        """A transposed 2-D convolution; output_padding adds rows and columns on one side."""
        label = self._label("conv_transpose", name)
        filters = whole(label, "filters", filters, least=1)
        truth(label, "bias", bias)
        window = as_window(label, kernel, stride, padding, dilation, groups)
        more = pair(label, "output_padding", output_padding, least=0)
        rule = upsampling.conv_transpose
        return self._add("conv_transpose", label, rule, x, filters, window, more, bias, rank=3)

    def upsample(
        self, x: FeatureMap, factor: Size = 2, *, size: Size | None = None, name: str | None = None
    ) -> FeatureMap:
        """An interpolation, in whichever mode: by a whole factor, or to a size."""
        label = self._label("interpolate", name)
        self._check_owner(label, x)
        ranked(label, x.shape, 3)
        times = pair(label, "factor", factor, least=1)
        target = tuple(n * times_n for n, times_n in zip(x.shape.size, times, strict=True))
        if size is not None:
            target = pair(label, "size", size, least=1)
        return self._add("interpolate", label, upsampling.resize, x, target, rank=3)

    def max_pool(
        self,
        x: FeatureMap,
        kernel: Size,
        *,
        stride: Size | None = None,
        padding: Size = 0,
        dilation: Size = 1,
        ceil_mode: bool = False,
        name: str | None = None,
    ) -> FeatureMap:
        """A max pooling; the stride is the kernel unless it is given."""
        label = self._label("max_pool", name)
        step = kernel if stride is None else stride
        window = as_window(label, kernel, step, padding, dilation, 1, ceil_mode)
        return self._add("max_pool", label, arithmetic.pool, x, window, rank=3)

    def avg_pool(
        self,
        x: FeatureMap,
        kernel: Size,
        *,
        stride: Size | None = None,
        padding: Size = 0,
        ceil_mode: bool = False,
        count_include_pad: bool = True,
        name: str | None = None,
    ) -> FeatureMap:
        """An average pooling, padding in the mean or not; the stride is the kernel unless given."""
        label = self._label("avg_pool", name)
        step = kernel if stride is None else stride
        window = as_window(label, kernel, step, padding, 1, 1, ceil_mode)
        truth(label, "count_include_pad", count_include_pad)
        left_out = any(window.padding) and not count_include_pad
        given = (("count_include_pad", 0),) if left_out else ()
        return self._add("avg_pool", label, arithmetic.pool, x, window, rank=3, constants=given)

    def adaptive_avg_pool(self, x: FeatureMap, size: Size, name: str | None = None) -> FeatureMap:
        """An average pooling to a given size, N or (height, width)."""
        label = self._label("adaptive_avg_pool", name)
        target = pair(label, "size", size, least=1)
        return self._add(
            "adaptive_avg_pool", label, arithmetic.adaptive_avg_pool, x, target, rank=3
        )

    def mean(self, x: FeatureMap, name: str | None = None) -> FeatureMap:
        """The mean of each channel, as a vector."""
        return self._add("mean", self._label("mean", name), arithmetic.mean, x, rank=3)

    def linear(
        self,
        x: FeatureMap,
        features: int,
        *,
        in_features: int | None = None,
        bias: bool = True,
        name: str | None = None,
    ) -> FeatureMap:
        """A fully-connected layer; in_features, where given, must be what the input brings."""
        label = self._label("linear", name)
        features = whole(label, "features", features, least=1)
        truth(label, "bias", bias)
        self._check_owner(label, x)
        if in_features is not None and x.shape[-1] != whole(
            label, "in_features", in_features, least=1
        ):
            raise ShapeError(
                f"{label}: its weights take {in_features:,} features, but its input is {x.shape}."
            )
        return self._add("linear", label, arithmetic.linear, x, features, bias)

    def batch_norm(
        self, x: FeatureMap, *, affine: bool = True, eps: float = 1e-5, name: str | None = None
    ) -> FeatureMap:
        """A batch normalisation with a scale and a shift for each channel."""
        label = self._label("batch_norm", name)
        truth(label, "affine", affine)
        constants = (("eps", number(label, "eps", eps)),)
        return self._add("batch_norm", label, arithmetic.batch_norm, x, affine, constants=constants)

    def group_norm(
        self, x: FeatureMap, groups: int, *, affine: bool = True, name: str | None = None
    ) -> FeatureMap:
        """A normalisation of groups of channels, with a scale and a shift for each channel."""
        label = self._label("group_norm", name)
        truth(label, "affine", affine)
        self._check_owner(label, x)
        if x.shape.channels % whole(label, "groups", groups, least=1):
            raise ShapeError(f"{label}: {groups} groups do not divide {x.shape.channels} channels.")
        return self._add("group_norm", label, arithmetic.batch_norm, x, affine)

    def layer_norm(
        self,
        x: FeatureMap,
        axes: int | None = None,
        *,
        affine: bool = True,
        name: str | None = None,
    ) -> FeatureMap:
        """A normalisation over the last axes, all unless said, each element with its own scale."""
        label = self._label("layer_norm", name)
        truth(label, "affine", affine)
        self._check_owner(label, x)
        rank = len(x.shape)
        over = rank if axes is None else whole(label, "axes", axes, least=1)
        if over > rank:
            raise ShapeError(f"{label}: {over} axes are more than those of its input, {x.shape}.")
        return self._add("layer_norm", label, upsampling.layer_norm, x, over, affine)

    def lrn(
        self,
        x: FeatureMap,
        window: int = 5,
        name: str | None = None,
        *,
        alpha: float = 1e-4,
        beta: float = 0.75,
        k: float = 1.0,
    ) -> FeatureMap:
        """A local response normalisation over n neighbouring channels; alpha is divided by n."""
        label = self._label("lrn", name)
        window = whole(label, "window", window, least=1)
        given = (("alpha", alpha), ("beta", beta), ("k", k))
        constants = tuple((key, number(label, key, value)) for key, value in given)
        return self._add("lrn", label, arithmetic.lrn, x, window, rank=3, constants=constants)

    def relu(self, x: FeatureMap, name: str | None = None) -> FeatureMap:
        """A rectified linear unit."""
        return self._add("relu", self._label("relu", name), arithmetic.elementwise, x)

    def relu6(self, x: FeatureMap, name: str | None = None) -> FeatureMap:
        """A rectified linear unit that is cut off at 6."""
        return self._add("relu6", self._label("relu6", name), arithmetic.elementwise, x)

    def leaky_relu(self, x: FeatureMap, name: str | None = None) -> FeatureMap:
        """A ReLU with a fixed slope of what is negative."""
        return self._add("leaky_relu", self._label("leaky_relu", name), arithmetic.elementwise, x)

    def elu(self, x: FeatureMap, name: str | None = None) -> FeatureMap:
        """An exponential linear unit."""
        return self._add("elu", self._label("elu", name), arithmetic.elementwise, x)

    def sigmoid(self, x: FeatureMap, name: str | None = None) -> FeatureMap:
        """A logistic function of each element."""
        return self._add("sigmoid", self._label("sigmoid", name), arithmetic.elementwise, x)

    def hardsigmoid(self, x: FeatureMap, name: str | None = None) -> FeatureMap:
        """A logistic function in three straight pieces."""
        return self._add("hardsigmoid", self._label("hardsigmoid", name), arithmetic.elementwise, x)

    def tanh(self, x: FeatureMap, name: str | None = None) -> FeatureMap:
        """A hyperbolic tangent of each element."""
        return self._add("tanh", self._label("tanh", name), arithmetic.elementwise, x)

    def silu(self, x: FeatureMap, name: str | None = None) -> FeatureMap:
        """X times its logistic function, also called swish."""
        return self._add("silu", self._label("silu", name), arithmetic.elementwise, x)

    def hardswish(self, x: FeatureMap, name: str | None = None) -> FeatureMap:
        """X times its logistic function in three straight pieces."""
        return self._add("hardswish", self._label("hardswish", name), arithmetic.elementwise, x)

    def gelu(self, x: FeatureMap, name: str | None = None) -> FeatureMap:
        """A Gaussian error linear unit."""
        return self._add("gelu", self._label("gelu", name), arithmetic.elementwise, x)

    def softmax(self, x: FeatureMap, name: str | None = None) -> FeatureMap:
        """A softmax, over whichever axis."""
        return self._add("softmax", self._label("softmax", name), arithmetic.elementwise, x)

    def prelu(self, x: FeatureMap, name: str | None = None) -> FeatureMap:
        """A ReLU with a learned slope for each channel of what is negative."""
        return self._add("prelu", self._label("prelu", name), arithmetic.prelu, x)

    def scale(self, x: FeatureMap, name: str | None = None, *, factor: float = 1.0) -> FeatureMap:
        """Every element times one constant that is not learned."""
        label = self._label("scale", name)
        constants = (("factor", number(label, "factor", factor)),)
        return self._add("scale", label, arithmetic.elementwise, x, constants=constants)

    def layer_scale(self, x: FeatureMap, name: str | None = None) -> FeatureMap:
        """Every element times a learned factor of its channel."""
        label = self._label("multiply", name)
        self._check_owner(label, x)
        factors = Shape((x.shape.channels, 1, 1))
        return self._add("multiply", label, upsampling.layer_scale, x, rank=3, learned=(factors,))

    def subsample(self, x: FeatureMap, stride: Size, name: str | None = None) -> FeatureMap:
        """Every stride-th row and column: a view, which costs nothing."""
        label = self._label("slice", name)
        step = pair(label, "stride", stride, least=1)
        return self._add("slice", label, arithmetic.subsample, x, step, rank=3)

    def pad_channels(
        self, x: FeatureMap, before: int, after: int, name: str | None = None
    ) -> FeatureMap:
        """Channels of zeros, so many before and after those of the input."""
        label = self._label("pad", name)
        before = whole(label, "before", before, least=0)
        after = whole(label, "after", after, least=0)
        zeros = (("before", before), ("after", after))
        given = tuple(side for side in zeros if side[1])
        return self._add("pad", label, arithmetic.pad_channels, x, before, after, constants=given)

    def split(self, x: FeatureMap, parts: int, name: str | None = None) -> tuple[FeatureMap, ...]:
        """The channels in equal parts, as views; no row says which of them it reads."""
        label = self._label("chunk", name)
        parts = whole(label, "parts", parts, least=1)
        return (self._add("chunk", label, arithmetic.split, x, parts),) * parts

    def shuffle(self, x: FeatureMap, groups: int, name: str | None = None) -> FeatureMap:
        """The first channel of each group, then the second of each, and so on: a copy."""
        label = self._label("channel_shuffle", name)
        groups = whole(label, "groups", groups, least=1)
        constants = (("groups", groups),)
        return self._add(
            "channel_shuffle", label, arithmetic.shuffle, x, groups, constants=constants
        )

    def dropout(self, x: FeatureMap, name: str | None = None, *, p: float = 0.5) -> FeatureMap:
        """Dropout: at inference it hands its input on and costs nothing."""
        label = self._label("dropout", name)
        constants = (("p", number(label, "p", p)),)
        return self._add("dropout", label, arithmetic.elementwise, x, constants=constants)

    def permute(self, x: FeatureMap, order: tuple[int, ...], name: str | None = None) -> FeatureMap:
        """The axes in another order, by their numbers: a view, which costs nothing."""
        label = self._label("permute", name)
        if not isinstance(order, tuple | list):
            raise CnnrefError(f"{label}: order must name the axes, as (1, 2, 0), not {order!r}.")
        axes = tuple(whole(label, "order", axis, least=0) for axis in order)
        return self._add("permute", label, arithmetic.permute, x, axes)

    def flatten(self, x: FeatureMap, name: str | None = None) -> FeatureMap:
        """The feature map as one vector: a view, which costs nothing."""
        return self._add("flatten", self._label("flatten", name), arithmetic.flatten, x)

    def add(self, *maps: FeatureMap, name: str | None = None) -> FeatureMap:
        """The sum of two or more feature maps of one shape, element by element."""
        return self._join("add", self._label("add", name), arithmetic.elementwise, maps)

    def multiply(self, *maps: FeatureMap, name: str | None = None) -> FeatureMap:
        """The product of feature maps element by element; an axis of one is repeated."""
        return self._join("multiply", self._label("multiply", name), upsampling.product, maps)

    def concat(self, *maps: FeatureMap, name: str | None = None) -> FeatureMap:
        """Feature maps of one size stacked along their channels."""
        return self._join("concat", self._label("concat", name), arithmetic.concat, maps)

    def _free(self, op: str) -> str:
        """The next number of a kind of layer that no layer has for its name."""
        while True:
            count = self._counters[op] = self._counters.get(op, 0) + 1
            if (name := f"{op}{count}") not in self._names:
                return name

    def _label(self, op: str, name: str | None) -> str:
        name = self._free(op) if name is None else name
        _text("layer", name)
        if name.startswith(".") and self._block:
            name = self._block + name
        if name in self._names:
            own = f"; '.{name}' has its block's name in front" if self._block else ""
            raise CnnrefError(f"{name}: the name is taken; give each layer of a net its own{own}.")
        return name

    def _add(
        self,
        op: str,
        label: str,
        rule: Callable[..., Work],
        x: FeatureMap,
        *arguments: object,
        rank: int = 0,
        constants: Constants = (),
        learned: tuple[Shape, ...] = (),
    ) -> FeatureMap:
        self._check_owner(label, x)
        ranked(label, x.shape, rank)
        try:
            work = rule(x.shape, *arguments)
        except ShapeError as error:
            refuse(label, error, x.shape)
        return self._append(op, label, (x,), work, constants, learned)

    def _join(self, op: str, label: str, rule: Callable[..., Work], maps: Maps) -> FeatureMap:
        for x in maps:
            self._check_owner(label, x)
        # a list of one map is stacked too, as `torch.cat` does: a copy
        least = 1 if op == "concat" else 2
        if len(maps) < least:
            words = ("", "one feature map", "two feature maps")[least]
            raise CnnrefError(f"{label}: it joins {words} or more, but got {len(maps)}.")
        try:
            work = rule(*(x.shape for x in maps))
        except ShapeError as error:
            refuse(label, error, *(x.shape for x in maps))
        return self._append(op, label, maps, work)

    def _append(
        self,
        op: str,
        label: str,
        maps: Maps,
        work: Work,
        constants: Constants = (),
        learned: tuple[Shape, ...] = (),
    ) -> FeatureMap:
        shapes, inputs = zip(*maps, strict=True)
        out, window, counts = work
        made = FeatureMap(out, len(self._layers))
        self._names.add(label)
        place = (self._stage, self._block, inputs, (*learned, *shapes))
        self._layers.append(Layer(label, op, *place, out, window, counts, constants=constants))
        self._maps.append(made)
        return made

    def _check_owner(self, label: str, x: FeatureMap) -> None:
        if not isinstance(x, FeatureMap):
            raise CnnrefError(
                f"{label}: its input must be a feature map, net.input or what a layer gave, "
                f"but is of type {type(x).__name__}."
            )
        # by identity: a map of another Net may have the same shape and number
        place, maps = x.producer, self._maps
        if x is not self.input and not (0 <= place < len(maps) and maps[place] is x):
            raise CnnrefError(f"{label}: its input {x.shape} was made by another Net.")


def _text(what: str, name: object) -> str:
    if isinstance(name, str):
        return name
    raise CnnrefError(f"The name of a {what} must be a text, but is {name!r}.")
