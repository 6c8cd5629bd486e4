"""The lecture's worked formulas and its polynomials in C, H and W."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from fractions import Fraction
from itertools import product
from typing import NamedTuple

from cnnref.counting.arithmetic import conv, receptive_field
from cnnref.counting.shapes import Shape, Window
from cnnref.counting.units import MEGA
from website.errata.judges.readings import Reading, Ruling, decide
from website.facts import fact, lookup

__all__ = ["JUDGES", "Cost", "Polynomial", "holds", "parse"]

# where a polynomial is held against counted layers
POINTS = tuple(product((1, 2, 5, 64), (2, 3, 14), (2, 6, 9)))


class Polynomial(NamedTuple):
    """A sum of terms {(power of C, power of H, power of W): factor}."""

    terms: Mapping[tuple[int, int, int], int]

    def at(self, c: int, h: int, w: int) -> int:
        """The value at some C, H and W."""
        return sum(
            factor * c**in_c * h**in_h * w**in_w
            for (in_c, in_h, in_w), factor in self.terms.items()
        )

    def __str__(self) -> str:
        """The sum as it is written: 9 HWC^2 + HWC."""
        return " + ".join(_term(powers, factor) for powers, factor in self.terms.items())


class Cost(NamedTuple):
    """Layers that the lecture's design rules speak of, counted at some C, H and W.

    kernel, depth: so many convolutions of that kernel.
    channels, size: in units of C, and of H and W.
    """

    kernel: int
    depth: int
    channels: int
    size: int

    def counts(self, what: str, c: int, h: int, w: int) -> int:
        """Parameters, weights, MACs, or elements or bytes of one output."""
        shape = Shape((self.channels * c, self.size * h, self.size * w))
        half = self.kernel // 2
        window = Window((self.kernel, self.kernel), (1, 1), (half, half))
        counts = conv(shape, shape.channels, window).counts
        values = {
            "parameters": self.depth * (counts.weights + counts.biases),
            "weights": self.depth * counts.weights,
            "macs": self.depth * counts.macs,
            "elements": counts.elements_out,
            "bytes": 4 * counts.elements_out,
        }
        return values[what]


def holds(formula: Polynomial, cost: Cost, what: str) -> bool:
    """Whether a formula gives what is counted, at each of POINTS."""
    return all(formula.at(*point) == cost.counts(what, *point) for point in POINTS)


def parse(text: str) -> Polynomial:
    """A polynomial as the lecture writes it.

    >>> str(parse("36HWC^2")), parse("25C^2").at(64, 1, 1), parse("18C^2+2C").at(2, 1, 1)
    ('36HWC^2', 102400, 76)
    """
    terms = {}
    for term in text.replace(" ", "").split("+"):
        found = re.fullmatch(r"(\d*)((?:[CHW](?:\^\d)?)*)", term)
        powers = dict.fromkeys("CHW", 0)
        for letter, power in re.findall(r"([CHW])(?:\^(\d))?", found[2] if found else ""):
            powers[letter] += int(power or 1)
        terms[powers["C"], powers["H"], powers["W"]] = int((found and found[1]) or 1)
    return Polynomial(terms)


def fitted(cost: Cost, what: str) -> Polynomial:
    """The polynomial of a cost, found from its values: a term in HW or one alone, C and C^2."""
    area = what not in ("parameters", "weights")
    at_one, at_two = (cost.counts(what, c, 1, 1) for c in (1, 2))
    squares = (at_two - 2 * at_one) // 2
    found = {(2, area, area): squares, (1, area, area): at_one - squares}
    terms = Polynomial({powers: factor for powers, factor in found.items() if factor})
    assert holds(terms, cost, what)
    return terms


def _term(powers: tuple[int, int, int], factor: int) -> str:
    c, h, w = powers
    letters = [("H", h), ("W", w), ("C", c)]
    one = "" if factor == 1 and any(powers) else str(factor)
    return one + "".join(
        letter + (f"^{power}" if power > 1 else "") for letter, power in letters if power
    )


def _polynomial(cost: Cost, *readings: tuple[str, str]) -> Callable[[str], Ruling]:
    """A judge that tries what is counted in turn: the first is right, others need a reason."""

    def judge(stated: str) -> Ruling:
        right = str(fitted(cost, readings[0][0]))
        formula = parse(stated)
        for what, reason in readings:
            if holds(formula, cost, what):
                return Ruling(right, "convention" if reason else "agrees", reason)
        points = len(POINTS)
        return Ruling(right, "wrong", f"Layers counted at {points} sizes do not follow {stated}.")

    return judge


WITHOUT_BIASES = (
    "weights",
    "It agrees where biases are left out, as is usual in such comparisons; the lecture's own "
    "formula for parameters adds one for each filter.",
)
ELEMENTS = (
    "elements",
    "It agrees where memory is a number of elements. In the lecture's tables memory is in bytes, "
    "which in float32 are four for each element.",
)


def _field(stated: str) -> Ruling:
    field, jump = 1, 1
    for _ in range(2):
        field, jump = receptive_field(field, jump, kernel=3)
    right = f"{field}x{field} = two 3x3"
    return Ruling(right, "agrees" if stated == right else "wrong")


def _output_size(stated: str) -> Ruling:
    layer = lookup("alexnet@227")["conv1"]
    assert layer.window is not None
    kernel, stride, padding = (pair[0] for pair in layer.window[:3])
    room = layer.in_shape.size[0] - kernel + 2 * padding
    right = f"{room}/{stride}+1 = {layer.out_shape.size[0]}"
    left, _, result = stated.partition(" = ")
    if stated == right:
        return Ruling(right, "agrees")
    value = _evaluated(left)
    if value is None or value == Fraction(result):
        return Ruling(right, "wrong", "It is not the formula with the sizes of conv1 put in.")
    return Ruling(right, "wrong", f"The left side is {float(value):g}.")


def _evaluated(text: str) -> Fraction | None:
    found = re.fullmatch(r"(\d+)/(\d+)\+(\d+)", text)
    return found and Fraction(int(found[1]), int(found[2])) + int(found[3])


def _value(path: str, unit: int = 1) -> Callable[[str], Ruling]:
    def judge(stated: str) -> Ruling:
        return decide(stated, [Reading(Fraction(fact(path), unit), "agrees")])

    return judge


def _element_bytes(stated: str) -> Ruling:
    layer = "alexnet@227/conv1"
    size = Fraction(fact(f"{layer}/stored_bytes:lecture"), fact(f"{layer}/elements"))
    return decide(stated, [Reading(size, "agrees")])


def _fc6_parameters(stated: str) -> Ruling:
    alone = "This is the product alone: the biases that its own formula adds are left out."
    readings = [
        Reading(fact("alexnet@227/fc6/parameters"), "agrees"),
        Reading(fact("alexnet@227/fc6/weights"), "wrong", alone),
    ]
    return decide(stated, readings)


ONE_LARGE, TWO_SMALL = Cost(5, 1, 1, 1), Cost(3, 2, 1, 1)
WIDE, DEEP = Cost(3, 1, 1, 2), Cost(3, 1, 2, 1)
WORKED, TEXT = "AlexNet/worked formulas", "VGG/text"

JUDGES: Mapping[str, Callable[[str], Ruling]] = {
    f"{WORKED}/conv1 W'": _output_size,
    f"{WORKED}/output elements": _value("alexnet@227/conv1/elements"),
    f"{WORKED}/bytes per element": _element_bytes,
    f"{WORKED}/weights incl. bias": _value("alexnet@227/conv1/parameters"),
    f"{WORKED}/ops per output element": _value("alexnet@227/conv1/taps"),
    f"{WORKED}/conv1 flops": _value("alexnet@227/conv1/operations:lecture"),
    f"{WORKED}/pool1 W'": _value("alexnet@227/pool1/out_size"),
    f"{WORKED}/pool1 flops": _value("alexnet@227/pool1/operations:lecture"),
    f"{WORKED}/pool1 MFLOP": _value("alexnet@227/pool1/operations:lecture", MEGA),
    f"{WORKED}/flatten size": _value("alexnet@227/flatten/out_channels"),
    f"{WORKED}/fc6 flops": _value("alexnet@227/fc6/operations:lecture"),
    f"{WORKED}/fc6 params = C_in*C_out + C_out": _fc6_parameters,
    f"{TEXT}/5x5 params": _polynomial(ONE_LARGE, ("parameters", ""), WITHOUT_BIASES),
    f"{TEXT}/two 3x3 params": _polynomial(TWO_SMALL, ("parameters", ""), WITHOUT_BIASES),
    f"{TEXT}/5x5 flops": _polynomial(ONE_LARGE, ("macs", "")),
    f"{TEXT}/two 3x3 flops": _polynomial(TWO_SMALL, ("macs", "")),
    f"{TEXT}/same receptive field": _field,
    f"{TEXT}/C x 2H x 2W, conv C->C: memory": _polynomial(WIDE, ("bytes", ""), ELEMENTS),
    f"{TEXT}/C x 2H x 2W: params": _polynomial(WIDE, ("parameters", ""), WITHOUT_BIASES),
    f"{TEXT}/C x 2H x 2W: flops": _polynomial(WIDE, ("macs", "")),
    f"{TEXT}/2C x H x W, conv 2C->2C: memory": _polynomial(DEEP, ("bytes", ""), ELEMENTS),
    f"{TEXT}/2C x H x W: params": _polynomial(DEEP, ("parameters", ""), WITHOUT_BIASES),
    f"{TEXT}/2C x H x W: flops": _polynomial(DEEP, ("macs", "")),
}
