"""The zeros of weights that forward multiplies in its own way, or changes."""

from __future__ import annotations

import pytest
import torch
import torch.nn.functional as F
from torch import nn

import cnnref


class Halved(nn.Module):
    """A weight of 4 x 4, of which half is zero, in what a function makes of it and an input."""

    def __init__(self, function):
        super().__init__()
        self.weight = nn.Parameter(torch.ones(4, 4))
        self.weight.data[:2] = 0
        self.function = function

    def forward(self, x):
        return self.function(x, self.weight)


def nonzero_macs(module: nn.Module, **how) -> int | None:
    x = torch.ones(2, *([4] if isinstance(module, Halved) else [1, 5, 5]))
    table = cnnref.trace(module, inputs=x, sparsity=True, **how)
    _, *cells = table.to_csv(columns="layer,nonzero_macs").splitlines()
    rows = zip(table, cells, strict=True)
    (found,) = [line.rpartition(",")[2] for row, line in rows if row.macs]
    return int(found) if found else None


@pytest.mark.parametrize(
    "product",
    [
        lambda x, w: F.linear(x, w.t().contiguous().t()),
        lambda x, w: x @ w.t(),
        lambda x, w: w @ x.t(),
        lambda x, w: torch.addmm(torch.zeros(4), x, w),
        lambda x, w: torch.einsum("bi,oi->bo", x, w),
        lambda x, w: torch.bmm(x.view(2, 1, 4), w.expand(2, 4, 4)),
    ],
)
@pytest.mark.parametrize("values", ["never", "always"])
def test_the_zeros_of_a_weight_count_in_any_product(product, values):
    assert nonzero_macs(Halved(product), values=values) == 16


@pytest.mark.parametrize(
    "product",
    [
        lambda x, w: x @ w[:2].t(),
        lambda x, w: w @ w,
        lambda x, w: torch.einsum("bi,ii->b", x, w),
        lambda x, w: F.scaled_dot_product_attention(w[None], x[None], x[None]),
    ],
)
def test_of_other_products_with_a_weight_zeros_are_not_known(product):
    made = Halved(product)
    assert nonzero_macs(made) is None
    table = cnnref.trace(made, inputs=torch.ones(2, 4), sparsity=True)
    assert "Zeros are not known of" in table.to_text(columns="macs,nonzero_macs")


def masked(x, w):
    w.data *= torch.eye(4)
    return F.linear(x, w)


def replaced(x, w):
    w.data = w.data * torch.eye(4)
    return F.linear(x, w)


def cleared(x, w):
    with torch.no_grad():
        w.zero_()
    return F.linear(x, w)


def partly_cleared(x, w):
    w = w.detach().clone()
    w[2:] = 0
    return F.linear(x, w)


def cleared_by_row(x, w):
    with torch.no_grad():
        for row in w:
            row.zero_()
    return x @ w.t()


def cleared_in_a_list(x, w):
    with torch.no_grad():
        torch._foreach_mul_([w], 0.0)
    return F.linear(x, w)


@pytest.mark.parametrize(
    ("function", "macs"),
    [
        (masked, 4),
        (replaced, 4),
        (cleared, 0),
        (partly_cleared, 0),
        (cleared_by_row, 0),
        (cleared_in_a_list, 0),
        (lambda x, w: F.linear(x, w.detach().clone().fill_(1)), 32),
        (lambda x, w: F.linear(x, w.clone().copy_(torch.eye(4))), 8),
        (lambda x, w: F.linear(x, w.tril()), 14),
        (lambda x, w: F.linear(x, w[[2, 3, 2, 3]]), 32),
        (lambda x, w: F.linear(x, torch.ones_like(w).mul_(w)), 16),
    ],
)
def test_the_zeros_of_a_weight_that_forward_changes_are_known_where_it_runs(function, macs):
    made = Halved(function)
    assert nonzero_macs(made) is None
    assert nonzero_macs(made, values="always") == macs
    assert made.weight.count_nonzero() == 8


def test_a_weight_that_is_set_has_the_zeros_of_what_it_is_set_to():
    def of_constants(x, w):
        w.data = torch.eye(4)
        return F.linear(x, w)

    def as_before(x, w):
        w.data = w.data.clone()
        w.detach().clone().zero_()
        return F.linear(x, w)

    assert nonzero_macs(Halved(of_constants)) == 8
    assert nonzero_macs(Halved(as_before)) == 16


def test_a_convolution_that_masks_its_weight_has_the_zeros_of_the_mask():
    class MaskedConv(nn.Conv2d):
        """As in PixelCNN: a kernel of 3x3 sees four of nine pixels."""

        def __init__(self):
            super().__init__(1, 4, 3, padding=1, bias=False)
            self.register_buffer("mask", torch.ones_like(self.weight))
            self.mask[:, :, 1, 1:] = 0
            self.mask[:, :, 2:] = 0

        def forward(self, x):
            self.weight.data *= self.mask
            return super().forward(x)

    made = MaskedConv()
    assert nonzero_macs(made) is None
    assert nonzero_macs(made, values="always") == 2 * 400


def test_zeros_are_not_claimed_of_gradients():
    made = nn.Sequential(nn.Linear(4, 4, bias=False), nn.Linear(4, 4, bias=False))
    made[1].weight.data[:2] = 0
    table = cnnref.trace(made, (4,), sparsity=True, mode="training")
    found = table.to_csv(columns="op,nonzero_macs").splitlines()
    assert [line for line in found if line.startswith("linear")] == ["linear,16", "linear,8"]
    # both products of the last layer begin with a gradient that no row makes, or are by its weight
    products = [line for line in found if line.startswith("matmul")]
    assert products == ["matmul,", "matmul,", "matmul,16"]


def test_gradients_of_products_of_maps_are_by_all_numbers():
    class Products(nn.Module):
        def forward(self, x):
            y = 2 * x
            z = y @ y.mT
            return (z @ z).relu()

    x = torch.ones(2, 4, requires_grad=True)
    table = cnnref.trace(Products(), inputs=x, sparsity=True, mode="training")
    assert table.macs > 0
    assert "Zeros are not known" not in table.to_text(columns="macs,nonzero_macs")
