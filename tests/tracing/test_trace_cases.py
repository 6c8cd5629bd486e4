"""Calls that a count can get wrong without a word: each kind against an independent count."""

from __future__ import annotations

import warnings
from collections.abc import Callable
from itertools import product
from typing import Any

import pytest
import torch
import torch.nn.functional as F
from torch import Tensor, nn
from torch.utils.flop_counter import FlopCounterMode
from traced_modules import Call

import cnnref


def counted(function: Callable[..., Any], *inputs: Any) -> cnnref.Table:
    """The rows of a call, of which none is uncounted."""
    module = function if isinstance(function, nn.Module) else Call(function)
    return cnnref.trace(module, inputs=inputs, strict=True)


def by_torch(function: Callable[..., Any], *inputs: Any) -> int:
    """MACs by torch's own counter, on a real run."""
    with torch.no_grad(), FlopCounterMode(display=False) as counter:
        function(*inputs)
    return counter.get_total_flops() // 2


POOLS = {
    1: (nn.MaxPool1d, nn.AvgPool1d, nn.Conv1d),
    2: (nn.MaxPool2d, nn.AvgPool2d, nn.Conv2d),
    3: (nn.MaxPool3d, nn.AvgPool3d, nn.Conv3d),
}


@pytest.mark.parametrize("rank", POOLS)
@pytest.mark.parametrize("batch", [(), (1,), (2,)])
def test_a_map_without_a_batch_is_pooled_along_all_its_axes(
    rank: int, batch: tuple[int, ...]
) -> None:
    greatest, mean, conv = POOLS[rank]
    net = nn.Sequential(conv(2, 3, 3), greatest(2), conv(3, 2, 1), mean(2, ceil_mode=True))
    image = torch.zeros(*batch, 2, *[9] * rank)
    table = counted(net, image)
    assert table.macs == by_torch(net, image)
    shapes = [tuple(row.out_shape) for row in table if row.geometry and row.counts.window_taps]
    size = [tuple(net[:end](image).shape) for end in (2, 4)]
    assert shapes == [shape[1:] if batch == (1,) else shape for shape in size]


SPREAD = [  # queries, keys, values
    ((1, 4, 5, 8), (3, 4, 6, 8), (3, 4, 6, 2)),
    ((3, 1, 5, 8), (3, 4, 6, 8), (3, 4, 6, 8)),
    ((3, 4, 5, 8), (1, 1, 6, 8), (1, 4, 6, 8)),
    ((1, 4, 5, 8), (1, 4, 6, 8), (3, 4, 6, 8)),
    ((4, 5, 8), (3, 1, 6, 8), (3, 4, 6, 8)),
    ((5, 8), (6, 8), (6, 3)),
]


@pytest.mark.parametrize(("query", "key", "value"), SPREAD)
def test_attention_is_counted_as_the_products_that_it_is(
    query: tuple[int, ...], key: tuple[int, ...], value: tuple[int, ...]
) -> None:
    given = [torch.zeros(shape) for shape in (query, key, value)]
    table = counted(F.scaled_dot_product_attention, *given)
    products = lambda q, k, v: (q @ k.mT).softmax(-1) @ v  # noqa: E731
    assert table.macs == by_torch(products, *given) == counted(products, *given).macs
    assert f"= {table.macs:,} MACs" in table[0].explain()


def test_queries_that_share_heads_of_keys_each_meet_their_own() -> None:
    query, key = torch.zeros(2, 8, 5, 16), torch.zeros(2, 2, 6, 16)
    shared = lambda q, k: F.scaled_dot_product_attention(q, k, k, enable_gqa=True)  # noqa: E731
    assert counted(shared, query, key).macs == 2 * 8 * 5 * 6 * (16 + 16)


class Constant(nn.Module):
    """A product of constants, of so many rows and columns, in every forward."""

    def __init__(self, rows: int, inner: int, parameter: bool) -> None:
        super().__init__()
        self.linear = nn.Linear(8, 8)
        left, right = torch.zeros(rows, inner), torch.zeros(inner, rows)
        self.a = nn.Parameter(left) if parameter else left
        self.b = nn.Parameter(right) if parameter else right

    def forward(self, x: Tensor) -> Tensor:
        return self.linear(x) + (self.a @ self.b).sum()


@pytest.mark.parametrize("rows", [1, 4])
@pytest.mark.parametrize("inner", [5, 70_000])
@pytest.mark.parametrize("parameter", [False, True])
def test_a_product_of_constants_counts_in_every_forward(
    rows: int, inner: int, parameter: bool
) -> None:
    net, image = Constant(rows, inner, parameter), torch.zeros(3, 8)
    assert counted(net, image).macs == by_torch(net, image) == 3 * 8 * 8 + rows * rows * inner


def test_a_product_of_vectors_that_are_constants_counts() -> None:
    a = torch.zeros(7)
    for dot in (torch.dot, torch.vdot, torch.inner, torch.matmul, torch.linalg.vecdot):
        assert counted(lambda x, dot=dot: x + dot(a, a), torch.zeros(3)).macs == 7
    # a number that a tensor holds is no row
    assert [row.op for row in counted(lambda x: x + a.sum() * 2, torch.zeros(3))] == ["add"]


@pytest.mark.parametrize("rows", [3, 25, 26, 40])
@pytest.mark.parametrize("p", [1.0, 2.0])
def test_distances_take_as_many_macs_by_whichever_way(rows: int, p: float) -> None:
    few, many = torch.zeros(2, 4, 7), torch.zeros(2, rows, 7)
    table = counted(lambda a, b: torch.cdist(a, b, p), few, many)
    assert [(row.op, row.macs) for row in table] == [("cdist", 2 * 4 * rows * 7)]
    pairs = sum(1 for i, j in product(range(rows), repeat=2) if i < j)
    assert counted(F.pdist, many[0]).macs == pairs * 7


