"""What makes long tables, and what is asked of them, takes steps that grow as their rows do.

Steps are lines that run: a number that no load changes.
"""

import difflib
import random
import sys
from collections.abc import Callable
from itertools import combinations, pairwise
from types import FrameType, ModuleType
from typing import Any

import pytest

import cnnref
from cnnref import Net, compare
from cnnref.tables import alignment, analysis, repeats


def steps(run: Callable[[], object], *modules: ModuleType) -> int:
    """The lines of these modules, and of all in these packages, that run while `run` does."""
    places = tuple(str(module.__file__).removesuffix("__init__.py") for module in modules)
    count = 0

    def called(frame: FrameType, event: str, argument: Any) -> Any:
        return line if frame.f_code.co_filename.startswith(places) else None

    def line(frame: FrameType, event: str, argument: Any) -> Any:
        nonlocal count
        count += event == "line"
        return line

    before = sys.gettrace()
    sys.settrace(called)
    try:
        run()
    finally:
        sys.settrace(before)
    return count


def growth(run: Callable[[int], Callable[[], object]], n: int, *modules: ModuleType) -> list[float]:
    """How many times the steps grow from n to 2n and from 2n to 4n; what is linear doubles them."""
    counts = [steps(run(size), *modules) for size in (n, 2 * n, 4 * n)]
    assert counts[0] > n
    return [counts[1] / counts[0], counts[2] / counts[1]]


