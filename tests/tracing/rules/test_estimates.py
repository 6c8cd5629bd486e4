"""Decompositions, solvers and transforms have the textbook's leading term, and no MACs."""

from __future__ import annotations

from collections.abc import Callable
from math import ceil, log2
from typing import Any

import pytest
import torch
from torch import Tensor, nn

import cnnref
from cnnref.counting.operators import ESTIMATED
from cnnref.errors import CnnrefError
from cnnref.testing import assert_budget
from cnnref.tracing.rules import estimates

pytestmark = pytest.mark.filterwarnings("ignore::cnnref.UncountedWarning")


class Call(nn.Module):
    def __init__(self, call: Callable[..., Any]) -> None:
        super().__init__()
        self.call = call

    def forward(self, *args: Tensor) -> Any:
        return self.call(*args)


def traced(call: Callable[..., Any], *args: Tensor) -> cnnref.Table:
    return cnnref.trace(Call(call), inputs=args)


SQUARE, WIDE, TALL = torch.randn(3, 12, 12), torch.randn(3, 6, 12), torch.randn(3, 12, 6)
SIDES = torch.randn(3, 12, 5)
# three matrices each; in flops as the book prints them, of which a MAC is two
LINEAR: dict[str, tuple[Callable[..., Any], tuple[Tensor, ...], str, float]] = {
    # 4.2: n^3 / 3
    "cholesky": (torch.linalg.cholesky, (SQUARE,), "cholesky", 12**3 / 3),
    # 3.2: 2 n^3 / 3
    "lu_factor": (torch.linalg.lu_factor, (SQUARE,), "lu", 2 * 12**3 / 3),
    "det": (torch.linalg.det, (SQUARE,), "det", 2 * 12**3 / 3),
    "slogdet": (torch.linalg.slogdet, (SQUARE,), "det", 2 * 12**3 / 3),
    # n^2 (m - n / 3) for the lesser of the two sides
    "lu_tall": (torch.linalg.lu, (TALL,), "lu", 6**2 * (12 - 6 / 3)),
    "lu_wide": (torch.linalg.lu, (WIDE,), "lu", 6**2 * (12 - 6 / 3)),
    # 2 n^3 / 3 and n^2 for each of two triangles and each side
    "solve": (torch.linalg.solve, (SQUARE, SIDES), "solve", 2 * 12**3 / 3 + 2 * 12**2 * 5),
    "solve_vector": (
        lambda a, b: torch.linalg.solve(a, b[..., 0]), (SQUARE, SIDES),
        "solve", 2 * 12**3 / 3 + 2 * 12**2,
    ),
    "solve_triangular": (
        lambda a, b: torch.linalg.solve_triangular(a, b, upper=True), (SQUARE, SIDES),
        "solve_triangular", 12**2 * 5,
    ),
    "cholesky_solve": (
        lambda a, b: torch.cholesky_solve(b, a), (SQUARE, SIDES),
        "solve_triangular", 2 * 12**2 * 5,
    ),
    # 3.4: 2 n^3
    "inv": (torch.linalg.inv, (SQUARE,), "inverse", 2 * 12**3),
    # 5.2.2: 2 n^2 (m - n / 3), and as much for the first n columns of Q
    "qr": (torch.linalg.qr, (TALL,), "qr", 4 * 6**2 * (12 - 6 / 3)),
    "qr_r": (lambda a: torch.linalg.qr(a, mode="r"), (TALL,), "qr", 2 * 6**2 * (12 - 6 / 3)),
    # 5.1.6: 4 (m^2 n - m n^2 + n^3 / 3) for the whole of Q
    "qr_complete": (
        lambda a: torch.linalg.qr(a, mode="complete"), (TALL,), "qr",
        2 * 6**2 * (12 - 6 / 3) + 4 * (12**2 * 6 - 12 * 6**2 + 6**3 / 3),
    ),
    "householder_product": (
        lambda a: torch.linalg.householder_product(a, a[..., 0, :]), (TALL,),
        "householder", 2 * 6**2 * (12 - 6 / 3),
    ),
    # 8.6, by Golub and Reinsch
    "svdvals": (torch.linalg.svdvals, (TALL,), "svd", 4 * 12 * 6**2 - 4 * 6**3 / 3),
    "svd": (
        lambda a: torch.linalg.svd(a, full_matrices=False), (WIDE,),
        "svd", 14 * 12 * 6**2 + 8 * 6**3,
    ),
    "svd_full": (
        torch.linalg.svd, (TALL,), "svd", 4 * 12**2 * 6 + 8 * 12 * 6**2 + 9 * 6**3,
    ),
    # that and U S V, of 2 m n k
    "pinv": (
        torch.linalg.pinv, (TALL,), "pinv", 14 * 12 * 6**2 + 8 * 6**3 + 2 * 12 * 6 * 6,
    ),
    # 8.3: 4 n^3 / 3 for values, 9 n^3 with vectors; 7.5: 25 n^3
    "eigvalsh": (torch.linalg.eigvalsh, (SQUARE,), "eigh", 4 * 12**3 / 3),
    "eigh": (torch.linalg.eigh, (SQUARE,), "eigh", 9 * 12**3),
    "eig": (torch.linalg.eig, (SQUARE,), "eig", 25 * 12**3),
    "eigvals": (torch.linalg.eigvals, (SQUARE,), "eig", 10 * 12**3),
    # five products of 2 n^3
    "matrix_exp": (torch.linalg.matrix_exp, (SQUARE,), "matrix_exp", 10 * 12**3),
}  # fmt: skip


