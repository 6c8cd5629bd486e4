"""The lecture's totals of GoogLeNet's stem and of VGG-16, and the ratios that it builds on them."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from fractions import Fraction
from functools import partial
from itertools import product, takewhile
from math import floor
from typing import TYPE_CHECKING, NamedTuple

from cnnref.counting.layer import Layer
from cnnref.counting.units import GIGA, KILO, MEGA, MIB
from website.errata.judges.readings import Reading, Ruling, decide, number, printed
from website.facts import lookup

if TYPE_CHECKING:
    from website.errata.claims import Claim

__all__ = ["JUDGES", "start"]

Known = Mapping[str, "Claim"]
Measure = Callable[[Layer], int]

STEM = "GoogLeNet/stem totals"
VGG16_FLOPS = "VGG/full lecture slides/VGG-16 GFLOP"


class Total(NamedTuple):
    """A total of the lecture: its claim, what it sums up, and the unit it is printed in."""

    key: str
    measure: Measure
    unit: int


def _memory(layer: Layer) -> int:
    return 4 * layer.activations


def _parameters(layer: Layer) -> int:
    return layer.parameters


def _operations(layer: Layer) -> int:
    return layer.operations("lecture")


GOOGLENET = {
    "memory": Total(f"{STEM}/memory", _memory, MIB),
    "params": Total(f"{STEM}/params", _parameters, KILO),
    "flop": Total(f"{STEM}/MFLOP", _operations, MEGA),
}
VGG16 = {
    "memory": Total(f"{STEM}/VGG-16 memory 224 -> 28 (MB)", _memory, MIB),
    "params": Total(f"{STEM}/VGG-16 params 224 -> 28", _parameters, MEGA),
    "flop": Total(f"{STEM}/VGG-16 MFLOP 224 -> 28", _operations, MEGA),
}


def start(key: str, size: int = 28) -> tuple[Layer, ...]:
    """The rows that the lecture lists, from the input to the first map of a size.

    >>> [layer.name for layer in start("googlenet")]
    ['conv1', 'pool1', 'conv2_reduce', 'conv2', 'pool2']
    """
    rows = tuple(lookup(key).listed("lecture"))
    wider = tuple(takewhile(lambda layer: layer.out_shape.size[0] > size, rows))
    return rows[: len(wider) + 1]


def _stem(what: str, stated: str, known: Known) -> Ruling:
    total = GOOGLENET[what]
    return decide(stated, [Reading(_sum(start("googlenet"), total), "agrees")])


def _vgg(what: str, stated: str, known: Known) -> Ruling:
    total = VGG16[what]
    rows = start("vgg16")
    right = Reading(_sum(rows, total), "agrees")
    convs = tuple(row for row in rows if row.op == "conv")
    reason = "It agrees where poolings are left out, which the total of GoogLeNet counts."
    readings = [right, Reading(_sum(convs, total), "convention", reason)]
    return decide(stated, readings, _one_left_out(convs, total, stated, known))


def _one_left_out(
    rows: Sequence[Layer], total: Total, stated: str, known: Known
) -> Iterator[Reading]:
    """The sum without one of its rows, which are named; the three totals know of each other."""
    names = left_out(rows, total, stated)
    if not names:
        return
    all_three = _left_out_of_all(known)
    value = _sum([row for row in rows if row.name != names[0]], total)
    pools = "the poolings, which the total of GoogLeNet counts, and without "
    counted = _sum(rows, total) != _sum(start("vgg16"), total)
    reason = f"It is the sum without {pools if counted else ''}one convolution, {_either(names)}."
    if all_three and set(all_three) < set(names):
        reason += f" Only {_either(all_three)} fits memory, parameters and operations at once."
    if value == _sum([row for row in start("vgg13") if row.op == "conv"], total):
        reason += " Counted in this way, it is the start of VGG-13."
    yield Reading(value, "wrong", reason)


def left_out(rows: Sequence[Layer], total: Total, stated: str) -> list[str]:
    """The rows without any one of which the sum of the others prints as stated."""
    whole = _sum(rows, total)
    return [row.name for row in rows if printed(whole - _sum([row], total), stated) == stated]


def _left_out_of_all(known: Known) -> list[str]:
    rows = [row for row in start("vgg16") if row.op == "conv"]
    found = [left_out(rows, total, known[total.key].stated) for total in VGG16.values()]
    return [name for name in found[0] if all(name in names for names in found)]


def _sum(rows: Sequence[Layer], total: Total) -> Fraction:
    return Fraction(sum(map(total.measure, rows)), total.unit)


def _either(names: Sequence[str]) -> str:
    return " or ".join([", ".join(names[:-1]), names[-1]] if names[1:] else names)


def _vgg_operations(stated: str, known: Known) -> Ruling:
    total = Total(VGG16_FLOPS, _operations, GIGA)
    rows = tuple(lookup("vgg16").listed("lecture"))
    readings = [Reading(_sum(rows, total), "agrees")]
    names = left_out(rows, total, stated)
    shared = [name for name in names if name in _left_out_of_all(known)]
    slips = []
    if names:
        reason = f"It is the sum without one convolution, {_either(names)}."
        if shared:
            reason += f" The totals from 224 to 28 leave one out as well: {_either(shared)}."
        value = _sum([row for row in rows if row.name != names[0]], total)
        roots = (VGG16["flop"].key,) if shared else ()
        slips.append(Reading(value, "wrong", reason, roots))
    return decide(stated, readings, slips)


def _ratio(what: str, stated: str, known: Known) -> Ruling:
    """A quotient of two totals: from the right ones, or from those that the lecture prints."""
    above, below = VGG16[what], GOOGLENET[what]
    right = _quotient(_sum(start("vgg16"), above), _sum(start("googlenet"), below), what)
    shown = [number(known[total.key].stated) for total in (above, below)]
    own = printed(_quotient(shown[0], shown[1], what), stated)
    wrong = tuple(key for key in (above.key, below.key) if _is_wrong(key, known))
    if own == stated and wrong:
        reason = "The division is right, but a total that it divides is wrong."
        return decide(
            stated, [Reading(right, "agrees")], [Reading(number(stated), "wrong", reason, wrong)]
        )
    ruling = decide(stated, [Reading(right, "agrees")], _other_quotients(what, shown))
    if ruling.verdict == "wrong":
        cause = f"{ruling.cause} Even the lecture's own two totals would give {own}."
        return ruling._replace(cause=cause, roots=wrong)
    return ruling


def _other_quotients(what: str, shown: list[Fraction]) -> Iterator[Reading]:
    """Quotients of totals as printed, exact, without poolings, of VGG-13; and each cut off."""
    lists = [(VGG16[what], key) for key in ("vgg16", "vgg13")]
    above = [shown[0], *(value for total, key in lists for value in _both(total, key))]
    below = [shown[1], *_both(GOOGLENET[what], "googlenet")]
    for a, b in product(above, below):
        value = _quotient(a, b, what)
        for way in (value, Fraction(floor(10 * value), 10)):
            yield Reading(way, "wrong", "It is a quotient of totals of different rows.")


def _both(total: Total, key: str) -> list[Fraction]:
    rows = start(key)
    return [_sum(rows, total), _sum([row for row in rows if row.op == "conv"], total)]


def _quotient(above: Fraction, below: Fraction, what: str) -> Fraction:
    # parameters are printed in millions for the one network and in thousands for the other
    return above / below * (VGG16[what].unit // GOOGLENET[what].unit)


def _is_wrong(key: str, known: Known) -> bool:
    return JUDGES[key](known[key].stated, known).verdict == "wrong"


JUDGES: Mapping[str, Callable[[str, Known], Ruling]] = {
    **{total.key: partial(_stem, what) for what, total in GOOGLENET.items()},
    **{total.key: partial(_vgg, what) for what, total in VGG16.items()},
    f"{STEM}/VGG-16 / GoogLeNet flop ratio": partial(_ratio, "flop"),
    f"{STEM}/VGG-16 / GoogLeNet memory ratio": partial(_ratio, "memory"),
    f"{STEM}/VGG-16 / GoogLeNet params ratio": partial(_ratio, "params"),
    VGG16_FLOPS: _vgg_operations,
}
