"""Rules of one's own: what a call gave, then its arguments; the answer is the MACs."""

from math import log2

import cnnref
from spectral import Mix, Spectral
from torch import Tensor


def mixed(result: Tensor, mix: Mix, x: Tensor) -> tuple[int, ...]:
    """Two MACs for each element and each step of a fast Fourier transform, as factors."""
    steps = int(log2(x.shape[-1] * x.shape[-2]))
    return 2, x.numel(), steps


RULES = {Mix: mixed}

if __name__ == "__main__":
    table = cnnref.trace(Spectral(), (3, 32, 32), rules=RULES, strict=True)
    print(table)
    print(table["mix"].explain())