@pytest.mark.parametrize("name", LINEAR)
def test_three_matrices_have_three_times_the_flops_of_the_book(name: str) -> None:
    call, args, op, flops = LINEAR[name]
    table = traced(call, *args)
    assert [row.op for row in table.estimated] == [op]
    assert sum(row.count("estimate") for row in table) == ceil(round(3 * flops, 6) / 2)
    assert table.macs == 0


def test_a_mac_of_complex_numbers_is_four() -> None:
    real, unreal = (traced(torch.linalg.inv, SQUARE.to(d)) for d in (torch.float, torch.cfloat))
    assert unreal.operations("estimates") == 4 * real.operations("estimates") == 4 * 3 * 12**3
    # of a matrix of real numbers, also where eigenvalues are complex
    assert traced(torch.linalg.eig, SQUARE).operations("estimates") == 3 * 25 * 12**3 // 2


SIGNAL = torch.randn(3, 16, 32)


@pytest.mark.parametrize(
    ("call", "signal", "flops"),
    [
        # 5 N log2 N of complex numbers, in three batches
        (torch.fft.fft, SIGNAL.to(torch.cfloat), 3 * 16 * 5 * 32 * 5),
        (torch.fft.fft2, SIGNAL.to(torch.cfloat), 3 * 5 * 512 * 9),
        # and half of that where one side is real, whichever
        (torch.fft.rfft, SIGNAL, 3 * 16 * 5 * 32 * 5 / 2),
        (lambda x: torch.fft.irfft(x, n=32), SIGNAL[..., :17].to(torch.cfloat), 3 * 16 * 400),
        (lambda x: torch.fft.rfft(x, n=12), SIGNAL, 3 * 16 * 5 * 12 * log2(12) / 2),
        # nine frames of 16, 8 apart, centred on a signal of 64
        (
            lambda x: torch.stft(x, 16, 8, window=torch.ones(16), return_complex=True),
            torch.randn(3, 64), 3 * 9 * 5 * 16 * 4 / 2,
        ),
    ],
)  # fmt: skip
def test_a_transform_has_five_flops_for_each_number_and_step(
    call: Callable[..., Any], signal: Tensor, flops: float
) -> None:
    table = traced(call, signal)
    assert table.operations("estimates") == ceil(flops / 2)
    assert {row.op for row in table.estimated} == {"fft"}


def test_a_convention_says_whether_estimates_count() -> None:
    table = traced(lambda a: torch.linalg.inv(a @ a.mT), SQUARE)
    macs, estimate = 3 * 12**3, 3 * 12**3
    assert table.macs == table.operations("macs") == table.operations("torch") // 2 == macs
    assert table.operations("estimates") == macs + estimate
    assert "all there is of inverse (1 row): 5,184 MACs, which" in table.to_text()
    assert "5,184 MACs, which the totals\nhave." in table.to_text("estimates")
    assert repr(table).startswith("<Table Call: 2 rows, input")


def test_an_estimate_is_said_and_refused() -> None:
    said = "Call: lu in lu has an estimate alone, which the convention estimates counts."
    with pytest.warns(cnnref.UncountedWarning) as caught:
        traced(torch.linalg.lu, SQUARE)
    assert [str(warning.message) for warning in caught] == [said]
    with pytest.raises(CnnrefError) as error:
        cnnref.trace(Call(torch.linalg.lu), inputs=SQUARE, strict=True)
    assert str(error.value) == said


def test_a_budget_knows_what_it_leaves_out() -> None:
    module = Call(torch.linalg.lu)
    with pytest.raises(AssertionError, match="lu in lu has an estimate alone"):
        assert_budget(module, inputs=SQUARE, macs=10**9)
    assert_budget(module, inputs=SQUARE, operations=10**9, convention="estimates")
    with pytest.raises(AssertionError, match="operations"):
        assert_budget(module, inputs=SQUARE, operations=10, convention="estimates")


def test_each_kind_of_the_vocabulary_has_a_rule() -> None:
    sizes = torch.empty(4, 4, device="meta")
    made = set()
    for name, rule in estimates.OPERATORS.items():
        args = (sizes, (0, 1)) if name.startswith("_fft") else (sizes, sizes, sizes)
        if name in ("linalg_qr", "_linalg_svd", "_linalg_eigh"):
            args = (sizes,)
        made.add(rule(sizes, *args).op)
    assert made == set(ESTIMATED)
