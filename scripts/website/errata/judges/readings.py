"""A stated number against the ways in which it can come about.

The first reading is the right value. A later one is right under a convention, and a slip is
a way of going wrong that is tried by computing it.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from fractions import Fraction
from itertools import chain, pairwise
from math import floor
from typing import NamedTuple

from cnnref.counting.units import rounded
from cnnref.errors import CnnrefError

__all__ = ["NOT_REPRODUCED", "Reading", "Ruling", "decide", "number", "printed", "swapped"]

NUMBER = re.compile(r"(\d+(?:,\d{3})*)(?:\.(\d+))?(.*)")
NOT_REPRODUCED = (
    "We do not know where {stated} comes from: none of {tried} slips that we tried gives it."
)


class Ruling(NamedTuple):
    """What a judge says: see `website.errata.claims.Erratum`, without the claim."""

    computed: str
    verdict: str
    cause: str = ""
    roots: tuple[str, ...] = ()
    partly: bool = False


class Reading(NamedTuple):
    """One way to arrive at a number: the value in the unit of the statement, and what it says."""

    value: Fraction | int
    verdict: str
    reason: str = ""
    roots: tuple[str, ...] = ()


def printed(value: Fraction | int, like: str) -> str:
    """A value with the digits, the grouping and the unit of a statement, halves up.

    >>> printed(Fraction(37752832, 1000), like="37749"), printed(Fraction(7644, 1024), "7.5 MB")
    ('37753', '7.5 MB')
    """
    whole, tail, unit = _parts(like)
    exact = Fraction(value)
    text = rounded(exact.numerator, exact.denominator, len(tail))
    return (text if "," in whole or len(whole) < 4 else text.replace(",", "")) + unit


def number(stated: str) -> Fraction:
    """The number that a statement shows, without its unit.

    >>> number("42.9"), number("17.8x"), number("7,485")
    (Fraction(429, 10), Fraction(89, 5), Fraction(7485, 1))
    """
    whole, tail, _ = _parts(stated)
    return Fraction(f"{whole.replace(',', '')}.{tail or 0}")


def decide(stated: str, readings: Iterable[Reading], slips: Iterable[Reading] = ()) -> Ruling:
    """The verdict of the first reading, then of the first slip, that prints as stated."""
    ways = list(readings)
    right = printed(ways[0].value, stated)
    for way in ways:
        if printed(way.value, stated) == stated:
            return Ruling(right, way.verdict, way.reason, way.roots)
    tried = 0
    for way in chain(slips, _misprints(ways[0].value, stated)):
        if printed(way.value, stated) == stated:
            return Ruling(right, "wrong", way.reason, way.roots)
        tried += 1
    return Ruling(right, "wrong", NOT_REPRODUCED.format(stated=stated, tried=tried))


def swapped(text: str) -> Iterator[str]:
    """A number with two neighbouring digits exchanged, in every way that changes it.

    >>> list(swapped("481"))
    ['841', '418']
    """
    places = [place for place, sign in enumerate(text) if sign.isdigit()]
    for a, b in pairwise(places):
        signs = list(text)
        signs[a], signs[b] = signs[b], signs[a]
        if signs[a] != signs[b]:
            yield "".join(signs)


def _misprints(value: Fraction | int, stated: str) -> Iterator[Reading]:
    right = printed(value, stated)
    for text in swapped(right):
        reason = f"Two neighbouring digits are exchanged: {right} became {text}."
        yield Reading(number(text), "wrong", reason)
    step = 10 ** len(_parts(stated)[1])
    cut = Fraction(floor(Fraction(value) * step), step)
    yield Reading(cut, "wrong", f"The digits after {stated} were cut off, not rounded.")


def _parts(stated: str) -> tuple[str, str, str]:
    found = NUMBER.fullmatch(stated)
    if found is None:
        raise CnnrefError(f"{stated!r} does not begin with a number.")
    whole, tail, unit = found.groups()
    return whole, tail or "", unit
