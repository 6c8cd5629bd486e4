"""Which rows of two tables belong together, against definitions that try every place."""

import random
from difflib import SequenceMatcher
from itertools import takewhile
from math import inf

import pytest

import cnnref
from cnnref.counting.layer import levels
from cnnref.tables import alignment


def rows(*steps, size=8):
    """Rows of an operator, each with the kernel or the stride of a window, one after the other."""
    net = cnnref.Net((4, size, size))
    x = net.input
    for op, number in steps:
        if op == "conv":
            x = net.conv(x, 4, number, padding=number // 2)
        elif op == "pool":
            x = net.max_pool(x, number, stride=number)
        else:
            x = net.relu(x)
    return list(net.table())


CONV, WIDE, POOL, RELU = ("conv", 1), ("conv", 3), ("pool", 2), ("relu", 0)
LIKE = [
    # all that rows do is equal, then resolution and operator, then the operator alone
    ([WIDE, RELU], [WIDE, RELU], [(0, 0), (1, 1)]),
    ([WIDE, POOL, RELU], [CONV, POOL, RELU], [(0, 0), (1, 1), (2, 2)]),
    ([CONV], [WIDE, POOL, WIDE], [(0, 0), (None, 1), (None, 2)]),
    ([POOL, CONV], [WIDE, POOL, WIDE], [(None, 0), (0, 1), (1, 2)]),
    ([POOL, CONV], [WIDE, RELU], [(0, None), (1, 0), (None, 1)]),
    ([POOL, CONV], [RELU, RELU], [(0, None), (1, None), (None, 0), (None, 1)]),
    ([RELU], [RELU, POOL], [(0, 0), (None, 1)]),
    ([], [CONV], [(None, 0)]),
    ([CONV], [], [(0, None)]),
]


@pytest.mark.parametrize(("left", "right", "expected"), LIKE)
def test_rows_that_are_most_alike_belong_together(left, right, expected):
    found = list(alignment.aligned(rows(*left), rows(*right)))
    assert sorted(found, key=str) == sorted(expected, key=str)
    turned = {(j, i) for i, j in alignment.aligned(rows(*right), rows(*left))}
    assert turned == set(expected)


@pytest.mark.parametrize(("most", "together"), [(5, []), (6, [(0, 0), (1, 1)])])
def test_too_many_pairs_are_not_looked_at(most, together, monkeypatch):
    work, place, operator = alignment.LIKENESS
    bounded = (work, (place[0], most), operator)
    monkeypatch.setattr(alignment, "LIKENESS", bounded)
    found = list(alignment.aligned(rows(CONV, CONV), rows(WIDE, WIDE, POOL)))
    assert [pair for pair in found if None not in pair] == together
    assert len(found) == 5 - len(together)


def test_what_all_rows_do_is_compared_in_tables_of_any_length():
    assert alignment.LIKENESS[0][1] == inf


def named(source, kinds):
    """Rows of kinds, in modules of modules that a few letters name."""
    made = rows(*((RELU, CONV, WIDE)[kind] for kind in kinds))
    inside = ("a.a", "a.b", "b.a")
    path = [source.choice(inside)]
    for _ in made[1:]:
        path.append(path[-1] if source.random() < 0.5 else source.choice(inside))
    return [row._replace(name=f"{path[n]}.r{n}") for n, row in enumerate(made)]


def begins_in(all_rows, place):
    """How many modules a row has in common with the row before it."""
    if not place:
        return 0
    pairs = zip(levels(all_rows[place - 1]), levels(all_rows[place]), strict=False)
    return len(list(takewhile(lambda pair: len(set(pair)) == 1, pairs)))


@pytest.mark.parametrize("turned", [False, True])
def test_a_run_that_one_table_lacks_begins_where_the_fewest_modules_go_on(turned):
    source = random.Random(5)
    moved = 0
    for _ in range(3000):
        kinds = source.choices(range(3), k=source.randrange(3, 12))
        start = source.randrange(1, len(kinds) - 1)
        length = source.randrange(1, min(5, len(kinds) - start))
        long = named(source, kinds)
        short = named(source, kinds[:start] + kinds[start + length :])
        rest = kinds[:start] + kinds[start + length :]
        steps = SequenceMatcher(None, rest, kinds, autojunk=False).get_opcodes()
        if [step[0] for step in steps] != ["equal", "insert", "equal"]:
            continue
        places = [at for at in range(len(rest) + 1) if kinds[:at] + kinds[at + length :] == rest]
        first = steps[1][3]
        best = min(places, key=lambda at: (begins_in(long, at), abs(at - first), -at))
        a, b = (long, short) if turned else (short, long)
        pairs = list(alignment.aligned(a, b))
        lacking = [i if turned else j for i, j in pairs if None in (i, j)]
        assert lacking == list(range(best, best + length))
        moved += best != first
    assert moved > 100


def reached(left, right, edits):
    """The furthest that so many rows of one table alone lead, in both together."""
    least = {(0, 0): 0}
    for x in range(len(left) + 1):
        for y in range(len(right) + 1):
            ways = [least[place] + 1 for place in ((x - 1, y), (x, y - 1)) if place in least]
            if x and y and left[x - 1] == right[y - 1]:
                ways.append(least[x - 1, y - 1])
            least.setdefault((x, y), min(ways, default=0))
    return max(x + y for (x, y), needed in least.items() if needed <= edits)


@pytest.mark.parametrize("edits", [1, 2, 3, 6])
def test_a_window_reaches_as_far_as_its_edits_allow(edits, monkeypatch):
    monkeypatch.setattr(alignment, "EDITS", edits)
    source = random.Random(edits)
    cut = 0
    for _ in range(400):
        left, right = ([source.randrange(3) for _ in range(source.randrange(6, 20))] for _ in "ab")
        before, other = source.randrange(3), source.randrange(3)
        x, y, blocks = alignment._script([9] * before + left, [8] * other + right, before, other)
        assert x + y - before - other == reached(left, right, edits)
        assert sum(length for _, _, length in blocks) >= (x + y - before - other - edits) / 2
        assert all(
            left[i - before : i - before + length] == right[j - other : j - other + length]
            for i, j, length in blocks
        )
        cut += (x, y) != (before + len(left), other + len(right))
    assert cut > 200


def test_one_window_goes_on_where_the_last_one_ended(monkeypatch):
    monkeypatch.setattr(alignment, "EDITS", 2)
    shared, own, other = [list(range(n, n + 5)) for n in (0, 100, 200)]
    left = [*shared, own[0], *shared, own[1], own[2], *shared, own[3]]
    right = [*shared, *shared, other[0], *shared, other[1]]
    found = list(alignment._windows(left, right))
    assert found == [(0, 0, 5), (6, 5, 5), (13, 11, 5)]
