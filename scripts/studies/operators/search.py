"""Every operator of PyTorch's own database, with its own inputs: what a trace says of it.

MACs are held against PyTorch's counter where it counts, and against a count by force elsewhere.
"""

from __future__ import annotations

import sys
import warnings
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from itertools import islice
from types import ModuleType
from typing import Any
from unittest import TestCase

import torch
from torch import nn
from torch.utils.flop_counter import FlopCounterMode

import cnnref
import cnnref.counting.operators
from cnnref.errors import CnnrefError
from cnnref.files import write
from cnnref.tables.formats import csv_text
from cnnref.tracing.rules import tensors
from studies.operators.force import sums_of_products
from studies.operators.record import COLUMNS, PLACE, Finding, is_wrong

__all__ = ["database", "finding", "run", "search"]

TYPES = (torch.float64, torch.float32, torch.complex64, torch.int64, torch.bool)
# of each operator so many of its own inputs
CALLS = 12
# and calls of ours: spread over one another, of one element, and small enough to be forced
SPREAD: dict[str, tuple[tuple[Any, ...], ...]] = {
    "matmul": (((2, 1, 2, 3), (2, 3, 2)), ((3,), (2, 3, 2)), ((2, 2, 3), (3,)), ((1, 7), (7, 1))),
    "__rmatmul__": (((2, 3, 2), (2, 1, 2, 3)), ((3,), (2, 3))),
    "bmm": (((2, 2, 3), (2, 3, 2)), ((3, 1, 4), (3, 4, 1))),
    "mm": (((3, 4), (4, 2)), ((1, 9), (9, 1))),
    "mv": (((3, 4), (4,)), ((1, 5), (5,))),
    "dot": (((7,), (7,)),),
    "vdot": (((7,), (7,)),),
    "inner": (((2, 3), (4, 3)), ((3,), (2, 2, 3)), ((3,), (3,))),
    "addmm": (((2,), (3, 4), (4, 2)), ((1, 1), (3, 4), (4, 2))),
    "addmv": (((1,), (3, 4), (4,)),),
    "addbmm": (((2, 2), (2, 2, 3), (2, 3, 2)), ((1,), (2, 2, 3), (2, 3, 2))),
    "baddbmm": (((1, 1, 2), (2, 2, 3), (2, 3, 2)),),
    "linalg.vecdot": (((2, 3), (3,)), ((2, 1, 3), (1, 4, 3))),
    "linalg.multi_dot": ((((2, 3), (3, 2)),),),
    "tensordot": (((2, 3, 2), (3, 2, 2)),),
    "einsum": ((((2, 2, 3), (4, 3)), "bij,kj->bik"), (((2, 3), (2, 3)), "ij,ij->")),
    "nn.functional.linear": (((2, 1, 3), (4, 3)), ((3,), (2, 3), (2,)), ((3,), (3,))),
    "nn.functional.conv1d": (((2, 2, 5), (3, 2, 3)), ((2, 5), (3, 2, 2), (3,))),
    "nn.functional.conv2d": (
        ((1, 2, 3, 4), (2, 2, 2, 2)), ((2, 3, 3), (2, 1, 2, 2), None, 1, 0, 1, 2),
    ),
    "nn.functional.conv3d": (((1, 1, 2, 3, 2), (2, 1, 2, 2, 1)),),
    "nn.functional.conv_transpose1d": (((2, 2, 3), (2, 3, 2)),),
    "nn.functional.conv_transpose2d": (((1, 2, 2, 3), (2, 2, 2, 2)),),
    "nn.functional.conv_transpose3d": (((1, 1, 2, 2, 2), (1, 2, 2, 1, 2)),),
    "nn.functional.scaled_dot_product_attention": (
        ((1, 4, 3, 2), (4, 4, 5, 2), (4, 4, 5, 2)), ((2, 1, 3, 2), (2, 4, 5, 2), (2, 4, 5, 3)),
    ),
    "kron": (((2, 3), (3, 2)),),
    "outer": (((4,), (5,)),),
}  # fmt: skip


class Call(nn.Module):
    """One call of an operator as the forward of a module."""

    def __init__(self, func: Callable[..., Any], kwargs: dict[str, Any]) -> None:
        super().__init__()
        self.func, self.kwargs = func, kwargs

    def forward(self, *args: Any) -> Any:
        return self.func(*args, **self.kwargs)


def database() -> list[Any]:
    """PyTorch's list of its operators, with inputs for each."""
    if "expecttest" not in sys.modules:
        # its helpers take a class of test cases from there, of which the list has no need
        stand_in = ModuleType("expecttest")
        stand_in.TestCase = TestCase  # type: ignore[attr-defined]
        sys.modules["expecttest"] = stand_in
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        from torch.testing._internal.common_methods_invocations import op_db

    return list(op_db)