def plain(n):
    net = Net((8, 8, 8))
    x = net.input
    for _ in range(n // 2):
        x = net.relu(net.conv(x, 8, 3, padding=1))
    return net.table()


def mixed(n):
    """Every third block is like those of `plain`."""
    net = Net((8, 8, 8))
    x = net.input
    for i in range(n // 2):
        x = net.conv(x, 8, 1 if i % 3 else 3, padding=0 if i % 3 else 1)
        x = net.batch_norm(x) if i % 3 else net.relu(x)
    return net.table()


def comparing(n):
    a, b = plain(n), mixed(n)
    return lambda: compare(a, b)


MODULES = (alignment, difflib)


def test_comparing_unlike_tables_takes_steps_that_grow_as_their_rows(monkeypatch):
    monkeypatch.setattr(alignment, "SMALL", 10**3)
    monkeypatch.setattr(alignment, "EDITS", 16)
    assert max(growth(comparing, 200, *MODULES)) < 2.3


def test_the_longest_common_blocks_alone_would_take_more_than_the_square():
    assert max(growth(comparing, 60, *MODULES)) > 4


@pytest.fixture(params=[(0, 3), (0, 1000), (20, 5), (10**6, 256)])
def bounds(request, monkeypatch):
    monkeypatch.setattr(alignment, "SMALL", request.param[0])
    monkeypatch.setattr(alignment, "EDITS", request.param[1])
    return request.param


def test_what_is_matched_is_equal_and_in_order_under_any_bounds(bounds):
    drawn = random.Random(1)
    for _ in range(1000):
        kinds = drawn.choice([2, 4, 30])
        left, right = (
            [drawn.randrange(kinds) for _ in range(drawn.randrange(25))] for _ in range(2)
        )
        steps = list(alignment._steps(alignment._matches(left, right), len(left), len(right)))
        assert [key for _, i, end, _, _ in steps for key in left[i:end]] == left
        assert [key for _, _, _, j, end in steps for key in right[j:end]] == right
        for tag, i1, i2, j1, j2 in steps:
            assert (tag == "equal") == (left[i1:i2] == right[j1:j2])
        assert all("equal" in (one[0], other[0]) for one, other in pairwise(steps))
        if bounds[0] == 10**6:
            matcher = difflib.SequenceMatcher(None, left, right, autojunk=False)
            assert steps == matcher.get_opcodes()


def matched(left, right):
    return sum(length for _, _, length in alignment._matches(left, right))


def longest(left, right):
    """How many keys the longest list has that both hold in this order."""
    best = [0] * (len(right) + 1)
    for key in left:
        row = [0]
        for j, other in enumerate(right):
            row.append(best[j] + 1 if key == other else max(best[j + 1], row[j]))
        best = row
    return best[-1]


def test_a_script_that_fits_a_window_is_the_shortest():
    drawn = random.Random(2)
    for _ in range(500):
        left, right = ([drawn.randrange(3) for _ in range(drawn.randrange(13))] for _ in range(2))
        found = sum(length for _, _, length in alignment._windows(left, right))
        assert found == longest(left, right)


def test_rows_that_stand_in_both_once_are_found_past_a_long_insertion(monkeypatch):
    monkeypatch.setattr(alignment, "SMALL", 0)
    monkeypatch.setattr(alignment, "EDITS", 4)
    own, other = list(range(100, 140)), list(range(200, 290))
    shared = list(range(40))
    assert matched([*own[:20], *shared, *own[20:]], [*other, *shared, 7777]) == len(shared)


def laid_out(kinds):
    net = Net((8, 4, 4))
    x = net.input
    for kind in kinds:
        x = net.conv(x, 8, 2 * (kind // 2) + 1, padding=kind // 2) if kind % 2 else net.relu(x)
    return net.table()


def test_each_row_of_both_tables_is_aligned_once_and_in_order_under_any_bounds(bounds):
    drawn = random.Random(1)

    def rows():
        kinds = drawn.choices([0, 1, 3], k=drawn.randrange(1, 20))
        inside = ("a.a", "a.b", "b.a")
        return [row._replace(name=f"{drawn.choice(inside)}.{row.name}") for row in laid_out(kinds)]

    for _ in range(400):
        left, right = rows(), rows()
        pairs = list(alignment.aligned(left, right))
        assert [i for i, _ in pairs if i is not None] == list(range(len(left)))
        assert [j for _, j in pairs if j is not None] == list(range(len(right)))
        assert all(left[i].op == right[j].op for i, j in pairs if None not in (i, j))


def dense(n):
    """Every layer reads all that came before it."""
    net = Net((8, 4, 4))
    x = net.input
    for _ in range(n // 3):
        x = net.concat(x, net.conv(net.relu(x), 8, 1))
    return net.table()


def drawn(n):
    source = random.Random(n)
    return laid_out(source.choices([0, 1, 3], k=n))


def pairs(n):
    return laid_out([0, 2] * (n // 2))


def blocks(n):
    """Blocks of three, of which none of ten is like the one before."""
    return laid_out([kind for i in range(n // 3) for kind in (1, 0, 1 + 2 * (i % 10))])


@pytest.mark.parametrize("rows", [dense, drawn, pairs, blocks])
def test_collapsing_takes_steps_that_grow_as_the_rows(rows):
    def collapsing(n):
        table = rows(n)
        return lambda: repeats.collapse(table)

    assert max(growth(collapsing, 300, repeats)) < 2.5


def by_definition(kinds, place):
    best = 1, 1
    for period in range(1, (len(kinds) - place) // 2 + 1):
        unit, times = kinds[place : place + period], 1
        while kinds[place + times * period :][:period] == unit:
            times += 1
        if times > 1 and period * times > best[0] * best[1]:
            best = period, times
    return best


def test_the_best_repeat_at_each_place_is_that_of_the_definition():
    source = random.Random(1)
    for _ in range(400):
        kinds = source.choices(range(source.choice([1, 2, 3])), k=source.randrange(2, 40))
        if source.random() < 0.5:
            kinds = kinds[: source.randrange(1, 6)] * 4 + kinds
        squares = list(repeats._squares(kinds, 0, len(kinds)))
        for place in range(len(kinds)):
            periods = sorted(d for first, last, d in squares if first <= place <= last)
            assert len(periods) == len(set(periods))
            for period in range(1, (len(kinds) - place) // 2 + 1):
                unit = kinds[place : place + period]
                twice = unit == kinds[place + period : place + 2 * period]
                assert twice == (period in periods)
            assert repeats._best(kinds, place, periods) == by_definition(kinds, place)


@pytest.mark.parametrize("rows", [plain, dense])
@pytest.mark.parametrize(
    "call", ["receptive_fields", "peak_activation_bytes", "training_activation_bytes"]
)
def test_fields_and_memory_take_steps_that_grow_as_the_rows(rows, call):
    def asking(n):
        table = rows(n)
        return lambda: getattr(analysis, call)(table)

    assert max(growth(asking, 100, analysis)) < 2.2


def test_a_spec_takes_steps_that_grow_as_its_rows():
    assert max(growth(lambda n: lambda: plain(n), 200, cnnref)) < 2.2


@pytest.mark.extras
def test_a_trace_takes_steps_that_grow_as_its_rows():
    from torch import nn

    def tracing(n):
        layers = [nn.Sequential(nn.Conv2d(8, 8, 1), nn.ReLU()) for _ in range(n // 2)]
        module = nn.Sequential(*layers)
        return lambda: cnnref.trace(module, (8, 3, 3))

    # what the first trace of a process looks up is no part of its growth
    tracing(2)()
    assert max(growth(tracing, 40, cnnref)) < 2.2


@pytest.mark.parametrize("seed", range(20))
def test_what_holds_two_tables_together_is_the_longest_run_in_both_orders(seed: int) -> None:
    chance = random.Random(seed)
    left = chance.sample(range(9), 7)
    right = chance.sample(range(9), 7) + [left[0]] * (seed % 2)
    shared = [key for key in left if right.count(key) == 1]
    longest = max(
        size
        for size in range(len(shared) + 1)
        for part in combinations(shared, size)
        if [right.index(key) for key in part] == sorted(right.index(key) for key in part)
    )
    found = alignment._anchors(left, right)
    assert len(found) == longest
    assert found == sorted(found)
    assert all(left[a] == right[b] for a, b in found)
    assert all(a < b for a, b in pairwise(b for _, b in found))
