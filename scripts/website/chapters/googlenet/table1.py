"""Table 1 of the GoogLeNet paper beside what its own filters make, and why the two differ.

The paper's K is 1,024, and its parameters are weights without biases: only so do the rows that
agree agree. Where a printed number differs, the causes that can be computed are searched:
the whole part printed in place of the rounded one; biases that were counted; a separable
first convolution; another multiple of 8 in place of one number of the row. What none of
them gives is called unexplained. A fit is what would give the printed number, and no proof
that it was so; two changes at once fit such a row in a dozen ways and more, and say nothing.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import NamedTuple

from cnnref.counting.layer import Layer
from cnnref.counting.units import KIB, MEGA, rounded
from cnnref.networks.catalog import table
from cnnref.networks.published import Value
from website.data import Module, googlenet_table1

__all__ = ["FILTERS", "Cost", "Fit", "Line", "fits", "lines", "possible", "prints", "separable"]

# the columns of the paper's table that hold filters, in its order
FILTERS = ("1×1", "3×3 reduce", "3×3", "5×5 reduce", "5×5", "pool proj")
INPUT = "input channels"
STEP, MOST = 8, 1024


class Cost(NamedTuple):
    """What a row costs: weights without biases, and multiply-accumulates for one image."""

    weights: int
    macs: int


class Fit(NamedTuple):
    """One number of a row changed, and what the row would then cost."""

    what: str
    printed: int
    instead: int
    cost: Cost


class Line(NamedTuple):
    """One row of the table: as printed, as computed, and why they differ.

    differs: "params", "ops", both or neither.
    cause: "" where the row agrees; else "cut off", "biases", "separable", "one change",
        "parameters only" (one change gives them, but not the operations) or "unexplained".
    explanation: one or two sentences, "" where the row agrees.
    """

    printed: Module
    output: str
    cost: Cost
    differs: tuple[str, ...]
    cause: str
    explanation: str


def lines(table1: Iterable[Module] | None = None) -> tuple[Line, ...]:
    """Every row of Table 1 that has parameters, in order, or rows given in its place.

    >>> [line.printed.layer for line in lines() if not line.differs]
    ['conv 3x3/1', 'linear']
    """
    rows = googlenet_table1() if table1 is None else table1
    return tuple(_line(printed) for printed in rows)


def prints(value: Value, amount: int, unit: int) -> bool:
    """Whether an amount, rounded half up, is the printed number.

    >>> prints(Value("112", 112.0), 114688, 1024)
    True
    """
    return rounded(amount, unit, _decimals(value)).replace(",", "") == value.text


def fits(printed: Module) -> tuple[Fit, ...]:
    """Every change of one number of a module, by a multiple of 8, that gives its parameters.

    >>> [(fit.what, fit.instead) for fit in fits(googlenet_table1()[9])]  # 5a
    [('input channels', 928)]
    """
    return tuple(fit for fit in _changes(printed) if prints(printed.params_k, fit.cost[0], KIB))


# Ioffe and Szegedy, Batch Normalization, 2015, appendix
MULTIPLIER = 8


def separable(image: int = 3, multiplier: int = MULTIPLIER) -> Cost:
    """The first convolution with its 7x7 filters on each channel of the image, and a 1x1 on them.

    Ioffe and Szegedy (Batch Normalization, 2015, appendix) describe the first layer of the next
    network so, with a depth multiplier of 8.
    """
    stem = table("googlenet")["conv1"]
    assert stem.window is not None
    high, wide = stem.window.kernel
    weights = image * multiplier * high * wide + image * multiplier * stem.out_shape.channels
    return Cost(weights, weights * _positions(stem))


def possible(printed: Module) -> bool:
    """Whether any filters could give both printed numbers of a row of one resolution.

    Each weight is used once at every position, so that weights and operations have a fixed
    ratio. Both numbers may be rounded or cut off.
    """
    positions = _positions(_rows(printed)[-1])
    least, most = _span(printed.params_k, KIB)
    low, high = _span(printed.ops_m, MEGA)
    return least * positions < high and low < most * positions


def _line(printed: Module) -> Line:
    rows = _rows(printed)
    cost = Cost(sum(row.counts.weights for row in rows), sum(row.macs for row in rows))
    right = {
        "params": prints(printed.params_k, cost.weights, KIB),
        "ops": prints(printed.ops_m, cost.macs, MEGA),
    }
    differs = tuple(quantity for quantity, agrees in right.items() if not agrees)
    cause, explanation = _why(printed, cost, differs) if differs else ("", "")
    return Line(printed, _output(printed), cost, differs, cause, explanation)


def _why(printed: Module, cost: Cost, differs: tuple[str, ...]) -> tuple[str, str]:
    if differs == ("params",) and _cut_off(printed.params_k, cost.weights):
        return "cut off", f"{rounded(cost.weights, KIB, 1)} K, of which the whole part is printed."
    biases = sum(row.counts.biases for row in _rows(printed))
    biased = cost.weights + biases
    if differs == ("params",) and prints(printed.params_k, biased, KIB):
        exact = rounded(cost.weights, KIB, 1), rounded(biased, KIB, 1)
        return "biases", f"{exact[0]} K, and {exact[1]} K with its {biases} biases."
    apart = separable()
    as_printed = prints(printed.params_k, apart.weights + biases, KIB)
    if as_printed and prints(printed.ops_m, apart.macs, MEGA):
        return "separable", _separable_told(apart, biases)
    if differs == ("ops",):
        return "unexplained", "The parameters are those of the printed filters."
    found = fits(printed)
    both = [fit for fit in found if prints(printed.ops_m, fit.cost.macs, MEGA)]
    if both:
        return "one change", f"Both printed numbers are those of {_told(both)}."
    if "ops" in differs:
        return "unexplained", "No one change tried gives both numbers."
    if found:
        return "parameters only", f"{_ratio(printed)} The parameters fit {_told(found)}."
    return "unexplained", f"{_ratio(printed)} No one change tried gives the parameters."


def _separable_told(apart: Cost, biases: int) -> str:
    weights, biased = (rounded(count, KIB, 1) for count in (apart.weights, apart.weights + biases))
    return (
        f"A separable convolution of depth multiplier {MULTIPLIER}, as a later paper has it: "
        f"{apart.weights:,} weights, {weights} K, with {biases} biases {biased} K, and "
        f"{rounded(apart.macs, MEGA, 1)} M operations."
    )


def _told(found: list[Fit] | tuple[Fit, ...]) -> str:
    parts = (f"{fit.instead} {_plural(fit.what)} in place of {fit.printed}" for fit in found)
    return ", or of ".join(parts)


def _plural(what: str) -> str:
    return what if what == INPUT else f"filters of {what}"


def _ratio(printed: Module) -> str:
    if possible(printed):
        return "The operations are those of the printed filters."
    size = " × ".join(map(str, _rows(printed)[-1].out_shape.size))
    macs = int(printed.params_k.number) * KIB * _positions(_rows(printed)[-1])
    return (
        f"The operations are those of the printed filters. No filters give both numbers: at "
        f"{size}, {printed.params_k} K weights make {rounded(macs, MEGA)} M."
    )


# --- one change ----------------------------------------------------------------------------------


def _changes(printed: Module) -> Iterator[Fit]:
    """Every filter column, and the input, with another multiple of 8 in its place."""
    if printed.config.count(";") != len(FILTERS) - 1:
        return
    widths = tuple(map(int, printed.config.split(";")))
    first = _rows(printed)[0]
    channels, positions = first.in_shape.channels, _positions(first)
    for place, before in enumerate((*widths, channels)):
        for other in range(STEP, MOST + STEP, STEP):
            if other == before:
                continue
            changed = [*widths, channels]
            changed[place] = other
            weights = _module(changed[-1], changed[:-1])
            yield Fit((*FILTERS, INPUT)[place], before, other, Cost(weights, weights * positions))


def _module(channels: int, widths: list[int]) -> int:
    """Weights of an inception module with its filters in the order of the table."""
    one, three_reduce, three, five_reduce, five, projection = widths
    entering = one + three_reduce + five_reduce + projection
    return channels * entering + 9 * three_reduce * three + 25 * five_reduce * five


# --- rows and printed numbers --------------------------------------------------------------------


def _rows(printed: Module) -> list[Layer]:
    """The convolutions, or the fully-connected layer, of a printed row."""
    named = {"conv 7x7/2": ("conv1",), "conv 3x3/1": ("conv2_reduce", "conv2")}
    names = named.get(printed.layer, (printed.layer,))
    block = f"inception_{printed.layer}"
    return [
        row for row in table("googlenet") if row.macs and (row.name in names or row.block == block)
    ]


def _output(printed: Module) -> str:
    rows = list(table("googlenet"))
    last = rows.index(_rows(printed)[-1])
    block = rows[last].block
    # a module ends in its concatenation
    ends = [row for row in rows if block and row.block == block] or [rows[last]]
    channels, *size = ends[-1].out_shape
    return "x".join(map(str, (*(size or (1, 1)), channels)))


def _positions(row: Layer) -> int:
    high, wide = row.out_shape.size or (1, 1)
    return high * wide


def _decimals(value: Value) -> int:
    return len(value.text.partition(".")[2])


def _cut_off(value: Value, amount: int) -> bool:
    return not _decimals(value) and value.text == str(amount // KIB)


def _span(value: Value, unit: int) -> tuple[float, float]:
    step = 10 ** -_decimals(value)
    return (value.number - step / 2) * unit, (value.number + step) * unit
