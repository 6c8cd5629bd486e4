"""Formulas that pages derive from the rules: TeX that is set, and worked out, as it stands.

Each is held against blocks that the package counts; in a chain every side has the same value.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from fractions import Fraction
from math import prod

from cnnref.errors import CnnrefError, UnknownNameError

__all__ = ["FORMULAS", "MACROS", "filled", "formula", "value", "worked_out"]

# t, r: how many times wider or thinner; R: channels between; j, r: a jump and a field
FORMULAS: Mapping[str, str] = {
    "squeeze": r"C \cdot \frac{C}{r}",
    "squeeze and excite": r"2 \cdot \frac{C^2}{r}",
    "separable of full": (
        r"\frac{H W \cdot C_{in} \cdot K^2 + H W \cdot C_{out} \cdot C_{in}}"
        r"{H W \cdot C_{out} \cdot C_{in} \cdot K^2} = \frac{1}{C_{out}} + \frac{1}{K^2}"
    ),
    "separable": r"\frac{1}{C_{out}} + \frac{1}{K^2}",
    "inverted": r"H\,W \cdot (C \cdot tC + K^2 \cdot tC + tC \cdot C) = H\,W \cdot tC\,(2C + K^2)",
    "convnext": r"K^2 C + C \cdot tC + tC \cdot C = C\,(K^2 + 2tC)",
    "two equal": r"2 \times K^2 C^2",
    "pointwise parameters": r"C_{out} \cdot C_{in} + C_{out}",
    "pointwise": r"H\,W \cdot C_{out} \cdot C_{in}",
    "positions": r"\text{weights} \times H' \times W'",
    "direct": r"K^2 C F",
    "reduced": r"CR + K^2 R F",
    "break-even": r"\frac{K^2 C F}{C + K^2 F}",
    "field": r"r + (K - 1)\, j",
}
TOKEN = re.compile(
    r"\s+|\\,|\\left|\\right"
    r"|(?P<number>\d+)|(?P<name>\\text\{\w+\}|[A-Za-z](?:_\{\w+\})?'?)"
    r"|(?P<sign>\\times|\\cdot|\\frac|\\lfloor|\\rfloor|\\lceil|\\rceil|[-+/^(){}=])"
)
CLOSED = (")", "}")
OPEN = {"(": ")", "{": "}", r"\lfloor": r"\rfloor", r"\lceil": r"\rceil"}


def formula(name: str) -> str:
    """A formula of FORMULAS, for use inside a formula of a page."""
    return _stated(name)


def filled(name: str, sizes: Mapping[str, int]) -> str:
    r"""A formula of FORMULAS with numbers in place of its letters.

    >>> print(filled("pointwise", {"H": 2, "W": 3, "C_{out}": 4, "C_{in}": 5}))
    2 \cdot 3 \cdot 4 \cdot 5
    """
    parts: list[str] = []
    for kind, text in _tokens(_stated(name)):
        number = kind in ("name", "number")
        if number and parts and (parts[-1].isdecimal() or parts[-1] in CLOSED):
            parts.append(r"\cdot")
        parts.append(str(sizes[text]) if kind == "name" else text)
    return " ".join(parts)


def worked_out(name: str, sizes: Mapping[str, int]) -> Fraction:
    """What a formula of FORMULAS comes to, by the sizes of its letters."""
    return value(_stated(name), sizes)


def _stated(name: str) -> str:
    if name not in FORMULAS:
        raise UnknownNameError("formula", name, FORMULAS)
    return FORMULAS[name]


def value(tex: str, sizes: Mapping[str, int | Fraction]) -> Fraction:
    r"""What a formula in TeX comes to; where several sides are put equal, they have to be.

    sizes: by their letters, as "C_{in}" or "H'".

    Raises:
        CnnrefError: it holds what is not known, or two of its sides differ.

    >>> value(r"\left\lfloor \frac{W - K + 2P}{S} \right\rfloor + 1", dict(W=227, K=11, P=2, S=4))
    Fraction(56, 1)
    """
    sides = [_Reader(side, sizes).read() for side in tex.split("=")]
    if len(set(sides)) > 1:
        raise CnnrefError(f"the sides of '{tex}' are {', '.join(map(str, sides))} for {sizes}.")
    return sides[0]


class _Reader:
    """Reads one side from left to right; what stands side by side is multiplied."""

    def __init__(self, tex: str, sizes: Mapping[str, int | Fraction]) -> None:
        self._tex, self._sizes = tex, sizes
        self._tokens = [*_tokens(tex), ("end", "")]

    def read(self) -> Fraction:
        found = self._sum()
        if self._tokens != [("end", "")]:
            raise CnnrefError(f"'{self._tokens[0][1]}' is not understood in '{self._tex}'.")
        return found

    def _next(self, *signs: str) -> str:
        """The sign that stands next, if it is one of these."""
        kind, text = self._tokens[0]
        return self._tokens.pop(0)[1] if kind == "sign" and text in signs else ""

    def _sum(self) -> Fraction:
        total = -self._product() if self._next("-") else self._product()
        while sign := self._next("+", "-"):
            total += self._product() if sign == "+" else -self._product()
        return total

    def _product(self) -> Fraction:
        factors = [self._power()]
        while True:
            if self._next(r"\times", r"\cdot") or self._begins():
                factors.append(self._power())
            elif self._next("/"):
                factors.append(1 / self._power())
            else:
                return prod(factors, start=Fraction(1))

    def _begins(self) -> bool:
        kind, text = self._tokens[0]
        return kind in ("number", "name") or text == r"\frac" or text in OPEN

    def _power(self) -> Fraction:
        base = self._factor()
        return base ** int(self._factor()) if self._next("^") else base

    def _factor(self) -> Fraction:
        kind, text = self._tokens.pop(0)
        if kind == "number":
            return Fraction(text)
        if kind == "name" and text in self._sizes:
            return Fraction(self._sizes[text])
        if text == r"\frac":
            return self._factor() / self._factor()
        if text in OPEN:
            inside = self._sum()
            if self._next(OPEN[text]):
                return _rounded(text, inside)
        raise CnnrefError(f"'{text}' is not understood in '{self._tex}'.")


def _rounded(bracket: str, inside: Fraction) -> Fraction:
    if bracket == r"\lfloor":
        return Fraction(inside // 1)
    return Fraction(-(-inside // 1)) if bracket == r"\lceil" else inside


def _tokens(tex: str) -> Iterator[tuple[str, str]]:
    place = 0
    while place < len(tex):
        found = TOKEN.match(tex, place)
        if found is None:
            raise CnnrefError(f"'{tex[place:]}' is not understood in '{tex}'.")
        if found.lastgroup:
            yield found.lastgroup, found[0]
        place = found.end()


MACROS: Mapping[str, Callable[..., object]] = {"formula": formula}
