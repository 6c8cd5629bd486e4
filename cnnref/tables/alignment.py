"""Which rows of two tables of unlike structure belong together."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from difflib import SequenceMatcher
from math import inf

from cnnref.counting.layer import Layer, levels

__all__ = ["aligned"]

Pair = tuple[int | None, int | None]


def aligned(a: Sequence[Layer], b: Sequence[Layer], likeness: int = 0) -> Iterator[Pair]:
    """Pairs of row numbers in order, None where only the other table has the row.

    First by all that rows do; between what agrees by operator and resolution, and then by
    operator alone. Where rows of one table could be left out in several places, the run
    that is a block of the network is taken.

    likeness: of which kind of likeness to begin with, a number in LIKENESS.
    """
    key, most = LIKENESS[likeness]
    if len(a) * len(b) > most:
        yield from _apart(len(a), len(b))
        return
    for tag, i1, i2, j1, j2 in _opcodes(list(map(key, a)), list(map(key, b)), a, b):
        if tag == "equal":
            yield from zip(range(i1, i2), range(j1, j2), strict=True)
            continue
        last = likeness + 1 == len(LIKENESS)
        between = _apart(i2 - i1, j2 - j1) if last else aligned(a[i1:i2], b[j1:j2], likeness + 1)
        for i, j in between:
            yield None if i is None else i1 + i, None if j is None else j1 + j


def _apart(rows: int, others: int) -> Iterator[Pair]:
    yield from ((i, None) for i in range(rows))
    yield from ((None, j) for j in range(others))


def _work(layer: Layer) -> object:
    return layer.op, layer.in_shapes, layer.out_shape, layer.geometry, layer.counts


def _place(layer: Layer) -> object:
    return layer.op, layer.out_shape.size


def _operator(layer: Layer) -> object:
    return layer.op


# what is like, and how many pairs may be looked at: few different keys take long to match
LIKENESS: tuple[tuple[Callable[[Layer], object], float], ...] = (
    (_work, inf),
    (_place, 10**6),
    (_operator, 10**5),
)

Step = tuple[str, int, int, int, int]


def _opcodes(
    left: Sequence[object], right: Sequence[object], a: Sequence[Layer], b: Sequence[Layer]
) -> list[Step]:
    steps: list[Step] = []
    steps += SequenceMatcher(None, left, right, autojunk=False).get_opcodes()
    for place in range(1, len(steps) - 1):
        before, (tag, i1, i2, j1, j2), after = steps[place - 1 : place + 2]
        if tag == "insert":
            shift = _shift(right, b, j1, j2, before[4] - before[3], after[4] - after[3])
        elif tag == "delete":
            shift = _shift(left, a, i1, i2, before[2] - before[1], after[2] - after[1])
        else:
            continue
        steps[place - 1] = (*before[:2], before[2] - shift, before[3], before[4] - shift)
        steps[place] = tag, i1 - shift, i2 - shift, j1 - shift, j2 - shift
        steps[place + 1] = after[0], after[1] - shift, after[2], after[3] - shift, after[4]
    return steps


def _shift(
    keys: Sequence[object], rows: Sequence[Layer], start: int, end: int, before: int, after: int
) -> int:
    """How far a run of extra rows is best moved forward, past equal rows around it."""
    up = 0
    while up < before and keys[start - up - 1] == keys[end - up - 1]:
        up += 1
    down = 0
    while down < after and keys[start + down] == keys[end + down]:
        down += 1
    return min(range(-down, up + 1), key=lambda shift: (_shared(rows, start - shift), abs(shift)))


def _shared(rows: Sequence[Layer], place: int) -> int:
    """How many names a row and the one before it are both in: few where a block begins."""
    if place == 0:
        return 0
    pair = zip(levels(rows[place - 1]), levels(rows[place]), strict=False)
    return next((n for n, (one, other) in enumerate(pair) if one != other), 99)
