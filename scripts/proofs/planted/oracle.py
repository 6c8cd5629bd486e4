"""Every rule of cnnref.counting.arithmetic held against brute force, and what each has to refuse.

`check` takes the rules as a module, so that a faulty copy can be asked as well.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator, Mapping
from functools import partial
from itertools import permutations, product
from typing import Any

from cnnref.counting.shapes import Counts, Shape, Window, Work
from cnnref.errors import ShapeError
from proofs import brute_force

__all__ = ["CHECKS", "check", "mismatched", "refuses", "same", "shapes", "small_windows"]

Case = tuple[Shape, int, Window]
Checks = Mapping[str, Callable[[Any, int], bool]]
POINT = Window((1, 1), (1, 1), (0, 0))


def check(rules: Any, checks: Checks | None = None, cases: int = 60) -> str:
    """The name of the first rule that brute force contradicts; "" where none is.

    checks: those of the rules' file, `CHECKS` unless given.
    """
    for name, wrong in (checks or CHECKS).items():
        try:
            failed = wrong(rules, cases)
        except Exception:  # whatever a faulty rule raises tells it from a sound one
            failed = True
        if failed:
            return name
    return ""


def small_windows(count: int, seed: int) -> list[Case]:
    """Random small geometries on small maps that hold at least one window."""
    dice = random.Random(seed)
    found: list[Case] = []
    while len(found) < count:
        groups = dice.choice((1, 1, 2, 3))
        shape = Shape((groups * dice.randint(1, 2), dice.randint(1, 9), dice.randint(1, 9)))
        kernel = (dice.randint(1, 4), dice.randint(1, 4))
        padding = tuple(dice.randint(0, size // 2) for size in kernel)
        dilation = (dice.randint(1, 2), dice.randint(1, 3))
        stride = (dice.randint(1, 4), dice.randint(1, 4))
        axes = zip(shape.size, kernel, padding, dilation, strict=True)
        if all(d * (k - 1) < size + 2 * p for size, k, p, d in axes):
            window = Window(kernel, stride, padding, dilation, groups, dice.random() < 0.5)
            found.append((shape, groups * dice.randint(1, 2), window))
    return found


def refuses(call: Callable[[], object], message: str) -> bool:
    """Whether a call is refused as a shape that does not fit, in these words."""
    try:
        call()
    except ShapeError as error:
        return str(error) == message
    return False


def mismatched(call: Callable[[], object]) -> bool:
    """Whether a call with windows of another rank than its map is refused."""
    try:
        call()
    except ValueError:
        return True
    return False


def same(work: Work, out: tuple[int, ...], window: Window | None, counts: Counts) -> bool:
    return work == Work(Shape(out), window, counts)


# --- windows -------------------------------------------------------------------------------------


def output_size(rules: Any, _: int) -> bool:
    for size, kernel, stride, padding, dilation, ceil_mode in product(
        (1, 2, 3, 6, 7, 8), (1, 2, 3), (1, 2, 3, 5), (0, 1, 2), (1, 2), (False, True)
    ):
        # only convolutions, which never round up, are padded by more than half a window
        if ceil_mode and 2 * padding > kernel:
            continue
        found = len(brute_force.starts(size, kernel, stride, padding, dilation, ceil_mode))
        given = (size, kernel, stride, padding, dilation, ceil_mode)
        reach = dilation * (kernel - 1) + 1
        message = f"a window of {reach} does not fit {size} with padding {padding}"
        if found:
            if rules.output_size(*given) != found:
                return True
        elif not refuses(partial(rules.output_size, *given), message):
            return True
    defaults = rules.output_size(7, 3), rules.output_size(8, 3, 2)
    return defaults != tuple(len(brute_force.starts(*one, 0, 1)) for one in ((7, 3, 1), (8, 3, 2)))


def receptive_field(rules: Any, _: int) -> bool:
    given = product((1, 3, 4), (1, 2, 4), (1, 2, 3), (1, 2, 3), (1, 2))
    wrong = any(rules.receptive_field(*one) != brute_force.reach(*one) for one in given)
    return wrong or rules.receptive_field(3, 2, 3) != brute_force.reach(3, 2, 3, 1, 1)


def conv(rules: Any, cases: int) -> bool:
    for shape, filters, window in small_windows(cases, seed=1):
        flat = window._replace(ceil_mode=False)
        out, macs, weights = brute_force.conv(shape, filters, *flat[:5])
        outputs = brute_force.elements(out)
        for bias in (True, False):
            counts = Counts(
                macs=macs,
                bias_adds=outputs if bias else 0,
                elements_in=brute_force.elements(shape),
                elements_out=outputs,
                weights=weights,
                biases=filters if bias else 0,
            )
            if not same(rules.conv(shape, filters, flat, bias), out, flat, counts):
                return True
    default = rules.conv(Shape((2, 3, 3)), 5, POINT).counts
    return (default.biases, default.bias_adds) != (5, 45) or not refused_windows(rules)


def refused_windows(rules: Any) -> bool:
    two = POINT._replace(groups=2)
    one_axis = Window((1,), (1,), (0,), (1,))
    wide = Window((2, 2), (1, 1), (1, 2))
    return (
        refuses(
            lambda: rules.conv(Shape((3, 8, 8)), 4, two),
            "2 groups do not divide 3 channels into 4",
        )
        and refuses(
            lambda: rules.conv(Shape((4, 8, 8)), 3, two),
            "2 groups do not divide 4 channels into 3",
        )
        and mismatched(lambda: rules.conv(Shape((4, 8, 8)), 4, one_axis))
        and mismatched(lambda: rules.pool(Shape((4, 8, 8)), one_axis._replace(padding=(0, 0))))
        and refuses(
            lambda: rules.pool(Shape((4, 8, 8)), wide),
            "padding 2 is more than half of the window 2",
        )
        and refuses(
            lambda: rules.pool(Shape((4, 8, 8)), wide._replace(padding=(2, 1))),
            "padding 2 is more than half of the window 2",
        )
    )


def pool(rules: Any, cases: int) -> bool:
    for shape, _, window in small_windows(cases, seed=2):
        one = window._replace(groups=1)
        out, taps = brute_force.pool(shape, *one[:4], one.ceil_mode)
        counts = Counts(
            window_taps=taps,
            elements_in=brute_force.elements(shape),
            elements_out=brute_force.elements(out),
        )
        if not same(rules.pool(shape, one), out, one, counts):
            return True
    return not refused_windows(rules)


def adaptive_avg_pool(rules: Any, _: int) -> bool:
    for height, width, rows, columns in product((1, 2, 5, 7), (3, 6), (1, 2, 4), (1, 5)):
        shape, out = Shape((2, height, width)), (2, rows, columns)
        counts = Counts(
            window_taps=brute_force.adaptive(shape, out[1:]),
            elements_in=brute_force.elements(shape),
            elements_out=brute_force.elements(out),
        )
        if not same(rules.adaptive_avg_pool(shape, out[1:]), out, None, counts):
            return True
        if rules.adaptive_taps(height, rows) != brute_force.shares(height, rows):
            return True
    return not mismatched(lambda: rules.adaptive_avg_pool(Shape((2, 4, 4)), (1,)))


# --- the rest ------------------------------------------------------------------------------------


def linear(rules: Any, _: int) -> bool:
    for before, width, features in product(((), (4,), (2, 3)), (1, 3, 12), (1, 5, 7)):
        shape, out = Shape((*before, width)), (*before, features)
        macs, weights = brute_force.linear(width, features)
        outputs = brute_force.elements(out)
        for bias in (True, False):
            counts = Counts(
                macs=macs * brute_force.elements(before),
                bias_adds=outputs if bias else 0,
                elements_in=brute_force.elements(shape),
                elements_out=outputs,
                weights=weights,
                biases=features if bias else 0,
            )
            if not same(rules.linear(shape, features, bias), out, None, counts):
                return True
    default = rules.linear(Shape((3,)), 5).counts
    return bool((default.biases, default.bias_adds) != (5, 5))


def shapes() -> Iterator[tuple[Shape, Counts]]:
    for axes in ((5,), (1, 2, 3), (4, 3, 3), (3, 1, 2)):
        size = brute_force.elements(axes)
        yield Shape(axes), Counts(elements_in=size, elements_out=size)


def norms(rules: Any, _: int) -> bool:
    for shape, moved in shapes():
        channels = len(range(shape[0]))
        learned = moved._replace(weights=channels, biases=channels)
        slopes = moved._replace(weights=channels)
        right = [
            same(rules.batch_norm(shape), shape, None, learned),
            same(rules.batch_norm(shape, True), shape, None, learned),
            same(rules.batch_norm(shape, False), shape, None, moved),
            same(rules.prelu(shape), shape, None, slopes),
            same(rules.flatten(shape), (moved.elements_in,), None, moved),
        ]
        for size in range(1, 6):
            taps, before = brute_force.lrn(shape, size)
            window = Window((size,), (1,), (before,), (1,))
            counts = moved._replace(window_taps=taps)
            right.append(same(rules.lrn(shape, size), shape, window, counts))
        if not all(right):
            return True
    return False


def joins(rules: Any, _: int) -> bool:
    for (shape, moved), count in product(shapes(), (1, 2, 3)):
        fed = moved._replace(elements_in=brute_force.elements((count, *shape)))
        if not same(rules.elementwise(*[shape] * count), shape, None, fed):
            return True
        maps = [Shape((shape[0] + extra, *shape[1:])) for extra in range(count)]
        out = brute_force.stacked(maps)
        size = brute_force.elements(out)
        counts = Counts(elements_in=size, elements_out=size)
        if not same(rules.concat(*maps), out, None, counts):
            return True
    square, wide, deep = Shape((1, 2, 2)), Shape((1, 2, 3)), Shape((2, 2, 2))
    return not (
        refuses(lambda: rules.elementwise(square, wide), "cannot join 1 x 2 x 2 with 1 x 2 x 3")
        and refuses(lambda: rules.elementwise(wide, square), "cannot join 1 x 2 x 3 with 1 x 2 x 2")
        and refuses(
            lambda: rules.elementwise(square, square, deep),
            "cannot join 1 x 2 x 2 with 1 x 2 x 2 with 2 x 2 x 2",
        )
        and refuses(lambda: rules.concat(square, wide), "cannot stack 1 x 2 x 2 on 1 x 2 x 3")
        and refuses(lambda: rules.concat(wide, square), "cannot stack 1 x 2 x 3 on 1 x 2 x 2")
        and refuses(
            lambda: rules.concat(square, deep, wide),
            "cannot stack 1 x 2 x 2 on 2 x 2 x 2 on 1 x 2 x 3",
        )
    )


def views(rules: Any, _: int) -> bool:
    for high, wide, rows, columns in product((1, 4, 5), (2, 7), (1, 2, 3), (1, 2, 3)):
        shape = Shape((3, high, wide))
        out = brute_force.strided(shape, (rows, columns))
        counts = Counts(
            elements_in=brute_force.elements(shape), elements_out=brute_force.elements(out)
        )
        if not same(rules.subsample(shape, (rows, columns)), out, None, counts):
            return True
    for (shape, moved), before, after in product(shapes(), (0, 1, 3), (0, 2)):
        out = brute_force.padded(shape, before, after)
        counts = moved._replace(elements_out=brute_force.elements(out))
        if not same(rules.pad_channels(shape, before, after), out, None, counts):
            return True
    return not mismatched(lambda: rules.subsample(Shape((3, 4, 4)), (1,)))


def moves(rules: Any, _: int) -> bool:
    for (shape, moved), parts in product(shapes(), (1, 2, 3, 5)):
        whole = not len(range(shape[0])) % parts
        split, shuffle = partial(rules.split, shape, parts), partial(rules.shuffle, shape, parts)
        if whole:
            run = (len(range(0, shape[0], parts)), *shape[1:])
            right = [same(split(), run, None, moved), same(shuffle(), shape, None, moved)]
        else:
            ending = f"do not divide {shape[0]} channels"
            right = [
                refuses(split, f"{parts} parts {ending}"),
                refuses(shuffle, f"{parts} groups {ending}"),
            ]
        mean = moved._replace(elements_out=len(range(shape[0])))
        right.append(same(rules.mean(shape), shape[:1], None, mean))
        if not all(right):
            return True
    return permuted(rules)


def permuted(rules: Any) -> bool:
    for shape, moved in shapes():
        for order in permutations(range(len(shape))):
            out = tuple(shape[axis] for axis in order)
            if not same(rules.permute(shape, order), out, None, moved):
                return True
    wrong = ((0, 1), (0, 1, 1), (0, 1, 3), (0, 1, 2, 3), (-1, 0, 1))
    return not all(
        refuses(
            partial(rules.permute, Shape((3, 1, 2)), order),
            f"the order {order} does not name each of its 3 axes once",
        )
        for order in wrong
    )


def taps_inside(rules: Any, _: int) -> bool:
    for size, kernel, stride, padding, dilation, out in product(
        (1, 2, 5, 9), (1, 2, 3, 6), (1, 2, 3, 5), (0, 1, 2, 4), (1, 2, 3), (1, 2, 4, 7)
    ):
        inside = sum(
            o * stride - padding + k * dilation in range(size)
            for o, k in product(range(out), range(kernel))
        )
        if rules.taps_inside(size, out, kernel, stride, padding, dilation) != inside:
            return True
    sums = ((n, m, a, b) for n, m, a, b in product((0, 1, 4), (1, 3), (0, 2, 5), (0, 1, 7)))
    floors = any(
        rules._floors(n, m, a, b) != sum((a * i + b) // m for i in range(n))  # noqa: SLF001
        for n, m, a, b in sums
    )
    return floors or [rules.taps_inside(5, out, 3) for out in (3, 4)] != [9, 11]


CHECKS: dict[str, Callable[[Any, int], bool]] = {
    "output_size": output_size,
    "receptive_field": receptive_field,
    "conv": conv,
    "pool": pool,
    "adaptive_avg_pool": adaptive_avg_pool,
    "taps_inside": taps_inside,
    "linear": linear,
    "norms": norms,
    "joins": joins,
    "views": views,
    "moves": moves,
}
