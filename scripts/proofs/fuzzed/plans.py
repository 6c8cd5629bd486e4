"""Random stacks of layers as plain data, drawn by Hypothesis.

A plan holds the shape of an image, and steps that name the maps they read (0 is the image,
n the output of step n). Shapes are counted here, window by window, and not by the arithmetic
under test. What stands first in a choice, and the lower number, is the simpler one: to these a
plan that fails is brought down.
"""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction
from typing import Any, NamedTuple, TypeVar

from hypothesis import strategies as st

T = TypeVar("T")
Shape = tuple[int, ...]
Numbers = int | tuple[int, ...]
LARGEST, WIDEST, TRIES = 40, 96, 8


class Step(NamedTuple):
    """One layer: the maps that it reads, what the first brings along the axis that its weights
    take, and its options under Net's names."""

    op: str
    inputs: tuple[int, ...]
    features: int
    options: dict[str, Any]


class Plan(NamedTuple):
    """A stack as plain data."""

    input_shape: Shape
    steps: tuple[Step, ...]


# --- drawing ------------------------------------------------------------------------------------


def positions(
    size: int, kernel: int, stride: int, padding: int, dilation: int, ceil_mode: bool
) -> int:
    """Places of a window, one by one; one that starts behind the input is none."""
    last = size + padding - 1 - dilation * (kernel - 1) + (stride - 1) * ceil_mode
    return sum(1 for start in range(-padding, last + 1, stride) if start < size or not ceil_mode)


class Draft:
    """Steps so far, the shape of every map, and the source of every choice."""

    def __init__(self, draw: st.DrawFn) -> None:
        self.draw = draw
        size = self.number(1, LARGEST)
        other = self.number(1, LARGEST) if self.chance(70) else size
        self.shapes: list[Shape] = [(self.choice((1, 2, 3, 3, 4, 6, 12)), size, other)]
        self.steps: list[Step] = []

    def choice(self, values: Sequence[T]) -> T:
        return self.draw(st.sampled_from(values))

    def number(self, least: int, most: int) -> int:
        return self.draw(st.integers(least, most))

    def chance(self, percent: int) -> bool:
        # of few numbers, since two of them that decide alike make the same plan twice
        part = Fraction(percent, 100)
        return self.number(1, part.denominator) > part.denominator - part.numerator

    def put(self, op: str, *inputs: int, out: Shape, off: int = 0, **options: Any) -> int:
        """Add a step and the shape that it makes; its number."""
        features = self.shapes[inputs[0]][-1 if op == "linear" else 0] + off
        self.steps.append(Step(op, inputs, features, options))
        self.shapes.append(out)
        return len(self.steps)

    def map(self) -> int:
        """A map with height and width: mostly the last one, at times one further back."""
        spatial = [i for i, shape in enumerate(self.shapes) if len(shape) == 3]
        return self.choice(spatial[::-1]) if self.chance(25) else spatial[-1]

    def either(self, values: tuple[int, ...]) -> Numbers:
        """One number for both axes, or one for each."""
        return self.each(values) if self.chance(40) else self.choice(values)

    def each(self, values: tuple[int, ...]) -> tuple[int, int]:
        return self.choice(values), self.choice(values)


def pair(value: Numbers) -> tuple[int, ...]:
    return value if isinstance(value, tuple) else (value, value)


def moved(size: Shape, window: dict[str, Any]) -> Shape:
    """The size that a window leaves; a zero where it does not fit."""
    given = {"padding": 0, "dilation": 1, **window}
    pairs = (pair(given[name]) for name in ("kernel", "stride", "padding", "dilation"))
    ceil_mode = given.get("ceil_mode", False)
    axes = zip(size, *pairs, strict=True)
    return tuple(positions(n, k, s, p, d, ceil_mode) for n, k, s, p, d in axes)


def divisors(number: int) -> list[int]:
    return [n for n in range(1, number + 1) if not number % n]


