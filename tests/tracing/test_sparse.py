"""Products with a sparse factor count what is stored, in every spelling, or are not counted."""

from __future__ import annotations

import warnings
from collections.abc import Callable

import pytest
import torch
import torch.nn.functional as F
from torch import Tensor, nn

import cnnref

# PyTorch's notes on its own state: compressed layouts are young, and scripts are old
pytestmark = pytest.mark.filterwarnings(
    "ignore:Sparse:UserWarning", "ignore:.torch.jit:DeprecationWarning"
)

Call = Callable[[Tensor, Tensor], Tensor]
# eleven numbers in an 8 x 8 matrix, each of which meets all four columns of a map
STORED, COLUMNS = 11, 4
MACS = STORED * COLUMNS


def matrix(size: int = 8, stored: int = STORED) -> Tensor:
    whole = torch.zeros(size, size)
    whole.view(-1)[torch.arange(stored) * 5] = 1.5
    return whole


class Held(nn.Module):
    def __init__(self, matrix: Tensor, call: Call, learned: bool = False) -> None:
        super().__init__()
        if learned:
            self.matrix = nn.Parameter(matrix)
        else:
            self.register_buffer("matrix", matrix)
        self.call = call

    def forward(self, x: Tensor) -> Tensor:
        return self.call(self.matrix, x)


def traced(module: nn.Module, rows: int = 8) -> cnnref.Table:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return cnnref.trace(module, inputs=torch.randn(rows, COLUMNS))


LAYOUTS: dict[str, Callable[[Tensor], Tensor]] = {
    "coo": Tensor.to_sparse,
    "csr": Tensor.to_sparse_csr,
    "csc": Tensor.to_sparse_csc,
}
PRODUCTS: dict[str, Call] = {
    "@": lambda w, x: w @ x,
    "matmul": torch.matmul,
    "mm": torch.mm,
    "sparse_mm": torch.sparse.mm,
    "from_the_right": lambda w, x: x.t() @ w,
    "transposed": lambda w, x: w.t() @ x,
    "addmm": lambda w, x: torch.addmm(x, w, x),
    "linear": lambda w, x: F.linear(x.t(), w),
    "scaled": lambda w, x: (w * 2) @ x,
}


@pytest.mark.parametrize("learned", [False, True])
@pytest.mark.parametrize("layout", LAYOUTS)
@pytest.mark.parametrize("name", PRODUCTS)
def test_a_sparse_factor_counts_what_it_stores(name: str, layout: str, learned: bool) -> None:
    module = Held(LAYOUTS[layout](matrix()), PRODUCTS[name], learned)
    for _ in range(2):  # also what is remembered of the first
        table = traced(module)
        assert (table.macs, table.uncounted) == (MACS, ())
    assert table.parameters == 64 * learned


def test_a_vector_is_one_column_and_a_complex_mac_four() -> None:
    coo = matrix().to_sparse()
    assert traced(Held(coo, lambda w, x: w @ x[:, 0])).macs == STORED
    table = traced(Held(coo.to(torch.complex64), lambda w, x: w @ x.to(torch.complex64)))
    assert table.macs == 4 * MACS


def test_large_ones_too_and_two_of_one_shape_are_told_apart() -> None:
    size = 400  # more elements than those of constants
    for stored in (100, 300):
        for call in (PRODUCTS["@"], PRODUCTS["transposed"]):
            large = Held(matrix(size, stored).to_sparse(), call)
            assert traced(large, size).macs == stored * COLUMNS


def test_a_dense_copy_counts_all() -> None:
    table = traced(Held(matrix().to_sparse(), lambda w, x: w.to_dense() @ x))
    assert (table.macs, table.uncounted) == (64 * COLUMNS, ())


def test_of_values_that_are_maps_the_indices_tell_how_many() -> None:
    def attended(w: Tensor, x: Tensor) -> Tensor:
        weights = x.flatten()[:STORED]
        return torch.sparse_coo_tensor(w._indices(), weights, w.shape) @ x

    table = traced(Held(matrix().to_sparse(), attended))
    assert (table.macs, table.uncounted) == (MACS, ())


@pytest.mark.parametrize(
    "call",
    [
        lambda w, x: torch.sparse.mm(w, w),
        lambda w, x: w @ w,
        lambda w, x: (w * torch.cat([x, x], 1)) @ x,
        lambda w, x: torch.sparse_coo_tensor(w._indices(), x.flatten()[:STORED], w.shape).t() @ x,
    ],
)
def test_what_is_not_known_is_not_counted(call: Call) -> None:
    module = Held(matrix().to_sparse(), call)
    module(torch.randn(8, COLUMNS))  # PyTorch runs it
    table = traced(module)
    assert table.macs == 0
    assert [row.op for row in table.uncounted] == ["matmul"]


def test_a_sparse_matrix_that_was_moved_to_meta_has_lost_how_many() -> None:
    table = traced(Held(matrix().to_sparse().to("meta"), PRODUCTS["@"]))
    assert (table.macs, len(table.uncounted)) == (0, 1)


def test_scripted_products_count_the_same() -> None:
    class Scripted(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.register_buffer("matrix", matrix().to_sparse())

        def forward(self, x: Tensor) -> Tensor:
            return torch.mm(self.matrix, x)

    table = traced(torch.jit.script(Scripted()))
    assert (table.macs, table.uncounted) == (MACS, ())


def test_the_formula_is_what_is_stored_times_the_columns() -> None:
    (row,) = [row for row in traced(Held(matrix().to_sparse(), PRODUCTS["@"])) if row.op]
    assert dict(row.formulas)["macs"] == ((STORED, COLUMNS),)


@pytest.mark.parametrize("name", PRODUCTS)
@pytest.mark.parametrize("layout", LAYOUTS)
def test_gradients_of_sparse_products_multiply_what_is_stored(name: str, layout: str) -> None:
    module = Held(LAYOUTS[layout](matrix()), PRODUCTS[name])
    image = torch.randn(8, COLUMNS, requires_grad=True)
    table = cnnref.trace(module, inputs=image, mode="training", strict=True)
    assert (table.macs, table.ran.by) == (2 * MACS, "inputs")
