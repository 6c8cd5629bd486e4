"""The ceilings of this machine: a large product of matrices, and a large copy."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import torch

from cnnref.errors import CnnrefError
from cnnref.measuring.isolation import as_it_was, timed
from cnnref.measuring.machine import free_bytes
from cnnref.measuring.roofline import Ceilings
from cnnref.measuring.settings import Settings, resolve

__all__ = ["ceilings"]

# sides of the matrices; the best rate of them counts, since too large a one takes its time
SIDES = {"cpu": (1024, 2048, 4096), "cuda": (4096, 8192, 16384), "mps": (1024, 2048, 4096)}
# far beyond any cache
COPIED = {"cpu": 2**28, "cuda": 2**31, "mps": 2**28}


def ceilings(
    device: Any = "auto",
    dtype: Any = "float32",
    *,
    tf32: bool = False,
    threads: int | None = None,
    seconds: float = 2.0,
) -> Ceilings:
    """The rates that this machine reaches at its best, measured.

    The arithmetic is the best of several square products of matrices, two FLOPs for each MAC;
    the memory is a copy far larger than its caches, bytes read and written together.

    device: "auto" for the fastest there is, "cpu", "cuda", "cuda:1" or "mps".
    dtype: of the matrices: "float32", "bfloat16", "float16" or "float64".
    tf32: let a CUDA card round float32 factors to TF32.
    threads: of the CPU; as torch is set unless given.
    seconds: the longest that each size may take.

    Raises:
        CnnrefError: the device is not there, or has no memory for the smallest product.
        UnknownNameError: no device or dtype has that name.

    >>> import cnnref
    >>> found = cnnref.ceilings("cpu", seconds=0.05)
    >>> found.dtype, found.flops_per_second > 0, found.bytes_per_second > 0
    ('float32', True, True)
    """
    how = resolve(
        device=device,
        dtype=dtype,
        mode="inference",
        batch_size=1,
        channels_last=False,
        tf32=tf32,
        compiled=False,
        threads=threads,
        seconds=seconds,
        spread=0.03,
    )
    with as_it_was(how), torch.inference_mode():
        return Ceilings(how.dtype_name, _arithmetic(how), _memory(how), how.tf32)


def _arithmetic(how: Settings) -> float:
    sides = [side for side in SIDES[how.device.type] if _fits(how, 3 * side**2)]
    if not sides:
        raise CnnrefError(f"ceilings: {how.device} has no memory free for a product of matrices.")
    best = 0.0
    for side in sides:
        if best and 2 * side**3 / best > how.seconds:
            break
        rate = 2 * side**3 / timed(_product(how, side), how).lower
        if rate < best:
            break
        best = rate
    return best


def _memory(how: Settings) -> float:
    size = COPIED[how.device.type]
    while not _fits(how, 2 * size // 4) and size > 2**20:
        size //= 2
    source = torch.ones(size // 4, dtype=torch.float32, device=how.device)
    target = torch.empty_like(source)
    # the copy that is least disturbed shows what the memory can do
    return 2 * size / timed(lambda: _ignored(target.copy_(source)), how).lower


def _product(how: Settings, side: int) -> Callable[[], None]:
    # sums of random signs stay small: no infinity, and no number that is slow to compute with
    left, right = (torch.randn(side, side, device=how.device).to(how.dtype) for _ in range(2))
    out = torch.empty_like(left)
    return lambda: _ignored(torch.mm(left, right, out=out))


def _fits(how: Settings, elements: int) -> bool:
    free = free_bytes(how.device)
    return free is None or 2 * elements * how.dtype.itemsize < free


def _ignored(_: object) -> None:
    return None
