"""Rows of unlike tables find each other, in steps that grow as the rows do."""

import difflib
import random
from itertools import pairwise

import pytest
from counted_steps import growth

from cnnref import Net, compare
from cnnref.tables import alignment


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


def test_a_script_that_fits_a_window_is_the_shortest(monkeypatch):
    monkeypatch.setattr(alignment, "SMALL", 0)
    assert matched([1, 2, 3, 1, 2, 2, 1], [3, 2, 1, 2, 1, 3]) == 4  # Myers' own: ABCABBA, CBABAC


def test_rows_that_stand_in_both_once_are_found_past_a_long_insertion(monkeypatch):
    monkeypatch.setattr(alignment, "SMALL", 0)
    monkeypatch.setattr(alignment, "EDITS", 4)
    own, other = list(range(100, 140)), list(range(200, 290))
    shared = list(range(40))
    assert matched([*own[:20], *shared, *own[20:]], [*other, *shared, 7777]) == len(shared)