@pytest.mark.parametrize("dim", [0, 1, -1])
def test_vecdot_sums_along_its_axis(dim: int) -> None:
    a, b = torch.zeros(3, 4, 5), torch.zeros(1, 4, 5) if dim else torch.zeros(3, 1, 5)
    assert counted(lambda a, b: torch.linalg.vecdot(a, b, dim=dim), a, b).macs == 3 * 4 * 5


EINSUMS = ["ij,jk,kl->il", "bi,ijk,bj->bk", "ii->i", "i,i->", "ab,cd->abcd", "ij,ij->"]


@pytest.mark.parametrize("equation", EINSUMS)
def test_einsum_is_counted_as_it_runs(equation: str) -> None:
    size = {letter: place + 2 for place, letter in enumerate("abcdijkl")}
    terms = equation.partition("->")[0].split(",")
    given = [torch.zeros([size[letter] for letter in term]) for term in terms]
    product = lambda *x: torch.einsum(equation, *x)  # noqa: E731
    summed = len(terms) == 1 or equation == "ab,cd->abcd"  # of no sum, so of no MAC
    assert counted(product, *given).macs == (0 if summed else by_torch(product, *given))


@pytest.mark.parametrize("rank", [1, 2, 3])
@pytest.mark.parametrize("groups", [1, 2])
def test_gradients_of_convolutions_are_counted(rank: int, groups: int) -> None:
    image, weight = (2, 4, *[7] * rank), (6, 4 // groups, *[3] * rank)
    gradient = torch.zeros(2, 6, *[5] * rank)
    to_input, to_weight = (
        getattr(torch.nn.grad, f"conv{rank}d_{of}") for of in ("input", "weight")
    )
    macs = 2 * 6 * 5**rank * (4 // groups) * 3**rank
    table = counted(
        lambda w, g: to_input(image, w, g, groups=groups), torch.zeros(weight), gradient
    )
    assert table.macs == macs
    assert table.macs == by_torch(
        lambda w, g: to_input(image, w, g, groups=groups), torch.zeros(weight), gradient
    )
    function = lambda x, g: to_weight(x, weight, g, groups=groups)  # noqa: E731
    assert counted(function, torch.zeros(image), gradient).macs == macs
    # torch's counter takes the gradient of a weight as dense, whatever the groups
    assert by_torch(function, torch.zeros(image), gradient) == groups * macs


def in_real_parts(product: Callable[..., Tensor], a: Tensor, b: Tensor) -> Tensor:
    """A complex product by its definition."""
    real = product(a.real, b.real) - product(a.imag, b.imag)
    return torch.complex(real, product(a.real, b.imag) + product(a.imag, b.real))


@pytest.mark.parametrize(
    ("function", "shapes"),
    [
        (F.conv2d, ((2, 3, 8, 8), (4, 3, 3, 3))),
        (F.conv_transpose1d, ((2, 3, 8), (3, 4, 3))),
        (F.linear, ((5, 8), (6, 8))),
        (torch.matmul, ((2, 5, 8), (2, 8, 6))),
        (lambda a, b: torch.einsum("ij,kj->ik", a, b), ((5, 8), (6, 8))),
    ],
)
def test_a_complex_mac_is_four_real_ones(
    function: Callable[..., Tensor], shapes: tuple[tuple[int, ...], ...]
) -> None:
    given = [torch.randn(shape, dtype=torch.complex64) for shape in shapes]
    wanted = in_real_parts(function, *given)
    torch.testing.assert_close(function(*given), wanted)
    table = counted(function, *given)
    assert table.macs == by_torch(lambda a, b: in_real_parts(function, a, b), *given)
    assert all(f"= {row.macs:,} MACs" in row.explain() for row in table if row.macs)
    bias = nn.Linear(8, 6, dtype=torch.complex64)
    row = counted(bias, given[0]) if shapes[0] == (5, 8) else None
    assert row is None or row[0].counts.bias_adds == 2 * 5 * 6


HARMLESS = {
    "logcumsumexp": lambda x: torch.logcumsumexp(x, 0),
    "nanmedian": lambda x: x.nanmedian(),
    "cross": lambda x: torch.linalg.cross(x, x),
    "i0": torch.special.i0,
    "log_ndtr": torch.special.log_ndtr,
    "addr": lambda x: torch.addr(x, x[:, 0], x[0]),
    "all": lambda x: torch.ops.aten._is_all_true(x > 0),
    "any": lambda x: torch.ops.aten._is_any_true(x > 0),
    "fake_quantize": lambda x: torch.fake_quantize_per_tensor_affine(x, 0.1, 0, 0, 255),
    "backward": lambda x: torch.ops.aten.gelu_backward(x, x),
}


@pytest.mark.parametrize("op", HARMLESS)
def test_operators_without_products_count_as_such(op: str) -> None:
    table = counted(HARMLESS[op], torch.zeros(4, 3))
    assert table.macs == 0
    assert op in [row.op for row in table]


def test_the_gradient_of_what_has_products_is_not_taken_for_free() -> None:
    step = Call(lambda x: torch.ops.aten._cdist_backward(x, x, x, 2.0, x @ x.T))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", cnnref.UncountedWarning)
        table = cnnref.trace(step, inputs=torch.zeros(4, 4))
    assert [row.op for row in table.uncounted] == ["_cdist_backward"]
