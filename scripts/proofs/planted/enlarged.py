"""Every rule of cnnref.counting.upsampling held against brute force, and what it has to refuse."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator
from functools import partial
from itertools import product
from typing import Any

from cnnref.counting.shapes import Counts, Shape, Window
from proofs import brute_force
from proofs.planted.oracle import mismatched, refuses, same, shapes, small_windows

__all__ = ["CHECKS"]


def conv_transpose(rules: Any, cases: int) -> bool:
    dice = random.Random(7)
    for shape, filters, window in small_windows(cases, 5):
        steps = zip(window.stride, window.dilation, strict=True)
        more = tuple(dice.randrange(max(step)) for step in steps)
        made = partial(rules.conv_transpose, shape, filters, window, more)
        sizes = _sizes(shape, window, more)
        if min(sizes) < 1:
            if not refuses(made, f"a padding of {window.padding} leaves nothing of the output"):
                return True
            continue
        for bias, call in (
            (True, made),
            (True, partial(made, True)),
            (False, partial(made, False)),
        ):
            counts = _counts(shape, filters, window, sizes, bias)
            if not same(call(), (filters, *sizes), window, counts):
                return True
    return _refuses_too_little(rules)


def _sizes(shape: Shape, window: Window, more: tuple[int, ...]) -> list[int]:
    """How far the taps of the last input reach, without the padding, with what is added."""
    axes = zip(shape[1:], *window[:4], more, strict=True)
    return [
        len(range(max(i * s + t * d for i, t in product(range(n), range(k))) + 1)) - p - p + m
        for n, k, s, p, d, m in axes
    ]


def _counts(shape: Shape, filters: int, window: Window, sizes: list[int], bias: bool) -> Counts:
    pairs = sum(
        c * window.groups // shape[0] == f * window.groups // filters
        for c, f in product(range(shape[0]), range(filters))
    )
    taps, places = brute_force.elements(window.kernel), brute_force.elements(sizes)
    return Counts(
        macs=pairs * taps * brute_force.elements(shape[1:]),
        bias_adds=filters * places if bias else 0,
        window_taps=pairs * taps * places,
        elements_in=brute_force.elements(shape),
        elements_out=brute_force.elements((filters, *sizes)),
        weights=pairs * taps,
        biases=filters if bias else 0,
    )


def _refuses_too_little(rules: Any) -> bool:
    two, none = Window((2, 2), (1, 1), (0, 0), groups=2), (0, 0)
    wrong = [
        refuses(
            partial(rules.conv_transpose, Shape((channels, 3, 3)), filters, two, none),
            f"2 groups do not divide {channels} channels into {filters}",
        )
        for channels, filters in ((3, 4), (4, 3), (3, 3))
    ]
    # of one axis, or both, nothing is left, or just one element
    for kernel, padding, left in (((2, 2), (1, 1), 0), ((3, 2), (1, 1), 0), ((3, 3), (1, 1), 1)):
        window = Window(kernel, (1, 1), padding)
        call = partial(rules.conv_transpose, Shape((1, 1, 1)), 1, window, none)
        said = f"a padding of {padding} leaves nothing of the output"
        wrong.append(call().out_shape == (1, 1, 1) if left else refuses(call, said))
    flat = partial(rules.conv_transpose, Shape((2, 3)), 2)
    wrong += [mismatched(lambda: flat(two, none)), mismatched(lambda: flat(two, (0,)))]
    return not all(wrong)


def resize(rules: Any, _: int) -> bool:
    for (shape, moved), size in product(shapes(), ((), (1,), (4, 2), (3, 5, 2))):
        out = (shape[0], *size)
        counts = moved._replace(elements_out=brute_force.elements(out))
        if not same(rules.resize(shape, size), out, None, counts):
            return True
    return False


def products(rules: Any, _: int) -> bool:
    for maps in _multiplied():
        out = [max(sizes) for sizes in zip(*maps, strict=True)]
        fed = sum(brute_force.elements(shape) for shape in maps)
        counts = Counts(elements_in=fed, elements_out=brute_force.elements(out))
        if not same(rules.product(*maps), tuple(out), None, counts):
            return True
    square, wide, flat = Shape((2, 2, 2)), Shape((2, 2, 3)), Shape((2,))
    wrong = ((square, wide), (wide, square), (square, flat), (flat, square), (square, square, wide))
    return not all(
        refuses(partial(rules.product, *maps), "cannot multiply " + " by ".join(map(str, maps)))
        for maps in wrong
    )


def _multiplied() -> Iterator[tuple[Shape, ...]]:
    whole, channels, places = Shape((3, 4, 5)), Shape((3, 1, 1)), Shape((1, 4, 5))
    yield (whole,)
    yield from ((whole, whole), (whole, channels), (channels, whole), (channels, places))
    yield from ((whole, channels, places), (places, whole, whole))


def layer_norm(rules: Any, _: int) -> bool:
    for shape, moved in shapes():
        for axes in range(1, len(shape) + 1):
            scales = brute_force.elements([*shape][-axes:])
            learned = moved._replace(weights=scales, biases=scales)
            right = [
                same(rules.layer_norm(shape, axes), shape, None, learned),
                same(rules.layer_norm(shape, axes, True), shape, None, learned),
                same(rules.layer_norm(shape, axes, False), shape, None, moved),
            ]
            if not all(right):
                return True
    return False


def layer_scale(rules: Any, _: int) -> bool:
    for shape, moved in shapes():
        factors = len(range(shape[0]))
        read = len([*range(factors), *range(moved.elements_in)])
        counts = moved._replace(elements_in=read, weights=factors)
        if not same(rules.layer_scale(shape), shape, None, counts):
            return True
    return False


CHECKS: dict[str, Callable[[Any, int], bool]] = {
    "conv_transpose": conv_transpose,
    "resize": resize,
    "product": products,
    "layer_norm": layer_norm,
    "layer_scale": layer_scale,
}
