"""A network's layout costs time in proportion to its rows, however deep it is."""

from __future__ import annotations

import sys
from collections.abc import Callable

import pytest

import cnnref

DEEP = [
    ("resnet110_cifar", "resnet1202_cifar"),
    ("preact_resnet164_cifar", "preact_resnet1001_cifar"),
]


def stack(depth: int) -> int:
    net = cnnref.Net((16, 32, 32))
    x = net.input
    for _ in range(depth):
        x = net.relu(net.conv(x, 16, 3, padding=1))
    return len(net.table())


def rows(name: str) -> int:
    return len(cnnref.table(name))


def calls(make: Callable[[], object]) -> int:
    """How many functions are called, in Python and in C: the same in every run."""
    make()  # what is cached or imported once does not count
    count = 0

    def note(_: object, event: str, __: object) -> None:
        nonlocal count
        count += event in ("call", "c_call")

    sys.setprofile(note)
    try:
        make()
    finally:
        sys.setprofile(None)
    return count


def lines(make: Callable[[], object]) -> int:
    """How many lines of Python are run: the same in every run, also in a loop without a call."""
    make()
    count = 0

    def note(_: object, event: str, __: object) -> object:
        nonlocal count
        count += event == "line"
        return note

    sys.settrace(note)  # type: ignore[arg-type]
    try:
        make()
    finally:
        sys.settrace(None)
    return count


@pytest.mark.parametrize(("shallow", "deep"), DEEP)
def test_a_deep_network_makes_as_many_calls_for_a_row_as_a_shallow_one(
    shallow: str, deep: str
) -> None:
    few, many = (calls(lambda name=name: rows(name)) / rows(name) for name in (shallow, deep))
    assert rows(deep) > 6 * rows(shallow)
    assert many < 1.05 * few


def test_calls_grow_in_proportion_to_the_depth_of_a_stack() -> None:
    few, many = calls(lambda: stack(100)), calls(lambda: stack(1_000))
    assert many / few == pytest.approx(10, rel=0.05)


def test_a_row_of_a_deep_stack_costs_no_more_lines_than_one_of_a_few() -> None:
    # work that grew with the square of the depth would cost ten times as much for a row
    assert lines(lambda: stack(2_500)) < 1.05 * 10 * lines(lambda: stack(250))


def test_work_that_grows_with_the_square_is_seen(monkeypatch: pytest.MonkeyPatch) -> None:
    plain = cnnref.Net._label

    def slow(net: cnnref.Net, op: str, name: str | None) -> str:
        for layer in net._layers:
            len(layer)
        return plain(net, op, name)

    monkeypatch.setattr(cnnref.Net, "_label", slow)
    assert calls(lambda: stack(200)) > 5 * calls(lambda: stack(50))
    assert lines(lambda: stack(200)) > 5 * lines(lambda: stack(50))
