"""The search through PyTorch's operators: its record holds, and it finds what is wrong."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
import torch
import torch.nn.functional as F
from torch import Tensor

from cnnref.counting.shapes import Counts
from cnnref.tracing.rules import FUNCTIONS
from cnnref.tracing.rules.operation import Operation
from studies.operators.force import Products, sums_of_products
from studies.operators.record import is_wrong, read
from studies.operators.search import EXPLAINED, SPREAD, database, finding, search

pytestmark = pytest.mark.filterwarnings(
    "ignore::cnnref.UncountedWarning", "ignore::DeprecationWarning"
)

# of each outcome and each way of counting a few, and all that have calls of ours
SAMPLE = {
    *SPREAD, "add", "cat", "cdist", "cumulative_trapezoid", "fft.rfft", "linalg.inv", "linalg.qr",
    "nn.functional.bilinear", "nn.functional.gelu", "nonzero", "sparse.sampled_addmm", "unique",
    "torch._scaled_mm", "trapezoid", "histogramdd", "linalg.cross",
}  # fmt: skip


@pytest.fixture(scope="module")
def operators() -> list[Any]:
    return database()


def test_every_operator_is_on_record_and_none_is_uncounted(operators: list[Any]) -> None:
    assert sorted(operator.full_name for operator in operators) == [one.operator for one in read()]
    assert [one.operator for one in read() if is_wrong(one)] == []
    assert {one.operator for one in read() if one.differ} == set(EXPLAINED)


@pytest.mark.slow
def test_a_sample_is_found_as_it_is_on_record(operators: list[Any]) -> None:
    chosen = [operator for operator in operators if operator.full_name in SAMPLE]
    known = {one.operator: one for one in read()}
    found = list(search(chosen))
    assert {one.operator for one in found} == SAMPLE
    assert found == [known[one.operator] for one in found]


def drawn(*shapes: tuple[int, ...]) -> tuple[Tensor, ...]:
    return tuple(torch.rand(shape, dtype=torch.float64) for shape in shapes)


@pytest.mark.parametrize(
    ("call", "shapes", "number", "most"),
    [
        # 2 x 4 sums of 3
        (torch.mm, ((2, 3), (3, 4)), 24, 3),
        # two places, two filters of two channels and two taps
        (F.conv1d, ((1, 2, 3), (2, 2, 2)), 2 * 2 * 2 * 2, 4),
        # of a padded place nothing is multiplied
        (lambda x, w: F.conv1d(x, w, padding=1), ((1, 1, 2), (1, 1, 3)), 4, 2),
        (torch.mul, ((2, 3), (2, 3)), 6, 1),
        (torch.linalg.cross, ((1, 3), (1, 3)), 6, 2),
        # of A x + b these are A and x
        (lambda b, a, x: torch.addmv(b, a, x), ((2,), (2, 3), (3,)), 6, 3),
    ],
)
def test_force_counts_the_products_of_a_sum(
    call: Callable[..., Tensor], shapes: tuple[tuple[int, ...], ...], number: int, most: int
) -> None:
    assert sums_of_products(call, drawn(*shapes), {}) == Products(number, most)


@pytest.mark.parametrize(
    ("call", "shapes"),
    [
        (torch.add, ((2, 3), (2, 3))),
        (torch.atan2, ((2, 3), (2, 3))),
        (torch.relu, ((2, 3),)),
        # the order of three factors decides
        (lambda a, b, c: torch.einsum("i,i,i->", a, b, c), ((3,), (3,), (3,))),
        # too many pairs
        (torch.mm, ((30, 30), (30, 30))),
    ],
)
def test_force_says_nothing_where_two_arguments_do_not_tell(
    call: Callable[..., Tensor], shapes: tuple[tuple[int, ...], ...]
) -> None:
    assert sums_of_products(call, drawn(*shapes), {}) is None


def harmless(result: Tensor, x: Tensor, y: Tensor, **_: Any) -> Operation:
    return Operation("maximum", (x, y), result, leaf=False)


def too_many(result: Tensor, x: Tensor, y: Tensor) -> Operation:
    return Operation("matmul", (x, y), result, None, Counts(macs=999), leaf=False)


@pytest.mark.parametrize("rule", [harmless, too_many])
def test_a_wrong_rule_is_found(
    rule: Callable[..., Operation], monkeypatch: pytest.MonkeyPatch
) -> None:
    # sizes that no other call has had: what is known of a call is remembered
    vectors, matrices = drawn((13,), (13,)), drawn((3, 11), (11, 17))
    right = finding("dot", torch.dot, [(vectors, {})])
    assert (right.outcome, right.by_force, right.differ) == ("counted", 1, 0)
    monkeypatch.setitem(FUNCTIONS, torch.dot, rule)
    monkeypatch.setitem(FUNCTIONS, torch.mm, rule)
    # by force, and by PyTorch's counter
    for func, args in ((torch.dot, drawn((19,), (19,))), (torch.mm, matrices)):
        wrong = finding(func.__name__, func, [(args, {})])
        assert (wrong.by_torch, wrong.by_force, wrong.differ) == (0, 0, 1)
        assert is_wrong(wrong)


def test_an_operator_without_a_rule_is_found() -> None:
    from unknown_operator import mystery

    found = finding("mystery", mystery, [(drawn((2, 3)), {})])
    assert (found.outcome, found.kinds) == ("uncounted", "mystery")
    assert is_wrong(found)
