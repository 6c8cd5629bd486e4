"""Which rows of two tables of unlike structure belong together."""

from __future__ import annotations

from bisect import bisect_left
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from difflib import SequenceMatcher
from itertools import takewhile
from math import inf
from operator import itemgetter

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
    return layer.op, layer.in_shapes, layer.out_shape, layer.window, layer.counts


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
Block = tuple[int, int, int]  # where it starts in either, and its length
Keys = Sequence[int]
Chain = tuple[Block, "Chain"] | None

# pairs of rows up to which the longest common block is looked for, which takes their square
# and more; edits after which a shortest script is cut off and begun anew
SMALL = 3 * 10**5
EDITS = 256


def _opcodes(
    left: Sequence[object], right: Sequence[object], a: Sequence[Layer], b: Sequence[Layer]
) -> list[Step]:
    numbers: dict[object, int] = {}
    one, other = ([numbers.setdefault(key, len(numbers)) for key in keys] for keys in (left, right))
    steps = list(_steps(_matches(one, other), len(left), len(right)))
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


def _steps(blocks: Iterable[Block], rows: int, others: int) -> Iterator[Step]:
    """What is equal and what is not, as difflib's opcodes; blocks that touch are one."""
    i = j = equal = 0
    touching = filter(itemgetter(2), blocks)
    for start, other, length in (*touching, (rows, others, 0)):
        if (start, other) != (i, j) or not length:
            if equal:
                yield "equal", i - equal, i, j - equal, j
            if start > i or other > j:
                tag = "insert" if start == i else "delete" if other == j else "replace"
                yield tag, i, start, j, other
            equal = 0
        i, j, equal = start + length, other + length, equal + length


def _matches(left: Keys, right: Keys, divided: bool = False) -> Iterator[Block]:
    """Equal blocks in order; the work grows as the rows do.

    What is long is cut down by what begins and what ends both, divided by the keys that either
    has once (B. Cohen's patience diff), and last matched by shortest edit scripts (E. Myers, An
    O(ND) Difference Algorithm and Its Variations, Algorithmica 1986), one window after another.
    """
    if len(left) * len(right) <= SMALL:
        yield from SequenceMatcher(None, left, right, autojunk=False).get_matching_blocks()[:-1]
        return
    head = _alike(left, right)
    tail = _alike(left[head:][::-1], right[head:][::-1])
    ends = len(left) - tail, len(right) - tail
    yield 0, 0, head
    inside = _windows if divided else _divided
    for i, j, length in inside(left[head : ends[0]], right[head : ends[1]]):
        yield head + i, head + j, length
    yield *ends, tail


def _alike(left: Keys, right: Keys) -> int:
    pairs = zip(left, right, strict=False)
    return sum(1 for _ in takewhile(lambda pair: pair[0] == pair[1], pairs))


def _divided(left: Keys, right: Keys) -> Iterator[Block]:
    after = after_other = 0
    for place, other in (*_anchors(left, right), (len(left), len(right))):
        for i, j, length in _matches(left[after:place], right[after_other:other], divided=True):
            yield after + i, after_other + j, length
        yield place, other, int(place < len(left))
        after, after_other = place + 1, other + 1


def _anchors(left: Keys, right: Keys) -> list[tuple[int, int]]:
    """Places of keys that both have once: the most of them that are in one order."""
    times, others = Counter(left), Counter(right)
    once = {key: place for place, key in enumerate(right) if times[key] == others[key] == 1}
    pairs = [(place, once[key]) for place, key in enumerate(left) if key in once]
    least: list[int] = []  # the least end of a run of each length
    ranks = []
    for _, other in pairs:
        rank = bisect_left(least, other)
        least[rank : rank + 1] = [other]
        ranks.append(rank)
    run: list[tuple[int, int]] = []
    wanted = len(least) - 1
    for pair, rank in zip(reversed(pairs), reversed(ranks), strict=True):
        if rank == wanted and (not run or pair[1] < run[-1][1]):
            run.append(pair)
            wanted -= 1
    return run[::-1]


def _windows(left: Keys, right: Keys) -> Iterator[Block]:
    i = j = 0
    while i < len(left) and j < len(right):
        i, j, blocks = _script(left, right, i, j)
        yield from blocks


def _script(left: Keys, right: Keys, i: int, j: int) -> tuple[int, int, list[Block]]:
    """How far EDITS edits lead from a place in both, and the equal blocks on that way."""
    # by diagonal: the place in left that is reached, and the blocks up to it, last first
    ways: dict[int, tuple[int, Chain]] = {1: (i, None)}
    for edits in range(EDITS + 1):
        for diagonal in range(-edits, edits + 1, 2):
            x, blocks = _step(ways, diagonal, edits)
            y = j + x - i - diagonal
            length = _equal(left, right, x, y)
            ways[diagonal] = x + length, ((x, y, length), blocks) if length else blocks
            if x + length >= len(left) and y + length >= len(right):
                return len(left), len(right), _in_order(ways[diagonal][1])
    places = ((x, j + x - i - k, k) for k, (x, _) in ways.items() if (k - EDITS) % 2 == 0)
    inside = [place for place in places if place[0] <= len(left) and place[1] <= len(right)]
    x, y, diagonal = max(inside, key=lambda place: (place[0] + place[1], -abs(place[2])))
    return x, y, _in_order(ways[diagonal][1])


def _step(ways: dict[int, tuple[int, Chain]], diagonal: int, edits: int) -> tuple[int, Chain]:
    """The further of the ways by one more row of right and by one more of left."""
    down = diagonal != edits and (
        diagonal == -edits or ways[diagonal - 1][0] < ways[diagonal + 1][0]
    )
    if down or not edits:
        return ways[diagonal + 1]
    x, blocks = ways[diagonal - 1]
    return x + 1, blocks


def _equal(left: Keys, right: Keys, x: int, y: int) -> int:
    length = 0
    while (
        x + length < len(left) and y + length < len(right) and left[x + length] == right[y + length]
    ):
        length += 1
    return length


def _in_order(chain: Chain) -> list[Block]:
    blocks: list[Block] = []
    while chain:
        block, chain = chain
        blocks.append(block)
    return blocks[::-1]


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
