"""Repeats are found as their definition says, in steps that grow as the rows do."""

import random

import pytest
from counted_steps import growth

from cnnref import Net
from cnnref.tables import repeats


def laid_out(kinds):
    net = Net((8, 4, 4))
    x = net.input
    for kind in kinds:
        x = net.conv(x, 8, 2 * (kind // 2) + 1, padding=kind // 2) if kind % 2 else net.relu(x)
    return net.table()


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
