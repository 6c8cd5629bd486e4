"""One record for each model of a zoo: what cnnref and torch count, and in what time."""

from __future__ import annotations

from collections import Counter
from importlib.metadata import version
from pathlib import Path
from time import perf_counter
from typing import Any, NamedTuple
from warnings import catch_warnings, simplefilter

import torch
from torch.utils.flop_counter import FlopCounterMode

import cnnref
from studies.code import digest, files
from studies.ledger import Ledger
from studies.zoo.models import Built, Case, build

LIBRARIES = ("torch", "torchvision", "timm")


class Record(NamedTuple):
    """What became of one model.

    macs, torch_macs: cnnref's count, and half of what torch's own counter says.
    stated: the G operations in the library's own metadata; "" where there are none.
    uncounted: "operator:rows" of each operator without a rule, with commas between.
    peak_mib: the most memory that the process had held by then.
    error: what was raised, and while doing what; "" where all went well.
    """

    library: str
    family: str
    name: str
    part: str = ""
    input: str = ""
    rows: int = 0
    parameters: int = 0
    module_parameters: int = 0
    macs: int = 0
    torch_macs: int = 0
    stated: str = ""
    uncounted: str = ""
    seconds: float = 0.0
    torch_seconds: float = 0.0
    peak_mib: int = 0
    error: str = ""

    @property
    def agrees(self) -> bool:
        """Whether cnnref's total is torch's, and nothing was left out."""
        return not self.error and self.macs == self.torch_macs and not self.uncounted


def record(case: Case) -> Record:
    """Build one model, count it twice, and say what failed where something does."""
    step = "building"
    try:
        built = build(case)
        step = "cnnref.trace"
        found = traced(built)
        step = "torch's counter"
        found |= counted_by_torch(built) | {"peak_mib": peak_memory() >> 20}
        return Record(*case, **found)
    except Exception as error:  # of any kind: a zoo is other people's code
        words = " ".join(f"{type(error).__name__}: {error}".split())
        return Record(*case, error=f"{step}: {words[:300]}")


def traced(built: Built) -> dict[str, Any]:
    with catch_warnings():
        simplefilter("ignore")
        started = perf_counter()
        table = cnnref.trace(built.module, inputs=built.inputs)
        seconds = perf_counter() - started
    uncounted = Counter(row.op for row in table.uncounted)
    if table.operations("macs") != table.macs:
        raise AssertionError(
            f"the convention macs gives {table.operations('macs')}, not {table.macs}"
        )
    return {
        "part": built.part,
        "input": " and ".join("x".join(map(str, image.shape[1:])) for image in built.inputs),
        "rows": len(table),
        "parameters": table.parameters,
        "module_parameters": sum(weight.numel() for weight in built.module.parameters()),
        "macs": table.macs,
        "stated": "" if built.stated is None else str(built.stated),
        "uncounted": ", ".join(f"{op}:{rows}" for op, rows in sorted(uncounted.items())),
        "seconds": round(seconds, 4),
    }


def counted_by_torch(built: Built) -> dict[str, Any]:
    # it hangs a hook on the gradient of what a module is given, which fails for a parameter
    built.module.requires_grad_(False)
    with torch.no_grad(), catch_warnings(), FlopCounterMode(display=False) as counter:
        simplefilter("ignore")
        started = perf_counter()
        built.module(*built.inputs)
        seconds = perf_counter() - started
    return {"torch_macs": counter.get_total_flops() // 2, "torch_seconds": round(seconds, 4)}


def peak_memory() -> int:
    """The most memory that this process has held, in bytes."""
    status = Path("/proc/self/status").read_text(encoding="ascii")
    (line,) = (line for line in status.splitlines() if line.startswith("VmHWM:"))
    return int(line.split()[1]) * 1024


def key() -> str:
    """What a record depends on: the libraries' versions, and the code that traces."""
    own = Path(__file__).parent.glob("*.py")
    return digest([*files("cnnref.tracing.trace"), *own], *map(version, LIBRARIES))


class Book:
    """The records so far, which an interrupted run goes on from."""

    def __init__(self, path: Path) -> None:
        self._ledger = Ledger(path, key(), lambda stated: Record(**stated))
        self.records = {(r.library, r.name): r for r in self._ledger}

    def __contains__(self, case: Case) -> bool:
        return (case.library, case.name) in self.records

    def add(self, entry: Record) -> None:
        self.records[entry.library, entry.name] = entry
        self._ledger.add(entry._asdict())