def conv(draft: Draft, x: int | None = None, *, groups_fit: bool = True) -> int:
    """Any convolution, its groups at times as many as its channels."""
    x = draft.map() if x is None else x
    channels, *size = draft.shapes[x]
    groups = draft.choice(divisors(channels)) if draft.chance(40) else 1
    filters = groups * draft.number(1, max(1, 16 // groups))
    if not groups_fit:
        groups = draft.choice([n for n in range(2, channels + 3) if channels % n or filters % n])
    for _ in range(TRIES):
        window: dict[str, Any] = {
            "kernel": draft.either((1, 1, 2, 3, 3, 5, 7)),
            "stride": draft.either((1, 1, 2, 3)),
            "padding": draft.either((0, 0, 1, 2, 3)),
            "dilation": draft.either((1, 1, 1, 2, 3)),
        }
        out = moved(tuple(size), window)
        if all(out):
            rest = {"filters": filters, "groups": groups, "bias": draft.chance(50)}
            return draft.put("conv", x, out=(filters, *out), **window, **rest)
    return x


def pool(draft: Draft, x: int | None = None) -> int:
    """A pooling; torch pads by no more than half a window, so this does not either."""
    x = draft.map() if x is None else x
    channels, *size = draft.shapes[x]
    op = draft.choice(("max_pool", "avg_pool"))
    for _ in range(TRIES):
        kernel, step = draft.each((1, 2, 3, 4, 5)), draft.either((1, 2, 2, 3, 4))
        padding = tuple(draft.number(0, k // 2) for k in kernel)
        window: dict[str, Any] = {"kernel": kernel, "stride": step, "padding": padding}
        window["ceil_mode"] = draft.chance(50)
        if op == "max_pool":
            window["dilation"] = draft.either((1, 1, 2))
        out = moved(tuple(size), window)
        if all(out):
            return draft.put(op, x, out=(channels, *out), **window)
    return x


def adaptive_pool(draft: Draft) -> int:
    x = draft.map()
    channels = draft.shapes[x][0]
    size = draft.either((1, 1, 2, 3, 7))
    return draft.put("adaptive_avg_pool", x, out=(channels, *pair(size)), size=size)


def batch_norm(draft: Draft, x: int | None = None) -> int:
    x = draft.map() if x is None else x
    return draft.put("batch_norm", x, out=draft.shapes[x], affine=draft.chance(80))


def relu(draft: Draft, x: int | None = None) -> int:
    x = draft.map() if x is None else x
    return draft.put("relu", x, out=draft.shapes[x])


def conv_norm_relu(draft: Draft) -> int:
    return relu(draft, batch_norm(draft, conv(draft)))


def same(draft: Draft, x: int) -> int:
    """A convolution that keeps height and width."""
    channels, *size = draft.shapes[x]
    kernel, dilation = draft.each((1, 3, 5)), draft.each((1, 1, 2))
    padding = tuple(d * (k // 2) for d, k in zip(dilation, kernel, strict=True))
    window: dict[str, Any] = {"kernel": kernel, "padding": padding, "dilation": dilation}
    groups = draft.choice(divisors(channels)) if draft.chance(30) else 1
    filters = groups * draft.number(1, max(1, 16 // groups))
    rest = {"filters": filters, "groups": groups, "bias": draft.chance(50)}
    return draft.put("conv", x, out=(filters, *size), **window, **rest)


def residual(draft: Draft) -> int:
    """A branch that comes back to the channels of its start, and is added to it."""
    x = y = draft.map()
    for _ in range(draft.number(0, 2)):
        y = relu(draft, batch_norm(draft, same(draft, y)))
    shape = draft.shapes[x]
    y = draft.put("conv", y, out=shape, filters=shape[0], kernel=1, bias=False)
    joined = (y, x) if draft.chance(50) else (x, y)
    return draft.put("add", *joined, out=shape)


def inception(draft: Draft) -> int:
    """Two to four branches that keep the size, stacked; one may be the start itself."""
    x = draft.map()
    ends = []
    for _ in range(draft.number(2, 4)):
        y = x
        for _ in range(draft.number(0, 2)):
            y = same(draft, y)
        ends.append(y)
    return stacked(draft, ends)


def stacked(draft: Draft, maps: list[int]) -> int:
    channels = sum(draft.shapes[i][0] for i in maps)
    if channels > WIDEST:
        return maps[-1]
    return draft.put("concat", *maps, out=(channels, *draft.shapes[maps[0]][1:]))


def reduction(draft: Draft) -> int:
    """A convolution beside a pooling, from one start: stacked where they leave one size."""
    x = draft.map()
    ends = [conv(draft, x), pool(draft, x)]
    sizes = {draft.shapes[i][1:] for i in ends}
    return stacked(draft, ends) if len(sizes) == 1 else ends[1]


def rows(draft: Draft) -> int:
    """A linear layer on the last axis of a map."""
    return linear(draft, draft.map())


def head(draft: Draft) -> int:
    """A vector, and one to three linear layers."""
    x = draft.map()
    channels, high, wide = draft.shapes[x]
    x = draft.put("flatten", x, out=(channels * high * wide,))
    for _ in range(draft.number(1, 3)):
        x = linear(draft, x)
        if draft.chance(50):
            x = relu(draft, x)
    return x


def linear(draft: Draft, x: int, off: int = 0) -> int:
    features, bias = draft.number(1, 50), draft.chance(50)
    out = (*draft.shapes[x][:-1], features)
    return draft.put("linear", x, out=out, off=off, features=features, bias=bias)
