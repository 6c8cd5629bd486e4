"""Corners of the core: maps of another net, windows that round up, rows that only one table has."""

from __future__ import annotations

import ast
import random
import re
from fractions import Fraction
from math import ceil, floor

import pytest
import torch
import torch.nn.functional as F

import cnnref
from cnnref.counting import explain
from cnnref.counting.arithmetic import adaptive_avg_pool, pool
from cnnref.counting.conventions import CONVENTIONS
from cnnref.counting.layer import Layer
from cnnref.counting.shapes import Shape, Window
from cnnref.errors import CnnrefError, ShapeError
from cnnref.net import Net
from cnnref.tables.table import Table

DRAWS = 400


def table(rows: list[Layer], like: Table) -> Table:
    return Table(rows, name="b", input_shape=like.input_shape)


def twins() -> tuple[Net, Net]:
    """Two nets whose rows have the same shapes and numbers."""
    nets = Net((3, 8, 8)), Net((3, 8, 8))
    for net in nets:
        net.relu(net.input)
    return nets


def test_a_map_of_another_net_is_refused_although_it_would_fit() -> None:
    one, other = twins()
    strangers = (other.input, other.relu(other.input))
    for stranger in strangers:
        for join in (lambda x: one.relu(x), lambda x: one.add(one.input, x)):
            with pytest.raises(CnnrefError, match=r"was made by another Net\.$") as error:
                join(stranger)
            assert str(error.value).partition(": ")[2] == (
                "its input 3 x 8 x 8 was made by another Net."
            )
    assert len(one.table()) == 1


def test_a_net_takes_its_own_maps_in_any_order() -> None:
    net = Net((3, 8, 8))
    first = net.relu(net.input)
    second = net.relu(first)
    net.concat(second, net.input, first, first)
    assert net.table()[2].inputs == (1, -1, 0, 0)


