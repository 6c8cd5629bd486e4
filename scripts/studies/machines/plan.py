"""What is measured on which kind of device, the most telling first."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from itertools import product
from typing import Any, NamedTuple

import cnnref
from cnnref.measuring.record import MODES
from website.data import CHARTED

# one network of each label of the chart; those whose throughput is followed over batch sizes
SHOWN = tuple(names[0] for names in CHARTED.values() if names)
FOLLOWED = ("alexnet", "vgg16", "googlenet", "resnet18", "resnet50", "inception_v3")
# of the quartiles, as a part of the median: from there on a measurement is steady
SPREAD = 0.03
BATCHES = {"cpu": (1, 2, 4, 8, 16), "cuda": (1, 2, 4, 8, 16, 32, 64, 128, 256), "mps": (1, 4, 16)}


class Case(NamedTuple):
    """One way to measure one network."""

    network: str
    batch_size: int = 1
    mode: str = "inference"
    dtype: str = "float32"
    channels_last: bool = False
    tf32: bool = False
    compiled: bool = False

    @property
    def options(self) -> dict[str, Any]:
        """As `cnnref.measure` takes them."""
        options = self._asdict()
        options["compile"] = options.pop("compiled")
        del options["network"]
        return options

    def __str__(self) -> str:
        words = [self.network, self.mode, f"batch {self.batch_size}"]
        words += ["TF32" if self.tf32 else self.dtype]
        words += ["channels last"] * self.channels_last + ["compiled"] * self.compiled
        return ", ".join(words)


def plan(device: str, *, quick: bool, only: Iterable[str] | None = None) -> list[Case]:
    """The cases of a device, each once: of all networks, or of the shown ones in the quick plan."""
    if quick:
        # the cheapest first: the time may be up before the last
        cheapest = sorted(SHOWN, key=lambda name: cnnref.table(name).macs)
        cases: Iterable[Case] = map(Case, cheapest)
    else:
        cases = (_cuda if device == "cuda" else _cpu)(device)
    chosen = None if only is None else set(only)
    return [case for case in dict.fromkeys(cases) if chosen is None or case.network in chosen]


def _cpu(device: str) -> Iterator[Case]:
    every = cnnref.names()
    yield from map(Case, every)
    yield from (Case(name, 8, "training") for name in SHOWN)
    for batch in BATCHES[device]:
        yield from (Case(name, batch) for name in FOLLOWED)
    yield from (Case(name, 8) for name in SHOWN)
    for options in (
        {"channels_last": True},
        {"dtype": "bfloat16"},
        {"dtype": "bfloat16", "channels_last": True},
    ):
        yield from (Case(name, **options) for name in SHOWN)
    yield from (Case(name, compiled=True) for name in FOLLOWED)
    yield from (Case(name, 8, "training") for name in every)


WAYS: tuple[dict[str, Any], ...] = (
    {},
    {"dtype": "bfloat16", "channels_last": True},
    {"tf32": True},
    {"dtype": "bfloat16"},
    {"channels_last": True},
)
LARGE = (1, 32, 256)


def _cuda(device: str) -> Iterator[Case]:
    every = cnnref.names()
    yield from _crossed(SHOWN, WAYS)
    for batch in BATCHES[device]:
        yield from (Case(name, batch) for name in FOLLOWED)
    yield from _crossed(FOLLOWED, WAYS[:2], compiled=True)
    yield from _crossed(every, WAYS)
    yield from _crossed(every, WAYS[:2], compiled=True)


def _crossed(
    networks: Iterable[str], ways: Iterable[dict[str, Any]], *, compiled: bool = False
) -> Iterator[Case]:
    """Every network in every way, at three batches, at inference and in training."""
    for way, batch, mode in product(ways, LARGE, MODES):
        yield from (Case(name, batch, mode, compiled=compiled, **way) for name in networks)


def kinds(cases: Iterable[Case]) -> list[tuple[str, bool]]:
    """The dtypes whose ceilings the cases need, with TF32 or without."""
    return list(dict.fromkeys((case.dtype, case.tf32) for case in cases))