def run(progress: Callable[[str], None]) -> int:
    """Search all operators and write the record; 1 where a count differs or one has no rule."""
    found = sorted(search(database(), progress))
    write(PLACE, csv_text([COLUMNS, *found]))
    wrong = [one.operator for one in found if is_wrong(one)]
    print(f"{len(found)} operators; differing or uncounted: {', '.join(wrong) or 'none'}")
    return bool(wrong)


def search(
    operators: Iterable[Any], progress: Callable[[str], None] = lambda _: None
) -> Iterator[Finding]:
    """A finding for each operator."""
    for operator in operators:
        progress(operator.full_name)
        with warnings.catch_warnings(), torch.random.fork_rng():
            warnings.simplefilter("ignore")
            torch.manual_seed(0)
            yield finding(operator.full_name, operator.op, _samples(operator))


def _samples(operator: Any) -> list[tuple[tuple[Any, ...], dict[str, Any]]]:
    known = operator.supported_dtypes("cpu")
    dtype = next((dtype for dtype in TYPES if dtype in known), TYPES[0])
    found = islice(operator.sample_inputs("cpu", dtype), CALLS)
    own: list[Any] = [
        (tuple(map(_drawn, shapes)), {}) for shapes in SPREAD.get(operator.full_name, ())
    ]
    return own + [((sample.input, *sample.args), sample.kwargs) for sample in found]


def _drawn(shape: Any) -> Any:
    if not isinstance(shape, tuple):
        return shape
    if shape and isinstance(shape[0], tuple):
        return [_drawn(one) for one in shape]
    return torch.rand(shape, dtype=torch.float64)


def finding(name: str, func: Callable[..., Any], samples: Iterable[Any]) -> Finding:
    """What is found of an operator with some inputs."""
    tally: Counter[str] = Counter()
    rows: list[Any] = []
    said = ""
    for args, kwargs in samples:
        try:
            with torch.no_grad(), FlopCounterMode(display=False) as theirs:
                func(*args, **kwargs)
        except Exception:  # whatever it is, it does not run here
            continue
        tally["runs"] += 1
        try:
            table = cnnref.trace(Call(func, kwargs), inputs=args)
        except (CnnrefError, RuntimeError, NotImplementedError, ValueError) as error:
            said = str(error).partition("\n")[0]
            continue
        tally["calls"] += 1
        rows += table
        tally.update(_held(table, theirs.get_total_flops() // 2, func, args, kwargs))
    outcome = _outcome(rows, tally)
    kinds = sorted({row.op for row in rows if row.op not in FREE})
    calls, by_torch, by_force, differ = (tally[key] for key in TALLIED)
    note = said if outcome == "refused" else EXPLAINED.get(name, "")
    return Finding(name, outcome, " ".join(kinds), calls, by_torch, by_force, differ, note)


TALLIED = ("calls", "torch", "force", "differ")
FREE = frozenset(cnnref.counting.operators.FREE)


def _held(table: Any, theirs: int, func: Any, args: Any, kwargs: Any) -> Iterator[str]:
    """Which count a call's MACs were held against, and whether they differ."""
    if theirs:
        yield "torch" if theirs == table.macs else "differ"
    elif not table.estimated and not any(x.is_complex() for x in tensors((args, kwargs))):
        by_force = sums_of_products(func, args, kwargs)
        if by_force is not None:
            # of one product for each output nothing is summed, as of a multiple
            told = not table.macs and (by_force.most == 1 or _is_told(table))
            yield "force" if told or by_force.number == table.macs else "differ"


def _is_told(table: Any) -> bool:
    """Whether what is summed has a multiplication for a row of its own, or is a loss."""
    kinds = {row.op for row in table}
    sums = {*cnnref.counting.operators.REDUCTIONS, "cumsum"}
    apart = "multiply" in kinds and bool(kinds & sums)
    return apart or bool(kinds & {*cnnref.counting.operators.LOSSES, *WITHIN})


# why a count may be less than by force
EXPLAINED = {
    "einsum": "an axis that one factor alone has is summed up before it is multiplied",
    "tensordot": "an axis of one is met by the sum of a longer one",
}
# sums of two products or of a few, which are taken for what they are called
WITHIN = ("cross", "embedding_bag", "grid_sample", "norm")


def _outcome(rows: list[Any], tally: Counter[str]) -> str:
    if not tally["runs"]:
        return "not on the CPU"
    if not tally["calls"]:
        return "refused"
    if not all(row.counted for row in rows):
        return "uncounted"
    if any(row.macs for row in rows):
        return "counted"
    return "estimate" if any(row.count("estimate") for row in rows) else "free"