def windows(seed: int) -> list[tuple[int, Window]]:
    """Random square windows as PyTorch's pooling takes them."""
    dice = random.Random(seed)
    found = []
    for _ in range(DRAWS):
        kernel = dice.randint(1, 5)
        sizes = (kernel, dice.randint(1, 5), dice.randint(0, kernel // 2), 1)
        found.append((dice.randint(1, 12), Window(*((n, n) for n in sizes), 1, True)))
    return found


def test_average_pooling_rounds_up_as_torchs() -> None:
    refused = 0
    for size, window in windows(1):
        x = torch.empty(1, 2, size, size + 3, device="meta")
        try:
            theirs = F.avg_pool2d(x, *window[:3], ceil_mode=True).shape[1:]
        except RuntimeError:
            refused += 1
            with pytest.raises(ShapeError):
                pool(Shape(x.shape[1:]), window)
        else:
            assert pool(Shape(x.shape[1:]), window).out_shape == theirs
    assert 0 < refused < DRAWS // 2


def test_adaptive_pooling_has_torchs_shape_and_weights() -> None:
    dice = random.Random(2)
    for _ in range(60):
        size, out = ((dice.randint(1, 9), dice.randint(1, 9)) for _ in range(2))
        x = torch.ones(1, 1, *size, dtype=torch.float64, requires_grad=True)
        pooled = F.adaptive_avg_pool2d(x, out)
        work = adaptive_avg_pool(Shape((1, *size)), out)
        assert work.out_shape == pooled.shape[1:]
        taps = 0
        for value in pooled.flatten():
            (gradient,) = torch.autograd.grad(value, x, retain_graph=True)
            taps += int((gradient != 0).sum())
        assert work.counts.window_taps == taps


def exact(text: str) -> Fraction:
    """The value of a formula with +, -, x, / and nothing else."""

    def value(node: ast.expr) -> Fraction:
        if isinstance(node, ast.Constant):
            return Fraction(node.value)
        assert isinstance(node, ast.BinOp)
        left, right = value(node.left), value(node.right)
        by = {ast.Add: left.__add__, ast.Sub: left.__sub__, ast.Mult: left.__mul__,
              ast.Div: left.__truediv__}  # fmt: skip
        return by[type(node.op)](right)

    return value(ast.parse(text.replace(" x ", " * "), mode="eval").body)


def true(line: str) -> bool:
    """Whether "ceil((7 - 3 + 2 x 1) / 2) + 1 = 4" holds."""
    found = re.fullmatch(r"(ceil|floor)\((.+)\)((?: [+-] 1)+) = (\d+)", line)
    assert found, line
    rounding = {"ceil": ceil, "floor": floor}[found[1]]
    tail = sum(int(sign + "1") for sign in re.findall(r"([+-]) 1", found[3]))
    return rounding(exact(found[2])) + tail == int(found[4])


def test_a_false_output_formula_is_seen() -> None:
    assert true("floor((227 - 11 + 2 x 2) / 4) + 1 = 56")
    assert not true("floor((227 - 11 + 2 x 2) / 4) + 1 = 57")
    assert not true("ceil((5 - 2 + 2 x 1) / 3) + 1 = 2")
    assert true("ceil((5 - 2 + 2 x 1) / 3) + 1 - 1 = 2")


@pytest.mark.parametrize("rounds_up", [False, True])
def test_output_formulas_of_random_windows_are_true(rounds_up: bool) -> None:
    corrected = 0
    for size, window in windows(3):
        net = Net((2, size, size + 3))
        kernel, stride, padding = (pair[0] for pair in window[:3])
        try:
            net.max_pool(net.input, kernel, stride=stride, padding=padding, ceil_mode=rounds_up)
        except ShapeError:
            continue
        for axis in (0, 1):
            line = explain.output_size(net.table()[0], axis)
            assert true(line), line
            corrected += line.count(" - 1 =")
    assert (corrected > 0) == rounds_up


@pytest.mark.slow
@pytest.mark.parametrize("name", cnnref.names())
def test_output_formulas_of_the_catalogue_are_true(name: str) -> None:
    record = cnnref.architecture(name)
    for size in record.sizes:
        for row in cnnref.table(name, input_size=size):
            for axis in (0, 1) if row.window and len(row.window.kernel) == 2 else ():
                line = explain.output_size(row, axis)
                assert true(line), line


@pytest.mark.parametrize("window", [4, 5])
def test_a_window_along_channels_does_not_size_the_map(window: int) -> None:
    net = Net((96, 55, 55))
    net.lrn(net.input, window)
    assert explain.output_size(net.table()[0]) == "96 x 55 x 55 to 96 x 55 x 55"


@pytest.mark.slow
@pytest.mark.parametrize("name", cnnref.names())
def test_another_times_sign_changes_the_sign_alone(name: str) -> None:
    for row in cnnref.table(name):
        for how in CONVENTIONS.values():
            for part in (explain.operations, explain.memory):
                assert part(row, how, r"\times").replace(r"\times", "x") == part(row, how)
        assert explain.parameters(row, r"\times").replace(r"\times", "x") == explain.parameters(row)
        assert explain.output_size(row, 0, "*") == explain.output_size(row).replace(
            " x ", " * " if row.window and len(row.window.kernel) == 2 else " x "
        )


def test_a_row_that_only_the_second_has_stands_where_the_first_would_take_it() -> None:
    book = cnnref.table("alexnet")
    rows = list(book)
    other = [*rows[1:10], rows[1], *rows[10:]]
    lone = [
        str(found) for found in cnnref.compare(book, table(other, book)) if found.field == "row"
    ]
    assert lone == [
        "row 0 (conv1): only in the first table",
        "row 10 (relu1): only in the second table",
    ]


@pytest.mark.parametrize("place", range(len(cnnref.table("alexnet"))))
def test_any_dropped_or_doubled_row_is_reported(place: int) -> None:
    book = cnnref.table("alexnet")
    rows = list(book)
    for spoilt in (rows[:place] + rows[place + 1 :], rows[:place] + rows[place : place + 1] * 2):
        other = spoilt if len(spoilt) < len(rows) else spoilt + rows[place + 1 :]
        assert cnnref.compare(book, table(other, book)) != []
        assert cnnref.compare(table(other, book), book) != []


@pytest.mark.parametrize("field", [*Layer._fields[4:8], "counted"])
def test_any_changed_field_is_reported(field: str) -> None:
    book = cnnref.table("alexnet_2012")
    for place, row in enumerate(book):
        value = {
            "inputs": (-1, -1),
            "in_shapes": (Shape((1, 2, 3)),),
            "out_shape": Shape((1, 2, 3)),
            "window": Window((9, 9), (9, 9), (9, 9)),
            "counted": False,
        }[field]
        rows = [*list(book)[:place], row._replace(**{field: value}), *list(book)[place + 1 :]]
        found = cnnref.compare(book, table(rows, book))
        assert {difference.row for difference in found} == {place}


@pytest.mark.parametrize("count", cnnref.Counts._fields)
def test_any_changed_count_is_reported(count: str) -> None:
    book = cnnref.table("alexnet_2012")
    for place, row in enumerate(book):
        counts = row.counts._replace(**{count: getattr(row.counts, count) + 1})
        rows = [*list(book)[:place], row._replace(counts=counts), *list(book)[place + 1 :]]
        (found,) = cnnref.compare(book, table(rows, book))
        assert (found.row, found.field) == (place, count)


@pytest.mark.parametrize("part", Window._fields)
def test_any_changed_part_of_a_window_is_reported(part: str) -> None:
    book = cnnref.table("alexnet_2012")
    for place, row in enumerate(book):
        if row.window is None:
            continue
        value = {"groups": 7, "ceil_mode": True}.get(part, (7, 7))
        changed = row._replace(window=row.window._replace(**{part: value}))
        rows = [*list(book)[:place], changed, *list(book)[place + 1 :]]
        (found,) = cnnref.compare(book, table(rows, book))
        assert (found.row, found.field) == (place, part)
