"""The ceilings of a machine: of what products and copies they are, in how much memory and time."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
import torch
from measured_samples import how
from torch.overrides import TorchFunctionMode

import cnnref
from cnnref.measuring import ceilings
from cnnref.measuring.memory import peak_bytes
from cnnref.measuring.record import Quartiles
from cnnref.measuring.settings import Settings

CPU = how(device="cpu", seconds=1000)


class OnNoDevice(TorchFunctionMode):
    """Makes tensors that take no memory, whatever device they are for, and keeps their sizes."""

    def __init__(self) -> None:
        super().__init__()
        self.sizes: list[torch.Size] = []

    def __torch_function__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        kwargs = kwargs or {}
        if "device" in kwargs:
            kwargs["device"] = "meta"
        made = func(*args, **kwargs)
        if isinstance(made, torch.Tensor):
            self.sizes.append(made.shape)
        return made

    @property
    def sides(self) -> list[int]:
        """Of the square matrices that were made."""
        squares = {size for size in self.sizes if len(size) == 2}
        sides = sorted(side for side, _ in squares)
        assert squares == {(side, side) for side in sides}
        return sides

    @property
    def row(self) -> int:
        """The elements of what is copied."""
        (found,) = {size for size in self.sizes if len(size) == 1}
        return found.numel()


@pytest.fixture
def made(monkeypatch: pytest.MonkeyPatch) -> OnNoDevice:
    monkeypatch.setattr(ceilings, "free_bytes", lambda _: None)
    taking(monkeypatch, lambda _: 1e-3)
    return OnNoDevice()


def taking(monkeypatch: pytest.MonkeyPatch, seconds: Callable[[int], float]) -> list[Settings]:
    """Each step takes what is said of its number; how it was asked for is kept."""
    asked: list[Settings] = []

    def timed(_: object, how: Settings) -> Quartiles:
        asked.append(how)
        least = seconds(len(asked))
        return Quartiles(least, 2 * least, 3 * least, 9)

    monkeypatch.setattr(ceilings, "timed", timed)
    return asked


@pytest.mark.parametrize("kind", ["cpu", "cuda", "mps"])
def test_ceilings_are_of_ever_larger_products_and_of_a_copy_beyond_any_cache(
    kind: str, made: OnNoDevice
) -> None:
    asked = CPU._replace(device=torch.device(kind))
    with made:
        flops, copied = ceilings._arithmetic(asked), 1e-3 * ceilings._memory(asked)
    assert flops == 2 * made.sides[-1] ** 3 / 1e-3
    # whole tiles of any kernel
    assert all(side & (side - 1) == 0 for side in made.sides)
    assert len(made.sides) == 3
    assert copied == 2 * 4 * made.row
    assert 4 * made.row >= 2**28
    # a source and a target, for which machines with little memory have room, too
    assert 2 * 4 * made.row <= (2**32 if kind == "cuda" else 2**29)


def test_a_product_that_would_take_too_long_is_not_tried(
    made: OnNoDevice, monkeypatch: pytest.MonkeyPatch
) -> None:
    def of_one_rate(number: int) -> float:
        return 2 * (512 * 2**number) ** 3 / 2**30

    for seconds, sides in ((15.0, [1024]), (16.0, [1024, 2048]), (200.0, [1024, 2048, 4096])):
        taking(monkeypatch, of_one_rate)
        with OnNoDevice() as tried:
            assert ceilings._arithmetic(CPU._replace(seconds=seconds)) == 2**30
        assert tried.sides == sides


def test_the_best_rate_counts_and_after_a_worse_one_no_larger_product_is_tried(
    made: OnNoDevice, monkeypatch: pytest.MonkeyPatch
) -> None:
    taking(monkeypatch, [0.0, 1.0, 1000.0, 1e-9].__getitem__)
    with made:
        assert ceilings._arithmetic(CPU) == 2 * 1024**3
    assert made.sides == [1024, 2048]


def test_products_and_the_copy_take_less_than_half_of_what_is_free(
    made: OnNoDevice, monkeypatch: pytest.MonkeyPatch
) -> None:
    product = 3 * 4 * 2048**2
    for free, largest in ((2 * product, 1024), (2 * product + 1, 2048)):
        monkeypatch.setattr(ceilings, "free_bytes", lambda _, free=free: free)
        with OnNoDevice() as tried:
            ceilings._arithmetic(CPU)
        assert tried.sides[-1] == largest
    # a source and a target
    for size in (2**22, 2**26):
        for more, fits in ((0, size // 2), (1, size)):
            monkeypatch.setattr(ceilings, "free_bytes", lambda _, free=4 * size + more: free)
            with OnNoDevice() as tried:
                ceilings._memory(CPU)
            assert 4 * tried.row == fits
    # less would stay in a cache
    monkeypatch.setattr(ceilings, "free_bytes", lambda _: 1)
    with made:
        ceilings._memory(CPU)
    assert 4 * made.row == 2**20


def test_ceilings_are_taken_more_exactly_than_a_measurement_and_as_it_runs(
    made: OnNoDevice, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked = taking(monkeypatch, lambda _: 1e-3)
    monkeypatch.setitem(ceilings.SIDES, "cpu", (8,))
    with made:
        found = cnnref.ceilings("cpu", "float64", threads=1, seconds=7.0)
    assert (found.dtype, found.tf32) == ("float64", False)
    assert asked == 2 * [how(dtype="float64", seconds=7.0, spread=0.03)]
    asked.clear()
    with made:
        assert cnnref.ceilings("cpu").dtype == "float32"
    threads = torch.get_num_threads()
    assert asked == 2 * [how(threads=threads, seconds=2.0, spread=0.03)]


def test_the_ceilings_of_this_machine_are_rates() -> None:
    found = cnnref.ceilings("cpu", threads=1, seconds=0.05)
    assert found.dtype == "float32"
    # how large they are hangs on what else the machine does meanwhile
    assert 0 < found.flops_per_second < float("inf")
    assert 0 < found.bytes_per_second < float("inf")


def test_ceilings_need_memory(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ceilings, "free_bytes", lambda _: 1000)
    with pytest.raises(cnnref.CnnrefError) as error:
        cnnref.ceilings("cpu")
    assert str(error.value) == "ceilings: cpu has no memory free for a product of matrices."


def test_ceilings_leave_half_of_the_memory_free(monkeypatch: pytest.MonkeyPatch) -> None:
    free = 3 * 2**25
    monkeypatch.setattr(ceilings, "free_bytes", lambda _: free)
    taken = peak_bytes(lambda: cnnref.ceilings("cpu", threads=1, seconds=0.01), torch.device("cpu"))
    assert 0 < taken < free / 2
