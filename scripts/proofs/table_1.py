"""Table 1 of the GoogLeNet paper, judged in other words than the page's."""

from __future__ import annotations

from collections.abc import Iterable
from decimal import ROUND_HALF_UP, Decimal

import cnnref
from cnnref.specs.googlenet import TABLE_1
from website.chapters.googlenet.table1 import Line

# the filters as printed, from the spec
FILTERS = {name: ";".join(map(str, widths)) for name, widths in TABLE_1}
FILTERS["conv 3x3/1"] = "reduce {}; out {}".format(
    *(cnnref.table("googlenet")[name].out_shape.channels for name in ("conv2_reduce", "conv2"))
)
# the cause of each difference, and the printed numbers that differ: no rule says what they are
CAUSES = {
    "conv 7x7/2": ("separable", {"params": "2.7", "ops": "34"}),
    "3a": ("cut off", {"params": "159"}),
    "3b": ("biases", {"params": "380"}),
    "4a": ("one change", {"params": "364", "ops": "73"}),
    "4b": ("unexplained", {"params": "437"}),
    "4c": ("parameters only", {"params": "463"}),
    "4d": ("parameters only", {"params": "580"}),
    "4e": ("unexplained", {"params": "840"}),
    "5a": ("one change", {"params": "1072", "ops": "54"}),
    "5b": ("unexplained", {"params": "1388"}),
}


def near(text: str, amount: int, unit: int) -> bool:
    """Whether an amount rounds to a printed text, in other words than the package's."""
    printed = Decimal(text)
    return (Decimal(amount) / unit).quantize(printed, rounding=ROUND_HALF_UP) == printed


def wrong(found: Iterable[Line]) -> list[str]:
    """Rows whose printed numbers or output are neither as computed nor explained."""
    bad: list[str] = []
    for row in found:
        printed = {"params": row.printed.params_k.text, "ops": row.printed.ops_m.text}
        same = {
            "params": near(printed["params"], row.cost.weights, 1024),
            "ops": near(printed["ops"], row.cost.macs, 10**6),
        }
        differing = {quantity: printed[quantity] for quantity, agrees in same.items() if not agrees}
        right = [
            (row.cause, differing) == CAUSES.get(row.printed.layer, ("", {})),
            bool(row.explanation) == bool(differing),
            row.output == row.printed.output,
            row.differs == tuple(differing),
            row.printed.config == FILTERS.get(row.printed.layer, ""),
        ]
        bad += [row.printed.layer] * (not all(right))
    return bad
