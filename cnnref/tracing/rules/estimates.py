"""Decompositions, solvers and Fourier transforms: the leading term of the textbook's algorithm.

What runs depends on a library, and where it iterates on the values: no count of it is exact.
Each rule gives an `estimate` in MACs, which are none of a row's MACs; a convention says whether
it counts. A flop is half a MAC, and a MAC of complex numbers four of real ones. With A of m x n,
k the lesser and l the greater of the two, c right-hand sides, for each matrix of a batch.

Source: Golub and Van Loan, Matrix Computations, 4th edition, 2013 (GVL); those of transforms and
of the exponential stand with their rules.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from math import ceil, log2, prod
from typing import Any

import torch
from torch import Tensor

from cnnref.tracing.rules.operation import REAL_MACS, Operation, Rule, first, tensors

__all__ = ["FUNCTIONS", "OPERATORS"]


# of a MAC; what the book counts is kept in thirds of a flop here, as most of it has some
FLOPS = 2


def _operation(op: str, result: Any, inputs: tuple[Tensor, ...], thirds: int) -> Operation:
    given = tuple(tensors(inputs))
    macs = -(-thirds // (3 * FLOPS)) * (REAL_MACS if given[0].is_complex() else 1)
    leaf = first((result, *given))
    return Operation(op, given, leaf, leaf=False, further=(("estimate", macs),))


def _batch(matrix: Tensor) -> int:
    return prod(matrix.shape[:-2])


def _square(op: str, thirds: int) -> Rule:
    """So many thirds of a flop for each n x n x n of a square matrix."""

    def rule(result: Any, matrix: Tensor, *_: Any, **__: Any) -> Operation:
        size = matrix.shape[-1]
        return _operation(op, result, (matrix,), _batch(matrix) * thirds * size**3)

    return rule


def _gauss(rows: int, columns: int) -> int:
    """LU with pivots of an m x n matrix: 2 n^3 / 3 flops where m = n. GVL 3.2."""
    m, n, k = rows, columns, min(rows, columns)
    return 6 * m * n * k - 3 * (m + n) * k**2 + 2 * k**3


def _reflections(rows: int, columns: int, number: int) -> int:
    """So many Householder reflections found, or multiplied to an m x n factor. GVL 5.1.6, 5.2.2.

    2 n^2 (m - n / 3) flops for the n of an m x n matrix, and 4 (m^2 n - m n^2 + n^3 / 3) for a
    whole Q of m x m.
    """
    m, n, k = rows, columns, number
    return 12 * m * n * k - 6 * (m + n) * k**2 + 4 * k**3


def _lu(op: str) -> Rule:
    def rule(result: Any, matrix: Tensor, *_: Any, **__: Any) -> Operation:
        return _operation(op, result, (matrix,), _batch(matrix) * _gauss(*matrix.shape[-2:]))

    return rule


def _solve(result: Any, matrix: Tensor, other: Tensor, *_: Any, **__: Any) -> Operation:
    """LU, then two triangular systems for each right-hand side: 2 n^3 / 3 + 2 n^2 c flops."""
    size = matrix.shape[-1]
    thirds = _batch(matrix) * _gauss(size, size) + 6 * size * first(result).numel()
    return _operation("solve", result, (matrix, other), thirds)


def _solved(op: str, triangles: int, matrix: int) -> Rule:
    """Of a factor that is there: n^2 c flops for each triangle. GVL 3.1.

    matrix: which argument the factor is.
    """

    def rule(result: Any, *args: Any, **__: Any) -> Operation:
        thirds = 3 * triangles * args[matrix].shape[-1] * first(result).numel()
        return _operation(op, result, tuple(tensors(args)), thirds)

    return rule


def _qr(result: Any, matrix: Tensor, mode: str = "reduced", *_: Any, **__: Any) -> Operation:
    """The reflections that make R, and their product where Q is asked for. GVL 5.2.2."""
    m, n = matrix.shape[-2:]
    k = min(m, n)
    thirds = _reflections(m, n, k)
    if mode != "r":
        thirds += _reflections(m, m if mode == "complete" else k, k)
    return _operation("qr", result, (matrix,), _batch(matrix) * thirds)


def _geqrf(result: Any, matrix: Tensor, *_: Any, **__: Any) -> Operation:
    """QR whose Q stays as its reflections."""
    m, n = matrix.shape[-2:]
    return _operation("qr", result, (matrix,), _batch(matrix) * _reflections(m, n, min(m, n)))


def _householder(result: Any, matrix: Tensor, tau: Tensor, *_: Any, **__: Any) -> Operation:
    """The first n columns of a product of reflections. GVL 5.1.6."""
    m, n = matrix.shape[-2:]
    thirds = _batch(matrix) * _reflections(m, n, tau.shape[-1])
    return _operation("householder", result, (matrix, tau), thirds)


def _ormqr(
    result: Any, matrix: Tensor, tau: Tensor, other: Tensor, *_: Any, **__: Any
) -> Operation:
    """A product with Q, by its reflections: 2 k (2 m - k) flops for each vector. GVL 5.1.4."""
    m, k = matrix.shape[-2], tau.shape[-1]
    thirds = 6 * k * (2 * m - k) * (other.numel() // max(m, 1))
    return _operation("householder", result, (matrix, tau, other), thirds)


def _singular(rows: int, columns: int, vectors: bool, full: bool = False) -> int:
    """By Golub and Reinsch, GVL 8.6: singular values alone, or with vectors, of l or k numbers.

    4 l k^2 - 4 k^3 / 3; 14 l k^2 + 8 k^3; 4 l^2 k + 8 l k^2 + 9 k^3 flops.
    """
    long, short = max(rows, columns), min(rows, columns)
    if not vectors:
        return 12 * long * short**2 - 4 * short**3
    if full:
        return 3 * (4 * long**2 * short + 8 * long * short**2 + 9 * short**3)
    return 3 * (14 * long * short**2 + 8 * short**3)


def _svd(
    result: Any, matrix: Tensor, full_matrices: bool = False, compute_uv: bool = True, **__: Any
) -> Operation:
    thirds = _singular(matrix.shape[-2], matrix.shape[-1], compute_uv, full_matrices)
    return _operation("svd", result, (matrix,), _batch(matrix) * thirds)


def _pinv(result: Any, matrix: Tensor, *_: Any, **__: Any) -> Operation:
    """A singular value decomposition, and the product of its factors: 2 l k^2 flops more."""
    rows, columns = matrix.shape[-2:]
    product = 6 * rows * columns * min(rows, columns)
    thirds = _batch(matrix) * (_singular(rows, columns, vectors=True) + product)
    return _operation("pinv", result, (matrix,), thirds)


def _eigh(result: Any, matrix: Tensor, uplo: str = "L", compute_v: bool = True, **__: Any) -> Any:
    """The symmetric QR algorithm: 4 n^3 / 3 flops for the values, 9 n^3 with vectors. GVL 8.3."""
    return _square("eigh", 27 if compute_v else 4)(result, matrix)


def _lstsq(result: Any, matrix: Tensor, other: Tensor, *_: Any, **__: Any) -> Operation:
    """By QR: 2 k^2 (l - k / 3) flops, then 4 l k for each right-hand side. GVL 5.3.3."""
    long, short = max(matrix.shape[-2:]), min(matrix.shape[-2:])
    sides = other.numel() // max(matrix.shape[-2], 1)
    thirds = _batch(matrix) * _reflections(long, short, short) + 12 * long * short * sides
    return _operation("lstsq", result, (matrix, other), thirds)


def _transform(result: Any, signal: Tensor, dim: Any, *_: Any, **__: Any) -> Operation:
    """5 N log2 N flops for N complex numbers, half of that where one side is real. GVL 1.4.

    Over several axes N is the product of their lengths, whatever its factors. No MAC is one of
    complex numbers here.

    Source: Van Loan, Computational Frameworks for the Fast Fourier Transform, 1992, 1.1.
    """
    whole = first(result)
    real = whole if signal.is_complex() else signal  # the longer side, where one is real
    points = prod(real.shape[axis] for axis in dim)
    flops = 5 * real.numel() * log2(max(points, 1))
    both = signal.is_complex() and whole.is_complex()
    macs = ceil(flops / 2 if both else flops / 4)
    return Operation("fft", (signal,), whole, leaf=False, further=(("estimate", macs),))


# 5 products of matrices, and one more for each time that the norm must be halved, which is not
# counted: Bader, Blanes and Casas, Computing the Matrix Exponential with an Optimized Taylor
# Polynomial Approximation, 2019
_EXPONENTIAL = 30

OPERATORS: dict[str, Callable[..., Operation]] = {
    # GVL 4.2, of a symmetric matrix half of LU
    **dict.fromkeys(("cholesky", "linalg_cholesky_ex"), _square("cholesky", 1)),
    "cholesky_inverse": _square("inverse", 2),
    "linalg_ldl_factor_ex": _square("ldl", 1),
    # LU, and a system for each column of the identity. GVL 3.4
    "linalg_inv_ex": _square("inverse", 6),
    **dict.fromkeys(("linalg_lu_factor_ex", "linalg_lu", "_lu_with_info"), _lu("lu")),
    **dict.fromkeys(("_linalg_det", "_linalg_slogdet"), _lu("det")),
    "_linalg_solve_ex": _solve,
    "linalg_solve_triangular": _solved("solve_triangular", 1, 0),
    "triangular_solve": _solved("solve_triangular", 1, 1),
    "cholesky_solve": _solved("solve_triangular", 2, 1),
    "linalg_lu_solve": _solved("solve_triangular", 2, 0),
    "linalg_ldl_solve": _solved("solve_triangular", 2, 0),
    "linalg_qr": _qr,
    "geqrf": _geqrf,
    **dict.fromkeys(("linalg_householder_product", "orgqr"), _householder),
    "ormqr": _ormqr,
    "_linalg_svd": _svd,
    "linalg_pinv": _pinv,
    "_linalg_eigh": _eigh,
    # GVL 7.5.6
    "linalg_eig": _square("eig", 75),
    **dict.fromkeys(("_linalg_eigvals", "linalg_eigvals"), _square("eig", 30)),
    "linalg_lstsq": _lstsq,
    "linalg_matrix_exp": _square("matrix_exp", _EXPONENTIAL),
    **dict.fromkeys(("_fft_r2c", "_fft_c2r", "_fft_c2c"), _transform),
}

# while anything watches, PyTorch makes these of what finds vectors too
FUNCTIONS: dict[Any, Rule] = {
    torch.linalg.svdvals: partial(_svd, compute_uv=False),
    torch.linalg.eigvalsh: partial(_eigh, compute_v=False),
    torch.linalg.eigvals: _square("eig", 30),
}
